"""The NLL on held-out data, and the sampling temperature under which they are likeliest."""

import numpy as np
from scipy.optimize import minimize_scalar

from files.errors import UsageError
from metrics.nll import sequence_nll
from models.generator import Generator
from training.options import flag
from training.settings import Settings

BOUNDS = (0.5, 2.0)
TOLERANCE = 0.005


def validation_nll(generator: Generator, validation: np.ndarray, temperature: float = 1.0) -> float:
    """Nats per token of int `[M, T]` at a temperature; tokens that the policy cannot write do not count."""

    def log_prob(tokens):
        return generator.log_prob(tokens, temperature)

    counted = float(generator.mask(validation).numpy().sum())
    return float(sequence_nll(log_prob, validation).sum() / counted)


def check_validation(
    generator: Generator, validation: np.ndarray | None, settings: Settings
) -> None:
    """Raises `UsageError` where the validation NLL decides and no token of int `[M, T]` counts."""
    trained = settings.algorithm != "random"
    decide = {
        "mle_patience": settings.mle_patience is not None and settings.mle_epochs > 0,
        "tune_temperature": settings.tune_temperature,
    }
    names = [flag(name) for name, used in decide.items() if trained and used]
    if validation is None or not names or generator.mask(validation).numpy().any():
        return
    raise UsageError(
        f"{' and '.join(names)} {'needs' if len(names) == 1 else 'need'} the NLL on validation data, "
        "expected tokens that occur in the training sequences, and the "
        f"{len(validation)} validation sequences have none. Give more text, a lower --min-count or "
        "--level char, or switch off: --mle-patience None --no-tune-temperature."
    )


def check_has_validation(validation: np.ndarray | None, settings: Settings) -> None:
    """Raises `UsageError` where validation data decide and the task has none."""
    decide = {
        "mle_patience": settings.mle_patience is not None,
        "d_patience": settings.d_patience is not None,
        "tune_temperature": settings.tune_temperature,
    }
    names = [flag(name) for name, used in decide.items() if used]
    if validation is None and names and settings.algorithm != "random":
        raise UsageError(
            f"{' and '.join(names)} decide{'s' * (len(names) == 1)} by validation data, and this task has none. "
            "Give its Task `validation`, or switch off: --mle-patience None --d-patience None "
            "--no-tune-temperature."
        )


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
