"""What the discriminator knows about unseen sequences, measured along the training and at its end."""

from collections.abc import Mapping

import numpy as np

from metrics.candidates import best_log_ratios, resampling_log_ratios
from metrics.verdict import Verdict, verdict
from models.generator import Generator, Seed
from models.guidance import GuidedPolicy
from models.judge import Judge
from models.prefix_judge import PrefixJudge

# Columns of metrics.csv; docs/metrics.md explains each.
VALIDATION_LOSS = "discriminator_validation_loss"
FIGURES = (
    "discriminator_validation_accuracy", VALIDATION_LOSS, "discriminator_gain",
    "discriminator_gain_error", "discriminator_calibration_error",
)  # fmt: skip
CANDIDATES = 16  # of the final evaluation
MIN_SEQUENCES = 2  # real ones that figures are measured on


def measure_verdict(
    generator: Generator,
    discriminator: Judge,
    validation: np.ndarray | None,
    num_samples: int,
    seed: Seed,
) -> dict[str, float]:
    """The figures of `metrics.verdict` by column; changes neither model.

    Args:
        generator: whose samples the discriminator judges.
        discriminator: trained against that generator.
        validation: int `[M, T]`, real sequences that neither was trained on; no figures for None, or
            for fewer than `MIN_SEQUENCES`. Those that the generator cannot write are left out.
        num_samples: how many of them to use, at most all, and how many samples to draw.
        seed: int32 pair, decides the samples.
    """
    real = None if validation is None else writable(generator, validation)[:num_samples]
    if real is None or len(real) < MIN_SEQUENCES:
        return {}
    samples = discriminator.logits(generator.sample(num_samples, seed)).numpy()
    measured = verdict(discriminator.logits(real).numpy(), samples, lengths(generator, real))
    return dict(zip(FIGURES, measured, strict=True))


def measure_final_verdict(
    generator: Generator,
    discriminator: Judge,
    parts: Mapping[str, np.ndarray | None],
    num_samples: int,
    seed: Seed,
) -> dict[str, float]:
    """What the discriminator knows at the end, and what choosing among candidates gains by it.

    For each part `discriminator_FIGURE_PART`, the figures of `metrics.verdict`; and the gains, in
    nats per token over the generator alone, of one in 16 candidates: `candidates_resampled_gain_PART`
    and `candidates_best_gain_PART`, see `metrics.candidates`; with a prefix discriminator that of
    guidance 1 too, `guided_gain_PART`, which no sample estimates (`models.guidance`).

    Args:
        generator: whose samples the discriminator judges.
        discriminator: trained against that generator.
        parts: real sequences int `[M, T]` by the name of their part; see `measure_verdict`.
        num_samples: how many samples estimate the normalizer.
        seed: int32 pair, decides the samples.
    """
    samples = discriminator.logits(generator.sample(num_samples, seed)).numpy()
    prefixes = isinstance(discriminator, PrefixJudge)
    policy = GuidedPolicy(generator, discriminator) if prefixes else None
    figures: dict[str, float] = {}
    for part, sequences in parts.items():
        real = None if sequences is None else writable(generator, sequences)
        if real is None or len(real) < MIN_SEQUENCES:
            continue
        logits, counts = discriminator.logits(real).numpy(), lengths(generator, real)
        measured = zip(Verdict._fields, verdict(logits, samples, counts), strict=True)
        figures |= {f"discriminator_{name}_{part}": value for name, value in measured}
        if policy:
            gain = np.float64(policy.log_prob(real) - generator.log_prob(real)).sum() / counts.sum()
            figures[f"guided_gain_{part}"] = float(gain)
        if num_samples >= CANDIDATES:
            resampled = resampling_log_ratios(logits, samples, CANDIDATES).sum() / counts.sum()
            best = best_log_ratios(logits, samples, CANDIDATES).sum() / counts.sum()
            figures[f"candidates_resampled_gain_{part}"] = float(resampled)
            figures[f"candidates_best_gain_{part}"] = float(best)
    return figures


def writable(generator: Generator, sequences: np.ndarray) -> np.ndarray:
    """The sequences of int `[M, T]` that the generator can write: those without unknown tokens."""
    sequences = np.asarray(sequences)  # the library takes lists and tensors too
    counted = generator.mask(sequences).numpy() > 0
    return sequences[(counted | (sequences == generator.pad_token)).all(axis=1)]


def lengths(generator: Generator, sequences: np.ndarray) -> np.ndarray:
    """How many tokens of each sequence count: int `[M, T]` -> float32 `[M]`."""
    return generator.mask(sequences).numpy().sum(axis=1)
