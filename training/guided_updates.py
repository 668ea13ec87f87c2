"""The generator learns from a prefix discriminator at all tokens of each step, without a policy gradient."""

from collections.abc import Callable
from functools import partial
from typing import Any

import tensorflow as tf

from models.checks import check_seed
from models.generator import Seed
from models.graph_function import graph_function
from models.guidance import GuidedPolicy
from models.rollout import Rollout
from training.losses import token_divergence
from training.numerics import checked
from training.optimizers import dense_gradients
from training.settings import Settings
from training.steps import Steps


class GuidedUpdates:
    """Takes the place of lines 8 to 12 of Algorithm 1 with `--policy-update guided`.

    The target network guided by the discriminator (`models.guidance`) writes sequences, and the generator
    minimizes KL(guided, G_theta) of the next token after each of their prefixes. The guided
    distribution is the best policy for the reward log D / (1 - D) with a penalty for the divergence
    from the target network (as in MPO, Abdolmaleki et al., 2018), and its expectation over the next
    token is exact: what one sample of the policy gradient estimates by one token, an update here
    learns from all that the guidance scores.

    Args:
        steps: owns the generator, its optimizer and the size of a batch.
        teacher: the guided target network.
        guidance: weight of the discriminator's logits.
        jit_compile: whether XLA compiles the update.
        check_numerics: whether to fail in the operation that makes the first NaN; slower, no XLA.
    """

    def __init__(
        self,
        steps: Steps,
        teacher: GuidedPolicy,
        guidance: float = 1.0,
        *,
        jit_compile: bool = True,
        check_numerics: bool = False,
    ):
        self.steps = steps
        self.teacher = teacher
        self.guidance = guidance
        by_default = partial(graph_function, jit_compile=jit_compile)
        compiled: Callable[..., Any] = checked if check_numerics else by_default
        self._step = steps.distribution.step(self._gradients, self._apply, compiled)

    def update(self, seed: Seed, learning_rate: float) -> dict[str, tf.Tensor]:
        """One update on a batch of new sequences.

        Args:
            seed: int32 pair, decides the sequences.
            learning_rate: of the optimizer of the policy gradient.

        Returns:
            `policy_loss`, KL(guided, G_theta) before the update in nats per token, and
            `policy_gradient_norm`.
        """
        steps, draw = self.steps, self.teacher.sample_with_targets
        given = steps.batch_size, check_seed(seed), 1.0, self.guidance
        tokens, targets = steps.distribution.by_rows(draw, *given)
        steps.policy_optimizer.learning_rate = learning_rate
        loss, norm = self._step(tokens, targets)
        return {"policy_loss": loss, "policy_gradient_norm": norm}

    def _gradients(self, share, tokens, targets):
        generator = self.steps.generator
        counted = generator.mask(tokens)
        num_tokens = tf.reduce_sum(counted)
        with tf.GradientTape() as tape:
            divergence = token_divergence(share.rows(targets), generator(share.rows(tokens)))
            summed = tf.reduce_sum(divergence * share.rows(counted))  # as in the policy gradient
        return dense_gradients(tape, summed, generator), summed / tf.maximum(num_tokens, 1.0)

    def _apply(self, gradients, loss):
        return loss, self.steps.apply_policy_gradients(gradients)


def make_guided_updates(steps: Steps, rollout: Rollout, settings: Settings) -> GuidedUpdates | None:
    """The updates of a run of these settings; None for the policy gradient."""
    if settings.policy_update != "guided":
        return None
    prefix_discriminator: Any = steps.discriminator  # see training.setting_checks
    jit_compile = settings.xla and not settings.check_numerics
    return GuidedUpdates(
        steps,
        GuidedPolicy(rollout.policy, prefix_discriminator, jit_compile=jit_compile),
        settings.guidance,
        jit_compile=jit_compile,
        check_numerics=settings.check_numerics,
    )
