"""Mixtures of language models: probabilities of an export, and figures against hand-made sums."""

import numpy as np
import pytest

from experiments import ensembles as module
from files.errors import UsageError
from tests.exports import export, generator

pytestmark = pytest.mark.slow


def test_token_probabilities_are_those_of_the_generator():
    tokens = generator("words").sample(9, (1, 2)).numpy()
    found = module.generator_log_probs(export("words"), tokens)
    counted = tokens != 0
    expected = generator("words").log_prob(tokens).numpy()
    np.testing.assert_allclose((found * counted).sum(axis=1), expected, rtol=1e-4)


def test_a_mixture_is_of_probabilities():
    first, second = np.log([0.2, 0.5]), np.log([0.6, 0.1])
    np.testing.assert_allclose(np.exp(module.mixed(first, second, 0.25)), [0.3, 0.4])


def figures():
    """Of two seeds."""
    names = ("generator", "n-grams", "two generators")
    losses = {"1": (3.0, 4.0, 2.9), "2": (3.2, 4.0, 2.9)}
    return {
        **{"data": "coco", "order": 4},
        "seeds": {
            seed: {
                "ngram_weight": 0.3,
                "nll": {
                    name: {"validation": loss, "test": loss + 1}
                    for name, loss in zip(names, values, strict=True)
                },
            }
            for seed, values in losses.items()
        },
    }


def test_the_table_by_hand():
    table = module.ensemble_table(figures())
    by_name = {row[0]: row[1:] for row in table.rows}
    assert by_name["generator"] == ["3.1000 ± 0.1414", "–", "4.1000 ± 0.1414", "–"]
    assert by_name["two generators"][:2] == ["2.9000 ± 0.0000", "0.2000 ± 0.1414"]


def test_one_run_is_refused():
    with pytest.raises(UsageError, match="1 runs are given, expected two or more seeds"):
        module.main(["runs/one"])
