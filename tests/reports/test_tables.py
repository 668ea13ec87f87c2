"""The tables: from result files alone, incomplete runs left out and said."""

import json
from pathlib import Path

import numpy as np
import pytest

from compare import between_marks, make_tables, marks
from reports.paper import TABLE_1
from reports.results import find_results
from reports.tables import corpus_notes, corpus_table, mean_sd, oracle_notes, oracle_table
from training.errors import UsageError

ROOT = Path(__file__).parents[2]


def made(seed, final, start, **changes):
    names = ("nll_test", "self_bleu_2", "self_bleu_3", "copied_share")
    metrics = {name + suffix: 0.5 for name in names for suffix in ("", "_mle")}
    return {
        "task": "oracle",
        "algorithm": "seqgan",
        "preset": "quick",
        "seed": seed,
        "metrics": {**metrics, "nll_oracle": final, "nll_oracle_mle": start},
        "seconds": {"mle": 60.0, "measure mle": 60.0, "adversarial": 120.0},
        "peak_memory_mb": 1500.0 + seed,
        "settings": {
            "oracle": "published",
            "final_samples": 10000,
            "test_size": 10000,
            "self_bleu_samples": 1000,
        },
        "hardware": "2 CPU cores",
        "complete": True,
        **changes,
    }


def test_paper_numbers():
    assert TABLE_1 == {
        **{"random": 10.310, "mle": 9.038, "ss": 8.985, "pg-bleu": 8.946, "seqgan": 8.736}
    }


def test_mean_and_sample_standard_deviation_by_hand():
    assert mean_sd([1.0, 2.0, 3.0]) == "2.000 ± 1.000"
    assert mean_sd([8.7361]) == "8.736"


def test_table_by_hand():
    table = oracle_table([made(2, 8.6, 9.0), made(1, 8.8, 9.1)]).splitlines()
    assert len(table) == 4
    start, final = ([cell.strip() for cell in row.split("|")[1:-1]] for row in table[2:])
    assert start[:6] == [
        *("published", "mle (its own start), quick", "1, 2", "9.050 ± 0.071", "9.038"),
        "0.500 ± 0.000",
    ]
    assert start[-2:] == ["2.0", "–"]
    assert final[1:5] == ["seqgan, quick", "1, 2", "8.700 ± 0.141", "8.736"]
    assert final[-2:] == ["4.0", "1.50 GB"]


def test_a_seeded_oracle_is_not_set_beside_the_paper():
    run = made(1, 8.0, 8.3)
    run["settings"] = {**run["settings"], "oracle": "seed:1"}
    assert "9.038" not in oracle_table([run]) and "8.736" not in oracle_table([run])


def test_notes_test_over_seeds_with_scipy():
    from scipy import stats

    final, start = [8.6, 8.8, 8.7], [9.0, 9.1, 9.05]
    note = oracle_notes([made(k, f, s) for k, (f, s) in enumerate(zip(final, start, strict=True))])
    p = stats.ttest_ind(final, start, equal_var=False).pvalue
    assert f"p = {p:.1g}" in note and f"{np.mean(final) - np.mean(start):+.3f}" in note


def test_incomplete_broken_and_repeated_results_are_left_out_and_said(tmp_path):
    good = made(1, 8.7, 9.0)
    (tmp_path / "good.json").write_text(json.dumps(good))
    (tmp_path / "again.json").write_text(json.dumps(good))
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "partial.json").write_text(json.dumps(made(2, 8.7, 9.0, complete=False)))
    run = tmp_path / "run"
    run.mkdir()
    (run / "config.json").write_text("{}")
    results, left_out = find_results([tmp_path, run, tmp_path / "none"])
    assert results == [good]
    said = "\n".join(left_out)
    assert len(left_out) == 4
    for part in ("broken.json", "partial.json", "not complete", "none: there is no such"):
        assert part in said


def test_only_the_text_between_the_marks_is_replaced():
    start, end = marks("oracle")
    text = f"before\n{start}\nold\n{end}\nafter"
    once = between_marks(text, "oracle", "new")
    assert once == f"before\n{start}\nnew\n{end}\nafter"
    assert between_marks(once, "oracle", "new") == once
    with pytest.raises(UsageError, match="--write"):
        between_marks(text, "corpus", "new")


def test_the_readme_quotes_the_result_files():
    results, left_out = find_results([ROOT / "results"])
    assert not left_out
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    tables = make_tables(results)
    assert "oracle" in tables
    for name, table in tables.items():
        start, end = marks(name)
        assert readme.split(start)[1].split(end)[0].strip() == table.strip()


def made_poems(seed, final, start):
    names = ("nll_test", "self_bleu_2", "bleu_2_test")
    metrics = {name + suffix: 0.5 for name in names for suffix in ("", "_mle")}
    settings = {"corpus": "poems", "bleu_variant": "strict", "final_samples": 2000}
    data = {"train": 14394, "validation": 799, "test": 800, "real": {"bleu_2": 0.748}}
    result = made(seed, 0, 0, task="poems", settings=settings, data=data)
    return {**result, "metrics": {**metrics, "bleu_2": final, "bleu_2_mle": start}}


def test_corpus_table_by_hand():
    runs = [made_poems(1, 0.70, 0.65), made_poems(2, 0.72, 0.67)]
    (row,) = corpus_table(runs).splitlines()[2:]
    assert [cell.strip() for cell in row.split("|")[1:-1]] == [
        *("poems: poems, quick", "BLEU-2", "0.667", "0.739", "0.660 ± 0.014", "0.710 ± 0.014"),
        *("0.748", "1, 2", "4.0"),
    ]
    note = corpus_notes(runs)
    for part in ("14,394 training", "2,000 samples", "strict BLEU", "799 for validation"):
        assert part in note


def test_a_table_without_results_is_not_made():
    assert list(make_tables([made_poems(1, 0.7, 0.6)])) == ["corpus"]
    assert list(make_tables([made(1, 8.7, 9.0)])) == ["oracle"]
