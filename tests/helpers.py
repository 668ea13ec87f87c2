"""Fakes, small models and enumerations that the tests share."""

import itertools
import os
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from files.errors import DataError
from models import device
from models.generator import Generator
from tests.pool import Pool

REPOSITORY = Path(__file__).resolve().parents[1]


def data_file(*names: str) -> Path:
    """A file of the data folder, under any of its names; the test is skipped where it is missing.

    The folder is `$SEQGAN_DATA`, or `shared/data` beside the repository.
    """
    folder = Path(os.environ.get("SEQGAN_DATA") or REPOSITORY.parent / "shared" / "data")
    for name in names:
        if (folder / name).is_file():
            return folder / name
    pytest.skip(f"there is no {' or '.join(names)} in {folder}: set SEQGAN_DATA to its folder")


def set_random_weights(model, seed: int = 0, scale: float = 1.0):
    """The model, all of its weights drawn anew from N(0, scale)."""
    random = np.random.default_rng(seed)
    model.set_weights([random.normal(0, scale, w.shape).astype(np.float32) for w in model.weights])
    return model


# By the arguments, and by what is compiled into the functions besides.
GENERATORS = Pool(
    lambda layout, *arguments, **named: Generator(
        *arguments, embedding_dim=4, hidden_dim=5, **named
    )
)


def tiny_generator(vocab_size=3, max_length=3, cell="lstm", seed=0, scale=1.0, **kwargs):
    """A generator of 4 and 5 dimensions with weights from N(0, scale).

    Its functions may be compiled already, for it may have served another test.
    """
    generator = GENERATORS.take(device.layout(), vocab_size, max_length, cell=cell, **kwargs)
    return set_random_weights(generator, seed, scale)


def greedy_generator(vocab_size, max_length, cell="lstm", seed=0, **kwargs):
    """A generator whose draw is its likeliest token, whatever the uniform.

    Its logits are so far apart that every other token's probability is 0 in float32. Tokens speak
    loudly and the head has no bias, so that what it writes depends on what it has read.
    """
    generator = tiny_generator(vocab_size, max_length, cell, seed, **kwargs)
    generator.embedding.embeddings.assign(3 * generator.embedding.embeddings)
    generator.head.kernel.assign(1e7 * generator.head.kernel)
    generator.head.bias.assign(tf.zeros_like(generator.head.bias))
    return generator


def constant_generator(token, vocab_size, max_length):
    """A generator that writes one token only."""
    generator = tiny_generator(vocab_size, max_length)
    generator.head.kernel.assign(tf.zeros_like(generator.head.kernel))
    generator.head.bias.assign(1e4 * tf.one_hot(token, vocab_size))
    return generator


def all_sequences(vocab_size: int, max_length: int) -> np.ndarray:
    """Every sequence there is, in order: int32 `[V ** T, T]`."""
    every = itertools.product(range(vocab_size), repeat=max_length)
    return np.array(list(every), np.int32)


def exact_probabilities(generator, tokens: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """p(Y) of each sequence, float64 `[M]`, each step's logits divided by the temperature."""
    logits = generator(tf.constant(tokens)).numpy().astype(np.float64) / temperature
    steps = np.exp(logits - logits.max(axis=-1, keepdims=True))
    steps /= steps.sum(axis=-1, keepdims=True)
    return np.take_along_axis(steps, tokens[..., None], axis=-1)[..., 0].prod(axis=1)


def check_frequencies(counts: np.ndarray, probabilities: np.ndarray) -> None:
    """Chi-square: outcomes are as frequent as they are probable, and none that is impossible occurs.

    Args:
        counts: how often each outcome occurred, int `[K]`; rare ones are taken together.
        probabilities: of the outcomes, up to a factor, float `[K]`.
    """
    expected = probabilities.astype(np.float64)
    expected *= counts.sum() / expected.sum()
    assert counts[expected == 0].sum() == 0
    often = expected > 5
    observed = np.append(counts[often], counts[~often].sum())
    expected = np.append(expected[often], expected[~often].sum())
    observed, expected = observed[expected > 0], expected[expected > 0]
    assert len(observed) == 1 or stats.chisquare(observed, expected).pvalue > 1e-3


def exact_action_values(probabilities, rewards, every: np.ndarray, tokens: np.ndarray):
    """Q(Y_{1:t-1}, y_t) and the variance of R given Y_{1:t}: each float64 `[B, T]`.

    Args:
        probabilities: of every sequence, `[V ** T]`.
        rewards: of every sequence, `[V ** T]`.
        every: `all_sequences`.
        tokens: int `[B, T]`, the sequences to value.
    """
    values = np.zeros(tokens.shape)
    variances = np.zeros(tokens.shape)
    for b, t in np.ndindex(tokens.shape):
        same = np.all(every[:, : t + 1] == tokens[b, : t + 1], axis=1)
        given = probabilities * same / np.sum(probabilities * same)
        values[b, t] = np.sum(given * rewards)
        variances[b, t] = np.sum(given * (rewards - values[b, t]) ** 2)
    return values, variances


def code_of(tokens, vocab_size: int) -> np.ndarray:
    """Place of each sequence in `all_sequences`: int `[M]`."""
    tokens = np.asarray(tokens)
    return tokens @ vocab_size ** np.arange(tokens.shape[1])[::-1]


def row_reward(tokens: tf.Tensor) -> tf.Tensor:
    """A known function of the whole row that no two of a few thousand rows share by chance."""
    places = tf.constant([7 * k**3 + 31 * k + 1 for k in range(1, tokens.shape[1] + 1)])
    return tf.cast((tf.reduce_sum(tokens * places, axis=1)) % 4093, tf.float32) / 4096


class Recorder:
    """A reward function that keeps the rows that it is given."""

    def __init__(self, reward_fn=row_reward):
        self.reward_fn = reward_fn
        self.calls: list[tf.Tensor] = []

    def __call__(self, tokens):
        self.calls.append(tokens)
        return self.reward_fn(tokens)


def check_gradients(model, tokens) -> None:
    """One gradient step: no weight without a gradient, none with a zero one, and all of them move."""
    weights = model.trainable_variables
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(model(tokens) ** 2) + sum(model.losses)
    gradients = tape.gradient(loss, weights)
    missing = [w.path for w, g in zip(weights, gradients, strict=True) if g is None]
    assert not missing
    gradients = [tf.convert_to_tensor(g) for g in gradients]
    for weight, gradient in zip(weights, gradients, strict=True):
        assert np.all(np.isfinite(gradient)), weight.path
        assert np.any(gradient != 0), weight.path
    before = [weight.numpy() for weight in weights]
    keras.optimizers.SGD(1.0).apply(gradients, weights)
    after = [weight.numpy() for weight in weights]
    assert not any(np.array_equal(old, new) for old, new in zip(before, after, strict=True))


def failure(call, *arguments, **options) -> str:
    """The message of the `DataError` that a call raises, which is one line."""
    with pytest.raises(DataError) as caught:
        call(*arguments, **options)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    return message
