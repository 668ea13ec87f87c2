"""Files written so that no half-written one is ever seen, even after a power failure."""

import json
from pathlib import Path
from typing import Any

from files.platform import sync


def write_json(path: Path, value: Any) -> None:
    """Writes JSON to a temporary file, syncs it and renames it to `path`.

    Characters that UTF-8 cannot encode, as bytes of a file name that is not UTF-8 (`os.fsdecode`),
    become JSON escapes: `read_json` gives back the same text.
    """
    temporary = path.with_name(path.name + ".tmp")
    text = json.dumps(value, indent=1, ensure_ascii=False) + "\n"
    temporary.write_bytes(text.encode("utf-8", "backslashreplace"))
    sync(temporary)
    temporary.replace(path)
    sync(path.parent)
