"""The commands in experiments/: they parse, and are those that made the files in results/."""

import json
import os
import re
import shutil
import subprocess
from functools import cache

import pytest

import train_text
from experiments.jobs import PRESETS
from experiments.time_left import Times
from tests.experiments.scripts import FOLDER, OUT, SCRIPTS, jobs_of, options
from tests.helpers import REPOSITORY
from training.effects import unmet
from training.flags import parse
from training.options import options_of
from training.stored_settings import settings_to_json

RESULTS = sorted(REPOSITORY.glob("results/*-seed*.json"))
# How many seeds of each way to estimate action values there are on news.
NEWS_SEEDS = {"rollouts1": 3, "value": 3, "value640": 1, "mixed": 3, "small-policy": 3}
# Rows of results/ that were not trained yet: `make` of their script adds them.
NOT_STORED = {
    # Of these there are the starts of SeqGAN's runs, or no row.
    *("oracle-seed1-mle-quick-seed1", "oracle-published-panels-start-quick-seed1"),
    *(
        f"text-news-seqgan-{row}-quick-seed{seed}"
        for row, stored in NEWS_SEEDS.items()
        for seed in range(stored + 1, 4)
    ),
    *(
        f"text-news-{algorithm}-attention-quick-seed{seed}"
        for algorithm in ("mle", "seqgan")
        for seed in (2, 3)
    ),
}
# Scripts whose runs have no file each in results/.
ELSEWHERE = ("discriminator", "guided", "map", "sampling")
# The preset quick had these values when runs were made on which they have no effect.
OLDER_VALUES = {"rounds": 50, "g_learning_rate": 0.012, "value_samples": 640}


def test_there_is_a_script_for_every_table():
    assert SCRIPTS == (
        *("ablations", "action_values", "best", "captions", "discriminator", "guided", "map"),
        *("news", "sampling"),
        *("table1", "table2", "table3", "table4"),
    )
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    targets = re.search(r"^TABLES := (.*)$", makefile, re.M)
    assert targets and sorted(targets[1].split()) == list(SCRIPTS)


@pytest.mark.parametrize("script", [*SCRIPTS, "common"])
def test_scripts_are_bash(script):
    checked = subprocess.run(["bash", "-n", FOLDER / f"{script}.sh"], capture_output=True)
    assert checked.returncode == 0, checked.stderr
    assert os.access(FOLDER / f"{script}.sh", os.X_OK) == (script != "common")


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="there is no shellcheck")
def test_scripts_please_shellcheck():
    scripts = sorted(FOLDER.glob("*.sh"))
    checked = subprocess.run(["shellcheck", "-x", *scripts], cwd=FOLDER, capture_output=True)
    assert checked.returncode == 0, checked.stdout


@cache
def settings_of(job):
    """The settings that a job's command gives, by its script's own parser, as result files hold them."""
    text = job.script == "train_text.py"
    presets = train_text.presets(job.flags) if text else PRESETS[job.script]
    settings = parse(presets, job.flags, prog=job.script)
    return settings, json.loads(json.dumps(settings_to_json(settings)))


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("preset", ["smoke", "paper"])
def test_every_command_is_accepted(script, preset):
    for job in jobs_of(script, PRESET=preset, SEEDS="4"):
        settings, _ = settings_of(job)
        assert settings.preset == preset and settings.seed == 4
        assert f"-{preset}-seed{settings.seed}" in job.name
        if preset == "smoke":  # nothing is downloaded
            assert getattr(settings, "corpus", "sample") == "sample"
            assert getattr(settings, "oracle", "seed:1") == "seed:1"


@pytest.mark.parametrize("script", SCRIPTS)
def test_what_shares_a_start_has_its_settings(script):
    """`--pretrained` refuses others, hours after the start of a script."""
    jobs = {job.out: job for job in jobs_of(script)}
    for job in jobs.values():
        if job.pretrained is not None:
            assert jobs[job.pretrained].pretrained is None
            ours, _ = settings_of(job)
            start, _ = settings_of(jobs[job.pretrained])
            assert start.algorithm == "mle"
            for name, meant in options_of(ours).items():
                if meant.stored and not meant.after_pretraining:
                    assert getattr(ours, name) == getattr(start, name), (job.name, name)


def commands():
    """{name of a run: its job}, of all scripts; the same run has the same command in all of them."""
    found = {}
    for script in SCRIPTS:
        for job in jobs_of(script):
            same = found.setdefault(job.name, job)
            assert (same.script, same.flags) == (job.script, job.flags)
    return found


def plain(name):
    """A name without the preset quick, which the files of results/ do not all have."""
    return name.replace("-quick", "")


def test_the_commands_are_those_of_the_stored_results():
    jobs = {plain(name): job for name, job in commands().items()}
    for path in RESULTS:
        stored = json.loads(path.read_text(encoding="utf-8"))
        assert plain(path.stem) in jobs, f"no script of experiments/ makes {path.name}"
        job = jobs.pop(plain(path.stem))
        assert job.script == f"train_{stored['task']}.py"
        settings, ours = settings_of(job)
        unchanged = settings_to_json(parse(PRESETS[job.script], ["--preset", "quick"]))
        for name, value in ours.items():
            if name not in stored["settings"]:  # newer than the run: not to be changed by a flag
                assert value == unchanged[name], (path.name, name)
            elif value != stored["settings"][name]:
                assert unmet(settings, name), (path.name, name)
                assert stored["settings"][name] == OLDER_VALUES[name], (path.name, name)
    left = {job.name for job in jobs.values() if not made_by(ELSEWHERE, job)}
    assert left <= NOT_STORED


def made_by(scripts, job):
    """Whether it is in none but these scripts."""
    others = [each for each in SCRIPTS if each not in scripts]
    return all(job.out not in {other.out for other in jobs_of(each)} for each in others)


def test_the_time_of_every_stored_row_is_known():
    for script in SCRIPTS:
        times = Times(jobs_of(script), REPOSITORY / "results")
        unknown = [job for job in jobs_of(script) if times.seconds_left(job) is None]
        assert {job.name for job in unknown if not made_by(ELSEWHERE, job)} <= NOT_STORED


def test_settings_come_from_the_environment():
    jobs = jobs_of("table2", SEEDS="5 6", PRESET="smoke", OUT="elsewhere")
    assert [job.name for job in jobs if "random" in job.name] == ["poems-random-smoke-seed5"]
    assert {job.name for job in jobs if "constant" in job.name} == {
        "poems-seqgan-constant-smoke-seed5",
        "poems-seqgan-constant-smoke-seed6",
    }
    assert {job.out.parent.as_posix() for job in jobs} == {"elsewhere"}
    assert {job.out.parent.as_posix() for job in jobs_of("table2")} == {OUT}


@pytest.mark.parametrize("seeds", [" ", "1,2", "-1", "1 *", "1 2.0"])
def test_seeds_that_are_no_whole_numbers_are_one_line(seeds):
    called = subprocess.run(
        ["bash", FOLDER / "map.sh", "--list"],
        env={**os.environ, "SEEDS": seeds, "PRESET": "smoke"},
        capture_output=True,
        text=True,
    )
    assert called.returncode == 2 and not called.stdout
    assert called.stderr == (
        f"error: SEEDS is '{seeds}', expected whole numbers, separated by spaces. Give them, as "
        "SEEDS='1 2 3'.\n"
    )


def test_seeds_may_be_on_lines_of_their_own():
    jobs = jobs_of("table2", SEEDS="5\n6\n", PRESET="smoke")
    assert {job.name.rpartition("-seed")[2] for job in jobs} == {"5", "6"}


# docs/results.md

PAGE = REPOSITORY / "docs" / "results.md"
# Flags that say which data, seed and folder, the same in all commands of a script.
COMMON = ("--oracle", "--corpus", "--preset", "--seed", "--out", "--pretrained")


def section():
    text = PAGE.read_text(encoding="utf-8")
    return text.split("\n## Commands\n")[1].split("\n## ")[0]


def test_the_page_quotes_a_script_in_full():
    quoted = re.findall(r"```bash\n(.*?)```", section(), re.S)
    assert (FOLDER / "table2.sh").read_text(encoding="utf-8") in quoted


def test_the_page_has_the_flags_of_every_row():
    """No more and no fewer than the scripts have."""
    parts = re.split(r"^\*\*(.*\.sh)\*\*.*$", section(), flags=re.M)[1:]
    quoted = {}
    for scripts, rows in zip(parts[::2], parts[1::2], strict=True):
        for script in scripts.split(", "):
            quoted[script.removesuffix(".sh")] = re.findall(r"^\|.*\| `(--.*)` \|$", rows, re.M)
    assert set(quoted) == set(SCRIPTS)
    for script, rows in quoted.items():
        made = {
            " ".join(
                " ".join((flag, *values))
                for flag, values in options(job).items()
                if flag not in COMMON
            )
            for job in jobs_of(script)
        }
        assert sorted(rows) == sorted(made)


def test_the_page_names_every_target_and_variable():
    names = re.findall(r"^\| `(\w+)` \|", section(), re.M)
    assert sorted(names) == sorted(["make", *SCRIPTS, "SEEDS", "PRESET", "OUT", "JOBS"])
