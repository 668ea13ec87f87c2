"""Tiny exports for the scripts that use them; models are made once, since to trace takes seconds."""

import functools
import shutil
import tempfile
from pathlib import Path
from typing import Any

import tensorflow as tf

from data.text_rules import text_rules
from data.vocabulary import RESERVED
from files.writing import write_json
from models.discriminator import Discriminator
from models.export import export_generator
from models.generator import Generator
from models.value import ValueNetwork
from tests.helpers import set_random_weights

WORDS = ("the", "river", "runs", "and", "sings", ".", "``", "''", "'s", "can", "not")
POEM = "春雨山水"


def vocabulary_of(task: str, level: str, tokens=()) -> dict[str, Any]:
    return {"task": task, "level": level, "size": len(tokens) + 3, "tokens": [*RESERVED, *tokens]}


VOCABULARIES: dict[str, dict[str, Any]] = {
    "words": {**vocabulary_of("text", "word", WORDS), "lowercase": True},
    "characters": {**vocabulary_of("text", "char", tuple(" .abé'T")), "lowercase": False},
    "poems": vocabulary_of("poems", "char", tuple(POEM)),
    "oracle": {"task": "oracle", "level": "id", "size": 6},
    "music": {"task": "music", "level": "key", "size": 89},
}
TEXT = {"end_token": 1, "pad_token": 0, "blocked_tokens": (0, 2)}
OPTIONS: dict[str, dict[str, Any]] = {
    "words": TEXT,
    "characters": TEXT,
    "poems": {"pad_token": 0, "blocked_tokens": (0, 1, 2)},
    "oracle": {},
    "music": {"pad_token": 0, "blocked_tokens": (0,)},
}
LENGTHS = {"words": 6, "characters": 5, "poems": 20, "oracle": 4, "music": 4}


@functools.cache
def generator(kind: str) -> Generator:
    size = VOCABULARIES[kind]["size"]
    return set_random_weights(Generator(size, LENGTHS[kind], 3, 3, **OPTIONS[kind]), 7)


@functools.cache
def export(kind: str) -> Path:
    """The folder of an export, with a discriminator for words only, and a value network for music."""
    folder = Path(tempfile.mkdtemp()) / "generator"
    judge = critic = None
    if kind == "words":
        kernels = {1: 2, 2: 2}
        judge = Discriminator(generator(kind).vocab_size, LENGTHS[kind], 3, kernels)
        set_random_weights(judge, 8)
    if kind == "music":
        critic = ValueNetwork(generator(kind).vocab_size, LENGTHS[kind], 3, 3)
        set_random_weights(critic, 9)
    vocabulary = VOCABULARIES[kind]
    export_generator(generator(kind), folder, vocabulary, judge, text_rules(vocabulary), critic)
    return folder


@functools.cache
def loaded(kind: str) -> Any:
    """An export as a program without our code has it."""
    return tf.saved_model.load(str(export(kind)))


def copy_of(kind: str, folder: Path) -> Path:
    """A run folder with an export of its own, to be read or damaged."""
    shutil.copytree(export(kind), folder / "generator")
    return folder


class _Old(tf.Module):
    """What earlier versions of this project exported: `sample` of three arguments and nothing else."""

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
        return self.generator.sample_graph(num, seed, temperature)


def write_old(kind: str, folder: Path) -> Path:
    """An export as earlier versions wrote them, without a list of its files."""
    asset = folder / "vocabulary.json"
    folder.mkdir(parents=True)
    write_json(asset, VOCABULARIES[kind])
    module = _Old(generator(kind), str(asset))
    tf.saved_model.save(module, str(folder / "generator"), signatures={"sample": module.sample})
    return folder
