"""What a person sees: one line a step without a terminal, bars that stay with one."""

import io
import re
from types import SimpleNamespace
from unittest import mock

import numpy as np
import pytest
from rich.console import Console

from data.vocabulary import RESERVED
from tests.helpers import constant_generator
from training.distribution import ONE_DEVICE
from training.journal import Measurement
from training.progress import SHORT_NAMES, Display
from training.show_samples import showing
from training.task import Task

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


def test_without_a_terminal_every_step_is_one_line(capsys):
    display = Display()
    with display.stage("adversarial", 2, 0):
        display.step("adversarial", 1, 2, {"mean_reward": 0.25, "nll_oracle": 9.0})
        display.done(1)
        display.step("adversarial", 2, 2, {"mean_reward": 0.5})
        display.done(2)
    assert capsys.readouterr().err.splitlines() == [
        "adversarial 1/2  reward 0.250  NLL-oracle 9.000",
        "adversarial 2/2  reward 0.500",  # NLL-oracle was not measured
    ]


def test_on_a_terminal_the_last_state_of_each_stage_stays(monkeypatch):
    monkeypatch.setattr("training.progress.Console", lambda **_: console)
    console = Console(force_terminal=True, width=120, record=True, file=io.StringIO())
    display = Display()
    with display.stage("mle", 3, 1):
        display.step("mle", 2, 3, {"mle_loss": 7.5, "nll_test": 9.5})
        display.done(2)
        display.step("mle", 3, 3, {"mle_loss": 6.5})
        display.done(3)
    with display.stage("export", 1, 0):
        display.done(1)
    lines = [ESCAPES.sub("", line) for line in console.export_text().splitlines()]
    last_of = {stage: [line for line in lines if stage in line][-1] for stage in ("mle", "export")}
    assert "3/3" in last_of["mle"] and "MLE loss 6.500" in last_of["mle"]
    assert "NLL-test 9.500" in last_of["mle"]  # measured less often: still in sight
    assert "1/1" in last_of["export"]


@pytest.mark.parametrize("width", [60, 80, 100, 120, 200])
def test_a_terminal_of_any_width_shows_step_time_left_and_figures(monkeypatch, width):
    console = Console(force_terminal=True, width=width, record=True, file=io.StringIO())
    monkeypatch.setattr("training.progress.Console", lambda **_: console)
    display = Display()
    with display.stage("adversarial", 30, 0):
        display.step("adversarial", 7, 30, dict.fromkeys(SHORT_NAMES, 1.0))
        display.done(7)
    shown = ESCAPES.sub("", console.export_text())
    last = shown[shown.rindex("adversarial") :]
    assert re.match(r"adversarial .*\b7/30 .*left -:--:-- ", last) and "…" not in last
    for name in SHORT_NAMES.values():
        assert name in " ".join(last.split())


def test_lines_are_not_folded_at_the_width_of_the_terminal(capsys):
    Display().say("a" * 300)
    assert capsys.readouterr().err == "a" * 300 + "\n"


def task(vocabulary):
    tokens = np.zeros([2, 3], np.int32)
    return Task(
        tokens, vocabulary, lambda *_: Measurement({"figure": 1.0}), (), lambda *_: None, dict
    )


@pytest.mark.parametrize("terminal", [True, False])
def test_a_sample_is_shown_at_each_measurement_on_a_terminal_alone(monkeypatch, terminal):
    console = Console(force_terminal=terminal, width=40, record=True, file=io.StringIO())
    monkeypatch.setattr("training.progress.Console", lambda **_: console)
    display, generator = Display(), constant_generator(4, vocab_size=5, max_length=3)
    given = task(
        {"task": "text", "level": "word", "size": 5, "tokens": [*RESERVED, "a", "\x1b[31m"]}
    )
    run = SimpleNamespace(display=display, folder=mock.MagicMock(), distribution=ONE_DEVICE)
    measure = showing(given.measure, given, generator, run)
    assert measure(generator, 2, (1, 2)).figures == {"figure": 1.0}
    shown = console.export_text().strip()
    assert shown == ("\ufffd[31m \ufffd[31m \ufffd[31m" if terminal else "")


def test_a_long_sample_takes_one_line(monkeypatch):
    console = Console(force_terminal=True, width=20, record=True, file=io.StringIO())
    monkeypatch.setattr("training.progress.Console", lambda **_: console)
    Display().sample("one\ntwo\n" + "x" * 99)
    (line,) = console.export_text().splitlines()
    assert line.startswith("  one / two / xx") and line.endswith("\u2026") and len(line) == 20
