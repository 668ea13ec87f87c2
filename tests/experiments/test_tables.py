"""Where the tables go: files that cannot be written are refused before anything is measured."""

import json
from pathlib import Path

import pytest

from experiments import (
    cross_fitting,
    discriminator_map,
    ensembles,
    estimators,
    guided,
    sampling,
)
from experiments.tables import STRONGEST_START, Rows, start_in_words, with_earlier
from files.errors import DataError, UsageError

MODULES = (cross_fitting, discriminator_map, ensembles, estimators, guided, sampling)
by_module = pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)


def refused(module, tmp_path, *flags: object) -> str:
    """What is said of the flags, with runs that do not exist: whoever reads them first says that."""
    runs = [tmp_path / "run1", tmp_path / "run2"]
    with pytest.raises((UsageError, DataError)) as error:
        module.main([str(each) for each in (*runs, *flags)])
    return str(error.value)


@by_module
def test_a_page_that_cannot_take_the_table_is_refused_first(module, tmp_path):
    page = tmp_path / "page.md"
    assert f"--write is {page}, which does not exist" in refused(module, tmp_path, "--write", page)
    page.write_text("no marks")
    said = refused(module, tmp_path, "--write", page)
    assert "--write needs a file with the lines" in said and f"made by {module.__name__}" in said
    page.write_text(f"<!-- {module.TABLE} table: made by {module.MAKER} -->\n"
                    f"<!-- end of {module.TABLE} table -->\n")  # fmt: skip
    assert "run1" in refused(module, tmp_path, "--write", page)


@by_module
def test_a_file_of_figures_that_cannot_be_written_is_refused_first(module, tmp_path):
    file = tmp_path / "none" / "figures.json"
    assert "there is no folder" in refused(module, tmp_path, "--json", file)


@pytest.mark.parametrize("module", [cross_fitting, discriminator_map, guided])
def test_a_file_of_another_table_is_refused_first(module, tmp_path):
    file = tmp_path / "figures.json"
    file.write_text(json.dumps({"seeds": {}}))
    assert "has no rows of this table" in refused(module, tmp_path, "--json", file)


def add(rows, folder, seed, split_hash=None):
    result = {"seed": seed, "data": {"split_hash": split_hash} if split_hash else {}}
    rows.add(Path(folder), result, ("lines.txt", "small"), {"gain": seed})


def test_runs_of_a_row_differ_in_the_seed_alone():
    rows = Rows(["data", "discriminator"])
    add(rows, "a", 1, "x")
    add(rows, "b", 2, "x")
    with pytest.raises(UsageError, match=r"b and c are of one row .* have the same seed, 2\."):
        add(rows, "c", 2, "x")
    with pytest.raises(UsageError, match=r"a and d are of one row .* have different data"):
        add(rows, "d", 3, "y")
    found = {"data": "lines.txt", "discriminator": "small"}
    assert rows.sorted() == [{**found, "seeds": {"1": {"gain": 1}, "2": {"gain": 2}}}]


def test_a_start_in_words_has_what_differs():
    best = {"hidden_dim": 64, "dropout": 0.4, "mle_patience": 2, "start_at_temperature": True}
    assert start_in_words(best) == STRONGEST_START
    quick = {"hidden_dim": 32, "dropout": 0, "mle_patience": None, "mle_epochs": 25}
    quick |= {"start_at_temperature": False, "cell": "lstm-attention"}
    assert start_in_words(quick) == "MLE, lstm-attention, H = 32, 25 epochs"


def test_seeds_are_in_the_order_of_numbers_whichever_call_has_measured_them(tmp_path):
    file = tmp_path / "rows.json"
    file.write_text(json.dumps({"rows": [{"data": "a", "seeds": {"10": {}, "9": {"x": 1}}}]}))
    rows = with_earlier([{"data": "a", "seeds": {"2": {}, "9": {"x": 2}}}], file, ["data"])
    assert [list(row["seeds"].items()) for row in rows] == [
        [("2", {}), ("9", {"x": 2}), ("10", {})]
    ]
