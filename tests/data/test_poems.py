"""Quatrains: the forms of a line, malformed ones, and four lines back from the characters."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.poems import format_poem, load_poems, poem_length, read_poems
from tests.helpers import failure

POEM = "春雨过江村，新烟绕竹门。老翁闲煮酒，邻火照黄昏。"
BARE = "春雨过江村新烟绕竹门老翁闲煮酒邻火照黄昏"
SEVEN = "朝辞白帝彩云间，千里江陵一日还。两岸猿声啼不住，轻舟已过万重山。"


def many(num, form=5):
    """Different quatrains of a few characters."""
    signs = "一二三四五六七八九十"
    return ["".join(signs[int(sign)] for sign in f"{k:0{4 * form}d}") for k in range(num)]


@pytest.fixture
def write(tmp_path):
    def write(*lines):
        path = tmp_path / "poems.txt"
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize(
    "line",
    [
        POEM,
        BARE,
        " ".join(POEM) + " ",  # as the published file has it
        "\u3000" + BARE + "\t",
        POEM.replace("，", ",").replace("。", "."),
        POEM.replace("，", "？").replace("。", "！"),
    ],
)
def test_forms_of_a_line(write, line):
    assert list(read_poems(write(line))) == [list(BARE)]
    assert poem_length(write(line)) == 20
    assert format_poem(list(BARE)).replace("\n", "") == POEM


def test_seven_characters_a_line(write):
    path = write(SEVEN, SEVEN.replace("，", "").replace("。", ""))
    assert poem_length(path) == 28
    first, second = read_poems(path, 28)
    assert first == second
    assert format_poem(first) == SEVEN.replace("，", "，\n").replace("。", "。\n").strip()


@given(
    st.sampled_from([20, 28]).flatmap(
        lambda length: st.lists(
            st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF),
            min_size=length,
            max_size=length,
        )
    )
)
def test_characters_come_back_from_four_lines(tmp_path_factory, characters):
    text = format_poem(characters)
    assert len(text.splitlines()) == 4
    path = tmp_path_factory.getbasetemp() / "poem.txt"
    path.write_text(text.replace("\n", ""), encoding="utf-8")
    assert list(read_poems(path, len(characters))) == [characters]


def test_format_poem():
    assert format_poem(BARE) == "春雨过江村，\n新烟绕竹门。\n老翁闲煮酒，\n邻火照黄昏。"
    assert format_poem(["<unk>", *BARE[1:]]).startswith("<unk>雨过江村，\n")
    for length in (0, 5, 19, 21, 24):
        assert f"{length} characters, expected 20 or 28" in failure(format_poem, "一" * length)


@pytest.mark.parametrize(
    "line, length",
    [
        (BARE[:-1], 19),
        (BARE + "一", 21),
        (POEM[:-1], 23),  # the last mark is missing
        (POEM + "。", 25),
        (BARE[:15], 15),
        ("，" + POEM[:-1], 24),  # marks in other places
        (BARE[:19] + "。", 20),
        (BARE + "，。，。", 24),
        ("。", 1),
    ],
)
def test_malformed_line(write, line, length):
    path = write(POEM, "", line, BARE)
    message = failure(list, read_poems(path))
    assert f"{path} has in line 3 a poem of {length} characters" in message
    assert "expected 4 lines of 5 characters, or 4 of 7" in message
    assert "--skip-malformed" in message
    counts = Counter()
    poems = list(read_poems(path, skip_malformed=True, counts=counts))
    assert poems == [list(BARE)] * 2
    assert counts == {"lines": 4, "blank": 1, "malformed": 1}


def test_poem_of_the_other_form(write):
    path = write(BARE, SEVEN, POEM)
    assert poem_length(path) == 20
    message = failure(list, read_poems(path))
    assert "in line 2 a poem of 32 characters" in message
    assert "(5 in each of the other poems)" in message
    assert len(list(read_poems(path, skip_malformed=True))) == 2
    assert poem_length(write(BARE, SEVEN, SEVEN)) == 28


def test_file_without_a_quatrain(write):
    message = failure(poem_length, write("", "hello", BARE[:-1]))
    assert "in line 2 a poem of 5 characters" in message
    assert "put one quatrain on each line" in message
    assert "--skip-malformed" not in message  # would leave nothing
    for path in (write(), write("", " ")):
        assert f"{path} holds no line, expected a quatrain" in failure(poem_length, path)


def test_load_poems(write):
    lines = many(100)
    corpus = load_poems(write(*lines, lines[3], ""))
    assert [len(corpus.train), len(corpus.validation), len(corpus.test)] == [90, 5, 5]
    assert (corpus.max_length, corpus.fixed_length) == (20, True)
    assert corpus.provenance["repeats"] == 1
    assert corpus.provenance["skipped"] == {"blank": 1}
    assert (corpus.vocabulary.level, corpus.vocabulary.task) == ("char", "poems")
    assert corpus.train.min() > 2
    texts = ["".join(corpus.vocabulary.decode(row)) for row in corpus.train]
    assert len(set(texts) & set(lines)) == 90
    assert load_poems(write(*many(50, 7))).max_length == 28


def test_load_poems_with_malformed_ones(write):
    path = write(*many(50), BARE[:-1], SEVEN)
    assert "in line 51" in failure(load_poems, path)
    corpus = load_poems(path, skip_malformed=True)
    assert corpus.provenance["skipped"] == {"malformed": 2}
    assert corpus.provenance["lines"] == 52
    assert "1 different sequence that can be used" in failure(load_poems, write(POEM))
    assert "2 different sequences" in failure(load_poems, write(POEM, BARE, *many(1)))
    assert "5 different sequences" in failure(load_poems, write(*many(5)))
    few = load_poems(write(*many(30)))
    assert [len(few.train), len(few.validation), len(few.test)] == [26, 2, 2]
    assert len(load_poems(write(*many(6))).train) == 2
