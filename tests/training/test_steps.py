"""The updates: what they move, what clips them, what they draw, and that they learn."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from models.discriminator import Discriminator
from models.generator import Generator
from models.prefix_discriminator import PrefixDiscriminator
from models.shares import WHOLE, Share
from tests.helpers import constant_generator, set_random_weights, tiny_generator
from tests.pool import Pool
from training import steps as module
from training.discriminators import with_defaults
from training.losses import discriminator_loss, mle_loss, policy_gradient_loss, token_nll
from training.pretrain import balanced_sets
from training.seeds import counted_seed
from training.settings import Settings

pytestmark = pytest.mark.slow

V, T, B = 6, 5, 4


def seed_of(number):
    return counted_seed(number, "test")


SGD = {"batch_size": B, "optimizer": "sgd"}
RATES = {
    "mle_learning_rate": "mle_optimizer",
    "g_learning_rate": "policy_optimizer",
    "discriminator_learning_rate": "discriminator_optimizer",
}


def reset(steps, settings):
    """The steps as at the start of a run: random weights, no moments, the rates of the settings."""
    set_random_weights(steps.generator, scale=0.5)
    set_random_weights(steps.discriminator, 1, 0.5)
    settings = with_defaults(settings)
    for rate, name in RATES.items():
        for variable in steps.optimizers[name].variables:
            variable.assign(tf.zeros_like(variable))
        steps.optimizers[name].learning_rate = getattr(settings, rate)
    return steps


def new_steps(cell="lstm", dropout=0.25, **settings):
    """Steps of small models, with nothing compiled yet."""
    settings = Settings(**{**SGD, **settings})
    generator = Generator(V, T, 4, 5, cell)
    discriminator = Discriminator(V, T, 3, {1: 4, 2: 4}, dropout=dropout)
    return reset(module.make_steps(generator, discriminator, settings), settings)


STEPS = Pool(new_steps)


def make_steps(cell="lstm", dropout=0.25, **settings):
    """Likewise, compiled already where they have served another test: rates are no part of that."""
    compiled = {name: value for name, value in settings.items() if name not in RATES}
    return reset(STEPS.take(cell, dropout, **compiled), Settings(**{**SGD, **settings}))


def some_tokens(num=B, seed=0):
    return tf.constant(np.random.default_rng(seed).integers(0, V, [num, T]), tf.int32)


def some_rewards(num=B, seed=0):
    return tf.constant(np.random.default_rng(seed).random([num, T]), tf.float32)


def dense(gradient):
    """A gradient as an array, rows of a token met twice added up."""
    if isinstance(gradient, tf.IndexedSlices):
        whole = np.zeros(gradient.dense_shape.numpy(), np.float32)
        np.add.at(whole, gradient.indices.numpy().ravel(), gradient.values.numpy())
        return whole
    return gradient.numpy()


def gradients_of(model, make_loss):
    with tf.GradientTape() as tape:
        loss = make_loss()
    return [dense(g) for g in tape.gradient(loss, model.trainable_variables)]


def norm(arrays):
    return np.sqrt(sum(np.sum(np.float64(a) ** 2) for a in arrays))


class Moved:
    """How far a model's weights or an optimizer's moments have moved since this was made."""

    def __init__(self, owner):
        self.variables = owner.weights if hasattr(owner, "weights") else owner.variables
        self.before = [np.array(v) for v in self.variables]

    def __call__(self):
        pairs = zip(self.variables, self.before, strict=True)
        return [np.array(after) - before for after, before in pairs]

    def nothing(self):
        return not any(np.any(change) for change in self())


# Optimizers


def test_each_update_has_an_optimizer_of_its_own():
    steps = make_steps(optimizer="adam")
    optimizers = [steps.mle_optimizer, steps.policy_optimizer, steps.discriminator_optimizer]
    assert list(steps.optimizers.values()) == optimizers
    assert list(steps.optimizers) == [
        "mle_optimizer",
        "policy_optimizer",
        "discriminator_optimizer",
    ]
    variables = [id(v) for optimizer in optimizers for v in optimizer.variables]
    assert len(set(variables)) == len(variables)
    moments = [len(optimizer.variables) for optimizer in optimizers]
    assert moments == [2 + 2 * 6, 2 + 2 * 6, 2 + 2 * 11]  # there before the first step

    mle, policy, judge = map(Moved, optimizers)
    steps.policy_gradient(some_tokens(), some_rewards(), 0.01)
    assert mle.nothing() and judge.nothing() and not policy.nothing()
    policy = Moved(steps.policy_optimizer)
    steps.mle_epoch(some_tokens(), seed_of(1))
    assert policy.nothing() and judge.nothing() and not mle.nothing()
    mle = Moved(steps.mle_optimizer)
    steps.discriminator_epoch(some_tokens(), some_tokens(B, 1), seed_of(1))
    assert policy.nothing() and mle.nothing() and not judge.nothing()
    assert [int(optimizer.iterations) for optimizer in optimizers] == [1, 1, 2]


def test_an_update_moves_one_model():
    steps = make_steps()
    generator, discriminator = Moved(steps.generator), Moved(steps.discriminator)
    steps.mle_epoch(some_tokens(), seed_of(1))
    assert all(np.any(change) for change in generator()) and discriminator.nothing()
    generator = Moved(steps.generator)
    steps.policy_gradient(some_tokens(), some_rewards(), 0.01)
    assert all(np.any(change) for change in generator()) and discriminator.nothing()
    generator = Moved(steps.generator)
    weights = [np.array(w) for w in steps.discriminator.weights]
    steps.discriminator_epoch(some_tokens(), some_tokens(B, 1), seed_of(1))
    assert generator.nothing()
    after = steps.discriminator.weights
    assert not any(np.array_equal(w, b) for w, b in zip(after, weights, strict=True))


def test_adam_as_keras_has_it():
    # The published code's Adam has an epsilon of 1e-8, Keras' one of 1e-7.
    steps = make_steps(
        optimizer="adam",
        mle_learning_rate=0.003,
        g_learning_rate=0.02,
        discriminator_learning_rate=0.0005,
    )
    rates = {name: float(o.learning_rate) for name, o in steps.optimizers.items()}
    assert rates == pytest.approx(
        {"mle_optimizer": 0.003, "policy_optimizer": 0.02, "discriminator_optimizer": 0.0005}
    )
    for optimizer in steps.optimizers.values():
        assert type(optimizer) is keras.optimizers.Adam
        assert (optimizer.beta_1, optimizer.beta_2, optimizer.epsilon) == (0.9, 0.999, 1e-7)
        assert not optimizer.amsgrad and not optimizer.weight_decay and not optimizer.use_ema
        clips = (optimizer.clipnorm, optimizer.clipvalue, optimizer.global_clipnorm)
        assert clips == (None, None, None)  # clipped by hand, with merged gradients


def test_the_optimizer_asked_for():
    kinds = {"sgd": keras.optimizers.SGD, "rmsprop": keras.optimizers.RMSprop}
    for name, kind in kinds.items():
        for optimizer in make_steps(optimizer=name).optimizers.values():
            assert type(optimizer) is kind


# The policy gradient


def policy_gradients(steps, tokens, rewards):
    """Of the loss summed over all tokens, before any clip."""
    return gradients_of(
        steps.generator,
        lambda: B * T * policy_gradient_loss(steps.generator(tokens), tokens, rewards),
    )


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_a_policy_step_descends_the_summed_loss(cell):
    steps = make_steps(cell, clip_norm=1e9)
    tokens, rewards = some_tokens(), some_rewards()
    expected = policy_gradients(steps, tokens, rewards)
    loss = float(policy_gradient_loss(steps.generator(tokens), tokens, rewards))
    moved = Moved(steps.generator)
    results = steps.policy_gradient(tokens, rewards, 0.5)
    for change, gradient in zip(moved(), expected, strict=True):
        np.testing.assert_allclose(change, -0.5 * gradient, rtol=1e-4, atol=1e-5)
    assert sorted(results) == ["mean_reward", "policy_gradient_norm", "policy_loss"]
    assert float(results["policy_loss"]) == pytest.approx(loss, rel=1e-5)  # a mean, to be read
    assert float(results["policy_gradient_norm"]) == pytest.approx(norm(expected), rel=1e-5)
    assert float(results["mean_reward"]) == pytest.approx(np.mean(rewards), rel=1e-6)


def test_data_add_their_likelihood_to_a_policy_step():
    steps = make_steps(clip_norm=1e9, data_weight=0.3)
    tokens, rewards = some_tokens(), some_rewards()
    data = tf.constant(np.flip(tokens, axis=1))
    by_policy = policy_gradients(steps, tokens, rewards)
    of_data = gradients_of(steps.generator, lambda: B * T * mle_loss(steps.generator(data), data))
    moved = Moved(steps.generator)
    steps.policy_gradient(tokens, rewards, 0.5, data, seed_of(3))
    for change, first, second in zip(moved(), by_policy, of_data, strict=True):
        np.testing.assert_allclose(change, -0.5 * (first + 0.3 * second), rtol=1e-4, atol=1e-5)


def test_the_global_norm_is_clipped():
    steps = make_steps(clip_norm=5.0)
    tokens, rewards = some_tokens(), 1e4 * some_rewards()
    expected = policy_gradients(steps, tokens, rewards)
    moved = Moved(steps.generator)
    results = steps.policy_gradient(tokens, rewards, 1.0)
    change = moved()
    # Clipped one by one, each of the six would have a norm of 5.
    assert norm(change) == pytest.approx(5, rel=1e-4)
    assert min(norm([gradient]) for gradient in expected) > 5
    assert float(results["policy_gradient_norm"]) == pytest.approx(norm(expected), rel=1e-4)
    for part, gradient in zip(change, expected, strict=True):  # the direction is kept
        np.testing.assert_allclose(part, -5 / norm(expected) * gradient, rtol=1e-3, atol=1e-4)


def test_what_is_clipped_is_the_sum_over_tokens():
    # Norm 1 as a mean, which would pass, and 20 as a sum.
    steps = make_steps(clip_norm=5.0)
    tokens, rewards = some_tokens(), some_rewards()
    rewards *= B * T / norm(policy_gradients(steps, tokens, rewards))
    moved = Moved(steps.generator)
    results = steps.policy_gradient(tokens, rewards, 1.0)
    assert float(results["policy_gradient_norm"]) == pytest.approx(20, rel=1e-4)
    assert norm(moved()) == pytest.approx(5, rel=1e-4)


def test_a_token_met_often_counts_once_in_the_norm():
    # Its embedding's gradient comes in parts, whose squares add up to less than their sum's.
    steps = make_steps(clip_norm=1.0)
    tokens = tf.fill([B, T], 2)
    rewards = tf.ones([B, T])
    with tf.GradientTape() as tape:
        loss = B * T * policy_gradient_loss(steps.generator(tokens), tokens, rewards)
    gradients = tape.gradient(loss, steps.generator.trainable_variables)
    assert isinstance(gradients[0], tf.IndexedSlices) and len(gradients[0].values) == B * T
    in_parts = [gradients[0].values.numpy(), *(dense(g) for g in gradients[1:])]
    merged = [dense(g) for g in gradients]
    assert norm(merged) > 1.02 * norm(in_parts)
    moved = Moved(steps.generator)
    results = steps.policy_gradient(tokens, rewards, 1.0)
    assert float(results["policy_gradient_norm"]) == pytest.approx(norm(merged), rel=1e-4)
    assert norm(moved()) == pytest.approx(1, rel=1e-4)


@pytest.fixture(scope="module")
def steps_of_sequences_that_end():
    generator = Generator(V, T, 4, 5, end_token=1, pad_token=0, blocked_tokens=(0,))
    settings = Settings(batch_size=3, optimizer="sgd", clip_norm=1e9)
    return module.make_steps(generator, Discriminator(V, T, 3, {1: 4}), settings)


@pytest.mark.parametrize("padding_reward", [0.0, 1e3])
def test_padding_counts_for_nothing(steps_of_sequences_that_end, padding_reward):
    # 0 is padding, 1 the end: the loss is summed over the ten tokens that were written.
    steps = steps_of_sequences_that_end
    generator = set_random_weights(steps.generator, scale=0.5)
    tokens = tf.constant([[3, 1, 0, 0, 0], [4, 4, 1, 0, 0], [5, 2, 3, 4, 2]])
    written = np.array([[1, 1, 0, 0, 0], [1, 1, 1, 0, 0], [1, 1, 1, 1, 1]], np.float32)
    rewards = some_rewards(3) * written + padding_reward * (1 - written)

    def summed():
        return tf.reduce_sum(
            token_nll(generator(tokens), tokens)[written == 1] * rewards[written == 1]
        )

    expected, loss = gradients_of(generator, summed), float(summed()) / 10
    moved = Moved(generator)
    results = steps.policy_gradient(tokens, rewards, 1.0)
    for change, gradient in zip(moved(), expected, strict=True):
        np.testing.assert_allclose(change, -gradient, rtol=1e-3, atol=1e-5)
    assert float(results["policy_loss"]) == pytest.approx(loss, rel=1e-4)
    assert float(results["mean_reward"]) == pytest.approx(np.mean(rewards[written == 1]), rel=1e-5)


def test_the_baseline_is_a_mean_over_what_was_written(steps_of_sequences_that_end, monkeypatch):
    """Of the ten tokens that count, whatever the rewards of the padding are."""
    steps = steps_of_sequences_that_end
    generator = set_random_weights(steps.generator, scale=0.5)
    monkeypatch.setattr(steps, "reward_baseline", "batch")
    tokens = tf.constant([[3, 1, 0, 0, 0], [4, 4, 1, 0, 0], [5, 2, 3, 4, 2]])
    written = np.array([[1, 1, 0, 0, 0], [1, 1, 1, 0, 0], [1, 1, 1, 1, 1]], np.float32)
    rewards = np.where(written, some_rewards(3), 1e3).astype(np.float32)

    def summed():
        advantages = written * (rewards - np.mean(rewards[written == 1]))
        return tf.reduce_sum(token_nll(generator(tokens), tokens) * advantages)

    expected = gradients_of(generator, summed)
    found, _, mean_reward = steps._policy_gradients(WHOLE, tokens, rewards)
    for gradient, by_hand in zip(found, expected, strict=True):
        np.testing.assert_allclose(gradient, by_hand, rtol=1e-3, atol=1e-5)
    assert float(mean_reward) == pytest.approx(np.mean(rewards[written == 1]), rel=1e-5)


def test_data_count_by_their_own_tokens(steps_of_sequences_that_end, monkeypatch):
    """The sum over the six tokens of the data, not over as many as the samples have."""
    steps = steps_of_sequences_that_end
    generator = set_random_weights(steps.generator, scale=0.5)
    monkeypatch.setattr(steps, "data_weight", 0.3)
    tokens = tf.constant([[5, 2, 3, 4, 2]] * 3)
    data = tf.constant([[1, 0, 0, 0, 0], [3, 4, 1, 0, 0], [2, 1, 0, 0, 0]])
    counted = tf.constant([[1, 0, 0, 0, 0], [1, 1, 1, 0, 0], [1, 1, 0, 0, 0]], tf.float32)

    def summed():
        return 0.3 * tf.reduce_sum(token_nll(generator(data), data) * counted)

    expected = gradients_of(generator, summed)
    given = tokens, tf.zeros([3, T]), data, seed_of(1)
    found, *_ = steps._policy_gradients(WHOLE, *given)
    for gradient, by_hand in zip(found, expected, strict=True):
        np.testing.assert_allclose(gradient, by_hand, rtol=1e-3, atol=1e-5)


def test_the_learning_rate_is_that_of_the_call():
    steps = make_steps(clip_norm=1.0, g_learning_rate=0.3)
    for rate in (0.1, 0.01, 0.2):
        moved = Moved(steps.generator)
        steps.policy_gradient(some_tokens(), 1e4 * some_rewards(), rate)
        assert norm(moved()) == pytest.approx(rate, rel=1e-3)
    assert float(steps.mle_optimizer.learning_rate) == pytest.approx(0.01)


# Maximum likelihood


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("clip_norm", [1e9, 0.01])
def test_a_step_of_maximum_likelihood(cell, clip_norm):
    """Compiled, it equals the gradient taken eagerly: mean over tokens, clipped by global norm."""
    steps = make_steps(cell, clip_norm=clip_norm, mle_learning_rate=2.0)
    tokens = some_tokens()
    expected = gradients_of(steps.generator, lambda: mle_loss(steps.generator(tokens), tokens))
    scale = 2 * min(1, clip_norm / norm(expected))
    assert (scale < 1) == (clip_norm < 1)
    loss = float(mle_loss(steps.generator(tokens), tokens))
    moved = Moved(steps.generator)
    results = steps.mle_epoch(tokens, seed_of(1))
    assert {name: float(value) for name, value in results.items()} == pytest.approx(
        {"mle_loss": loss}, rel=1e-5
    )
    for change, gradient in zip(moved(), expected, strict=True):
        np.testing.assert_allclose(change, -scale * gradient, rtol=1e-4, atol=1e-6)


def test_the_rate_of_an_epoch_of_maximum_likelihood_stays_until_another_is_given():
    steps, moves = make_steps(clip_norm=0.01, mle_learning_rate=0.3), []
    for rate in (None, 0.1, None, 0.2):
        moved = Moved(steps.generator)
        steps.mle_epoch(some_tokens(), seed_of(1), learning_rate=rate)
        moves.append(norm(moved()) / 0.01)
    assert moves == pytest.approx([0.3, 0.1, 0.1, 0.2], rel=1e-3)
    assert float(steps.policy_optimizer.learning_rate) == pytest.approx(0.02)


def test_eager_and_compiled_steps_are_the_same():
    compiled, eager = make_steps(mle_learning_rate=1.0), make_steps(mle_learning_rate=1.0)
    for seed in range(3):
        tokens = some_tokens(B, seed)
        loss = compiled._mle_step(tokens, tokens)
        expected = eager._mle_step.python_function(tokens, tokens)
        assert float(loss) == pytest.approx(float(expected), rel=1e-5)
    for mine, theirs in zip(compiled.generator.weights, eager.generator.weights, strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-5)


def test_epochs_of_maximum_likelihood_lower_the_loss():
    steps = make_steps(optimizer="adam", mle_learning_rate=0.02)
    pattern = np.array([[0, 1, 2, 3, 4], [5, 4, 3, 2, 1]], np.int32)
    tokens = tf.constant(np.tile(pattern, [20, 1]))
    losses = [float(steps.mle_epoch(tokens, seed_of(k))["mle_loss"]) for k in range(30)]
    assert losses[0] > 1.5 and losses[-1] < 0.25  # the entropy is log(2) / 5 = 0.14
    samples = steps.generator.sample(50, (1, 2)).numpy()
    assert np.mean([np.any(np.all(pattern == row, axis=1)) for row in samples]) > 0.7


# Epochs


def count_uses(steps, num, seed):
    """How often an epoch of maximum likelihood uses each of `num` sequences, batch by batch."""
    sequences = tf.constant(np.repeat(np.arange(num)[:, None], T, axis=1), tf.int32)
    # A batch's loss holds a digit of base 4 for each sequence; float32 holds eleven of them.
    steps._mle_step = lambda _, tokens: tf.reduce_sum(4.0 ** tf.cast(tokens[:, 0], tf.float32))
    batches = num // steps.batch_size
    # Not by `mle_epoch`, which refuses ids that are none.
    loss = steps._mle_epoch(sequences, tf.constant(seed), None)["mle_loss"]
    digits = round(float(loss) * batches)
    return np.array([digits // 4**k % 4 for k in range(num)])


def test_an_epoch_uses_a_sequence_at_most_once():
    steps = new_steps(batch_size=3)
    left_out = []
    for seed in range(8):
        uses = count_uses(steps, 11, seed_of(seed))
        assert uses.sum() == 9 and uses.max() == 1  # 11 // 3 batches of 3
        left_out.append(tuple(np.flatnonzero(uses == 0)))
    assert len(set(left_out)) > 4  # another epoch, another remainder
    again = count_uses(steps, 11, seed_of(3))
    assert tuple(np.flatnonzero(again == 0)) == left_out[3]
    assert np.all(count_uses(new_steps(batch_size=4), 8, seed_of(1)) == 1)


def test_batches_are_shuffled():
    # Whether sequences 0 and 1, neighbours in the data, share a batch depends on the epoch.
    steps = make_steps(batch_size=2)
    shared = []
    for seed in range(20):
        order = steps._shuffled_batches(8, tf.constant(seed_of(seed))).numpy()
        assert order.shape == (4, 2) and sorted(order.ravel()) == list(range(8))
        shared.append(any(set(row) == {0, 1} for row in order))
    assert 0 < sum(shared) < 10  # one in seven, on average


def test_an_epoch_of_the_discriminator_mixes_both_kinds():
    steps = new_steps(batch_size=4)
    seen = []

    def look(tokens, labels, mask_seed):
        tf.py_function(
            lambda *values: seen.append([v.numpy() for v in values]),
            [tokens[:, 0], labels, mask_seed],
            [],
        )
        return tf.zeros([]), tf.zeros([])

    steps._discriminator_step = look
    real = tf.constant(np.repeat(np.arange(9)[:, None], T, axis=1), tf.int32)
    for seed in (1, 2):
        steps._discriminator_epoch(real, real + 9, tf.constant(seed_of(seed)))
    assert len(seen) == 2 * (18 // 4)
    for epoch in (seen[:4], seen[4:]):
        tokens = np.concatenate([batch[0] for batch in epoch])
        labels = np.concatenate([batch[1] for batch in epoch])
        assert len(set(tokens)) == 16
        np.testing.assert_array_equal(labels, tokens < 9)  # 1 is real
        assert sum(0 < batch[1].mean() < 1 for batch in epoch) >= 2
        assert len({tuple(batch[2]) for batch in epoch}) == 4  # a mask for each batch
    assert any(np.any(a[0] != b[0]) for a, b in zip(seen[:4], seen[4:], strict=True))
    assert not {tuple(batch[2]) for batch in seen[:4]} & {tuple(batch[2]) for batch in seen[4:]}


# Dropout of the generator


def steps_with_dropout():
    """Steps of a generator that drops half of its features in maximum likelihood."""
    generator = tiny_generator(V, T, dropout=0.5)
    return module.make_steps(generator, Discriminator(V, T, 3, {1: 4}), Settings(**SGD))


def test_the_generator_drops_in_maximum_likelihood_and_not_in_the_policy_gradient():
    steps, tokens, seed = steps_with_dropout(), some_tokens(), seed_of(1)
    generator = steps.generator

    def loss(**options):
        return float(mle_loss(generator(tokens, **options), tokens))

    dropping = loss(training=True, seed=seed)
    assert abs(dropping - loss()) > 0.01
    _, found = steps._mle_gradients(WHOLE, tokens, tokens, seed)
    assert float(found) == pytest.approx(dropping, rel=1e-5)
    _, found, _ = steps._policy_gradients(WHOLE, tokens, tf.ones([B, T]))
    assert float(found) == pytest.approx(loss(), rel=1e-5)


def test_shares_of_an_update_with_data_add_up_to_it(monkeypatch):
    """Each has its rows of the batch's dropout masks and of the batch's weights."""
    steps = steps_with_dropout()
    monkeypatch.setattr(steps, "data_weight", 0.3)
    given = some_tokens(), some_rewards(), some_tokens(seed=5), seed_of(3)
    gradients, *figures = steps._policy_gradients(WHOLE, *given)
    halves = [steps._policy_gradients(Share(n, 2), *given) for n in range(2)]
    for place, figure in enumerate(figures, start=1):
        assert float(figure) == pytest.approx(sum(float(half[place]) for half in halves), rel=1e-5)
    for place, gradient in enumerate(gradients):
        total = sum(half[0][place] for half in halves)
        np.testing.assert_allclose(total, gradient, rtol=1e-4, atol=1e-5)


def test_each_batch_of_maximum_likelihood_has_a_mask_of_its_own():
    steps, seen = steps_with_dropout(), []

    def look(inputs, tokens, mask_seed):
        tf.py_function(lambda seed: seen.append(tuple(seed.numpy())), [mask_seed], [])
        return tf.zeros([])

    steps._mle_step = look
    for seed in (1, 2):
        steps.mle_epoch(some_tokens(3 * B), seed_of(seed))
    assert len(seen) == len(set(seen)) == 2 * 3


# The discriminator


def test_fewer_sequences_than_a_batch_are_refused():
    steps, one = make_steps(), some_tokens(1)
    with pytest.raises(ValueError, match=f"`sequences` has 1 sequences, expected at .* of {B}"):
        steps.mle_epoch(one, seed_of(1))
    with pytest.raises(ValueError, match="`real` and `generated` have 2 sequences, expected at"):
        steps.discriminator_epoch(one, one, seed_of(1))


def test_dropout_is_on_while_it_trains():
    # One batch that holds everything: its loss depends on nothing but the dropout mask.
    still, dropping = (
        make_steps(dropout=dropout, batch_size=8, discriminator_learning_rate=0.0)
        for dropout in (0.0, 0.6)
    )
    sets = some_tokens(4, 1), some_tokens(4, 2)

    def loss(steps, seed):
        return float(steps.discriminator_epoch(*sets, seed_of(seed))["discriminator_loss"])

    logits = still.discriminator(tf.concat(sets, axis=0))
    expected = float(discriminator_loss(logits, [1.0] * 4 + [0.0] * 4))
    assert loss(still, 1) == pytest.approx(expected, rel=1e-5)
    assert loss(still, 2) == pytest.approx(expected, rel=1e-5)
    losses = [loss(dropping, seed) for seed in (1, 2, 3)]
    assert min(abs(a - expected) for a in losses) > 1e-3
    assert min(abs(losses[0] - losses[1]), abs(losses[0] - losses[2])) > 1e-3
    assert loss(dropping, 1) == losses[0]


def test_a_step_of_the_discriminator():
    """The cross-entropy and the penalty, which the loss that is told leaves out."""
    steps = make_steps(dropout=0.0, batch_size=8, discriminator_learning_rate=0.5)
    discriminator = steps.discriminator
    real, generated = some_tokens(4, 1), some_tokens(4, 2)
    tokens, labels = tf.concat([real, generated], axis=0), tf.constant([1.0] * 4 + [0.0] * 4)
    output = discriminator.output_layer

    def penalized():
        penalty = 0.05 * (tf.reduce_sum(output.kernel**2) + tf.reduce_sum(output.bias**2))
        return discriminator_loss(discriminator(tokens), labels) + penalty

    expected = gradients_of(discriminator, penalized)
    logits = discriminator(tokens)
    before = discriminator.get_weights()
    results = steps.discriminator_epoch(real, generated, seed_of(1))
    assert sorted(results) == ["discriminator_accuracy", "discriminator_loss"]
    assert float(results["discriminator_loss"]) == pytest.approx(
        float(discriminator_loss(logits, labels)), rel=1e-5
    )
    correct = np.mean((logits.numpy() > 0) == (labels.numpy() == 1))
    assert 0 < correct < 1
    assert float(results["discriminator_accuracy"]) == pytest.approx(correct)
    for old, new, gradient in zip(before, discriminator.get_weights(), expected, strict=True):
        np.testing.assert_allclose(new - old, -0.5 * gradient, rtol=1e-3, atol=1e-6)


def test_a_discriminator_of_prefixes_learns_from_all_of_them_and_is_right_about_sequences():
    """The loss is a mean over all prefixes, each with its sequence's label; f_T decides the accuracy."""
    options = {"dropout": 0.0, "embedding_dropout": 0.0}
    discriminator = set_random_weights(PrefixDiscriminator(V, T, 3, 4, **options), 3, 2.0)
    discriminator.output_layer.bias.assign([0.0])
    steps = module.make_steps(tiny_generator(V, T), discriminator, Settings(**SGD))
    tokens, labels = some_tokens(15), np.float32(6 * [1.0] + 9 * [0.0])
    logits = discriminator.prefix_logits(tokens).numpy().astype(np.float64)
    of_label = np.where(labels[:, None] == 1, logits, -logits)
    _, loss, accuracy = steps._discriminator_gradients(WHOLE, tokens, labels, seed_of(1))
    assert float(loss) == pytest.approx(np.mean(np.log1p(np.exp(-of_label))), rel=1e-5)
    right = np.mean(of_label > 0, axis=0)
    assert float(accuracy) == pytest.approx(right[-1]) and right[0] != right[-1]


def test_weight_decay_is_decoupled_and_none_is_plain_adam():
    """AdamW: every weight shrinks by rate * decay, besides Adam's own step."""
    plain, decayed = (
        make_steps(
            *("lstm", 0.0),
            **{"optimizer": "adam", "batch_size": 8, "discriminator_learning_rate": 0.01},
            **{"discriminator_weight_decay": decay, "xla": False},
        )
        for decay in (0.0, 0.1)
    )
    assert plain.discriminator_optimizer.weight_decay is None
    assert decayed.mle_optimizer.weight_decay is None
    before = plain.discriminator.get_weights()
    for steps in (plain, decayed):
        steps.discriminator_epoch(some_tokens(), some_tokens(B, 1), seed_of(1))
    after = plain.discriminator.get_weights(), decayed.discriminator.get_weights()
    weights = [variable.name for variable in plain.discriminator.weights]
    for name, old, new, shrunk in zip(weights, before, *after, strict=True):
        if "seed" not in name:
            np.testing.assert_allclose(shrunk, new - 0.01 * 0.1 * old, atol=1e-6)


def test_the_discriminator_separates_what_is_easy():
    steps = make_steps(optimizer="adam", batch_size=8, discriminator_learning_rate=0.02)
    random = np.random.default_rng(0)
    real, generated = (
        tf.constant(random.integers(low, low + 3, [40, T]), tf.int32) for low in (0, 3)
    )
    accuracies = [
        float(steps.discriminator_epoch(real, generated, seed_of(k))["discriminator_accuracy"])
        for k in range(10)
    ]
    assert accuracies[-1] > 0.95
    # And the reward knows which side is the real one.
    assert np.min(steps.discriminator.probability_real(real)) > 0.9
    assert np.max(steps.discriminator.probability_real(generated)) < 0.1


def test_sets_are_balanced_and_new():
    generator = constant_generator(5, V, T)
    real = tf.constant(np.arange(20)[:, None] % 5 + np.zeros([1, T]), tf.int32)
    for num in (7, 20):
        of_real, of_generated = balanced_sets(real, generator, num, seed_of(1))
        assert of_real.shape == of_generated.shape == [num, T]
        assert of_real.dtype == of_generated.dtype == tf.int32
        assert np.all(of_real < 5) and np.all(of_generated == 5)


def test_permuted_labels_deal_the_same_sequences_at_random():
    generator = constant_generator(5, V, T)
    real = tf.constant(np.arange(20)[:, None] % 5 + np.zeros([1, T]), tf.int32)
    plain = balanced_sets(real, generator, 20, seed_of(1))
    dealt = balanced_sets(real, generator, 20, seed_of(1), labels="permuted")
    assert [len(each) for each in dealt] == [20, 20]
    rows = [sorted(map(tuple, np.concatenate(sets))) for sets in (plain, dealt)]
    assert rows[0] == rows[1]
    num_generated = [int(np.sum(np.asarray(each)[:, 0] == 5)) for each in dealt]
    assert all(5 <= num <= 15 for num in num_generated) and sum(num_generated) == 20
    again = balanced_sets(real, generator, 20, seed_of(1), labels="permuted")
    np.testing.assert_array_equal(again[0], dealt[0])


def test_real_sequences_of_a_set_do_not_repeat():
    generator = tiny_generator(V, T)
    real = tf.constant(np.arange(20)[:, None] + np.zeros([1, T]), tf.int32)
    chosen = [balanced_sets(real, generator, 12, seed_of(seed)) for seed in range(5)]
    for of_real, _ in chosen:
        assert len(set(of_real.numpy()[:, 0])) == 12
    assert len({tuple(sorted(of_real.numpy()[:, 0])) for of_real, _ in chosen}) == 5
    assert len({of_generated.numpy().tobytes() for _, of_generated in chosen}) == 5
    again = balanced_sets(real, generator, 12, seed_of(3))
    for mine, theirs in zip(again, chosen[3], strict=True):
        np.testing.assert_array_equal(mine, theirs)


# XLA


def compiled_by_xla(steps):
    """Whether XLA must compile each update, as the graph of the update says."""
    tokens, rewards = some_tokens(), some_rewards()
    labels, seed = tf.zeros([len(tokens)]), tf.constant(seed_of(1))
    traced = (
        steps._mle_step.get_concrete_function(tokens, tokens),
        steps._policy_step.get_concrete_function(tokens, rewards),
        steps._discriminator_step.get_concrete_function(tokens, labels, seed),
    )
    return [each.function_def.attr["_XlaMustCompile"].b for each in traced]


def test_xla_can_be_left_out():
    assert compiled_by_xla(make_steps()) == [True] * 3
    assert compiled_by_xla(make_steps(xla=False)) == [False] * 3


def test_updates_are_the_same_without_xla():
    # But for the dropout masks that a seed gives.
    with_xla, without = make_steps(dropout=0.0), make_steps(dropout=0.0, xla=False)
    for steps in (with_xla, without):
        steps.mle_epoch(some_tokens(8), seed_of(1))
        steps.policy_gradient(some_tokens(), some_rewards(), 0.1)
        steps.discriminator_epoch(some_tokens(8), some_tokens(8, 1), seed_of(2))
    for name in ("generator", "discriminator"):
        pairs = zip(getattr(with_xla, name).weights, getattr(without, name).weights, strict=True)
        for one, other in pairs:
            np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6, err_msg=one.path)
