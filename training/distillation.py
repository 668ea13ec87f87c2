"""What keeps the roll-out policy near the generator: a copy of it, or a smaller policy distilled from it."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf

from models.checks import check_seed
from models.chunks import map_chunks
from models.generator import Generator, Seed
from models.graph_function import graph_function
from models.rollout import Rollout
from models.shares import WHOLE, Share
from training.batches import shuffled_batches
from training.distribution import ONE_DEVICE, Distribution
from training.journal import Journal
from training.losses import token_divergence
from training.numerics import checked
from training.optimizers import dense_gradients, make_optimizer
from training.settings import Settings

# The figures of `Distillation.update`; columns of metrics.csv where the policy is distilled.
FIGURES = ("rollout_divergence",)


class Copying:
    """`beta <- theta` of Algorithm 1: the roll-out policy is a copy of the generator.

    Args:
        rollout: whose policy is updated.
        generator: what is copied.
        rate: of the updates after the first, see `Rollout.update`.
    """

    def __init__(self, rollout: Rollout, generator: Generator, rate: float = 1.0):
        self.rollout = rollout
        self.generator = generator
        self.rate = rate
        self.objects: dict[str, Any] = {}

    def start(self, journal: Journal) -> None:
        """The first copy, after maximum likelihood."""
        for _ in journal.loop("target network", 1):
            self.rollout.update(self.generator)

    def update(self, seed: Seed) -> dict[str, float]:
        """The copy at the end of a round; there is nothing to draw."""
        self.rollout.update(self.generator, self.rate)
        return {}


class Distillation:
    """Trains a smaller roll-out policy to write what the generator writes; owns its optimizer and updates.

    The policy minimizes KL(G_theta, G_beta) of the next token, in expectation over the generator's own
    prefixes. The targets are the generator's distributions, not the tokens that it drew, so that a
    prefix teaches the probability of every token (Hinton et al., 2015, "Distilling the Knowledge in a
    Neural Network"). docs/rollout-policy.md says what that costs.

    Args:
        generator: the policy G_theta to follow.
        rollout: whose policy follows it, made with `policy`.
        num_samples: sequences that one `update` learns from, at least `batch_size`.
        pretrain_steps: updates before the first round.
        batch_size: B, sequences in a step.
        optimizer: a name of `training.optimizers.OPTIMIZERS`.
        learning_rate: of the roll-out policy.
        jit_compile: whether XLA compiles the step.
        check_numerics: whether to fail in the operation that makes the first NaN; slower, no XLA.
        distribution: what the steps run on.
    """

    def __init__(
        self,
        generator: Generator,
        rollout: Rollout,
        *,
        num_samples: int = 640,
        pretrain_steps: int = 100,
        batch_size: int = 64,
        optimizer: str = "adam",
        learning_rate: float = 0.01,
        jit_compile: bool = True,
        check_numerics: bool = False,
        distribution: Distribution = ONE_DEVICE,
    ):
        self.generator = generator
        self.policy = rollout.policy
        self.num_samples = num_samples
        self.pretrain_steps = pretrain_steps
        self.batch_size = batch_size
        self.distribution = distribution
        with distribution.scope():
            self.optimizer = make_optimizer(optimizer, self.policy, learning_rate, distribution)
        by_default = partial(graph_function, jit_compile=jit_compile)
        compiled: Callable[..., Any] = checked if check_numerics else by_default
        self._step = distribution.step(self._gradients, self._apply, compiled)

    @property
    def objects(self) -> dict[str, Any]:
        """By name, for the checkpoint; the policy is in that of the roll-outs."""
        return {"rollout_optimizer": self.optimizer}

    def start(self, journal: Journal) -> None:
        """The updates before the first round, with their figures in the journal."""
        for step in journal.loop("roll-out policy", self.pretrain_steps):
            figures = self.update(journal.seed("first roll-out policy", step))
            journal.log("roll-out policy", step + 1, figures, self.pretrain_steps)

    def update(self, seed: Seed) -> dict[str, float]:
        """One epoch on new sequences of the generator; the divergence on them before that.

        Args:
            seed: int32 pair; decides the sequences and the order of the batches.

        Returns:
            `rollout_divergence`: KL(G_theta, G_beta) of the next token, exact at each position, mean
            over the positions that count, in nats per token.
        """
        seed = check_seed(seed)
        tokens = self.distribution.by_rows(self.generator.sample, self.num_samples, seed)
        divergence = self.divergence(tokens)
        self._epoch(tokens, tf.random.experimental.stateless_fold_in(seed, 1))
        return dict(zip(FIGURES, (divergence,), strict=True))

    def divergence(self, tokens: tf.Tensor) -> float:
        """KL(G_theta, G_beta) after the prefixes of int32 `[M, T]`, nats per token that counts."""
        sums = self.distribution.by_rows(self._of_rows, tokens).numpy().astype(np.float64)
        return float(sums.sum() / max(1.0, self.generator.mask(tokens).numpy().sum()))

    def _of_rows(self, tokens, share: Share = WHOLE):
        return self._divergences(share.rows(tokens))

    @graph_function(reduce_retracing=True)
    def _divergences(self, tokens):
        """Divergence of whole sequences, nats: int32 `[M, T]` -> float32 `[M]`."""
        layout, length = self.generator.layout, self.generator.max_length

        def divergence(tokens):
            by_token = token_divergence(self.generator(tokens), self.policy(tokens))
            return tf.reduce_sum(by_token * self.generator.mask(tokens), axis=1)

        rows = max(1, layout.logit_rows(self.generator.vocab_size) // length)
        return map_chunks(divergence, tf.cast(tokens, layout.ids), rows)

    @tf.function(reduce_retracing=True)
    def _epoch(self, tokens, seed):
        ids = self.generator.layout.ids
        tokens = tf.cast(tokens, ids)
        order = shuffled_batches(tf.shape(tokens)[0], self.batch_size, seed, ids)
        for batch in tf.range(tf.shape(order)[0]):
            self._step(tf.gather(tokens, order[batch]))

    def _gradients(self, share, tokens):
        counted = self.generator.mask(tokens)
        weight = share.rows(counted) / tf.maximum(tf.reduce_sum(counted), 1.0)
        rows = share.rows(tokens)
        targets = self.generator(rows)
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(weight * token_divergence(targets, self.policy(rows)))
        return dense_gradients(tape, loss, self.policy), loss

    def _apply(self, gradients, loss):
        self.optimizer.apply(gradients, self.policy.trainable_variables)
        return loss


def small_rollout(generator: Generator, settings: Settings) -> Rollout | None:
    """Roll-outs by a new smaller policy; None where these settings have a copy of the generator.

    Call it in the scope of the distribution.
    """
    if settings.rollout_policy == "copy":
        return None
    dim = settings.rollout_hidden_dim
    changes = {"embedding_dim": dim, "hidden_dim": dim, "dropout": 0.0, "name": "small_policy"}
    changes |= {"cell": generator.cell.removesuffix("-attention")}
    config = Generator.get_config(generator)  # a subclass may have more
    return Rollout(generator, policy=Generator.from_config({**config, **changes}))


def make_distillation(
    generator: Generator,
    rollout: Rollout,
    settings: Settings,
    distribution: Distribution = ONE_DEVICE,
) -> Distillation | None:
    """The distillation of a run of these settings; None where the roll-out policy is a copy."""
    if settings.rollout_policy == "copy":
        return None
    return Distillation(
        generator,
        rollout,
        num_samples=settings.rollout_samples,
        pretrain_steps=settings.rollout_pretrain_steps,
        batch_size=settings.batch_size,
        optimizer=settings.optimizer,
        learning_rate=settings.rollout_learning_rate,
        jit_compile=settings.xla,
        check_numerics=settings.check_numerics,
        distribution=distribution,
    )
