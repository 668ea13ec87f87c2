"""Which files of the Nottingham archive are its tunes."""

from pathlib import Path, PurePosixPath

from data.midi_files import manifest, read_midi_files


def in_nottingham(name: PurePosixPath) -> bool:
    """Whether a file of the Nottingham archive is one of its tunes; they may also lie at the top."""
    return name.parent.name in ("", "MIDI")


def nottingham_manifest(path: Path) -> str:
    """`manifest` of the tunes in an archive, a zip or a folder of them. Raises `DataError`."""
    return manifest(read_midi_files(Path(path), in_nottingham)[0])
