"""PUCT tree search: each token is drawn by how often simulations that look ahead chose it."""

import tensorflow as tf

from models import checks
from models.chunks import map_chunks
from models.continuation import continue_prefixes
from models.draw import draw_categorical
from models.generator import Generator, Seed
from models.graph_function import graph_function
from models.limits import MAX_EXPLORATION
from models.prefix_judge import PrefixJudge
from models.scored_steps import Critic, ScoredSteps
from models.token_loop import loop_positions

NUM_TOKENS = 32  # children of a node
SIMULATIONS = 16
EXPLORATION = 1.0
_TREE_NUMBERS = 1 << 24  # in the trees that are grown at a time


class TreeSearch:
    """Monte Carlo tree search with a policy as prior (Silver et al., 2017), for sequences.

    For every token a tree of prefixes is grown by a number of simulations. Each goes down from the
    prefix written so far, at every node to the child of the largest

        Q(a) + c P(a) sqrt(N) / (1 + N(a))

    where P is the generator's probability among the `num_tokens` likeliest tokens, N(a) counts the
    simulations that took a, N is one more than all of them, and c is the exploration. It ends at a
    prefix that has no children yet, which get theirs, or at a whole sequence. Its value is what the critic says of that
    prefix: the probability D that it is real, or the action value of a value network. Q(a) is the
    mean value of the simulations that took a, before the first of them the critic's own value. The
    token is then drawn in proportion to N(a).

    In contrast to `models.guidance` it looks ahead, and log-probabilities are not known.

    Args:
        generator: the policy G.
        critic: gives values of prefixes.
        num_tokens: children of a node, at most V. Less likely tokens are never drawn.
    """

    def __init__(self, generator: Generator, critic: Critic, num_tokens: int = NUM_TOKENS):
        checks.check_counts(num_tokens=num_tokens)
        checks.check_same_data(generator, critic=critic)
        self.generator = generator
        self.critic = critic
        writable = generator.vocab_size - len(generator.blocked_tokens)
        self.num_tokens = min(num_tokens, writable)

    def sample(
        self,
        num: int,
        seed: Seed,
        simulations: int = SIMULATIONS,
        temperature: float = 1.0,
        exploration: float = EXPLORATION,
    ) -> tf.Tensor:
        """Draws sequences: int32 `[num, T]`.

        Args:
            num: number of sequences, at least 1.
            seed: int32 pair. The same pair gives the same sequences.
            simulations: for every token, at least 1. The time is in proportion to it.
            temperature: divides the generator's logits in P, above 0.
            exploration: c, at least 0, in units of the values. A larger one trusts the generator more.
        """
        checks.check_counts(num=num)
        given = tf.cast(num, tf.int32), checks.check_seed(seed)
        return self._sample(*given, *_checked(simulations, temperature, exploration))

    def visits(
        self,
        tokens: tf.Tensor,
        position: int,
        simulations: int = SIMULATIONS,
        temperature: float = 1.0,
        exploration: float = EXPLORATION,
    ) -> tf.Tensor:
        """N(a), which the token at a position is drawn in proportion to.

        Args:
            tokens: int `[M, T]`; what is at the position and after it is not read.
            position: from 0 to T - 1.
            simulations: see `sample`.
            temperature: see `sample`.
            exploration: see `sample`.

        Returns:
            float32 `[M, V]`; each row sums to `simulations`.
        """
        tokens = checks.check_tokens(tokens, self.generator.vocab_size, self.generator.max_length)
        if not 0 <= position < self.generator.max_length:
            raise ValueError(
                f"`position` is {position}, expected one of 0 to {self.generator.max_length - 1}; the "
                "first is 0."
            )
        return self._visits(
            tokens, tf.constant(position), *_checked(simulations, temperature, exploration)
        )

    @graph_function(reduce_retracing=True)
    def _sample(self, num, seed, *options):
        shape = [num, self.generator.max_length]
        uniforms = tf.random.stateless_uniform(shape, seed, alg="philox")
        nothing = tf.zeros(shape, tf.int32), tf.zeros([num], tf.int32)
        return self.complete(*nothing, uniforms, *options)

    @graph_function(reduce_retracing=True)
    def _visits(self, tokens, position, *options):
        search = _Search(self, *options)

        def count(tokens):
            rows = tf.shape(tokens)[0]

            def read(t, token, states):
                return [], tokens[:, t], search.step(token, states)[1]

            start = search.start_tokens(rows), search.initial_states(rows)
            _, (token, states) = loop_positions(read, start, (0, position), [])
            root, _ = search.step(token, states)
            ids, visits = search.visits(root)
            ids = tf.cast(ids, tf.int64)
            places = tf.cumsum(tf.ones_like(ids), axis=0, exclusive=True)
            shape = tf.stack([tf.shape(tokens, tf.int64)[0], self.generator.vocab_size])
            return tf.scatter_nd(tf.stack([places, ids], axis=-1), visits, shape)

        result = tf.TensorSpec([None, self.generator.vocab_size])
        with search.weights_read_once():
            return map_chunks(count, tf.cast(tokens, search.layout.ids), search.write_rows, result)

    def complete(
        self, prefixes, lengths, uniforms, simulations, temperature, exploration
    ) -> tf.Tensor:
        """Whole sequences with given first tokens, see `models.continuation`; within a `tf.function`.

        Args:
            prefixes: int32 `[M, T]`; what follows a row's prefix is not read.
            lengths: int32 `[M]`, tokens of each prefix, from 0 to T.
            uniforms: float32 `[M, T]` in `[0, 1)`.
            simulations: see `sample`.
            temperature: see `sample`.
            exploration: see `sample`.
        """
        search = _Search(self, simulations, temperature, exploration)

        def next_token(root, uniforms):
            ids, visits = search.visits(root)
            chosen = draw_categorical(visits, uniforms, search.layout.ids)
            return tf.cast(tf.gather(ids, chosen, batch_dims=1), search.layout.ids)

        given = prefixes, lengths, uniforms, next_token, search.write_rows
        return continue_prefixes(search, *given, skip_known=True)


def _checked(simulations, temperature, exploration) -> tuple[tf.Tensor, ...]:
    """All as tensors; raises `ValueError` for what they cannot be."""
    checks.check_counts(simulations=simulations)
    checks.check_temperature(temperature)
    checks.check_not_negative(exploration=exploration)
    checks.check_at_most(MAX_EXPLORATION, exploration=exploration)
    numbers = tf.cast(temperature, tf.float32), tf.cast(exploration, tf.float32)
    return tf.cast(simulations, tf.int32), *numbers


class _Search(ScoredSteps):
    """Steps of which each gives what a tree grows from.

    The trees of M rows are arrays of M * (simulations + 1) nodes, those of a row one after another:
    `states` of both networks, `tokens` and `numbers` (probability, critic's value) of the K children,
    their `counts` (visits, sum of values), which nodes they are (`children`; 0: none yet), and the
    way back (`parents`: a node, and which of its children this is).
    """

    def __init__(self, search: TreeSearch, simulations, temperature, exploration):
        super().__init__(search.generator, search.critic, search.num_tokens, temperature)
        self.simulations, self.exploration = simulations, exploration
        self.nodes = simulations + 1
        # A discriminator's logit as a probability: values are in [0, 1], as the usual rewards.
        self.value = tf.sigmoid if isinstance(search.critic, PrefixJudge) else tf.identity
        states = sum(state.shape.num_elements() for state in self.initial_states(1))
        trees = _TREE_NUMBERS // (self.nodes * (states + 6 * self.num_tokens))
        self.write_rows = tf.clip_by_value(trees, 1, self.write_rows)

    def step(self, tokens, states):
        state, states = super().step(tokens, states)
        return (state, states), states

    def visits(self, root):
        """Visits of the root's children: ids `[M, K]` and counts, float32 `[M, K]`."""
        ids, tree = self._start(root)
        _, tree = tf.while_loop(
            lambda i, _: i < self.nodes,
            lambda i, tree: (i + 1, self._simulate(i, tree)),
            (tf.constant(1), tree),
        )
        counts = tf.reshape(tree["counts"], [-1, self.nodes, self.num_tokens, 2])
        return ids, counts[:, 0, :, 0]

    def _start(self, root):
        """Trees of the root alone."""
        state, states = root
        ids, numbers = self._children_of(state)
        rows = tf.shape(ids, tf.int64)[0]
        every = rows * tf.cast(self.nodes, tf.int64)
        roots = self._roots(rows)[:, None]

        def first(values):
            empty = tf.zeros([every, *values.shape[1:]], values.dtype)
            return tf.tensor_scatter_nd_update(empty, roots, values)

        tree = {
            "states": [first(state) for state in states],
            "tokens": first(tf.cast(ids, self.layout.ids)),
            "numbers": first(numbers),
            "counts": first(tf.zeros_like(numbers)),
            "children": tf.zeros([every, self.num_tokens], tf.int64),
            "parents": tf.zeros([every, 2], tf.int64),
        }
        return ids, tree

    def _children_of(self, state):
        """Ids `[M, K]`, and probabilities and values `[M, K, 2]` of the likeliest next tokens."""
        likeliest, ids, scores = self.likeliest(self.log_probs(state), state)
        return ids, tf.stack([tf.nn.softmax(likeliest), self.value(scores)], axis=-1)

    def _simulate(self, i, tree):
        """Trees after one more simulation, which makes the node i of each."""
        every = tf.shape(tree["parents"], tf.int64)[0]
        roots = self._roots(every // tf.cast(self.nodes, tf.int64))
        node, child = self._descend(tree, roots)
        edge = tf.stack([node, child], axis=1)
        token = _of(tree["tokens"], node, child)
        value = _of(tree["numbers"], node, child)[:, 1]
        before = [tf.gather(state, node) for state in tree["states"]]
        (state, states), _ = self.step(token, before)
        ids, numbers = self._children_of(state)
        whole = states[-1][:, 0] > self.max_length  # the start token was read too
        if self.generator.end_token is not None:
            whole |= token == self.generator.end_token
        made = roots + tf.cast(i, tf.int64)
        at = made[:, None]
        put = tf.tensor_scatter_nd_update
        pairs = zip(tree["states"], states, strict=True)
        return {
            "states": [put(old, at, new) for old, new in pairs],
            "tokens": put(tree["tokens"], at, tf.cast(ids, self.layout.ids)),
            "numbers": put(tree["numbers"], at, numbers),
            # A whole sequence has no children: simulations end there again.
            "children": put(tree["children"], edge, tf.where(whole, tf.zeros_like(made), made)),
            "parents": put(tree["parents"], at, edge),
            "counts": self._count(tree, edge, value, roots),
        }

    def _roots(self, rows):
        """Nodes of the roots, int64 `[M]`."""
        nodes = tf.cast(self.nodes, tf.int64)
        return tf.cumsum(tf.fill([rows], nodes), exclusive=True)

    def _descend(self, tree, roots):
        """Where a simulation ends: a node, and which of its children is none yet, int64 `[M]`."""

        def down(node, child, going):
            priors, own = tf.unstack(tf.gather(tree["numbers"], node), axis=-1)
            visits, total = tf.unstack(tf.gather(tree["counts"], node), axis=-1)
            values = tf.where(visits > 0, tf.math.divide_no_nan(total, visits), own)
            all_visits = 1.0 + tf.reduce_sum(visits, axis=1, keepdims=True)
            bonus = self.exploration * priors * tf.sqrt(all_visits) / (1.0 + visits)
            child = tf.where(going, tf.argmax(values + bonus, axis=1), child)
            below = _of(tree["children"], node, child)
            going &= below > 0
            return tf.where(going, below, node), child, going

        start = roots, tf.zeros_like(roots), tf.ones_like(roots, tf.bool)
        node, child, _ = tf.while_loop(lambda *state: tf.reduce_any(state[-1]), down, start)
        return node, child

    def _count(self, tree, edge, value, roots):
        """The counts after a simulation of this value, along the way back to the root."""

        def up(counts, edge, going):
            one = tf.cast(going, tf.float32)
            counts = tf.tensor_scatter_nd_add(counts, edge, tf.stack([one, one * value], axis=1))
            node = edge[:, 0]
            return counts, tf.gather(tree["parents"], node), going & (node != roots)

        start = tree["counts"], edge, tf.ones_like(roots, tf.bool)
        counts, *_ = tf.while_loop(lambda *state: tf.reduce_any(state[-1]), up, start)
        return counts


def _of(values, node, child):
    """What an array of `[nodes, K, ...]` has of a child of each of some nodes."""
    return tf.gather(tf.gather(values, node), child, batch_dims=1)
