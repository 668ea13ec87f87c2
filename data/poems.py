"""Chinese quatrains: one a line, a token a character."""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from data.corpus import Corpus, build_corpus
from data.corpus_files import corpus_file, origin
from data.lines import read_lines
from files.errors import DataError

LINES = 4
FORMS = (5, 7)  # characters a line
_EXPECTED = "expected 4 lines of 5 characters, or 4 of 7, each or none with punctuation behind it"


def load_poems(
    corpus: str | Path = "poems", *, skip_malformed: bool = False, split_seed: int = 0
) -> Corpus:
    """The corpus of quatrains: T is 20 or 28, without punctuation, `END` or `PAD`.

    Of each 10 poems one is held out, half of these for validation; see `build_corpus`.

    Args:
        corpus: "sample", a name of `data.corpora.CORPORA`, or the path of a file.
        skip_malformed: whether to leave out, counted, what is no quatrain of the corpus's form.
        split_seed: see `build_corpus`.
    """
    path = corpus_file(corpus, "poems")
    counts: Counter[str] = Counter()
    length = poem_length(path)
    return build_corpus(
        str(corpus),
        read_poems(path, length, skip_malformed=skip_malformed, counts=counts),
        max_length=length,
        split_seed=split_seed,
        validation_share=0.05,
        test_share=0.05,
        fixed_length=True,
        level="char",
        task="poems",
        counts=counts,
        about=origin(corpus, path),
    )


def poem_length(path: Path) -> int:
    """Characters of a poem, 20 or 28, whichever more lines of the file have.

    Raises:
        DataError: no line is a quatrain.
    """
    lengths = Counter(len(_characters(line)) for _, line in read_lines(path) if line.strip())
    five, seven = (LINES * form for form in FORMS)
    if lengths[five] or lengths[seven]:
        return five if lengths[five] >= lengths[seven] else seven
    for number, line in read_lines(path):
        if line.strip():
            raise _malformed(path, number, line, "put one quatrain on each line")
    raise DataError(f"{path} holds no line, expected a quatrain in each: give such a file.")


def read_poems(
    path: Path,
    length: int = LINES * FORMS[0],
    *,
    skip_malformed: bool = False,
    counts: Counter[str] | None = None,
) -> Iterator[list[str]]:
    """The characters of each poem.

    A line holds four times five, or four times seven, characters. Punctuation stands behind every
    fifth, or seventh, or nowhere. It is left out; so is all white space. Blank lines are skipped.

    Args:
        path: a UTF-8 file, one poem a line.
        length: 20 or 28; a poem of the other form is malformed.
        skip_malformed: whether to skip a malformed line.
        counts: takes up, under "lines", how many lines there are, and how many are "blank" or
            "malformed".

    Raises:
        DataError: a line is malformed; names the line and its length.
    """
    counts = Counter() if counts is None else counts
    for number, line in read_lines(path):
        counts["lines"] += 1
        characters = _characters(line)
        if not line.strip():
            counts["blank"] += 1
        elif len(characters) == length:
            yield characters
        elif skip_malformed:
            counts["malformed"] += 1
        else:
            raise _malformed(
                path,
                number,
                line,
                "fix the line, or leave such lines out with --skip-malformed",
                f" ({length // LINES} in each of the other poems)" if characters else "",
            )


def join_lines(lines: Iterable[tuple[int, str]], length: int) -> Iterator[tuple[int, str]]:
    """Poems on a line each; those written by `format_poem` are put on one, with its first number.

    Args:
        lines: number and text, not blank.
        length: characters of a poem. Lines in a row that together have as many make one.
    """
    parts: list[tuple[int, str]] = []
    held = 0  # characters of the parts, fewer than a poem has
    for number, line in lines:
        added = len(characters_without_punctuation(line))
        if held + added > length:
            yield from parts
            parts, held = [], 0
        parts.append((number, line))
        held += added
        if held >= length:
            yield parts[0][0], "".join(line for _, line in parts)
            parts, held = [], 0
    yield from parts


def format_poem(characters: Sequence[str]) -> str:
    """The four lines of a poem, with punctuation: `，` behind the odd ones, `。` behind the even.

    Args:
        characters: 20 or 28 tokens.
    """
    form, rest = divmod(len(characters), LINES)
    if form not in FORMS or rest:
        raise DataError(
            f"A poem has {len(characters)} characters, expected 20 or 28: give a whole quatrain."
        )
    lines = ("".join(characters[k * form : (k + 1) * form]) for k in range(LINES))
    return "\n".join(f"{line}{mark}" for line, mark in zip(lines, "，。，。", strict=True))


def characters_without_punctuation(text: str) -> list[str]:
    """The characters of a part of a poem, or of any text, without punctuation and white space."""
    return [character for character in "".join(text.split()) if not _is_punctuation(character)]


def _characters(line: str) -> list[str]:
    """The characters of a poem without punctuation; none where it is no quatrain."""
    characters = list("".join(line.split()))
    places = [place for place, character in enumerate(characters) if _is_punctuation(character)]
    for form in FORMS:
        if len(characters) == LINES * form and not places:
            return characters
        step = form + 1
        if len(characters) == LINES * step and places == list(range(form, LINES * step, step)):
            return [character for k, character in enumerate(characters) if k % step < form]
    return []


def _is_punctuation(character: str) -> bool:
    return unicodedata.category(character).startswith("P")


def _malformed(path: Path, number: int, line: str, fix: str, more: str = "") -> DataError:
    length = len("".join(line.split()))
    return DataError(
        f"{path} has in line {number} a poem of {length} characters, {_EXPECTED}{more}: {fix}."
    )
