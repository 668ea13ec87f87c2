"""Algorithm 1 of Yu et al. (2017), "SeqGAN: Sequence Generative Adversarial Nets with Policy Gradient"."""

import tensorflow as tf

from models.discriminator import Discriminator
from models.generator import Generator
from models.rollout import Rollout
from training.pretrain import (
    Measure,
    balanced_sets,
    pretrain_discriminator,
    pretrain_generator,
)
from training.rewards import Rewards
from training.run import Run
from training.steps import Steps


def train_seqgan(
    generator: Generator, discriminator: Discriminator, real: tf.Tensor, run: Run, measure: Measure
) -> None:
    """Trains the generator on `real`, int32 `[M, T]`. Comments give the lines of Algorithm 1.

    PG-BLEU and the controls are the same loop with another reward, and so without a discriminator;
    MLE and scheduled sampling end with line 2.
    """
    settings, by_rows = run.settings, run.distribution.by_rows
    steps = Steps(generator, discriminator, settings, run.distribution)
    with run.distribution.scope():
        rollout = Rollout(generator)
    run.attach(
        generator=generator, discriminator=discriminator, rollout=rollout, **steps.optimizers
    )
    pretrain_generator(steps, real, run, measure)  # 2  by maximum likelihood
    if settings.algorithm in ("mle", "ss"):
        return
    rewards = Rewards(settings, generator, discriminator, real)
    for _ in run.loop("target network", 1):
        rollout.update(generator)  # 3  beta <- theta
    if rewards.from_discriminator:
        pretrain_discriminator(steps, real, run)  # 4-5

    for round_ in run.loop("adversarial", settings.rounds):  # 6
        results: dict[str, tf.Tensor | float] = {}
        for g_step in range(settings.g_steps):  # 7
            seed = run.seed("policy", round_, g_step)
            tokens = by_rows(generator.sample, settings.batch_size, seed)  # 8
            action_values = by_rows(  # 9-11  Eq. (4)
                rollout.action_values,
                tokens,
                rewards.function(run.seed("rewards", round_, g_step)),
                rewards.num_rollouts,
                run.seed("roll-outs", round_, g_step),
            )
            rate = learning_rate(settings, round_)
            results |= steps.policy_gradient(tokens, action_values, rate)  # 12  Eq. (8)
        for d_step in range(settings.d_steps if rewards.from_discriminator else 0):  # 14
            seed = run.seed("sets", round_, d_step)
            sets = balanced_sets(real, generator, settings.d_samples, seed, by_rows)  # 15
            for epoch in range(settings.d_epochs):  # 16  Eq. (5)
                results |= steps.discriminator_epoch(*sets, run.seed("D", round_, d_step, epoch))
        rollout.update(generator, settings.rollout_update_rate)  # 18  beta <- theta
        if (round_ + 1) % settings.eval_every == 0 or round_ + 1 == settings.rounds:
            seed = run.seed("measure")
            results |= measure(generator, settings.eval_samples, seed).figures
        run.log("adversarial", round_ + 1, results, settings.rounds)


def learning_rate(settings, round_: int) -> float:
    """The policy gradient's rate in a round: a straight line from the first to the last round."""
    first, last = settings.g_learning_rate, settings.g_learning_rate_final
    if last is None or settings.rounds < 2:
        return first
    return first + (last - first) * round_ / (settings.rounds - 1)
