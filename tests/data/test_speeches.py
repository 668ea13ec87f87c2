"""Speeches: what a line becomes, sentences and paragraphs."""

from collections import Counter

import pytest

from data.speeches import load_speeches, read_speeches
from data.text import to_text
from files.errors import DataError

SPEECH = """My fellow citizens: I stand here today. Are we ready?
   
     12
“Yes,” they said \u00ad\u00ad yes, we\u00ad are – in the U.S. and cafe\u0301s!
"""


@pytest.fixture
def speech(tmp_path):
    path = tmp_path / "speech.txt"
    path.write_text(SPEECH, encoding="utf-8")
    return path


def test_sentences_of_a_speech(speech):
    counts = Counter()
    assert [" ".join(tokens) for tokens in read_speeches(speech, counts=counts)] == [
        "my fellow citizens : i stand here today .",
        "are we ready ?",
        "`` yes , '' they said -- yes , we are – in the u.s. and cafés !",
    ]
    assert counts == {"lines": 4, "blank": 1, "without letters": 1}


def test_paragraphs_and_case(speech):
    first, second = read_speeches(speech, "paragraphs", lowercase=False)
    assert " ".join(first) == "My fellow citizens : I stand here today . Are we ready ?"
    assert second[-3:] == ["and", "cafés", "!"]
    assert to_text(second, "word") == '"Yes," they said -- yes, we are – in the U.S. and cafés!'


def test_unknown_unit(speech):
    with pytest.raises(DataError, match="unit is 'lines', expected one of sentences, paragraphs"):
        list(read_speeches(speech, "lines"))


def test_load_speeches(tmp_path):
    path = tmp_path / "speech.txt"
    long = "word " * 30
    path.write_text(
        "".join(f"This is number {k}. It is not {k % 3}. {long}{k}.\n" for k in range(100)),
        encoding="utf-8",
    )
    corpus = load_speeches(path)
    provenance = corpus.provenance
    assert (corpus.max_length, corpus.fixed_length) == (20, False)
    assert provenance["sequences"] == 300
    assert provenance["skipped"] == {"too long": 100}
    assert (provenance["repeats"], provenance["unit"]) == (97, "sentences")
    assert [provenance[part] for part in ("train", "validation", "test")] == [88, 5, 10]
    assert (corpus.vocabulary.level, corpus.vocabulary.task) == ("word", "speeches")

    whole = load_speeches(path, unit="paragraphs", max_vocab=9).provenance
    assert (whole["sequences"], whole["truncated"], whole["skipped"]) == (100, 100, {})
    assert whole["vocabulary"] == 9


def test_empty_speech(tmp_path):
    path = tmp_path / "speech.txt"
    path.write_text("\n 1 \n", encoding="utf-8")
    with pytest.raises(DataError, match="holds no sequence"):
        load_speeches(path)
