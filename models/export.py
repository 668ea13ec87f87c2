"""The generator as a SavedModel that needs none of this code to load."""

import json
import shutil
from pathlib import Path
from typing import Any

import tensorflow as tf

from models.generator import Generator
from models.manifest import write_manifest


class _Sampler(tf.Module):
    """What is exported: the endpoint `sample` and the vocabulary that its ids belong to."""

    def __init__(self, generator: Generator, vocabulary: Path):
        super().__init__()
        self.generator = generator
        self.vocabulary = tf.saved_model.Asset(str(vocabulary))

    @tf.function(
        input_signature=[
            tf.TensorSpec([], tf.int32, "num"),
            tf.TensorSpec([2], tf.int32, "seed"),
            tf.TensorSpec([], tf.float32, "temperature"),
        ]
    )
    def sample(self, num, seed, temperature):
        """num int32[], seed int32[2], temperature float32[] -> int32 [num, T]."""
        return self.generator.sample_graph(num, seed, temperature)


def export_generator(generator: Generator, folder: Path, vocabulary: dict[str, Any]) -> None:
    """Writes the SavedModel `folder`, aside first, so that a stop leaves no half of one.

    Args:
        generator: the policy.
        folder: where to; replaced if it is there.
        vocabulary: what its ids mean; kept as the asset `vocabulary.json`.

    The SHA-256 of its files goes along, see `models.manifest`.
    The loaded object has `sample(num, seed, temperature)`, also as a signature of that name.
    """
    aside = folder.with_name(f"writing-{folder.name}")
    shutil.rmtree(aside, ignore_errors=True)
    source = aside.with_name(f"{aside.name}-assets")
    source.mkdir(parents=True, exist_ok=True)
    path = source / "vocabulary.json"
    path.write_text(json.dumps(vocabulary, ensure_ascii=False, indent=1), encoding="utf-8")
    module = _Sampler(generator, path)
    tf.saved_model.save(module, str(aside), signatures={"sample": module.sample})
    shutil.rmtree(source)
    write_manifest(aside)
    shutil.rmtree(folder, ignore_errors=True)
    aside.replace(folder)
