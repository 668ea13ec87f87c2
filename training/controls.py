"""The controls that need no training: how the measures judge chance, counting and copying."""

import numpy as np

from models.controls import Bigram, Copy, Policy, set_token_probabilities, token_frequencies
from models.generator import Generator
from training.run import Run
from training.task import Task


def measure_controls(generator: Generator, task: Task, run: Run) -> None:
    """Keeps the figures of each control; the generator becomes the one that `--random-tokens` names.

    A figure that is not finite is left out: NLL-test of a policy that cannot write a held-out sequence.
    """
    settings = run.settings
    run.attach(generator=generator)
    # One count in a hundred for what was never seen, so that NLL-test is finite.
    frequencies = token_frequencies(generator, task.train, prior=1e-2)
    probabilities = {"uniform": (frequencies > 0).astype(np.float64), "unigram": frequencies}
    controls: dict[str, dict[str, float]] = {}
    for _ in run.loop("controls", 1):

        def measure(name: str, policy: Policy) -> None:
            measured = task.measure(policy, settings.final_samples, run.seed("final"))
            figures = {k: float(v) for k, v in measured.figures.items() if np.isfinite(v)}
            controls[name] = figures
            if name == settings.random_tokens:
                run.keep(measured)

        for name, token_probabilities in probabilities.items():
            set_token_probabilities(generator, token_probabilities)
            measure(name, generator)
        measure("bigram", Bigram(generator, task.train))
        measure("bigram, smoothed", Bigram(generator, task.train, smoothed=True))
        measure("copy of the training set", Copy(generator, task.train))
        controls["real data"] = task.real()
        set_token_probabilities(generator, probabilities[settings.random_tokens])
        run.state.tables["controls"] = controls
