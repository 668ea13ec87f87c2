"""Standard streams of every kind: encodings that lack characters, closed, full and broken ones."""

import os
import signal
import subprocess
import sys

import pytest

from tests.helpers import REPOSITORY
from tests.scripts import command

PRINTS = """
import sys
from training.errors import one_line_errors
with one_line_errors():
    {}
"""
# As in code; the last is a byte of a name that is not UTF-8.
TEXT = r"\u5c71 \u2013 \udcff"


def python(code, redirections="", **environment):
    """What a line inside `one_line_errors` does, with redirections of the shell."""
    arguments = [sys.executable, "-c", PRINTS.format(code)]
    return shell(arguments, redirections, **environment)


def shell(arguments, redirections, **environment):
    return subprocess.run(
        ["sh", "-c", f'exec "$@" {redirections}', "sh", *arguments],
        cwd=REPOSITORY,
        env={**os.environ, **environment},
        capture_output=True,
    )


WARNED = b"warning: standard output is encoded as %s, which lacks some of the characters: "


@pytest.mark.parametrize(
    "encoding, printed",
    [
        ("ascii", rb"\u5c71 \u2013 \udcff"),
        ("cp1252", b"\\u5c71 \x96 \\udcff"),
        ("utf-8", "山 – \\udcff".encode()),
    ],
)
def test_characters_that_an_encoding_lacks_are_escaped(encoding, printed):
    done = python(f'print("{TEXT}"); print("{TEXT}")', PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stdout) == (0, 2 * (printed + b"\n"))
    if encoding == "utf-8":
        assert done.stderr == b""
    else:
        assert done.stderr.startswith(WARNED % encoding.encode())
        assert done.stderr.count(b"\n") == 1 and b"PYTHONIOENCODING=utf-8" in done.stderr


def test_text_that_can_be_encoded_is_not_touched():
    done = python('print("a – b")', PYTHONIOENCODING="cp1252")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"a \x96 b\n", b"")


def test_the_users_own_error_handler_stays():
    done = python('print("山")', PYTHONIOENCODING="ascii:replace")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"?\n", b"")


def test_the_c_locale_escapes_too():
    c_locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = python(f'print("{TEXT}")', PYTHONIOENCODING="", **c_locale)
    assert (done.returncode, done.stdout) == (0, rb"\u5c71 \u2013 \udcff" + b"\n")


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_an_error_line_holds_any_name(encoding):
    code = f'from files.errors import UsageError; raise UsageError("no {TEXT}")'
    done = python(code, PYTHONIOENCODING=encoding)
    expected = "error: no 山 – \\udcff\n".encode(encoding, "backslashreplace")
    assert (done.returncode, done.stdout, done.stderr) == (2, b"", expected)


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_progress_shows_any_name(encoding):
    code = f'from training.progress import Display; Display().say("result in {TEXT}")'
    done = python(code, PYTHONIOENCODING=encoding)
    expected = "result in 山 – \\udcff\n".encode(encoding, "backslashreplace")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", expected)


BAD = b"error: cannot use 'standard output': Bad file descriptor. Check the path and the free disk space.\n"


@pytest.mark.parametrize("code", ['print("x")', 'sys.stdout.write("x")'])
def test_output_that_is_closed_is_an_error_where_something_is_written(code):
    done = python(code, ">&-")
    assert (done.returncode, done.stderr) == (2, BAD)
    assert python(code, ">&- 2>&-").returncode == 2


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_no_error_where_they_are_not_needed(closed):
    done = python('print("x", file=sys.stderr); sys.stdin.read(); assert sys.stdin', closed)
    assert (done.returncode, done.stdout) == (0, b"")
    assert done.stderr == (b"" if "2>&-" in closed else b"x\n")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_no_file_gets_the_number_of_a_closed_stream(closed):
    """What libraries write to descriptors 1 and 2 would end up in it."""
    code = 'sys.exit(0 if open("README.md").fileno() > 2 else 1)'
    assert python(code, closed).returncode == 0


@pytest.mark.parametrize("closed", ["2>&-", ">&- 2>&-"])
def test_an_error_goes_nowhere_but_to_its_stream(closed):
    done = python('from files.errors import UsageError; raise UsageError("no")', closed)
    assert (done.returncode, done.stdout, done.stderr) == (2, b"", b"")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize("length", [1, 10**6])
def test_a_full_disk_behind_the_output_is_one_line(length):
    done = python(f'print("x" * {length})', ">/dev/full")
    assert done.returncode == 2
    assert done.stderr.count(b"\n") == 1 and b"No space left on device" in done.stderr
    done = python('raise SystemExit(print("x"))', ">/dev/full")  # as after --help
    assert done.returncode == 2 and done.stderr.count(b"\n") == 1


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_an_error_keeps_its_exit_code_where_its_line_cannot_be_written():
    code = 'from files.errors import UsageError; print("x"); raise UsageError("no")'
    assert python(code, ">/dev/full 2>/dev/full").returncode == 2


@pytest.mark.parametrize("redirections", [">&-", ">/dev/full"])
def test_help_that_cannot_be_printed(redirections):
    done = shell(command("compare.py", "--help"), redirections)
    assert done.returncode == 2
    assert done.stderr.startswith(b"error: cannot use ") and b"standard output" in done.stderr
    assert done.stderr.count(b"\n") == 1


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_help_is_printed_in_any_encoding(encoding):
    done = shell(command("compare.py", "--help"), "", PYTHONIOENCODING=encoding)
    assert done.returncode == 0 and b"--figures" in done.stdout and done.stderr == b""


@pytest.mark.slow
def test_a_training_completes_whatever_is_closed(tmp_path):
    flags = ("--preset", "smoke", "--algorithm", "mle", "--mle-epochs", 1, "--train-size", 64)
    flags += ("--test-size", 32, "--batch-size", 16, "--eval-samples", 32, "--final-samples", 32)
    arguments = command("train_oracle.py", *flags, "--out", tmp_path / "山水")
    assert shell(arguments, "<&- >&- 2>&-").returncode == 0
    assert (tmp_path / "山水" / "result.json").exists()


def test_a_reader_of_errors_that_goes_away_ends_the_script_as_a_broken_pipe():
    code = PRINTS.format('input(); print("x", file=sys.stderr)')
    pipes = {name: subprocess.PIPE for name in ("stdin", "stdout", "stderr")}
    with subprocess.Popen([sys.executable, "-c", code], cwd=REPOSITORY, **pipes) as child:
        child.stderr.close()
        child.stdin.write(b"now\n")
        child.stdin.close()
        assert child.stdout.read() == b""
    assert child.returncode == 128 + signal.SIGPIPE
