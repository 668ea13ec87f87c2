"""Tokens and ids: order, reserved ids, round trips, and what a saved vocabulary may hold."""

import json
import random
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.line_codec import LineCodec
from data.vocabulary import END, PAD, RESERVED, UNKNOWN, Vocabulary
from files.errors import DataError

LINES = [list("abracadabra"), list("cab"), ["<pad>", "<end>", "<unk>"]]


def test_reserved_ids():
    assert (PAD, END, UNKNOWN) == (0, 1, 2)
    assert RESERVED == ("<pad>", "<end>", "<unk>")


def test_frequent_tokens_come_first_and_then_code_points_decide():
    vocabulary = Vocabulary.from_sequences([["b", "é", "a", "b"], ["z", "Z", "z", "b"]])
    assert vocabulary.tokens == (*RESERVED, "b", "z", "Z", "a", "é")
    assert vocabulary.size == 8


def test_order_of_the_lines_does_not_matter():
    lines = [list("the quick brown fox"), list("jumps"), list("over the lazy dog")] * 2
    expected = Vocabulary.from_sequences(lines)
    for seed in range(5):
        random.Random(seed).shuffle(lines)
        assert Vocabulary.from_sequences(iter(lines)) == expected


def test_min_count_and_max_size():
    tokens = Vocabulary.from_sequences(LINES, min_count=2).tokens
    assert tokens == (*RESERVED, "a", "b", "c", "r")
    assert Vocabulary.from_sequences(LINES, max_size=5).tokens == (*RESERVED, "a", "b")
    assert Vocabulary.from_sequences(LINES, min_count=2, max_size=99).tokens == tokens


def test_encode_by_hand():
    vocabulary = Vocabulary.from_sequences([["a", "a", "b"]])
    for tokens, ids in (
        (["a", "b"], [3, 4, 1, 0, 0]),
        (["b", "?", "a", "a"], [4, 2, 3, 3, 1]),
        (["a"] * 5, [3] * 5),  # no room for an end
        ([], [1, 0, 0, 0, 0]),
    ):
        row = vocabulary.encode(tokens, 5)
        assert row.dtype == np.int32
        np.testing.assert_array_equal(row, ids)
    rows = vocabulary.encode_all([["a"], ["b", "b"]], 2)
    assert rows.dtype == np.int32
    np.testing.assert_array_equal(rows, [[3, 1], [4, 4]])
    assert vocabulary.encode_all([], 4).shape == (0, 4)


def test_too_long_a_sequence():
    vocabulary = Vocabulary.from_sequences(LINES)
    with pytest.raises(DataError, match=r"11 tokens, expected at most 10.*--max-length"):
        vocabulary.encode(LINES[0], 10)


def test_decode_stops_at_the_end():
    vocabulary = Vocabulary.from_sequences([["a", "a", "b"]])
    assert vocabulary.decode([3, 4, 1, 3]) == ["a", "b"]
    assert vocabulary.decode(np.array([4, 0, 3], np.int32)) == ["b"]
    assert vocabulary.decode([2, 3]) == ["<unk>", "a"]
    assert vocabulary.decode([1]) == vocabulary.decode([]) == []
    for number in (5, -1):
        with pytest.raises(DataError, match=f"no id {number}, expected 0 to 4"):
            vocabulary.decode([3, number])


@pytest.mark.parametrize(
    "ids, said",
    [
        ([[3, 4]], r"shape \(1, 2\)"),
        (3.0 * np.ones(2), "dtype float64"),
        ([3, 0.5], "dtype float64"),
        (["a"], "dtype <U1"),
        ([2**70], "dtype object"),
        ([True], "dtype bool"),
    ],
)
def test_only_ids_are_decoded(ids, said):
    vocabulary = Vocabulary.from_sequences([["a", "a", "b"]])
    with pytest.raises(DataError, match=f"{said}.* expected ids \\[T\\]"):
        vocabulary.decode(ids)


def test_a_text_is_no_list_of_tokens():
    vocabulary = Vocabulary.from_sequences([["a", "b"]])
    for call in (
        lambda: Vocabulary.from_sequences(["ab", "cd"]),
        lambda: vocabulary.encode("ab", 5),
        lambda: vocabulary.encode_all(["ab"], 5),
    ):
        with pytest.raises(DataError, match="the text 'ab', expected a list of tokens"):
            call()
    with pytest.raises(DataError, match="--max-length is 0, expected at least 1"):
        vocabulary.encode([], 0)


def test_words_spelled_like_reserved_tokens_have_their_own_ids():
    vocabulary = Vocabulary.from_sequences(LINES)
    row = vocabulary.encode(["<end>", "<pad>", "<unk>", "a"], 4)
    assert min(row) >= len(RESERVED)
    assert vocabulary.decode(row) == ["<end>", "<pad>", "<unk>", "a"]
    absent = Vocabulary.from_sequences([["a", "b"]])
    np.testing.assert_array_equal(absent.encode(["<end>", "<pad>"], 3), [UNKNOWN, UNKNOWN, END])


@pytest.mark.parametrize(
    "lines, arguments, message",
    [
        ([], {}, "no token, expected at least 2"),
        ([[]], {}, "no token"),
        ([["a", "a"]], {}, "the one token 'a', expected at least 2"),
        (LINES, {"min_count": 99}, "no token.*--min-count"),
        (LINES, {"min_count": 0}, "--min-count is 0, expected at least 1"),
        (LINES, {"max_size": 4}, "4 ids, expected at least 5"),
        (LINES, {"level": "line"}, "level is 'line', expected one of word, char"),
    ],
)
def test_vocabulary_of_too_little(lines, arguments, message):
    with pytest.raises(DataError, match=message) as caught:
        Vocabulary.from_sequences(lines, **arguments)
    assert len(str(caught.value).splitlines()) == 1


def test_frozen():
    with pytest.raises(FrozenInstanceError):
        Vocabulary.from_sequences(LINES).tokens = ()


@given(st.lists(st.lists(st.text(min_size=1)), min_size=1), st.integers(0, 3))
def test_every_sequence_comes_back(sequences, room):
    if len({token for sequence in sequences for token in sequence}) < 2:
        return
    vocabulary = Vocabulary.from_sequences(sequences)
    max_length = max(map(len, sequences)) + room
    rows = vocabulary.encode_all(sequences, max_length)
    assert [vocabulary.decode(row) for row in rows] == sequences
    assert UNKNOWN not in rows
    saved = json.loads(json.dumps(vocabulary.to_json()))
    assert Vocabulary.from_json(saved) == vocabulary


def test_what_is_saved():
    vocabulary = Vocabulary.from_sequences([["b", "b", "a"]], level="char", task="poems")
    assert vocabulary.to_json() == {
        "task": "poems",
        "level": "char",
        "size": 5,
        "tokens": ["<pad>", "<end>", "<unk>", "b", "a"],
    }


@pytest.mark.parametrize(
    "change, message",
    [
        ({"size": 6}, "5 tokens and the size 6"),
        ({"size": True}, "True as 'size'"),
        ({"level": "bar"}, "level is 'bar'"),
        ({"level": None}, "None as 'level'"),
        ({"task": 1}, "1 as 'task'"),
        ({"tokens": "abc"}, "'abc' as 'tokens'"),
        ({"tokens": [*RESERVED, "a", 5]}, "tokens that are not text"),
        ({"tokens": [*RESERVED, "a", ""]}, "tokens that are not text"),
        ({"tokens": [*RESERVED, "a", "a"]}, "'a' twice"),
        ({"tokens": ["a", *RESERVED, "b"]}, "reserved tokens first"),
        ({"tokens": [*RESERVED], "size": 3}, "no token"),
        # Half of a surrogate pair could not be printed.
        ({"tokens": [*RESERVED, "a", "\ud800"]}, "cannot be written as UTF-8"),
        ({"size": [[]]}, "list as 'size'"),
        ({"task": {"a": []}}, "dict as 'task'"),
        ({"level": "9" * 5000}, "level is '9{59}, expected"),
        ({"tokens": [*RESERVED, *["x" * 5000] * 2]}, "holds 'x{59} twice"),
        ({"tokens": ["x" * 5000, *RESERVED[1:], "a", "b"]}, r"starts with \['x{58}, expected"),
    ],
)
def test_damaged_file(change, message):
    saved = Vocabulary.from_sequences([["a", "b"]]).to_json() | change
    with pytest.raises(DataError, match=message) as caught:
        Vocabulary.from_json(saved)
    assert len(str(caught.value).splitlines()) == 1


def test_a_value_nested_too_deeply_to_be_shown_is_named_by_its_type():
    nested = []
    for _ in range(100_000):
        nested = [nested]
    saved = {"task": nested, "level": "word", "size": 5, "tokens": []}
    with pytest.raises(DataError, match="A vocabulary has list as 'task'"):
        Vocabulary.from_json(saved)


@pytest.mark.parametrize("tokens", [list(RESERVED), (*RESERVED, 5, 6), None, "<pad>"])
def test_tokens_are_a_tuple_of_texts(tokens):
    with pytest.raises(DataError, match="not a tuple of strings"):
        Vocabulary(tokens)


@pytest.mark.parametrize("saved", [None, [], "tokens", {}, {"size": 5000}])
def test_no_vocabulary_at_all(saved):
    with pytest.raises(DataError, match="export the generator again"):
        Vocabulary.from_json(saved)


@pytest.mark.parametrize(
    ("said", "tokens", "read"),
    [
        ({}, ("the", "river"), ["the", "river"]),  # of an older export, which does not say
        ({}, ("The", "river"), ["The", "River"]),
        ({"lowercase": False}, ("the", "river"), ["The", "River"]),
        ({"lowercase": True}, ("The", "river"), ["the", "river"]),
    ],
)
def test_lines_are_lower_cased_as_the_generator_has_learned_them(said, tokens, read):
    saved = {**Vocabulary((*RESERVED, *tokens)).to_json(), **said}
    assert LineCodec(saved).tokens("The River") == read
