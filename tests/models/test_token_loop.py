"""The loop over positions, and the graphs of all that writes or scores token by token."""

import numpy as np
import pytest
import tensorflow as tf

from models.endpoints import Endpoints
from models.generator import Generator
from models.graph_function import graph_function
from models.guidance import GuidedPolicy
from models.prefix_discriminator import PrefixDiscriminator
from models.token_loop import loop_positions
from models.tree_search import TreeSearch
from tests.gpu_graph import operations
from tests.gpu_traced import COUNT, NUMBER, SEED, TEXT, B, V, ids, traced_chosen, traced_rollout
from training.scheduled_sampling import mixed_inputs


def test_positions_by_hand():
    @graph_function
    def sums(numbers):
        def add(t, total):
            total += numbers[t]
            return [total, 10 * t], total

        kept = [tf.TensorSpec([], tf.float32), tf.TensorSpec([], tf.int32)]
        return loop_positions(add, [tf.constant(0.5)], (1, 4), kept)

    (totals, tens), (last,) = sums(tf.constant([100.0, 1.0, 2.0, 4.0, 8.0]))
    np.testing.assert_array_equal(totals, [1.5, 3.5, 7.5])
    np.testing.assert_array_equal(tens, [10, 20, 30])
    assert last == 7.5


def test_what_is_carried_may_grow():
    @graph_function
    def grown():
        def join(t, rows):
            return [tf.size(rows)], tf.concat([rows, [t]], axis=0)

        shapes = [tf.TensorShape([None])]
        kept, start = [tf.TensorSpec([], tf.int32)], [tf.zeros([0], tf.int32)]
        return loop_positions(join, start, (0, 3), kept, shapes)

    (sizes,), (rows,) = grown()
    assert sizes.numpy().tolist() == [0, 1, 2] and rows.numpy().tolist() == [0, 1, 2]


def sampled(generator, critic):
    return generator.sample_graph.get_concrete_function()


def completed(generator, critic):
    endpoints = Endpoints(generator)  # a critic judges whole sequences, one chunk at a time
    return endpoints.complete.get_concrete_function()


def guided(generator, critic):
    options = COUNT, SEED, NUMBER, NUMBER
    policy = GuidedPolicy(generator, critic, 3)
    return policy._sample.get_concrete_function(*options)


def guided_targets(generator, critic):
    options = COUNT, SEED, COUNT, COUNT, NUMBER, NUMBER
    policy = GuidedPolicy(generator, critic, 3)
    return policy._with_targets.get_concrete_function(*options)


def guided_scores(generator, critic):
    options = ids(None, generator.max_length), NUMBER, NUMBER
    policy = GuidedPolicy(generator, critic, 3)
    return policy._log_prob.get_concrete_function(*options)


def searched(generator, critic):
    options = COUNT, SEED, COUNT, NUMBER, NUMBER
    search = TreeSearch(generator, critic, 3)
    return search._sample.get_concrete_function(*options)


def read_prefixes(generator, critic):
    return traced_rollout(generator, generator.max_length)[0]


def rolled_out(generator, critic):
    return traced_rollout(generator, generator.max_length)[1]


def rolled_out_where_chosen(generator, critic):
    return traced_chosen(generator, generator.max_length)


def mixed(generator, critic):
    mixture = graph_function(lambda *given: mixed_inputs(generator, *given))
    return mixture.get_concrete_function(ids(B, generator.max_length), NUMBER, SEED)


TOKEN_BY_TOKEN = [
    sampled, completed, guided, guided_targets, guided_scores, searched, read_prefixes, rolled_out,
    rolled_out_where_chosen, mixed,
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("cell", ["lstm", "lstm-attention"])
@pytest.mark.parametrize("make", TOKEN_BY_TOKEN, ids=lambda make: make.__name__)
def test_a_graph_does_not_grow_with_the_length_and_its_loops_read_no_variable(make, cell):
    """A loop that reads one is a "While", and TensorFlow computes no two chunks of such at once."""
    sizes = []
    for length in (4, 9):
        generator = Generator(V, length, 4, 5, cell, **TEXT)
        found = operations(make(generator, PrefixDiscriminator(V, length, 4, 5)))
        kinds = {op.type for op in found}
        assert "StatelessWhile" in kinds and "While" not in kinds
        sizes.append(len(found))
    assert sizes[0] == sizes[1]
