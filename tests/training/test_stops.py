"""Signals: at once while nothing can be lost, after the step while training, and in threads not at all."""

import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from training import stops
from training.errors import RunFailed, one_line_errors
from training.stops import Stopped, after_step, at_once


@pytest.fixture(params=[signal.SIGINT, signal.SIGTERM])
def number(request):
    return request.param


def handlers():
    return [signal.getsignal(each) for each in stops.SIGNALS]


def test_at_once_is_wherever_the_program_is(number):
    before = handlers()
    with pytest.raises(Stopped) as stop, at_once():
        signal.raise_signal(number)
    assert stop.value.number == number and handlers() == before


def test_the_first_signal_is_noted_and_the_second_stops(number, monkeypatch):
    monkeypatch.setattr(stops, "TOGETHER_SECONDS", 0.0)
    before = handlers()
    with pytest.raises(Stopped) as stop, after_step() as request:
        assert request.number is None
        signal.raise_signal(number)
        assert request.number == number
        signal.raise_signal(signal.SIGINT)
    assert stop.value.number == signal.SIGINT and handlers() == before


def test_one_signal_that_comes_twice_is_one(number):
    with after_step() as request:
        signal.raise_signal(number)
        signal.raise_signal(number)
    assert request.number == number


def test_a_loop_within_what_stops_at_once_gives_it_back(number):
    with pytest.raises(Stopped), at_once():
        with after_step() as request:
            signal.raise_signal(number)
        assert request.number == number
        signal.raise_signal(number)


def test_what_was_ignored_stays_ignored(number):
    before = signal.signal(number, signal.SIG_IGN)
    try:
        with at_once(), after_step() as request:
            signal.raise_signal(number)
        assert request.number is None
    finally:
        signal.signal(number, before)


def test_a_thread_does_without():
    def noted():
        assert threading.current_thread() is not threading.main_thread()
        with at_once(), after_step() as request:
            return request.number

    with ThreadPoolExecutor(1) as threads:
        assert threads.submit(noted).result() is None


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (Stopped(signal.SIGTERM, "stopped after step 3"), 143, "stopped after step 3"),
        (Stopped(signal.SIGINT), 130, "stopped by SIGINT"),
        (KeyboardInterrupt(), 130, "stopped by SIGINT"),
        (RunFailed("no room\nat all"), 1, "error: no room at all"),
        (OSError(28, os.strerror(28), "f"), 2, "error: cannot use 'f': No space left on device."),
    ],
)
def test_each_end_has_its_line_and_its_code(error, code, line, capsys):
    with pytest.raises(SystemExit) as end, one_line_errors():
        raise error
    assert end.value.code == code
    said = capsys.readouterr().err
    assert said.startswith(line) and said.count("\n") == 1
