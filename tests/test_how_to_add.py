"""docs/how-to-add.md, by doing it: each section's code is executed, at smoke size."""

import re

import keras
import numpy as np
import pytest

from models.export import export_generator
from models.load import load_generator
from tests.helpers import REPOSITORY
from training.presets import ALL_PRESETS, POEM_PRESETS
from training.rewards import REWARDS

SECTIONS = dict(
    re.findall(
        r"^## (.*?)\n(.*?)(?=^## |\Z)",
        (REPOSITORY / "docs" / "how-to-add.md").read_text(encoding="utf-8"),
        re.MULTILINE | re.DOTALL,
    )
)


def blocks(section):
    return re.findall(r"```python\n(.*?)```", SECTIONS[section], re.DOTALL)


def executed(section, xla=True):
    """The names that the code of a section defines; updates compile faster without XLA."""
    names = {"__name__": "how_to_add"}
    for code in blocks(section):
        if not xla:
            code = code.replace("batch_size=16)", "batch_size=16, xla=False)")
        exec(compile(code, section, "exec"), names)
    assert xla or not names["model"].settings.xla
    return names


@pytest.mark.parametrize("section", ["A task", "A reward", "A metric", "A cell"])
def test_each_takes_fewer_than_forty_lines(section):
    lines = [line for code in blocks(section) for line in code.splitlines() if line.strip()]
    assert 5 < len(lines) < 40


@pytest.fixture
def own_presets():
    """Takes the presets of the page away again."""
    known = list(ALL_PRESETS)
    yield
    ALL_PRESETS[:] = known


@pytest.mark.slow
@pytest.mark.parametrize(
    "flags",
    [
        ("--mle-patience", "2"),
        ("--d-patience", "2", "--pretrain-d-steps", "2"),
        ("--tune-temperature",),
    ],
)
def test_a_task_without_validation_data_refuses_what_needs_them(
    tmp_path, own_presets, flags, capsys
):
    names = executed("A task")
    given = ["--preset", "smoke", "--out", str(tmp_path / "run"), "--no-xla", *flags]
    with pytest.raises(SystemExit) as end:
        names["run_script"]("digits", names["PRESETS"], names["make_task"], given)
    said = capsys.readouterr().err
    assert end.value.code == 2 and f"{flags[0]} decides by validation data, and this task" in said
    assert not (tmp_path / "run" / "config.json").exists()


@pytest.mark.slow
def test_a_task(tmp_path, own_presets):
    names = executed("A task")
    flags = ["--preset", "smoke", "--out", str(tmp_path / "run"), "--eval-samples", "50"]
    flags += ["--final-samples", "50", "--temperatures", "1", "--pretrain-d-samples", "64"]
    flags += ["--d-samples", "64", "--num-rollouts", "2", "--no-xla"]
    names["run_script"]("digits", names["PRESETS"], names["make_task"], flags)
    samples = np.loadtxt(tmp_path / "run" / "samples.txt", dtype=int)
    assert samples.shape[1] == 8 and np.isin(samples, range(10)).all()
    assert '"ascending_share"' in (tmp_path / "run" / "result.json").read_text()


@pytest.mark.slow
def test_a_reward(monkeypatch):
    names = executed("A reward", xla=False)
    assert names["variety"](np.array([[1, 1, 2, 2], [1, 2, 3, 4]])) == [0.5, 1.0]
    assert 0 < names["history"].history["mean_reward"][0] <= 1
    reward = names["entry"].make(POEM_PRESETS["smoke"], names["generator"], None)
    assert not reward.needs_discriminator
    scored = reward.bind(names["discriminator"], (1, 1))(keras.ops.zeros([3, 8], "int32"))
    np.testing.assert_array_equal(scored, [0.125] * 3)
    assert isinstance(REWARDS, dict)  # which the page has an entry added to


def test_a_metric():
    names = executed("A metric")
    assert names["mean_variety"](np.array([[1, 1, 2, 2], [1, 2, 3, 4]])) == 0.75
    task = names["task"]
    assert "variety" in task.figures and 0 < task.real()["variety"] <= 1


@pytest.mark.slow
def test_a_cell(tmp_path):
    names = executed("A cell", xla=False)
    generator, model = names["generator"], names["model"]
    real = np.tile(np.arange(8, dtype=np.int32), [64, 1])
    model.pretrain(real, epochs=1)
    model.fit(real, rounds=1)
    # Teacher forcing and stepping agree: the cell's states are those of the loop.
    tokens = generator.sample(4, (1, 2))
    states = generator.initial_states(4)
    column = np.zeros(4, np.int32)
    for t in range(8):
        hidden, states = generator.step(column, states)
        expected = generator(tokens)[:, t]
        np.testing.assert_allclose(generator.logits(hidden), expected, atol=1e-5)
        column = tokens[:, t]
    export_generator(generator, tmp_path / "export", {"task": "x", "level": "id", "size": 10})
    loaded = load_generator(tmp_path / "export")
    np.testing.assert_array_equal(loaded.sample(4, [1, 2], 1.0), tokens)
    assert "my_project" in keras.saving.get_registered_name(type(generator))
