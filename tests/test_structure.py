"""Imports flow one way: scripts, reports, training, then models, data and metrics, then files."""

import graphlib
import subprocess
import sys
import tomllib

import pytest

from docs.make_architecture import imported
from tests.helpers import REPOSITORY

# Which of our packages each of them may import, besides itself.
GROUND = {"files"}
BELOW = {"models", "data", "metrics"} | GROUND
ALLOWED = {
    "files": set(),
    "models": GROUND,
    "data": GROUND,
    "metrics": GROUND,
    "training": BELOW,
    "reports": BELOW | {"training"},
    "judging": BELOW | {"training"},
    "benchmarks": BELOW | {"training", "reports"},
    "experiments": BELOW | {"training", "reports", "benchmarks"},
    "scripts": BELOW | {"training", "reports", "judging"},
    "docs": set(),
    "tests": BELOW
    | {"training", "reports", "judging", "benchmarks", "experiments", "scripts", "docs"},
}
SCRIPTS = {path.stem for path in REPOSITORY.glob("*.py")}


def files_of(part):
    if part == "scripts":
        return sorted(REPOSITORY.glob("*.py"))
    return sorted((REPOSITORY / part).rglob("*.py"))


def part_of(module):
    """The part of the repository that a module belongs to, or its top-level name."""
    top = module.split(".")[0]
    return "scripts" if top in SCRIPTS else top


FILES = [(part, path) for part in ALLOWED for path in files_of(part)]


def test_all_parts_are_looked_at():
    folders = {
        path.parent.relative_to(REPOSITORY).parts[0]
        for _, path in FILES
        if path.parent != REPOSITORY
    }
    assert {"files", "models", "data", "metrics", "training", "benchmarks", "tests"} <= folders
    assert "train_oracle" in SCRIPTS
    others = {
        path.name
        for path in REPOSITORY.iterdir()
        if path.is_dir() and not path.name.startswith(".") and any(path.glob("*.py"))
    }
    assert others <= set(ALLOWED)


@pytest.mark.parametrize(
    "part, path", FILES, ids=[str(path.relative_to(REPOSITORY)) for _, path in FILES]
)
def test_imports_flow_one_way(part, path):
    ours = {part_of(module) for module in imported(path)} & set(ALLOWED)
    assert ours <= ALLOWED[part] | {part}


def test_no_module_needs_one_that_needs_it():
    """Not even for the name of a type: the modules can be read in an order."""
    names = {
        ".".join(path.relative_to(REPOSITORY).with_suffix("").parts): path for _, path in FILES
    }
    order = graphlib.TopologicalSorter({name: imported(path) for name, path in names.items()})
    order.prepare()  # raises CycleError, which names them


def test_web_libraries_are_for_judging_alone():
    """Which is optional, and so are they."""
    for part, path in FILES:
        used = {module.split(".")[0] for module in imported(path)} & {"starlette", "uvicorn"}
        assert not used or part in ("judging", "tests"), path


@pytest.mark.parametrize("part", ["data", "metrics"])
def test_data_and_metrics_need_no_tensorflow(part):
    used = {module.split(".")[0] for path in files_of(part) for module in imported(path)}
    assert not used & {"tensorflow", "keras", "torch", "jax"}
    assert "numpy" in used  # the files were read


@pytest.mark.parametrize("module", ["models.exported", "reports.tables"])
def test_exports_are_checked_and_tables_made_without_tensorflow(module):
    """Its notes would be on the terminal, and what is damaged would be reported seconds later."""
    code = f"import sys, {module}; print({{'tensorflow', 'keras'}} & set(sys.modules))"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    assert done.stdout == "set()\n", done.stderr


def test_types_of_all_packages_and_scripts_are_checked():
    with (REPOSITORY / "pyproject.toml").open("rb") as file:
        checked = tomllib.load(file)["tool"]["mypy"]["files"]
    assert {*checked} == {*ALLOWED, "*.py"} - {"scripts", "tests"}


def test_no_package_hides_a_module_of_python():
    assert not (set(ALLOWED) | SCRIPTS) & set(sys.stdlib_module_names)


def test_source_files_are_under_300_lines():
    lines = {path: path.read_text(encoding="utf-8").count("\n") for part, path in FILES
             if part not in ("docs", "tests")}  # fmt: skip
    assert not {path: num for path, num in lines.items() if num >= 300}
    assert lines[REPOSITORY / "seqgan.py"] < 120
