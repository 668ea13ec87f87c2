"""Folders of runs as training leaves them, with a generator of bytes that only fakes can load."""

import dataclasses
import json

import numpy as np

from data.corpus_files import input_digests
from models.load import find_export
from models.manifest import write_manifest
from training.presets import MUSIC_PRESETS, ORACLE_PRESETS, POEM_PRESETS, TEXT_PRESETS
from training.stored_settings import settings_to_json
from training.task_corpora import load_corpus

PRESETS = {
    "text": TEXT_PRESETS, "poems": POEM_PRESETS, "music": MUSIC_PRESETS, "oracle": ORACLE_PRESETS
}  # fmt: skip


def write_corpus(path, num=200, odd=0):
    """Different lines of the same words; the last word of the odd ones is in no other line."""
    lines = [f"the {k % 7} and the {k % 11} of tale {k % 13}" for k in range(num)]
    lines += [f"the tale of {k} and {k}s" for k in range(odd)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def write_run(folder, task="text", algorithm="seqgan", **settings):
    """A complete run in a folder; its settings are those of the preset but for these."""
    made = dataclasses.replace(PRESETS[task]["smoke"], algorithm=algorithm, **settings)
    export = folder / "generator"
    (export / "assets").mkdir(parents=True)
    vocabulary = {"task": task, "level": "id", "size": 10}
    data, inputs = {}, {}
    if task != "oracle":
        corpus = load_corpus(made)
        data, inputs = corpus.provenance, input_digests(corpus.provenance)
        music = {"task": "music", "level": "key", "size": 89}
        vocabulary = music if task == "music" else corpus.vocabulary.to_json()
    config = {"task": task, "settings": settings_to_json(made), "inputs": inputs}
    write(folder / "config.json", config)
    write(folder / "result.json", {"task": task, "data": data, "complete": True})
    write(export / "assets" / "vocabulary.json", vocabulary)
    (export / "saved_model.pb").write_bytes(folder.name.encode())
    write_manifest(export)
    return folder


def write(path, value):
    path.write_text(json.dumps(value), encoding="utf-8")


def change(path, **values):
    """Changes entries of a JSON file; None removes one."""
    content = {**json.loads(path.read_text(encoding="utf-8")), **values}
    write(path, {name: value for name, value in content.items() if value is not None})


def fake_generators(monkeypatch, length=20):
    """Lets generators be loaded and drawn from without TensorFlow: ids that depend on seed and stream.

    Returns the folders of those that were loaded.
    """
    loaded = []

    def load_generator(export):
        assert find_export(export) == export
        loaded.append(export)
        return export

    def draw(generator, export, vocab_size, num, seed, temperature, stream=0):
        assert generator == export and temperature == 1
        random = np.random.default_rng([seed, stream])
        return random.integers(3, vocab_size, [num, length]).astype(np.int32)

    monkeypatch.setattr("models.load.load_generator", load_generator)
    monkeypatch.setattr("models.load.draw", draw)
    monkeypatch.setattr("training.session.quiet", lambda: None)
    return loaded
