"""Words and characters of a file, and text back from them."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nltk.tokenize import NLTKWordTokenizer

from data import text as text_module
from data.text import (
    detokenize,
    load_text,
    read_text,
    sentences,
    to_text,
    words,
)
from files.errors import DataError
from tests.helpers import failure

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def write(tmp_path):
    def write(content):
        path = tmp_path / "corpus.txt"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


# Words.


@pytest.mark.parametrize(
    "text, tokens",
    [
        ("", ""),
        (" \t\u00a0", ""),
        ("Hello, world.", "Hello , world ."),
        ("one. two. three", "one . two . three"),
        ("We’ve “said” it.", "We 've `` said '' it ."),
        ('She said "no."', "She said `` no . ''"),
        ("Mr. Obama left the U.S. at 5 p.m. today.", "Mr. Obama left the U.S. at 5 p.m. today ."),
        ("(the U.S.)", "( the U.S. )"),
        ("George W. and I. Then a. b.", "George W. and I . Then a . b."),
        ("can't cannot CANNOT gonna", "ca n't can not CAN NOT gon na"),
        ("Wait... what?! -- no--never", "Wait ... what ? ! -- no -- never"),
        ("$5.50 for 10,000 at 5:30; 3%", "$ 5.50 for 10,000 at 5:30 ; 3 %"),
        ("workers' rock 'n' roll", "workers ' rock 'n ' roll"),
        ("诗。word", "诗。word"),
    ],
)
def test_words(text, tokens):
    assert words(text) == tokens.split()


@pytest.mark.parametrize(
    "text",
    [
        "We've said \"hello\" to them (and others) -- didn't we?",
        "it's $5.50; 10,000 of them & more: [sic] {x} <y> #1 @home 50% off!",
        "'tis the '90s, y'all've known; o'clock 'quoted' words'",
        "«Oui», dit-il – «non»… „ja“ ``so''",
        "e-mail me: a_b@c.org, or http://x.org/?q=1,2 etc",
        "more'n 'twas lemme gimme gotta wanna go x2 3rd Ünïcode cannot2",
    ],
)
def test_words_are_those_of_nltk(text):
    assert words(text) == NLTKWordTokenizer().tokenize(text.replace("“", '"').replace("”", '"'))


# Every character that a rule looks at, and words that are cut.
TEXTS = st.lists(
    st.one_of(
        st.sampled_from(list("abistANI1.,'\"`-()[]{}<>:;?!$%&#@/\\*_ \u00a0\t‘’“”«»„…–é诗")),
        st.sampled_from([*"Mr. U.S. p.m. can't CANNOT gonna 'tis '' `` ... -- 's n't".split()]),
        st.just(" "),
        st.characters(exclude_characters="\n\0", exclude_categories=["Cs"]),
    ),
    max_size=20,
).map("".join)


@given(TEXTS)
def test_words_come_back_from_their_text(text):
    tokens = words(text)
    assert words(detokenize(tokens)) == tokens
    assert not any(token.isspace() or not token for token in tokens)


@given(TEXTS, st.randoms(use_true_random=False))
def test_words_in_any_order_come_back(text, random):
    tokens = words(text)
    random.shuffle(tokens)
    assert words(detokenize(tokens)) == tokens
    assert words(" ".join(tokens)) == tokens


@given(st.lists(TEXTS, max_size=4))
def test_words_of_the_parts_are_words_of_the_whole(texts):
    assert words(" ".join(texts)) == [word for text in texts for word in words(text)]


@pytest.mark.parametrize("unit", ["'s", "'ll", "$", "a!", "(", ".'s"])
def test_what_is_too_long_for_a_word_is_one_token(unit):
    # NLTK reads it whole for each ending that it cuts off, in time that grows with the square.
    text = "x" + unit * 300
    assert words(f"so {text} it goes.") == ["so", text, "it", "goes", "."]
    assert words(detokenize(["so", text, ",", text])) == ["so", text, ",", text]
    fits = ("x" + unit * 300)[:256]
    assert len(words(fits)) > 50


def test_equal_parts_are_cut_once(monkeypatch):
    cut = []

    class Tokenizer:
        def tokenize(self, text):
            cut.append(text)
            return NLTKWordTokenizer().tokenize(text)

    text_module._words_of_part.cache_clear()
    text_module._cut.cache_clear()
    monkeypatch.setattr(text_module, "_tokenizer", Tokenizer)
    assert words("!" * 250) == ["!"] * 250
    assert cut == ["!" * 250 + " .", "! ."]


@pytest.mark.parametrize(
    "text",
    [
        "Hello, world. We've said \"hello\" to them (and others) -- didn't we?",
        "I cannot go to the U.S. at 5 p.m. for $5.50; it's 50% off... isn't it?!",
        '"No," he said. "Not at 5:30." They\'re gonna lose [sic] workers\' rights.',
        "a man riding a wave on top of a surfboard",
    ],
)
def test_text_is_written_as_a_person_would(text):
    assert detokenize(words(text)) == text
    assert detokenize(words(text.lower())) == text.lower()


def test_text_of_what_no_text_has():
    assert detokenize(["the", "<unk>", ",", "ca", "n't"]) == "the <unk>, can't"
    assert detokenize([]) == ""
    # "x .." would be written "x..", which has other words.
    assert detokenize(["x", ".", "."]) == "x . ."


def test_sentences():
    text = 'One. Two? "Three!" (Four.) Mr. U.S. five?! Six -- and'
    cut = [" ".join(sentence) for sentence in sentences(words(text))]
    assert cut == [
        "One .",
        "Two ?",
        "`` Three ! ''",
        "( Four . )",
        "Mr. U.S. five ? !",
        "Six -- and",
    ]
    assert list(sentences([])) == []


@pytest.mark.parametrize("closing", ["''", "'", ")", "]", "}"])
def test_what_closes_belongs_to_the_sentence_that_it_ends(closing):
    assert list(sentences(["a", ".", closing, "b"])) == [["a", ".", closing], ["b"]]


@given(TEXTS)
def test_sentences_are_the_text(text):
    tokens = words(text)
    cut = list(sentences(tokens))
    assert [token for sentence in cut for token in sentence] == tokens
    assert all(cut)


# Sequences.


def test_read_words_and_characters(write):
    path = write("Hello, you.\n\n  \nA b \n")
    counts = Counter()
    assert list(read_text(path, "word", counts=counts)) == [
        ["Hello", ",", "you", "."],
        ["A", "b"],
    ]
    assert counts == {"lines": 4, "blank": 2}
    assert list(read_text(path, "char")) == [list("Hello, you."), list("A b ")]
    assert list(read_text(path, "word", lowercase=True))[1] == ["a", "b"]
    assert "--level is 'line', expected one of word, char" in failure(list, read_text(path, "line"))


@given(st.text(st.characters(exclude_characters="\n\0", exclude_categories=["Cs"])))
def test_characters_come_back(line):
    tokens = list(line)
    assert to_text(tokens, "char") == line


def test_characters_of_a_file_come_back(write):
    lines = ["  two  spaces ", "naïve – “quotes”", "春雨过江村，", "a\tb", "é", "e\u0316"]
    path = write("".join(f"{line}\n" for line in lines))
    assert [to_text(tokens, "char") for tokens in read_text(path, "char")] == lines


LINES = [f"Line {k} of the text, no. {k % 7}." for k in range(100)]


def test_load_text(write):
    path = write("\n".join([*LINES, "", LINES[0], "too long " * 20]))
    corpus = load_text(str(path), max_length=12)
    assert [len(corpus.train), len(corpus.validation), len(corpus.test)] == [85, 5, 10]
    assert corpus.provenance["skipped"] == {"blank": 1, "too long": 1}
    assert (corpus.provenance["lines"], corpus.provenance["repeats"]) == (103, 1)
    assert (corpus.provenance["file"], corpus.provenance["lowercase"]) == ("corpus.txt", False)
    assert "not the paper's data" in corpus.provenance["note"]
    assert (corpus.vocabulary.level, corpus.vocabulary.task) == ("word", "text")
    texts = {to_text(corpus.vocabulary.decode(row), "word") for row in corpus.train}
    assert len(texts & {line for line in LINES}) == 85

    lower = load_text(path, max_length=12, lowercase=True)
    assert "line" in lower.vocabulary.tokens and "Line" not in lower.vocabulary.tokens
    cut = load_text(path, max_length=12, truncate=True)
    assert cut.provenance["truncated"] == 1 and "too long" not in cut.provenance["skipped"]
    letters = load_text(path, level="char", max_length=40, min_count=50)
    assert letters.vocabulary.level == "char"
    assert set(map(len, letters.vocabulary.tokens[3:])) == {1}
    assert letters.provenance["unknown_share"]["train"] > 0


@pytest.mark.parametrize(
    "content, options, message",
    [
        (
            "",
            {},
            "holds no sequence, expected one a line, and at least 6 different sequences: give",
        ),
        ("\n \n", {}, r"holds no sequence, .*: give more text \(left out: 2 blank\)"),
        ("only one line\n", {}, "1 different sequence that can be used, expected at least 6"),
        ("the same line\n" * 9, {}, r"\(left out: 8 repeats\).*: give more different lines"),
        ("one two\nthree\n" * 3, {}, "2 different sequences .*: give more different lines"),
        (
            "".join(f"{'b ' * k}a\n" for k in range(9)),
            {"max_length": 3},
            r"3 different .*\(left out: 6 too long\).* --max-length 9, which keeps 9 of 9, or --trunc",
        ),
        (
            "".join(f"{'b ' * (300 + k)}\n" for k in range(9)),
            {},
            "lines longer than --max-length 20 are left out: give --truncate",
        ),
        (
            "word " * 803,
            {},
            "left out: 1 too long.*: break the text into more lines, one sequence of",
        ),
        (
            "".join(f"same {k}\n" for k in range(9)),
            {"max_length": 1, "truncate": True},
            "1 different .*: give a larger --max-length, so that fewer are equal",
        ),
        ("word " * 803, {"truncate": True}, "1 different .*: break the text into more lines"),
        (
            "".join("a" * k + "\n" for k in range(9)),
            {"level": "char"},
            "the one token 'a', expected",
        ),
        (
            "\n".join(LINES),
            {"min_count": 1000},
            "1000 leaves no token .* give at most --min-count 85",
        ),
        (
            "id,text\n" + "".join(f"{k},a\n" for k in range(4)),
            {},
            "looks like CSV: .*--column, of id",
        ),
        ("\n".join(LINES), {"level": "bytes"}, "--level is 'bytes'"),
        (b"caf\xe9\n", {}, "byte 0xe9 at offset 3, in line 1"),
    ],
)
def test_unusable_file(write, content, options, message):
    path = write(content)
    with pytest.raises(DataError, match=message) as caught:
        load_text(path, **options)
    assert len(str(caught.value).splitlines()) == 1
    assert str(path) in str(caught.value) or "--level" in str(caught.value)


@pytest.mark.slow
@pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="reads the peak memory from /proc"
)
def test_memory_grows_by_less_than_four_bytes_a_byte(tmp_path):
    """So that 1 GB of text needs less than 4 GB."""
    random = np.random.default_rng(0)
    lines = [" ".join(map(str, row)) for row in random.integers(1000, 3000, [1000, 10])]
    path = tmp_path / "large.txt"
    with open(path, "w", encoding="utf-8") as file:
        for k in range(240):  # no line twice
            file.writelines(f"{k} {line}\n" for line in lines)
    code = f"""
import pathlib, re
from data.text import load_text
def peak():  # of this program alone, unlike what getrusage says of one started by a larger one
    return int(re.search(r"VmHWM:\\s*(\\d+)", pathlib.Path("/proc/self/status").read_text())[1])
load_text("sample")
before = peak()
corpus = load_text({str(path)!r}, max_length=20)
print(len(corpus.train), (peak() - before) * 1024)
"""
    printed = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, check=True, timeout=120
    ).stdout
    num, grown = map(int, printed.split())
    assert num == 204_000
    assert grown < 4 * path.stat().st_size


def test_published_parts_are_read_alike_and_counted_together(tmp_path, monkeypatch):
    paths = {"coco": tmp_path / "train.txt", "coco-test": tmp_path / "test.txt"}
    paths["coco"].write_text("".join(f"The train {k % 9} {k}\n" for k in range(60)) + "\n")
    paths["coco-test"].write_text("".join(f"THE Train {k}\n" for k in range(4)) + "\n\n")
    monkeypatch.setattr(text_module, "corpus_file", lambda name, task: paths[name])
    corpus = load_text("coco", max_length=6, lowercase=True, max_vocab=9)
    the, train = corpus.vocabulary.ids(["the", "train"])
    assert corpus.vocabulary.size == 9 and min(the, train) > 2
    for part in (corpus.train, corpus.validation, corpus.test):
        np.testing.assert_array_equal(part[:, :2], [[the, train]] * len(part))
    assert len(corpus.test) == 4
    assert corpus.provenance["lines"] == 67 and corpus.provenance["skipped"] == {"blank": 3}
    assert [corpus.provenance[name] for name in ("file", "test_file")] == ["train.txt", "test.txt"]
