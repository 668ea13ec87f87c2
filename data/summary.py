"""The summary of the data that a run prints at its start: how much was read, used and left out, and why."""

from typing import Any

from data.corpus import CUT_FLAGS, LONGEST_ADVISED

PARTS = {"train": "training", "validation": "validation", "test": "test"}
_MOST = 0.5  # share above which something is true of most
_SINGULAR = {"files": "file", "lines": "line"}


def summarize(provenance: dict[str, Any]) -> list[str]:
    """A line on the data, then one for each `warning:`.

    Args:
        provenance: of a corpus of text, poems, speeches or tunes; without it the summary is empty.
    """
    if "train" not in provenance:
        return []
    lines = [f"data: {_counts(provenance)}"]
    lines += [f"warning: {warning}" for warning in _warnings(provenance)]
    return ["".join(c if c.isprintable() else ascii(c)[1:-1] for c in line) for line in lines]


def too_few_known(provenance: dict[str, Any], part: str) -> bool:
    """Whether more than half of a part's tokens are unknown, so that means over the others mislead.

    Args:
        provenance: of a corpus; of tunes, where no token is unknown, too.
        part: "train", "validation" or "test".
    """
    return provenance.get("unknown_share", {}).get(part, 0.0) > _MOST


def _counts(provenance: dict[str, Any]) -> str:
    sizes = [f"{words} {provenance[part]:,}" for part, words in PARTS.items()]
    used = sum(provenance[part] for part in PARTS)
    unit = "files" if "files" in provenance else "lines"
    read = provenance.get(unit, used)
    parts = [
        f"{_name(provenance)}: {read:,} {_SINGULAR[unit] if read == 1 else unit} read, "
        f"{used:,} sequences used ({', '.join(sizes)})",
        f"left out: {_left_out(provenance)}",
    ]
    if provenance.get("truncated"):
        parts.append(f"cut to T: {provenance['truncated']:,} (--max-length)")
    repeats = provenance.get("repeats", provenance.get("repeats_removed", 0))
    parts.append(f"repeats removed: {repeats:,}")
    if "vocabulary" in provenance:
        parts.append(f"V {provenance['vocabulary']:,}, T {provenance['max_length']:,}")
    if "unknown_share" in provenance:
        shares = ", ".join(
            f"{PARTS[part]} {100 * provenance['unknown_share'].get(part, 0):.1f} %"
            for part in ("validation", "test")
        )
        parts.append(f"unknown tokens: {shares}")
    return "; ".join(parts)


def _name(provenance: dict[str, Any]) -> str:
    files = [provenance[key] for key in ("file", "test_file") if key in provenance]
    corpus = provenance.get("corpus", "")
    if corpus in ("", "your own file"):
        return " and ".join(files) or "the corpus"
    return f"{corpus} ({' and '.join(files)})" if files else corpus


def _left_out(provenance: dict[str, Any]) -> str:
    """Why sequences were left out, the most frequent reason first, with the flags that change it."""
    flags = {
        "too long": f"--max-length, {_cut_flag(provenance)}",
        "malformed": "--skip-malformed",
    }
    reasons = sorted(provenance.get("skipped", {}).items(), key=lambda item: (-item[1], item[0]))
    return (
        ", ".join(
            f"{num:,} {reason}" + (f" ({flags[reason]})" if reason in flags else "")
            for reason, num in reasons
        )
        or "nothing"
    )


def _cut_flag(provenance: dict[str, Any]) -> str:
    return CUT_FLAGS["speeches" if "unit" in provenance else "text"]


def _warnings(provenance: dict[str, Any]) -> list[str]:
    return [
        warning
        for warning in (
            _of_tables(provenance),
            _of_length(provenance),
            _of_single_tokens(provenance),
            _of_unknown(provenance),
        )
        if warning
    ]


def _of_tables(provenance: dict[str, Any]) -> str:
    table = provenance.get("looks_like")
    if not table:
        return ""
    columns = table["columns"]
    found = f"{provenance['file']} looks like {table['format']}"
    found += f" with the columns {', '.join(columns)}" if columns else ""
    found += ", but its lines are read as plain text, "
    found += "separators and quotes included: " if columns else "markup included: "
    if not columns:
        return f"{found}save its text, one sequence a line."
    script = "" if "unit" not in provenance else " of train_text.py"
    return f"{found}--column NAME{script} reads one column."


def _of_length(provenance: dict[str, Any]) -> str:
    num, given = provenance.get("skipped", {}).get("too long", 0), provenance.get("sequences", 0)
    if not num > _MOST * given:
        return ""
    length = provenance["lengths"]["of_nearly_all"]
    longer = f"--max-length {length} keeps nearly all, " if length <= LONGEST_ADVISED else ""
    return (
        f"{num:,} of {given:,} sequences have more than --max-length {provenance['max_length']} "
        f"tokens and are left out: {longer}{_cut_flag(provenance)} keeps a part of each."
    )


def _of_single_tokens(provenance: dict[str, Any]) -> str:
    share = provenance.get("single_token_share", 0.0)
    if provenance.get("level") != "word" or provenance["max_length"] == 1 or not share > _MOST:
        return ""
    return (
        f"{100 * share:.0f} % of the sequences are one token: a text without spaces between words "
        f"(Chinese, Japanese, Thai), or one word a line, needs {_by_character(provenance)}."
    )


def _of_unknown(provenance: dict[str, Any]) -> str:
    parts = [part for part in PARTS if too_few_known(provenance, part)]
    if not parts:
        return ""
    shares = ", ".join(
        f"{PARTS[part]} {100 * provenance['unknown_share'][part]:.0f} %" for part in parts
    )
    helps = [_by_character(provenance)] if provenance["level"] == "word" else []
    if provenance["min_count"] > 1:
        helps.append(f"a --min-count below {provenance['min_count']:,}")
    if provenance["max_vocab"] == provenance["vocabulary"]:
        helps.append(f"a --max-vocab above {provenance['max_vocab']:,}")
    return (
        f"most tokens are unknown ({shares}), and figures computed on the other tokens are not meaningful: give "
        f"{' or '.join([*helps, 'more text'])}."
    )


def _by_character(provenance: dict[str, Any]) -> str:
    return "--level char" + (" of train_text.py" if "unit" in provenance else "")
