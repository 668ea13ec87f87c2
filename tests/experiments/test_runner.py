"""What runs the commands of experiments/: order, threads, failures, and the time that is left."""

import json
import os
import signal
import threading
import time

import pytest

from experiments import runner, schedule
from experiments.jobs import Job, read_jobs
from experiments.runner import main, state_in_words
from experiments.schedule import Schedule, runs_at_a_time
from experiments.time_left import START_UP_SECONDS, Times, in_words
from files.errors import UsageError
from training.errors import RunFailed

# A script that does what its first flag says and leaves its number of threads in the result.
SCRIPT = """
import json, os, sys, time
from pathlib import Path
what, out = sys.argv[1], Path(sys.argv[sys.argv.index("--out") + 1])
if what == "fail":
    print("so far so good")
    sys.exit("error: the corpus is empty.")
out.mkdir(exist_ok=True)
threads = os.environ.get("TF_NUM_INTRAOP_THREADS")
(out / "config.json").write_text(json.dumps({"threads": 3}))
if what == "wait":
    time.sleep(600)
(out / "result.json").write_text(json.dumps({"threads": threads, "seconds": {"mle": 50}}))
"""


@pytest.fixture
def make_job(tmp_path):
    script = tmp_path / "train_stub.py"
    script.write_text(SCRIPT)

    def make(name, what="train", pretrained=None):
        out = tmp_path / name
        start = None if pretrained is None else tmp_path / pretrained
        return Job(str(script), (what, "--out", str(out)), out, start, True)

    return make


def train(jobs, at_a_time=1):
    """The lines that are said, and the schedule."""
    lines = []
    made = Schedule(jobs, at_a_time, jobs[0].out.parent / "logs", lines.append)
    assert made.run() == 0
    return lines, made


def threads(job):
    return json.loads((job.out / "result.json").read_text())["threads"]


# Order and threads


def test_a_run_waits_for_the_one_that_it_starts_from(make_job):
    jobs = [make_job("b", pretrained="a"), make_job("a"), make_job("c")]
    lines, _ = train(jobs)
    assert [line.split(":")[0] for line in lines] == ["a", "a", "b", "b", "c", "c"]
    assert all(job.complete for job in jobs)
    lines, _ = train(jobs)
    assert lines == []  # what is complete is skipped


def test_several_at_a_time_have_a_thread_each(make_job, monkeypatch):
    monkeypatch.delenv("TF_NUM_INTRAOP_THREADS", raising=False)
    for at_a_time, expected in ((1, None), (2, "1")):
        job = make_job(f"run{at_a_time}")
        train([job], at_a_time)
        assert threads(job) == expected


def test_a_resumed_run_has_the_threads_that_it_began_with(make_job, monkeypatch):
    monkeypatch.delenv("TF_NUM_INTRAOP_THREADS", raising=False)
    job = make_job("run")
    job.out.mkdir()
    (job.out / "config.json").write_text('{"threads": 3}')
    lines, _ = train([job], 2)
    assert threads(job) == "3" and "run: resumed" in lines[0]
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "2")  # a user's own choice
    other = make_job("other")
    train([other], 2)
    assert threads(other) == "2"


@pytest.mark.parametrize(
    ("cores", "memory", "expected"), [(1, 64000, 1), (2, 5000, 1), (2, 8000, 2), (64, 64000, 2)]
)
def test_two_runs_at_a_time_need_cores_and_memory(monkeypatch, cores, memory, expected):
    monkeypatch.setattr(schedule, "usable_cores", lambda: cores)
    monkeypatch.setattr(schedule, "available_memory_mb", lambda: memory)
    assert runs_at_a_time("") == expected
    assert runs_at_a_time("3") == 3


@pytest.mark.parametrize("given", ["0", "two", "-1", "1.5"])
def test_another_number_of_runs_at_a_time_is_refused(given):
    with pytest.raises(UsageError, match=f"JOBS is '{given}', expected a whole number from 1"):
        runs_at_a_time(given)


# Failures and stops


def test_what_starts_from_a_failed_run_is_left_and_the_others_go_on(make_job, capsys, monkeypatch):
    jobs = [make_job("a", "fail"), make_job("b", pretrained="a"), make_job("c")]
    monkeypatch.setattr(runner, "write_table", lambda *_: None)
    with pytest.raises(RunFailed, match=r"1 of 3 runs are complete, 2 to start.*Failed: a\."):
        runner.carry_out("table9", jobs[0].out.parent, jobs, 1)
    said = capsys.readouterr().out
    assert "a: failed with exit code 1: error: the corpus is empty." in said
    assert "b:" not in said and jobs[2].complete


def test_a_run_that_somebody_stops_is_told_at_the_end(make_job, capsys, monkeypatch):
    jobs = [make_job("a", "wait"), make_job("b")]
    monkeypatch.setattr(runner, "write_table", lambda *_: None)
    popen = schedule.subprocess.Popen

    def stopped_by_somebody(command, **options):
        process = popen(command, **options)
        if "wait" in command:
            process.terminate()
        return process

    monkeypatch.setattr(schedule.subprocess, "Popen", stopped_by_somebody)
    with pytest.raises(RunFailed, match=r"1 of 2 runs are complete.*Stopped: a\. The same command"):
        runner.carry_out("table9", jobs[0].out.parent, jobs, 1)
    assert "a: stopped after" in capsys.readouterr().out and jobs[1].complete


def test_a_table_that_cannot_be_made_is_one_line(make_job, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    job = make_job("run")
    runner.write_table("table9", tmp_path, [job])  # nothing is complete: there is no table
    (tmp_path / "compare.py").write_text("raise SystemExit(3)")
    train([job])
    with pytest.raises(
        RunFailed, match=r"table9: compare\.py ended with exit code 3\. See above\."
    ):
        runner.write_table("table9", tmp_path, [job])
    assert not (tmp_path / "table9.md").exists()


def test_a_hang_up_ends_the_trainings(make_job):
    job = make_job("run", "wait")

    def hang_up():
        while not (job.out / "config.json").exists():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGHUP)

    lines = []
    made = Schedule([job], 1, job.out.parent / "logs", lines.append)
    thread = threading.Thread(target=hang_up)
    thread.start()
    assert made.run() == signal.SIGTERM
    thread.join()
    assert lines[-1].startswith("run: stopped after") and not made.failed
    assert signal.getsignal(signal.SIGHUP) == signal.SIG_DFL


# Commands


def commands(*lines):
    return [part for line in lines for part in line.split()]


def test_the_same_command_is_one_run_and_a_row_where_one_of_them_is():
    same = "train_poems.py --seed 1 --algorithm mle --out x"
    jobs = read_jobs(commands(f"::start {same}", f"::run {same}", "::start train_poems.py --out y"))
    assert [(job.name, job.in_table) for job in jobs] == [("x", True), ("y", False)]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (("::run train_poems.py --seed 1",), "`train_poems.py --seed 1` has no --out"),
        (
            ("::run train_poems.py --out x", "::run train_poems.py --seed 2 --out x"),
            "two different runs have --out x",
        ),
        (
            ("::run train_poems.py --out x --pretrained y",),
            "x starts from y, which no command here trains",
        ),
    ],
)
def test_commands_that_cannot_work_are_refused(lines, message):
    with pytest.raises(UsageError, match=message):
        read_jobs(commands(*lines))


@pytest.mark.parametrize(
    ("options", "flags", "message"),
    [
        ("", "train_poems.py --sead 2", "x: there is no flag --sead. Did you mean --seed?"),
        (
            "",
            "train_poem.py",
            "train_poem.py is not a training script, expected one of train_oracle",
        ),
        ("--help", "train_poems.py", "table9 was given --help, expected nothing or --list"),
    ],
)
def test_wrong_flags_are_found_before_anything_is_trained(tmp_path, options, flags, message):
    with pytest.raises(UsageError, match=message.replace("?", r"\?")):
        main(["table9", str(tmp_path), *commands(options, f"::run {flags} --out {tmp_path}/x")])
    assert not list(tmp_path.iterdir())


def test_a_folder_with_a_run_of_other_settings_is_refused(tmp_path):
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "config.json").write_text('{"settings": {"seed": 2}}')
    with pytest.raises(UsageError, match=r"x: --seed is 1, but the run in .*x has 2"):
        main(
            [
                "table9",
                str(tmp_path),
                "::run",
                "train_poems.py",
                "--seed",
                "1",
                "--out",
                f"{tmp_path}/x",
            ]
        )


def test_the_list_has_the_commands_and_trains_nothing(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("JOBS", "1")
    line = f"train_poems.py --preset smoke --out {tmp_path}/x"
    main(["table9", str(tmp_path), "--list", *commands(f"::run {line}")])
    listed, state = capsys.readouterr().out.splitlines()
    assert listed == f"python {line}"
    assert state.startswith("# table9: 0 of 1 runs are complete, 1 to start; time left: not known")
    assert not list(tmp_path.iterdir())


# Time left


def store(path, **seconds):
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"seconds": seconds}))


def job(folder, name, pretrained=None):
    start = None if pretrained is None else folder / pretrained
    return Job("train_poems.py", ("--out", str(folder / name)), folder / name, start, True)


def test_times_are_those_of_other_seeds_or_of_the_results(tmp_path):
    results = tmp_path / "results"
    evaluation = {"measure mle": 4, "best temperature mle": 5, "best weights": 1, "measure": 40}
    store(results / "poems-seqgan-lag-seed1.json", mle=90, adversarial=260, **evaluation)
    store(results / "poems-seqgan-lag-seed2.json", mle=90, adversarial=460, **evaluation)
    jobs = [job(tmp_path, f"poems-seqgan-lag-{preset}-seed3") for preset in ("quick", "smoke")]
    times = Times(jobs, results)
    assert times.seconds_left(jobs[0]) == START_UP_SECONDS + 500
    assert times.seconds_left(jobs[1]) is None
    # Pre-training that is taken over takes no time, nor does its evaluation.
    started = job(tmp_path, jobs[0].name, pretrained="mle")
    assert times.seconds_left(started) == START_UP_SECONDS + 400
    # What was measured here comes first.
    done = job(tmp_path, "poems-seqgan-lag-quick-seed1")
    store(done.out / "result.json", mle=20, adversarial=30)
    assert Times([done], results).seconds_left(jobs[0]) == START_UP_SECONDS + 50


def test_what_a_stopped_run_has_done_is_not_left(tmp_path):
    done, stopped = (job(tmp_path, f"poems-seqgan-smoke-seed{k}", "mle") for k in (1, 2))
    store(done.out / "result.json", mle=20, adversarial=100)
    stopped.out.mkdir()
    (stopped.out / "config.json").write_text("{}")
    (stopped.out / "metrics.csv").write_text("stage,step,seconds\nmle,1,10\nadversarial,1,50.5\n")
    times = Times([done, stopped], tmp_path / "none")
    assert times.seconds_left(stopped) == START_UP_SECONDS + 69.5
    (stopped.out / "metrics.csv").write_text("stage\n")
    assert times.seconds_left(stopped) == START_UP_SECONDS + 120


def test_time_left_in_words(tmp_path):
    done = job(tmp_path, "poems-seqgan-smoke-seed1")
    store(done.out / "result.json", adversarial=600 - START_UP_SECONDS)
    left = [job(tmp_path, f"poems-seqgan-smoke-seed{k}") for k in range(2, 32)]
    unknown = job(tmp_path, "poems-mle-smoke-seed1")
    times = Times([done, *left, unknown], tmp_path / "none")
    assert in_words([done], times, 1) == ""
    assert in_words([done, *left[:4]], times, 1) == "about 40 min left"
    assert in_words([done, *left[:4]], times, 2) == "about 20 min left"
    assert in_words(left[:1], times, 2) == "about 10 min left"
    assert in_words(left, times, 1) == "about 5.0 h left"
    assert (
        in_words([unknown], times, 1)
        == "time left: not known before one run of each row is complete"
    )
    assert in_words([*left[:1], unknown], times, 1) == (
        "about 10 min left, and 1 run of a length not known yet"
    )
    assert state_in_words([done, *left[:2]], 1) == (
        "1 of 3 runs are complete, 2 to start; about 20 min left"
    )
