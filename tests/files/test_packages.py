"""How scripts start: where a package is missing, and where Ctrl-C comes early."""

import ast
import re
import signal
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


# Ctrl-C: while a script imports, and later.
INTERRUPT = "signal.raise_signal(signal.SIGINT)"
IN_A_SCRIPT = f"with one_line_errors(): {INTERRUPT}"


@pytest.mark.parametrize(
    ("before", "interrupt", "code", "said"),
    [
        ("", INTERRUPT, -signal.SIGINT, ""),
        ("", IN_A_SCRIPT, 130, "stopped by SIGINT\n"),
        # As after `nohup`.
        ("signal.signal(signal.SIGINT, signal.SIG_IGN)", INTERRUPT, 0, ""),
        ("signal.signal(signal.SIGINT, signal.SIG_IGN)", IN_A_SCRIPT, 0, ""),
    ],
)
def test_ctrl_c_is_no_traceback(before, interrupt, code, said):
    script = REPOSITORY / "train_oracle.py"
    assert ended(before, script, interrupt) == (code, said)


def test_a_program_that_imports_a_script_keeps_its_handler():
    code, said = ended("", REPOSITORY / "examples" / "own.py", INTERRUPT)
    assert code in (1, -signal.SIGINT, 130) and said.endswith("KeyboardInterrupt\n")


def ended(before, program, interrupt):
    """The exit code and standard error of a process that begins as a program does."""
    lines = ["import signal, sys", f"sys.modules['__main__'].__file__ = {str(program)!r}", before]
    lines += ["import files.script_start", "from training.errors import one_line_errors", interrupt]
    command = [sys.executable, "-c", "\n".join(lines)]
    end = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    return end.returncode, end.stderr
