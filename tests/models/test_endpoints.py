"""The endpoints of an export, called before it is written: exact completions, candidates, likelihoods."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from models.discriminator import Discriminator
from models.endpoints import Endpoints
from models.prefix_discriminator import PrefixDiscriminator
from models.small_discriminator import SmallDiscriminator
from tests.helpers import (
    all_sequences,
    check_frequencies,
    code_of,
    exact_probabilities,
    set_random_weights,
    tiny_generator,
)

V, T = 3, 4


@pytest.fixture(scope="module")
def plain():
    """Of an LSTM whose sequences all have T tokens."""
    return Endpoints(tiny_generator(V, T, seed=1))


@pytest.fixture(scope="module")
def ending():
    """Of a GRU whose sequences may end, with a discriminator: ids 1 (end), 3 and 4 can be written."""
    generator = tiny_generator(5, 3, "gru", seed=2, end_token=1, blocked_tokens=(0, 2))
    judge = set_random_weights(Discriminator(5, 3, 4, {1: 3, 2: 3}), 4)
    return Endpoints(generator, judge)


@pytest.fixture(scope="module")
def guided():
    """Of a generator with a prefix discriminator."""
    generator = tiny_generator(V, T, seed=1)
    return Endpoints(generator, set_random_weights(PrefixDiscriminator(V, T, 3, 5), 2, 1.5))


def rows_of(prefixes, num):
    """`num` rows of each prefix, padded to the longest with an id that would show, and their lengths."""
    width = max(map(len, prefixes))
    rows = [[*prefix, *[V - 1] * (width - len(prefix))] for prefix in prefixes]
    return np.repeat(np.int32(rows), num, axis=0), np.repeat(
        np.int32([len(prefix) for prefix in prefixes]), num
    )


@pytest.mark.parametrize("temperature", [1.0, 0.5])
def test_completions_have_the_exact_conditional_distribution(plain, temperature):
    """For every prefix of every length, in one call."""
    every, num = all_sequences(V, T), 1500
    probabilities = exact_probabilities(plain.generator, every, temperature)
    prefixes = [p for n in range(1, T) for p in itertools.product(range(V), repeat=n)]
    drawn = plain.complete(*rows_of(prefixes, num), (5, 6), temperature).numpy()
    assert drawn.dtype == np.int32 and drawn.shape == (len(prefixes) * num, T)
    for prefix, rows in zip(prefixes, np.split(drawn, len(prefixes)), strict=True):
        assert (rows[:, : len(prefix)] == prefix).all()
        counts = np.bincount(code_of(rows, V), minlength=len(every))
        given = (every[:, : len(prefix)] == prefix).all(axis=1)
        check_frequencies(counts, probabilities * given)


@pytest.mark.slow
def test_completions_may_end(ending):
    """Pad after the end, and as likely as `log_prob` says."""
    drawn = ending.complete(*rows_of([(3,), (4, 3)], 4000), (5, 6)).numpy()
    written = [(3, 1, 0)] + [(3, a, b) for a in (3, 4) for b in (1, 3, 4)]
    for rows, sequences in zip(
        np.split(drawn, 2), (written, [(4, 3, b) for b in (1, 3, 4)]), strict=True
    ):
        likely = np.exp(ending.log_prob(np.int32(sequences))[0].numpy())
        counts = np.array([(rows == sequence).all(axis=1).sum() for sequence in sequences])
        assert counts.sum() == len(rows)
        check_frequencies(counts, likely)


@pytest.mark.slow
def test_guided_draws_can_be_truncated_and_chosen_from(guided):
    greedy = guided.sample(20, (5, 6), top_k=1, guidance=0.8).numpy()
    assert (greedy == greedy[0]).all()
    tiny_share = guided.sample(20, (5, 6), top_p=1e-6, guidance=0.8)
    np.testing.assert_array_equal(tiny_share, greedy)
    all_kept = guided.sample(50, (5, 6), top_k=V, guidance=0.8).numpy()
    np.testing.assert_array_equal(guided.sample(50, (5, 6), guidance=0.8), all_kept)
    num, candidates = 50, 4
    drawn = guided.sample(num * candidates, (3, 4), guidance=0.8).numpy()
    logits = guided.discriminator.logits(drawn).numpy().reshape(num, candidates)
    best = drawn.reshape(num, candidates, -1)[np.arange(num), logits.argmax(axis=1)]
    chosen = guided.sample(num, (3, 4), candidates=candidates, guidance=0.8).numpy()
    np.testing.assert_array_equal(chosen, best)


def test_without_guidance_a_prefix_discriminator_changes_nothing(plain, guided):
    np.testing.assert_array_equal(guided.sample(50, (3, 4)), plain.sample(50, (3, 4)))
    with pytest.raises(tf.errors.InvalidArgumentError, match="`guidance` is -1, expected a number"):
        guided.sample(1, SEED, guidance=-1.0)


def test_samples_are_those_of_the_generator(plain, ending):
    for endpoints in (plain, ending):
        drawn = endpoints.sample(300, (3, 4), 0.7)
        np.testing.assert_array_equal(drawn, endpoints.generator.sample(300, (3, 4), 0.7))


def test_a_truncation_that_keeps_all_draws_the_same(plain, ending):
    for endpoints in (plain, ending):
        kept = endpoints.sample(300, (3, 4), 0.7, endpoints.generator.vocab_size, 1.0)
        np.testing.assert_array_equal(kept, endpoints.sample(300, (3, 4), 0.7))


@pytest.mark.parametrize(("top_k", "top_p"), [(2, 1.0), (0, 0.6), (2, 0.7)])
def test_truncated_samples_are_as_frequent_as_the_truncated_policy_says(plain, top_k, top_p):
    every = all_sequences(V, T)
    logits = plain.generator(every).numpy().astype(np.float64)  # [V ** T, T, V]
    probabilities = np.ones(len(every))
    for row, t in np.ndindex(len(every), T):
        mass = np.exp(logits[row, t])
        order = np.argsort(-mass)[: top_k or V]
        shares = np.cumsum(mass[order]) / mass[order].sum()
        kept = order[: 1 + np.sum(shares < top_p)] if top_p < 1 else order
        token = every[row, t]
        probabilities[row] *= mass[token] / mass[kept].sum() if token in kept else 0
    np.testing.assert_allclose(probabilities.sum(), 1)
    drawn = plain.sample(10_000, (7, 8), 1.0, top_k, top_p).numpy()
    check_frequencies(np.bincount(code_of(drawn, V), minlength=len(every)), probabilities)


@pytest.mark.parametrize(("top_k", "top_p"), [(0, 1.0), (2, 0.9)])
def test_the_candidate_with_the_highest_logit_is_kept(ending, top_k, top_p):
    num, candidates = 50, 4
    drawn = ending.sample(num * candidates, (3, 4), 1.0, top_k, top_p).numpy()
    logits = ending.discriminator(drawn, training=False).numpy().reshape(num, candidates)
    best = drawn.reshape(num, candidates, -1)[np.arange(num), logits.argmax(axis=1)]
    chosen = ending.sample(num, (3, 4), 1.0, top_k, top_p, candidates).numpy()
    np.testing.assert_array_equal(chosen, best)
    assert (chosen != drawn[:num]).any()


def test_candidates_are_resampled_in_proportion_to_the_ratio(plain):
    """The exact probability of each sequence, over all draws of two candidates."""
    judge = set_random_weights(SmallDiscriminator(V, T, 3, {1: 4, 2: 4}), 5, 0.5)
    endpoints = Endpoints(plain.generator, judge)
    every = all_sequences(V, T)
    probabilities, logits = exact_probabilities(plain.generator, every), judge.logits(every).numpy()
    for temperature in (1.0, 0.5):
        weights = np.exp(logits / temperature)
        wins = weights[:, None] / (weights[:, None] + weights)
        expected = 2 * probabilities * (wins @ probabilities)
        assert expected.sum() == pytest.approx(1, rel=1e-5)
        drawn = endpoints.sample(10_000, (7, 8), 1.0, 0, 1.0, 2, temperature).numpy()
        counts = np.bincount(code_of(drawn, V), minlength=len(every))
        check_frequencies(counts, expected / expected.sum())
    assert np.abs(expected - probabilities).max() > 0.02
    again = endpoints.sample(10_000, (7, 8), 1.0, 0, 1.0, 2, temperature).numpy()
    np.testing.assert_array_equal(drawn, again)


def test_the_choice_of_a_candidate_has_draws_of_its_own(plain):
    """At a high temperature chance alone decides, and not the numbers that drew the tokens."""
    judge = set_random_weights(SmallDiscriminator(V, T, 3, {1: 4, 2: 4}), 5, 0.5)
    endpoints, num = Endpoints(plain.generator, judge), 1000
    drawn = endpoints.sample(2 * num, SEED).numpy().reshape(num, 2, T)
    chosen = endpoints.sample(num, SEED, candidates=2, candidate_temperature=1e6).numpy()
    different = (drawn[:, 0] != drawn[:, 1]).any(axis=1)
    second = (chosen == drawn[:, 1]).all(axis=1)
    of_tokens = tf.random.stateless_uniform([2 * num, T], SEED, alg="philox").numpy().ravel()
    larger = of_tokens[1 : 2 * num : 2] > of_tokens[: 2 * num : 2]
    assert different.sum() > 800
    assert np.mean((second == larger)[different]) == pytest.approx(0.5, abs=0.08)


def test_candidates_of_a_completion_have_its_prefix(ending):
    prefixes, lengths = rows_of([(3,), (4, 3)], 10)
    rows = np.repeat(prefixes, 3, axis=0), np.repeat(lengths, 3)
    drawn = ending.complete(*rows, (3, 4)).numpy()
    logits = ending.discriminator(drawn, training=False).numpy().reshape(20, 3)
    best = drawn.reshape(20, 3, -1)[np.arange(20), logits.argmax(axis=1)]
    chosen = ending.complete(prefixes, lengths, (3, 4), 1.0, 0, 1.0, 3).numpy()
    np.testing.assert_array_equal(chosen, best)


def test_likelihoods_are_those_of_the_generator_and_count_its_tokens(plain, ending):
    every = all_sequences(V, T)
    nats, counted = plain.log_prob(every)
    np.testing.assert_array_equal(nats, plain.generator.log_prob(every))
    assert (counted.numpy() == T).all()
    nats, counted = ending.log_prob([[3, 1, 0], [4, 2, 3], [1, 0, 0]])
    np.testing.assert_allclose(
        nats, ending.generator.log_prob([[3, 1, 0], [4, 2, 3], [1, 0, 0]]), atol=1e-6
    )
    assert counted.numpy().tolist() == [2, 2, 1]


def test_steps_give_the_logits_of_teacher_forcing(plain, ending):
    for endpoints in (plain, ending):
        generator = endpoints.generator
        tokens = generator.sample(6, (1, 2)).numpy()
        states, logits = generator.initial_states(6), []
        token = tf.fill([6], generator.start_token)
        for t in range(generator.max_length):
            given, *states = endpoints.step(token, *states)
            logits.append(given.numpy())
            token = tokens[:, t]
        np.testing.assert_allclose(np.stack(logits, axis=1), generator(tokens), atol=1e-5)


SEED = (1, 2)
ONE = [[1]], [1]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda e: e.sample(0, SEED), "`num` is 0, expected a whole number of at least 1; give"),
        (lambda e: e.sample(1, SEED, 0.0), "`temperature` is 0, expected a number above 0"),
        (lambda e: e.complete(*ONE, SEED, float("nan")), "`temperature` is nan, expected"),
        (lambda e: e.sample(1, SEED, 1.0, -1), "`top_k` is -1, expected .* at least 0; 0 draws"),
        (lambda e: e.sample(1, SEED, 1.0, 0, 0.0), "`top_p` is 0, expected .* at most 1; 1 draws"),
        (lambda e: e.complete(*ONE, SEED, 1.0, 0, 2.0), "`top_p` is 2, expected a number above 0"),
        (lambda e: e.sample(1, SEED, 1.0, 0, float("nan")), "`top_p` is nan, expected"),
        (lambda e: e.sample(1, SEED, 1.0, 0, 1.0, 0), "`candidates` is 0, expected .* give 1"),
        (
            lambda e: e.sample(1, SEED, 1.0, 0, 1.0, 1, -1.0),
            "`candidate_temperature` is -1, expected a number from 0",
        ),
        (lambda e: e.sample(1, SEED, 1.0, 0, 1.0, 2), "`candidates` is 2, expected 1, since .* no"),
        (
            lambda e: e.sample(1, SEED, guidance=1.0),
            "`guidance` is 1, expected 0, since this export has no critic; export a run",
        ),
        (lambda e: e.complete([[1]], [0], SEED), "`lengths` have 0, expected .* with `sample`"),
        (lambda e: e.complete([[1] * T], [T], SEED), "`lengths` have 4, expected at most 3 tokens"),
        (lambda e: e.complete([[1]], [2], SEED), r"of `prefixes` have \[2 1\], expected no length"),
        (
            lambda e: e.complete([[1]], [1, 1], SEED),
            r"have \[1 2\], expected rows, as many of each",
        ),
        (lambda e: e.complete(np.zeros([0, 1], np.int32), np.zeros(0, np.int32), SEED), r"\[0 0\]"),
        (lambda e: e.complete([[1, 3]], [2], SEED), r"hold the id 3, expected ids in \[0, 3\); "),
        (lambda e: e.complete([[-1]], [1], SEED), r"`prefixes` hold the id -1, expected ids in"),
        (lambda e: e.log_prob([[0, 1, 2, 3]]), r"`tokens` hold the id 3, expected ids in \[0, 3\)"),
        (lambda e: e.log_prob([[0, 1]]), r"`tokens` have the shape \[1 2\], expected \[M, 4\]"),
        (
            lambda e: e.log_prob(np.zeros([0, T], np.int32)),
            r"shape \[0 4\], expected \[M, 4\], one",
        ),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_line(plain, call, said):
    with pytest.raises(tf.errors.InvalidArgumentError, match=rf"failed: \[.*{said}.*\.\]"):
        call(plain)


@pytest.mark.parametrize("token", [0, 1, 2])
def test_no_prefix_has_padding_unknown_words_or_an_end(ending, token):
    said = (
        rf"`prefixes` hold the id {token}, expected ids that can be followed by others, not \[0, 1"
    )
    with pytest.raises(tf.errors.InvalidArgumentError, match=said):
        ending.complete([[3, 3], [3, token]], [1, 2], SEED)
    assert ending.complete([[3, 3], [3, token]], [1, 1], SEED).shape == [2, 3]  # which is not read


def test_what_is_drawn_at_once_has_a_limit(ending):
    said = r"`num` and `candidates` are \[1048576 1048576\], expected a product below 2\^31; draw"
    with pytest.raises(tf.errors.InvalidArgumentError, match=said):
        ending.sample(2**20, SEED, 1.0, 0, 1.0, 2**20)
