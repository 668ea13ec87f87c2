"""Guided log-probabilities and tree search of an export: values, errors, signatures."""

import numpy as np
import pytest
import tensorflow as tf

from models.critic_endpoints import CriticEndpoints
from models.discriminator import Discriminator
from models.endpoints import Endpoints
from models.export import export_generator
from models.guidance import GuidedPolicy
from models.prefix_discriminator import PrefixDiscriminator
from models.tree_search import TreeSearch
from models.value import ValueNetwork
from tests.helpers import (
    all_sequences,
    check_frequencies,
    code_of,
    exact_probabilities,
    set_random_weights,
    tiny_generator,
)
from tests.models.test_endpoints import rows_of

pytestmark = pytest.mark.slow

V, T = 3, 4
SEED = (1, 2)


def value_network():
    network = set_random_weights(ValueNetwork(V, T, 3, 5), 2, 1.5)
    network.set_units(0.4, 0.8)
    return network


@pytest.fixture(scope="module", params=["prefix discriminator", "value network"])
def guided(request):
    """Of a generator with a critic: its own discriminator, or a value network beside that of the paper."""
    generator = tiny_generator(V, T, seed=1)
    if request.param == "value network":
        return Endpoints(generator, Discriminator(V, T, 3, {1: 4, 2: 4}), value_network())
    return Endpoints(generator, set_random_weights(PrefixDiscriminator(V, T, 3, 5), 2, 1.5))


def of_critic(guided):
    return CriticEndpoints(guided, guided.guided)


def test_guided_samples_and_completions_have_the_likelihood_that_is_given(guided):
    functions = of_critic(guided)
    every, num, draw = all_sequences(V, T), 6000, {"temperature": 0.9, "guidance": 0.8}
    likely, counted = functions.log_prob_guided(every, 0.9, 0.8)
    policy = GuidedPolicy(guided.generator, guided.critic)
    np.testing.assert_allclose(likely, policy.log_prob(every, 0.9, 0.8), rtol=1e-6)
    assert (counted.numpy() == T).all()
    probabilities = np.exp(likely.numpy())
    assert np.abs(probabilities - exact_probabilities(guided.generator, every, 0.9)).max() > 0.01
    drawn = guided.sample(num, (5, 6), **draw).numpy()
    check_frequencies(np.bincount(code_of(drawn, V), minlength=len(every)), probabilities)
    drawn = guided.complete(*rows_of([(1, 2)], num), (5, 6), **draw).numpy()
    given = (every[:, :2] == (1, 2)).all(axis=1)
    check_frequencies(np.bincount(code_of(drawn, V), minlength=len(every)), probabilities * given)


def test_a_discriminator_of_prefixes_comes_before_a_value_network():
    judge = PrefixDiscriminator(V, T, 3, 5)
    assert Endpoints(tiny_generator(V, T), judge, value_network()).critic is judge


def test_a_search_is_that_of_the_library_with_or_without_a_prefix(guided):
    search, functions = TreeSearch(guided.generator, guided.critic), of_critic(guided)
    num, nothing = 200, (np.zeros([200, 0], np.int32), np.zeros(200, np.int32))
    drawn = functions.tree_search(*nothing, SEED, 7, 0.9, 1.5).numpy()
    np.testing.assert_array_equal(drawn, search.sample(num, SEED, 7, 0.9, 1.5))
    drawn = functions.tree_search(*nothing, SEED).numpy()
    np.testing.assert_array_equal(drawn, search.sample(num, SEED))

    drawn = functions.tree_search(*rows_of([(1, 2), (2,)], 3000), SEED, 7, 0.9, 1.5).numpy()
    assert (drawn[:3000, :2] == (1, 2)).all() and (drawn[3000:, :1] == 2).all()
    every, expected = all_sequences(V, T), np.ones(V**T)
    for t in range(2, T):
        visits = search.visits(every, t, 7, 0.9, 1.5).numpy() / 7
        expected *= np.take_along_axis(visits, every[:, t : t + 1], axis=1)[:, 0]
    expected *= (every[:, :2] == (1, 2)).all(axis=1)
    counts = np.bincount(code_of(drawn[:3000], V), minlength=len(every))
    assert not counts[expected == 0].any()
    check_frequencies(counts[expected > 0], expected[expected > 0])


def test_the_export_has_both_as_functions_and_signatures(guided, tmp_path):
    plain = {"sample", "complete", "log_prob", "step"}
    more = {"log_prob_guided", "tree_search"}
    assert set(guided.functions()) == plain and set(of_critic(guided).functions()) == more
    given = guided.generator, tmp_path / "generator", {"size": V}, guided.discriminator
    export_generator(*given, critic=guided.critic)
    loaded = tf.saved_model.load(str(tmp_path / "generator"))
    assert set(loaded.signatures) == plain | more | {"serving_default"}
    every = tf.constant(all_sequences(V, T), tf.int32)
    scored = loaded.signatures["log_prob_guided"](
        tokens=every, temperature=tf.constant(0.8), guidance=tf.constant(1.2)
    )
    policy = GuidedPolicy(guided.generator, guided.critic)
    np.testing.assert_allclose(scored["log_prob"], policy.log_prob(every, 0.8, 1.2), rtol=1e-6)
    drawn = loaded.signatures["tree_search"](
        prefixes=tf.zeros([9, 1], tf.int32),
        lengths=tf.zeros([9], tf.int32),
        seed=tf.constant(SEED),
        simulations=tf.constant(5),
        temperature=tf.constant(1.0),
        exploration=tf.constant(2.0),
    )
    own = TreeSearch(guided.generator, guided.critic).sample(9, SEED, 5, exploration=2.0)
    np.testing.assert_array_equal(drawn["tokens"], own)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda e: e.log_prob_guided([[0, 1, 2, 0]], 0.0, 1.0), "`temperature` is 0, expected a"),
        (lambda e: e.log_prob_guided([[0, 1, 2, 0]], 1.0, -1.0), "`guidance` is -1, expected a"),
        (lambda e: e.log_prob_guided([[0, 1]], 1.0, 1.0), r"`tokens` have the shape \[1 2\]"),
        (lambda e: e.tree_search([[0]], [0], SEED, 0), "`simulations` is 0, expected a whole"),
        (lambda e: e.tree_search([[0]], [0], SEED, 10_001), "`simulations` is 10001, expected"),
        (lambda e: e.tree_search([[0]], [0], SEED, 2, 0.0), "`temperature` is 0, expected a"),
        (
            lambda e: e.tree_search([[0]], [0], SEED, 2, 1.0, -1.0),
            "`exploration` is -1, expected a number from 0 to 1e\\+06; give one, such as 1",
        ),
        (lambda e: e.tree_search([[0]], [-1], SEED), "`lengths` have -1, expected no number below"),
        (lambda e: e.tree_search([[0] * T], [T], SEED), "`lengths` have 4, expected at most 3"),
        (lambda e: e.tree_search([[V]], [1], SEED), "`prefixes` hold the id 3, expected ids in"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(call, said):
    endpoints = Endpoints(tiny_generator(V, T), PrefixDiscriminator(V, T, 3, 5))
    with pytest.raises(tf.errors.InvalidArgumentError, match=said):
        call(of_critic(endpoints))
