"""Text for a terminal, which would execute control characters."""

_HIDDEN = dict.fromkeys((*range(9), *range(11, 32), *range(127, 160)), "\ufffd")


def without_controls(text: str) -> str:
    """The text with U+FFFD in place of its control characters, but for tabs and ends of lines."""
    return text.translate(_HIDDEN)
