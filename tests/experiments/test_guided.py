"""The table of generators that learn from their discriminators, from result files made by hand."""

import json

import pytest
from scipy import stats

from experiments import guided as module
from files.errors import UsageError

SETTINGS = {
    **{"policy_update": "guided", "corpus": "some/where/coco-iid", "discriminator": "prefix"},
    **{"d_labels": "true", "d_steps": 0, "hidden_dim": 64, "dropout": 0.4, "mle_patience": 2},
    "start_at_temperature": True,
}


def run(folder, seed, gain, **settings):
    metrics = {f"{name}_tuned_mle": 3.0 for name in module.FIGURES}
    metrics |= {f"{name}_tuned": 3.0 - gain for name in module.FIGURES}
    metrics["candidates_resampled_gain_test"] = gain / 10
    result = {"seed": seed, "settings": {**SETTINGS, **settings}, "metrics": metrics}
    folder.mkdir()
    (folder / "result.json").write_text(json.dumps(result))
    return folder


def test_by_hand(tmp_path, capsys):
    found = (0.01, 0.02, 0.04)
    folders = [run(tmp_path / f"a{seed}", seed, gain) for seed, gain in enumerate(found, 1)]
    folders.append(run(tmp_path / "b", 1, -0.003, d_labels="permuted"))
    out, page = tmp_path / "guided.json", tmp_path / "page.md"
    page.write_text(
        "before\n<!-- guided updates table: made by experiments.guided -->\n"
        "<!-- end of guided updates table -->\nafter\n"
    )
    module.main([*map(str, folders), "--json", str(out), "--write", str(page)])
    printed = capsys.readouterr().out
    first, second = [line for line in printed.splitlines() if line.startswith("| coco-iid")]
    cells = [cell.strip() for cell in first.strip("|").split("|")]
    assert cells[:4] == ["coco-iid", "guided", "prefix", "1–3"]
    assert cells[4:7] == ["3.0000 ± 0.0000", "2.9767 ± 0.0153", "0.0233 ± 0.0153"]
    p = stats.ttest_rel([3.0] * 3, [3.0 - gain for gain in found]).pvalue
    assert cells[10] == f"{p:.1g}"
    assert cells[11] == "0.0023 ± 0.0015"
    assert "| prefix, permuted labels | 1 | 3.0000 | 3.0030 | -0.0030 |" in second
    assert page.read_text().startswith("before") and second in page.read_text()
    rows = json.loads(out.read_text())["rows"]
    assert rows[0]["seeds"]["2"]["end"]["nll_test"] == pytest.approx(2.98)


def test_another_start_is_a_row_of_its_own(tmp_path):
    quick = {"dropout": 0.0, "mle_patience": None, "mle_epochs": 25, "hidden_dim": 32}
    folders = [run(tmp_path / "best", 1, 0.05), run(tmp_path / "quick", 1, 0.9, **quick)]
    rows = module.read_runs(folders)
    start = "start: MLE, H = 32, 25 epochs, at its best temperature"
    assert [row["data"] for row in rows] == ["coco-iid", f"coco-iid, {start}"]
    with pytest.raises(UsageError, match="have the same seed, 1"):
        module.read_runs([*folders, run(tmp_path / "again", 1, 0.01)])


def test_each_column_has_its_own_figure_at_the_best_temperature(tmp_path):
    """Figures that all differ, and others at temperature 1, which do not count."""
    folders = []
    for seed in (1, 2, 3):
        folder = run(tmp_path / str(seed), seed, 0.0)
        result = json.loads((folder / "result.json").read_text())
        metrics = {}
        for number, name in enumerate(module.FIGURES):
            metrics |= {f"{name}{end}": 77.0 for end in ("", "_mle")}
            metrics[f"{name}_tuned_mle"] = number + 0.5
            metrics[f"{name}_tuned"] = number + 0.5 - (number + 1) * seed / 64
        (folder / "result.json").write_text(json.dumps({**result, "metrics": metrics}))
        folders.append(folder)
    table = module.guided_table(module.read_runs(folders))
    cells = dict(zip(table.columns, table.rows[0], strict=True))
    for column, number, digits in (
        ("NLL-validation", 0, 4),
        ("NLL-test", 1, 4),
        ("NLL-oracle", 2, 3),
        ("BLEU-2", 3, 3),
        ("self-BLEU-2", 4, 3),
    ):
        assert cells[f"{column}, start"].startswith(f"{number + 0.5:.{digits}f} ")
        mean = number + 0.5 - (number + 1) / 32
        assert cells[f"{column}, end"].startswith(f"{mean:.{digits}f} ")
    assert cells["gain, validation"] == "0.0312 ± 0.0156"
    assert cells["gain, test"] == "0.0625 ± 0.0312"
    # The t of gains of 1, 2 and 3 is the same on both parts, unlike that of a part where they vary more.
    rows = module.read_runs(folders)
    for seed, gain in zip(rows[0]["seeds"].values(), (0.1, 0.9, -0.4), strict=True):
        seed["end"]["nll_validation"] = seed["start"]["nll_validation"] - gain
    again = module.guided_table(rows)
    p_value = stats.ttest_1samp([1, 2, 3], 0).pvalue
    assert again.rows[0][again.columns.index("p")] == f"{p_value:.1g}"


def test_a_discriminator_that_is_trained_in_every_round_has_its_own_row(tmp_path, capsys):
    folders = [run(tmp_path / f"d{steps}", 1, 0.02, d_steps=steps) for steps in (0, 2)]
    folders.append(run(tmp_path / "new", 1, 0.03, d_steps=1, d_update="restart", rounds=4))
    module.main([*map(str, folders)])
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| coco-iid")]
    assert [row.split("|")[3].strip() for row in rows] == [
        "prefix",
        "prefix, a new one in each of 4 rounds",
        "prefix, trained in every round",
    ]


def test_a_run_on_the_oracle_has_neither_bleu_nor_validation_figures(tmp_path, capsys):
    folder = run(tmp_path / "oracle", 1, 0.02, oracle="published", train_size=10_000)
    result = json.loads((folder / "result.json").read_text())
    del result["settings"]["corpus"]
    metrics = {k: v for k, v in result["metrics"].items() if not k.startswith(("bleu", "nll_val"))}
    (folder / "result.json").write_text(json.dumps({**result, "metrics": metrics}))
    module.main([str(folder)])
    (row,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| oracle")]
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[4:7] == ["–"] * 3
    assert cells[7:10] == ["3.0000", "2.9800", "0.0200"]
    assert cells[11:] == ["0.0020", "–", "–", "3.000", "2.980", "3.000", "2.980"]


def test_each_way_to_learn_from_the_verdict_has_its_rows(tmp_path, capsys):
    likelihood = {"policy_update": "reinforce", "reward": "density-ratio"}
    ways = [
        {"policy_update": "guided", "reward": "discriminator"},
        {**likelihood, "policy_samples": "target"},
        {**likelihood, "policy_samples": "generator"},
        {"policy_update": "reinforce", "reward": "log-ratio"},
    ]
    module.main([str(run(tmp_path / str(n), 1, 0.02, **way)) for n, way in enumerate(ways)])
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| coco-iid")]
    assert [row.split("|")[2].strip() for row in rows] == [
        "guided",
        "policy gradient, density-ratio",
        "policy gradient, log-ratio",
        "weighted likelihood",
    ]


def test_other_runs_and_figures_are_refused(tmp_path):
    other = run(tmp_path / "other", 1, 0.02)
    result = json.loads((other / "result.json").read_text())
    (other / "result.json").write_text(json.dumps({**result, "metrics": {}}))
    with pytest.raises(UsageError, match="expected a run of --algorithm seqgan with --tune"):
        module.main([str(other)])
    figures = tmp_path / "figures.json"
    figures.write_text(json.dumps({"rows": [{"data": "coco-iid", "seeds": {}}]}))
    with pytest.raises(UsageError, match="has no rows of this table"):
        module.main([str(run(tmp_path / "one", 1, 0.02)), "--json", str(figures)])
    with pytest.raises(UsageError, match="no runs are given"):
        module.main([])


def test_each_oracle_has_a_row_and_results_of_earlier_versions_are_read(tmp_path, capsys):
    folders = []
    for oracle in ("published", "seed:1"):
        folder = run(tmp_path / oracle[:4], 1, 0.01, oracle=oracle, train_size=10_000)
        saved = json.loads((folder / "result.json").read_text())
        for name in ("corpus", "d_labels", "discriminator"):
            del saved["settings"][name]
        (folder / "result.json").write_text(json.dumps(saved))
        folders.append(folder)
    module.main([*map(str, folders)])
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| oracle")]
    assert [row.split("|")[1].strip() for row in rows] == [
        "oracle published, 10,000 sequences",
        "oracle seed:1, 10,000 sequences",
    ]
    assert all(row.split("|")[3].strip() == "paper" for row in rows)
