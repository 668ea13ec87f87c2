"""Baseline policies without adversarial training, to compare metrics of quality with.

Each has the `sample`, `log_prob` and `mask` of a generator, so that the same measure judges all.
"""

from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from models.checks import check_counts, check_temperature, check_tokens, numpy_random
from models.generator import Generator, Seed


class Policy(Protocol):
    """The methods of a policy that measures use; see `Generator`."""

    def sample(self, num: int, seed: Seed) -> Any: ...

    def log_prob(self, tokens: Any) -> Any: ...

    def mask(self, tokens: Any) -> Any: ...


class AtTemperature:
    """A generator at a sampling temperature, for both its samples and its log-probabilities.

    Args:
        generator: the policy.
        temperature: divides the logits; below 1 sharpens.
    """

    def __init__(self, generator: Generator, temperature: float):
        check_temperature(temperature)
        self.generator = generator
        self.temperature = temperature
        self.mask = generator.mask

    def sample(self, num: int, seed: Seed) -> tf.Tensor:
        return self.generator.sample(num, seed, self.temperature)

    def log_prob(self, tokens) -> tf.Tensor:
        return self.generator.log_prob(tokens, self.temperature)


def set_token_probabilities(generator: Generator, probabilities: np.ndarray) -> None:
    """Makes the generator draw each token alone, whatever came before.

    Args:
        generator: whose weights are set: all to 0 but the biases of the head.
        probabilities: float `[V]`, above 0 for every token that may be drawn.
    """
    probabilities = np.asarray(probabilities, np.float64)
    if probabilities.shape != (generator.vocab_size,):
        raise ValueError(
            f"`probabilities` have shape {probabilities.shape}, expected "
            f"{(generator.vocab_size,)}; give one number for each token."
        )
    if not (probabilities >= 0).all() or not 0 < probabilities.sum() < np.inf:
        raise ValueError(
            f"`probabilities` are {probabilities.min()} to {probabilities.max()}, expected numbers "
            "of at least 0, and one above; give shares or counts."
        )
    generator.set_weights([np.zeros(w.shape, np.float32) for w in generator.weights])
    generator.head.bias.assign(np.log(np.maximum(probabilities, 1e-30)))


def token_frequencies(generator: Generator, sequences: np.ndarray, prior: float) -> np.ndarray:
    """Unigram probabilities of the tokens that count in int `[M, T]`: float64 `[V]`.

    Args:
        generator: says which tokens count (`mask`) and are never written.
        sequences: int `[M, T]`.
        prior: added to the count of every token that may be written, so that none is impossible.
    """
    sequences = _ids(sequences, generator)
    counted = sequences[generator.mask(sequences).numpy() > 0]
    counts = np.bincount(counted, minlength=generator.vocab_size) + float(prior)
    counts[list(generator.blocked_tokens)] = 0
    return counts / counts.sum()


class Bigram:
    """A Markov chain of the training set's bigrams: each token is drawn given the last one only.

    Smoothed after Witten and Bell (1991): p(b | a) = (c(a, b) + d(a) p(b)) / (c(a) + d(a)), d(a) the
    number of different successors of a, p(b) the unigram probability. Not smoothed, it writes seen
    bigrams only, and a sequence with another one has log-probability minus infinity.

    Args:
        generator: gives start, end and padding, and the tokens that are never written.
        sequences: int `[M, T]`, to count in.
        smoothed: see above.
    """

    def __init__(self, generator: Generator, sequences: np.ndarray, smoothed: bool = False):
        self.generator = generator
        self.mask = generator.mask
        self.smoothed = smoothed
        sequences = _ids(sequences, generator)
        self.unigram = token_frequencies(generator, sequences, prior=1e-2)
        before, after, _ = self._pairs(sequences)
        places, counted = np.unique(before * generator.vocab_size + after, return_counts=True)
        self.pairs, self.counts = places, counted.astype(np.float64)
        # Pairs are sorted by their first token: those of one token stand side by side.
        firsts = np.searchsorted(places, np.arange(generator.vocab_size + 1) * generator.vocab_size)
        self.first = firsts
        self.running = np.concatenate([[0.0], np.cumsum(self.counts)])
        self.totals = np.diff(self.running[firsts])  # c(a), [V]
        self.kinds = np.diff(firsts).astype(np.float64)  # d(a), [V]

    def _pairs(self, sequences: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Tokens before, tokens after, and whether the pair counts, of all positions that count."""
        start = np.full([len(sequences), 1], self.generator.start_token)
        before = np.concatenate([start, sequences[:, :-1]], axis=1)
        counts = self.generator.mask(sequences).numpy() > 0
        return before[counts].astype(np.int64), sequences[counts].astype(np.int64), counts

    def sample(self, num: int, seed: Seed) -> tf.Tensor:
        check_counts(num=num)
        random = numpy_random(seed)
        token = np.full(num, self.generator.start_token, np.int64)
        ended = tf.fill([num], False)
        written = []
        for _ in range(self.generator.max_length):
            token = self._draw(token, random)
            shown, ended = self.generator.end(tf.constant(token, tf.int32), ended)
            written.append(shown)
        return tf.stack(written, axis=1)

    def _draw(self, before: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """The next token of each row, int64 `[M]`."""
        totals, kinds = self.totals[before], self.kinds[before]
        unigram = random.choice(self.generator.vocab_size, len(before), p=self.unigram)
        uniforms = random.random([2, len(before)])
        # A token that nothing was seen to follow (it ended every sequence) leaves the unigram.
        share = kinds / np.maximum(totals + kinds, 1) if self.smoothed else 0.0
        from_unigram = (uniforms[0] < share) | (totals == 0)
        target = self.running[self.first[before]] + uniforms[1] * totals
        places = np.searchsorted(self.running, target, side="right") - 1
        # Rounding must not reach the pairs of the next token.
        last = np.maximum(self.first[before + 1] - 1, 0)
        after = self.pairs[np.minimum(places, last)] % self.generator.vocab_size
        return np.where(from_unigram, unigram, after)

    def log_prob(self, tokens) -> np.ndarray:
        tokens = _ids(tokens, self.generator, "tokens")
        before, after, counts = self._pairs(tokens)
        wanted = before * self.generator.vocab_size + after
        places = np.minimum(np.searchsorted(self.pairs, wanted), len(self.pairs) - 1)
        seen = np.where(self.pairs[places] == wanted, self.counts[places], 0.0)
        totals, kinds = self.totals[before], self.kinds[before]
        if self.smoothed:
            seen, totals = seen + kinds * self.unigram[after], totals + kinds
        unseen = totals == 0
        probabilities = np.where(unseen, self.unigram[after], seen / np.where(unseen, 1, totals))
        with np.errstate(divide="ignore"):
            token_log_probs = np.zeros(tokens.shape)
            token_log_probs[counts] = np.log(probabilities)
        return token_log_probs.sum(axis=1)


class Copy:
    """Draws whole training sequences: without repeats, as long as there are enough.

    Args:
        generator: says which tokens count.
        sequences: int32 `[M, T]`.
    """

    def __init__(self, generator: Generator, sequences: np.ndarray):
        self.generator = generator
        self.mask = generator.mask
        self.sequences = tf.constant(_ids(sequences, generator))

    def sample(self, num: int, seed: Seed) -> tf.Tensor:
        check_counts(num=num)
        random = numpy_random(seed)
        return tf.gather(
            self.sequences,
            random.choice(len(self.sequences), num, replace=num > len(self.sequences)),
        )

    def log_prob(self, tokens) -> np.ndarray:
        kinds, counts = np.unique(self.sequences.numpy(), axis=0, return_counts=True)
        share = {row.tobytes(): count for row, count in zip(kinds, counts, strict=True)}
        found = [share.get(row.tobytes(), 0) for row in _ids(tokens, self.generator, "tokens")]
        with np.errstate(divide="ignore"):
            return np.log(np.array(found) / len(self.sequences))


def _ids(sequences: np.ndarray, generator: Generator, name: str = "sequences") -> np.ndarray:
    """Sequences of the generator's ids, int32 `[M, T]`, checked."""
    return check_tokens(sequences, generator.vocab_size, generator.max_length, name).numpy()
