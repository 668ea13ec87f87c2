"""judge.py as a person calls it: what it prints, leaves and refuses."""

import csv
import importlib.util

import pytest

from judging import schema
from judging.database import Database
from tests.helpers import REPOSITORY
from tests.judging.run_folders import fake_generators, write_corpus, write_run
from tests.judging.studies import text_study
from tests.scripts import run
from tests.test_requirements import requirements


@pytest.fixture
def folder(tmp_path):
    """A run whose generator only `fake_generators` can load."""
    return write_run(tmp_path / "run", corpus=str(write_corpus(tmp_path / "tales.txt")))


@pytest.fixture
def answered(tmp_path):
    """A test that two people have answered: one says "human" of all, one of the first alone."""
    path = tmp_path / "test.sqlite"
    schema.create(path, text_study())
    with Database(path) as opened:
        for name, most in (("Anna", 9), ("=SECRET()", 1)):
            judge = opened.add_judge(name).result()
            for item in range(1, 10):
                opened.answer(judge, item, item <= most).result()
    return path


@pytest.fixture
def served(monkeypatch):
    """What would be served, without waiting for anybody."""
    pytest.importorskip("uvicorn", reason="pip install -r requirements-judge.txt")
    apps = []
    monkeypatch.setattr("judging.server.serve", lambda app, listening: apps.append(app))
    return apps


def one_line(done, *parts):
    assert done.returncode == 2 and done.stdout == "", done
    assert len(done.stderr.splitlines()) == 1, done.stderr
    for part in parts:
        assert part in done.stderr


def test_a_test_is_made_once_and_goes_on(folder, served, monkeypatch):
    loaded = fake_generators(monkeypatch)
    done = run("judge.py", folder, "--num", 4, "--port", 0)
    assert done.returncode == 0 and done.stderr == ""
    lines = done.stdout.splitlines()
    assert lines[0] == f"8 texts to judge; answers go to {folder / 'judge.sqlite'}"
    assert lines[1].startswith("open http://127.0.0.1:") and lines[1].endswith("/")
    assert len(served) == len(loaded) == 1

    again = run("judge.py", folder, "--port", 0)
    assert again.returncode == 0 and again.stdout.startswith("8 texts")
    assert run("judge.py", "--db", folder / "judge.sqlite", "--port", 0).returncode == 0
    assert len(served) == 3 and len(loaded) == 1  # nothing was drawn again


def test_other_machines_get_a_link_with_a_key(folder, served, monkeypatch):
    fake_generators(monkeypatch)
    done = run("judge.py", folder, "--num", 2, "--host", "0.0.0.0", "--port", 0)
    with Database(folder / "judge.sqlite") as opened:
        assert f"/?key={opened.key}\n" in done.stdout
    assert "not encrypted" in done.stdout


def test_twenty_of_each_are_drawn_where_no_flag_says_so(folder, served, monkeypatch):
    fake_generators(monkeypatch)
    assert run("judge.py", folder, "--port", 0).stdout.startswith("40 texts to judge")


@pytest.mark.parametrize(
    ("flags", "parts"),
    [
        (["--num", 5], ["--num is 5", "has 4"]),
        (["--seed", 5], ["--seed is 5", "has 1"]),
    ],
)
def test_a_test_is_not_changed_by_flags(folder, served, monkeypatch, flags, parts):
    fake_generators(monkeypatch)
    run("judge.py", folder, "--num", 4, "--port", 0)
    one_line(run("judge.py", folder, "--port", 0, *flags), *parts)


def test_the_corpus_of_a_test_that_goes_on_must_be_that_of_its_runs(
    tmp_path, folder, served, monkeypatch
):
    fake_generators(monkeypatch)
    moved = (tmp_path / "tales.txt").rename(tmp_path / "moved.txt")
    command = ["judge.py", folder, "--num", 4, "--port", 0]
    for _ in range(2):  # the same command continues the test
        assert run(*command, "--corpus", moved).returncode == 0
    one_line(run(*command, "--corpus", tmp_path / "gone.txt"), "gone.txt, which is not here")
    other = write_corpus(tmp_path / "other.txt", num=100)
    one_line(run(*command, "--corpus", other), "other.txt", "the corpus has changed")
    alone = run("judge.py", "--db", folder / "judge.sqlite", "--port", 0, "--corpus", moved)
    one_line(alone, "--corpus is", "no run is named", "Leave it out")
    assert len(served) == 2


def test_a_database_of_other_runs_is_refused(tmp_path, folder, served, monkeypatch):
    fake_generators(monkeypatch)
    run("judge.py", folder, "--num", 4, "--port", 0)
    other = write_run(tmp_path / "other", corpus=str(tmp_path / "tales.txt"))
    path = folder / "judge.sqlite"
    before = path.read_bytes()
    one_line(run("judge.py", other, "--db", path, "--port", 0), str(path), "other runs")
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        ([], ["no run is named"]),
        (["no/such/run"], ["no/such/run", "the folder does not exist"]),
        (["no/such/run", "--num", 0], ["--num is 0"]),
        (["no/such/run", "--num", 1001], ["--num is 1001"]),
        (["no/such/run", "--seed", -1], ["--seed is -1"]),
        (["no/such/run", "--port", 65536], ["--port is 65536"]),
        (["no/such/run", "--port", "x"], ["--port is 'x'"]),
        (["no/such/run", "--layout", "two"], ["--layout"]),
        (["no/such/run", "--figure", "a.png"], ["--figure belongs to --report"]),
        (["--db", "no/such.sqlite"], ["does not exist", "Name the runs"]),
        (["--report", "no/such.sqlite"], ["does not exist"]),
        (["--report"], ["no run is named"]),
        (["--report", "--db", "x", "--answers", "no/folder/a.csv"], ["--answers", "folder"]),
        (["--report", "x", "--num", 5], ["--num is 5", "--report", "Leave it out"]),
        (["--report", "x", "--seed", 0], ["--seed is 0", "--report"]),
        (["--report", "x", "--corpus", "y"], ["--corpus is y", "--report"]),
        (["--report", "x", "--layout", "page"], ["--layout is page", "--report"]),
        (["--report", "x", "--host", "::"], ["--host is ::", "--report"]),
        (["--report", "x", "--port", 0], ["--port is 0", "--report"]),
        (["--report", "x", "y"], ["--report reads one test", "x", "y", "first"]),
        (["--report", "x", "--db", "y"], ["--report reads one test", "x", "y"]),
        (["--db", "no/such.sqlite", "--corpus", "y"], ["does not exist", "Name the runs"]),
    ],
)
def test_what_cannot_work_is_one_line(arguments, parts, tmp_path, served):
    port = [] if "--port" in arguments or "--report" in arguments else ["--port", 0]
    one_line(run("judge.py", *arguments, *port, cwd=tmp_path), *parts)
    assert list(tmp_path.iterdir()) == [] and not served


@pytest.mark.parametrize(
    ("missing", "part"),
    [
        (["uvicorn"], "but uvicorn cannot be found."),
        (["starlette", "uvicorn"], "but starlette and uvicorn cannot be found."),
    ],
)
def test_packages_that_are_missing_are_named_with_the_command(
    missing, part, folder, answered, tmp_path, monkeypatch
):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *more: None if name in missing else find(name)
    )
    one_line(run("judge.py", folder), part, "pip install -r requirements-judge.txt")
    assert run("judge.py", "--report", answered).returncode == 0  # which needs neither


def test_the_packages_are_those_of_the_requirement_file():
    import judge

    assert set(judge.NEEDED) == set(requirements("requirements-judge.txt"))
    for name in ("judge", "dev"):
        text = (REPOSITORY / f"requirements-{name}.txt").read_text(encoding="utf-8")
        below = {"judge": "requirements.txt", "dev": "requirements-judge.txt"}[name]
        assert text.startswith(f"-r {below}\n")


def test_the_report_is_printed_drawn_and_written(answered, tmp_path):
    table = tmp_path / "answers.csv"
    done = run("judge.py", "--report", answered, "--answers", table)
    assert done.returncode == 0 and done.stderr == ""
    assert "Text: 2 judges (2 with all 9 answers), 18 answers" in done.stdout
    assert "| seqgan" not in done.stdout and "runs/seqgan (SeqGAN)" in done.stdout
    assert "Anna" not in done.stdout and "SECRET" not in done.stdout
    figure = tmp_path / "test.png"
    assert figure.read_bytes().startswith(b"\x89PNG") and str(figure) in done.stdout
    rows = list(csv.DictReader(table.read_text(encoding="utf-8").splitlines()))
    assert len(rows) == 18 and "SECRET" not in table.read_text()
    study = text_study()
    for row in rows:
        assert row["source"] == study.sources[study.items[int(row["item"]) - 1].source].name
        assert row["human"] == str(int(row["judge"] == "1" or row["item"] == "1"))
    one_line(run("judge.py", "--report", answered, "--answers", table), "exists already")
    elsewhere = tmp_path / "other.png"
    run("judge.py", "--report", "--db", answered, "--figure", elsewhere)
    assert elsewhere.read_bytes() == figure.read_bytes()


def test_the_report_of_a_run_reads_the_database_in_its_folder(tmp_path, answered):
    (tmp_path / "run").mkdir()
    answered.rename(tmp_path / "run" / "judge.sqlite")
    done = run("judge.py", "--report", tmp_path / "run")
    assert done.returncode == 0 and "18 answers" in done.stdout
    assert (tmp_path / "run" / "judge.png").is_file()


@pytest.mark.parametrize("flags", [(), ("--figure", "test.png")])
def test_a_figure_never_takes_the_place_of_the_answers(tmp_path, answered, flags):
    named = answered.rename(tmp_path / "test.png")
    before = named.read_bytes()
    done = run("judge.py", "--report", "--db", named, *flags, cwd=tmp_path)
    one_line(done, "--figure", "the file of the test itself")
    assert named.read_bytes() == before


def test_nothing_to_report_is_one_line(tmp_path):
    schema.create(tmp_path / "test.sqlite", text_study())
    one_line(run("judge.py", "--report", tmp_path / "test.sqlite"), "nobody has answered yet")
    assert not (tmp_path / "test.png").exists()
