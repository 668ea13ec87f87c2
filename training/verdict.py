"""What the discriminator knows about unseen sequences, measured along the training."""

import numpy as np

from metrics.verdict import verdict
from models.generator import Generator, Seed
from models.judge import Judge

# Columns of metrics.csv; docs/metrics.md explains each.
VALIDATION_LOSS = "discriminator_validation_loss"
FIGURES = (
    "discriminator_validation_accuracy", VALIDATION_LOSS, "discriminator_gain",
    "discriminator_gain_error", "discriminator_calibration_error",
)  # fmt: skip


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
            for fewer than two.
        num_samples: how many of them to use, at most all, and how many samples to draw.
        seed: int32 pair, decides the samples.
    """
    if validation is None or len(validation) < 2:
        return {}
    real = validation[:num_samples]
    samples = generator.sample(num_samples, seed)
    measured = verdict(
        discriminator.logits(real).numpy(),
        discriminator.logits(samples).numpy(),
        generator.mask(real).numpy().sum(axis=1),
    )
    return dict(zip(FIGURES, measured, strict=True))
