"""Rewards of whole sequences besides the discriminator's: BLEU, controls, and checks of a user's function."""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from metrics.bleu import BleuScorer
from metrics.sequences import before_end
from models.checks import numpy_random
from models.generator import Seed
from training.seeds import counted_seed


class BleuReward:
    """BLEU-n of sequences against a share of the training set, the reward of PG-BLEU.

    Args:
        real: int32 `[M, T]`, training sequences.
        order: n.
        variant: of BLEU, see `metrics.bleu`.
        references: share of the training sequences that are its references, in (0, 1].
        seed: of the run; decides which.
        end_token: id that ends a sequence; None: all have T tokens.
    """

    def __init__(
        self,
        real: np.ndarray,
        order: int,
        variant: str,
        references: float,
        seed: int,
        end_token: int | None,
    ):
        self.order = order
        self.end_token = end_token
        num = max(1, round(references * len(real)))
        draw = numpy_random(counted_seed(seed, "BLEU references"))
        self.references = real[draw.permutation(len(real))[:num]]
        self.scorer = BleuScorer(self._sentences(self.references), order, variant)

    def __call__(self, tokens: Any) -> np.ndarray:
        """int `[M, T]` -> float32 `[M]`."""
        scores = self.scorer.sentence_scores(self._sentences(np.asarray(tokens)))
        return scores[:, self.order - 1].astype(np.float32)

    def _sentences(self, sequences: np.ndarray) -> list[list[int]]:
        ends = () if self.end_token is None else (self.end_token,)
        return [sentence.tolist() for sentence in before_end(sequences, ends)]


def log_ratio(logits: tf.Tensor, clip: float) -> tf.Tensor:
    """log D / (1 - D), between `-clip` and `clip`: logits of *real* `[M]` -> float32 `[M]`, nats.

    Its expectation under G is -KL(G || p) with the exact ratio, so that p is what maximizes it.
    """
    return tf.clip_by_value(logits, -clip, clip)


def density_ratio(logits: tf.Tensor, clip: float) -> tf.Tensor:
    """D / (1 - D), between `exp(-clip)` and `exp(clip)`: logits of *real* `[M]` -> float32 `[M]`.

    Weights of MaLE training (MaliGAN, Che et al., 2017, Section 3) before they are normalised.
    """
    return tf.exp(log_ratio(logits, clip))


def normalised(action_values: tf.Tensor) -> tf.Tensor:
    """Action values `[B, T]` above 0, divided by the mean reward of the batch's own sequences.

    That is the last column; so the rewards of the sequences have mean 1, as MaliGAN's B r / sum(r).
    """
    return action_values / tf.reduce_mean(action_values[:, -1])


def permuted(action_values: tf.Tensor, seed: Seed) -> tf.Tensor:
    """The rows of `[B, T]` in a random order, so that none carries information about its sequence."""
    return tf.gather(action_values, numpy_random(seed).permutation(len(action_values)))


def constant(tokens: tf.Tensor, value: float) -> tf.Tensor:
    """The same reward for each row of `[M, T]`: float32 `[M]`."""
    return tf.fill([len(tokens)], value)


def uniform(tokens: tf.Tensor, seed: Seed) -> tf.Tensor:
    """A pseudo-random number in [0, 1) for each row of int `[M, T]`: float32 `[M]`.

    A hash of the row and the seed, so that it depends neither on the other rows nor on their order.
    """
    random = numpy_random(seed)
    factors = random.integers(2**63, size=tokens.shape[1], dtype=np.uint64)
    hashed = np.sum(np.asarray(tokens).astype(np.uint64) * factors, axis=1)  # modulo 2^64
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):  # splitmix64
        hashed = (hashed ^ (hashed >> np.uint64(shift))) * np.uint64(factor)
    return tf.constant((hashed >> np.uint64(40)).astype(np.float32) / np.float32(2**24))


def checked_rewards(function: Callable[[np.ndarray], Any], tokens: Any) -> np.ndarray:
    """Rewards of a user's function for int32 `[M, T]`: float32 `[M]`.

    Raises:
        ValueError: it gave another shape, or numbers that are not finite.
    """
    ids = np.asarray(tokens)
    rewards = np.asarray(function(ids), np.float32)
    if rewards.shape != (len(ids),):
        raise ValueError(
            f"`reward` gave shape {rewards.shape} for {len(ids)} sequences, expected one number for each: "
            f"({len(ids)},)."
        )
    if not np.isfinite(rewards).all():
        raise ValueError("`reward` gave numbers that are not finite, expected finite rewards.")
    return rewards
