"""What is said of the data when a run starts."""

import os

import pytest

from data.poems import load_poems
from data.speeches import load_speeches
from data.summary import summarize, too_few_known
from data.text import load_text

PARTS = ("train", "validation", "test")
MUSIC = {
    **{"corpus": "nottingham", "file": "tunes.zip", "files": 1034, "tunes": 900},
    **{"skipped": {"shorter than 32 steps": 34, "corrupt": 100}, "windows": 9000},
    **{"repeats_removed": 1234, "train": 6000, "validation": 700, "test": 1066},
}


@pytest.fixture
def write(tmp_path):
    def write(lines, name="lines.txt"):
        path = tmp_path / name
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return path

    return write


def without_spaces(signs, num=160):
    """Lines of some signs, no two equal."""
    numbers = (f"{k * 7919 % 10**6:06d}" for k in range(num))
    return ["".join(signs[int(digit)] for digit in number) for number in numbers]


def warnings(corpus):
    return [line for line in summarize(corpus.provenance) if line.startswith("warning: ")]


def test_counts_of_a_text(write):
    lines = [f"Line {k} of the text" for k in range(100)]
    path = write([*lines, lines[0], "", "", *(f"long {k} " * 20 for k in range(5))])
    assert summarize(load_text(path).provenance) == [
        "data: lines.txt: 108 lines read, 100 sequences used (training 85, validation 5, test 10); "
        "left out: 5 too long (--max-length, --truncate), 2 blank; repeats removed: 1; V 92, T 20; "
        "unknown tokens: validation 20.0 %, test 20.0 %"
    ]
    cut = summarize(load_text(path, truncate=True).provenance)[0]
    assert "left out: 2 blank; cut to T: 5 (--max-length); " in cut


def test_counts_of_speeches_and_poems(write):
    sentences = [f"This is number {k}. {'word ' * 30}{k}." for k in range(60)]
    said = summarize(load_speeches(write(sentences)).provenance)[0]
    assert "60 lines read, 60 sequences used" in said
    assert "left out: 60 too long (--max-length, --unit paragraphs); " in said
    poems = [
        f"{k:020d}".translate(str.maketrans("0123456789", "一二三四五六七八九十"))
        for k in range(50)
    ]
    path = write([*poems, "太短"], "poems.txt")
    said = summarize(load_poems(path, skip_malformed=True).provenance)[0]
    assert "left out: 1 malformed (--skip-malformed); " in said


def test_counts_of_published_parts_name_both_files():
    about = {"corpus": "news", "file": "a.txt", "test_file": "b.txt"}
    about |= {"train": 1, "validation": 2, "test": 3}
    assert summarize(about)[0].startswith("data: news (a.txt and b.txt): 6 lines read, ")


def test_unknown_tokens_are_told_of_each_part():
    about = {"train": 1, "validation": 2, "test": 3}
    about["unknown_share"] = {"train": 0.0, "validation": 0.125, "test": 0.25}
    assert summarize(about)[0].endswith("; unknown tokens: validation 12.5 %, test 25.0 %")


def test_counts_of_tunes():
    assert summarize(MUSIC) == [
        "data: nottingham (tunes.zip): 1,034 files read, 7,766 sequences used (training 6,000, "
        "validation 700, test 1,066); left out: 100 corrupt, 34 shorter than 32 steps; repeats "
        "removed: 1,234"
    ]
    assert not too_few_known(MUSIC, "test")


def test_of_no_data_nothing_is_said():
    assert summarize({}) == []


@pytest.mark.parametrize("load", [load_text, load_speeches, load_poems])
def test_the_samples_are_not_warned_of(load):
    corpus = load("sample")
    assert len(summarize(corpus.provenance)) == 1
    assert not any(too_few_known(corpus.provenance, part) for part in PARTS)


@pytest.mark.parametrize(
    "signs", ["春江花月夜山水风雨云", "あきみたいすがこはら", "กขคงจฉชซดต"], ids=["zh", "ja", "th"]
)
def test_a_text_without_spaces_is_warned_of(write, signs):
    path = write(without_spaces(signs))
    corpus = load_text(path)
    single, unknown = warnings(corpus)
    assert "100 % of the sequences are one token" in single and "needs --level char." in single
    assert "(validation 100 %, test 100 %)" in unknown and "--level char" in unknown
    assert [too_few_known(corpus.provenance, part) for part in PARTS] == [False, True, True]
    assert warnings(load_text(path, level="char")) == []
    assert "--level char of train_text.py" in warnings(load_speeches(path))[0]


def test_one_token_of_two_is_not_most(write):
    lines = [f"w{k % 90}{' of it' * (k % 2)} " + "s" * (k // 90) for k in range(100)]
    corpus = load_text(write(lines))
    assert corpus.provenance["single_token_share"] < 0.5
    assert not any("one token" in warning for warning in warnings(corpus))


@pytest.mark.parametrize(
    "options, said",
    [
        ({}, "give --level char or more text."),
        ({"min_count": 2}, "give --level char or a --min-count below 2 or more text."),
        ({"max_vocab": 5}, "give --level char or a --max-vocab above 5 or more text."),
    ],
)
def test_parts_of_unknown_words_are_warned_of(write, options, said):
    path = write(" ".join(f"u{5 * k + place}" for place in range(5)) + " the a" for k in range(99))
    corpus = load_text(path, **options)
    assert [too_few_known(corpus.provenance, part) for part in PARTS[1:]] == [True, True]
    (warning,) = warnings(corpus)
    assert "validation 71 %, test 71 %)" in warning and warning.endswith(said)


def test_half_of_the_words_known_is_enough(write):
    corpus = load_text(write(f"u{k} the" for k in range(99)))
    assert corpus.provenance["unknown_share"]["test"] == 0.5
    assert not too_few_known(corpus.provenance, "test") and warnings(corpus) == []


def test_lines_that_are_mostly_too_long_are_warned_of(write):
    lines = [f"{'a ' * (40 + k % 3)}{k}" for k in range(100)] + [f"b {k}" for k in range(40)]
    (warning,) = warnings(load_text(write(lines)))
    assert "100 of 140 sequences have more than --max-length 20 tokens" in warning
    assert "--max-length 43 keeps nearly all, --truncate keeps a part of each." in warning
    longer = [f"{'a ' * 400}{k}" for k in range(100)] + [f"b {k}" for k in range(40)]
    (warning,) = warnings(load_text(write(longer)))
    assert "left out: --truncate keeps a part of each." in warning
    assert warnings(load_text(write(lines), max_length=43)) == []


def test_tables_are_warned_of(write):
    path = write(["id,text", *(f"{k},word {k}" for k in range(60))], "a.csv")
    warning = warnings(load_text(path))[0]
    assert "a.csv looks like CSV with the columns id, text, but its lines" in warning
    assert "--column NAME reads one column." in warning
    assert "--column NAME of train_text.py" in warnings(load_speeches(path))[0]
    assert not any("CSV" in warning for warning in warnings(load_text(path, column="text")))


def test_odd_names_can_be_printed(write):
    path = write((f"line {k}" for k in range(60)), os.fsdecode(b"caf\xe9\x1b[2J\n.txt"))
    (line,) = summarize(load_text(path).provenance)
    assert line.encode() and line.isprintable()
    assert r"caf\udce9\x1b[2J\n.txt" in line
