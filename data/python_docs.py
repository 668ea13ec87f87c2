"""The language reference that every Python contains, as sentences: a corpus without a download.

`help("for")` prints topics of the module `pydoc_data.topics` of the standard library. Its text is that of
the running Python, so another version of Python gives another corpus.
"""

import importlib
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from files.errors import DataError

NAME = "python"  # of `--corpus`
MAX_LENGTH = 24  # T that holds most of its sentences
_MODULE = "pydoc_data.topics"

# A paragraph with one of these lines is a heading, a table, a grammar rule or program code.
_NOT_PROSE = re.compile(
    r"^\s*([*=~^\"'#+|:-])\1{2,}|::=|^\s*[+|]|>>>|^\s*(\.\. |#|@|def |class )", re.M
)
_ITEM = re.compile(r"^([*+-]|\d+\.|(Note|Warning|See also|(Changed|New) in version [\d.]+):)\s+")
# A term and, in the next line and indented further, what it means.
_TERM = re.compile(r"^( *)(?![*+-] |\d+\. )\S.*\n(?=\1 +\S)")
_FOOTNOTE = re.compile(r"\s+\[\d+\]")
_MARKED = re.compile(r'"([^"]*)"|\*\*([^*]+)\*\*|\*([^*]+)\*')  # code, strong, emphasis
_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")
# Words, names, numbers and the marks of plain text, from a capital letter to a period.
_SENTENCE = re.compile(r"[A-Z]([A-Za-z0-9_ ,;:()'-]|\.(?=\w))*[.!?]")
_PLAIN = str.maketrans({"‘": "'", "’": "'", "“": "", "”": "", "–": "-"})
_MIN_WORDS = 5


def topics_file() -> Path:
    """The file of the topics, whose content stands for that of the corpus.

    Raises:
        DataError: this Python was installed without it.
    """
    try:
        path = Path(importlib.import_module(_MODULE).__file__ or "")
    except ImportError:
        path = Path()
    if not path.is_file():
        raise DataError(
            f"--corpus {NAME} reads the module {_MODULE} of Python's standard library, which is not "
            "installed: install all of the standard library, or give the path of a text file."
        )
    return path


def topic_texts() -> dict[str, str]:
    """The texts by the name of their topic. Raises `DataError` as `topics_file` does."""
    topics_file()
    return importlib.import_module(_MODULE).topics


def python_sentences(texts: dict[str, str], counts: Counter[str] | None = None) -> Iterator[str]:
    """The sentences of the topics that are plain English, a sentence at a time.

    Left out are headings, tables, grammar rules, program code and sentences that contain symbols.
    Marks of names are removed: `"len()"` becomes `len`, and `*object*` becomes `object`.

    Args:
        texts: from `topic_texts`.
        counts: takes up how many sentences there are under "lines", and how many of them were
            left out under "with symbols".
    """
    counts = Counter() if counts is None else counts
    for text in texts.values():
        for paragraph in _paragraphs(text):
            for sentence in _END.split(paragraph):
                plain = _MARKED.sub(lambda found: "".join(filter(None, found.groups())), sentence)
                plain = plain.replace("()", "")
                counts["lines"] += 1
                if _SENTENCE.fullmatch(plain) and plain.count(" ") >= _MIN_WORDS - 1:
                    yield plain
                else:
                    counts["with symbols"] += 1


def _paragraphs(text: str) -> Iterator[str]:
    """The paragraphs of prose, each in one line."""
    for block in re.split(r"\n\s*\n", text.translate(_PLAIN)):
        if not _NOT_PROSE.search(block):
            block = _TERM.sub(r"\1", block)
            joined = re.sub(r"(?<=[a-z])-\n\s*(?=[a-z])", "-", block)
            joined = _FOOTNOTE.sub("", " ".join(joined.split()))
            yield _ITEM.sub("", joined)
