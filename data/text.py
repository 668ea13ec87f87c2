"""Text: lines as sequences, words and characters as tokens, and text back from them."""

import functools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from data.columns import looks_like, read_column
from data.corpora import CORPORA
from data.corpus import Corpus, build_corpus
from data.corpus_files import corpus_file, corpus_length, origin
from data.lines import read_lines
from data.python_docs import NAME as PYTHON
from data.python_docs import python_sentences, topic_texts
from data.vocabulary import LEVELS
from files.errors import DataError

MAX_LENGTH = 20  # T, where neither the caller nor a published corpus has another
# Characters; no language has longer words, and cutting such takes time that grows with the square.
LONGEST_WORD = 256
_PLAIN_QUOTES = str.maketrans("‘’“”", "''\"\"")


def load_text(
    corpus: str | Path,
    *,
    level: str = "word",
    max_length: int | None = None,
    min_count: int = 1,
    max_vocab: int | None = None,
    lowercase: bool = False,
    truncate: bool = False,
    column: str | None = None,
    split_seed: int = 0,
) -> Corpus:
    """The corpus of any text file, one sequence a line, or of a published one.

    Args:
        corpus: "sample", "python" (see `data.python_docs`), a name of `data.corpora.CORPORA`, or the
            path of a UTF-8 file, which may be gzipped. "coco", "news" and "news-full" come in their published parts: the test file is
            the test part, whole, and the validation part is taken from the train file.
        level: "word" or "char", see `read_text`.
        max_length: T; a longer line is dropped and counted. None: the published corpus's own, else 20.
        min_count: how often a token must occur in the train part to get an id.
        max_vocab: the largest V, the three reserved ids included; None is no limit.
        lowercase: whether to lower-case the text.
        truncate: whether a longer line is cut to its first T tokens instead.
        column: of a CSV file or of JSON lines, the one to read, see `read_column`; None for plain text.
        split_seed: see `build_corpus`.
    """
    source = CORPORA.get(str(corpus))
    counts: Counter[str] = Counter()
    test_counts: Counter[str] = Counter()
    test_path = test_sequences = None
    path = corpus_file(corpus, "text")
    if source is not None and source.test:
        test_path = corpus_file(source.test, "text")
        test_sequences = read_text(test_path, level, lowercase=lowercase, counts=test_counts)
    about = {**origin(corpus, path, test_path), "lowercase": lowercase}
    if column is not None:
        about["column"] = column
    elif source is None and corpus != PYTHON and (table := looks_like(path)):
        about["looks_like"] = table
    if corpus == PYTHON and column is None:
        lines = python_sentences(topic_texts(), counts)
        sequences = _split_lines(lines, level, lowercase=lowercase)
    else:
        sequences = read_text(path, level, lowercase=lowercase, column=column, counts=counts)
    return build_corpus(
        str(corpus),
        sequences,
        max_length=corpus_length(corpus, MAX_LENGTH) if max_length is None else max_length,
        split_seed=split_seed,
        min_count=min_count,
        max_vocab=max_vocab,
        too_long="truncate" if truncate else "drop",
        level=level,
        task="text",
        test_sequences=test_sequences,
        counts=counts,
        test_counts=test_counts,
        about=about,
    )


def read_text(
    path: Path,
    level: str,
    *,
    lowercase: bool = False,
    column: str | None = None,
    counts: Counter[str] | None = None,
) -> Iterator[list[str]]:
    """The tokens of each line that is not blank.

    Args:
        path: a UTF-8 file, one sequence a line; see `read_lines`.
        level: "word", see `words`; or "char", every character of the line but its end, spaces too.
        lowercase: whether to lower-case the text first.
        column: see `load_text`.
        counts: takes up, under "lines", how many lines or records there are, and how many are
            "blank".
    """
    counts = Counter() if counts is None else counts

    def lines() -> Iterator[str]:
        for _, line in read_lines(path) if column is None else read_column(path, column):
            counts["lines"] += 1
            if line.strip():
                yield line
            else:
                counts["blank"] += 1

    yield from _split_lines(lines(), level, lowercase=lowercase)


def _split_lines(lines: Iterable[str], level: str, *, lowercase: bool) -> Iterator[list[str]]:
    """The tokens of each line. Raises `DataError` for an unknown level."""
    if level not in LEVELS:
        raise DataError(f"--level is {level!r}, expected one of {', '.join(LEVELS)}.")
    split = words if level == "word" else list
    for line in lines:
        yield split(line.lower() if lowercase else line)


def to_text(tokens: Sequence[str], level: str) -> str:
    """Text of the tokens of one sequence: `split` of `read_text` undone."""
    return detokenize(tokens) if level == "word" else "".join(tokens)


# Words.

# Words whose period is part of them and ends no sentence.
ABBREVIATIONS = frozenset(
    "mr mrs ms dr prof rev hon sen rep gov gen lt col sgt capt jr sr st mt ft vs etc inc corp ltd "
    "ph.d jan feb aug sept oct nov dec".split()
)
# An initial other than "i" and "a", which end sentences, or letters with periods between: U.S.
_INITIALS = re.compile(r"[^\W\d_ai]|[^\W\d_](\.[^\W\d_])+")

_CLITICS = ("n't", "'s", "'m", "'d", "'ll", "'re", "'ve")
NO_SPACE_BEFORE = frozenset(".,;:?!%)]}»'…") | {"''", "...", *_CLITICS}
NO_SPACE_AFTER = frozenset("([{«„$#") | {"``"}
# What NLTK cuts without a mark at the place.
CUT_WORDS = (
    *(("can", "not"), ("gim", "me"), ("gon", "na"), ("got", "ta"), ("lem", "me"), ("wan", "na")),
    *(("'t", "is"), ("'t", "was")),
)
_ONE_WORD = frozenset("".join(parts) for parts in CUT_WORDS)


def words(text: str) -> list[str]:
    """The words and punctuation marks of a text, as NLTK's word tokenizer sees them.

    Five rules make the tokens of a text the same whether it is read whole or in parts, and need
    no data files of NLTK:

    - Typographic quotes and apostrophes become plain ones, before all else.
    - What stands between spaces is tokenized by itself, and its parts again until none changes.
    - A period at the end of such a part is a separate token wherever it stands, unless the word
      is a known abbreviation, an initial or letters with periods between (Mr., J., U.S.): then it
      stays with the word even where a sentence ends.
    - Opening and closing double quotes are two tokens, `` and '', as in NLTK.
    - More than 256 characters without a space are one token.

    So any sequence of tokens, joined by spaces, has these very tokens; `detokenize` is prettier.
    """
    found: list[str] = []
    for part in text.translate(_PLAIN_QUOTES).split():
        found += _words_of_part(part) if len(part) <= LONGEST_WORD else (part,)
    return found


@functools.lru_cache(maxsize=1 << 17)
def _words_of_part(part: str) -> tuple[str, ...]:
    """The words of a text without spaces."""
    found: list[str] = []
    left = [part]
    while left:
        parts = _cut(left.pop())
        if len(parts) == 1:
            found += parts
        else:
            left += reversed(parts)
    return tuple(found)


@functools.lru_cache(maxsize=1 << 14)
def _cut(part: str) -> tuple[str, ...]:
    """What one step makes of a text without spaces; one token where it is a word."""
    if part.isalnum() and part.lower() not in _ONE_WORD:
        return (part,)  # as NLTK would find, a hundred times slower
    word = part.removesuffix(".")
    if word != part and word and word[-1] != "." and not _is_abbreviation(word):
        return word, "."
    # The period that follows keeps NLTK from cutting off one that ends an abbreviation.
    return tuple(_tokenizer().tokenize(f"{part} .")[:-1])


@functools.cache
def _tokenizer() -> Any:
    from nltk.tokenize import NLTKWordTokenizer  # takes a second to import, and not all need it

    return NLTKWordTokenizer()


def _is_abbreviation(word: str) -> bool:
    word = word.lower().lstrip("\"'`([{<")
    return word in ABBREVIATIONS or _INITIALS.fullmatch(word) is not None


def detokenize(tokens: Sequence[str]) -> str:
    """Text with these `words`, written as a person would where that has the same words.

    Where it has not, the tokens are joined by spaces. Where no text has them, because a generator
    wrote `<unk>`, it is written as a person would.
    """
    pretty = _pretty(tokens)
    spaced = " ".join(tokens)
    expected = list(tokens)
    return spaced if words(pretty) != expected and words(spaced) == expected else pretty


def _pretty(tokens: Iterable[str]) -> str:
    text = ""
    before = ""
    for token in tokens:
        low = token.lower()
        glued = low in NO_SPACE_BEFORE or before in NO_SPACE_AFTER or (before, low) in CUT_WORDS
        text += "" if glued or not text else " "
        text += '"' if token in ("``", "''") else token
        before = low
    return text


def sentences(tokens: Iterable[str]) -> Iterator[list[str]]:
    """Cuts the words of a text after each `.`, `!` and `?` and the quotes and brackets that close.

    Args:
        tokens: from `words`.
    """
    sentence: list[str] = []
    ended = False
    for token in tokens:
        ends = token in (".", "!", "?")
        if ended and not ends and token not in ("''", "'", ")", "]", "}"):
            yield sentence
            sentence, ended = [], False
        sentence.append(token)
        ended = ended or ends
    if sentence:
        yield sentence
