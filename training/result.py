"""What `result.json` says of a finished run."""

import math
from typing import Any

from metrics.significance import PairedResult, WelchResult, paired, welch
from training.run_folder import RunFolder
from training.run_state import RunState
from training.settings import Settings
from training.stored_settings import changed_settings, settings_to_json

# Scores of the held-out sequences themselves, not of samples; at the best temperature too.
_SAME_SEQUENCES = ("nll_validation", "nll_test")


def make_result(
    task: str,
    settings: Settings,
    state: RunState,
    more: dict[str, Any],
    provenance: dict[str, Any],
) -> dict[str, Any]:
    """The content of `result.json`; docs/metrics.md explains its figures."""
    # Without XLA some sums are taken in another order: not bit for bit the run with it.
    checked = {"numerics_checked": True} if state.numerics_checked else {}
    of_gpu = {"peak_gpu_memory_mb": round(state.peak_gpu_memory_mb, 1)}
    of_gpu = of_gpu if state.peak_gpu_memory_mb else {}
    return {
        "task": task,
        "algorithm": settings.algorithm,
        "preset": settings.preset,
        "seed": settings.seed,
        "metrics": {**state.results, **state.last_round()},
        **more,
        "changed": changed_settings(settings),
        "seconds": {name: round(seconds, 2) for name, seconds in state.seconds.items()},
        "peak_memory_mb": round(state.peak_memory_mb, 1),
        **of_gpu,
        "settings": settings_to_json(settings),
        **checked,
        **provenance,
        "complete": True,
    }


def start_of(name: str, at_temperature: bool) -> str:
    """The name of the same figure, or score, of the generator that the rounds began with.

    Args:
        name: of the final generator's.
        at_temperature: whether they began at its best temperature (`--start-at-temperature`).
    """
    tuned = at_temperature and name != "temperature" and not name.endswith("_tuned")
    return f"{name}_tuned_mle" if tuned else f"{name}_mle"


def significance(folder: RunFolder, at_temperature: bool = False) -> dict[str, Any]:
    """Tests between the final generator and its MLE start over single sequences.

    Welch's t-test of each score; of the NLL, for which both score the same held-out sequences, a paired
    t-test too. `at_temperature`: see `start_of`.
    """
    names = folder.score_names()
    both = [name for name in names if start_of(name, at_temperature) in names]
    if not both:
        return {}
    note = "over the sequences of one run: ignores the variance between trainings"
    tests: dict[str, Any] = {"note": note}
    for name in both:
        scores = folder.scores(name), folder.scores(start_of(name, at_temperature))
        made: dict[str, PairedResult | WelchResult] = {"welch": welch(*scores)}
        if name.removesuffix("_tuned") in _SAME_SEQUENCES:
            made["paired"] = paired(*scores)
        for kind, test in made.items():
            if math.isfinite(test.statistic):  # not where all scores are equal, as on a tiny corpus
                tests[f"{kind}_{name}"] = {"statistic": test.statistic, "p_value": test.p_value}
    return tests


def summary(results: dict[str, float], at_temperature: bool = False) -> str:
    """The final figures, next to those of the MLE start where there is one.

    `at_temperature`: see `start_of`.
    """
    pairs = {name: start_of(name, at_temperature) for name in results}
    starts = {name: results[start] for name, start in pairs.items() if start in results}
    shown = starts or [name for name in results if not name.endswith("_tuned")]
    lines = []
    for name in shown:
        line = f"{name} {results[name]:.4f}"
        if name in starts:
            tuned = " at its best temperature" if pairs[name] != f"{name}_mle" else ""
            line += f" (MLE start{tuned} {starts[name]:.4f})"
        elif f"{name}_tuned" in results:
            line += f" (at the best temperature {results[name + '_tuned']:.4f})"
        lines.append(line)
    return "\n".join(lines)


def early_stop(state: RunState, epochs: int) -> str | None:
    """Which of the epochs of maximum likelihood were needed, where it stopped early."""
    rows = [row for row in state.rows("mle") if "nll_validation" in row]
    if not rows or len(rows) == epochs:
        return None
    best = min(rows, key=lambda row: row["nll_validation"])
    return (
        f"maximum likelihood stopped early, after {len(rows)} of {epochs} epochs; the generator has the "
        f"weights of epoch {best['step']}, NLL-validation {best['nll_validation']:.3f}"
    )
