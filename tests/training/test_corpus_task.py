"""The figures that all tasks on real corpora share."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from metrics.bleu import BleuScorer
from metrics.diversity import self_bleu
from training.corpus_task import corpus_task
from training.presets import MUSIC_PRESETS

T = 4
KEYS = {"pad_token": 0, "blocked_tokens": (0,)}
WORDS = {"end_token": 1, "pad_token": 0, "blocked_tokens": (0, 2)}


def corpus(train, dtype=np.int32, unknown=0.0):
    train = np.array(train, dtype)
    provenance = {"sha256": "5a", "unknown_share": {"validation": 0.0, "test": unknown}}
    return SimpleNamespace(
        train=train, validation=train[:2], test=train[-2:], provenance=provenance
    )


class Policy:
    """Writes given sequences, and finds each token to have probability 1 / e."""

    def __init__(self, samples):
        self.samples = samples

    def sample(self, num, seed):
        return tf.constant(self.samples)

    def log_prob(self, tokens):
        return -self.mask(tokens).numpy().sum(axis=1)

    def mask(self, tokens):
        return tf.cast(tf.constant(tokens) > 0, tf.float32)


def measured(corpus, options, samples):
    task = corpus_task(corpus, {"size": 9}, MUSIC_PRESETS["smoke"], lambda *_: None, options)
    return task, task.measure(Policy(samples), len(samples), (1, 1)).figures


def test_the_lowest_keys_of_a_tune_are_keys_and_neither_end_nor_unknown():
    tunes = [[5, 1, 6, 7], [1, 2, 1, 2], [3, 4, 5, 6]]
    _, figures = measured(corpus(tunes), KEYS, np.array(tunes, np.int32))
    assert figures["bleu_2"] == pytest.approx(1) and figures["copied_share"] == 1
    _, figures = measured(corpus(tunes), KEYS, np.array([[5, 1, 8, 8], [1, 8, 8, 8]], np.int32))
    assert figures["copied_share"] == 0


def test_words_stop_at_their_end_and_unknown_ones_match_nothing():
    lines = [[5, 6, 1, 0], [3, 2, 4, 1], [3, 4, 5, 6]]
    _, figures = measured(corpus(lines), WORDS, np.array(lines, np.int32))
    assert figures["copied_share"] == pytest.approx(2 / 3)


def test_unknown_words_match_no_other_in_self_bleu():
    """Real data have some, and their self-BLEU is what that of samples is compared with."""
    lines = np.array([[3, 4, 5, 6], [3, 4, 5, 6], [3, 2, 2, 7], [8, 2, 2, 4]], np.int32)
    task, figures = measured(corpus(lines), WORDS, lines[2:])
    assert task.provenance["real"]["self_bleu_2"] == pytest.approx(0)  # of the same two lines
    assert figures["self_bleu_2"] == pytest.approx(0)
    known = np.where(lines == 2, 5, lines)
    _, figures = measured(corpus(lines), WORDS, known[2:])
    assert figures["self_bleu_2"] > 0.3


def test_each_figure_is_of_its_part_of_the_corpus():
    """BLEU against training and test part, nats per token of validation and test part, self-BLEU of some."""
    random = np.random.default_rng(1)
    parts = [random.integers(3, 7, [num, T]).astype(np.int32) for num in (9, 4, 5)]
    parts[1][:, 3], parts[2][:3, 2:] = 1, (1, 0)  # 16 tokens, and 17
    train, validation, test = parts
    provenance = {"sha256": "5a", "unknown_share": {"validation": 0.0, "test": 0.0}}
    given = SimpleNamespace(train=train, validation=validation, test=test, provenance=provenance)
    samples = random.integers(3, 7, [40, T]).astype(np.int32)
    samples[:4] = train[:4]
    settings = dataclasses.replace(MUSIC_PRESETS["smoke"], self_bleu_samples=10)
    task = corpus_task(given, {"size": 9}, settings, lambda *_: None, WORDS)

    class Uneven(Policy):
        def log_prob(self, tokens):
            return -(tokens == 1).sum(axis=1) - 0.25 * (tokens > 0).sum(axis=1)

    measurement = task.measure(Uneven(samples), 40, (1, 1))
    figures, variant = measurement.figures, settings.bleu_variant

    def words(sequences):
        return [row[: list(row).index(1)] if 1 in row else row for row in sequences.tolist()]

    def bleu(hypotheses, references):
        return BleuScorer(words(references), 5, variant).sentence_scores(words(hypotheses))

    for n in range(2, 6):
        assert figures[f"bleu_{n}"] == pytest.approx(bleu(samples, train)[:, n - 1].mean())
        assert figures[f"bleu_{n}_test"] == pytest.approx(bleu(samples, test)[:, n - 1].mean())
        assert figures[f"self_bleu_{n}"] == self_bleu(words(samples[:10]), 5, variant)[n - 1]
        np.testing.assert_allclose(measurement.scores[f"bleu_{n}"], bleu(samples, train)[:, n - 1])
        # Real data are judged like samples: no part by itself.
        real = task.real()
        assert real[f"bleu_{n}"] == pytest.approx(bleu(test, train)[:, n - 1].mean())
        assert real[f"bleu_{n}_test"] == pytest.approx(bleu(validation, test)[:, n - 1].mean())
        assert real[f"self_bleu_{n}"] == self_bleu(words(test), 5, variant)[n - 1]
    assert figures["nll_validation"] == pytest.approx((4 + 0.25 * 16) / 16)
    assert figures["nll_test"] == pytest.approx((3 + 0.25 * 17) / 17)
    np.testing.assert_allclose(measurement.scores["nll_test"], [1.75, 1.75, 1.75, 1, 1])
    copied = [any((row == each).all() for each in train) for row in samples]
    assert figures["copied_share"] == np.mean(copied) and 4 <= sum(copied) < 40
    few = task.measure(Uneven(samples[:2]), 2, (1, 1)).figures
    assert few["nll_test"] == pytest.approx(1.75 / 3)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32])
def test_unknown_words_of_small_types_are_no_known_words(dtype):
    """Large corpora are held in the smallest type that has their ids."""
    top = min(np.iinfo(dtype).max, 2**16)
    lines = np.array([[top, top, top, top], [2, 2, 2, 2], [2, 2, 2, 2]], dtype)
    _, figures = measured(corpus(lines, dtype), WORDS, lines[1:])
    assert figures["bleu_2"] == figures["copied_share"] == figures["self_bleu_2"] == 0


def test_likelihood_over_mostly_unknown_tokens_is_left_out_and_said_so():
    lines = [[5, 6, 1, 0], [3, 4, 4, 1], [3, 4, 5, 6]]
    task, figures = measured(corpus(lines), WORDS, np.array(lines, np.int32))
    assert figures["nll_test"] == pytest.approx(1) and not task.description
    task, figures = measured(corpus(lines, unknown=0.6), WORDS, np.array(lines, np.int32))
    assert "nll_test" not in figures and "nll_test" not in task.figures
    assert figures["nll_validation"] == pytest.approx(1)
    assert task.description == ("nll_test is left out: most of the test tokens are unknown",)


def test_the_digest_of_the_corpus_is_an_input_of_the_run():
    task, _ = measured(corpus([[3, 4, 5, 6]] * 3), KEYS, np.full([2, T], 3, np.int32))
    assert task.inputs == {"corpus": "5a"}
