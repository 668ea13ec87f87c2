"""Speeches: paragraphs, one a line, cut into sentences of words."""

import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from data.columns import looks_like
from data.corpora import CORPORA
from data.corpus import Corpus, build_corpus
from data.corpus_files import corpus_file, origin
from data.download import NotDownloaded
from data.lines import read_lines
from data.text import sentences, words
from files.errors import DataError

UNITS = ("sentences", "paragraphs")
FALLBACK = "speeches-paragraphs"  # for the paper's speeches
_LETTER = re.compile(r"[^\W\d_]")


def load_speeches(
    corpus: str | Path = "speeches",
    *,
    max_length: int = 20,
    min_count: int = 1,
    max_vocab: int | None = 5_000,
    lowercase: bool = True,
    unit: str = "sentences",
    split_seed: int = 0,
) -> Corpus:
    """The corpus of speeches. How the paper cut and tokenized them is not public.

    T = 20 is one of the two lengths that the paper gives settings for. A sentence that is longer is
    left out and counted, since part of a sentence is not a sentence. A paragraph is cut to its first T words, for few
    are shorter: so the paper's 11,092 paragraphs would be 11,092 sequences.

    Args:
        corpus: "sample", a name of `data.corpora.CORPORA`, or the path of a file; see `available`.
        max_length: T.
        min_count: how often a word must occur in the train part to get an id.
        max_vocab: the largest V, the three reserved ids included; None is no limit.
        lowercase: whether to lower-case the text.
        unit: what a sequence is, "sentences" or "paragraphs".
        split_seed: see `build_corpus`.
    """
    corpus = available(corpus)
    path = corpus_file(corpus, "speeches")
    counts: Counter[str] = Counter()
    about = {**origin(corpus, path), "lowercase": lowercase, "unit": unit}
    if corpus not in CORPORA and (table := looks_like(path)):
        about["looks_like"] = table
    return build_corpus(
        str(corpus),
        read_speeches(path, unit, lowercase=lowercase, counts=counts),
        max_length=max_length,
        split_seed=split_seed,
        min_count=min_count,
        max_vocab=max_vocab,
        too_long="drop" if unit == "sentences" else "truncate",
        level="word",
        task="speeches",
        counts=counts,
        about=about,
    )


def available(corpus: str | Path) -> str | Path:
    """The corpus itself, or another compilation where the paper's is not available.

    "speeches", the file that the paper's authors name, becomes "speeches-paragraphs" where it is
    neither on this machine nor can be downloaded; a line on stderr says so.
    """
    if corpus != "speeches":
        return corpus
    try:
        corpus_file(corpus, "speeches")
    except NotDownloaded as error:
        try:
            corpus_file(FALLBACK, "speeches")
        except NotDownloaded:
            raise error from None  # names the paper's own file
        print(
            f"warning: {error} Using --corpus {FALLBACK}: {CORPORA[FALLBACK].note}.",
            file=sys.stderr,
        )
        return FALLBACK
    return corpus


def read_speeches(
    path: Path,
    unit: str = "sentences",
    *,
    lowercase: bool = True,
    counts: Counter[str] | None = None,
) -> Iterator[list[str]]:
    """The words of each sentence, or of each paragraph; see `data.text.words` and `sentences`.

    Pairs of soft hyphens, which the published file has in place of dashes, become dashes; single
    ones are left out.

    Args:
        path: a UTF-8 file, one paragraph a line.
        unit: "sentences" or "paragraphs".
        lowercase: whether to lower-case the text first.
        counts: takes up, under "lines", how many lines there are, how many are "blank", and how
            many, such as page numbers, are "without letters".
    """
    if unit not in UNITS:
        raise DataError(f"The unit is {unit!r}, expected one of {', '.join(UNITS)}.")
    counts = Counter() if counts is None else counts
    for _, line in read_lines(path):
        counts["lines"] += 1
        if not line.strip():
            counts["blank"] += 1
        elif not _LETTER.search(line):
            counts["without letters"] += 1
        else:
            text = line.replace("\u00ad\u00ad", "--").replace("\u00ad", "")
            paragraph = words(text.lower() if lowercase else text)
            yield from sentences(paragraph) if unit == "sentences" else [paragraph]
