"""The generator as a SavedModel that needs none of this code to load."""

import shutil
from pathlib import Path
from typing import Any

import tensorflow as tf

from files.plain_path import plain_path
from files.writing import write_json
from models.generator import Generator
from models.manifest import write_manifest

# Above it, the logits of tokens that are never written would come near those of the others.
MAX_TEMPERATURE = 1e30


class _Sampler(tf.Module):
    """What is exported: the endpoint `sample` and the vocabulary that its ids belong to."""

    def __init__(self, generator: Generator, vocabulary: str):
        super().__init__()
        self.generator = generator
        self.vocabulary = tf.saved_model.Asset(vocabulary)

    @tf.function(
        input_signature=[
            tf.TensorSpec([], tf.int32, "num"),
            tf.TensorSpec([2], tf.int32, "seed"),
            tf.TensorSpec([], tf.float32, "temperature"),
        ]
    )
    def sample(self, num, seed, temperature):
        """num int32[], seed int32[2], temperature float32[] -> int32 [num, T].

        Raises `tf.errors.InvalidArgumentError` for a `num` below 1 or a `temperature` that is not
        above 0 and at most `MAX_TEMPERATURE`.
        """
        checks = [
            _require(num >= 1, "num", num, "a whole number of at least 1; give 1 or more"),
            _require(
                (temperature > 0) & (temperature <= MAX_TEMPERATURE),  # false for NaN
                "temperature",
                temperature,
                f"a number above 0 and at most {MAX_TEMPERATURE:g}; 1 draws from what was learned",
            ),
        ]
        with tf.control_dependencies(checks):  # or other operations would fail first
            num, temperature = tf.identity(num), tf.identity(temperature)
        return self.generator.sample_graph(num, seed, temperature)


def _require(condition: tf.Tensor, name: str, value: tf.Tensor, expected: str) -> tf.Operation:
    """An operation that raises `InvalidArgumentError` unless the condition holds."""
    message = tf.strings.format(f"`{name}` is {{}}, expected {expected}.", value)
    return tf.debugging.Assert(condition, [message])


def export_generator(generator: Generator, folder: Path, vocabulary: dict[str, Any]) -> None:
    """Writes the SavedModel `folder`, first under a temporary name: a stop leaves no half of one.

    Args:
        generator: the policy.
        folder: where to; replaced if it is there.
        vocabulary: what its ids mean; kept as the asset `vocabulary.json`.

    It holds a list of its files with their SHA-256, see `models.manifest`.
    The loaded object has `sample(num, seed, temperature)`, also as a signature of that name.
    """
    temporary = folder.with_name(f"writing-{folder.name}")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    assets = temporary.with_name(f"{temporary.name}-assets")
    assets.mkdir(exist_ok=True)
    path = assets / "vocabulary.json"
    write_json(path, vocabulary)
    with plain_path(temporary) as plain_folder, plain_path(path) as plain_vocabulary:
        module = _Sampler(generator, str(plain_vocabulary))
        tf.saved_model.save(module, str(plain_folder), signatures={"sample": module.sample})
    shutil.rmtree(assets)
    write_manifest(temporary)
    shutil.rmtree(folder, ignore_errors=True)
    temporary.replace(folder)
