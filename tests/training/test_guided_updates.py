"""Updates towards the guided target network: their targets, gradients and where they lead, exactly."""

import numpy as np
import pytest
import tensorflow as tf

from files.errors import UsageError
from models.guidance import GuidedPolicy
from models.prefix_discriminator import PrefixDiscriminator
from models.rollout import Rollout
from models.shares import WHOLE, Share
from tests.helpers import all_sequences, set_random_weights, tiny_generator
from tests.training.small_runs import experiment, history, resumed, weights
from training.guided_updates import GuidedUpdates
from training.steps import Steps

pytestmark = pytest.mark.slow

V, T = 4, 3
ALL = all_sequences(V, T)
TEXT = {"end_token": 1, "pad_token": 0, "blocked_tokens": (0,)}


def updates_of(guidance=1.0, batch_size=32, **options):
    """Updates of a new generator, whose target network stays as it is."""
    generator = tiny_generator(V, T, **options)
    discriminator = set_random_weights(PrefixDiscriminator(V, T, 3, 5), 3, 1.5)
    rollout = Rollout(generator)
    rollout.update(generator)
    steps = Steps(generator, discriminator, batch_size=batch_size, jit_compile=False)
    teacher = GuidedPolicy(rollout.policy, discriminator)
    return GuidedUpdates(steps, teacher, guidance, jit_compile=False)


@pytest.mark.parametrize("options", [{}, TEXT])
def test_targets_are_the_distributions_that_the_tokens_were_drawn_from(options):
    teacher = updates_of(**options).teacher
    tokens, targets = teacher.sample_with_targets(200, (1, 2), 0.9, 0.8)
    np.testing.assert_array_equal(tokens, teacher.sample(200, (1, 2), 0.9, 0.8))
    mass = np.exp(targets.numpy().astype(np.float64))
    np.testing.assert_allclose(mass.sum(axis=-1), 1, rtol=1e-5)
    own = np.take_along_axis(targets.numpy(), tokens.numpy()[..., None], axis=-1)[..., 0]
    counted = teacher.generator.mask(tokens).numpy()
    np.testing.assert_allclose(
        (own * counted).sum(axis=1), teacher.log_prob(tokens, 0.9, 0.8), rtol=1e-5
    )


def divergence(updates):
    """KL(guided, G_theta) of whole sequences, by enumeration, in nats."""
    guided = updates.teacher.log_prob(ALL, 1.0, updates.guidance).numpy().astype(np.float64)
    own = updates.steps.generator.log_prob(ALL).numpy().astype(np.float64)
    return np.sum(np.exp(guided) * (guided - own))


def test_the_loss_is_the_divergence_of_whole_sequences_per_token():
    updates = updates_of(batch_size=20_000)
    loss = float(updates.update((5, 6), 1e-9)["policy_loss"])
    assert divergence(updates) > 0.3
    assert loss == pytest.approx(divergence(updates) / T, rel=0.02)  # standard error 0.5 %


def test_the_generator_becomes_the_guided_target_network():
    updates = updates_of(batch_size=128)
    before = divergence(updates)
    for number in range(150):
        updates.update((7, number), 0.03)
    assert divergence(updates) < 0.02 * before


def test_without_guidance_there_is_nothing_to_learn():
    updates = updates_of(guidance=0.0)
    figures = updates.update((5, 6), 0.1)
    assert float(figures["policy_loss"]) == pytest.approx(0, abs=1e-6)
    assert float(figures["policy_gradient_norm"]) < 1e-4


def test_shares_of_a_batch_add_up_to_it():
    updates = updates_of(**TEXT)
    given = 32, (1, 2), 1.0, 1.0
    whole = updates.teacher.sample_with_targets(*given)
    parts = [updates.teacher.sample_with_targets(*given, Share(n, 2)) for n in range(2)]
    for of_whole, *of_parts in zip(whole, *parts, strict=True):
        np.testing.assert_allclose(tf.concat(of_parts, axis=0), of_whole, rtol=1e-5)
    gradients, loss = updates._gradients(WHOLE, *whole)
    halves = [updates._gradients(Share(n, 2), *whole) for n in range(2)]
    assert float(loss) == pytest.approx(sum(float(half[1]) for half in halves), rel=1e-5)
    for number, gradient in enumerate(gradients):
        total = sum(half[0][number] for half in halves)
        np.testing.assert_allclose(total, gradient, rtol=1e-4, atol=1e-6)


def test_the_learning_rate_is_that_of_the_call():
    updates = updates_of()
    for rate in (0.1, 0.01):
        updates.update((5, 6), rate)
        assert float(updates.steps.policy_optimizer.learning_rate) == pytest.approx(rate)


def test_padding_is_not_learned():
    """Loss and gradients of sequences that end at once are those of their first token."""
    updates = updates_of(batch_size=4, **TEXT)
    random = np.random.default_rng(1)
    tokens = tf.constant([[1, 0, 0]] * 4)
    first = np.log(random.dirichlet(np.ones(V), [4, 1]))
    losses, gradients = [], []
    for seed in range(2):
        rest = np.log(np.random.default_rng(seed).dirichlet(np.ones(V), [4, T - 1]))
        targets = tf.constant(np.concatenate([first, rest], axis=1), tf.float32)
        gradient, loss = updates._gradients(WHOLE, tokens, targets)
        losses.append(float(loss))
        gradients.append(gradient)
    own = tf.nn.log_softmax(updates.steps.generator(tokens))[:, :1].numpy()
    assert losses[0] == pytest.approx(np.sum(np.exp(first) * (first - own)) / 4, rel=1e-4)
    assert losses[0] == losses[1]
    for one, other in zip(*gradients, strict=True):
        np.testing.assert_array_equal(one, other)


GUIDED = {
    **{"policy_update": "guided", "discriminator": "prefix", "discriminator_hidden_dim": 4},
    **{"mle_epochs": 1, "g_steps": 2, "d_labels": "permuted", "temperatures": (), "xla": False},
    **{"rollout_update_rate": 0.0, "checkpoint_seconds": 0.0},
}


def test_a_run_learns_by_them_and_resumes_bit_for_bit(tmp_path):
    written = experiment(tmp_path / "whole", **GUIDED)
    rows = history(tmp_path / "whole")
    adversarial = [row for row in rows if row["stage"] == "adversarial"]
    assert all(float(row["policy_loss"]) > 0 and not row["mean_reward"] for row in adversarial)
    assert {"guided_gain_validation", "guided_gain_test"} <= set(written["metrics"])
    resumed(tmp_path / "parted", [("adversarial", 2)], **GUIDED)
    assert history(tmp_path / "parted") == rows
    assert weights(tmp_path / "parted") == weights(tmp_path / "whole")


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"algorithm": "mle"}, "--policy-update guided needs --algorithm seqgan, and it is mle"),
        (
            {"discriminator": "recurrent"},
            "--discriminator prefix or small-prefix, and it is recurrent. Give",
        ),
        ({"reward": "constant"}, "needs --reward discriminator, and it is constant"),
        ({"action_values": "sequence"}, "needs --action-values rollouts, and it is sequence"),
        ({"rollout_policy": "small"}, "needs --rollout-policy copy, and it is small"),
        ({"policy_samples": "target"}, "needs --policy-samples generator, and it is target"),
        ({"data_weight": 0.5}, "needs --data-weight 0, and it is 0.5"),
    ],
)
def test_what_it_cannot_be_combined_with_is_refused(tmp_path, changes, message):
    with pytest.raises(UsageError, match=message):
        experiment(tmp_path / "run", **{**GUIDED, **changes})
