"""The tokenizers in the graph against those in Python: literal cases, random text, and all corpora."""

import functools
import itertools
import random

import numpy as np
import pytest
import tensorflow as tf

from data.line_codec import LineCodec
from data.lines import read_lines
from data.poems import read_poems
from data.text import words
from data.text_rules import text_rules
from data.vocabulary import RESERVED, Vocabulary
from models.text_graph import TextGraph
from tests.helpers import data_file

ROWS = 2000


class Both:
    """A vocabulary's tokenizers: in the graph, and in Python."""

    def __init__(self, tokens, level="word", task="text", lowercase=False):
        saved = {"tokens": [*RESERVED, *tokens], "level": level, "task": task}
        saved |= {"size": len(tokens) + len(RESERVED), "lowercase": lowercase}
        self.codec = LineCodec(saved)
        self.graph = TextGraph(**text_rules(saved))
        spec = [tf.TensorSpec([None], tf.string)]
        self._tokens = tf.function(self.graph.tokens, input_signature=spec, autograph=False)

        @functools.cache
        def of_length(length):
            spec = [tf.TensorSpec([None, length], tf.int32)]
            return tf.function(self.graph.text, input_signature=spec, autograph=False)

        self._text = of_length

    def check_tokens(self, lines, expected=None):
        """Returns the tokens, for lines whose accents are composed."""
        if expected is None:
            expected = [self.codec.tokens(line) for line in lines]
        found = self._tokens(tf.constant([line.encode() for line in lines]))
        joined = tf.strings.reduce_join(found, axis=1, separator="\x1f").numpy()
        for line, row, tokens in zip(lines, joined, expected, strict=True):
            assert row.decode() == "\x1f".join(tokens), line
        ids = self.graph.ids(found)
        numbers = [self.codec.ids(row) for row in expected]
        np.testing.assert_array_equal(ids.flat_values, np.concatenate(numbers))
        return expected

    def check_text(self, sequences, length):
        rows = np.zeros([len(sequences), length], np.int32)
        for row, tokens in zip(rows, sequences, strict=True):
            row[: len(tokens)] = self.codec.ids(tokens)
            row[len(tokens) : len(tokens) + 1] = 1
        written = [text.decode() for text in self._text(length)(tf.constant(rows)).numpy()]
        assert written == [self.codec.text(row).removesuffix("\n") for row in rows]


@pytest.fixture(scope="module")
def few_words():
    text = "The river can not run . `` Hello '' ( it 's ' ) $ 't is #5 n't gon na “ … :"
    return Both(list(dict.fromkeys(text.split())))


HARD = [
    "Mr. Smith's U.S. visit, i.e. a trip: 3.5 km, 1,000 people... it ended.",
    "\"Hello\", she said; 'tis the '90s -- don't!",
    "cannot gonna d'ye lemme more'n wanna 'Twas gimme gotta Cannot's",
    "I can't; we've they're he'll o'clock 'em rock'n'roll 's 'S 'ſ U.S.'ſ",
    "(a) [b] {c} <d> a/b a_b #tag @me 50% $5 & * ?! x.y z. é. i. a. b.",
    "“curly” ‘single’ «guillemets» „low“ … — – a–b it’s",
    "²½ '² x²'s Ⓐ'Ⓑ क्'त 山水 山. 「山」 🙂 a🙂b",
    "tab\there\u3000wide\u00a0space\x85next\x1fsep",
    "x" * 256 + ". " + "y" * 257 + ". " + "'z" * 100,
    "<pad> <end> <unk> ``quoted'' ''again``",
    ".",
    "'",
    "''''",
    "...",
    "a...b",
    ". . .",
]


def test_words_of_hard_cases(few_words):
    few_words.check_text(few_words.check_tokens(HARD), 130)


def test_words_of_random_text(few_words):
    draw = random.Random(1)
    pieces = [*"aAits.,:'\"`()-?!$&@;*«»’“ …—19é山ſ²_Ⓐ", "cannot", "'tis", "'re", "'s", "n't"]
    pieces += ["gonna", "d'ye", "wanna", "more'n", "...", "--", "``", "''", "Mr.", "U.S.", " ", " "]
    lines = ["".join(draw.choices(pieces, k=draw.randint(1, 14))) + "x" for _ in range(1500)]
    few_words.check_tokens(lines)


def test_text_of_all_pairs_of_words(few_words):
    """What is glued, and where a pretty text would have other words."""
    tokens = few_words.codec.vocabulary.tokens[2:]
    few_words.check_text(list(itertools.product(tokens, repeat=2)), 4)


def test_lower_case_characters_and_poems():
    Both(["the", "é", "über"], lowercase=True).check_tokens(["The É ÜBER ΑΣ İx The’s"])
    characters = Both([*" abé.'"], "char")
    lines = ["a b.", " ab ", "bé'a", "bÉ🙂", "\t"]
    characters.check_text(characters.check_tokens(lines), 6)
    poems = Both([*"春雨山水"], "char", "poems")
    poem = "春雨山水春，雨山水春雨。山水春雨山，水春雨山春。"
    (tokens,) = poems.check_tokens([poem])
    assert len(tokens) == 20
    poems.check_tokens([" 春 雨\u3000山,水.春", "春「雨」!"])
    for length in (20, 28):
        poems.check_text([("春雨山水" * 7)[:length]], length)


def test_what_is_no_utf8_is_refused(few_words):
    for raw in (b"caf\xe9", b"\xff", b"\xed\xa0\x80"):
        with pytest.raises(
            tf.errors.InvalidArgumentError, match=r"`text` or `prefixes` hold .* UTF-8;"
        ):
            few_words._tokens(tf.constant([b"good", raw]))


def lines_of(name):
    return [line for _, line in read_lines(data_file(name)) if line.strip()]


def check_all(both, lines, expected):
    length = max(map(len, expected)) + 1
    for start in range(0, len(lines), ROWS):
        rows = expected[start : start + ROWS]
        both.check_tokens(lines[start : start + ROWS], rows)
        both.check_text(rows, length)


OBAMA = ["obama_excerpt.txt", "obama_paragraphs.txt"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [*(f"{name}_{part}.txt" for name in ("coco", "news") for part in ("train", "test")), *OBAMA],
)
def test_all_lines_of_a_corpus_as_words(name):
    lines = lines_of(name)
    lowercase = name.startswith("obama")
    expected = [words(line.lower() if lowercase else line) for line in lines]
    vocabulary = Vocabulary.from_sequences(expected, min_count=2)  # so that some are unknown
    check_all(Both(vocabulary.tokens[3:], lowercase=lowercase), lines, expected)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["coco_train.txt", "news_train.txt", "obama_excerpt.txt"])
def test_all_lines_of_a_corpus_as_characters(name):
    lines = lines_of(name)
    expected = [list(line) for line in lines]
    vocabulary = Vocabulary.from_sequences(expected, min_count=5, level="char")
    check_all(Both(vocabulary.tokens[3:], "char"), lines, expected)


@pytest.mark.slow
def test_all_quatrains():
    path = data_file("quatrains.txt")
    expected = list(read_poems(path))
    vocabulary = Vocabulary.from_sequences(expected, level="char", task="poems")
    both = Both(vocabulary.tokens[3:], "char", "poems")
    lines = lines_of("quatrains.txt")
    for start in range(0, len(lines), ROWS):
        rows = both.check_tokens(lines[start : start + ROWS], expected[start : start + ROWS])
        both.check_text(rows, 20)
