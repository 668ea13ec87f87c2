"""Algorithm 1 of Yu et al. (2017), "SeqGAN: Sequence Generative Adversarial Nets with Policy Gradient"."""

import numpy as np
import tensorflow as tf

from models.checks import numpy_random
from models.rollout import Rollout
from training.action_values import ActionValues
from training.best_weights import BestWeights, WeightCopies
from training.critic import Critic
from training.distillation import Copying, Distillation
from training.guided_updates import GuidedUpdates
from training.journal import Journal
from training.pretrain import (
    Measure,
    balanced_sets,
    pretrain_discriminator,
    pretrain_generator,
)
from training.restarts import restart_discriminator
from training.rewards import Reward
from training.settings import Settings
from training.steps import Steps
from training.temperature import apply_temperature
from training.verdict import measure_verdict


def train_seqgan(
    steps: Steps,
    rollout: Rollout,
    reward: Reward,
    real: tf.Tensor,
    settings: Settings,
    journal: Journal,
    measure: Measure,
    validation: np.ndarray | None = None,
    critic: Critic | None = None,
    distillation: Distillation | None = None,
    without_rollouts: ActionValues | None = None,
    guided: GuidedUpdates | None = None,
) -> None:
    """Trains the generator on `real`, int32 `[M, T]`. Comments give the lines of Algorithm 1.

    PG-BLEU and the controls are the same loop with another reward, and so without a discriminator;
    MLE and scheduled sampling end with line 2.

    Args:
        steps: the updates of the generator and the discriminator.
        rollout: the target network of the generator.
        reward: of whole sequences.
        real: training sequences.
        settings: how long and how large; see its fields.
        journal: counts and keeps the steps.
        measure: figures of the generator, taken along the way.
        validation: int `[M, T]`, real sequences that are not trained on: for early stopping, and for
            what the discriminator knows of them, measured in every round; None: neither.
        critic: gives the action values in place of Monte Carlo search, and learns them; None: `rollout`
            gives them.
        distillation: trains the policy of `rollout`; None: it is a copy of the generator.
        without_rollouts: gives the action values in place of `rollout` and `critic`.
        guided: updates the generator in place of the policy gradient, lines 8 to 12.
    """
    estimator = without_rollouts or critic or rollout
    generator, by_rows = steps.generator, steps.distribution.by_rows
    models = {"generator": generator, "discriminator": steps.discriminator, "rollout": rollout}
    best_generator = WeightCopies(generator) if settings.mle_patience else None
    best = best_weights(steps, settings, validation)
    kept = {"best_generator": best_generator, "best_discriminator": best and best.kept}
    kept = {name: copies for name, copies in kept.items() if copies is not None}
    by_critic = critic.objects if critic else {}
    beta = distillation or Copying(rollout, generator, settings.rollout_update_rate)
    journal.attach(**models, **steps.optimizers, **by_critic, **beta.objects, **kept)
    # 2  by maximum likelihood
    pretrain_generator(steps, real, settings, journal, measure, validation, best_generator)
    if settings.algorithm in ("mle", "ss"):
        return
    for _ in journal.loop("start at temperature", 1 if settings.start_at_temperature else 0):
        found = journal.state.results.get("temperature_mle", 1.0)  # the chief's alone
        apply_temperature(generator, steps.distribution.from_chief(found))
    beta.start(journal)  # 3  beta <- theta
    if reward.needs_discriminator:
        pretrain_discriminator(steps, real, settings, journal, validation, best)  # 4-5
    if critic:
        critic.pretrain(reward, steps.discriminator, journal, settings.value_pretrain_steps)

    restarts = reward.needs_discriminator and settings.d_update == "restart"
    continues = reward.needs_discriminator and not restarts
    policy = generator if settings.policy_samples == "generator" else rollout.policy
    for round_ in journal.loop("adversarial", settings.rounds):  # 6
        results: dict[str, tf.Tensor | float] = {}
        action_values = None
        if critic:
            reward_fn = reward.bind(steps.discriminator, journal.seed("value rewards", round_))
            results |= critic.learn(reward_fn, journal.seed("value samples", round_))
        for g_step in range(settings.g_steps):  # 7
            rate = learning_rate(settings, round_, g_step)
            seed = journal.seed("policy", round_, g_step)
            if guided:
                results |= guided.update(seed, rate)
                continue
            tokens = by_rows(policy.sample, settings.batch_size, seed)  # 8
            action_values = by_rows(  # 9-11  Eq. (4)
                estimator.action_values,
                tokens,
                reward.bind(steps.discriminator, journal.seed("rewards", round_, g_step)),
                reward.num_rollouts(settings.num_rollouts),
                journal.seed("roll-outs", round_, g_step),
            )
            seed = journal.seed("batch", round_, g_step)
            action_values = reward.over_batch(action_values, seed)
            data = data_batch(real, settings, journal.seed("data", round_, g_step))
            results |= steps.policy_gradient(tokens, action_values, rate, *data)  # 12  Eq. (8)
        if restarts:  # 14-16 with a new discriminator
            results |= restart_discriminator(
                steps, real, settings, journal, round_, validation, best
            )
        for d_step in range(settings.d_steps if continues else 0):  # 14
            seed = journal.seed("sets", round_, d_step)
            num, labels = settings.d_samples, settings.d_labels
            sets = balanced_sets(real, generator, num, seed, by_rows, labels)  # 15
            for epoch in range(settings.d_epochs):  # 16  Eq. (5)
                seed = journal.seed("D", round_, d_step, epoch)
                results |= steps.discriminator_epoch(*sets, seed)
        if reward.needs_discriminator:
            given = validation, settings.verdict_samples, journal.seed("verdict")
            results |= measure_verdict(generator, steps.discriminator, *given)
        results |= beta.update(journal.seed("roll-out policy", round_))  # 18  beta <- theta
        due = (round_ + 1) % settings.eval_every == 0 or round_ + 1 == settings.rounds
        if due or restarts:  # whose few rounds take minutes each
            seed = journal.seed("measure")
            results |= measure(generator, settings.eval_samples, seed).figures
            if action_values is not None:
                journal.log_action_values(action_values, generator.mask(tokens))
        journal.log("adversarial", round_ + 1, results, settings.rounds)


def best_weights(
    steps: Steps, settings: Settings, validation: np.ndarray | None
) -> BestWeights | None:
    """What stops the discriminator's pre-training early, where `--d-patience` asks for it.

    Raises:
        ValueError: there are no validation data to decide by.
    """
    if settings.d_patience is None or settings.algorithm in ("mle", "ss"):
        return None
    if validation is None and steps.distribution.is_chief:
        raise ValueError(
            f"`d_patience` is {settings.d_patience} without validation data, expected some to stop by; "
            "give `validation_data`, or None."
        )
    return BestWeights(steps.discriminator, settings.d_patience, steps.distribution)


def data_batch(real: tf.Tensor, settings: Settings, seed: np.ndarray) -> tuple:
    """A batch of the training data and a seed, for `--data-weight`; empty without it."""
    if not settings.data_weight:
        return ()
    rows = numpy_random(seed).integers(len(real), size=settings.batch_size)
    return tf.gather(real, rows), seed


def learning_rate(settings: Settings, round_: int, g_step: int) -> float:
    """The generator's rate: a straight line from the first to the last round, or over each round's updates."""
    first, last = settings.g_learning_rate, settings.g_learning_rate_final
    restarts = settings.d_update == "restart"
    at, num = (g_step, settings.g_steps) if restarts else (round_, settings.rounds)
    if last is None or num < 2:
        return first
    return first + (last - first) * at / (num - 1)
