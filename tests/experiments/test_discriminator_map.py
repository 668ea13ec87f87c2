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
            f"candidates_resampled_gain_{part}": sign * gain / 2,
            f"candidates_best_gain_{part}": -0.4 * sign,
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
    picture = tmp_path / "map.png"
    files = ["--json", str(out), "--write", str(page), "--figure", str(picture)]
    module.main([*map(str, folders), *files])
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
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_runs_add_to_those_of_the_file(tmp_path, capsys):
    """A seed that is measured again replaces its figures."""
    out = tmp_path / "map.json"
    for name, seed, gain in (("a", 1, 0.02), ("b", 2, 0.04), ("c", 1, 0.03)):
        module.main([str(run(tmp_path / name, seed, gain)), "--json", str(out)])
    module.main([str(run(tmp_path / "d", 7, 0.05, discriminator="paper")), "--json", str(out)])
    capsys.readouterr()
    module.main(["--json", str(out)])  # shows what there is
    paper, small = [line for line in capsys.readouterr().out.splitlines() if "| coco" in line]
    assert "| paper | 7 | 0.600 | 0.0500 (error 0.0050)" in paper
    assert "| small | 1, 2 | 0.600 ± 0.000 | 0.0350 ± 0.0071" in small
    out.write_text("[]")
    with pytest.raises(UsageError, match="has no rows of this table"):
        module.main(["--json", str(out)])
    assert out.read_text() == "[]"


def test_data_of_an_oracle_are_named_by_their_number():
    drawn = {"oracle": "published", "train_size": 100_000}
    assert module.data_in_words(drawn) == "oracle published, 100,000 sequences"


def test_other_runs_are_refused(tmp_path):
    trained = run(tmp_path / "trained", 1, 0.02, rounds=4)
    with pytest.raises(UsageError, match="expected a run with --rounds 0"):
        module.main([str(trained)])
    with pytest.raises(UsageError, match="no runs are given"):
        module.main([])


def test_a_part_that_was_too_small_to_measure_is_left_out(tmp_path, capsys):
    folder = run(tmp_path / "a", 1, 0.02)
    saved = json.loads((folder / "result.json").read_text())
    saved["metrics"] = {k: v for k, v in saved["metrics"].items() if not k.endswith("_test")}
    (folder / "result.json").write_text(json.dumps(saved))
    picture = tmp_path / "map.png"
    module.main([str(folder), "--figure", str(picture)])
    (row,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| coco")]
    assert row.split(" | ")[5:8] == ["0.0200 (error 0.0020)", "–", "–"]
    assert picture.read_bytes().startswith(b"\x89PNG")
