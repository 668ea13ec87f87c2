"""Tunes as sequences of piano keys: the Nottingham tunes, the sample's, or your own MIDI files.

`data.melody` puts a tune on the grid. Here it becomes sequences; what the paper leaves open:

- A tune becomes consecutive windows of 32 steps that do not overlap; what is left at its end is
  dropped. A tune without a whole window is skipped.
- Exact repeats of a window are removed, the first one in order of names is kept. What remains is
  split by tune, so that no tune and no window stands in two parts.
"""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from data.corpora import CORPORA
from data.corpus_files import corpus_file, origin
from data.melody import LOWEST_PITCH, STEP_SECONDS, VOCAB_SIZE, Tune, to_tunes
from data.midi_files import ENDINGS, digest, manifest, read_midi_files
from data.nottingham import in_nottingham
from data.samples.tunes import TUNES
from data.split import MIN_SEQUENCES, SplitCorpus
from files.errors import DataError, shown

MAX_LENGTH = 32
SHARES = (0.8, 0.1, 0.1)  # of the tunes: training, validation, test

NOTTINGHAM = CORPORA["nottingham"]


@dataclass(frozen=True, eq=False, kw_only=True)
class MusicCorpus(SplitCorpus):
    """Sequences of piano keys, int32 `[M, T]`, in three parts that share no tune and no sequence.

    Args:
        vocab_size: 89: the ids 1 to 88, and the start token 0.
    """

    vocab_size: int = VOCAB_SIZE


def load_music(corpus: str | Path = "nottingham", *, split_seed: int = 0) -> MusicCorpus:
    """The corpus of tunes, windows of 32 steps.

    Args:
        corpus: "nottingham", fetched where it must be; "sample"; or the path of a folder or a zip.
        split_seed: which tunes go into which part.
    """
    path = corpus_file(corpus, "music")
    if corpus == "sample":
        loaded = sample_corpus(split_seed=split_seed)
    elif corpus == "nottingham":
        loaded = nottingham_corpus(path, split_seed=split_seed)
    else:
        loaded = music_corpus(path, split_seed=split_seed)
    return replace(loaded, provenance={**origin(corpus, path), **loaded.provenance})


def music_corpus(
    path: Path, *, max_length: int = MAX_LENGTH, split_seed: int = 0, name: str = ""
) -> MusicCorpus:
    """Sequences of your own MIDI files.

    Args:
        path: a folder, searched with those below it, or a zip of MIDI files.
        max_length: steps of a sequence.
        split_seed: which tunes go into which part; the same tunes and seed give the same parts.
        name: of the corpus; that of the file or folder if empty.

    Returns:
        The corpus. The provenance of a folder's has the `digest` of its files as "sha256".

    Raises:
        DataError: it cannot be read, is hostile, or holds fewer than two sequences for each part.
    """
    path = Path(path)
    contents, skipped = read_midi_files(path, lambda name: True)
    tunes, skipped = to_tunes(contents, skipped)
    corpus = _corpus(name or path.resolve().name, str(path), tunes, skipped, max_length, split_seed)
    if path.is_dir():
        corpus.provenance["sha256"] = digest(contents)
    return corpus


def nottingham_corpus(
    path: Path, *, max_length: int = MAX_LENGTH, split_seed: int = 0
) -> MusicCorpus:
    """Sequences of the Nottingham tunes, the paper's corpus; `path` as in `verify_nottingham`.

    Raises:
        DataError: these are not the Nottingham tunes.
    """
    contents, skipped = read_midi_files(Path(path), in_nottingham)
    _verify(Path(path), contents)
    tunes, skipped = to_tunes(contents, skipped)
    return _corpus("nottingham", str(path), tunes, skipped, max_length, split_seed)


def sample_corpus(*, max_length: int = MAX_LENGTH, split_seed: int = 0) -> MusicCorpus:
    """Sequences of the 24 tunes written for this project, which are not the paper's data."""
    tunes = [
        Tune(tune.title, np.array(tune.pitches(), np.int32) - LOWEST_PITCH + 1) for tune in TUNES
    ]
    return _corpus("sample", "the sample corpus", tunes, {}, max_length, split_seed)


def verify_nottingham(path: Path) -> None:
    """Checks that a file holds the Nottingham tunes, complete and unaltered.

    Args:
        path: the archive of `NOTTINGHAM.url`, a zip of its folder `MIDI`, or a folder with either.

    Raises:
        DataError: it does not.
    """
    _verify(Path(path), read_midi_files(Path(path), in_nottingham)[0])


def _verify(path: Path, contents: dict[str, bytes]) -> None:
    found = manifest(contents)
    if found != NOTTINGHAM.manifest:
        raise DataError(
            f"{path} holds {len(contents):,} MIDI files with manifest {found}, expected "
            f"{NOTTINGHAM.name} with {NOTTINGHAM.manifest}: get "
            f"{NOTTINGHAM.url} again, or use --corpus sample."
        )


def _corpus(
    name: str,
    given: str,
    tunes: list[Tune],
    skipped: dict[str, list[str]],
    max_length: int,
    split_seed: int,
) -> MusicCorpus:
    if max_length < 1:
        raise ValueError(f"`max_length` is {max_length}, expected at least 1; the paper has 32.")
    num_read = len(tunes) + sum(map(len, skipped.values()))
    long_enough = [tune for tune in tunes if len(tune.keys) >= max_length]
    if len(long_enough) < len(tunes):
        short = [tune.name for tune in tunes if len(tune.keys) < max_length]
        skipped = {**skipped, f"shorter than {max_length} steps": short}

    windows = [_windows(tune.keys, max_length) for tune in long_enough]
    distinct = _without_repeats(windows)
    split = _split([len(rows) for rows in distinct], split_seed)
    if min(sum(len(distinct[k]) for k in part) for part in split) < MIN_SEQUENCES:
        num_repeats = len(long_enough) - len(distinct)
        raise DataError(_too_few(given, num_read, distinct, num_repeats, skipped, max_length))

    parts = [np.concatenate([distinct[k] for k in sorted(part)]) for part in split]
    train, validation, test = parts
    labels = ("train", "validation", "test")
    split_hash = hashlib.sha256(b"".join(part.astype("<i4").tobytes() for part in parts))
    num_windows = sum(map(len, windows))
    return MusicCorpus(
        name=name,
        train=train,
        validation=validation,
        test=test,
        max_length=max_length,
        provenance={
            "files": num_read,
            "skipped": {reason: len(names) for reason, names in skipped.items()},
            "skipped_files": skipped,
            "tunes": len(long_enough),
            "notes": sum(tune.num_notes for tune in long_enough),
            "notes_unheard": sum(tune.num_unheard for tune in long_enough),
            "notes_moved": sum(tune.num_moved for tune in long_enough),
            "steps": sum(len(tune.keys) for tune in long_enough),
            "steps_resting": sum(tune.num_rests for tune in long_enough),
            "steps_with_chords": sum(tune.num_chords for tune in long_enough),
            "windows": num_windows,
            "repeats_removed": num_windows - sum(map(len, distinct)),
            "split_by": "tune",
            "split_shares": list(SHARES),
            "split_seed": split_seed,
            "split_tunes": dict(zip(labels, map(len, split), strict=True)),
            **dict(zip(labels, map(len, parts), strict=True)),  # sequences
            "split_hash": split_hash.hexdigest(),
        },
    )


def _windows(keys: np.ndarray, max_length: int) -> np.ndarray:
    """Consecutive windows `[M, T]` of a tune; what is left at its end is dropped."""
    return keys[: len(keys) // max_length * max_length].reshape(-1, max_length)


def _without_repeats(windows: list[np.ndarray]) -> list[np.ndarray]:
    """The windows of each tune that occur in none before; tunes without any are left out."""
    seen: set[bytes] = set()
    distinct = []
    for rows in windows:
        new = []
        for row in rows:
            new.append(row.tobytes() not in seen)
            seen.add(row.tobytes())
        if any(new):
            distinct.append(rows[new])
    return distinct


def _split(sizes: list[int], seed: int) -> tuple[list[int], list[int], list[int]]:
    """Draws which tunes go into training, validation and test.

    A held-out part has its share of the tunes, at least one, and more where these have too few
    sequences. Six tunes are always enough for `MIN_SEQUENCES` in each part.

    Args:
        sizes: number of sequences of each tune.
        seed: of the draw.

    Returns:
        The numbers of the tunes of each part, in the order in which they were drawn.
    """
    rest = np.random.default_rng(seed).permutation(len(sizes)).tolist()

    def held_out(share: float) -> list[int]:
        nonlocal rest
        num = max(1, round(share * len(sizes)))
        while num < len(rest) and sum(sizes[k] for k in rest[-num:]) < MIN_SEQUENCES:
            num += 1
        rest, part = rest[:-num], rest[-num:]
        return part

    test = held_out(SHARES[2])
    validation = held_out(SHARES[1])
    return rest, validation, test


def _too_few(
    given: str,
    num_read: int,
    distinct: list[np.ndarray],
    num_repeats: int,
    skipped: dict[str, list[str]],
    max_length: int,
) -> str:
    """The message for tunes that cannot be split."""
    expected = (
        f"expected {MIN_SEQUENCES} sequences of {max_length} steps of {STEP_SECONDS} s or more in "
        f"each of training, validation and test, which {3 * MIN_SEQUENCES} different tunes always "
        f"give: add MIDI files with melodies of at least {max_length * STEP_SECONDS:.1f} s, or use "
        "--corpus sample."
    )
    if not num_read:
        return f"{given} holds no MIDI file ({', '.join(ENDINGS)}), {expected}"
    reasons = [(len(names), f"{reason}, as {shown(names[0])}") for reason, names in skipped.items()]
    reasons += [(num_repeats, "repeating others")] if num_repeats else []
    left_out = "; ".join(f"{num} {reason}" for num, reason in sorted(reasons, reverse=True))
    return (
        f"{given} holds {len(distinct)} different tune(s) of at least {max_length} steps with "
        f"{sum(map(len, distinct))} sequence(s){f' (left out: {left_out})' if left_out else ''}, "
        f"{expected}"
    )
