"""Text and JSON for standard output: a terminal would execute control characters, and JSON has escapes of its own."""

import codecs
import json
import sys
from typing import Any

_HIDDEN = dict.fromkeys((*range(9), *range(11, 32), *range(127, 160)), "\ufffd")


def without_controls(text: str) -> str:
    """The text with U+FFFD in place of its control characters, but for tabs and ends of lines."""
    return text.translate(_HIDDEN)


def json_line(value: Any) -> str:
    """A value as JSON on one line; with JSON's escapes where standard output cannot take all characters."""
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    return json.dumps(value, ensure_ascii=codecs.lookup(encoding).name != "utf-8")
