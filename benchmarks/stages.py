"""The stages of training in several implementations: ours, a naive one, plain Keras and plain PyTorch.

    python -m benchmarks.stages --stage "MLE step"     # one of ours alone, for its peak memory

Batch 64, T = 20, V = 5000, E = H = 32, the paper's discriminator, N = 16: the paper's synthetic task.
"""

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks import pytorch_worker
from benchmarks.measure import Case, Timing, in_child, repeated, side_by_side
from benchmarks.operations import operations, published_round
from files.errors import UsageError
from training.errors import one_line_errors
from training.flags import read_flags
from training.task_settings import OracleSettings

# Milliseconds of other implementations, and what this one set out to reach, on two cores where a
# float32 matrix product runs at so many GFLOP/s. They were measured before, not in the same run.
ELSEWHERE_GFLOPS = 208
ELSEWHERE = {
    "sample 64 sequences": {"authors": 24, "textgan": 146, "goal": 10},
    "MLE step": {"authors": 46, "textgan": 41, "goal": 20},
    "discriminator step": {"authors": 485, "textgan": 64, "goal": 42},
    "rewards of one batch": {"authors": 8640, "textgan": 33100, "goal": 2800},
    "a round of the published schedule": {
        **{"authors": 2_278_000, "textgan": 333_000, "goal": 200_000}
    },
}
SEED = np.array([1, 2], np.int32)
BATCHES, QUICK_BATCHES = 20, 2
"""Batches of an epoch that is timed."""
_LONG = 1e11  # operations, with which PyTorch needs up to a minute: it is measured twice, what is shorter more often


@dataclasses.dataclass(frozen=True)
class StageSettings:
    """Runs one stage, ours alone, a few times and prints its peak memory."""

    stage: str = "MLE step"
    """Name of the stage."""
    quick: bool = False
    """Tiny sizes, to test the program; the figures are meaningless."""


class Stages:
    """Models with random weights, random tokens, and the stages as cases to time.

    Args:
        settings: sizes.
        batches: of an epoch.
    """

    def __init__(self, settings: OracleSettings, batches: int):
        import tensorflow as tf

        from models.discriminator import Discriminator
        from models.generator import Generator
        from models.rollout import Rollout
        from training.steps import make_steps

        self.settings = settings
        self.batches = batches
        self.generator = Generator(settings.vocab_size, settings.max_length)
        self.discriminator = Discriminator(settings.vocab_size, settings.max_length)
        self.steps = make_steps(self.generator, self.discriminator, settings)
        self.rollout = Rollout(self.generator)
        self.completions = settings.batch_size * (settings.max_length - 1) * settings.num_rollouts

        def tokens(num):
            shape = [num, settings.max_length]
            return tf.constant(random.integers(0, settings.vocab_size, shape), tf.int32)

        random = np.random.default_rng(0)
        self.batch = tokens(settings.batch_size)
        self.epoch = tokens(batches * settings.batch_size)
        self.many = tokens(self.completions)
        self.rewards = tf.ones(self.batch.shape)

    def ours(self) -> dict[str, Case]:
        """Our implementation."""
        steps, generator, seed = self.steps, self.generator, SEED
        batch_size = self.settings.batch_size
        return {
            f"sample {batch_size} sequences": repeated(
                lambda: generator.sample(batch_size, seed), self.batches
            ),
            f"sample {self.completions} sequences": Case(
                lambda: generator.sample(self.completions, seed)
            ),
            "MLE step": Case(lambda: steps.mle_epoch(self.epoch, seed), self.batches),
            "policy-gradient step": repeated(
                lambda: steps.policy_gradient(self.batch, self.rewards, 1e-3), self.batches
            ),
            **self._discriminator_stages(steps, self.discriminator),
        }

    def bfloat16(self) -> dict[str, Case]:
        """Ours with `--mixed-precision bfloat16`, which is for the discriminator alone."""
        from models.discriminator import Discriminator
        from training.steps import make_steps

        settings = self.settings
        mixed = Discriminator(settings.vocab_size, settings.max_length, dtype="mixed_bfloat16")
        return self._discriminator_stages(make_steps(self.generator, mixed, settings), mixed)

    def _discriminator_stages(self, steps, discriminator) -> dict[str, Case]:
        half, score = len(self.epoch) // 2, discriminator.probability_real
        real, generated = self.epoch[:half], self.epoch[half:]

        def rewards():
            return self.rollout.action_values(self.batch, score, self.settings.num_rollouts, SEED)

        return {
            "discriminator step": Case(
                lambda: steps.discriminator_epoch(real, generated, SEED), self.batches
            ),
            f"score {self.completions} sequences": Case(lambda: score(self.many)),
            "rewards of one batch": Case(rewards),
        }

    def literal(self) -> dict[str, Case]:
        """The naive implementation of `benchmarks/reference.py`, on part of the work if all takes too long."""
        import keras
        import tensorflow as tf

        from benchmarks import reference

        settings, policy = self.settings, self.generator
        adam = {name: keras.optimizers.Adam(1e-4) for name in ("mle", "pg", "d")}
        score = self.discriminator.probability_real
        one, mean = self.batch[:1], tf.fill(self.batch.shape, 1 / self.batch.shape.num_elements())
        labels = tf.cast(tf.range(settings.batch_size) % 2, tf.float32)

        def generator_step(name, rewards):
            reference.generator_step(policy, self.batch, rewards, adam[name], settings.clip_norm)

        return {
            f"sample {settings.batch_size} sequences": Case(
                lambda: reference.sample(policy, 1, reference.greedy),
                1 / settings.batch_size,
                repeats=3,
            ),
            "MLE step": Case(lambda: generator_step("mle", mean), repeats=3),
            "policy-gradient step": Case(lambda: generator_step("pg", self.rewards), repeats=3),
            "discriminator step": Case(
                lambda: reference.discriminator_step(
                    self.discriminator, self.batch, labels, adam["d"]
                ),
                repeats=3,
            ),
            "rewards of one batch": Case(
                lambda: reference.action_values(policy, one, score, 1, reference.greedy),
                1 / (settings.batch_size * settings.num_rollouts),
                repeats=1,
            ),
        }

    def keras(self) -> dict[str, Case]:
        """The implementation of `benchmarks/plain_keras.py`; roll-outs are ours, scored by `predict`."""
        from benchmarks import plain_keras

        settings, epoch = self.settings, self.epoch.numpy()
        generator = plain_keras.make_generator(settings)
        policy = plain_keras.make_generator(settings)
        discriminator = plain_keras.make_discriminator(settings)
        inputs, batch_inputs = (plain_keras.inputs_of(x) for x in (epoch, self.batch.numpy()))
        batch_size = settings.batch_size
        labels = np.arange(len(epoch), dtype=np.float32)[:, None] % 2

        def score(tokens):
            return plain_keras.score(discriminator, tokens)

        def fit(model, x, y, weights=None):
            model.fit(x, y, batch_size, sample_weight=weights, verbose=0)

        return {
            f"sample {batch_size} sequences": Case(
                lambda: plain_keras.sample(generator, batch_size, settings.max_length)
            ),
            "MLE step": Case(lambda: fit(generator, inputs, epoch), self.batches),
            "policy-gradient step": repeated(
                lambda: fit(policy, batch_inputs, self.batch.numpy(), self.rewards.numpy()),
                self.batches,
            ),
            "discriminator step": Case(lambda: fit(discriminator, epoch, labels), self.batches),
            f"score {self.completions} sequences": Case(lambda: score(self.many)),
            "rewards of one batch": Case(
                lambda: self.rollout.action_values(self.batch, score, settings.num_rollouts, SEED)
            ),
        }


def sizes(quick: bool) -> tuple[OracleSettings, int]:
    """Those of the paper's synthetic task, or tiny ones, and the batches of an epoch."""
    if not quick:
        return OracleSettings(), BATCHES
    tiny = OracleSettings(vocab_size=30, max_length=5, batch_size=4, num_rollouts=2)
    return tiny, QUICK_BATCHES


def measure_pytorch(repeats: int, quick: bool = False) -> list[dict[str, Any]]:
    """One record a stage, `{"stage", "ours", "pytorch"}`, milliseconds; torch has to be installed."""
    worker = pytorch_worker.Worker(quick)
    ours, theirs = Stages(*sizes(quick)).ours(), worker.cases()
    work = operations(sizes(quick)[0])
    records: list[dict[str, Any]] = []
    for stage, case in ours.items():
        pair = {"ours": case, "pytorch": theirs[stage]}
        long = work[stage] > _LONG
        if long:
            pair["pytorch"] = dataclasses.replace(theirs[stage], repeats=min(repeats, 2))
        timings = side_by_side(pair, repeats if long else 3 * repeats, 1 if quick else 2)
        records.append({"stage": stage} | {way: each.wall_ms for way, each in timings.items()})
    worker.close()
    return records


def measure_stages(repeats: int, quick: bool = False) -> list[dict[str, Any]]:
    """One record a stage: `{"stage", "ours", "bfloat16", "literal", "keras", ...}`, milliseconds."""
    stages = Stages(*sizes(quick))
    settings = stages.settings
    ways: dict[str, Callable[[], dict[str, Case]]] = {
        **{"ours": stages.ours, "bfloat16": stages.bfloat16},
        **{"literal": stages.literal, "keras": stages.keras},
    }
    cases = {way: make() for way, make in ways.items()}
    operations_of = operations(settings)
    records: list[dict[str, Any]] = []
    for stage in cases["ours"]:
        here = {way: of[stage] for way, of in cases.items() if stage in of}
        timings: dict[str, Timing] = side_by_side(here, repeats, 1 if quick else 2)
        record = {"stage": stage, "operations": operations_of[stage]}
        record |= {way: timing.wall_ms for way, timing in timings.items()}
        record["ours_cpu"] = timings["ours"].cpu_ms
        arguments = ("--stage", stage, *(["--quick"] if quick else []))
        record |= in_child("benchmarks.stages", *arguments)
        records.append(record | {"elsewhere": ELSEWHERE.get(stage, {})})
    name = "a round of the published schedule"
    rounds: dict[str, Any] = {"stage": name, "derived": True, "elsewhere": ELSEWHERE[name]}
    for way in cases:
        times = {record["stage"]: record[way] for record in records if way in record}
        if way == "bfloat16":  # what it leaves as it was
            times = {record["stage"]: record["ours"] for record in records} | times
        if (total := published_round(times, settings)) is not None:
            rounds[way] = total
    return [*records, rounds]


def main(arguments: list[str] | None = None) -> None:
    """One stage in a new process: prints its peak memory as JSON."""
    settings = read_flags(StageSettings, StageSettings(), arguments, prog="benchmarks.stages")
    from training.session import start

    start(0)
    from benchmarks.measure import wait_for
    from files.platform import peak_memory_mb

    stages = Stages(*sizes(settings.quick)).ours()
    if settings.stage not in stages:
        raise UsageError(f"--stage is {settings.stage!r}, expected one of {', '.join(stages)}.")
    for _ in range(3):
        wait_for(stages[settings.stage].call())
    print(json.dumps({"peak_memory_mb": round(peak_memory_mb(), 1)}))


if __name__ == "__main__":
    with one_line_errors():
        main()
