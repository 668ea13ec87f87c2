"""The generator as a SavedModel that loads without this code."""

import shutil
from pathlib import Path
from typing import Any

import tensorflow as tf

from files.plain_path import plain_path
from files.writing import write_json
from models.critic_endpoints import CriticEndpoints
from models.endpoints import Endpoints
from models.generator import Generator
from models.judge import Judge
from models.manifest import write_manifest
from models.scored_steps import Critic
from models.text_endpoints import TextEndpoints
from models.text_graph import TextGraph


class _Export(tf.Module):
    """What is exported: functions, the weights that they read, and the vocabulary of their ids.

    Of the models their TensorFlow variables alone are tracked. Where TensorFlow tracks variables of
    Keras, a program without Keras (TensorFlow Serving, `saved_model_cli`, LiteRT) restores copies that no
    function reads.
    """

    def __init__(
        self,
        endpoints: Endpoints,
        of_critic: CriticEndpoints | None,
        of_text: TextEndpoints | None,
        vocabulary: str,
    ):
        super().__init__()
        self.weights = [variable.value for variable in endpoints.variables]
        self.vocabulary = tf.saved_model.Asset(vocabulary)
        self.text = None if of_text is None else of_text.text
        for each in (endpoints, of_critic, of_text):
            for name, function in each.functions().items() if each else ():
                setattr(self, name, function)


def temporary_folders(folder: Path) -> tuple[Path, Path]:
    """Where what a folder is to hold, and the assets of an export, are written before it gets its name."""
    temporary = folder.with_name(f"writing-{folder.name}")
    return temporary, temporary.with_name(f"{temporary.name}-assets")


def export_generator(
    generator: Generator,
    folder: Path,
    vocabulary: dict[str, Any],
    discriminator: Judge | None = None,
    text: dict[str, Any] | None = None,
    critic: Critic | None = None,
) -> None:
    """Writes the SavedModel `folder`, first under a temporary name: a stop leaves no half of one.

    Args:
        generator: the policy.
        folder: where to; replaced if it is there.
        vocabulary: what its ids mean; kept as the asset `vocabulary.json`, with the facts of the
            generator that callers of `step` need.
        discriminator: chooses among candidates; None: the export draws one candidate only.
        text: arguments of `TextGraph`, from `data.text_rules`; None: no function takes or gives text.
        critic: a value network, see `Endpoints`.

    It holds a list of its files with their SHA-256, see `models.manifest`. The loaded object has the
    functions of `models.endpoints.Endpoints`, of `models.critic_endpoints.CriticEndpoints` where there is
    a critic and of `models.text_endpoints.TextEndpoints` where they are for text, also as signatures with
    named outputs.
    """
    temporary, assets = temporary_folders(folder)
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    assets.mkdir(exist_ok=True)
    path = assets / "vocabulary.json"
    write_json(path, {**vocabulary, "generator": _facts(generator)})
    with plain_path(temporary) as plain_folder, plain_path(path) as plain_vocabulary:
        endpoints = Endpoints(generator, discriminator, critic)
        guided = endpoints.guided
        of_critic = None if guided is None else CriticEndpoints(endpoints, guided)
        of_text = None if text is None else TextEndpoints(endpoints, TextGraph(**text))
        module = _Export(endpoints, of_critic, of_text, str(plain_vocabulary))
        signatures = endpoints.signatures()
        for more in (of_critic, of_text):
            signatures |= more.signatures() if more else {}
        tf.saved_model.save(module, str(plain_folder), signatures=signatures)
    shutil.rmtree(assets)
    write_manifest(temporary)
    shutil.rmtree(folder, ignore_errors=True)
    temporary.replace(folder)


def _facts(generator: Generator) -> dict[str, Any]:
    return {
        "max_length": generator.max_length,
        "start_token": generator.start_token,
        "end_token": generator.end_token,
        "pad_token": generator.pad_token,
        "blocked_tokens": list(generator.blocked_tokens),
    }
