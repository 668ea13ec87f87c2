#!/usr/bin/env python
"""The blind test of the paper's Table 2: people judge whether a human or a machine wrote a text.

python judge.py runs/poems                       # then open the link that it prints
python judge.py runs/poems-mle runs/poems        # several generators in one test
python judge.py runs/poems --host 0.0.0.0        # judges on other machines and phones
python judge.py --report runs/poems              # scores, tests and a figure
"""

import files.script_start  # noqa: F401  # first, since it checks Python and its packages

# isort: split
import dataclasses
import importlib.util
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from files.errors import UsageError
from training.errors import one_line_errors
from training.flags import read_flags

if TYPE_CHECKING:
    from judging.database import Database

DATABASE = "judge.sqlite"
NUM, SEED = 20, 1  # of a new test, where no flag says so; the paper had 20 poems of each source
NEEDED = ("starlette", "uvicorn")


@dataclasses.dataclass(frozen=True)
class JudgeSettings:
    """Serves a blind test: people judge whether a human or a machine made each text or tune."""

    runs: Annotated[
        tuple[Path, ...],
        tyro.conf.Positional,
        tyro.conf.arg(metavar="[RUN ...]", help_behavior_hint="(default: the test in --db)"),
    ] = ()
    """Folders of complete runs on the same corpus."""
    report: bool = False
    """Print and draw the scores so far, instead of serving the test."""
    db: Path | None = None
    """File of the test and its answers. Default: judge.sqlite in the folder of the first run."""

    num: int | None = None
    """Real sequences of a new test, and sequences of each run. Default: 20."""
    seed: int | None = None
    """Of a new test: the same seed draws the same sequences. Default: 1."""
    corpus: Annotated[str | None, tyro.conf.arg(metavar="STR")] = None
    """Path of the corpus of the runs, if it has moved since they were trained."""

    layout: Literal["one", "page"] = "one"
    """one: one sequence at a time; page: sixty sequences on a page."""
    host: str = "127.0.0.1"
    """Address to listen on. If other machines can reach it, judges need the secret key in the link."""
    port: int = 8000
    """Port to listen on; 0: any free port."""

    figure: Path | None = None
    """With --report: PNG file to draw. Default: next to the database, with its name."""
    answers: Path | None = None
    """With --report: new CSV file for all answers, without the names of the judges."""

    def check(self) -> None:
        """Raises `UsageError` for a value that cannot work."""
        if not self.runs and self.db is None:
            raise UsageError("no run is named. Name folders of complete runs, or a test by --db.")
        if self.num is not None and not 1 <= self.num <= 1000:
            raise UsageError(
                f"--num is {self.num}, expected a number from 1 to 1000. Give one, such as 20."
            )
        if self.seed is not None and not 0 <= self.seed < 2**31:
            raise UsageError(
                f"--seed is {self.seed}, expected a number from 0 to 2^31 - 1. Give one, such as 1."
            )
        if not 0 <= self.port < 2**16:
            raise UsageError(
                f"--port is {self.port}, expected a number from 0 to 65535. Give one, such as 8000."
            )
        for flag, path in (("--figure", self.figure), ("--answers", self.answers)):
            if path is not None and not self.report:
                raise UsageError(f"{flag} belongs to --report, which is not given. Add it.")
            if path is not None and not path.absolute().parent.is_dir():
                raise UsageError(f"{flag} is {path}, whose folder does not exist. Give another.")
        if self.report:
            self._check_report()
        if self.answers is not None and os.path.lexists(self.answers):
            raise UsageError(f"--answers is {self.answers}, which exists already. Give a new file.")

    def _check_report(self) -> None:
        """Raises `UsageError` for what --report does not read."""
        places = [str(path) for path in (*self.runs, self.db) if path is not None]
        if len(places) > 1:
            raise UsageError(
                f"--report reads one test, but {len(places)} are named ({', '.join(places):.200}). "
                "Name the folder of its first run alone, or its file by --db."
            )
        for name in ("num", "seed", "corpus", "layout", "host", "port"):
            given = getattr(self, name)
            if given != getattr(type(self), name):  # the default
                raise UsageError(
                    f"--{name} is {given!s:.60}, but --report neither draws nor serves a test. "
                    "Leave it out, or leave out --report."
                )

    @property
    def database(self) -> Path:
        """The file of the test."""
        if self.db is not None:
            return self.db
        first = self.runs[0]
        is_file = self.report and not first.is_dir()  # `--report judge.sqlite`
        return first if is_file else first / DATABASE


def main(arguments: list[str] | None = None) -> None:
    settings = read_flags(JudgeSettings, JudgeSettings(), arguments, prog="judge.py")
    settings.check()
    if settings.report:
        report(settings)
    else:
        ask(settings)


def ask(settings: JudgeSettings) -> None:
    """Serves the test until it is stopped."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise UsageError(
            f"judge.py needs {' and '.join(NEEDED)}, but {' and '.join(missing)} cannot be found. "
            "Install them: pip install -r requirements-judge.txt"
        )
    from data.music_export import wav
    from judging.app import make_app
    from judging.server import is_this_machine_alone, link, open_socket, serve

    with open_socket(settings.host, settings.port) as listening, open_test(settings) as database:
        needs_key = not is_this_machine_alone(listening)
        app = make_app(database, wav, settings.layout == "page", needs_key)
        count = len(database.study.items)
        print(f"{count} {database.study.noun}s to judge; answers go to {settings.database}")
        print(f"open {link(listening, database.key if needs_key else '')}")
        if needs_key:
            print("anyone with this link can judge; the connection is not encrypted (HTTP)")
        print("stop with Ctrl-C; the same command continues the test", flush=True)
        serve(app, listening)


def open_test(settings: JudgeSettings) -> "Database":
    """The test in the file of the settings, created if it does not exist."""
    from judging.database import Database

    path = settings.database
    if not os.path.lexists(path):
        make_test(settings)
        return Database(path)
    opened = Database(path)
    try:
        for flag, given, held in (
            ("--num", settings.num, opened.study.num),
            ("--seed", settings.seed, opened.study.seed),
        ):
            if given is not None and given != held:
                raise UsageError(
                    f"{flag} is {given}, but the test in {path} has {held}. Leave the flag out to "
                    "continue it, or give another --db."
                )
        if settings.runs:
            from judging.runs import check_same_runs, draw_real, read_runs

            runs = read_runs(settings.runs)
            check_same_runs(opened.study, runs, path)
            if settings.corpus is not None:  # checked as for a new test
                draw_real(runs[0], opened.study.num, opened.study.seed, settings.corpus)
        elif settings.corpus is not None:
            raise UsageError(
                f"--corpus is {settings.corpus!s:.60}, but no run is named that it could belong to. "
                "Leave it out, or name the runs."
            )
    except BaseException:
        opened.close()
        raise
    return opened


def make_test(settings: JudgeSettings) -> None:
    """Draws the items of a new test and writes its file."""
    if not settings.runs:
        raise UsageError(
            f"--db is {settings.db}, which does not exist. Name the runs to create it from."
        )

    from training.session import prefer_tensorflow, quiet

    prefer_tensorflow()  # before the models are imported, which need it
    from judging.runs import build_study, draw_real, read_runs
    from judging.schema import create

    num = NUM if settings.num is None else settings.num
    seed = SEED if settings.seed is None else settings.seed
    runs = read_runs(settings.runs)
    real, left_out = draw_real(runs[0], num, seed, settings.corpus)
    quiet()  # TensorFlow is imported here, after all that could be wrong without it
    study = build_study(runs, real, seed)
    if left_out:
        print(f"left out: {left_out:,} real sequences with tokens that the generators do not know")
    create(settings.database, study)


def report(settings: JudgeSettings) -> None:
    """Prints and draws the scores."""
    from judging.database import Database
    from reports.judgements import answers_csv, judgements_of, make_report
    from reports.judgements_figure import write_figure

    path = settings.database
    figure = settings.figure or path.with_suffix(".png")
    if figure.exists() and path.exists() and figure.samefile(path):
        raise UsageError(
            f"--figure is {figure}, the file of the test itself. Give another for the figure."
        )
    with Database(path) as database:
        study, matrix = database.study, database.matrix()
        rows = database.all_answers()
    names = [(source.name, source.kind) for source in study.sources]
    judgements = judgements_of(study.task, names, [item.source for item in study.items], matrix)
    print(make_report(judgements))
    write_figure(judgements, figure)
    print(f"\nfigure in {figure}")
    if settings.answers is not None:
        sources = [study.sources[item.source].name for item in study.items]
        settings.answers.write_text(answers_csv(rows, sources), encoding="utf-8")


if __name__ == "__main__":
    with one_line_errors():
        main(sys.argv[1:])
