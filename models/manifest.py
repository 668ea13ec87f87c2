"""A list of an export's files with their SHA-256: damage is found before TensorFlow reads them.

TensorFlow may crash on a damaged SavedModel. The manifest is in the folder for other programs'
files, `assets.extra`, and is read without TensorFlow. It finds damage, not malice: whoever can alter a file can
alter its digest too, and a SavedModel is a program.
"""

import json
from pathlib import Path

from files.hashing import sha256
from files.writing import write_json

PLACE = Path("assets.extra") / "manifest.json"
_MAX_BYTES = 1 << 20  # the manifest of an export has 1 kB
_MAX_FILES = 1000  # an export has 6


def write_manifest(folder: Path) -> None:
    """Writes the manifest of an export into it.

    Args:
        folder: of a SavedModel, complete.
    """
    files = {
        name: {"bytes": (folder / name).stat().st_size, "sha256": sha256(folder / name)}
        for name in _files(folder)
    }
    path = folder / PLACE
    path.parent.mkdir(exist_ok=True)
    write_json(path, files)


def check_manifest(folder: Path) -> bool:
    """Whether an export has a manifest; those of older versions have none.

    Args:
        folder: of a SavedModel.

    Raises:
        ValueError: it has one, and a file is missing, altered or not listed; or something in it is
            not a regular file.
    """
    path = folder / PLACE
    found = _files(folder)
    if not path.exists():
        return False
    expected = _listed(path)
    if missing := sorted(set(expected) - set(found)):
        raise ValueError(f"it has no file {missing[0]!r:.80}")
    if more := sorted(set(found) - set(expected)):
        raise ValueError(f"it has a file {more[0]!r:.80}, which does not belong to it")
    for name, (size, digest) in expected.items():
        # The size first: a file that has grown need not be read.
        if (folder / name).stat().st_size != size or sha256(folder / name) != digest:
            raise ValueError(f"its file {name!r:.80} was altered")
    return True


def _listed(path: Path) -> dict[str, tuple[int, str]]:
    """Size and SHA-256 by name, as a manifest has them."""
    try:
        if not path.is_file() or path.stat().st_size > _MAX_BYTES:
            raise ValueError
        files = json.loads(path.read_bytes())
        return {name: (file["bytes"], file["sha256"]) for name, file in files.items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise ValueError(f"its {PLACE} is not a list of its files") from None


def _files(folder: Path) -> list[str]:
    """Names of the files of an export, without its manifest and hidden files of the system."""
    names = []
    for count, path in enumerate(folder.rglob("*")):
        if count > _MAX_FILES:
            raise ValueError(f"it has more than {_MAX_FILES:,} files")
        name = path.relative_to(folder)
        if path.is_dir() or name == PLACE or name.name.startswith("."):
            continue
        if not path.is_file():  # a pipe or a device could block or never end
            raise ValueError(f"its {name.as_posix()!r:.80} is not a regular file")
        names.append(name.as_posix())
    return sorted(names)
