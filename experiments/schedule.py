"""Runs trainings as processes, some at a time, and stops them cleanly."""

import contextlib
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from experiments.jobs import Job
from files.errors import UsageError
from files.platform import available_memory_mb, usable_cores
from training.stops import SIGNALS, Request, Stopped, after_step

# A little more than the largest training of the tables takes (news: 2,309 MB).
MEMORY_MB = 3000
LOOK_SECONDS = 0.1
THREADS = "TF_NUM_INTRAOP_THREADS"
# Exit codes after a signal, with and without the training's own handling of it.
STOPPED = {code for number in SIGNALS for code in (128 + number, -number)}


def runs_at_a_time(given: str) -> int:
    """JOBS of the environment, or where it is empty two if there are cores and memory, else one."""
    if given:
        if not given.isdecimal() or int(given) < 1:
            raise UsageError(f"JOBS is {given!r:.60}, expected a whole number from 1.")
        return int(given)
    enough = usable_cores() >= 2 and available_memory_mb() >= 2 * MEMORY_MB
    return 2 if enough else 1


class Schedule:
    """Trains what is not complete, in the order of the jobs, each once what it starts from is complete.

    Each training is a separate process group, so that Ctrl-C reaches it once, by this class.

    Args:
        jobs: in order.
        at_a_time: how many processes; with several, each uses one thread.
        logs: a folder for what they print, `NAME.log`.
        say: prints a line.
    """

    def __init__(self, jobs: Sequence[Job], at_a_time: int, logs: Path, say: Callable[[str], None]):
        self._jobs = jobs
        self._at_a_time = at_a_time
        self._logs = logs
        self._say = say
        self._running: dict[Job, tuple[subprocess.Popen, float]] = {}
        self._ended: set[Job] = set()
        self.failed: list[Job] = []
        self.stopped: list[Job] = []

    def run(self) -> int:
        """Trains; the number of the signal that stopped it, or 0."""
        self._logs.mkdir(parents=True, exist_ok=True)
        sent = False
        with _hang_up_stops(), after_step() as request:
            try:
                while True:
                    try:
                        self._start_more(request)
                        if not self._running:
                            break
                        if request.number is not None and not sent:
                            self._stop_all()
                            sent = True
                        self._collect()
                        time.sleep(LOOK_SECONDS)
                    except Stopped:  # the second Ctrl-C: the trainings stop at once
                        self._stop_all()
            finally:
                self._stop_all()  # after an error here
        return request.number or 0

    def _start_more(self, request: Request) -> None:
        """Starts what can be, until a signal has come."""
        for job in self._jobs:
            if request.number is not None or len(self._running) >= self._at_a_time:
                break
            if job.ready and not (job.complete or job in self._running or job in self._ended):
                self._start(job)

    def _start(self, job: Job) -> None:
        log = self._logs / f"{job.name}.log"
        self._say(f"{job.name}: {'resumed' if job.begun else 'started'}, output in {log}")
        with log.open("a", encoding="utf-8") as file:
            print(f"$ python {shlex.join(job.command)}", file=file, flush=True)
            process = subprocess.Popen(
                [sys.executable, *job.command],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                env=self._environment(job),
                process_group=0,
            )
        self._running[job] = process, time.monotonic()

    def _environment(self, job: Job) -> dict[str, str]:
        """Ours, with the threads that the run began with: with others its digits would differ."""
        threads = job.recorded_threads() if job.begun else None
        if threads is None and self._at_a_time > 1:
            threads = 1
        if THREADS in os.environ or not threads:
            return dict(os.environ)
        return {**os.environ, THREADS: str(threads)}

    def _stop_all(self) -> None:
        """Asks the trainings to stop after their step; the second time, at once."""
        for process, _ in self._running.values():
            process.terminate()  # not SIGINT, which `nohup` and shells let them ignore

    def _collect(self) -> None:
        """Takes note of the processes that have ended."""
        for job, (process, since) in list(self._running.items()):
            if process.poll() is None:
                continue
            del self._running[job]
            self._ended.add(job)
            minutes = (time.monotonic() - since) / 60
            if process.returncode == 0 and job.complete:
                self._say(f"{job.name}: complete after {minutes:.1f} min")
            elif process.returncode in STOPPED:
                self.stopped.append(job)
                self._say(f"{job.name}: stopped after {minutes:.1f} min")
            else:
                self.failed.append(job)
                log = self._logs / f"{job.name}.log"
                self._say(f"{job.name}: failed with exit code {process.returncode}: {_end_of(log)}")


@contextlib.contextmanager
def _hang_up_stops() -> Iterator[None]:
    """Lets a closed terminal stop the trainings as SIGTERM does."""
    before = signal.getsignal(signal.SIGHUP)
    if before == signal.SIG_DFL:
        signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


def _end_of(log: Path) -> str:
    """The last line of a log, which is the error's."""
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    return next((line for line in reversed(lines) if line.strip()), "no output")
