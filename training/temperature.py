"""The sampling temperature under which held-out data are likeliest."""

import numpy as np
from scipy.optimize import minimize_scalar

from metrics.nll import sequence_nll
from models.generator import Generator

BOUNDS = (0.5, 2.0)
TOLERANCE = 0.005


def validation_nll(generator: Generator, validation: np.ndarray, temperature: float = 1.0) -> float:
    """Nats per token of int `[M, T]` at a temperature; tokens that the policy cannot write do not count."""

    def log_prob(tokens):
        return generator.log_prob(tokens, temperature)

    counted = float(generator.mask(validation).numpy().sum())
    return float(sequence_nll(log_prob, validation).sum() / counted)


def apply_temperature(generator: Generator, temperature: float) -> None:
    """Divides the logits by a temperature, in the weights: `sample` at 1 then draws as at it before."""
    for weight in generator.head.weights:
        weight.assign(weight / temperature)


def best_temperature(generator: Generator, validation: np.ndarray) -> float:
    """The temperature with the lowest NLL on int `[M, T]`, by a bounded search within `BOUNDS`.

    A generator that is too sure of itself has one above 1, and samples better with it.
    """
    found = minimize_scalar(
        lambda temperature: validation_nll(generator, validation, float(temperature)),
        bounds=BOUNDS,
        method="bounded",
        options={"xatol": TOLERANCE},
    )
    return round(float(found.x), 3)
