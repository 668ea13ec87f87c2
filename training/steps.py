"""The compiled updates and the optimizers that they own."""

import keras
import numpy as np
import tensorflow as tf

from models.discriminator import Discriminator
from models.generator import Generator
from training.config import Settings
from training.losses import (
    discriminator_loss,
    masked_mean,
    mle_loss,
    policy_gradient_loss,
    subtract_baseline,
)
from training.numerics import checked
from training.scheduled_sampling import mixed_inputs

OPTIMIZERS = {
    "adam": keras.optimizers.Adam,
    "rmsprop": keras.optimizers.RMSprop,
    "sgd": keras.optimizers.SGD,
}


class Steps:
    """One method an update; an epoch is one call. Each returns a dict of scalars.

    The generator has two optimizers, for maximum likelihood and for the policy gradient, as in the
    published code; the discriminator keeps one through pre-training and adversarial training.
    """

    def __init__(self, generator: Generator, discriminator: Discriminator, settings: Settings):
        self.generator = generator
        self.discriminator = discriminator
        self.batch_size = settings.batch_size
        self.clip_norm = settings.clip_norm
        self.reward_baseline = settings.reward_baseline
        if settings.check_numerics:
            for name in ("_mle_step", "_policy_gradient", "_discriminator_step"):
                update = getattr(type(self), name)
                update = getattr(update, "python_function", update)  # what is compiled otherwise
                setattr(self, name, checked(update.__get__(self)))

        def optimizer(model, learning_rate):
            result = OPTIMIZERS[settings.optimizer](learning_rate)
            result.build(model.trainable_variables)  # before tracing and restoring
            return result

        self.mle_optimizer = optimizer(generator, settings.mle_learning_rate)
        self.policy_optimizer = optimizer(generator, settings.g_learning_rate)
        self.discriminator_optimizer = optimizer(
            discriminator, settings.discriminator_learning_rate
        )

    @property
    def optimizers(self) -> dict[str, keras.optimizers.Optimizer]:
        """By name, for the checkpoint."""
        return {
            "mle_optimizer": self.mle_optimizer,
            "policy_optimizer": self.policy_optimizer,
            "discriminator_optimizer": self.discriminator_optimizer,
        }

    def mle_epoch(
        self, sequences: tf.Tensor, seed: np.ndarray, true_rate: float = 1.0
    ) -> dict[str, tf.Tensor]:
        """Maximum likelihood over shuffled int32 `[M, T]`; what fills no batch waits for another epoch.

        With a `true_rate` below 1 by scheduled sampling: the share of true tokens among the inputs.
        """
        rate = None if true_rate == 1.0 else tf.constant(true_rate, tf.float32)
        return self._mle_epoch(sequences, tf.constant(seed, tf.int32), rate)

    @tf.function(reduce_retracing=True)
    def _mle_epoch(self, sequences, seed, true_rate):
        order = self._shuffled_batches(tf.shape(sequences)[0], seed)
        loss = tf.zeros([])
        for batch in tf.range(tf.shape(order)[0]):
            tokens = inputs = tf.gather(sequences, order[batch])
            if true_rate is not None:
                draws = tf.random.experimental.stateless_fold_in(seed, batch)
                inputs = mixed_inputs(self.generator, tokens, true_rate, draws)
            loss += self._mle_step(inputs, tokens)
        return {"mle_loss": loss / tf.cast(tf.shape(order)[0], tf.float32)}

    @tf.function(jit_compile=True)
    def _mle_step(self, inputs, tokens):
        with tf.GradientTape() as tape:
            logits = self.generator(inputs, training=True)  # sees the inputs before each token
            loss = mle_loss(logits, tokens, self.generator.mask(tokens))
        self._update_generator(tape, loss, self.mle_optimizer)
        return loss

    def policy_gradient(
        self, tokens: tf.Tensor, rewards: tf.Tensor, learning_rate: float
    ) -> dict[str, tf.Tensor]:
        """One REINFORCE update, Eq. (8): tokens int32 `[B, T]`, rewards float32 `[B, T]`.

        The settings' baseline is subtracted from the rewards; `mean_reward` is what they were before.
        """
        self.policy_optimizer.learning_rate = learning_rate
        loss, norm = self._policy_gradient(tokens, rewards)
        return {
            "policy_loss": loss,
            "policy_gradient_norm": norm,
            "mean_reward": masked_mean(rewards, self.generator.mask(tokens)),
        }

    @tf.function(jit_compile=True)
    def _policy_gradient(self, tokens, rewards):
        with tf.GradientTape() as tape:
            logits, mask = self.generator(tokens, training=True), self.generator.mask(tokens)
            advantages = subtract_baseline(rewards, mask, self.reward_baseline)
            loss = policy_gradient_loss(logits, tokens, advantages, mask)
            # The published code sums over tokens, and the clip to norm 5 was set for that scale.
            summed = loss * tf.reduce_sum(mask)
        norm = self._update_generator(tape, summed, self.policy_optimizer)
        return loss, norm

    def _update_generator(self, tape, loss, optimizer):
        weights = self.generator.trainable_variables
        # Dense, so that a token met twice counts once in the norm, with its gradients added.
        gradients = [tf.convert_to_tensor(g) for g in tape.gradient(loss, weights)]
        gradients, norm = tf.clip_by_global_norm(gradients, self.clip_norm)
        optimizer.apply(gradients, weights)
        return norm

    def discriminator_epoch(
        self, real: tf.Tensor, generated: tf.Tensor, seed: np.ndarray
    ) -> dict[str, tf.Tensor]:
        """Eq. (5) over real and generated sequences, shuffled together: each int32 `[M, T]`."""
        return self._discriminator_epoch(real, generated, tf.constant(seed, tf.int32))

    @tf.function(reduce_retracing=True)
    def _discriminator_epoch(self, real, generated, seed):
        sequences = tf.concat([real, generated], axis=0)
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

    def _discriminator_step(self, tokens, labels, mask_seed):
        weights = self.discriminator.trainable_variables
        with tf.GradientTape() as tape:
            logits = self.discriminator(tokens, training=True, seed=mask_seed)
            loss = discriminator_loss(logits, labels)
            penalized = loss + tf.add_n(self.discriminator.losses)
        gradients = [tf.convert_to_tensor(g) for g in tape.gradient(penalized, weights)]
        self.discriminator_optimizer.apply(gradients, weights)
        correct = tf.cast((logits > 0) == (labels > 0.5), tf.float32)
        return loss, tf.reduce_mean(correct)

    def _shuffled_batches(self, num_rows, seed):
        """Row numbers of whole batches in a counted order: int32 `[M // B, B]`."""
        order = tf.random.experimental.stateless_shuffle(tf.range(num_rows), seed)
        batches = num_rows // self.batch_size
        return tf.reshape(order[: batches * self.batch_size], [batches, self.batch_size])
