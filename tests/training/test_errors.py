"""What a person is told: by which of several workers, and no more than is needed."""

import signal
import subprocess
import sys

import pytest

from files.errors import UsageError
from tests.helpers import REPOSITORY
from training.errors import RunFailed, one_line_errors, said_by
from training.progress import Display
from training.stops import Stopped, at_once, by_default


@pytest.mark.parametrize(("error", "code"), [(UsageError("no"), 2), (RunFailed("no"), 1)])
def test_the_worker_stands_before_its_error(capsys, error, code):
    for worker, expected in (("worker 1 (a:1)", "worker 1 (a:1): no"), ("", "no")):
        error.args = ("no",)
        with pytest.raises(SystemExit) as stop, one_line_errors(), said_by(worker):
            raise error
        assert stop.value.code == code
        assert capsys.readouterr().err == f"error: {expected}\n"


def test_the_worker_stands_before_its_stop(capsys):
    with pytest.raises(SystemExit) as stop, one_line_errors(), said_by("worker 1"):
        raise Stopped(signal.SIGTERM, "stopped after it all")
    assert stop.value.code == 143
    assert capsys.readouterr().err == "worker 1: stopped after it all\n"


def test_a_quiet_display_says_nothing(capsys):
    display = Display(quiet=True)
    with display.stage("mle", 2, 0):
        display.step("mle", 1, 2, {"mle_loss": 1.0})
        display.done(1)
    display.say("something")
    assert capsys.readouterr().err == ""


def test_signals_are_the_systems_during_a_wait_and_ours_after_it():
    before = signal.getsignal(signal.SIGTERM)
    with at_once():
        ours = signal.getsignal(signal.SIGTERM)
        with by_default():
            assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
        assert signal.getsignal(signal.SIGTERM) is ours is not before
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize("length", [1, 10**6])
def test_a_reader_that_goes_away_is_no_error(length):
    code = f"""
from training.errors import one_line_errors
with one_line_errors():
    input()
    print("x" * {length})
"""
    pipes = {name: subprocess.PIPE for name in ("stdin", "stdout", "stderr")}
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, cwd=REPOSITORY, text=True, **pipes) as child:
        child.stdout.close()
        child.stdin.write("now\n")
        child.stdin.close()
        assert child.stderr.read() == ""
    assert child.returncode == 128 + signal.SIGPIPE
