"""Another backend of Keras than TensorFlow is reported in one line, before Keras is imported."""

import json
import os
import subprocess
import sys

import pytest

from tests.helpers import REPOSITORY
from tests.scripts import command

PRINTS = """
import sys
try:
    import models
except ImportError as error:
    print(error, end="")
assert sys.argv[1:] == ["keras"] or not {"keras", "tensorflow"} & set(sys.modules)
"""


def run(arguments, home, stored=None, **environment):
    """A process whose Keras has a configuration of its own."""
    (home / ".keras").mkdir(exist_ok=True)
    if stored is not None:
        content = stored if isinstance(stored, bytes) else json.dumps(stored).encode()
        (home / ".keras" / "keras.json").write_bytes(content)
    cleared = {k: v for k, v in os.environ.items() if not k.startswith("KERAS_")}
    return subprocess.run(
        arguments,
        cwd=REPOSITORY,
        env={**cleared, "HOME": str(home), **environment},
        capture_output=True,
        text=True,
    )


def imported(home, stored=None, **environment):
    """What the error of `import models` says; empty where there is none."""
    done = run([sys.executable, "-c", PRINTS], home, stored, **environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("backend", ["jax", "torch", "openvino", "Tensorflow", " "])
def test_a_variable_of_another_backend(tmp_path, backend):
    said = imported(tmp_path, {"backend": "tensorflow"}, KERAS_BACKEND=backend)
    assert said == (
        f"KERAS_BACKEND is {backend!r}, expected 'tensorflow': set it to tensorflow, or unset it."
    )


def test_a_configuration_of_another_backend(tmp_path):
    for environment in ({}, {"KERAS_BACKEND": ""}, {"KERAS_HOME": "~/.keras"}):
        said = imported(tmp_path, {"backend": "jax"}, **environment)
        assert said == (
            f"\"backend\" in {tmp_path / '.keras' / 'keras.json'} is 'jax', expected 'tensorflow': "
            'write "tensorflow" there, or set KERAS_BACKEND=tensorflow.'
        )
    assert imported(tmp_path, KERAS_BACKEND="tensorflow") == ""
    assert imported(tmp_path, KERAS_HOME=str(tmp_path)) == ""


@pytest.mark.parametrize(
    "stored", [None, {"backend": "tensorflow"}, {}, b"{", b"\xff", [], b"[" * 100_000]
)
def test_tensorflow_and_what_keras_reads_as_its_default(tmp_path, stored):
    assert imported(tmp_path, stored) == ""


def test_a_keras_that_already_runs_on_another_backend(tmp_path):
    code = (
        "import types, sys\nconfig = types.SimpleNamespace(backend=lambda: 'jax')\n"
        "sys.modules['keras'] = types.SimpleNamespace(config=config)\n" + PRINTS
    )
    done = run([sys.executable, "-c", code, "keras"], tmp_path, KERAS_BACKEND="tensorflow")
    assert done.stdout.startswith("the backend of Keras is 'jax', expected 'tensorflow': import it")


@pytest.mark.parametrize(
    "script", ["sample.py", "train_oracle.py", "train_poems.py", "train_text.py"]
)
def test_a_script_reports_it_in_one_line(tmp_path, script):
    flags = () if script == "sample.py" else ("--out", tmp_path / "run")
    done = run(command(script, *flags), tmp_path, KERAS_BACKEND="jax")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "error: KERAS_BACKEND is 'jax', expected 'tensorflow': set it to tensorflow, or unset it.\n"
    )
    assert not (tmp_path / "run").exists()


def test_a_script_takes_tensorflow_whatever_the_configuration_says(tmp_path):
    done = run(command("sample.py", tmp_path), tmp_path, {"backend": "jax"})
    assert done.returncode == 2 and "there is no exported generator" in done.stderr
