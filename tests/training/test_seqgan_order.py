"""Algorithm 1 with stand-ins for its models: what is done in which order, with which draws and data."""

from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from tests.training.test_seqgan import LENGTH, VOCAB, settings
from training import pretrain, seqgan
from training.distribution import ONE_DEVICE
from training.journal import Measurement, MemoryJournal
from training.rewards import Reward, make_reward
from training.seqgan import train_seqgan

REAL = np.random.default_rng(1).integers(0, VOCAB, [32, LENGTH]).astype(np.int32)
VALIDATION = np.random.default_rng(2).integers(0, VOCAB, [6, LENGTH]).astype(np.int32)


class StandIns:
    """Models and updates that note what they are asked for.

    Attributes:
        done: names, in order.
        seeds: of each draw, in order.
        given: arguments by name, of each call.
    """

    def __init__(self):
        self.done, self.seeds, self.given = [], [], {}
        self.generator, self.policy = (
            SimpleNamespace(
                variables=[],
                sample=self._noting(name, lambda num, seed: tf.zeros([num, LENGTH], tf.int32), 1),
                mask=tf.ones_like,
            )
            for name in ("sample", "sample of the target")
        )
        self.discriminator = SimpleNamespace(
            variables=[], probability_real=lambda tokens: tf.zeros([len(tokens)])
        )
        self.rollout = SimpleNamespace(
            variables=[],
            policy=self.policy,
            update=self._noting("beta", lambda *_: None),
            action_values=self._noting("roll-outs", self._values, 3),
        )
        self.critic = SimpleNamespace(
            objects={},
            pretrain=self._noting("first values", lambda *_: None),
            learn=self._noting("learn values", lambda reward, seed: self._learn(reward), 1),
            action_values=self._noting("values", self._values, 3),
        )
        self.guided = SimpleNamespace(update=self._noting("guided", lambda *_: {}, 0))
        self.steps = SimpleNamespace(
            generator=self.generator,
            discriminator=self.discriminator,
            optimizers={},
            distribution=ONE_DEVICE,
            mle_epoch=self._noting("mle", lambda *_: {"mle_loss": 1.0}, 1),
            policy_gradient=self._noting("update", lambda *_: {}, 4),
            discriminator_epoch=self._noting("D", lambda *_: {}, 2),
        )

    def _noting(self, name, function, seed=None):
        """A function that notes its call and, where it is given, the seed at this place."""

        def called(*given):
            self.done.append(name)
            self.given.setdefault(name, []).append(given)
            if seed is not None and len(given) > seed:
                self.seeds.append(tuple(int(number) for number in given[seed]))
            return function(*given)

        return called

    def _values(self, tokens, reward_fn, num_rollouts, seed):
        reward_fn(tokens)
        return tf.ones(tokens.shape)

    def _learn(self, reward_fn):
        reward_fn(tf.zeros([2, LENGTH], tf.int32))
        return {}

    def reward(self):
        """A mixture whose parts both draw."""
        of_rows = self._noting("reward", lambda tokens, seed: tf.zeros([len(tokens)]), 1)
        of_batch = self._noting("over batch", lambda values, seed: 7 * values, 1)
        return Reward(0.5, of_rows, of_batch=of_batch)

    def measure(self, policy, num, seed):
        self.given.setdefault("measure", []).append(num)
        return Measurement({})

    def train(self, reward=None, journal=None, critic=False, guided=False, **changes):
        """Algorithm 1, one MLE epoch unless the changes say otherwise."""
        train_seqgan(
            *(self.steps, self.rollout, reward or self.reward(), tf.constant(REAL)),
            settings(**changes),
            journal or MemoryJournal(1),
            self.measure,
            VALIDATION,
            critic=self.critic if critic else None,
            guided=self.guided if guided else None,
        )
        return self


@pytest.fixture(autouse=True)
def verdicts(monkeypatch):
    """Arguments of each measurement of the discriminator, which none of these tests carries out."""
    given = []
    for module in (seqgan, pretrain):
        monkeypatch.setattr(module, "measure_verdict", lambda *a: given.append(a) or {})
    return given


SMALL = {"pretrain_d_steps": 1, "pretrain_d_epochs": 2, "rounds": 2, "g_steps": 2}
SMALL |= {"d_steps": 1, "d_epochs": 2, "data_weight": 0.5}


def test_the_lines_of_algorithm_1_in_their_order():
    update = ["sample", "roll-outs", "reward", "over batch", "update"]  # 8 to 12
    discriminator = ["sample", "D", "D"]  # 15 and 16
    expected = ["mle", "beta", *discriminator]  # 2 to 5
    expected += 2 * [*update, *update, *discriminator, "beta"]  # 6 to 18
    assert StandIns().train(**SMALL).done == expected


def test_a_value_network_learns_before_the_updates_of_each_round():
    update = ["sample", "values", "reward", "over batch", "update"]
    discriminator, learns = ["sample", "D", "D"], ["learn values", "reward"]
    expected = ["mle", "beta", *discriminator, "first values"]
    expected += 2 * [*learns, *update, *update, *discriminator, "beta"]
    assert StandIns().train(critic=True, **SMALL).done == expected


def test_guided_updates_take_the_place_of_samples_and_roll_outs():
    done = StandIns().train(guided=True, **SMALL).done
    discriminator = ["sample", "D", "D"]
    expected = ["mle", "beta", *discriminator, *2 * ["guided", "guided", *discriminator, "beta"]]
    assert done == expected


def test_the_target_network_starts_from_the_generator_at_its_temperature(monkeypatch):
    models, journal = StandIns(), MemoryJournal(1)
    journal.state.results["temperature_mle"] = 1.5
    applied = models._noting("temperature", lambda *_: None)
    monkeypatch.setattr(seqgan, "apply_temperature", applied)
    done = models.train(journal=journal, start_at_temperature=True, **SMALL).done
    assert done[:3] == ["mle", "temperature", "beta"]
    assert models.given["temperature"] == [(models.generator, 1.5)]


@pytest.mark.parametrize("how", [{}, {"critic": True}, {"guided": True}])
def test_no_two_draws_of_a_run_have_the_same_seed(how):
    more = {"mle_epochs": 2, "pretrain_d_steps": 2, "d_steps": 2}
    seeds = StandIns().train(**how, **{**SMALL, **more}).seeds
    assert len(seeds) == len(set(seeds)) > 20


def test_what_an_update_is_given():
    """The samples, values over the batch, the round's learning rate, and sequences of the training set."""
    models = StandIns().train(**SMALL, g_learning_rate=1.0, g_learning_rate_final=0.4)
    updates = models.given["update"]
    assert [rate for _, _, rate, *_ in updates] == pytest.approx([1.0, 1.0, 0.4, 0.4])
    batches = []
    for tokens, values, _, data, _ in updates:
        np.testing.assert_array_equal(tokens, np.zeros([8, LENGTH]))
        np.testing.assert_array_equal(values, np.full([8, LENGTH], 7.0))
        assert data.shape == (8, LENGTH)
        assert {row.tobytes() for row in data.numpy()} <= {row.tobytes() for row in REAL}
        batches.append(data.numpy().tobytes())
    assert len(set(batches)) == 4


def test_one_roll_out_is_enough_for_a_constant_reward():
    for name, expected in (("constant", 1), ("discriminator", 2)):
        models = StandIns().train(make_reward(settings(reward=name), None, REAL), **SMALL)
        assert {num for _, _, num, _ in models.given["roll-outs"]} == {expected}


def test_what_the_discriminator_knows_is_measured_on_validation_data(verdicts):
    models = StandIns().train(**SMALL)
    assert len(verdicts) == 1 + 2  # after each training set of the pre-training, and each round
    for generator, discriminator, validation, num, _ in verdicts:
        assert generator is models.generator and discriminator is models.discriminator
        assert validation is VALIDATION and num == settings().verdict_samples
    assert len({tuple(seed) for *_, seed in verdicts}) == 1  # the same samples' seed: comparable


@pytest.mark.parametrize("labels", ["true", "permuted"])
def test_what_the_discriminator_learns_from(labels):
    """As many real as generated sequences, of each stage's number, told apart unless they are dealt anew."""
    numbers = {"pretrain_d_samples": 16, "d_samples": 8, "rounds": 1}
    models = StandIns().train(**{**SMALL, **numbers}, d_labels=labels)
    sizes = []
    for real, generated, _ in models.given["D"]:
        assert len(real) == len(generated)
        sizes.append(len(real))
        written = [np.mean(np.all(sets == 0, axis=1)) for sets in (real, generated)]
        assert written == [0, 1] if labels == "true" else 0 < written[0] < 1 > written[1] > 0
    assert sizes == [16, 16, 8, 8]


def test_measures_take_their_number_of_samples():
    """Along the way fewer than at the MLE start; the final ones are `measure_generator`'s."""
    changes = {"mle_epochs": 2, "rounds": 3, "eval_every": 2, "eval_samples": 4}
    models = StandIns().train(**{**SMALL, **changes}, final_samples=9)
    assert models.given["measure"] == [4, 9, 4, 4]  # epoch 2, the start, rounds 2 and 3
