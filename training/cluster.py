"""The machines that train together, as TF_CONFIG names them. Needs no TensorFlow."""

import contextlib
import json
import os
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from files.errors import UsageError

# Jobs that train, in TensorFlow's order: the first task is the chief.
JOBS = ("chief", "worker")
EXAMPLE = (
    '{"cluster": {"worker": ["HOST:PORT", "HOST:PORT"]}, "task": {"type": "worker", "index": 0}}'
)
# How long a machine that is there may take to accept a connection.
ANSWER_SECONDS = 5.0


@dataclass(frozen=True)
class Task:
    """One process of the cluster."""

    job: str
    index: int
    address: str

    def __str__(self) -> str:
        return f"{self.job} {self.index} ({self.address})"


@dataclass(frozen=True)
class Cluster:
    """The processes that train together, and which of them this one is."""

    tasks: tuple[Task, ...]
    number: int
    """Of this process among the tasks; the chief is 0."""

    @property
    def me(self) -> Task:
        """This process."""
        return self.tasks[self.number]

    def lost(self, message: str) -> str:
        """The tasks whose loss made TensorFlow raise an error of this message, in words."""
        others = [task for task in self.tasks if task != self.me]
        named = re.findall(r"/job:(\w+)/replica:\d+/task:(\d+)", message)
        suspects = [task for task in others if (task.job, str(task.index)) in named]
        # One that ended because of the loss answers no more either: whom TensorFlow names comes first.
        lost = [task for task in suspects or others if not _answers(task.address)] or suspects
        return " and ".join(map(str, lost)) or "another worker"


def read_cluster(distribute: str) -> Cluster | None:
    """The cluster that `--distribute` asks for, out of TF_CONFIG; None: this machine alone.

    Raises `UsageError` where TF_CONFIG is invalid, or its port is in use.
    """
    text = os.environ.get("TF_CONFIG", "")
    if distribute == "multi-worker" and not text:
        raise UsageError(
            f"--distribute multi-worker needs TF_CONFIG, which is not set. Expected {EXAMPLE}."
        )
    if distribute not in ("auto", "multi-worker") or not text:
        return None
    cluster = parse_cluster(text)
    _check_port(cluster.me)
    return cluster


def parse_cluster(text: str) -> Cluster:
    """The cluster of a TF_CONFIG, or `UsageError`."""
    try:
        config = json.loads(text)
    except ValueError as error:
        raise UsageError(f"TF_CONFIG is not JSON ({error}). Expected {EXAMPLE}.") from None
    jobs = config.get("cluster") if isinstance(config, dict) else None
    task = config.get("task") if isinstance(config, dict) else None
    if not isinstance(jobs, dict) or not isinstance(task, dict):
        raise UsageError(f'TF_CONFIG has no "cluster" and "task". Expected {EXAMPLE}, or none.')
    tasks = tuple(_tasks(jobs))
    job, index = task.get("type"), task.get("index")
    for number, each in enumerate(tasks):
        if (each.job, str(each.index)) == (job, str(index)):
            return Cluster(tasks, number)
    there = ", ".join(f"{each.job} {each.index}" for each in tasks) or "no worker"
    raise UsageError(
        f"the task of TF_CONFIG is {job!s:.60} {index!s:.60}, but its cluster has "
        f"{there}. Give it a task of the cluster, as {EXAMPLE}."
    )


def _tasks(jobs: dict[str, Any]) -> Iterator[Task]:
    for job, addresses in jobs.items():
        if job not in JOBS:
            raise UsageError(
                f"TF_CONFIG has the job {job!r:.60}; all processes of a run train. Leave it out: "
                f"expected {EXAMPLE}."
            )
        if not isinstance(addresses, list):
            raise UsageError(
                f"the {job} of TF_CONFIG is {addresses!r:.60}, expected a list. See {EXAMPLE}."
            )
    if len(jobs.get("chief", [])) > 1:
        raise UsageError("TF_CONFIG has more than one chief. Make the others workers.")
    for job in JOBS:
        for index, address in enumerate(jobs.get(job, [])):
            if not isinstance(address, str) or not re.fullmatch(r"\S+:\d{1,5}", address):
                raise UsageError(
                    f"{job} {index} of TF_CONFIG is {address!r:.60}, expected HOST:PORT."
                )
            yield Task(job, index, address)


def _check_port(me: Task) -> None:
    """Raises `UsageError` where another process uses the port: TensorFlow's message is less clear."""
    port = int(me.address.rpartition(":")[2])
    with contextlib.closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # an ended one's is free
        try:
            probe.bind(("", port))
        except (OSError, OverflowError) as error:
            why = getattr(error, "strerror", None) or "no port"
            raise UsageError(
                f"{me} of TF_CONFIG cannot listen on its port {port} ({why}). Stop the program that "
                "uses it, or give another port in the TF_CONFIG of every worker."
            ) from None


def _answers(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), ANSWER_SECONDS).close()
        return True
    except OSError:
        return False
