"""The benchmark of the action values: that all of it runs, in tiny sizes, and what its table says."""

import contextlib
import io
import json

import pytest

from benchmarks import action_values
from files.errors import UsageError

MARKS = (
    "<!-- growth of action values table: made by benchmarks.action_values -->",
    "<!-- end of growth of action values table -->",
)


@pytest.fixture
def few_processes(monkeypatch):
    """One point alone is measured in a process of its own, the others in this one."""
    in_child, started = action_values.in_child, []

    def point(module, *flags):
        if not started:
            started.append(flags)
            return in_child(module, *flags)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            action_values.main(list(map(str, flags)))
        return json.loads(printed.getvalue().splitlines()[-1])

    monkeypatch.setattr(action_values, "in_child", point)


@pytest.mark.slow
def test_all_of_it_runs_in_tiny_sizes(tmp_path, capsys, few_processes):
    figures, document = tmp_path / "figures.json", tmp_path / "page.md"
    document.write_text("\n".join(["before", *MARKS, "after"]))
    flags = ["--quick", "--repeats", "1", "--lengths", "3", "4", "--longest-rollouts", "3"]
    picture = tmp_path / "picture.png"
    flags += ["--json", str(figures), "--write", str(document), "--figure", str(picture)]
    action_values.main(flags)
    assert picture.read_bytes().startswith(b"\x89PNG")
    measured = json.loads(figures.read_text())["estimators"]
    assert {name: of["lengths"] for name, of in measured.items()} == {
        "rollouts": [3],
        "small policy": [3],
        "mixed": [3, 4],
        "value": [3, 4],
    }
    for name, of in measured.items():
        for point in of["points"]:
            assert all(value > 0 for value in point.values())
            assert ("learning_cpu_ms" in point) == (name != "rollouts")
    text = document.read_text()
    assert text.startswith("before") and text.endswith("after")
    assert "| rollouts |" in text and "| mixed, learning of a round |" in text
    assert "| small policy |" in text and "| small policy, learning of a round |" in text
    assert capsys.readouterr().out.strip() in text


def test_the_table_by_hand():
    def points(*values):
        return [
            {"values_cpu_ms": value, "learning_cpu_ms": 2 * value, "peak_memory_mb": 10 * value}
            for value in values
        ]

    rollouts = [{"values_cpu_ms": 500.0, "peak_memory_mb": 1000.0}]
    by_name = {
        "rollouts": {"lengths": [2], "points": rollouts, "exponent_of_cpu_time": None},
        "value": {"lengths": [2, 4], "points": points(100, 200), "exponent_of_cpu_time": 1.0},
    }
    table = action_values.growth_table(
        {
            "estimators": by_name,
            "task": dict.fromkeys(action_values.SIZES, 7),
            "machine": {
                **{"processor": "P", "hardware": "H", "commit": "C", "load_average_before": 1.0},
                "versions": {"tensorflow": "1", "keras": "2"},
            },
        }
    )
    assert table.columns == ["", "T = 2", "T = 4", "exponent in T", "peak memory"]
    assert table.rows == [
        ["rollouts", "500 ms", "–", "–", "1.00 GB"],
        ["value", "100 ms", "200 ms", "1.00", "2.00 GB"],
        ["value, learning of a round", "200 ms", "400 ms", "–", "–"],
    ]


def test_exponents_are_those_of_the_action_values(monkeypatch):
    """They take the square of T, and learning takes T."""

    def point(_, *flags):
        length = dict(zip(flags[::2], flags[1::2], strict=True))["--lengths"]
        values = {"values_wall_ms": 1.0, "values_cpu_ms": 3.0 * length**2}
        return {**values, "learning_cpu_ms": 5.0 * length, "peak_memory_mb": 1.0}

    monkeypatch.setattr(action_values, "in_child", point)
    settings = action_values.ActionValueSettings(lengths=(2, 4, 8, 16), longest_rollouts=8)
    found = action_values.measure(settings)["estimators"]
    assert found["rollouts"]["lengths"] == [2, 4, 8] and found["value"]["lengths"] == [2, 4, 8, 16]
    for of in found.values():
        assert of["exponent_of_cpu_time"] == pytest.approx(2)


def test_lengths_without_a_prefix_are_refused():
    with pytest.raises(UsageError, match="lengths of at least 2"):
        action_values.main(["--lengths", "1"])
    with pytest.raises(UsageError, match="there is no folder"):
        action_values.main(["--figure", "no/such/folder/picture.png"])
