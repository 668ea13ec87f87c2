"""The best temperature, against the one that data were drawn at and against a grid."""

import dataclasses

import numpy as np
import pytest

from files.errors import UsageError
from models.controls import AtTemperature
from tests.helpers import tiny_generator
from train_text import make_task
from training import pretrain
from training.journal import Measurement, MemoryJournal
from training.presets import ORACLE_PRESETS, TEXT_PRESETS
from training.pretrain import measure_generator
from training.script import run_script
from training.temperature import (
    apply_temperature,
    best_temperature,
    check_validation,
    validation_nll,
)


@pytest.mark.parametrize("temperature", [0.7, 1.0, 1.5])
def test_it_is_the_temperature_that_the_data_were_drawn_at(temperature):
    generator = tiny_generator(vocab_size=5, max_length=4)
    data = AtTemperature(generator, temperature).sample(4000, (1, 2)).numpy()
    found = best_temperature(generator, data)
    assert found == pytest.approx(temperature, abs=0.06)
    losses = [validation_nll(generator, data, each) for each in np.linspace(0.5, 2, 16)]
    assert validation_nll(generator, data, found) <= min(losses) + 1e-6


def test_validation_nll_counts_only_tokens_that_can_be_written():
    generator = tiny_generator(
        vocab_size=5, max_length=3, end_token=1, pad_token=0, blocked_tokens=(0,)
    )
    data = np.array([[2, 1, 0], [3, 4, 1]], np.int32)
    total = -generator.log_prob(data).numpy().sum()
    assert validation_nll(generator, data) == pytest.approx(total / 5, rel=1e-6)


@pytest.mark.parametrize("start", [False, True])
def test_each_temperature_is_measured_at_itself_and_the_best_one_as_the_final_figures(
    monkeypatch, start
):
    generator, validation = tiny_generator(), np.ones([2, 3], np.int32)
    asked, measured = [], []

    def measure(policy, num, seed):
        measured.append((num, tuple(seed)))
        return Measurement({"nll": getattr(policy, "temperature", 1.0)}, {"nll": np.zeros(num)})

    monkeypatch.setattr(pretrain, "best_temperature", lambda *given: asked.append(given) or 1.3)
    changes = {"temperatures": (0.5, 1.0, 2.0), "tune_temperature": True}
    changes |= {"eval_samples": 4, "final_samples": 9}
    settings, journal = dataclasses.replace(ORACLE_PRESETS["smoke"], **changes), MemoryJournal(1)
    measure_generator(generator, settings, journal, measure, validation, start=start)
    assert len(asked) == 1 and asked[0][0] is generator and asked[0][1] is validation
    suffix = "_mle" if start else ""
    expected = {"nll": 1.0, "nll_tuned": 1.3, "temperature": 1.3}
    assert journal.state.results == {f"{name}{suffix}": x for name, x in expected.items()}
    assert set(journal.scores) == {f"nll{suffix}", f"nll_tuned{suffix}"}
    rows = [{"temperature": each, "nll": each} for each in (0.5, 1.0, 2.0)]
    assert journal.state.tables["temperatures"] == {"mle" if start else "final": rows}
    along, final = tuple(journal.seed("measure")), tuple(journal.seed("final"))
    assert measured == [(9, final), *[(4, along)] * 3, (9, final)]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"mle_patience": 1}, "--mle-patience needs"),
        ({"tune_temperature": True}, "--tune-temperature needs"),
        (
            {"mle_patience": 1, "tune_temperature": True},
            "--mle-patience and --tune-temperature need",
        ),
    ],
)
def test_nothing_is_decided_by_validation_data_without_known_tokens(changes, message):
    generator = tiny_generator(vocab_size=5, max_length=1, pad_token=0, blocked_tokens=(0, 2))
    settings = dataclasses.replace(ORACLE_PRESETS["smoke"], **changes)
    unknown = np.full([3, 1], 2, np.int32)
    with pytest.raises(UsageError, match=f"{message} .* the 3 validation sequences have none"):
        check_validation(generator, unknown, settings)
    check_validation(generator, np.array([[2], [3]], np.int32), settings)
    check_validation(generator, unknown, dataclasses.replace(settings, algorithm="random"))
    check_validation(generator, unknown, ORACLE_PRESETS["smoke"])
    check_validation(generator, None, settings)


def test_a_run_on_such_data_ends_before_it_begins(tmp_path, capsys):
    (tmp_path / "unknown.txt").write_text("".join(f"w{k}\n" for k in range(200)))
    given = ["--corpus", str(tmp_path / "unknown.txt"), "--max-length", "1", "--out"]
    with pytest.raises(SystemExit) as ended:
        run_script("text", TEXT_PRESETS, make_task, [*given, str(tmp_path / "run")])
    assert ended.value.code == 2 and not (tmp_path / "run").exists()
    assert "--mle-patience and --tune-temperature need" in capsys.readouterr().err


def test_a_temperature_that_is_applied_becomes_1():
    generator = tiny_generator(vocab_size=5, max_length=4, blocked_tokens=(0,))
    tokens = generator.sample(20, (1, 2), 1.6).numpy()
    before = generator.log_prob(tokens, 1.6).numpy()
    apply_temperature(generator, 1.6)
    np.testing.assert_allclose(generator.log_prob(tokens), before, rtol=1e-5)
    np.testing.assert_array_equal(generator.sample(20, (1, 2)), tokens)
