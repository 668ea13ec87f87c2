"""Mixtures of language models: probabilities of an export, and figures against hand-made sums."""

from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from experiments import ensembles as module
from files.errors import UsageError
from metrics.ngram import NgramModel
from tests.exports import export, generator

pytestmark = pytest.mark.slow


def test_token_probabilities_are_those_of_the_generator():
    tokens = generator("words").sample(9, (1, 2)).numpy()
    found = module.generator_log_probs(export("words"), tokens)
    counted = tokens != 0
    expected = generator("words").log_prob(tokens).numpy()
    np.testing.assert_allclose((found * counted).sum(axis=1), expected, rtol=1e-4)


def test_token_probabilities_are_those_at_the_temperature_of_the_export(monkeypatch, tmp_path):
    """A model whose logits are a table, a row for the token before; 0 is the start."""
    table = np.random.default_rng(1).normal(size=[5, 5]).astype(np.float32)
    inputs = {"token": tf.TensorSpec([None], tf.int32), "h": tf.TensorSpec([None, 2])}
    model = SimpleNamespace(
        signatures={"step": SimpleNamespace(structured_input_signature=((), inputs))},
        step=lambda token, h: (tf.gather(table, token), h),
    )
    monkeypatch.setattr("models.load.find_export", lambda run: run)
    monkeypatch.setattr("models.load.load_generator", lambda _: model)
    monkeypatch.setattr("models.load.read_vocabulary", lambda _: {"temperature": 2.5})
    monkeypatch.setattr(module, "_ROWS", 2)
    rows = np.array([[3, 4, 1], [2, 2, 1], [4, 1, 0]])
    chances = np.exp(table / 2.5) / np.exp(table / 2.5).sum(axis=1, keepdims=True)
    expected = [[chances[0, a], chances[a, b], chances[b, c]] for a, b, c in rows]
    found = module.generator_log_probs(tmp_path, rows)
    np.testing.assert_allclose(np.exp(found), expected, rtol=1e-5)


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


def test_each_seed_is_mixed_with_the_next_and_n_grams_are_weighed_on_the_validation_part(
    monkeypatch,
):
    """A literal reading, of three seeds: neither padding (0) nor unknown words (2) count."""
    corpus = SimpleNamespace(
        vocabulary=SimpleNamespace(size=7),  # four words, and the end
        train=np.array([[3, 4, 1, 0], [3, 5, 1, 0], [4, 4, 3, 1], [3, 6, 1, 0]]),
        validation=np.array([[3, 4, 1, 0], [5, 2, 3, 1], [3, 5, 1, 0]]),
        test=np.array([[4, 3, 1, 0], [3, 2, 2, 1], [5, 1, 0, 0], [6, 6, 6, 6]]),
    )
    random = np.random.default_rng(3)
    chances = {
        (seed, part): random.uniform(0.05, 0.7, getattr(corpus, part).shape)
        for seed in (4, 7, 9)
        for part in module.PARTS
    }

    def log_probs(run, tokens):
        (part,) = [part for part in module.PARTS if getattr(corpus, part) is tokens]
        return np.log(chances[run, part])

    monkeypatch.setattr(
        module, "load_settings", lambda path, _: SimpleNamespace(seed=path[0], corpus="a/coco")
    )
    monkeypatch.setattr("training.task_corpora.load_corpus", lambda _: corpus)
    monkeypatch.setattr(module, "generator_log_probs", log_probs)

    class Run(int):  # stands for a folder, whose number is its seed
        def __truediv__(self, name):
            return int(self), name

    runs = tuple(map(Run, (4, 7, 9)))
    found = module.measure(module.EnsembleSettings(runs=runs, order=2))
    assert (found["data"], found["order"]) == ("coco", 2)

    n_grams = NgramModel([[3, 4, 1], [3, 5, 1], [4, 4, 3, 1], [3, 6, 1]], 2, 5)

    def nll(part, *models):
        """Of a mixture: pairs of a weight and a seed, or "n-grams"."""
        nats = []
        for number, row in enumerate(getattr(corpus, part)):
            of_words = np.exp(n_grams.token_log_probs(row[row != 0]))
            for t, token in enumerate(row):
                if token not in (0, 2):
                    given = [
                        weight * (of_words if who == "n-grams" else chances[who, part][number])[t]
                        for weight, who in models
                    ]
                    nats.append(-np.log(sum(given)))
        return np.mean(nats)

    def best(part, seed):
        return min(
            module.WEIGHTS, key=lambda weight: nll(part, (1 - weight, seed), (weight, "n-grams"))
        )

    for seed, other in ((4, 7), (7, 9), (9, 4)):
        weight = best("validation", seed)
        assert found["seeds"][str(seed)]["ngram_weight"] == weight
        mixtures = {
            "generator": [(1, seed)],
            "n-grams": [(1, "n-grams")],
            "two generators": [(0.5, seed), (0.5, other)],
            "generator and n-grams": [(1 - weight, seed), (weight, "n-grams")],
            "two generators and n-grams": [
                *[((1 - weight) / 2, each) for each in (seed, other)],
                (weight, "n-grams"),
            ],
        }
        for name, mixture in mixtures.items():
            for part in module.PARTS:
                expected = pytest.approx(nll(part, *mixture))
                assert found["seeds"][str(seed)]["nll"][name][part] == expected
    assert any(best("validation", seed) != best("test", seed) for seed in (4, 7, 9))


def test_one_run_is_refused():
    with pytest.raises(UsageError, match="1 runs are given, expected two or more seeds"):
        module.main(["runs/one"])
