"""The generator guided by a prefix discriminator or a value network, against enumeration."""

import re

import numpy as np
import pytest
import tensorflow as tf

from models.guidance import GuidedPolicy
from models.prefix_discriminator import PrefixDiscriminator
from models.prefix_judge import PrefixJudge
from models.small_prefix_discriminator import SmallPrefixDiscriminator
from models.value import ValueNetwork
from tests.helpers import (
    all_sequences,
    check_frequencies,
    code_of,
    exact_probabilities,
    set_random_weights,
    tiny_generator,
)

V, T = 4, 3
ALL = all_sequences(V, T)


def prefix_discriminator(seed=3, scale=1.5):
    return set_random_weights(PrefixDiscriminator(V, T, 3, 5), seed, scale)


def small_prefix_discriminator(seed=3, scale=1.0):
    model = SmallPrefixDiscriminator(V, T, 3, {1: 4, 2: 5, 3: 2})
    return set_random_weights(model, seed, scale)


def value_network(seed=3, scale=1.5):
    network = set_random_weights(ValueNetwork(V, T, 3, 5), seed, scale)
    network.set_units(0.7, 2.5)
    return network


CRITICS = (prefix_discriminator, small_prefix_discriminator, value_network)


def scores(critic, tokens):
    """f of every prefix `[M, T]`, by the function that reads whole sequences."""
    read = critic.prefix_logits if isinstance(critic, PrefixJudge) else critic.values
    return read(tokens).numpy().astype(np.float64)


def probabilities(generator, temperature=1.0):
    """G(y | Y_{1:t}) for each sequence of `ALL`: float64 `[V ** T, T, V]`."""
    logits = generator(ALL).numpy().astype(np.float64) / temperature
    mass = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return mass / mass.sum(axis=-1, keepdims=True)


def guided_log_probs(generator, critic, num_tokens, temperature, guidance):
    """Log-probability of each of `ALL`, a literal reading of the docstring; what follows an end counts 0."""
    plain, ratios = probabilities(generator, temperature), np.exp(guidance * scores(critic, ALL))
    totals = np.zeros(len(ALL))
    for number, row in enumerate(ALL):
        for t in range(T):
            others = np.repeat(row[None], V, axis=0)
            others[:, t] = np.arange(V)
            ratio = ratios[code_of(others, V), t]
            guided = plain[number, t].copy()
            scored = np.argsort(-guided, kind="stable")[:num_tokens]
            guided[scored] *= ratio[scored]
            guided[scored] *= plain[number, t, scored].sum() / guided[scored].sum()
            if row[t] not in generator.blocked_tokens:
                totals[number] += np.log(guided[row[t]])
            if row[t] == generator.end_token:
                break
    return totals


@pytest.mark.slow
@pytest.mark.parametrize("cell", ["lstm"])
@pytest.mark.parametrize("make", CRITICS)
@pytest.mark.parametrize("num_tokens", [V, 2])
def test_log_probabilities_are_those_of_a_literal_reading_and_sum_to_one(cell, make, num_tokens):
    generator, critic = tiny_generator(V, T, cell), make()
    policy = GuidedPolicy(generator, critic, num_tokens)
    log_probs = policy.log_prob(ALL, temperature=0.8, guidance=1.3).numpy()
    literal = guided_log_probs(generator, critic, num_tokens, 0.8, 1.3)
    np.testing.assert_allclose(log_probs, literal, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(np.exp(log_probs).sum(), 1, rtol=1e-5)
    plain = generator.log_prob(ALL, 0.8).numpy()
    assert np.abs(log_probs - plain).max() > 0.1  # the critic has a say


def test_a_sequence_with_an_end_and_blocked_tokens():
    options = {"end_token": 1, "blocked_tokens": (0,)}
    generator, critic = tiny_generator(V, T, **options), prefix_discriminator()
    policy = GuidedPolicy(generator, critic)
    ended = np.cumsum(ALL == 1, axis=1) - (ALL == 1) > 0
    can_be = ((ALL == 0) == ended).all(axis=1)  # padding after the end, and nowhere else
    written = ALL[can_be]
    log_probs = policy.log_prob(written).numpy()
    literal = guided_log_probs(generator, critic, V, 1.0, 1.0)[can_be]
    np.testing.assert_allclose(log_probs, literal, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(np.exp(log_probs).sum(), 1, rtol=1e-5)
    drawn = policy.sample(4000, (1, 2)).numpy()
    assert {tuple(row) for row in drawn} <= {tuple(row) for row in written}
    check_frequencies(
        np.array([(drawn == row).all(axis=1).sum() for row in written]), np.exp(log_probs)
    )


@pytest.mark.slow
@pytest.mark.parametrize("num_tokens", [V, 2])
def test_samples_have_the_probabilities_that_log_prob_gives(num_tokens):
    policy = GuidedPolicy(tiny_generator(V, T), prefix_discriminator(), num_tokens)
    drawn = policy.sample(20_000, (3, 4), temperature=1.2, guidance=0.7).numpy()
    counts = np.bincount(code_of(drawn, V), minlength=V**T)
    check_frequencies(counts, np.exp(policy.log_prob(ALL, 1.2, 0.7).numpy()))
    again = policy.sample(20_000, (3, 4), temperature=1.2, guidance=0.7).numpy()
    np.testing.assert_array_equal(drawn, again)


def test_without_guidance_it_is_the_generator():
    generator = tiny_generator(V, T)
    policy = GuidedPolicy(generator, prefix_discriminator())
    np.testing.assert_allclose(
        np.exp(policy.log_prob(ALL, 0.7, guidance=0.0).numpy()),
        exact_probabilities(generator, ALL, 0.7),
        rtol=1e-4,
    )


class ExactRatio(PrefixDiscriminator):
    """log p(Y_{1:t}) / G(Y_{1:t}) of two generators, from a table; its states are the code of a prefix."""

    numbers = 1

    def use(self, p, g):
        ratios = np.log(probabilities(p) / probabilities(g))
        own = np.take_along_axis(ratios, ALL[..., None], axis=2)[..., 0]
        self.table = np.cumsum(own, axis=1).astype(np.float32)
        return self

    def prefix_scores(self):
        return self

    def initial_states(self, num):
        return [tf.zeros([num, 1])] * 2  # code of the prefix, tokens read

    def read(self, tokens, states):
        code, count = states
        place = tf.pow(float(V), T - 1 - count)
        return [code + place * tf.cast(tokens, tf.float32)[:, None], count + 1.0]

    def next_scores(self, tokens, states):
        code, count = states
        codes = code + tf.pow(float(V), T - 1 - count) * tf.cast(tokens, tf.float32)
        places = tf.repeat(count, tokens.shape[1], axis=1)
        return tf.gather_nd(self.table, tf.cast(tf.stack([codes, places], axis=-1), tf.int32))


def test_the_exact_ratio_of_prefixes_gives_the_distribution_of_the_data():
    """A critic that is right about every prefix: the guided policy is p, whatever the generator."""
    generator, other = tiny_generator(V, T, seed=1), tiny_generator(V, T, seed=2)
    policy = GuidedPolicy(generator, ExactRatio(V, T, 3, 5).use(other, generator))
    found = np.exp(policy.log_prob(ALL).numpy())
    np.testing.assert_allclose(found, exact_probabilities(other, ALL), rtol=1e-4)


def test_scores_token_by_token_are_those_of_whole_sequences():
    for make in CRITICS:
        critic, offset = make(), 0.7 if make is value_network else 0.0
        reader = critic.prefix_scores()
        states = reader.initial_states(len(ALL))
        every = np.tile(np.arange(V, dtype=np.int32), [len(ALL), 1])
        for t in range(T):
            found = reader.next_scores(every, states).numpy()
            own = np.take_along_axis(found, ALL[:, t : t + 1], axis=1)[:, 0]
            np.testing.assert_allclose(own + offset, scores(critic, ALL)[:, t], atol=2e-5)
            states = reader.read(ALL[:, t], states)


@pytest.mark.slow
def test_chunks_do_not_change_what_is_drawn_or_scored(monkeypatch):
    generator, critic = tiny_generator(V, T), prefix_discriminator()
    whole = GuidedPolicy(generator, critic)
    drawn, log_probs = whole.sample(50, (5, 6)), whole.log_prob(ALL)
    monkeypatch.setattr(type(generator.layout), "logit_rows", lambda self, vocab_size: 7)
    cut = GuidedPolicy(generator, critic)
    np.testing.assert_array_equal(cut.sample(50, (5, 6)), drawn)
    np.testing.assert_allclose(cut.log_prob(ALL), log_probs, rtol=1e-6)


def test_what_does_not_fit_is_refused():
    generator = tiny_generator(V, T)
    message = "`critic` has the vocab_size 5, expected that of the generator, 4; make both for the same data."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        GuidedPolicy(generator, PrefixDiscriminator(V + 1, T, 3, 5))
    with pytest.raises(ValueError, match="max_length 4"):
        GuidedPolicy(generator, ValueNetwork(V, T + 1))
    policy = GuidedPolicy(generator, prefix_discriminator())
    with pytest.raises(ValueError, match=r"^`guidance` is -1, expected a number of at least 0"):
        policy.sample(2, (1, 2), guidance=-1)
    with pytest.raises(ValueError, match=r"^`guidance` is nan"):
        policy.log_prob(ALL, guidance=float("nan"))
    with pytest.raises(
        ValueError, match=r"^`guidance` is inf, expected at most 1e\+06; give a small"
    ):
        policy.sample_with_targets(2, (1, 2), guidance=float("inf"))
    with pytest.raises(ValueError, match=r"^`temperature` is inf, expected at most 1e\+30"):
        policy.log_prob(ALL, temperature=float("inf"))


@pytest.mark.slow
@pytest.mark.parametrize("make_critic", CRITICS)
def test_xla_scores_the_same_tokens(make_critic):
    critic, generator = make_critic(), tiny_generator(V, T)
    plain, compiled = (
        GuidedPolicy(generator, critic, 3, jit_compile=jit_compile) for jit_compile in (False, True)
    )
    given = 50, (1, 2), 0.9, 1.5
    for ours, expected in zip(
        compiled.sample_with_targets(*given), plain.sample_with_targets(*given), strict=True
    ):
        np.testing.assert_allclose(ours, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(compiled.log_prob(ALL), plain.log_prob(ALL), rtol=1e-5)


@pytest.mark.slow
def test_xla_compiles_the_scoring_only_where_asked():
    generator, critic = tiny_generator(V, T), small_prefix_discriminator()
    for jit_compile in (False, True):
        policy = GuidedPolicy(generator, critic, jit_compile=jit_compile)
        graph = policy._log_prob.get_concrete_function(
            tf.TensorSpec([None, T], tf.int32), tf.TensorSpec([]), tf.TensorSpec([])
        ).graph.as_graph_def()
        compiled = [f for f in graph.library.function if f.attr["_XlaMustCompile"].b]
        assert bool(compiled) == jit_compile
