"""A full disk, a folder that cannot be written: one line, and the last good checkpoint stays."""

import contextlib
import dataclasses
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.faults.runs import check_same, finish, outcome, start
from tests.training.small_runs import TINY, experiment
from tests.training.test_run import files_of_at_most
from train_oracle import make_task
from training import experiment as module
from training.checkpoints import check
from training.errors import RunFailed
from training.experiment import run_experiment

pytestmark = pytest.mark.slow

DISK = 48_000  # kB; a checkpoint has 12,000, of which two are kept while one is written, an export 4,500
# Room in turn: for less than the settings, the tables, a checkpoint; for one more, and one more; for
# the start of the tables again; and for what is still to be done.
ROOMS = [0, 4, 16, 6000, 13_000, 13_000, 0, 4, 16, 18_000]

mounts = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("mount") is None,
    reason="only root mounts a small disk",
)


def test_no_room_for_the_export_or_the_samples_is_one_line(tmp_path, monkeypatch):
    folder = tmp_path / "run"
    settings = dataclasses.replace(TINY, out=folder, algorithm="random")
    task = make_task(settings)
    export = module.export_generator

    def full(*arguments):
        with files_of_at_most(1000):
            export(*arguments)

    monkeypatch.setattr(module, "export_generator", full)
    with pytest.raises(RunFailed, match="cannot write") as error:
        run_experiment(lambda: task, "oracle", settings)
    assert f"cannot write {folder / 'generator'} (File too large) in stage export" in (
        str(error.value)
    )
    assert not list(folder.glob("*generator*")) and "\n" not in str(error.value)
    monkeypatch.setattr(module, "export_generator", export)

    def nowhere(folder, samples):
        raise OSError(28, "No space left on device")

    settings = dataclasses.replace(settings, resume=True)
    without = dataclasses.replace(task, write_samples=nowhere)
    with pytest.raises(RunFailed, match=r"samples \(No space left on device\)"):
        run_experiment(lambda: without, "oracle", settings)
    run_experiment(lambda: task, "oracle", settings)
    experiment(tmp_path / "unbroken", algorithm="random")
    check_same(folder, outcome(tmp_path / "unbroken"))


@contextlib.contextmanager
def small_disk(place: Path, kilobytes: int):
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "none", place], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", place], check=True)


@mounts
@pytest.mark.faults
def test_a_full_disk_is_one_line_wherever_it_fills(tmp_path):
    finish(tmp_path / "unbroken")
    expected, disk = outcome(tmp_path / "unbroken"), tmp_path / "disk"
    folder, filler = disk / "run", disk / "filler"
    with small_disk(disk, DISK):
        filled = []
        for room in ROOMS:
            with contextlib.suppress(OSError):  # until it is full
                filler.write_bytes(bytes(DISK << 10))
            os.truncate(filler, max(0, filler.stat().st_size - (room << 10)))
            process = start(folder)
            said = process.communicate()[1]
            assert "Traceback" not in said, (room, said)
            filler.unlink()
            for checkpoint in (folder / "checkpoints").glob("0*"):
                check(checkpoint, lambda line: pytest.fail(line))
            if process.returncode == 0:
                break
            (line,) = [line for line in said.splitlines() if line.startswith("error: ")]
            assert process.returncode in (1, 2), said
            assert "(No space left on device)" in line, line
            assert not list(disk.rglob("writing-*"))
            filled.append(re.sub(r".*cannot \w+ (\S+) .*", r"\1", line))
        assert process.returncode == 0 and len(set(filled)) > 2, filled
        check_same(folder, expected)


@mounts
@pytest.mark.faults
def test_a_disk_that_can_only_be_read_is_one_line(tmp_path):
    disk = tmp_path / "disk"
    folder = disk / "run"
    with small_disk(disk, DISK):
        process = start(folder)
        while not list((folder / "checkpoints").glob("0*")):
            assert process.poll() is None
        process.kill()
        process.communicate()
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        process = start(folder)
        said = process.communicate()[1]
        assert process.returncode == 2 and said.count("\n") == 1, said
        assert "Read-only file system" in said and "--out" in said
        subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
        finish(folder)
