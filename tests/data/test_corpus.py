"""From sequences to a corpus: repeats, split, ids, provenance; equal to a slow reading of it."""

import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import FrozenInstanceError
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data import corpus as corpus_module
from data import store as store_module
from data.corpus import build_corpus
from data.vocabulary import END, PAD, UNKNOWN, Vocabulary
from files.errors import DataError

REPOSITORY = Path(__file__).resolve().parents[2]
PARTS = ("train", "validation", "test")


def numbers(num, digits=4):
    """That many different sequences of ten tokens, all of which occur in any large part of them."""
    return [list(f"{number:0{digits}d}") for number in range(num)]


def decoded(corpus, part):
    return [corpus.vocabulary.decode(row) for row in getattr(corpus, part)]


def everything(corpus):
    """All that must not change, comparable."""
    arrays = {part: (getattr(corpus, part).shape, getattr(corpus, part).tolist()) for part in PARTS}
    return arrays, corpus.vocabulary, corpus.provenance


def test_parts_hold_each_sequence_once():
    sequences = numbers(200) + numbers(50)
    corpus = build_corpus("numbers", iter(sequences), max_length=6)
    parts = {part: {"".join(tokens) for tokens in decoded(corpus, part)} for part in PARTS}
    assert [len(parts[part]) for part in PARTS] == [170, 10, 20]
    assert set.union(*parts.values()) == {"".join(sequence) for sequence in numbers(200)}
    for part in PARTS:
        array = getattr(corpus, part)
        assert (array.dtype, array.shape[1]) == (np.int32, 6)
        assert np.all(array[:, 4] == END) and np.all(array[:, 5] == PAD)
    assert (corpus.max_length, corpus.fixed_length) == (6, False)
    with pytest.raises(FrozenInstanceError):
        corpus.train = None


def test_parts_are_drawn_and_not_cut_from_the_file():
    corpus = build_corpus("numbers", numbers(1000), max_length=4)
    for part in PARTS:
        values = [int("".join(tokens)) for tokens in decoded(corpus, part)]
        assert values != sorted(values)
        assert 350 < np.mean(values) < 650


@pytest.mark.parametrize(
    "num, shares, sizes",
    [
        (15_993, (0.05, 0.05), [14_394, 799, 800]),  # the poems
        (100, (0.05, 0.1), [85, 5, 10]),
        (100, (0.29, 0.0), [71, 29, 0]),
        (100, (0.0, 0.1), [90, 0, 10]),
        (100, (0.0, 0.0), [100, 0, 0]),
        (40, (0.05, 0.1), [34, 2, 4]),
        (39, (0.05, 0.1), [34, 2, 3]),  # at least two
        (19, (0.05, 0.1), [15, 2, 2]),
        (6, (0.05, 0.1), [2, 2, 2]),
        (4, (0.0, 0.1), [2, 0, 2]),
        (40, (0.05, 0.05), [36, 2, 2]),
        (30, (0.05, 0.05), [26, 2, 2]),
    ],
)
def test_sizes_of_the_parts(num, shares, sizes):
    corpus = build_corpus(
        "numbers",
        numbers(num, 5),
        max_length=5,
        validation_share=shares[0],
        test_share=shares[1],
    )
    assert [len(getattr(corpus, part)) for part in PARTS] == sizes
    assert [corpus.provenance[part] for part in PARTS] == sizes


def test_split_seed_alone_decides_the_split():
    def split_hash(**changes):
        return build_corpus("n", numbers(100), **{"max_length": 4, **changes}).provenance[
            "split_hash"
        ]

    expected = split_hash()
    assert split_hash(max_length=9) == expected
    assert split_hash(min_count=3, max_vocab=6) == expected
    assert split_hash(level="char", task="poems", about={"a": 1}) == expected
    assert split_hash(split_seed=1) != expected
    assert build_corpus("n", numbers(101), max_length=4).provenance["split_hash"] != expected


def test_split_hash_is_what_the_docstring_says():
    sequences = [[f"{number}", 'a "quoted" 诗\n'] for number in range(40)]
    corpus = build_corpus("words", sequences, max_length=3, validation_share=0.1)
    # The tokens that do not occur in the train part are lost in the ids: take them by place.
    order = np.random.default_rng([0, corpus_module._SPLIT_TAG]).permutation(40)
    parts = [order[8:], order[:4], order[4:8]]
    assert decoded(corpus, "train") == [sequences[k] for k in parts[0]]
    text = "\n".join(
        "".join(json.dumps(sequences[number]) + "\n" for number in part) for part in parts
    )
    expected = hashlib.sha256(text.encode()).hexdigest()
    assert corpus.provenance["split_hash"] == expected


def test_vocabulary_is_of_the_train_part():
    corpus = build_corpus("words", [[f"w{k}", "the"] for k in range(100)], max_length=2)
    assert corpus.vocabulary.size == 3 + 85 + 1
    assert corpus.vocabulary.tokens[3] == "the"
    assert np.all(corpus.test[:, 0] == UNKNOWN) and not np.any(corpus.test[:, 1] == UNKNOWN)
    assert corpus.provenance["unknown_share"] == {"train": 0.0, "validation": 0.5, "test": 0.5}
    assert corpus.provenance["vocabulary"] == 89


def test_min_count_and_max_vocab():
    sequences = [[f"w{k}", "the", "a" if k % 2 else "b", "a"] for k in range(100)]
    corpus = build_corpus("words", sequences, max_length=4, min_count=2)
    assert corpus.vocabulary.tokens[3:5] == ("a", "the") and corpus.vocabulary.size == 6
    assert corpus.provenance["unknown_share"] == {part: 0.25 for part in PARTS}
    assert build_corpus("words", sequences, max_length=4, max_vocab=5).vocabulary.size == 5


def test_too_long_sequences_are_dropped_or_cut():
    sequences = [*numbers(50), ["1"] * 5, ["2"] * 6, []]
    dropped = build_corpus("numbers", sequences, max_length=4).provenance
    assert dropped["skipped"] == {"empty": 1, "too long": 2}
    assert (dropped["sequences"], dropped["truncated"], dropped["repeats"]) == (53, 0, 0)
    cut = build_corpus("numbers", sequences, max_length=4, too_long="truncate")
    assert cut.provenance["skipped"] == {"empty": 1}
    assert cut.provenance["truncated"] == 2
    assert sum(cut.provenance[part] for part in PARTS) == 52
    assert cut.provenance["lengths"] == {"median": 4, "of_nearly_all": 4, "longest": 6}
    # A sequence that becomes another's repeat by being cut is a repeat.
    same = build_corpus("numbers", numbers(60), max_length=3, too_long="truncate").provenance
    assert (same["truncated"], same["repeats"]) == (60, 54)


def test_published_test_part():
    counts, test_counts = Counter(lines=60, blank=3), Counter(lines=20, blank=1)
    corpus = build_corpus(
        "numbers",
        numbers(60),
        max_length=4,
        test_sequences=[*numbers(20), *numbers(7), ["a", "b"]],
        counts=counts,
        test_counts=test_counts,
    )
    expected = numbers(20)
    assert decoded(corpus, "test") == [*expected, ["<unk>", "<unk>"]]
    rest = decoded(corpus, "train") + decoded(corpus, "validation")
    assert sorted(rest) == numbers(60)[20:]
    assert [corpus.provenance[part] for part in PARTS] == [38, 2, 21]
    assert corpus.provenance["repeats"] == 27
    assert corpus.provenance["lines"] == 80
    assert corpus.provenance["skipped"] == {"blank": 4}


def test_provenance_can_be_saved_and_starts_with_what_is_known():
    corpus = build_corpus(
        "numbers",
        numbers(9),
        max_length=4,
        counts=Counter(lines=12, blank=3),
        about={"corpus": "numbers", "licence": "none"},
    )
    provenance = json.loads(json.dumps(corpus.provenance))
    assert provenance == corpus.provenance
    assert list(provenance)[:2] == ["corpus", "licence"]
    assert (provenance["lines"], provenance["skipped"]) == (12, {"blank": 3})
    assert build_corpus("numbers", numbers(9), max_length=4).provenance["lines"] == 9


def test_fixed_length():
    corpus = build_corpus("numbers", numbers(20), max_length=4, fixed_length=True)
    assert corpus.fixed_length and corpus.train.min() > UNKNOWN
    with pytest.raises(DataError, match=r"sequence 21 one of 3 tokens, expected 4 in each"):
        build_corpus("n", [*numbers(20), list("123")], max_length=4, fixed_length=True)


@pytest.mark.parametrize(
    "sequences, message",
    [
        ([], "holds no sequence, expected one a line"),
        ([[], []], "holds no sequence"),
        ([["a", "b"]], "1 different sequence that can be used, expected at least 6"),
        (numbers(5), "5 different sequences that can be used, expected at least 6 different seq"),
        ([["a", "b"], ["a", "b"], ["b", "b"]], "2 different sequences that can be used"),
        ([["a"] * 9, ["a"] * 7], r"\(left out: 2 too long\).*: break the text into more lines"),
        ([["a"] * k for k in range(4, 13)], "--max-length 12, which keeps 9 of 9, or --truncate"),
        ([["a"] * k for k in range(5, 999)], r"\(left out: 994 too long\).*: give --truncate\."),
        ([*numbers(3), *numbers(3)], r"\(left out: 3 repeats\).*: give more different lines"),
    ],
)
def test_corpus_of_too_little(sequences, message):
    with pytest.raises(DataError, match=message) as caught:
        build_corpus("lines", sequences, max_length=4)
    assert str(caught.value).startswith("lines")
    assert len(str(caught.value).splitlines()) == 1


def test_one_token_is_no_vocabulary():
    with pytest.raises(DataError, match="lines: A vocabulary has the one token 'a'"):
        build_corpus("lines", [["a"] * k for k in range(1, 9)], max_length=9)


def test_a_published_test_part_of_too_little():
    few = (
        r"1 different sequence in its test part that can be used \(left out: 3 repeats\), expected "
    )
    with pytest.raises(DataError, match=few + "at least 2 different sequences"):
        build_corpus("lines", numbers(20), max_length=4, test_sequences=numbers(1) * 3)
    with pytest.raises(DataError, match=r"3 different sequences that can be used.* at least 4"):
        build_corpus("lines", numbers(10)[7:], max_length=4, test_sequences=numbers(7))
    smallest = build_corpus("lines", numbers(6), max_length=4, test_sequences=numbers(2))
    assert [smallest.provenance[part] for part in PARTS] == [2, 2, 2]


def test_arguments_that_cannot_work():
    with pytest.raises(DataError, match="--max-length is 0, expected at least 1"):
        build_corpus("n", numbers(9), max_length=0)
    with pytest.raises(ValueError, match="expected drop or truncate"):
        build_corpus("n", numbers(9), max_length=4, too_long="keep")
    for shares in ((0.5, 0.5), (-0.1, 0.2)):
        with pytest.raises(ValueError, match="together below 1"):
            build_corpus(
                "n", numbers(9), max_length=4, validation_share=shares[0], test_share=shares[1]
            )


@given(
    st.lists(st.lists(st.sampled_from("abcdé诗"), max_size=5), min_size=6, max_size=60),
    st.integers(1, 5),
)
def test_equal_to_a_slow_reading(sequences, max_length):
    kept = [tuple(sequence) for sequence in sequences if 0 < len(sequence) <= max_length]
    distinct = list(dict.fromkeys(kept))
    try:
        corpus = build_corpus("letters", sequences, max_length=max_length)
    except DataError as error:
        assert len(distinct) < 6 or "A vocabulary has" in str(error)
        return
    order = np.random.default_rng([0, corpus_module._SPLIT_TAG]).permutation(len(distinct))
    shuffled = [distinct[k] for k in order]
    validation = corpus.provenance["validation"]
    held_out = validation + corpus.provenance["test"]
    vocabulary = Vocabulary.from_sequences(shuffled[held_out:])
    assert corpus.vocabulary == vocabulary
    for part, expected in (
        ("train", shuffled[held_out:]),
        ("validation", shuffled[:validation]),
        ("test", shuffled[validation:held_out]),
    ):
        rows = vocabulary.encode_all(expected, max_length)
        np.testing.assert_array_equal(getattr(corpus, part), rows)
    assert corpus.provenance["repeats"] == len(kept) - len(distinct)


def test_size_of_the_pieces_does_not_matter(monkeypatch):
    sequences = [[*map(str, range(k % 7 + 1)), f"w{k % 90}"] for k in range(200)]
    expected = everything(build_corpus("words", sequences, max_length=8))
    monkeypatch.setattr(store_module, "_CHUNK", 3)
    assert everything(build_corpus("words", sequences, max_length=8)) == expected


@pytest.mark.parametrize("num", [256, 257, 65_536, 65_537])
def test_many_different_tokens(num):
    sequences = [[f"{k}", f"{k + 1}"] for k in range(0, num - 1, 2)] + [["x", "0"]] * (num % 2)
    corpus = build_corpus(
        "many", sequences, max_length=2, validation_share=0.0, test_share=0.0, fixed_length=True
    )
    assert sorted(decoded(corpus, "train")) == sorted(sequences)
    assert corpus.vocabulary.size == num + 3


@pytest.mark.slow
@pytest.mark.parametrize(
    "num, dtype", [(200, np.uint8), (300, np.uint16), (80_000, np.int32)], ids=str
)
def test_large_corpus_is_kept_small(monkeypatch, num, dtype):
    sequences = [[f"{k}", "the"] for k in range(num)]
    expected = everything(build_corpus("large", sequences, max_length=4))
    monkeypatch.setattr(corpus_module, "_LARGE", 0)
    corpus = build_corpus("large", sequences, max_length=4)
    assert {getattr(corpus, part).dtype for part in PARTS} == {np.dtype(dtype)}
    assert everything(corpus) == expected


def test_hash_seed_does_not_matter():
    code = (
        "from data.corpus import build_corpus;"
        "c = build_corpus('w', [[f'w{k % 37}', f'v{k % 11}', 'the'] for k in range(300)],"
        " max_length=4, min_count=2);"
        "print(c.vocabulary.tokens, c.train.tolist(), c.test.tolist(), c.provenance)"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=REPOSITORY,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            timeout=60,
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(printed) == 1 and b"split_hash" in printed.pop()


def test_a_text_is_no_sequence():
    with pytest.raises(ValueError, match="as sequence 2 the text 'ab', expected a list of tokens"):
        build_corpus("mine", [["a", "b"], "ab"], max_length=5)


def test_lengths_that_half_and_nearly_all_do_not_exceed():
    """Of 1 to 20 tokens, one sequence each."""
    sequences = [[f"w{place}" for place in range(length)] for length in range(1, 21)]
    provenance = build_corpus("words", sequences, max_length=20).provenance
    assert provenance["lengths"] == {"median": 10, "of_nearly_all": 19, "longest": 20}


def test_the_share_of_single_tokens_is_of_all_parts():
    """A fifth, though the test part has the most of them."""
    several, single = [["a", f"{k}"] for k in range(80)], [[f"s{k}"] for k in range(20)]
    corpus = build_corpus("words", several[20:], max_length=2, test_sequences=several[:20] + single)
    assert corpus.provenance["single_token_share"] == 0.2


def test_a_corpus_is_kept_small_where_int32_would_take_more_than_the_limit(monkeypatch):
    """100 sequences of 4 tokens are 1,600 bytes."""
    for limit, dtype in ((1600, np.int32), (1599, np.uint8)):
        monkeypatch.setattr(corpus_module, "_LARGE", limit)
        assert build_corpus("numbers", numbers(100), max_length=4).train.dtype == dtype
