"""The oracle: the published order of its parameters, its weights, and its published figures."""

import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import kstest

from data.oracle import read_oracle_parameters
from models.oracle import Oracle
from tests.helpers import all_sequences, data_file

V, T, E, H = 5, 4, 3, 6
SHAPES = [(V, E), *[(E, H), (H, H), (H,)] * 4, (H, V), (V,)]


def make_parameters(seed=0):
    random = np.random.default_rng(seed)
    return [random.standard_normal(shape).astype(np.float32) for shape in SHAPES]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def literal_logits(parameters, sequence):
    """The LSTM of the published parameters, in their order: input, forget, output, candidate."""
    (embedding, wi, ui, bi, wf, uf, bf, wo, uo, bo, wc, uc, bc, head, bias) = (
        p.astype(np.float64) for p in parameters
    )
    h = c = np.zeros(len(bi))
    logits = []
    for token in [0, *sequence[:-1]]:
        x = embedding[token]
        i = sigmoid(x @ wi + h @ ui + bi)
        f = sigmoid(x @ wf + h @ uf + bf)
        o = sigmoid(x @ wo + h @ uo + bo)
        c = f * c + i * np.tanh(x @ wc + h @ uc + bc)
        h = o * np.tanh(c)
        logits.append(h @ head + bias)
    return np.array(logits)


def test_parameters_are_read_in_the_published_order():
    parameters = make_parameters()
    oracle = Oracle.from_parameters(parameters, T)
    sequences = all_sequences(V, T)[::37]
    expected = [literal_logits(parameters, sequence) for sequence in sequences]
    np.testing.assert_allclose(oracle(tf.constant(sequences)), expected, atol=1e-5)
    normalizer = np.log(np.sum(np.exp(expected), axis=-1))
    chosen = np.take_along_axis(np.array(expected), sequences[..., None], axis=-1)[..., 0]
    np.testing.assert_allclose(
        oracle.log_prob(sequences), np.sum(chosen - normalizer, axis=1), atol=1e-4
    )


@pytest.mark.parametrize("first, second", [(1, 4), (4, 7), (7, 10), (1, 7), (4, 10)])
def test_no_two_gates_may_be_exchanged(first, second):
    parameters = make_parameters()
    sequences = tf.constant(all_sequences(V, T)[::37])
    expected = Oracle.from_parameters(parameters, T)(sequences).numpy()
    for k in range(3):
        mine, theirs = first + k, second + k
        parameters[mine], parameters[theirs] = parameters[theirs], parameters[mine]
    assert np.abs(Oracle.from_parameters(parameters, T)(sequences) - expected).max() > 0.01


def test_its_sizes_are_those_of_the_parameters():
    oracle = Oracle.from_parameters(make_parameters(), 7)
    sizes = (oracle.vocab_size, oracle.max_length, oracle.embedding_dim, oracle.hidden_dim)
    assert sizes == (V, 7, E, H)
    assert oracle.cell == "lstm" and oracle.start_token == 0
    assert oracle.sample(3, (1, 2)).shape == [3, 7]


def test_all_weights_of_a_seed_are_standard_normal():
    # Recurrent weights and biases too: an oracle of other recurrent weights is another task.
    oracle = Oracle.from_seed(1, 400, 5, embedding_dim=30, hidden_dim=50)
    assert len(oracle.weights) == 6
    for weight in oracle.weights:
        values = weight.numpy().ravel()
        error = 5 / np.sqrt(values.size)
        assert abs(values.mean()) < error and abs(values.std() - 1) < error, weight.path
        assert kstest(values, "norm").pvalue > 1e-3, weight.path
    forget = oracle.rnn.cell.bias.numpy()[50:100]
    assert abs(forget.mean()) < 5 / np.sqrt(50)


def test_a_seed_is_an_oracle():
    weights = Oracle.from_seed(1, V, T).get_weights()
    for mine, theirs in zip(Oracle.from_seed(1, V, T).get_weights(), weights, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    for mine, theirs in zip(Oracle.from_seed(2, V, T).get_weights(), weights, strict=True):
        assert np.all(mine != theirs)
    for weight in weights[1:]:  # and no two of its weights share their numbers
        assert not np.isin(weight, weights[0]).any()


def test_it_is_not_trainable():
    for oracle in (Oracle.from_seed(1, V, T), Oracle.from_parameters(make_parameters(), T)):
        assert not oracle.trainable and oracle.trainable_variables == []
        assert not Oracle.from_config(oracle.get_config()).trainable


# The published oracle. Bounds hold the published code's figures; 0.0075 is one standard error.


@pytest.fixture(scope="module")
def published():
    path = data_file("target_params_py3.pkl", "oracle_params.pkl")
    oracle = Oracle.from_parameters(read_oracle_parameters(path))
    return oracle, oracle.sample(5000, (1, 2)).numpy()


def nll_per_token(oracle, tokens):
    return -np.mean(np.float64(oracle.log_prob(tokens))) / 20


@pytest.mark.slow
def test_published_oracle_on_its_own_samples(published):
    oracle, samples = published
    sums = -np.float64(oracle.log_prob(samples))
    assert 5.73 < sums.mean() / 20 < 5.79  # published 5.75 to 5.77
    assert 10.2 < sums.std() < 11.2  # 10.7


def test_published_oracle_on_uniform_tokens(published):
    tokens = np.random.default_rng(3).integers(0, 5000, [3000, 20])
    assert 11.41 < nll_per_token(published[0], tokens) < 11.45


def test_published_oracle_on_draws_from_its_unigrams(published):
    oracle, samples = published
    tokens = np.random.default_rng(4).choice(samples.ravel(), [3000, 20])
    assert 10.27 < nll_per_token(oracle, tokens) < 10.32
