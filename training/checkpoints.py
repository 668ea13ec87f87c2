"""Checkpoints of a run: written to a temporary name and renamed, checked by hash when read; two are kept."""

import contextlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tensorflow as tf

from files.errors import UsageError
from files.hashing import sha256
from files.plain_path import plain_path
from files.platform import sync
from files.writing import write_json

KEPT = 2
CHECKSUMS = "checksums.json"


class Damaged(ValueError):
    """A checkpoint differs from what was written."""


def checkpoints(folder: Path) -> list[Path]:
    """Checkpoints of a run's folder, the newest last."""
    folder = folder / "checkpoints"
    return sorted(p for p in folder.glob("*") if p.name.isdecimal()) if folder.is_dir() else []


def write_checkpoint(
    folder: Path, number: int, checkpoint: tf.train.Checkpoint, state: dict[str, Any]
) -> None:
    """Writes checkpoint `number` of the run in `folder`; keeps the newest two."""
    final = folder / "checkpoints" / f"{number:06d}"
    aside = final.with_name(f"writing-{final.name}")
    final.parent.mkdir(exist_ok=True)  # without parents: a folder that went away stays away
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir()
    with plain_path(aside) as place:
        checkpoint.write(str(place / "variables"))
    write_json(aside / "state.json", state)
    files = sorted(path for path in aside.iterdir() if path.is_file())
    for path in files:
        sync(path)
    write_json(aside / CHECKSUMS, {path.name: sha256(path) for path in files})
    sync(aside)
    aside.replace(final)
    sync(final.parent)
    drop_old(folder)


def drop_old(folder: Path) -> None:
    """Removes all checkpoints but the newest two."""
    for old in checkpoints(folder)[:-KEPT]:
        shutil.rmtree(old)


def newest_whole(folder: Path, say: Callable[[str], None], set_aside: bool) -> Path | None:
    """The newest checkpoint that is as it was written; None where none was ever written.

    Args:
        folder: of a run.
        say: called with a warning for each damaged one.
        set_aside: whether to rename those, `damaged-NNNNNN`; else they stay as they are.

    Raises:
        UsageError: there are checkpoints, but all are damaged.
    """
    damaged: dict[Path, Damaged] = {}
    for path in reversed(checkpoints(folder)):
        try:
            check(path, say)
        except Damaged as error:
            damaged[path] = error
            continue
        for other, why in damaged.items():
            done = ""
            if set_aside:
                to = other.with_name(f"damaged-{other.name}")
                shutil.rmtree(to, ignore_errors=True)  # of the same number, set aside before
                other.replace(to)
                done = f"; it is now {to.name}"
            say(f"warning: {other} is damaged, {why}{done}. Continuing from {path.name}.")
        return path
    if damaged:
        path, why = next(iter(damaged.items()))
        raise UsageError(
            f"no checkpoint in {path.parent} is intact ({path.name}: {why}). Replace it with a copy, "
            "or start a new run with another --out."
        )
    if any((folder / "checkpoints").glob("damaged-*")):
        raise UsageError(
            f"all checkpoints in {folder / 'checkpoints'} are damaged. Put a copy of one there, "
            "or start a new run with another --out."
        )
    return None


def check(checkpoint: Path, say: Callable[[str], None]) -> None:
    """Raises `Damaged` unless every file of a checkpoint is as it was written."""
    try:
        if not (checkpoint / CHECKSUMS).exists():
            _open(checkpoint)
            say(f"warning: {checkpoint} is of an older version, without checksums.")
            return
        expected = json.loads((checkpoint / CHECKSUMS).read_text(encoding="utf-8"))
        if not {"state.json", "variables.index"} <= set(expected):
            raise Damaged(f"its {CHECKSUMS} lacks files")
        for name, digest in expected.items():
            if sha256(checkpoint / name) != digest:
                raise Damaged(f"its {name} was altered")
    except Damaged:
        raise
    except FileNotFoundError as error:
        raise Damaged(f"it has no {Path(error.filename).name}") from None
    except PermissionError:
        raise
    except OSError as error:
        raise Damaged(f"it cannot be read ({error.strerror})") from None
    except (ValueError, TypeError, AttributeError):
        raise Damaged(f"its {CHECKSUMS} is not a list of its files") from None


def _open(checkpoint: Path) -> None:
    """Raises `Damaged` where state and variables do not even open."""
    try:
        read_state(checkpoint)
        with plain_path(checkpoint) as place:
            reader = tf.train.load_checkpoint(str(place / "variables"))
            for name in reader.get_variable_to_shape_map():
                reader.get_tensor(name)  # which have checksums of TensorFlow's own
    except Exception as error:  # whatever a damaged file makes TensorFlow raise
        raise Damaged(f"it cannot be read ({type(error).__name__})") from None


def read_state(checkpoint: Path) -> dict[str, Any]:
    """The state of a checkpoint: what it holds in addition to variables."""
    return json.loads((checkpoint / "state.json").read_text(encoding="utf-8"))


def clear_half_written(folder: Path) -> None:
    """Removes what was being written in a run's folder when that ended."""
    for path in [*(folder / "checkpoints").glob("writing-*"), *folder.glob("writing-*")]:
        shutil.rmtree(path, ignore_errors=True)
    for path in folder.glob("*.tmp"):
        with contextlib.suppress(OSError):
            path.unlink()
