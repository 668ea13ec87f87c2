"""What several workers say: who said it, and no more than is needed."""

import signal

import pytest

from training.errors import RunFailed, UsageError, one_line_errors, said_by
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
