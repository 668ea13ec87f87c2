"""Any number of replicas follows the trajectory of one: devices of a machine, and two workers."""

import os
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from benchmarks.distributed import tf_configs
from files.errors import UsageError
from tests.helpers import REPOSITORY
from training.cluster import Cluster, Task
from training.distribution import ONE_DEVICE, check_divides, make_distribution

pytestmark = pytest.mark.slow

# Devices of one process, or "workers": two processes of one device each. The longest first.
WAYS = [("discriminator", 2), ("bleu", 2), ("discriminator", "workers")]
WAYS += [("discriminator", 1), ("bleu", 1)]


def start(file, devices, reward, **environment):
    command = [sys.executable, "-m", "tests.training.replicas", str(file), str(devices), reward]
    environment = {**os.environ, **environment}
    return subprocess.Popen(
        *(command,), cwd=REPOSITORY, env=environment, stderr=subprocess.PIPE, text=True
    )


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """What each way leaves in each of its processes."""
    return train(tmp_path_factory.mktemp("replicas"), WAYS)


def train(folder, ways):
    started = {}
    for reward, way in ways:
        if way == "workers":
            for index, config in enumerate(tf_configs(2)):
                file = folder / f"{reward}-worker{index}.npz"
                started[reward, f"worker {index}"] = file, start(file, 1, reward, TF_CONFIG=config)
        else:
            file = folder / f"{reward}-{way}.npz"
            started[reward, way] = file, start(file, way, reward)
    left = {}
    for way, (file, process) in started.items():
        said = process.communicate(timeout=600)[1]
        assert process.returncode == 0, said
        with np.load(file) as arrays:
            left[way] = dict(arrays)
    return left


def variables(result):
    """By name, on each replica of the process."""
    found: dict[str, list[np.ndarray]] = {}
    for name, value in result.items():
        if "@" in name:
            found.setdefault(name.rpartition("@")[0], []).append(value)
    return found


def check_same_trajectory(result, alone, replicas):
    assert result["replicas"] == replicas and alone["replicas"] == 1
    expected = variables(alone)
    assert len(expected) > 30 and variables(result).keys() == expected.keys()
    for name, (value, *others) in variables(result).items():
        for other in others:
            np.testing.assert_array_equal(other, value, err_msg=name)
        distance = np.linalg.norm(value - expected[name][0].astype(np.float64))
        # Rewards that differ by 0.001 are standardized, with their rounding, to targets of order 1,
        # whose sums cancel in the gradients of biases: what is left is rounding.
        rounding = 1e-6 if "value_network" in name and "bias" in name else 0.0
        assert distance <= 1e-4 * np.linalg.norm(expected[name][0]) + rounding, name
    for name in alone:
        if name.startswith(("sample", "generated")):  # not one token differs
            np.testing.assert_array_equal(result[name], alone[name])
        elif "@" not in name and name != "replicas":
            rounding = 1e-5 if "explained_variance" in name else 1e-6
            np.testing.assert_allclose(result[name], alone[name], 1e-4, rounding, err_msg=name)


def test_the_steps_taken_are_those_that_count(results):
    """Twenty, twenty and six updates, moved weights, clipped gradients, rewards that differ."""
    alone = results["discriminator", 1]
    taken = {k.split("/")[0]: v[0] for k, v in variables(alone).items() if "iteration" in k}
    expected = {"mle_optimizer": 20, "discriminator_optimizer": 20, "policy_optimizer": 6}
    assert taken == {**expected, "value_optimizer": 6, "rollout_optimizer": 6}
    assert all(alone[f"policy_gradient_norm {k}"] > 0.02 for k in range(3))
    values = alone["values 2"]
    assert len(np.unique(values)) > values.size / 2
    assert np.mean(alone["mixed values 2"] != values) > 0.3
    assert any(np.any(row == 0) for row in alone["generated"])  # some end early, so shares differ


def test_two_devices_are_one(results):
    check_same_trajectory(results["discriminator", 2], results["discriminator", 1], 2)


def test_two_devices_are_one_where_python_rewards(results):
    check_same_trajectory(results["bleu", 2], results["bleu", 1], 2)


@pytest.mark.faults
def test_four_devices_are_one(results, tmp_path):
    four = train(tmp_path, [("discriminator", 4), ("bleu", 4)])
    for reward in ("discriminator", "bleu"):
        check_same_trajectory(four[reward, 4], results[reward, 1], 4)


def test_two_workers_are_one_and_equal_bit_for_bit(results):
    workers = [results["discriminator", f"worker {index}"] for index in range(2)]
    for worker in workers:
        check_same_trajectory(worker, results["discriminator", 1], 2)
    assert workers[0].keys() == workers[1].keys()
    for name, value in workers[0].items():
        np.testing.assert_array_equal(workers[1][name], value, err_msg=name)


# One device


def test_one_device_takes_what_it_is_given():
    def update(total):
        return total * 2

    step = ONE_DEVICE.step(lambda share, x: (share.rows(x),), update, lambda function: function)
    assert step(3.0) == 6.0
    assert ONE_DEVICE.by_rows(lambda *numbers: sum(numbers), 1, 2) == 3
    assert ONE_DEVICE.all_workers(7, 8).tolist() == [[7, 8]]
    assert ONE_DEVICE.is_chief and not str(ONE_DEVICE)


@pytest.mark.parametrize(
    ("distribute", "workers", "gpus", "replicas"),
    [
        ("auto", 0, 2, 1),
        ("none", 0, 2, 1),
        ("mirrored", 0, 2, 2),
        ("auto", 1, 2, 2),
        ("multi-worker", 1, 2, 2),
        ("multi-worker", 1, 1, 1),
        ("multi-worker", 1, 0, 1),
    ],
)
def test_one_worker_has_all_its_gpus_as_each_of_several(
    monkeypatch, distribute, workers, gpus, replicas
):
    there = {"GPU": gpus, "CPU": 1}
    names = {
        kind: [SimpleNamespace(name=f"{kind}:{k}") for k in range(there[kind])] for kind in there
    }
    monkeypatch.setattr(tf.config, "list_logical_devices", names.__getitem__)
    monkeypatch.setattr(tf.distribute, "MirroredStrategy", strategy_of)
    cluster = Cluster((Task("worker", 0, "localhost:1"),), 0) if workers else None
    distribution = make_distribution(distribute, cluster, batch_size=4)
    assert distribution.num_replicas == replicas == len(distribution.devices)
    assert distribution.cluster is None and distribution.is_chief


def strategy_of(devices):
    """In place of a strategy of TensorFlow's on devices that are not there."""
    extended = SimpleNamespace(worker_devices=devices)
    return SimpleNamespace(
        extended=extended, num_replicas_in_sync=len(devices), gather=lambda value, axis: value
    )


@pytest.mark.parametrize(
    ("batch_size", "num", "multiple"), [(64, 3, "63"), (1, 4, "4"), (63, 2, "6[24]")]
)
def test_a_batch_that_does_not_divide_is_refused(batch_size, num, multiple):
    with pytest.raises(
        UsageError, match=rf"{num} replicas cannot .* a multiple, as {multiple}, or"
    ):
        check_divides(batch_size, num)
    check_divides(num * batch_size, num)
