"""Sentences of Python's own documentation: what is prose, and the corpus made of it."""

from collections import Counter

import pytest

from data import python_docs
from data.corpus_files import corpus_file, corpus_length, input_digests, is_here, origin
from data.python_docs import MAX_LENGTH, python_sentences, topic_texts, topics_file
from data.text import load_text
from files.errors import DataError
from files.hashing import sha256

TOPIC = """\
The "for" statement
*******************

The "for" statement is used to iterate over the elements of a sequence
(such as a string, tuple or list).  Names like "str.index()" are quote-
delimited, see *iterable object* and **PEP 570** for details. [1]

   for_stmt ::= "for" target_list "in" starred_list ":" suite

   >>> for i in range(10): a prompt is a line of code.

+-------------------+
| A table has cells and is not a sentence. |
+-------------------+

Integers ("int")
   These represent numbers in an unlimited range. The expression x[0] is
   left out with its sentence.

* An item of a list is one of the sentences too.

Changed in version 3.11: Starred elements are now allowed here.

Too few words.
"""


def test_sentences_by_hand():
    counts = Counter()
    assert list(python_sentences({"for": TOPIC}, counts)) == [
        "The for statement is used to iterate over the elements of a sequence (such as a string, "
        "tuple or list).",
        "Names like str.index are quote-delimited, see iterable object and PEP 570 for details.",
        "These represent numbers in an unlimited range.",
        "An item of a list is one of the sentences too.",
        "Starred elements are now allowed here.",
    ]
    assert counts == {"lines": 7, "with symbols": 2}


def test_five_words_are_enough_and_topics_keep_their_order():
    texts = {"b": "Five words are a sentence.", "a": "An earlier topic comes second here."}
    texts["c"] = "Four words are not."
    counts = Counter()
    assert list(python_sentences(texts, counts)) == [texts["b"], texts["a"]]
    assert counts == {"lines": 3, "with symbols": 1}


def test_this_python_has_enough_of_them():
    sentences = list(python_sentences(topic_texts()))
    assert len(sentences) > 500
    for sentence in sentences:
        assert sentence[0].isupper() and sentence[-1] in ".!?"
        assert not set(sentence) & set('"*[]{}<>=`|')


def test_the_corpus_python():
    corpus = load_text("python", lowercase=True)
    assert corpus.max_length == MAX_LENGTH == corpus_length("python", 20)
    assert len(corpus.train) > 300 and corpus.vocabulary.level == "word"
    assert input_digests(corpus.provenance) == {"corpus": sha256(topics_file())}
    assert corpus.provenance["skipped"]["with symbols"] > 0
    assert "looks_like" not in corpus.provenance
    letters = load_text("python", level="char", max_length=200)
    assert letters.vocabulary.size < 200
    assert is_here("python")


def test_it_is_a_corpus_of_text_alone(tmp_path, monkeypatch):
    with pytest.raises(DataError, match="expected sample, poems or the path"):
        corpus_file("python", "poems")
    with pytest.raises(DataError, match="expected sample, python, poems, speeches"):
        corpus_file("pyton", "text")
    # A file of that name is ./python, and on other tasks the name is a path.
    monkeypatch.chdir(tmp_path)
    (tmp_path / "python").write_text("a b\n")
    path = corpus_file("python", "poems")
    assert origin("python", path)["corpus"] == "your own file"
    assert corpus_file("./python", "text") == tmp_path.relative_to(tmp_path) / "python"


def test_a_python_without_the_topics_is_refused_in_one_line(monkeypatch):
    monkeypatch.setattr(python_docs, "_MODULE", "pydoc_data.no_topics")
    with pytest.raises(DataError, match="is not installed: install all of the standard library"):
        load_text("python")
