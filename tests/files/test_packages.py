"""Scripts where a package is missing, and the list of packages."""

import ast
import re
import subprocess
import sys

import pytest

from files.packages import PACKAGES
from tests.helpers import REPOSITORY
from training.errors import one_line_errors

SCRIPTS = [path for path in sorted(REPOSITORY.glob("*.py")) if path.stem != "seqgan"]


def test_the_packages_are_those_of_the_requirements():
    lines = (REPOSITORY / "requirements.txt").read_text().splitlines()
    assert {re.match(r"\w+", line)[0] for line in lines} == set(PACKAGES)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_without_packages_says_what_to_do(script):
    first = next(
        node
        for node in ast.parse(script.read_text()).body
        if isinstance(node, ast.Import | ast.ImportFrom)
    )
    assert ast.unparse(first) == "import files.script_start"
    # Without `site` Python finds its own modules and those of the folder of the script.
    command = [sys.executable, "-S", str(script), "--help"]
    end = subprocess.run(command, capture_output=True, text=True, env={})
    assert end.returncode == 2 and end.stdout == "" and end.stderr.count("\n") == 1
    assert end.stderr.startswith("error: the package tyro is not installed for ")
    assert end.stderr.endswith("run `pip install -r requirements.txt`.\n")


def test_a_package_that_is_imported_later_is_told_too(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(SystemExit) as end, one_line_errors():
        import tensorboard.plugins  # noqa: F401
    said = capsys.readouterr().err
    assert end.value.code == 2 and "error: the package tensorboard is not installed for" in said
    with pytest.raises(ModuleNotFoundError), one_line_errors():  # a fault of this code
        import files.not_there  # noqa: F401
