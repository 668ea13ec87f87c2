"""The table of what discriminators know, from result files made by hand."""

import json

import pytest

from experiments import discriminator_map as module
from files.errors import UsageError

SETTINGS = {
    **{"rounds": 0, "corpus": "some/where/coco", "discriminator": "small", "hidden_dim": 64},
    **{"dropout": 0.4, "mle_patience": 2, "mle_epochs": 60, "start_at_temperature": True},
}


def run(folder, seed, gain, **settings):
    metrics = {}
    for part, sign in (("validation", 1), ("test", -1)):
        metrics |= {
            f"discriminator_accuracy_{part}": 0.6,
            f"discriminator_gain_{part}": sign * gain,
            f"discriminator_gain_error_{part}": gain / 10,
            f"candidates_resampled_gain_{part}": gain / 2,
            f"candidates_best_gain_{part}": -0.4,
        }
    result = {"seed": seed, "settings": {**SETTINGS, **settings}, "metrics": metrics}
    folder.mkdir()
    (folder / "result.json").write_text(json.dumps(result))
    return folder


def test_by_hand(tmp_path, capsys):
    folders = [
        run(tmp_path / "a", 1, 0.02),
        run(tmp_path / "b", 2, 0.04),
        run(tmp_path / "c", 1, 0.01, start_at_temperature=False, dropout=0.0, mle_patience=None),
    ]
    out = tmp_path / "map.json"
    page = tmp_path / "page.md"
    page.write_text(
        "before\n<!-- discriminator map table: made by experiments.discriminator_map -->\n"
        "<!-- end of discriminator map table -->\nafter\n"
    )
    module.main([*map(str, folders), "--json", str(out), "--write", str(page)])
    printed = capsys.readouterr().out
    first, second = [line for line in printed.splitlines() if line.startswith("| coco")]
    assert "MLE, H = 64, 60 epochs |" in first
    assert "dropout 0.4, early stopping, at its best temperature" in second
    assert "| 0.0300 ± 0.0141 (error 0.0030) |" in second
    assert "| -0.0300 ± 0.0141 (error 0.0030) |" in second
    assert second.endswith("| 0.0150 ± 0.0071 | -0.4000 ± 0.0000 |")
    assert page.read_text().startswith("before") and second in page.read_text()
    rows = json.loads(out.read_text())["rows"]
    assert [sorted(row["seeds"]) for row in rows] == [["1"], ["1", "2"]]
    assert rows[1]["seeds"]["2"]["discriminator_gain_test"] == -0.04


def test_other_runs_are_refused(tmp_path):
    trained = run(tmp_path / "trained", 1, 0.02, rounds=4)
    with pytest.raises(UsageError, match="expected a run with --rounds 0"):
        module.main([str(trained)])
    with pytest.raises(UsageError, match="no runs are given"):
        module.main([])
