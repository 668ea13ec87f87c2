"""Runs as sources of a blind test: checked, compared, and drawn from."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from data.corpus_files import input_digests, is_here
from data.line_codec import LineCodec
from data.split import SplitCorpus
from data.vocabulary import UNKNOWN
from files.errors import DataError, UsageError
from files.hashing import sha256
from files.reading import read_json
from judging.study import NOUNS, REAL, Source, Study, make_study, tune_content
from models import load
from models.manifest import PLACE
from training.presets import MUSIC_PRESETS, POEM_PRESETS, SPEECH_PRESETS, TEXT_PRESETS
from training.stored_settings import load_settings
from training.task_corpora import load_corpus
from training.task_settings import CorpusSettings

_KINDS: dict[str, type[CorpusSettings]] = {
    "poems": type(POEM_PRESETS["quick"]),
    "speeches": type(SPEECH_PRESETS["quick"]),
    "text": type(TEXT_PRESETS["quick"]),
    "music": type(MUSIC_PRESETS["quick"]),
}
_REAL_TAG = 0x6EA1  # sets the draw of the real sequences apart from others with the same seed


@dataclass(frozen=True)
class Run:
    """A complete run whose generator can be drawn from.

    Args:
        folder: as given.
        task: a key of `judging.study.NOUNS`.
        settings: of the run.
        export: the folder of its generator.
        vocabulary: of the export, as JSON holds it.
        inputs: SHA-256 of what it was trained on, by input.
        split_hash: of the split that it was trained on.
        digest: of its generator.
    """

    folder: Path
    task: str
    settings: CorpusSettings
    export: Path
    vocabulary: dict[str, Any]
    inputs: dict[str, str]
    split_hash: str
    digest: str

    @property
    def learned_from(self) -> tuple[Any, ...]:
        """Equal for runs on the same sequences of the same tokens."""
        # A vocabulary also holds facts of its generator, such as a tuned sampling temperature.
        tokens = (self.vocabulary.get(name) for name in ("level", "size", "tokens"))
        return self.task, self.split_hash, *tokens

    def source(self) -> Source:
        """The run as a source of items."""
        details = {
            "folder": str(self.folder),
            "digest": self.digest,
            "preset": self.settings.preset,
            "seed": self.settings.seed,
        }
        return Source(self.folder.resolve().name, self.settings.algorithm, details)


def read_run(folder: Path) -> Run:
    """The run in a folder. TensorFlow is not needed, and nothing of the run is changed.

    Raises:
        UsageError: there is no complete run, or one whose sequences are nothing for people.
        DataError: a file of it cannot be used.
    """
    export = load.find_export(folder)
    config_file, result_file = folder / "config.json", folder / "result.json"
    for path in (config_file, result_file):
        if not path.is_file():
            raise UsageError(
                f"{folder} has no {path.name}, which says what its generator was trained on. Name "
                "the folder of a complete run."
            )
    expected = "expected that of a run. Name the folder of a complete run"
    config, result = read_json(config_file, expected), read_json(result_file, expected)
    task = config.get("task") if isinstance(config, dict) else None
    if task == "oracle":
        raise UsageError(
            f"{folder} is a run on synthetic data, whose sequences are numbers that nobody can "
            "judge. Name a run of train_poems.py, train_speeches.py, train_text.py or train_music.py."
        )
    data = result.get("data") if isinstance(result, dict) else None
    split_hash = data.get("split_hash") if isinstance(data, dict) else None
    inputs = config.get("inputs") if isinstance(config, dict) else None
    if task not in NOUNS or not isinstance(split_hash, str) or not isinstance(inputs, dict):
        raise UsageError(
            f"{folder} does not say on what its generator was trained: it is from an older version, "
            "or damaged. Train it again, or name another run."
        )
    return Run(
        folder,
        task,
        load_settings(config_file, _KINDS[task]),
        export,
        load.check_export(export),
        inputs,
        split_hash,
        _digest(export),
    )


def read_runs(folders: Sequence[Path]) -> list[Run]:
    """The runs in some folders, which have learned from the same sequences.

    Raises:
        UsageError: one cannot be used, is named twice, or differs from the first in its data.
        DataError: a file of one cannot be used.
    """
    runs = [read_run(folder) for folder in folders]
    first = runs[0]
    for k, run in enumerate(runs):
        if any(run.digest == other.digest for other in runs[:k]):
            raise UsageError(f"{run.folder} has the generator of a run named before. Name it once.")
        if run.learned_from != first.learned_from:
            raise UsageError(
                f"{run.folder} learned from other data than {first.folder} ({run.task} and "
                f"{first.task}, or another corpus, split or vocabulary). Judge it in a separate test."
            )
    return runs


def draw_real(run: Run, num: int, seed: int, corpus: str | None = None) -> tuple[np.ndarray, int]:
    """Sequences of the test part that a run has never seen. TensorFlow is not needed.

    Those with tokens that the generator does not know are left out: no generator writes such, and
    `<unk>` in a text would show that it is real.

    Args:
        run: one of those to judge.
        num: of sequences.
        seed: of the draw.
        corpus: takes the place of the corpus that the settings name, with the same content.

    Returns:
        The sequences, int `[num, T]`, and how many were left out.

    Raises:
        UsageError: the corpus is not here, is another one, or has too few held-out sequences.
        DataError: it cannot be read.
    """
    real, left_out = _held_out(run, corpus)
    if len(real) < num:
        sequences = f"{len(real):,} sequence{'s' * (len(real) != 1)}"
        without = f" without unknown tokens ({left_out:,} have some)" if left_out else ""
        raise UsageError(
            f"--num is {num}, but the test part has {sequences}{without}. Give --num "
            f"{len(real)} or less, or name runs on a larger corpus."
        )
    chosen = np.random.default_rng([seed, _REAL_TAG]).permutation(len(real))[:num]
    return real[np.sort(chosen)], left_out


def build_study(runs: Sequence[Run], real: np.ndarray, seed: int) -> Study:
    """Draws from the generators, and mixes their sequences with the real ones.

    Args:
        runs: from `read_runs`.
        real: from `draw_real`, int `[num, T]`.
        seed: of all draws; each run has its own stream of it, by its place among them.
    """
    sequences = [real]
    for stream, run in enumerate(runs):
        generator = load.load_generator(run.export)
        size, num = run.vocabulary["size"], len(real)
        # With one stream for all, SeqGAN and its own MLE start would write near-copies.
        drawn = load.draw(generator, run.export, size, num, seed, temperature=1.0, stream=stream)
        sequences.append(drawn)
    codec = LineCodec(runs[0].vocabulary)

    def contents(rows: np.ndarray) -> list[str]:
        if runs[0].task == "music":
            return [tune_content(row) for row in rows]
        return [codec.text(row).strip("\n") for row in rows]

    about = {"corpus": runs[0].settings.corpus, "split_hash": runs[0].split_hash}
    sources = [Source(REAL, REAL, about), *_named_apart([run.source() for run in runs])]
    return make_study(runs[0].task, seed, sources, [contents(rows) for rows in sequences])


def check_same_runs(study: Study, runs: Sequence[Run], path: Path) -> None:
    """Raises `UsageError` unless the runs are those of the study that `path` holds."""
    held = {source.details["digest"] for source in study.sources[1:]}
    if held != {run.digest for run in runs}:
        names = ", ".join(source.details["folder"] for source in study.sources[1:])
        raise UsageError(
            f"{path} holds the answers about other runs ({names:.200}), or about an earlier state of "
            "these. Give another --db, or name those runs."
        )


def _held_out(run: Run, corpus: str | None) -> tuple[np.ndarray, int]:
    """Held-out sequences `[M, T]` without unknown tokens, and how many have some."""
    settings = run.settings if corpus is None else replace(run.settings, corpus=corpus)
    where = "Put it back, or say where it is with --corpus"
    if not is_here(settings.corpus):
        raise UsageError(
            f"{run.folder} was trained on the corpus {settings.corpus}, which is not here. {where}."
        )
    loaded: SplitCorpus = load_corpus(settings)  # type: ignore[call-overload]
    same = input_digests(loaded.provenance) == run.inputs
    if not same or loaded.provenance["split_hash"] != run.split_hash:
        why = "the corpus has changed" if not same else "this version splits it in another way"
        raise UsageError(
            f"{run.folder} was trained on other data than {settings.corpus} has now: {why}, and what "
            f"was held out is not known. {where}."
        )
    if run.task == "music":
        return loaded.test, 0
    known = (loaded.test != UNKNOWN).all(axis=1)
    return loaded.test[known], int((~known).sum())


def _digest(export: Path) -> str:
    """SHA-256 that identifies an exported generator."""
    listed = export / PLACE
    if listed.is_file():
        return sha256(listed)  # a list of the digests of its files
    digest = hashlib.sha256()
    try:
        for path in sorted(path for path in export.rglob("*") if path.is_file()):
            digest.update(f"{path.relative_to(export).as_posix()} {sha256(path)}\n".encode())
    except OSError as error:
        raise DataError(f"{export} cannot be read ({error.strerror}). Copy it again.") from None
    return digest.hexdigest()


def _named_apart(sources: Sequence[Source]) -> list[Source]:
    """The sources, those of equal names called by their whole paths."""
    names = [source.name for source in sources]
    alone = [names.count(name) == 1 and name != REAL for name in names]
    return [
        source if unique else replace(source, name=source.details["folder"])
        for source, unique in zip(sources, alone, strict=True)
    ]
