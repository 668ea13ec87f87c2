"""The compiled updates and the optimizers that they own."""

from functools import partial

import keras
import numpy as np
import tensorflow as tf

from models.checks import check_arrays, check_seed, check_tokens
from models.generator import Generator
from models.graph_function import graph_function
from models.judge import Judge
from models.weighted_nll import weighted_nll
from training.batches import shuffled_batches
from training.discriminators import with_defaults
from training.distribution import ONE_DEVICE, Distribution
from training.losses import (
    discriminator_loss,
    mle_weights,
    policy_gradient_weights,
    subtract_baseline,
)
from training.numerics import checked
from training.optimizers import dense_gradients, make_optimizer
from training.scheduled_sampling import mixed_inputs
from training.settings import Settings


class Steps:
    """One method an update; an epoch is one call. Each returns a dict of scalars.

    The generator has two optimizers, for maximum likelihood and for the policy gradient, as in the
    published code; the discriminator keeps one through pre-training and adversarial training.

    An update has two halves, next to each other below: what each replica computes of it
    (`_..._gradients`: gradients and figures that sum over the replicas to those of the whole batch),
    and what is applied once with the sums (`_apply_...`).

    Args:
        generator: the policy.
        discriminator: the judge.
        batch_size: B, sequences in every update.
        optimizer: a name of `training.optimizers.OPTIMIZERS`, for all three.
        mle_learning_rate: of maximum likelihood.
        policy_learning_rate: of the policy gradient, until `policy_gradient` is given another.
        discriminator_learning_rate: of the discriminator.
        discriminator_weight_decay: of the discriminator, decoupled: Adam becomes AdamW. 0: none.
        clip_norm: global norm that the generator's gradients are clipped to.
        reward_baseline: see `training.losses.subtract_baseline`.
        data_weight: of maximum likelihood in an update by the policy gradient, where it gets data.
        jit_compile: whether XLA compiles the updates.
        check_numerics: whether to fail in the operation that makes the first NaN; slower, no XLA.
        distribution: what the updates run on.
    """

    def __init__(
        self,
        generator: Generator,
        discriminator: Judge,
        *,
        batch_size: int = 64,
        optimizer: str = "adam",
        mle_learning_rate: float = 0.01,
        policy_learning_rate: float = 0.02,
        discriminator_learning_rate: float = 1e-4,
        discriminator_weight_decay: float = 0.0,
        clip_norm: float = 5.0,
        reward_baseline: str = "none",
        data_weight: float = 0.0,
        jit_compile: bool = True,
        check_numerics: bool = False,
        distribution: Distribution = ONE_DEVICE,
    ):
        self.generator = generator
        self.discriminator = discriminator
        self.batch_size = batch_size
        self.clip_norm = clip_norm
        self.reward_baseline = reward_baseline
        self.data_weight = data_weight
        self.distribution = distribution

        with distribution.scope():
            make = partial(make_optimizer, optimizer, distribution=distribution)
            self.mle_optimizer = make(generator, mle_learning_rate)
            self.policy_optimizer = make(generator, policy_learning_rate)
            self.discriminator_optimizer = make(
                discriminator, discriminator_learning_rate, weight_decay=discriminator_weight_decay
            )

        by_default = partial(graph_function, jit_compile=jit_compile)
        step = partial(distribution.step, compiled=checked if check_numerics else by_default)
        self._mle_step = step(self._mle_gradients, self._apply_mle)
        self._policy_step = step(self._policy_gradients, self._apply_policy)
        self._discriminator_step = step(self._discriminator_gradients, self._apply_discriminator)

    @property
    def optimizers(self) -> dict[str, keras.optimizers.Optimizer]:
        """By name, for the checkpoint."""
        return {
            "mle_optimizer": self.mle_optimizer,
            "policy_optimizer": self.policy_optimizer,
            "discriminator_optimizer": self.discriminator_optimizer,
        }

    def _check_tokens(self, tokens, name):
        return check_tokens(tokens, self.generator.vocab_size, self.generator.max_length, name)

    def _check_fills_a_batch(self, num, those):
        if num < self.batch_size:
            raise ValueError(
                f"{those} {num} sequences, expected at least one batch of {self.batch_size}: give more, "
                "or a smaller `batch_size`."
            )

    def mle_epoch(
        self,
        sequences: tf.Tensor,
        seed: np.ndarray,
        true_rate: float = 1.0,
        learning_rate: float | None = None,
    ) -> dict[str, tf.Tensor]:
        """Maximum likelihood over shuffled int32 `[M, T]`; what fills no batch waits for another epoch.

        With a `true_rate` below 1 by scheduled sampling: the share of true tokens among the inputs.
        `learning_rate` takes the place of the one in use.
        """
        sequences = self._check_tokens(sequences, "sequences")
        self._check_fills_a_batch(len(sequences), "`sequences` has")
        if learning_rate is not None:
            self.mle_optimizer.learning_rate = learning_rate
        rate = None if true_rate == 1.0 else tf.constant(true_rate, tf.float32)
        return self._mle_epoch(sequences, check_seed(seed), rate)

    @tf.function(reduce_retracing=True)
    def _mle_epoch(self, sequences, seed, true_rate):
        sequences = tf.cast(sequences, self.generator.layout.ids)
        order = self._shuffled_batches(tf.shape(sequences)[0], seed)
        loss = tf.zeros([])
        for batch in tf.range(tf.shape(order)[0]):
            tokens = inputs = tf.gather(sequences, order[batch])
            draws = tf.random.experimental.stateless_fold_in(seed, batch)
            if true_rate is not None:
                inputs = mixed_inputs(self.generator, tokens, true_rate, draws)
            if self.generator.dropout:
                masks = tf.random.experimental.stateless_fold_in(draws, 1)
                loss += self._mle_step(inputs, tokens, masks)
            else:
                loss += self._mle_step(inputs, tokens)
        return {"mle_loss": loss / tf.cast(tf.shape(order)[0], tf.float32)}

    def _mle_gradients(self, share, inputs, tokens, mask_seed=None):
        with tf.GradientTape() as tape:
            loss = self._mle_loss(share, inputs, tokens, mask_seed)
        return dense_gradients(tape, loss, self.generator), loss

    def _mle_loss(self, share, inputs, tokens, mask_seed):
        """A share's part of `mle_loss`. Each position sees the inputs before it."""
        weights = mle_weights(self.generator.mask(tokens))
        hidden = self.generator.hidden(
            share.rows(inputs), training=True, seed=mask_seed, share=share
        )
        return weighted_nll(self.generator, hidden, share.rows(tokens), share.rows(weights))

    def _apply_mle(self, gradients, loss):
        self._apply_generator(gradients, self.mle_optimizer)
        return loss

    def policy_gradient(
        self,
        tokens: tf.Tensor,
        rewards: tf.Tensor,
        learning_rate: float,
        data: tf.Tensor | None = None,
        seed: np.ndarray | None = None,
    ) -> dict[str, tf.Tensor]:
        """One REINFORCE update, Eq. (8): tokens int32 `[B, T]`, rewards float32 `[B, T]`.

        The baseline is subtracted from the rewards; `mean_reward` is what they were before. `data`,
        real sequences int32 `[B, T]`, add `data_weight` times the loss of maximum likelihood, with the
        dropout of `seed`.
        """
        tokens = self._check_tokens(tokens, "tokens")
        check_arrays(tokens=(tokens, "int [B, T]"), rewards=(rewards, "float [B, T]"))
        self.policy_optimizer.learning_rate = learning_rate
        more = () if data is None else (self._check_tokens(data, "data"), check_seed(seed))
        loss, norm, mean_reward = self._policy_step(tokens, rewards, *more)
        return {"policy_loss": loss, "policy_gradient_norm": norm, "mean_reward": mean_reward}

    def _policy_gradients(self, share, tokens, rewards, data=None, data_seed=None):
        mask = self.generator.mask(tokens)
        advantages = subtract_baseline(rewards, mask, self.reward_baseline)
        weights = policy_gradient_weights(advantages, mask)
        with tf.GradientTape() as tape:
            rows = share.rows(tokens)
            hidden = self.generator.hidden(rows)  # no dropout: the policy that wrote them
            loss = weighted_nll(self.generator, hidden, rows, share.rows(weights))
            # The published code sums over tokens, and the clip to norm 5 was set for that scale.
            summed = loss * tf.reduce_sum(mask)
            if data is not None:
                counts = tf.reduce_sum(self.generator.mask(data))
                summed += self.data_weight * counts * self._mle_loss(share, data, data, data_seed)
        mean_reward = tf.reduce_sum(share.rows(rewards * mle_weights(mask)))
        return dense_gradients(tape, summed, self.generator), loss, mean_reward

    def _apply_policy(self, gradients, loss, mean_reward):
        return loss, self.apply_policy_gradients(gradients), mean_reward

    def apply_policy_gradients(self, gradients: list[tf.Tensor]) -> tf.Tensor:
        """Applies gradients of the generator, clipped; returns their global norm."""
        return self._apply_generator(gradients, self.policy_optimizer)

    def _apply_generator(self, gradients, optimizer):
        gradients, norm = tf.clip_by_global_norm(gradients, self.clip_norm)
        optimizer.apply(gradients, self.generator.trainable_variables)
        return norm

    def discriminator_epoch(
        self, real: tf.Tensor, generated: tf.Tensor, seed: np.ndarray
    ) -> dict[str, tf.Tensor]:
        """Eq. (5) over real and generated sequences, shuffled together: each int32 `[M, T]`."""
        real = self._check_tokens(real, "real")
        generated = self._check_tokens(generated, "generated")
        self._check_fills_a_batch(len(real) + len(generated), "`real` and `generated` have")
        return self._discriminator_epoch(real, generated, check_seed(seed))

    @tf.function(reduce_retracing=True)
    def _discriminator_epoch(self, real, generated, seed):
        sequences = tf.concat([real, generated], axis=0)
        sequences = tf.cast(sequences, self.discriminator.layout.ids)
        labels = tf.concat([tf.ones(tf.shape(real)[0]), tf.zeros(tf.shape(generated)[0])], axis=0)
        order = self._shuffled_batches(tf.shape(sequences)[0], seed)
        loss, accuracy = tf.zeros([]), tf.zeros([])
        for batch in tf.range(tf.shape(order)[0]):
            rows = order[batch]
            mask_seed = tf.random.experimental.stateless_fold_in(seed, batch)
            batch_loss, batch_accuracy = self._discriminator_step(
                tf.gather(sequences, rows), tf.gather(labels, rows), mask_seed
            )
            loss += batch_loss
            accuracy += batch_accuracy
        batches = tf.cast(tf.shape(order)[0], tf.float32)
        return {
            "discriminator_loss": loss / batches,
            "discriminator_accuracy": accuracy / batches,
        }

    def _discriminator_gradients(self, share, tokens, labels, mask_seed):
        labels = share.rows(labels)
        with tf.GradientTape() as tape:
            logits = self.discriminator.training_logits(share.rows(tokens), mask_seed, share)
            by_judgement = tf.repeat(labels, tf.shape(logits)[1])
            loss = discriminator_loss(tf.reshape(logits, [-1]), by_judgement) / share.num
            penalties = self.discriminator.losses  # none without an L2 penalty
            penalized = loss + (tf.add_n(penalties) / share.num if penalties else 0.0)
        correct = tf.cast((logits[:, -1] > 0) == (labels > 0.5), tf.float32)  # of whole sequences
        accuracy = tf.reduce_mean(correct) / share.num
        return dense_gradients(tape, penalized, self.discriminator), loss, accuracy

    def _apply_discriminator(self, gradients, loss, accuracy):
        self.discriminator_optimizer.apply(gradients, self.discriminator.trainable_variables)
        return loss, accuracy

    def _shuffled_batches(self, num_rows, seed):
        return shuffled_batches(num_rows, self.batch_size, seed, self.generator.layout.ids)


def make_steps(
    generator: Generator,
    discriminator: Judge,
    settings: Settings,
    distribution: Distribution = ONE_DEVICE,
) -> Steps:
    """The updates of a run of these settings."""
    known = with_defaults(settings)
    return Steps(
        generator,
        discriminator,
        batch_size=settings.batch_size,
        optimizer=settings.optimizer,
        mle_learning_rate=settings.mle_learning_rate,
        policy_learning_rate=settings.g_learning_rate,
        discriminator_learning_rate=known.discriminator_learning_rate,
        discriminator_weight_decay=known.discriminator_weight_decay,
        clip_norm=settings.clip_norm,
        reward_baseline=settings.reward_baseline,
        data_weight=settings.data_weight,
        jit_compile=settings.xla,
        check_numerics=settings.check_numerics,
        distribution=distribution,
    )
