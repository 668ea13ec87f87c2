"""The tokenizers of `data.text` and `data.poems` as data, for programs that cannot run Python.

An export builds its graph from them (`models.text_graph`). Words are those of NLTK 3.10's word
tokenizer under the rules of `data.text.words`, in the syntax of RE2: it has neither look-around nor
Unicode's word boundaries, so these are spelled out, and a rule whose matches may share the character
between them stands twice. What a graph cannot do is to compose accents (NFC): it must be given
composed text. Characters that are newer than this Python's Unicode may be cut differently.
"""

from typing import Any

from data.line_codec import WITHOUT_TOKENS, LineCodec
from data.text import (
    ABBREVIATIONS,
    CUT_WORDS,
    LONGEST_WORD,
    NO_SPACE_AFTER,
    NO_SPACE_BEFORE,
)

Rule = tuple[str, str]  # a pattern of RE2, and what its matches become

_SPACE = (
    r"[\t-\r\x1c-\x20\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}]"
)
# What a word has, to `re`, and to the module `regex`, which NLTK uses for all but contractions: there
# circled letters do, and fractions do not.
_RE_WORD = r"\p{L}\p{N}_"
_REGEX_WORD = (
    r"\p{L}\p{M}\p{Nd}\p{Nl}\p{Pc}\x{200c}\x{200d}\x{24b6}-\x{24e9}"
    r"\x{1f130}-\x{1f149}\x{1f150}-\x{1f169}\x{1f170}-\x{1f189}"
)
_LETTER = r"[\p{L}\p{Nl}\p{No}]"
_MARK = "\x1f"  # white space to Python, so that no word has it


def _contraction(
    first: str, second: str, before: str = f"(^|[^{_RE_WORD}])", after: str = f"([^{_RE_WORD}]|$)"
) -> list[Rule]:
    return [(f"{before}((?i:{first}))((?i:{second})){after}", r"\1 \2 \3 \4")] * 2


_NO_WORD_BEFORE = f"(^|[^{_REGEX_WORD}])"
_CLITIC = (
    rf"{_NO_WORD_BEFORE}'((?i:re|ve|ll|m|t|s|d|n))([^{_REGEX_WORD}]|$)",
    rf"\1{_MARK}\2\3",
)

# One step of NLTK on a part without spaces, which " ." follows.
_CUT: list[Rule] = [
    ("([«“‘„]|`+)", r" \1 "),
    ('^"', "``"),
    ("(``)", r" \1 "),
    (r"""([ (\[{<])("|'')""", r"\1 `` "),
    # An apostrophe before a word is a quote, unless the word is a clitic.
    *[_CLITIC, _CLITIC, (f"{_NO_WORD_BEFORE}'([{_REGEX_WORD}])", r"\1' \2"), (_MARK, "'")],
    (r"""([^.])(\.)([\])}>"'»”’ ]*)\s*$""", r"\1 \2 \3 "),
    (r"([:,])([^\p{Nd}])", r" \1 \2"),
    (r"([:,])$", r" \1 "),
    (r"\.{2,}", r" \0 "),
    (r"[;@#$%&]", r" \0 "),
    (r"[\x{2012}-\x{2015}]", r" \0 "),
    (r"""([^.])(\.)([\])}>"']*)\s*$""", r"\1 \2\3 "),
    (r"[?!]", r" \0 "),
    (r"([^'])' ", r"\1 ' "),
    (r"[*]", r" \0 "),
    (r"[\]\[(){}<>]", r" \0 "),
    ("--", " -- "),
    (r"^(.*)$", r" \1 "),
    ("([»”’])", r" \1 "),
    ("''", " '' "),
    ('"', " '' "),
    (r"\s+", " "),
    # With two letters only, RE2 takes the class to mean "s in any case", and the long s with it.
    (rf"([^' ])('[sS{_MARK}]|'[mM]|'[dD]|') ", r"\1 \2 "),
    (r"([^' ])('ll|'LL|'re|'RE|'ve|'VE|n't|N'T) ", r"\1 \2 "),
    *_contraction("can", "not"),
    *_contraction("d", "'ye"),
    *_contraction("gim", "me"),
    *_contraction("gon", "na"),
    *_contraction("got", "ta"),
    *_contraction("lem", "me"),
    *_contraction("more", "'n"),
    *_contraction("wan", "na", after=r"(\s)"),
    *_contraction("'t", "is", before="( )"),
    *_contraction("'t", "was", before="( )"),
]


def text_rules(saved: dict[str, Any]) -> dict[str, Any] | None:
    """Arguments of `models.text_graph.TextGraph`; None where the sequences are ids or piano keys.

    Args:
        saved: the vocabulary of an export; see `LineCodec`.

    Raises:
        DataError: its tokens cannot be used.
    """
    if saved["level"] in WITHOUT_TOKENS:
        return None
    codec = LineCodec(saved)
    vocabulary = codec.vocabulary
    if vocabulary is None:
        return None
    rules: dict[str, Any] = {"tokens": vocabulary.tokens, "lowercase": codec.lowercase}
    if vocabulary.task == "poems":
        return {**rules, "lowercase": False, "first": [(rf"{_SPACE}|\p{{P}}", "")], "poems": True}
    if vocabulary.level == "char":
        return rules
    lower = [token.lower() for token in vocabulary.tokens]
    return {
        **rules,
        "first": [("[‘’]", "'"), ("[“”]", '"'), (_SPACE, " ")],
        "words": {
            "cut": _CUT,
            "longest": LONGEST_WORD,
            "ends_sentence": r"(.*[^.])\.",
            "opening": r"""^["'`(\[{<]+""",
            "keeps_period": "|".join(
                [*sorted(map(_escaped, ABBREVIATIONS)), _LETTER, rf"{_LETTER}(\.{_LETTER})+"]
            ),
            "loses_period": "[ai]",
            "written": ['"' if token in ("``", "''") else token for token in vocabulary.tokens],
            "no_space_before": [token in NO_SPACE_BEFORE for token in lower],
            "no_space_after": [token in NO_SPACE_AFTER for token in lower],
            "first_parts": [[token == first for first, _ in CUT_WORDS] for token in lower],
            "second_parts": [[token == second for _, second in CUT_WORDS] for token in lower],
        },
    }


def _escaped(text: str) -> str:
    return text.replace(".", r"\.")
