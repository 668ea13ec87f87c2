"""What is computed for a GPU equals what is computed for a processor: both, on this machine."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from models import device
from models.device import GPU, PROCESSOR
from models.discriminator import Discriminator
from models.draw import TokenDraw
from models.generator import Generator
from models.rollout import Rollout
from tests.helpers import Recorder, greedy_generator, set_random_weights, tiny_generator

pytestmark = pytest.mark.slow

V, T = 9, 6
TEXT = {"end_token": 1, "blocked_tokens": (0, 2)}
SEED = (1, 2)


def on_both(make):
    """`make()` for a processor and for a GPU."""
    made = []
    for layout in (PROCESSOR, GPU):
        with device.use(layout):
            made.append(make())
    return made


@pytest.fixture(scope="module", params=[("lstm", TEXT), ("gru", {})], ids=["lstm", "gru"])
def generators(request):
    cell, options = request.param
    return on_both(lambda: set_random_weights(Generator(V, T, 4, 5, cell, **options)))


def test_it_goes_by_the_gpus_that_tensorflow_lists(monkeypatch):
    for gpus, expected in (([], PROCESSOR), (["GPU:0"], GPU)):
        monkeypatch.setattr(tf.config, "get_visible_devices", {"GPU": gpus}.get)
        assert device.layout() is expected
        assert Generator(V, T).layout is Discriminator(V, T, 2).layout is expected


def test_a_layout_can_be_forced_for_a_while():
    before = device.layout()
    with pytest.raises(KeyError), device.use(GPU):
        with device.use(PROCESSOR):
            assert device.layout() is PROCESSOR
        assert device.layout() is GPU
        raise KeyError
    assert device.layout() is before


def test_sizes_for_a_processor_are_those_that_were_measured():
    for vocab_size in (1, 88, 5000, 16_384):
        assert PROCESSOR.logit_rows(vocab_size) == 1024
        assert PROCESSOR.rollout_rows(20_480, vocab_size) == 20_480
    for length, rows in ((1, 1024), (20, 1024), (21, 975), (32, 640), (30_000, 1)):
        assert PROCESSOR.scored_rows(length) == rows
    assert [PROCESSOR.tabled_rows(length) for length in (1, 20, 32)] == [20_480, 20_480, 12_800]
    assert [PROCESSOR.read_rows(length) for length in (1, 20, 30_000)] == [20_480, 1024, 1]


@pytest.mark.parametrize("layout", [PROCESSOR, GPU], ids=["processor", "GPU"])
@pytest.mark.parametrize("vocab_size", [1, 5000, 131_072, 10**9])
def test_logits_are_bounded_in_numbers(layout, vocab_size):
    rows = layout.logit_rows(vocab_size)
    assert rows >= 1
    assert rows * vocab_size <= max(vocab_size, layout.max_logits)
    written = layout.rollout_rows(20_480, vocab_size)
    at_a_time = min(written, rows) if layout.cut_draws else written
    assert at_a_time * vocab_size <= max(vocab_size, layout.max_logits)
    assert layout.max_logits == (2**24 if layout is PROCESSOR else 2**27)
    most = layout.loss_rows(vocab_size)
    assert 1 <= most and most * vocab_size <= max(vocab_size, layout.loss_logits)


def test_the_rewards_of_the_papers_batch_take_one_call_on_a_gpu():
    completions = 64 * 19 * 16
    assert GPU.rollout_rows(20_480, 5000) >= completions
    assert GPU.scored_rows(20) >= completions


def test_samples(generators):
    for temperature in (1.0, 0.5, 1e-30):
        drawn, expected = (each.sample(50, SEED, temperature) for each in reversed(generators))
        assert drawn.dtype == tf.int32
        np.testing.assert_array_equal(drawn, expected)


def test_log_probabilities_and_masks(generators):
    tokens = generators[0].sample(50, SEED)
    for temperature in (1.0, 0.5):
        expected, found = (each.log_prob(tokens, temperature) for each in generators)
        np.testing.assert_allclose(found, expected, rtol=1e-5)
    expected, found = (each.mask(tokens) for each in generators)
    np.testing.assert_array_equal(found, expected)


def test_one_draw():
    hidden, uniforms = tf.zeros([7, 5]), tf.linspace(0.0, 0.99, 7)
    expected, found = on_both(lambda: tiny_generator(V, T).draw(hidden, uniforms))
    assert found.dtype == expected.dtype == tf.int32
    np.testing.assert_array_equal(found, expected)


@pytest.fixture(scope="module")
def rollouts(generators):
    made = []
    for generator in generators:
        with device.use(generator.layout):
            made.append(Rollout(generator))
    return made


@pytest.mark.parametrize("chunk_rows", [7, 20_480])
def test_action_values(generators, rollouts, chunk_rows):
    tokens = generators[0].sample(4, SEED)
    completed, values = [], []
    for rollout in rollouts:
        rollout.chunk_rows = chunk_rows
        recorder = Recorder()
        values.append(rollout.action_values(tokens, recorder, 3, SEED))
        completed.append(recorder.calls)
        assert {rows.dtype for rows in recorder.calls} == {tf.int32}
    for expected, found in zip(*completed, strict=True):
        np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(values[1], values[0])


def test_few_completions_are_written_at_a_time_where_logits_would_not_fit():
    small = dataclasses.replace(GPU, max_logits=10 * V)
    recorder, tokens = Recorder(), tf.zeros([4, T], tf.int32)
    with device.use(small):
        Rollout(Generator(V, T)).action_values(tokens, recorder, 3, SEED)
    whole, *parts = (len(rows) for rows in recorder.calls)
    assert whole == 4 and sum(parts) == 3 * 4 * (T - 1)
    assert max(parts) <= 10


def test_samples_by_wide_logits():
    greedy = on_both(lambda: greedy_generator(V, T))  # logits of 1e7, which need the shift
    expected, found = (each.sample(40, SEED) for each in greedy)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("scale", [0.1, 1.0, 30.0, 1e7])
@pytest.mark.parametrize("temperature", [None, 0.5, 1e-4, 1e-30])
def test_masses_are_the_same_to_the_bit(scale, temperature):
    random = np.random.default_rng(3)
    kernel, bias = random.normal(0, scale, [5, 12]), random.normal(0, scale, [12])
    hidden = tf.constant(random.uniform(-1, 1, [8, 5]), tf.float32)
    draws = on_both(lambda: TokenDraw(np.float32(kernel), np.float32(bias), (0, 4)))
    expected, found = (draw._logits(hidden, temperature).numpy() for draw in draws)
    np.testing.assert_array_equal(found, expected)
    assert not np.any(np.isnan(found))


def test_scores():
    judges = on_both(lambda: set_random_weights(Discriminator(V, T, 3, {1: 4, 2: 4}), 1))
    for num in (3, 2 * V):  # fewer sequences than tokens, and more: by tables
        tokens = np.random.default_rng(num).integers(0, V, [num, T])
        expected, found = (judge.probability_real(tokens) for judge in judges)
        np.testing.assert_allclose(found, expected, atol=1e-5)
        assert np.ptp(found) > 0.01
