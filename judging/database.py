"""Judges and answers in the SQLite file of a study."""

import re
import sqlite3
import unicodedata
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from secrets import token_urlsafe

import numpy as np

from judging.schema import connect, now, one_line, open_checked, read_study
from judging.writer import Writer

LONGEST_NAME = 40


@dataclass(frozen=True)
class Judge:
    """A person who answers.

    Args:
        number: 1, 2, ... in the order in which judges began.
        name: unique; for the person, and not part of any report.
        token: a secret by which a browser is known, and the end of the judge's own link.
    """

    number: int
    name: str
    token: str


class Database:
    """The file of a study, open for several threads. Close it, or use it as a context.

    Args:
        path: of a file that `judging.schema.create` made.

    Raises:
        UsageError: it cannot be used.
    """

    def __init__(self, path: Path):
        self._reader = open_checked(path)
        with one_line(path):
            try:
                self.study, values = read_study(self._reader)
            except BaseException:
                self._reader.close()
                raise
        self.id: str = values["id"]
        self.key: str = values["key"]
        self._writer = Writer(lambda: connect(path))

    def __enter__(self) -> "Database":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Waits for what is being written."""
        self._writer.close()
        self._reader.close()

    # Judges

    def add_judge(self, name: str) -> "Future[Judge | None]":
        """A new judge, called "Judge N" where the name is empty; None where the name is taken."""
        wanted = clean_name(name)
        token = token_urlsafe(16)

        def is_taken(connection: sqlite3.Connection, name: str) -> bool:
            names = connection.execute("SELECT name FROM judge")
            return any(kept.casefold() == name.casefold() for (kept,) in names)

        def add(connection: sqlite3.Connection) -> Judge | None:
            name = wanted
            if name and is_taken(connection, name):
                return None
            (number,) = connection.execute("SELECT count(*) + 1 FROM judge").fetchone()
            while not name or (not wanted and is_taken(connection, name)):
                name = f"Judge {number}"
                number += 1
            row = connection.execute(
                "INSERT INTO judge (name, token, began) VALUES (?, ?, ?)", [name, token, now()]
            )
            return Judge(int(row.lastrowid or 0), name, token)

        return self._writer.do(add)

    def judge_of(self, token: str) -> Judge | None:
        """The judge whose token it is."""
        row = self._reader.execute(
            "SELECT id, name, token FROM judge WHERE token = ?", [token]
        ).fetchone()
        return Judge(*row) if row else None

    # Answers

    def answer(self, judge: Judge, item: int, human: bool) -> "Future[int]":
        """Keeps an answer, in place of an earlier one of that judge about that item.

        Args:
            judge: who answers.
            item: number of the item, 1 to M.
            human: the answer.

        Returns:
            how many items the judge has answered, once the answer is on the disk.
        """

        def keep(connection: sqlite3.Connection) -> int:
            connection.execute(
                "INSERT INTO answer VALUES (?, ?, ?, ?) ON CONFLICT (judge, item) DO UPDATE "
                "SET human = excluded.human, at = excluded.at WHERE human <> excluded.human",
                [judge.number, item, int(human), now()],
            )
            (count,) = connection.execute(
                "SELECT count(*) FROM answer WHERE judge = ?", [judge.number]
            ).fetchone()
            return count

        return self._writer.do(keep)

    def answers_of(self, judge: Judge) -> dict[int, bool]:
        """A judge's answers by the number of the item."""
        rows = self._reader.execute(
            "SELECT item, human FROM answer WHERE judge = ?", [judge.number]
        )
        return {item: bool(human) for item, human in rows}

    def all_answers(self) -> list[tuple[int, int, bool, str]]:
        """Judge, item, answer and time of every answer, by judge and item."""
        rows = self._reader.execute(
            "SELECT judge, item, human, at FROM answer ORDER BY judge, item"
        )
        return [(judge, item, bool(human), at) for judge, item, human, at in rows]

    def matrix(self) -> np.ndarray:
        """Answers float64 `[J, M]` of the judges who have answered: 1 human, 0 machine, nan none."""
        answers = self.all_answers()
        row_of = {judge: row for row, judge in enumerate(sorted({each[0] for each in answers}))}
        matrix = np.full([len(row_of), len(self.study.items)], np.nan)
        for judge, item, human, _ in answers:
            matrix[row_of[judge], item - 1] = human
        return matrix


def clean_name(name: str) -> str:
    """A judge's name as it is kept: composed (NFC), on one line, without control characters, cut."""
    composed = unicodedata.normalize("NFC", name)
    printable = "".join(c if c.isprintable() else " " for c in composed)
    return re.sub(r"\s+", " ", printable).strip()[:LONGEST_NAME].strip()
