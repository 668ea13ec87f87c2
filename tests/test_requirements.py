"""The requirement files agree with each other and with what is installed."""

import importlib.metadata
import json
import re

from packaging.requirements import Requirement

from files.python_version import NEWEST, OLDEST
from tests.helpers import REPOSITORY


def requirements(name):
    """Requirements of a file by package, those of files that it includes left out."""
    lines = (REPOSITORY / name).read_text(encoding="utf-8").splitlines()
    found = [Requirement(line) for line in lines if line and not line.startswith(("-", "#"))]
    return {each.name: each for each in found}


def locked():
    """Versions and numbers of hashes in the lock file, by package in the spelling of the index."""
    text = (REPOSITORY / "requirements.lock").read_text(encoding="utf-8")
    found: dict[str, list[tuple[str, int]]] = {}
    for entry in re.split(r"\n(?=[a-z])", text):
        match = re.match(r"([a-z0-9-]+)==(\S+)", entry)
        if match:
            found.setdefault(match[1], []).append((match[2], entry.count("--hash=sha256:")))
    return found


def test_the_lock_has_versions_within_the_bounds_each_with_hashes():
    entries = locked()
    assert len(entries) > 30
    for name, wanted in requirements("requirements.txt").items():
        for version, _ in entries[name.replace("_", "-")]:
            assert version in wanted.specifier, name
    assert all(hashes for versions in entries.values() for _, hashes in versions)


def test_the_lock_names_no_index():
    text = (REPOSITORY / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in text and "--index" not in text and "--find-links" not in text


def test_gpus_need_the_same_tensorflow_and_its_cuda_libraries():
    gpu, plain = (requirements(f"requirements{kind}.txt")["tensorflow"] for kind in ("-gpu", ""))
    assert gpu.extras == {"and-cuda"} and gpu.specifier == plain.specifier
    included = (REPOSITORY / "requirements-gpu.txt").read_text().splitlines()[0]
    assert included == "-r requirements.txt"


def test_what_is_installed_is_within_the_bounds():
    for name, wanted in requirements("requirements.txt").items():
        assert importlib.metadata.version(name) in wanted.specifier, name


def test_keras_is_newer_than_the_versions_of_a_security_advisory():
    keras = requirements("requirements.txt")["keras"].specifier  # GHSA-hqp4-2352-xf5r
    assert "3.13.99" not in keras and "3.14.0" in keras


def test_the_workflow_checks_the_oldest_and_the_newest_python():
    workflow = (REPOSITORY / ".github" / "workflows" / "check.yml").read_text(encoding="utf-8")
    ends = [".".join(map(str, version)) for version in (OLDEST, NEWEST)]
    assert re.search(r"^ *python: (\[.*\])$", workflow, re.MULTILINE)[1] == json.dumps(ends)
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    assert re.search(r"--python-version (\S+)", makefile)[1] == ends[0]
