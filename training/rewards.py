"""What the policy is rewarded by: the discriminator, BLEU (PG-BLEU), or a control."""

import numpy as np
import tensorflow as tf

from metrics.bleu import BleuScorer
from models.discriminator import Discriminator
from models.generator import Generator, Seed
from models.rollout import RewardFunction
from training.seeds import counted_seed
from training.settings import Settings

CONSTANT = 0.5


class Rewards:
    """The reward of whole sequences that the settings name; Algorithm 1 is the same for all.

    Args:
        settings: `algorithm`, `reward` and the flags of the BLEU reward.
        generator: says where a sequence ends.
        discriminator: rewards by its probability of *real*.
        real: int32 `[M, T]`, training sequences: references of BLEU.
    """

    def __init__(
        self,
        settings: Settings,
        generator: Generator,
        discriminator: Discriminator,
        real: tf.Tensor,
    ):
        self.kind = "bleu" if settings.algorithm == "pg-bleu" else settings.reward
        # Completions that all score alike need no more than one.
        self.num_rollouts = 1 if self.kind == "constant" else settings.num_rollouts
        self.discriminator = discriminator
        if self.kind == "bleu":
            self.bleu = BleuReward(settings, generator, real.numpy())

    @property
    def from_discriminator(self) -> bool:
        """Whether a discriminator is needed, and so trained."""
        return self.kind == "discriminator"

    def function(self, seed: Seed) -> RewardFunction:
        """Maps int32 `[M, T]` to rewards `[M]`, each in [0, 1]; `seed` matters to `uniform` alone."""
        functions: dict[str, RewardFunction] = {
            "discriminator": self.discriminator.probability_real,
            "constant": lambda tokens: tf.fill([len(tokens)], CONSTANT),
            "uniform": lambda tokens: uniform_of(tokens, seed),
        }
        return self.bleu if self.kind == "bleu" else functions[self.kind]


class BleuReward:
    """BLEU-n of sequences against a share of the training set, the reward of PG-BLEU.

    Args:
        settings: order n, variant, share of the references, and the seed that draws them.
        generator: says where a sequence ends.
        real: int32 `[M, T]`, training sequences.
    """

    def __init__(self, settings: Settings, generator: Generator, real: np.ndarray):
        self.generator = generator
        self.order = settings.bleu_reward_order
        num = max(1, round(settings.bleu_reward_references * len(real)))
        seed = counted_seed(settings.seed, "BLEU references").view(np.uint32)
        self.references = real[np.random.default_rng(seed).permutation(len(real))[:num]]
        self.scorer = BleuScorer(
            self._rows(self.references), self.order, settings.bleu_reward_variant
        )

    def __call__(self, tokens: tf.Tensor) -> np.ndarray:
        """int `[M, T]` -> float32 `[M]`."""
        scores = self.scorer.sentence_scores(self._rows(np.asarray(tokens)))
        return scores[:, self.order - 1].astype(np.float32)

    def _rows(self, sequences: np.ndarray) -> list[list[int]]:
        if self.generator.end_token is None:
            return sequences.tolist()
        return [
            row[:length]
            for row, length in zip(
                sequences.tolist(), lengths(sequences, self.generator.end_token), strict=True
            )
        ]


def lengths(sequences: np.ndarray, end_token: int) -> np.ndarray:
    """Tokens of each row of int `[M, T]` before its end token, or T: int `[M]`."""
    ends = sequences == end_token
    return np.where(ends.any(axis=1), ends.argmax(axis=1), sequences.shape[1])


def uniform_of(tokens: tf.Tensor, seed: Seed) -> tf.Tensor:
    """A number in [0, 1) for each row of int `[M, T]`, as good as drawn: float32 `[M]`.

    A hash of the row and the seed, so that it depends neither on the other rows nor on their order.
    """
    random = np.random.default_rng(np.asarray(seed, np.int32).view(np.uint32))
    factors = random.integers(2**63, size=tokens.shape[1], dtype=np.uint64)
    hashed = np.sum(np.asarray(tokens).astype(np.uint64) * factors, axis=1)  # modulo 2^64
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):  # splitmix64
        hashed = (hashed ^ (hashed >> np.uint64(shift))) * np.uint64(factor)
    return tf.constant((hashed >> np.uint64(40)).astype(np.float32) / np.float32(2**24))
