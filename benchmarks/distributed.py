"""The time of a run on several devices, predicted by a cost model from constants measured here.

    python -m benchmarks.distributed --json results/distributed.json --write docs/distributed.md

Measured are the work of one replica, which is that of a share of the batch, and all-reduces between two
processes over the loopback. Predicted is the preset `paper` without its measurements, which the chief
takes alone.
"""

import contextlib
import dataclasses
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.cost_model import Network, paper_hours
from benchmarks.measure import REPOSITORY, Case, side_by_side
from benchmarks.words import duration, machine_note
from files.errors import UsageError
from files.writing import check_folders, write_json, write_text
from reports.markdown import Table, check_page, insert, markdown, read_page
from training.errors import one_line_errors
from training.flags import read_flags
from training.presets import ORACLE_PRESETS
from training.task_settings import OracleSettings

REPLICAS = (1, 2, 8, 64)
SEED = (1, 2)
TABLE, MAKER = "cost", "benchmarks.distributed"


@dataclasses.dataclass(frozen=True)
class DistributedSettings:
    """Measures the shares of a batch and the all-reduces of its gradients; predicts the preset `paper`."""

    json: Path | None = None
    """File for the figures."""
    write: Path | None = None
    """Markdown file with the marks of the table `cost`."""
    repeats: int = 5
    """Measurements of each stage; the shortest counts."""
    gigabits: float = 10.0
    """Speed of a network to predict for, in addition to the loopback, Gbit/s."""
    hop_ms: float = 0.1
    """Latency of that network, milliseconds a message."""
    quick: bool = False
    """Tiny sizes, to test the program; the figures are meaningless."""
    peer: bool = False
    """Internal: run as one of the two processes that all-reduce."""

    def check(self) -> None:
        """Raises `UsageError` for a value that cannot work."""
        if self.repeats < 1 or self.gigabits <= 0 or self.hop_ms < 0:
            raise UsageError("--repeats, --gigabits or --hop-ms is too small, expected above 0.")
        check_folders(self.json)
        check_page(self.write, [TABLE], MAKER)


class Work:
    """The models of the paper's task, and what one of several replicas does of each stage."""

    def __init__(self, settings: OracleSettings):
        import numpy as np
        import tensorflow as tf

        from models.discriminator import Discriminator
        from models.generator import Generator
        from models.rollout import Rollout
        from training.steps import make_steps

        self.settings = settings
        self.generator = Generator(settings.vocab_size, settings.max_length)
        self.discriminator = Discriminator(settings.vocab_size, settings.max_length)
        self.steps = make_steps(self.generator, self.discriminator, settings)
        self.rollout = Rollout(self.generator)
        shape = [settings.batch_size, settings.max_length]
        tokens = np.random.default_rng(0).integers(0, settings.vocab_size, shape)
        self.batch = tf.constant(tokens, tf.int32)
        self.rewards = tf.ones(shape)
        self.labels = tf.cast(tf.range(shape[0]) % 2, tf.float32)

    @property
    def sizes(self) -> dict[str, int]:
        """Bytes of the gradients of each model."""
        return {
            "generator": 4 * self.generator.count_params(),
            "discriminator": 4 * self.discriminator.count_params(),
        }

    def cases(self, replicas: int) -> dict[str, Case]:
        """What the first of `replicas` computes, by stage."""
        import tensorflow as tf

        from models.shares import Share

        share, steps, settings = Share(0, replicas), self.steps, self.settings

        def halves(part, update, whole) -> Callable[..., Any]:
            """As `Distribution.step` has them, with nothing to add in between."""
            if replicas == 1:
                return whole
            part = tf.function(partial(part, share), jit_compile=True)
            update = tf.function(update)
            return lambda *batch: update(*part(*batch))

        mle = halves(steps._mle_gradients, steps._apply_mle, steps._mle_step)
        policy = halves(steps._policy_gradients, steps._apply_policy, steps._policy_step)
        judge = halves(
            steps._discriminator_gradients, steps._apply_discriminator, steps._discriminator_step
        )
        batch, num, seed = self.batch, settings.d_samples, tf.constant(SEED)
        score = self.discriminator.probability_real
        return {
            "MLE step": Case(lambda: mle(batch, batch)),
            "discriminator step": Case(lambda: judge(batch, self.labels, seed)[0]),
            "policy step": Case(lambda: policy(batch, self.rewards)[0]),
            "sample a batch": Case(
                lambda: self.generator.sample(settings.batch_size, SEED, share=share)
            ),
            "sample D's set": Case(lambda: self.generator.sample(num, SEED, share=share)),
            "rewards of one batch": Case(
                lambda: self.rollout.action_values(batch, score, settings.num_rollouts, SEED, share)
            ),
        }

    def variables(self) -> dict[str, list[Any]]:
        """Of each model, and one number."""
        import tensorflow as tf

        of_models = {
            "generator": self.generator.trainable_variables,
            "discriminator": self.discriminator.trainable_variables,
        }
        return {"number": [tf.zeros([])], **of_models}


def paper(quick: bool) -> OracleSettings:
    """The preset, or its schedule at a size that takes seconds."""
    if not quick:
        return ORACLE_PRESETS["paper"]
    return dataclasses.replace(
        ORACLE_PRESETS["paper"], vocab_size=30, max_length=5, num_rollouts=2, d_samples=128
    )


def all_reduces(settings: DistributedSettings) -> dict[str, float]:
    """Milliseconds of an all-reduce of each model's gradients and of one number, as one of two workers."""
    from training.cluster import read_cluster
    from training.session import join

    given = paper(settings.quick)
    distribution = join(given, read_cluster("multi-worker"))
    import tensorflow as tf

    strategy = distribution.strategy or tf.distribute.get_strategy()
    batches = 3 if settings.quick else 20

    def median(values) -> float:
        tensors = [tf.zeros(value.shape) for value in values]

        def on_replica(*tensors):
            context = tf.distribute.get_replica_context()
            here = [tf.identity(tensor) for tensor in tensors]  # on the replica's device
            return context.all_reduce(tf.distribute.ReduceOp.SUM, here)

        @tf.function
        def reduce(*tensors):
            total = tf.zeros([])
            for _ in tf.range(batches):  # as an epoch: traced once, one call
                total += tf.reduce_sum(strategy.run(on_replica, tensors)[0])
            return total

        case = Case(lambda: reduce(*tensors), batches)
        return side_by_side({"": case}, settings.repeats)[""].shortest_ms

    return {name: median(values) for name, values in Work(given).variables().items()}


def tf_configs(num: int) -> list[str]:
    """The TF_CONFIG of each of `num` workers on this machine, on ports that nothing listens on."""
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(num)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        workers = [f"127.0.0.1:{probe.getsockname()[1]}" for probe in probes]
    tasks = [{"type": "worker", "index": index} for index in range(num)]
    return [json.dumps({"cluster": {"worker": workers}, "task": task}) for task in tasks]


def two_processes(settings: DistributedSettings) -> dict[str, float]:
    """What `all_reduces` measures in two processes of this machine."""
    flags = ["--peer", "--repeats", str(settings.repeats), *(["--quick"] if settings.quick else [])]
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "benchmarks.distributed", *flags],
            env={**os.environ, "TF_CONFIG": config},
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            text=True,
        )
        for config in tf_configs(2)
    ]
    outputs = [process.communicate()[0] for process in processes]
    if any(process.returncode for process in processes):
        raise RuntimeError("the two processes that all-reduce failed")
    return json.loads(outputs[0].splitlines()[-1])


def loopback(milliseconds: dict[str, float], sizes: dict[str, int]) -> Network:
    """The network whose all-reduces between two took so long."""
    hop = milliseconds["number"] / 2
    more = max(milliseconds["discriminator"] - milliseconds["number"], 1e-3)
    return Network(hop, sizes["discriminator"] / more)


def measure(settings: DistributedSettings) -> dict[str, Any]:
    """The constants of the model, with the machine that they were measured on."""
    from benchmarks.measure import load_average, machine
    from training.session import start

    busy = load_average()
    reduced = two_processes(settings)
    start(0)
    work = Work(paper(settings.quick))
    cases = {
        f"{replicas} {name}": case
        for replicas in REPLICAS
        for name, case in work.cases(replicas).items()
    }
    taken: dict[str, dict[str, float]] = {}
    for key, timing in side_by_side(cases, settings.repeats).items():
        replicas, name = key.split(" ", 1)
        taken.setdefault(replicas, {})[name] = timing.shortest_ms
    return {
        "work_ms": taken,
        "gradient_bytes": work.sizes,
        "all_reduce_ms": reduced,
        "machine": machine(busy),
    }


def cost_table(figures: dict[str, Any], settings: DistributedSettings) -> Table:
    """The work of a replica, and the hours of the preset on each number of them."""
    work, sizes = figures["work_ms"], figures["gradient_bytes"]
    here = loopback(figures["all_reduce_ms"], sizes)
    there = Network(settings.hop_ms, settings.gigabits * 1e9 / 8 / 1e3)
    summed = {"MLE step": "generator", "policy step": "generator"}
    summed["discriminator step"] = "discriminator"
    rows = []
    for name in work["1"]:
        size = f"{sizes[summed[name]] / 1e6:.1f}" if name in summed else "–"
        rows.append([name, size, *(duration(of[name]) for of in work.values())])
    networks = {
        "no network at all": Network(0.0, float("inf")),
        f"{settings.gigabits:g} Gbit/s, {settings.hop_ms:g} ms a hop": there,
        "loopback as measured": here,
    }
    given = paper(settings.quick)
    for name, net in networks.items():
        hours = (paper_hours(given, of, sizes, int(replicas), net) for replicas, of in work.items())
        rows.append([f"**preset `paper`**, {name}", "–", *(f"{hour:.1f} h" for hour in hours)])
    reduced = figures["all_reduce_ms"]
    notes = [
        "All-reduce between two processes: "
        + ", ".join(f"{name} {duration(took)}" for name, took in reduced.items())
        + f"; so {duration(here.hop_ms)} a hop and {here.bytes_per_ms / 1e6:.2f} GB/s.",
        machine_note(figures),
    ]
    return Table(["", "MB summed", *(f"{replicas} devices" for replicas in work)], rows, notes)


def main(arguments: list[str] | None = None) -> None:
    settings = read_flags(
        DistributedSettings, DistributedSettings(), arguments, prog="benchmarks.distributed"
    )
    settings.check()
    if settings.peer:
        print(json.dumps(all_reduces(settings)))
        return
    figures = measure(settings)
    table = cost_table(figures, settings)
    print(markdown(table))
    if settings.json is not None:
        write_json(settings.json, figures)
    if settings.write is not None:
        text = read_page(settings.write)
        text = insert(text, {TABLE: table}, MAKER)
        write_text(settings.write, text)


if __name__ == "__main__":
    with one_line_errors():
        main()
