"""What people copy runs: the README's library example and the tutorial notebook, at smoke size."""

import re

import nbformat
import pytest
from nbclient import NotebookClient

from tests.helpers import REPOSITORY

NOTEBOOK = REPOSITORY / "examples" / "own_text.ipynb"


def smaller(code, **numbers):
    """`code` with other numbers after these names; each must occur."""
    for name, number in numbers.items():
        code, found = re.subn(rf"\b({name} ?= ?)\d+", rf"\g<1>{number}", code)
        assert found, name
    return code


def snippet():
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    (found,) = [
        code for code in re.findall(r"```python\n(.*?)```", readme, re.S) if "import seqgan" in code
    ]
    return found


def test_the_library_example_has_fifteen_lines():
    assert len([line for line in snippet().splitlines() if line.strip()]) <= 15


# What a training at smoke size is given in addition.
SMALL = "num_rollouts=1, pretrain_d_steps=1, pretrain_d_samples=64, d_samples=64, xla=False"


@pytest.mark.slow
def test_the_library_example_of_the_readme_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words = ["a", "cat", "dog", "sees", "the", "moon", "and", "bird"]
    lines = [" ".join(words[k * j % 8] for k in range(1, 9)) for j in range(1, 250)]
    (tmp_path / "my_lines.txt").write_text("\n".join(lines), encoding="utf-8")
    code = smaller(snippet(), epochs=1, rounds=1)
    assert "seed=1)" in code
    exec(compile(code.replace("seed=1)", f"seed=1, {SMALL})"), "README.md", "exec"), {})
    lines = capsys.readouterr().out.splitlines()
    assert lines[-11].startswith("adversarial ") and " - " not in "".join(lines[-10:])
    assert (tmp_path / "my_model" / "seqgan.json").is_file()


# By the code of the notebook; every token of a sequence is traced, so there are few.
SMALLER = {
    "num_rollouts=4": SMALL,
    "EPOCHS, ROUNDS = 15, 30": "EPOCHS, ROUNDS = 2, 1",
    "T = 12 ": "T = 5 ",
    '{who} {does} {where} {when}"': '{does} {where}"',
    "range(3000)": "range(300)",
    "real[:500], real[500:]": "real[:64], real[64:]",
    '"own_text"': '"own_text_test"',
}


@pytest.mark.slow
def test_the_notebook_runs_to_its_end():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    code = "".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    assert [code.count(text) for text in SMALLER] == [2, *[1] * (len(SMALLER) - 1)]
    for cell in notebook.cells:
        for text, smaller_text in SMALLER.items():
            cell.source = cell.source.replace(text, smaller_text)
    NotebookClient(
        notebook, timeout=600, resources={"metadata": {"path": str(NOTEBOOK.parent)}}
    ).execute()


def test_the_notebook_was_committed_with_its_outputs():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    kinds = [output.output_type for cell in code for output in cell.outputs]
    assert "error" not in kinds and kinds.count("display_data") == 2  # two figures
