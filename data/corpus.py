"""A corpus as ids: repeats removed, then split, then numbered by what the train part holds."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from data.split import MIN_SEQUENCES, SplitCorpus
from data.store import Store
from data.vocabulary import Vocabulary
from files.errors import DataError

_LARGE = 3 << 29  # bytes of int32 above which a corpus is kept in the smallest dtype that holds it

_NEARLY_ALL = 0.95  # of the sequences, which the length that is advised keeps
LONGEST_ADVISED = 256  # tokens; of longer lines it is better to keep a part
# What keeps a part of a longer sequence, by task.
CUT_FLAGS = {"text": "--truncate", "speeches": "--unit paragraphs"}
_SPLIT_TAG = 0x5B117  # sets the draw of the split apart from others with the same seed


@dataclass(frozen=True, eq=False, kw_only=True)
class Corpus(SplitCorpus):
    """Real sequences of text as ids, in three parts that share none.

    Args:
        name: what messages call it.
        train: `[M, T]`; every sequence is followed by `END` where there is room, then by `PAD`.
            int32; where all parts together would take more than 1.5 GiB so, uint8 or uint16 if
            these hold V ids: cast a batch, not the whole.
        validation: as `train`.
        test: as `train`.
        vocabulary: what the ids mean; made from the train part.
        max_length: T.
        fixed_length: whether every sequence has T tokens, so that `END` and `PAD` do not occur.
        provenance: where it came from and what was left out, for result files; see `build_corpus`.
    """

    vocabulary: Vocabulary
    fixed_length: bool


def build_corpus(
    name: str,
    sequences: Iterable[Sequence[str]],
    *,
    max_length: int,
    split_seed: int = 0,
    validation_share: float = 0.05,
    test_share: float = 0.1,
    min_count: int = 1,
    max_vocab: int | None = None,
    fixed_length: bool = False,
    too_long: str = "drop",
    level: str = "word",
    task: str = "text",
    test_sequences: Iterable[Sequence[str]] | None = None,
    counts: Counter[str] | None = None,
    test_counts: Counter[str] | None = None,
    about: dict[str, Any] | None = None,
) -> Corpus:
    """Makes a corpus of tokenized sequences, read once and kept small: a few bytes a token.

    Exact repeats are removed first, so that no part holds a sequence of another. Of the M left,
    drawn in random order, floor((validation_share + test_share) M) are held out:
    floor(validation_share M) for validation, the others for the test, at least two for each. The
    draw depends on the order of the lines and on `split_seed` alone: runs of different seeds have
    the same split.

    The poems, with 5% and 5%: 16,394 lines, 401 repeats, 15,993 poems, of which 14,394 are for
    training and 1,599 held out, 799 for validation and 800 for the test.

    Args:
        name: what messages call it.
        sequences: lists of tokens.
        max_length: T.
        split_seed: another one gives another split, of which numbers are not comparable.
        validation_share: see above.
        test_share: see above; not used with `test_sequences`.
        min_count: how often a token must occur in the train part to get an id.
        max_vocab: the largest V, the three reserved ids included; None is no limit.
        fixed_length: whether a sequence of another length than T is an error.
        too_long: "drop" leaves out what is longer than T, counted; "truncate" keeps T tokens of it.
        level: see `Vocabulary`.
        task: see `Vocabulary`.
        test_sequences: the whole test part, where it is published. A sequence that it shares with
            `sequences` is a repeat, and is kept in the test part.
        counts: what the reader of `sequences` has counted by then: "lines", and why it has skipped
            some.
        test_counts: the same for `test_sequences`.
        about: goes into the provenance first.

    Returns:
        The corpus. Its provenance, which JSON can hold, has first what `about` has; then T, level
        and the other arguments; the "lines" read, the "sequences" in them, what was "skipped"
        by reason, and "truncated"; the "lengths" in tokens before any cut: the median, the longest
        and one that 95 % do not exceed; the "single_token_share" of the sequences; "repeats"; the
        sizes of the parts and of the vocabulary; the "unknown_share" of the tokens of each part; and
        "split_hash". That is the SHA-256 of `json.dumps(tokens)` of each sequence of train,
        validation and test in order, each followed by a line feed, with an empty line between two
        parts: it depends neither on ids nor on `min_count`.

    Raises:
        DataError: there are too few sequences to split, or too few tokens.
    """
    if max_length < 1:
        raise DataError(f"--max-length is {max_length}, expected at least 1.")
    if too_long not in ("drop", "truncate"):
        raise ValueError(f"`too_long` is {too_long!r}, expected drop or truncate.")
    shares = (validation_share, 0.0 if test_sequences is not None else test_share)
    if min(shares) < 0 or sum(shares) >= 1:
        raise ValueError(
            f"The shares held out are {shares}, expected two from 0, together below 1."
        )

    store = Store(name, max_length, too_long, fixed_length)
    # The test part comes first: of two equal sequences the first is kept.
    store.add_all(test_sequences or ())
    given_for_test = len(store.lengths)
    store.add_all(sequences)
    distinct = store.first_occurrences()
    repeats = len(store.lengths) - len(distinct)
    skipped = (counts or Counter()) + (test_counts or Counter())
    lines = skipped.pop("lines", 0)
    skipped.update(store.skipped)

    published, drawn = np.split(distinct, [np.searchsorted(distinct, given_for_test)])
    drawn = np.random.default_rng([split_seed, _SPLIT_TAG]).permutation(drawn)
    validation_size, test_size = _held_out(len(drawn), *shares)
    parts = {
        "train": drawn[validation_size + test_size :],
        "validation": drawn[:validation_size],
        "test": drawn[validation_size : validation_size + test_size],
    }
    needed = MIN_SEQUENCES * (1 + sum(share > 0 for share in shares))
    few = len(drawn) < needed or len(parts["train"]) < MIN_SEQUENCES
    if few or (test_sequences is not None and len(published) < MIN_SEQUENCES):
        where, num = ("", len(drawn)) if few else (" in its test part", len(published))
        needed = needed if few else MIN_SEQUENCES
        reasons = [*skipped.most_common(), *([("repeats", repeats)] if repeats else [])]
        left_out = ", ".join(f"{count:,} {reason}" for reason, count in reasons)
        left_out = f" (left out: {left_out})" if left_out else ""
        if not store.given:
            raise DataError(
                f"{name} holds no sequence, expected one a line, and at least {needed} different "
                f"sequences: give more text{left_out}."
            )
        raise DataError(
            f"{name} has {num:,} different sequence{'s' * (num != 1)}{where} that can be used"
            f"{left_out}, expected at least {needed} different sequences, {MIN_SEQUENCES} for each part: "
            f"{_advice(store, num, needed, repeats, task, about or {})}."
        )
    if test_sequences is not None:
        parts["test"] = published

    token_counts = store.token_counts(parts["train"])
    try:
        vocabulary = Vocabulary.from_counts(
            token_counts, min_count, max_vocab, level=level, task=task
        )
    except DataError as error:
        raise DataError(f"{name}: {error}") from error
    dtype = np.dtype(np.int32)
    if 4 * len(distinct) * max_length > _LARGE:
        dtype = min(dtype, np.min_scalar_type(vocabulary.size - 1), key=lambda kind: kind.itemsize)
    arrays = {part: store.encode(rows, vocabulary, dtype) for part, rows in parts.items()}

    provenance = {
        **(about or {}),
        "level": level,
        "max_length": max_length,
        "min_count": min_count,
        "max_vocab": max_vocab,
        "too_long": too_long,
        "split_seed": split_seed,
        "lines": lines or store.seen,
        "sequences": store.seen,
        "skipped": dict(sorted(skipped.items())),
        "truncated": store.truncated,
        "lengths": {
            "median": store.length_of_share(0.5),
            "of_nearly_all": store.length_of_share(_NEARLY_ALL),
            "longest": store.length_of_share(1.0),
        },
        "single_token_share": store.one_token_share(distinct),
        "repeats": repeats,
        **{part: len(rows) for part, rows in parts.items()},
        "vocabulary": vocabulary.size,
        "unknown_share": {
            part: store.unknown_share(rows, arrays[part]) for part, rows in parts.items()
        },
        "split_hash": store.hash_of(parts.values()),
    }
    return Corpus(
        name=name,
        **arrays,
        vocabulary=vocabulary,
        max_length=max_length,
        fixed_length=fixed_length,
        provenance=provenance,
    )


def _held_out(num: int, validation_share: float, test_share: float) -> tuple[int, int]:
    """Sizes of the validation and the test part of `num` sequences."""

    def share_of(share: float) -> int:
        return math.floor(share * num + 1e-9)  # 0.29 * 100 is below 29

    validation = max(share_of(validation_share), MIN_SEQUENCES * (validation_share > 0))
    test = max(
        share_of(validation_share + test_share) - validation, MIN_SEQUENCES * (test_share > 0)
    )
    return validation, test


def _advice(
    store: Store, num: int, needed: int, repeats: int, task: str, about: dict[str, Any]
) -> str:
    """Advice, from what was counted, on how to get more than `num` usable sequences."""
    if table := about.get("looks_like"):
        columns = ", ".join(table["columns"])
        script = " of train_text.py" if task == "speeches" else ""
        fix = (
            f"read one with --column{script}, of {columns}" if columns else "save its text as lines"
        )
        return f"the file looks like {table['format']}: {fix}"
    given, too_long = store.given.total(), store.skipped["too long"]
    if too_long and num + too_long >= needed:
        length = store.length_of_share(_NEARLY_ALL)
        kept = sum(count for of_length, count in store.given.items() if of_length <= length)
        longer = f"--max-length {length}, which keeps {kept:,} of {given:,}, or "
        return (
            f"lines longer than --max-length {store.max_length} are left out: give "
            f"{longer if length <= LONGEST_ADVISED else ''}{CUT_FLAGS.get(task, CUT_FLAGS['text'])}"
        )
    if given < needed and (too_long or store.truncated):
        return (
            "break the text into more lines, one sequence of at most --max-length "
            f"{store.max_length} tokens in each"
        )
    if store.truncated:
        return "give a larger --max-length, so that fewer are equal, or more different lines"
    return f"give more {'different ' if repeats else ''}lines"
