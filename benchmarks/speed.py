"""Times of the stages of training, side by side in one run on one machine.

    python -m benchmarks.speed [--json FILE]

Batch 64, T = 20, V = 5000, E = H = 32, the paper's discriminator, N = 16: the paper's synthetic task.
"""

import dataclasses
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from training.config import OracleSettings, read_flags
from training.errors import one_line_errors


@dataclasses.dataclass(frozen=True)
class SpeedSettings:
    """Times each stage: the median over repeats, after a warm-up."""

    json: Path | None = None
    """File for the figures."""
    repeats: int = 7
    """Measurements of each stage."""


def median_ms(function: Callable[[], Any], repeats: int) -> float:
    """Median time of a call, milliseconds; the two calls before are not counted."""
    times = []
    for repeat in range(-2, repeats):
        start = time.perf_counter()
        for value in _leaves(function()):
            value.numpy()
        if repeat >= 0:
            times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


def _leaves(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else [value]


def measure(repeats: int) -> dict[str, float]:
    """Milliseconds of each stage."""
    import tensorflow as tf

    from benchmarks.reference import action_values, greedy
    from models.discriminator import Discriminator
    from models.generator import Generator
    from models.rollout import Rollout
    from training.seeds import counted_seed
    from training.steps import Steps

    settings = OracleSettings()
    generator = Generator(settings.vocab_size, settings.max_length)
    discriminator = Discriminator(settings.vocab_size, settings.max_length)
    steps = Steps(generator, discriminator, settings)
    rollout = Rollout(generator)
    seed = counted_seed(0, "speed")
    batch = generator.sample(settings.batch_size, seed)
    data = generator.sample(20 * settings.batch_size, seed)
    few = batch[:1]
    rewards = tf.ones(batch.shape)
    score = discriminator.probability_real
    literal_rows = few.shape[0] * (settings.max_length - 1)
    all_rows = settings.batch_size * (settings.max_length - 1) * settings.num_rollouts

    def literal():
        return tf.constant(action_values(rollout.policy, few.numpy(), score, 1, greedy))

    return {
        "sample 64 sequences": median_ms(lambda: generator.sample(64, seed), repeats),
        "sample 10,000 sequences": median_ms(lambda: generator.sample(10_000, seed), repeats),
        "MLE step": median_ms(lambda: steps.mle_epoch(data, seed), repeats) / 20,
        "policy-gradient step": median_ms(
            lambda: steps.policy_gradient(batch, rewards, 1e-3), repeats
        ),
        "discriminator step": median_ms(
            lambda: steps.discriminator_epoch(data[:640], data[640:], seed), repeats
        )
        / 20,
        "rewards of one batch": median_ms(
            lambda: rollout.action_values(batch, score, settings.num_rollouts, seed), repeats
        ),
        "rewards of one batch, read literally (from one sequence, N = 1)": median_ms(literal, 1)
        * all_rows
        / literal_rows,
    }


def main(arguments: list[str] | None = None) -> None:
    settings = read_flags(SpeedSettings, SpeedSettings(), arguments, prog="benchmarks.speed")
    from training.session import start

    start(0)
    from rich.console import Console
    from rich.table import Table

    from training.run import peak_memory_mb, provenance

    times = measure(max(1, settings.repeats))
    table = Table("stage", "ms", title="median of repeats, after warm-up")
    for stage, milliseconds in times.items():
        table.add_row(stage, f"{milliseconds:,.1f}")
    Console().print(table)
    if settings.json is not None:
        figures = {"milliseconds": times, "peak_memory_mb": peak_memory_mb(), **provenance()}
        settings.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    with one_line_errors():
        main()
