"""The file of a study: what is reported written is there, once, and other files are refused."""

import os
import sqlite3
import stat
import subprocess
import sys
import threading

import numpy as np
import pytest

from files.errors import UsageError
from judging import schema
from judging.database import Database, clean_name
from judging.study import Item, make_study
from tests.helpers import REPOSITORY
from tests.judging.studies import NASTY, database, sources, text_study


def refused(path):
    with pytest.raises(UsageError) as caught:
        Database(path)
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


def test_a_study_comes_back_as_it_was(tmp_path):
    with database(tmp_path) as opened:
        assert opened.study == text_study()
    with Database(tmp_path / "judge.sqlite") as again:
        assert again.study == text_study()
        assert (again.id, again.key) == (opened.id, opened.key)
    if os.name != "nt":
        assert stat.S_IMODE((tmp_path / "judge.sqlite").stat().st_mode) == 0o600


def test_a_file_that_exists_is_not_overwritten(tmp_path):
    database(tmp_path).close()
    before = (tmp_path / "judge.sqlite").read_bytes()
    with pytest.raises(UsageError, match="exists already"):
        schema.create(tmp_path / "judge.sqlite", text_study())
    assert (tmp_path / "judge.sqlite").read_bytes() == before
    assert not list(tmp_path.glob(".judge*"))


def test_items_of_all_sources_are_mixed_by_the_seed():
    one, other = text_study(num=20), text_study(num=20, seed=2)
    for study in (one, other):
        assert np.bincount([item.source for item in study.items]).tolist() == [20, 20, 20]
        in_order = sorted(study.items, key=lambda item: item.source)
        assert list(study.items) != in_order
    assert one.items != other.items and one == text_study(num=20)


def test_every_judge_has_an_order_of_the_same_items():
    study = text_study(num=20)
    orders = [study.order_for(judge) for judge in (1, 2)]
    assert [sorted(order) for order in orders] == [list(range(1, 61))] * 2
    assert orders[0] != orders[1] and orders[0] == study.order_for(1)


def test_sources_have_equally_many_items():
    with pytest.raises(ValueError, match="unpack"):
        make_study("text", 1, sources("mle"), [["a"], ["b", "c"]])
    assert make_study("text", 1, sources("mle"), [["a"], ["a"]]).items == (
        Item(1, "a"),
        Item(0, "a"),
    )


def test_an_answer_counts_once_and_the_last_one_stays(tmp_path):
    with database(tmp_path) as opened:
        judge = opened.add_judge("Anna").result()
        assert opened.answer(judge, 1, True).result() == 1
        assert opened.answer(judge, 1, True).result() == 1
        first = opened.all_answers()
        assert opened.answer(judge, 2, True).result() == 2
        assert opened.answer(judge, 2, False).result() == 2
        assert opened.answers_of(judge) == {1: True, 2: False}
        opened.answer(judge, 1, True).result()
        assert opened.all_answers()[:1] == first  # with the time of the first
        matrix = opened.matrix()
    assert matrix.shape == (1, 9) and matrix[0, :2].tolist() == [1, 0]
    assert np.isnan(matrix[0, 2:]).all()


def test_judges_are_known_by_their_tokens_and_have_names_of_their_own(tmp_path):
    with database(tmp_path) as opened:
        anna = opened.add_judge("  Anna \n Li ").result()
        assert anna.name == "Anna Li" and opened.judge_of(anna.token) == anna
        assert opened.judge_of("no such token") is None
        assert opened.add_judge("anna li").result() is None
        assert opened.add_judge("Ärne É").result().name == "Ärne É"
        assert opened.add_judge("ärne e\u0301").result() is None
        assert opened.add_judge(NASTY).result().name == clean_name(NASTY)
        assert opened.add_judge("Judge 4").result().name == "Judge 4"
        assert [opened.add_judge("").result().name for _ in range(2)] == ["Judge 5", "Judge 6"]
    with Database(tmp_path / "judge.sqlite") as again:
        assert again.judge_of(anna.token) == anna


def test_a_name_is_never_taken_by_a_nameless_judge(tmp_path):
    with database(tmp_path) as opened:
        opened.add_judge("Judge 2").result()
        assert opened.add_judge("").result().name == "Judge 3"


@pytest.mark.parametrize(
    ("name", "clean"),
    [("a\x00b\x1b[31m", "a b [31m"), ("x" * 100, "x" * 40), (" \t ", ""), ("李 白", "李 白")],
)
def test_names_are_one_short_line(name, clean):
    assert clean_name(name) == clean


def test_answers_of_many_threads_are_all_there_once(tmp_path):
    study = text_study(num=20)
    with database(tmp_path, study) as opened:

        def judge_all():
            judge = opened.add_judge("").result()
            for item in range(1, 61):
                futures = [opened.answer(judge, item, item % 2 == 0) for _ in range(2)]
                assert [future.result() for future in futures] == [item, item]

        threads = [threading.Thread(target=judge_all) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        matrix = opened.matrix()
    np.testing.assert_array_equal(matrix, np.tile([0.0, 1.0], [20, 30]))


def test_a_write_that_fails_leaves_the_others(tmp_path):
    with database(tmp_path) as opened:
        judge = opened.add_judge("Anna").result()
        wrong, right = opened.answer(judge, 99, True), opened.answer(judge, 1, True)
        with pytest.raises(sqlite3.IntegrityError):
            wrong.result()
        assert right.result() == 1


def test_two_processes_may_use_one_file(tmp_path):
    with database(tmp_path) as one, Database(tmp_path / "judge.sqlite") as other:
        anna, ben = one.add_judge("Anna").result(), other.add_judge("Ben").result()
        futures = [each.answer(who, 1, True) for each, who in ((one, anna), (other, ben))]
        assert [future.result() for future in futures] == [1, 1]
        assert len(one.all_answers()) == 2 and one.all_answers() == other.all_answers()


DYING = """
import os, sys
from pathlib import Path
from judging.database import Database
opened = Database(Path(sys.argv[1]))
judge = opened.add_judge("Anna").result()
for item in range(1, 31):
    opened.answer(judge, item, True).result()
    print(item, flush=True)
os.kill(os.getpid(), 9)
"""


def test_a_process_that_is_killed_has_lost_nothing_that_it_has_reported(tmp_path):
    database(tmp_path, text_study(num=20)).close()
    path = tmp_path / "judge.sqlite"
    done = subprocess.run(
        [sys.executable, "-c", DYING, str(path)], cwd=REPOSITORY, capture_output=True, text=True
    )
    assert done.returncode == -9, done.stderr
    reported = [int(line) for line in done.stdout.split()]
    assert reported == list(range(1, 31))
    with Database(path) as again:
        assert [(item, human) for _, item, human, _ in again.all_answers()] == [
            (item, True) for item in reported
        ]


def other_program(path):
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE notes (text)")
    connection.close()


def other_version(path):
    schema.create(path, text_study())
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 7")
    connection.close()


def without_tables(path):
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {schema.VERSION}")
    connection.close()


@pytest.mark.parametrize(
    ("make", "part"),
    [
        (lambda path: None, "does not exist"),
        (lambda path: path.mkdir(), "is not a file"),
        (lambda path: path.write_text("no database, but a text of some length\n" * 99), "cannot"),
        (lambda path: path.write_bytes(b""), "is not a database of judge.py"),
        (other_program, "is not a database of judge.py"),
        (other_version, "version 7, expected 1"),
        (without_tables, "no such table"),
    ],
)
def test_other_files_are_refused_and_not_changed(make, part, tmp_path):
    path = tmp_path / "file"
    make(path)
    before = path.read_bytes() if path.is_file() else None
    assert part in refused(path)
    if make is not without_tables:  # which passes for ours, so that it is opened for writing
        assert (path.read_bytes() if path.is_file() else None) == before


def test_a_study_of_an_unknown_task_is_refused(tmp_path):
    database(tmp_path).close()
    with sqlite3.connect(tmp_path / "judge.sqlite") as connection:
        connection.execute("UPDATE study SET value = '\"essays\"' WHERE name = 'task'")
    connection.close()
    assert "essays" in refused(tmp_path / "judge.sqlite")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_a_folder_that_cannot_be_written_is_one_line(tmp_path):
    with pytest.raises(UsageError, match="cannot be used") as caught:
        schema.create(tmp_path / "missing" / "judge.sqlite", text_study())
    assert len(str(caught.value).splitlines()) == 1
