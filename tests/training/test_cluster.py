"""TF_CONFIG: what it says, and one line for each way in which it cannot work."""

import json
import socket

import pytest

from files.errors import UsageError
from train_oracle import make_task
from training.cluster import Cluster, Task, parse_cluster, read_cluster
from training.presets import ORACLE_PRESETS
from training.script import run_script

WORKERS = ["10.0.0.1:4000", "10.0.0.2:4000", "10.0.0.3:4000"]


def tf_config(task=("worker", 0), **cluster):
    job, index = task
    cluster = cluster or {"worker": WORKERS}
    return json.dumps({"cluster": cluster, "task": {"type": job, "index": index}})


@pytest.fixture
def taken():
    """A port that something listens on."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_the_first_worker_is_the_chief_unless_there_is_one():
    cluster = parse_cluster(tf_config(("worker", 2)))
    assert [task.address for task in cluster.tasks] == WORKERS
    assert cluster.number == 2 and str(cluster.me) == "worker 2 (10.0.0.3:4000)"
    assert parse_cluster(tf_config()).number == 0
    jobs = {"worker": WORKERS[1:], "chief": WORKERS[:1]}
    assert parse_cluster(tf_config(("chief", 0), **jobs)).number == 0
    cluster = parse_cluster(tf_config(("worker", 0), **jobs))
    assert cluster.number == 1 and cluster.tasks[0] == Task("chief", 0, WORKERS[0])
    # Kubernetes and Slurm make text of numbers.
    assert parse_cluster(tf_config(("worker", "1"))).number == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not JSON"),
        ("[]", 'has no "cluster" and "task"'),
        ('{"cluster": {}}', 'has no "cluster" and "task"'),
        (
            tf_config(("worker", 3)),
            r"TF_CONFIG is worker 3, but its cluster has worker 0, worker 1, w",
        ),
        (tf_config(("chief", 0)), "the task of TF_CONFIG is chief 0"),
        (tf_config(("ps", 0), worker=WORKERS, ps=["a:1"]), "has the job 'ps'"),
        (tf_config(worker="a:1"), "expected a list"),
        (tf_config(worker=["a:1", "b"]), "worker 1 of TF_CONFIG is 'b', expected HOST:PORT"),
        (tf_config(worker=[7]), "expected HOST:PORT"),
        (tf_config(chief=["a:1", "b:1"]), "more than one chief"),
    ],
)
def test_what_cannot_work_is_one_line(text, message):
    with pytest.raises(UsageError, match=message) as error:
        parse_cluster(text)
    assert "\n" not in str(error.value)


def test_what_asks_for_a_cluster(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    assert read_cluster("auto") is read_cluster("mirrored") is read_cluster("none") is None
    with pytest.raises(UsageError, match="needs TF_CONFIG, which is not set"):
        read_cluster("multi-worker")
    monkeypatch.setenv("TF_CONFIG", tf_config(worker=[f"127.0.0.1:{free_port()}", "b:1"]))
    assert read_cluster("mirrored") is read_cluster("none") is None
    assert read_cluster("auto") == read_cluster("multi-worker") != None  # noqa: E711


def test_a_port_in_use_is_told(monkeypatch, taken):
    monkeypatch.setenv("TF_CONFIG", tf_config(worker=[f"127.0.0.1:{taken}", "b:1"]))
    with pytest.raises(UsageError, match=rf"its port {taken} \(Address already in use\)"):
        read_cluster("auto")
    monkeypatch.setenv("TF_CONFIG", tf_config(worker=["127.0.0.1:99999", "b:1"]))
    with pytest.raises(UsageError, match=r"its port 99999 \(no port\)"):
        read_cluster("auto")


@pytest.mark.parametrize(
    ("config", "flags", "message"),
    [
        ("{", [], "TF_CONFIG is not JSON"),
        (tf_config(("worker", 5)), [], "is worker 5, but its cluster has worker 0"),
        (None, ["--batch-size", "63"], "--batch-size is 63, which 2 replicas cannot share"),
    ],
)
def test_a_script_ends_with_exit_code_2(monkeypatch, capsys, tmp_path, config, flags, message):
    here = tf_config(worker=[f"127.0.0.1:{free_port()}", "127.0.0.1:1"])
    monkeypatch.setenv("TF_CONFIG", config or here)
    with pytest.raises(SystemExit) as stop:
        arguments = ["--preset", "smoke", "--out", str(tmp_path / "run"), *flags]
        run_script("oracle", ORACLE_PRESETS, make_task, arguments)
    assert stop.value.code == 2
    *notes, line = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ") and message in line
    assert notes in ([], ["waiting for 1 other worker"])
    assert not (tmp_path / "run").exists()


# Whom TensorFlow's message is about

HEARTBEATS = (
    "Error reported from /job:worker/task:0: The following tasks are unhealthy (stopped sending "
    "heartbeats):\n/job:worker/replica:0/task:1\nThe tasks have crashed."
)
RESET = (
    "recvmsg:Connection reset by peer\nAdditional GRPC error information from remote target "
    "/job:worker/replica:0/task:1 while calling /tensorflow.WorkerService/CompleteInstance"
)


def cluster_of(*ports, number=0):
    tasks = tuple(Task("worker", k, f"127.0.0.1:{port}") for k, port in enumerate(ports))
    return Cluster(tasks, number)


@pytest.mark.parametrize("message", [HEARTBEATS, RESET])
def test_the_lost_worker_is_the_one_that_tensorflow_names(message):
    # Worker 2 does not answer any more either: it ended because of the loss.
    cluster = cluster_of(free_port(), free_port(), free_port())
    assert cluster.lost(message) == str(cluster.tasks[1])


def test_a_lost_worker_without_a_name_is_the_one_that_does_not_answer(taken):
    cluster = cluster_of(free_port(), taken, free_port())
    assert cluster.lost("Collective ops is aborted") == str(cluster.tasks[2])
    assert cluster_of(free_port(), taken).lost("?") == "another worker"
    # It answers again, started anew, before we looked.
    cluster = cluster_of(free_port(), taken)
    assert cluster.lost(RESET) == str(cluster.tasks[1])
