"""PUCT tree search, against a slow reading of its definition."""

import math
import re

import numpy as np
import pytest

from models.prefix_judge import PrefixJudge
from models.small_prefix_discriminator import SmallPrefixDiscriminator
from models.tree_search import TreeSearch
from tests.helpers import (
    all_sequences,
    check_frequencies,
    code_of,
    set_random_weights,
    tiny_generator,
)
from tests.models.test_guidance import (
    prefix_discriminator,
    probabilities,
    scores,
    small_prefix_discriminator,
    value_network,
)

V, T = 4, 3
ALL = all_sequences(V, T)


class Node:
    """A prefix and its children, in the order of the generator's probabilities."""

    def __init__(self, search, prefix):
        self.prefix = prefix
        probability = search.probability(prefix)
        self.tokens = np.argsort(-probability, kind="stable")[: search.num_tokens]
        self.priors = probability[self.tokens] / probability[self.tokens].sum()
        self.own = [search.value((*prefix, token)) for token in self.tokens]
        self.values = [[] for _ in self.tokens]
        self.children = {}

    def best(self, exploration):
        counts = [len(values) for values in self.values]
        found = [np.mean(v) if v else own for v, own in zip(self.values, self.own, strict=True)]
        root = math.sqrt(1 + sum(counts))
        bonus = [exploration * p * root / (1 + n) for p, n in zip(self.priors, counts, strict=True)]
        return int(np.argmax(np.add(found, bonus)))


class SlowSearch:
    """One prefix at a time, with objects for nodes."""

    def __init__(self, generator, critic, num_tokens, temperature=1.0):
        self.generator, self.num_tokens = generator, num_tokens
        self.plain = probabilities(generator, temperature)
        self.values = scores(critic, ALL)
        if isinstance(critic, PrefixJudge):
            self.values = 1 / (1 + np.exp(-self.values))

    def _row(self, prefix):
        return code_of(np.array([[*prefix, *[0] * (T - len(prefix))]]), V)[0]

    def probability(self, prefix):
        return self.plain[self._row(prefix), len(prefix)]

    def value(self, prefix):
        return self.values[self._row(prefix), len(prefix) - 1]

    def visits(self, prefix, simulations, exploration):
        root = Node(self, tuple(prefix))
        for _ in range(simulations):
            node, way = root, []
            while True:
                best = node.best(exploration)
                way.append((node, best))
                if best not in node.children:
                    break
                node = node.children[best]
            prefix = (*node.prefix, node.tokens[best])
            if len(prefix) < T and prefix[-1] != self.generator.end_token:
                node.children[best] = Node(self, prefix)
            for each, child in way:
                each.values[child].append(node.own[best])
        counts = np.zeros(V)
        counts[root.tokens] = [len(values) for values in root.values]
        return counts


@pytest.mark.slow
@pytest.mark.parametrize("make", [prefix_discriminator, small_prefix_discriminator, value_network])
@pytest.mark.parametrize("num_tokens", [V, 2])
def test_visits_are_those_of_the_slow_search(make, num_tokens):
    generator, critic = tiny_generator(V, T), make()
    search = TreeSearch(generator, critic, num_tokens)
    slow = SlowSearch(generator, critic, num_tokens, temperature=0.8)
    for position, simulations, exploration in (
        (0, 1, 1.0),
        (0, 40, 0.6),
        (1, 17, 2.0),
        (2, 9, 0.3),
    ):
        prefixes = np.unique(ALL[:, :position], axis=0)
        tokens = np.pad(prefixes, [[0, 0], [0, T - position]])
        found = search.visits(tokens, position, simulations, 0.8, exploration).numpy()
        expected = [slow.visits(prefix, simulations, exploration) for prefix in prefixes]
        np.testing.assert_array_equal(found, expected)


@pytest.mark.slow
def test_a_critic_whose_filters_see_one_token_has_no_earlier_ones_to_keep():
    generator, critic = tiny_generator(V, T), SmallPrefixDiscriminator(V, T, 3, {1: 4})
    set_random_weights(critic, 3, 1.0)
    found = TreeSearch(generator, critic).visits(ALL[:1], 0, 20).numpy()
    np.testing.assert_array_equal(found, [SlowSearch(generator, critic, V).visits((), 20, 1.0)])


@pytest.mark.slow
def test_a_search_stops_at_the_end_token_and_never_writes_what_is_blocked():
    generator = tiny_generator(V, T, end_token=1, blocked_tokens=(0,))
    critic = prefix_discriminator()
    search = TreeSearch(generator, critic)
    slow = SlowSearch(generator, critic, V - 1)
    found = search.visits(ALL[:1], 0, simulations=60, exploration=1.5).numpy()
    np.testing.assert_array_equal(found, [slow.visits((), 60, 1.5)])
    drawn = search.sample(300, (1, 2), simulations=5).numpy()
    ended = np.cumsum(drawn == 1, axis=1) - (drawn == 1) > 0
    np.testing.assert_array_equal(drawn == 0, ended)  # padding after the end, and nowhere else
    assert ended.any() and not ended.all(axis=1).any()


@pytest.mark.slow
def test_tokens_are_drawn_in_proportion_to_visits():
    search = TreeSearch(tiny_generator(V, T), value_network())
    drawn = search.sample(20_000, (3, 4), simulations=12, temperature=1.3, exploration=2.0).numpy()
    expected = np.ones(len(ALL))
    for t in range(T):
        visits = search.visits(ALL, t, 12, 1.3, 2.0).numpy() / 12
        expected *= np.take_along_axis(visits, ALL[:, t : t + 1], axis=1)[:, 0]
    counts = np.bincount(code_of(drawn, V), minlength=V**T)
    assert not counts[expected == 0].any()
    check_frequencies(counts[expected > 0], expected[expected > 0])
    again = search.sample(20_000, (3, 4), simulations=12, temperature=1.3, exploration=2.0).numpy()
    np.testing.assert_array_equal(drawn, again)


@pytest.mark.slow
def test_much_exploration_gives_the_generator_and_none_the_highest_value():
    """As c grows, visits are in proportion to P; without it, the best value found takes most of them."""
    generator, critic = tiny_generator(V, T), prefix_discriminator()
    search = TreeSearch(generator, critic)
    far = search.visits(ALL[:1], 0, simulations=2000, exploration=1e5).numpy()[0] / 2000
    np.testing.assert_allclose(far, probabilities(generator)[0, 0], atol=2e-3)
    near = search.visits(ALL[:1], 0, simulations=2000, exploration=0.0).numpy()[0]
    assert near.max() > 1900


@pytest.mark.slow
def test_chunks_do_not_change_what_is_drawn(monkeypatch):
    generator, critic = tiny_generator(V, T), prefix_discriminator()
    drawn = TreeSearch(generator, critic).sample(50, (5, 6), simulations=6).numpy()
    monkeypatch.setattr("models.tree_search._TREE_NUMBERS", 5000)
    cut = TreeSearch(generator, critic)
    np.testing.assert_array_equal(cut.sample(50, (5, 6), simulations=6), drawn)


def test_what_does_not_fit_is_refused():
    generator = tiny_generator(V, T)
    with pytest.raises(ValueError, match=r"^`critic` has the vocab_size 4, expected .* 5;"):
        TreeSearch(tiny_generator(V + 1, T), prefix_discriminator())
    search = TreeSearch(generator, prefix_discriminator())
    for options, message in (
        ({"simulations": 0}, "`simulations` is 0, expected a whole number above 0"),
        ({"exploration": -1.0}, "`exploration` is -1.0, expected a number of at least 0"),
        (
            {"exploration": math.inf},
            "`exploration` is inf, expected at most 1e+06; give a smaller one",
        ),
        ({"temperature": 0.0}, "`temperature` is 0.0, expected"),
        ({"temperature": math.inf}, "`temperature` is inf, expected at most 1e+30"),
    ):
        with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
            search.sample(2, (1, 2), **options)
    with pytest.raises(ValueError, match=r"^`position` is 3, expected one of 0 to 2"):
        search.visits(ALL, T)
