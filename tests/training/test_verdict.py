"""What the discriminator is measured on: which sequences, which samples, and nats per which tokens."""

from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from metrics.candidates import best_log_ratios, resampling_log_ratios
from metrics.verdict import Verdict, verdict
from models.small_prefix_discriminator import SmallPrefixDiscriminator
from tests.helpers import Recorder, row_reward
from training import verdict as module
from training.verdict import CANDIDATES, FIGURES, measure_final_verdict, measure_verdict

V, T = 9, 4
PAD, END, UNKNOWN = 0, 1, 2
# Of 4, 1, 2, 4 and 3 tokens; the second and the fourth have unknown ones.
REAL = np.array(
    [
        [3, 4, 5, 1],
        [1, 0, 0, 0],
        [4, 2, 1, 0],
        [6, 1, 0, 0],
        [7, 2, 8, 1],
        [8, 7, 6, 5],
        [5, 6, 1, 0],
    ],
    np.int32,
)
WRITABLE, COUNTS = REAL[[0, 1, 3, 5, 6]], np.array([4, 1, 2, 4, 3])
SEED = (5, 6)


class Policy:
    """Writes random words; `log_prob` is a known function of the row."""

    pad_token = PAD

    def __init__(self):
        self.asked = []

    def sample(self, num, seed):
        self.asked.append((num, seed))
        return tf.constant(samples(num))

    def mask(self, tokens):
        tokens = tf.convert_to_tensor(tokens)
        return tf.cast((tokens != PAD) & (tokens != UNKNOWN), tf.float32)

    def log_prob(self, tokens):
        return -3 * row_reward(tokens)


def samples(num):
    return np.random.default_rng(num).integers(3, V, [num, T]).astype(np.int32)


def logits_of(tokens):
    return 4 * row_reward(tokens) - 1


def judge():
    return SimpleNamespace(logits=Recorder(logits_of))


def test_only_sequences_that_the_generator_can_write_are_judged():
    policy, discriminator = Policy(), judge()
    found = measure_verdict(policy, discriminator, REAL, 50, SEED)
    drawn, real = discriminator.logits.calls
    np.testing.assert_array_equal(real, WRITABLE)
    np.testing.assert_array_equal(drawn, samples(50))
    assert policy.asked == [(50, SEED)]
    expected = verdict(logits_of(WRITABLE), logits_of(samples(50)), COUNTS)
    assert found == dict(zip(FIGURES, expected, strict=True))


@pytest.mark.parametrize("kind", [np.ndarray.tolist, tf.constant, np.int64])
def test_sequences_may_be_a_list_or_a_tensor(kind):
    expected = measure_verdict(Policy(), judge(), REAL, 50, SEED)
    assert measure_verdict(Policy(), judge(), kind(REAL), 50, SEED) == expected


def test_no_more_real_sequences_than_samples_are_judged():
    discriminator = judge()
    found = measure_verdict(Policy(), discriminator, REAL, 3, SEED)
    np.testing.assert_array_equal(discriminator.logits.calls[1], WRITABLE[:3])
    expected = verdict(logits_of(WRITABLE[:3]), logits_of(samples(3)), COUNTS[:3])
    assert found == dict(zip(FIGURES, expected, strict=True))


@pytest.mark.parametrize("validation", [None, REAL[:0], REAL[:1], REAL[1:3]])
def test_fewer_than_two_sequences_give_no_figures(validation):
    assert measure_verdict(Policy(), judge(), validation, 50, SEED) == {}
    parts = {"validation": validation, "test": REAL}
    final = measure_final_verdict(Policy(), judge(), parts, 50, SEED)
    assert final and all(name.endswith("_test") for name in final)


def test_the_final_figures_of_each_part_are_of_all_its_sequences_and_per_token():
    policy, discriminator = Policy(), judge()
    parts = {"validation": REAL[:4], "test": REAL}
    found = measure_final_verdict(policy, discriminator, parts, 50, SEED)
    assert policy.asked == [(50, SEED)]  # the same samples for both
    of_samples = logits_of(samples(50)).numpy()
    for part, num in (("validation", 3), ("test", 5)):
        logits, counts = logits_of(WRITABLE[:num]).numpy(), COUNTS[:num]
        expected = verdict(logits, of_samples, counts)
        for name, value in zip(Verdict._fields, expected, strict=True):
            assert found.pop(f"discriminator_{name}_{part}") == value
        for name, gains in (("resampled", resampling_log_ratios), ("best", best_log_ratios)):
            gain = gains(logits, of_samples, CANDIDATES).sum() / counts.sum()
            assert found.pop(f"candidates_{name}_gain_{part}") == pytest.approx(gain)
    assert not found


def test_too_few_samples_for_the_candidates_leave_their_gains_out():
    for num, expected in ((CANDIDATES - 1, False), (CANDIDATES, True)):
        found = measure_final_verdict(Policy(), judge(), {"test": REAL}, num, SEED)
        assert ("candidates_best_gain_test" in found) == expected


def test_the_gain_of_guidance_is_what_it_adds_to_the_generators_likelihood(monkeypatch):
    """In nats per token, above 0 where the guided policy finds the real sequences likelier."""
    discriminator, policy = SmallPrefixDiscriminator(V, T, embedding_dim=2), Policy()
    given = []

    def guided(*models):
        given.append(models)
        return SimpleNamespace(log_prob=lambda tokens: -row_reward(tokens))

    monkeypatch.setattr(module, "GuidedPolicy", guided)
    monkeypatch.setattr(discriminator, "logits", logits_of)
    found = measure_final_verdict(policy, discriminator, {"test": REAL}, 8, SEED)
    assert given == [(policy, discriminator)]
    gain = 2 * row_reward(WRITABLE).numpy().sum() / COUNTS.sum()
    assert found["guided_gain_test"] == pytest.approx(gain, rel=1e-5) and gain > 0.1
