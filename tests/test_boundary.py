"""The library's boundary: every public function refuses what it cannot use, in words.

Each argument that holds numbers is given with another rank, another dtype, invalid ids, and
empty. The error says what was given, what was expected and how to fix it.
"""

import importlib
import inspect
import pkgutil
import re

import numpy as np
import pytest

import metrics
import models
from data.vocabulary import RESERVED, Vocabulary
from metrics import (
    bleu,
    candidates,
    diversity,
    ngram,
    nll,
    pitch,
    rows,
    sequences,
    significance,
    verdict,
)
from models import (
    controls,
    convolutional_judge,
    discriminator,
    draw,
    folded_convolution,
    guidance,
    highway,
    prefix_discriminator,
    recurrent_discriminator,
    small_discriminator,
    small_prefix_discriminator,
    tree_search,
    truncation,
)
from models.generator import Generator
from models.oracle import Oracle
from models.rollout import Rollout
from models.value import ValueNetwork
from models.weighted_nll import weighted_nll
from tests.helpers import tiny_generator
from training import losses, scheduled_sampling
from training.steps import Steps

B, T, V, E, H = 2, 3, 5, 4, 6
TOKENS = np.array([[0, 1, 2], [4, 3, 1]], np.int32)
SEED = (1, 2)
CHOSEN = np.array([[True, False, False], [False, True, False]])

ARRAYS = (TOKENS[0], TOKENS[None], TOKENS.astype(np.float32), TOKENS[:0])
RAGGED = [[0, 1, 2], [1]]
NO_TOKENS = (*ARRAYS, TOKENS + 3, TOKENS - 1, TOKENS[:, :2])
NO_LISTS = (*NO_TOKENS, RAGGED, None, "text")
NO_ROWS = (np.ones(B + 1), [1.0], [], np.ones([B, B]), [1.0, np.nan], ["a", "b"], None)
NO_SEED = ((1,), (1, 2, 3), 1, (0.5, 1.0), None)
NO_COUNT = (0, -1, 2.5, True, (1, 2), "1", None)


def floats(*shape):
    return np.ones(shape, np.float32)


def no_floats(*shape):
    """What is not float `shape`: of another rank or dtype, or empty."""
    good = floats(*shape)
    return good[0], good[None], good.astype(np.int32), good[:0], None


def no_numbers(*shape):
    """Likewise where whole numbers are good too."""
    return *(x for x in no_floats(*shape) if getattr(x, "dtype", None) != np.int32), [["a"]]


@pytest.fixture(scope="module")
def made():
    """What the functions are called on."""
    generator = Generator(V, T, E, H)
    prefix = prefix_discriminator.PrefixDiscriminator(V, T, E, H)
    judge = discriminator.Discriminator(V, T, E, {1: 3, 2: 4})
    return {
        "generator": generator,
        "discriminator": judge,
        "small_discriminator": small_discriminator.SmallDiscriminator(V, T, E, {1: 3, 2: 4}),
        "recurrent": recurrent_discriminator.RecurrentDiscriminator(V, T, E, H),
        "prefix": prefix,
        "small_prefix": small_prefix_discriminator.SmallPrefixDiscriminator(V, T, E, {1: 3, 2: 4}),
        "guided": guidance.GuidedPolicy(generator, prefix),
        "search": tree_search.TreeSearch(generator, prefix),
        "scores": prefix.prefix_scores(),
        "small_scores": small_prefix_discriminator.SmallPrefixDiscriminator(
            V, T, E
        ).prefix_scores(),
        "ngram": ngram.NgramModel([[1, 2]], 2, V),
        "steps": Steps(generator, judge, batch_size=B),
        "rollout": Rollout(generator),
        "value": ValueNetwork(V, T, E, H),
        "bigram": controls.Bigram(generator, TOKENS),
        "copy": controls.Copy(generator, TOKENS),
        "warm": controls.AtTemperature(generator, 2.0),
        "draw": draw.TokenDraw(floats(H, V), floats(V)),
        "highway": highway.Highway(),
        "scorer": bleu.BleuScorer(TOKENS),
        "vocabulary": Vocabulary((*RESERVED, "a", "b")),
    }


def parameters(k, wrong):
    gate = [floats(E, H), floats(H, H), floats(H)]
    given = [floats(V, E), *gate * 4, floats(H, V), floats(V)]
    return [*given[:k], wrong, *given[k + 1 :]]


def reward(tokens):
    return np.ones(len(tokens), np.float32)


SCORES = {"RecurrentScores": "scores", "ConvolutionalScores": "small_scores"}
# By public name: calls with one argument left open, and what that must not be.
CASES = {
    "models.generator.Generator": [
        (lambda m, x: Generator(x, T), NO_COUNT),
        (lambda m, x: Generator(V, T, hidden_dim=x), NO_COUNT),
    ],
    "models.generator.Generator.call": [(lambda m, x: m["generator"](x), NO_TOKENS)],
    "models.generator.Generator.hidden": [(lambda m, x: m["generator"].hidden(x), NO_TOKENS)],
    "models.weighted_nll.weighted_nll": [
        (
            lambda m, x: weighted_nll(m["generator"], x, TOKENS, floats(B, T)),
            (floats(B, T, H + 1), floats(B, T + 1, H), floats(T, H), TOKENS, None),
        ),
        (
            lambda m, x: weighted_nll(m["generator"], floats(B, T, H), x, floats(B, T)),
            (*NO_TOKENS, None),
        ),
        (
            lambda m, x: weighted_nll(m["generator"], floats(B, T, H), TOKENS, x),
            no_floats(B, T),
        ),
    ],
    "models.generator.Generator.logits": [
        (lambda m, x: m["generator"].logits(x), (floats(B, H + 1), floats(0, H), TOKENS, None))
    ],
    "models.generator.Generator.mask": [(lambda m, x: m["generator"].mask(x), NO_LISTS)],
    "models.generator.Generator.step": [
        (
            lambda m, x: m["generator"].step(x, m["generator"].initial_states(B)),
            (TOKENS, floats(B), TOKENS[0, :0]),
        )
    ],
    "models.generator.Generator.draw": [
        (lambda m, x: m["generator"].draw(x, floats(B) / 2), no_floats(B, H)),
        (lambda m, x: m["generator"].draw(floats(B, H), x), no_floats(B)),
    ],
    "models.generator.Generator.sample": [
        (lambda m, x: m["generator"].sample(x, SEED), NO_COUNT),
        (lambda m, x: m["generator"].sample(2, x), NO_SEED),
        (lambda m, x: m["generator"].sample(2, SEED, x), (0.0, -1.0, float("nan"))),
    ],
    "models.generator.Generator.log_prob": [(lambda m, x: m["generator"].log_prob(x), NO_LISTS)],
    "models.truncation.truncate": [
        (lambda m, x: truncation.truncate(x, 1, 1.0), no_floats(B, V)),
    ],
    "models.truncation.draw_truncated": [
        (
            lambda m, x: truncation.draw_truncated(x, floats(B) / 2, 1.0, 1, 1.0),
            no_floats(B, V),
        ),
        (lambda m, x: truncation.draw_truncated(floats(B, V), x, 1.0, 1, 1.0), no_floats(B)),
    ],
    "models.oracle.Oracle": [(lambda m, x: Oracle(x, T), NO_COUNT)],
    "models.oracle.Oracle.from_seed": [(lambda m, x: Oracle.from_seed(1, x, T), NO_COUNT)],
    "models.oracle.Oracle.from_parameters": [
        (lambda m, x: Oracle.from_parameters(parameters(0, x)), no_floats(V, E)),
        (lambda m, x: Oracle.from_parameters(parameters(4, x)), (*no_floats(E, H), floats(H, H))),
        (lambda m, x: Oracle.from_parameters(parameters(13, x)), (floats(H, V + 1),)),
        (lambda m, x: Oracle.from_parameters(x), (parameters(0, floats(V, E))[:14], [])),
    ],
    "models.rollout.Rollout": [
        (lambda m, x: Rollout(m["generator"], x), NO_COUNT),
        (
            lambda m, x: Rollout(m["generator"], policy=Generator(*x)),
            ((V + 1, T, E, H), (V, T + 1, E, H), (V, T, E, H, "gru", 1)),
        ),
    ],
    "models.rollout.Rollout.call": [(lambda m, x: m["rollout"](x), NO_TOKENS)],
    "models.rollout.Rollout.update": [
        (lambda m, x: m["rollout"].update(m["generator"], x), (-0.5, 1.5, float("nan"))),
        (
            lambda m, x: Rollout(m["generator"], policy=m["generator"]).update(m["generator"], x),
            (1.0,),
        ),
    ],
    "models.rollout.Rollout.action_values": [
        (lambda m, x: m["rollout"].action_values(x, reward, 2, SEED), NO_LISTS),
        (lambda m, x: m["rollout"].action_values(TOKENS, reward, x, SEED), NO_COUNT),
        (lambda m, x: m["rollout"].action_values(TOKENS, reward, 2, x), NO_SEED),
    ],
    "models.rollout.Rollout.chosen_action_values": [
        (lambda m, x: m["rollout"].chosen_action_values(x, CHOSEN, reward, 2, SEED), NO_LISTS),
        (
            lambda m, x: m["rollout"].chosen_action_values(TOKENS, x, reward, 2, SEED),
            (CHOSEN[0], CHOSEN[:, :2], floats(B, T), np.ones([B, T], bool), None),
        ),
        (lambda m, x: m["rollout"].chosen_action_values(TOKENS, CHOSEN, reward, x, SEED), NO_COUNT),
        (lambda m, x: m["rollout"].chosen_action_values(TOKENS, CHOSEN, reward, 2, x), NO_SEED),
    ],
    "models.value.ValueNetwork": [
        (lambda m, x: ValueNetwork(x, T), NO_COUNT),
        (lambda m, x: ValueNetwork(V, T, hidden_dim=x), NO_COUNT),
    ],
    "models.value.ValueNetwork.call": [(lambda m, x: m["value"](x), NO_TOKENS)],
    "models.value.ValueNetwork.standardized": [
        (lambda m, x: m["value"].standardized(x), NO_TOKENS)
    ],
    "models.value.ValueNetwork.set_units": [
        (lambda m, x: m["value"].set_units(0.5, x), (0.0, -1.0, float("nan")))
    ],
    "models.value.ValueNetwork.values": [(lambda m, x: m["value"].values(x), NO_LISTS)],
    "models.tree_search.TreeSearch": [
        (lambda m, x: tree_search.TreeSearch(m["generator"], m["prefix"], x), NO_COUNT),
        (
            lambda m, x: tree_search.TreeSearch(m["generator"], ValueNetwork(*x)),
            ((V + 1, T), (V, T + 1)),
        ),
    ],
    "models.tree_search.TreeSearch.sample": [
        (lambda m, x: m["search"].sample(x, SEED), NO_COUNT),
        (lambda m, x: m["search"].sample(2, x), NO_SEED),
        (lambda m, x: m["search"].sample(2, SEED, x), NO_COUNT),
        (lambda m, x: m["search"].sample(2, SEED, 2, x), (0.0, -1.0, float("nan"))),
        (lambda m, x: m["search"].sample(2, SEED, 2, 1.0, x), (-1.0, float("nan"))),
    ],
    "models.tree_search.TreeSearch.visits": [
        (lambda m, x: m["search"].visits(x, 0), NO_LISTS),
        (lambda m, x: m["search"].visits(TOKENS, x), (-1, T)),
        (lambda m, x: m["search"].visits(TOKENS, 0, x), NO_COUNT),
        (lambda m, x: m["search"].visits(TOKENS, 0, 2, x), (0.0, -1.0, float("nan"))),
        (lambda m, x: m["search"].visits(TOKENS, 0, 2, 1.0, x), (-1.0, float("nan"))),
    ],
    "models.guidance.GuidedPolicy": [
        (lambda m, x: guidance.GuidedPolicy(m["generator"], m["prefix"], x), NO_COUNT),
        (
            lambda m, x: guidance.GuidedPolicy(m["generator"], ValueNetwork(*x)),
            ((V + 1, T), (V, T + 1)),
        ),
    ],
    "models.guidance.GuidedPolicy.sample": [
        (lambda m, x: m["guided"].sample(x, SEED), NO_COUNT),
        (lambda m, x: m["guided"].sample(2, x), NO_SEED),
        (lambda m, x: m["guided"].sample(2, SEED, x), (0.0, -1.0, float("nan"))),
        (lambda m, x: m["guided"].sample(2, SEED, 1.0, x), (-1.0, float("nan"))),
    ],
    "models.guidance.GuidedPolicy.sample_with_targets": [
        (lambda m, x: m["guided"].sample_with_targets(x, SEED), NO_COUNT),
        (lambda m, x: m["guided"].sample_with_targets(2, x), NO_SEED),
        (lambda m, x: m["guided"].sample_with_targets(2, SEED, x), (0.0, -1.0, float("nan"))),
        (lambda m, x: m["guided"].sample_with_targets(2, SEED, 1.0, x), (-1.0, float("nan"))),
    ],
    "models.guidance.GuidedPolicy.log_prob": [
        (lambda m, x: m["guided"].log_prob(x), NO_LISTS),
        (lambda m, x: m["guided"].log_prob(TOKENS, x), (0.0, -1.0, float("nan"))),
        (lambda m, x: m["guided"].log_prob(TOKENS, 1.0, x), (-1.0, float("nan"))),
    ],
    **{
        f"models.prefix_scores.{kind}.read": [
            (
                lambda m, x, of=of: m[of].read(x, m[of].initial_states(B)),
                (TOKENS, floats(B), TOKENS[0, :0]),
            )
        ]
        for kind, of in SCORES.items()
    },
    **{
        f"models.prefix_scores.{kind}.next_scores": [
            (
                lambda m, x, of=of: m[of].next_scores(x, m[of].initial_states(B)),
                (TOKENS[0], floats(B, 2), TOKENS[:, :0]),
            )
        ]
        for kind, of in SCORES.items()
    },
    "models.discriminator.paper_kernels": [(lambda m, x: discriminator.paper_kernels(x), NO_COUNT)],
    "models.folded_convolution.fold": [
        (lambda m, x: folded_convolution.fold(x, floats(2, E, 3)), no_floats(V, E)),
        (
            lambda m, x: folded_convolution.fold(floats(V, E), x),
            (*no_floats(2, E, 3), floats(2, 9, 3)),
        ),
    ],
    "models.folded_convolution.convolve_folded": [
        (lambda m, x: folded_convolution.convolve_folded(x, TOKENS, 2), no_floats(V * 2, 3)),
        (lambda m, x: folded_convolution.convolve_folded(floats(V * 2, 3), x, 2), ARRAYS),
    ],
    "models.discriminator.Discriminator": [
        (lambda m, x: discriminator.Discriminator(x, T), NO_COUNT),
        (lambda m, x: discriminator.Discriminator(V, T, dropout=x), (1.0, -0.1, float("nan"))),
        (lambda m, x: discriminator.Discriminator(V, T, kernels=x), ({}, {0: 2}, {T + 1: 2})),
    ],
    "models.discriminator.Discriminator.call": [(lambda m, x: m["discriminator"](x), NO_TOKENS)],
    "models.discriminator.Discriminator.judge": [
        (lambda m, x: m["discriminator"].judge(x), (*no_floats(B, 7), floats(B, 8)))
    ],
    "models.judge.Judge.logits": [(lambda m, x: m["discriminator"].logits(x), NO_LISTS)],
    "models.judge.Judge.probability_real": [
        (lambda m, x: m["discriminator"].probability_real(x), NO_LISTS)
    ],
    "models.convolutional_judge.check_kernels": [
        (lambda m, x: convolutional_judge.check_kernels(x, T), ({}, {0: 2}, {T + 1: 2}))
    ],
    "models.small_discriminator.small_kernels": [
        (lambda m, x: small_discriminator.small_kernels(x), NO_COUNT)
    ],
    "models.small_discriminator.SmallDiscriminator": [
        (lambda m, x: small_discriminator.SmallDiscriminator(x, T), NO_COUNT),
        (
            lambda m, x: small_discriminator.SmallDiscriminator(V, T, embedding_dropout=x),
            (1.0, -0.1, float("nan")),
        ),
        (
            lambda m, x: small_discriminator.SmallDiscriminator(V, T, kernels=x),
            ({}, {0: 2}, {T + 1: 2}),
        ),
    ],
    "models.small_discriminator.SmallDiscriminator.call": [
        (lambda m, x: m["small_discriminator"](x), NO_TOKENS)
    ],
    "models.recurrent_discriminator.RecurrentDiscriminator": [
        (lambda m, x: recurrent_discriminator.RecurrentDiscriminator(V, x), NO_COUNT),
        (lambda m, x: recurrent_discriminator.RecurrentDiscriminator(V, T, E, x), NO_COUNT),
    ],
    "models.recurrent_discriminator.RecurrentDiscriminator.call": [
        (lambda m, x: m["recurrent"](x), NO_TOKENS)
    ],
    "models.prefix_discriminator.PrefixDiscriminator": [
        (lambda m, x: prefix_discriminator.PrefixDiscriminator(V, x), NO_COUNT),
        (lambda m, x: prefix_discriminator.PrefixDiscriminator(V, T, E, x), NO_COUNT),
    ],
    "models.prefix_judge.PrefixJudge.call": [
        (lambda m, x: m["prefix"](x), NO_TOKENS),
        (lambda m, x: m["small_prefix"](x), NO_TOKENS),
    ],
    "models.prefix_judge.PrefixJudge.training_logits": [
        (lambda m, x: m["prefix"].training_logits(x, SEED), NO_TOKENS)
    ],
    "models.prefix_judge.PrefixJudge.prefix_logits": [
        (lambda m, x: m["prefix"].prefix_logits(x), NO_TOKENS)
    ],
    "models.small_prefix_discriminator.SmallPrefixDiscriminator": [
        (lambda m, x: small_prefix_discriminator.SmallPrefixDiscriminator(x, T), NO_COUNT),
        (
            lambda m, x: small_prefix_discriminator.SmallPrefixDiscriminator(V, T, dropout=x),
            (1.0, -0.1, float("nan")),
        ),
    ],
    "models.judge.Judge.training_logits": [
        (lambda m, x: m["small_discriminator"].training_logits(x, SEED), NO_TOKENS)
    ],
    "models.highway.Highway.call": [
        (lambda m, x: m["highway"].call(x), no_floats(B, 7)),
    ],
    "models.draw.draw_categorical": [
        (lambda m, x: draw.draw_categorical(x, floats(B) / 2), no_floats(B, V)),
        (lambda m, x: draw.draw_categorical(floats(B, V), x), (*no_floats(B), floats(B + 1))),
    ],
    "models.draw.TokenDraw": [
        (lambda m, x: draw.TokenDraw(x, floats(V)), no_floats(H, V)),
        (lambda m, x: draw.TokenDraw(floats(H, V), x), (*no_floats(V), floats(V + 1))),
    ],
    "models.draw.TokenDraw.__call__": [
        (lambda m, x: m["draw"](x, floats(B) / 2), (*no_floats(B, H), floats(B, H + 1))),
        (lambda m, x: m["draw"](floats(B, H), x), (*no_floats(B), floats(B + 1))),
    ],
    "models.draw.TokenDraw.log_prob": [
        (lambda m, x: m["draw"].log_prob(x, TOKENS[:, 0]), (*no_floats(B, H), floats(B, H + 1))),
        (lambda m, x: m["draw"].log_prob(floats(B, H), x), (TOKENS, floats(B), [V] * B, [0], None)),
    ],
    "models.controls.AtTemperature": [
        (lambda m, x: controls.AtTemperature(m["generator"], x), (0.0, -1.0, float("nan")))
    ],
    "models.controls.AtTemperature.sample": [
        (lambda m, x: m["warm"].sample(x, SEED), NO_COUNT),
        (lambda m, x: m["warm"].sample(2, x), NO_SEED),
    ],
    "models.controls.AtTemperature.log_prob": [(lambda m, x: m["warm"].log_prob(x), NO_LISTS)],
    "models.controls.set_token_probabilities": [
        (
            lambda m, x: controls.set_token_probabilities(tiny_generator(V, T), x),
            (floats(V + 1), floats(1, V), -floats(V), floats(V) * np.nan, floats(V) * 0, []),
        )
    ],
    "models.controls.token_frequencies": [
        (lambda m, x: controls.token_frequencies(m["generator"], x, 0.1), NO_LISTS)
    ],
    "models.controls.Bigram": [(lambda m, x: controls.Bigram(m["generator"], x), NO_LISTS)],
    "models.controls.Bigram.sample": [
        (lambda m, x: m["bigram"].sample(x, SEED), NO_COUNT),
        (lambda m, x: m["bigram"].sample(2, x), NO_SEED),
    ],
    "models.controls.Bigram.log_prob": [(lambda m, x: m["bigram"].log_prob(x), NO_LISTS)],
    "models.controls.Copy": [(lambda m, x: controls.Copy(m["generator"], x), NO_LISTS)],
    "models.controls.Copy.sample": [
        (lambda m, x: m["copy"].sample(x, SEED), NO_COUNT),
        (lambda m, x: m["copy"].sample(2, x), NO_SEED),
    ],
    "models.controls.Copy.log_prob": [(lambda m, x: m["copy"].log_prob(x), NO_LISTS)],
    "metrics.bleu.BleuScorer": [
        (lambda m, x: bleu.BleuScorer(x), (*ARRAYS, None, "text", [1, 2], [TOKENS])),
        (lambda m, x: bleu.BleuScorer(TOKENS, x), (0, 2.5, True, "1", None)),
    ],
    "metrics.bleu.BleuScorer.sentence_scores": [
        (lambda m, x: m["scorer"].sentence_scores(x), (*ARRAYS, None, "text", [floats(T)]))
    ],
    "metrics.bleu.BleuScorer.leave_one_out_scores": [
        (lambda m, x: bleu.BleuScorer(x).leave_one_out_scores(), (TOKENS[:1],))
    ],
    "metrics.bleu.token_lists": [
        (lambda m, x: bleu.token_lists(x, "sequences"), (*ARRAYS[:3], None, "text", [1, 2]))
    ],
    "metrics.diversity.self_bleu": [
        (lambda m, x: diversity.self_bleu(x), (*ARRAYS, TOKENS[:1], None, "text")),
        (lambda m, x: diversity.self_bleu(TOKENS, x), (0, 2.5, True, "1", None)),
    ],
    "metrics.diversity.copied_share": [
        (lambda m, x: diversity.copied_share(x, TOKENS), (*ARRAYS, None, "text")),
        (lambda m, x: diversity.copied_share(TOKENS, x), (*ARRAYS, None, "text")),
    ],
    "metrics.nll.sequence_nll": [
        (
            lambda m, x: nll.sequence_nll(lambda rows: -floats(len(rows)), x),
            (*ARRAYS, RAGGED, None),
        ),
        (lambda m, x: nll.sequence_nll(lambda rows: x, TOKENS), (floats(B, T), floats(B + 1), 1.0)),
    ],
    "metrics.rows.row_of_numbers": [
        (
            lambda m, x: rows.row_of_numbers(x, "x", 2, "give two"),
            ([1.0], [], np.ones([B, B]), ["a", "b"], None),
        )
    ],
    "metrics.rows.row_of_finite_numbers": [
        (
            lambda m, x: rows.row_of_finite_numbers(x, "x", 2, "give two"),
            ([1.0], [], np.ones([B, B]), ["a", "b"], [1.0, np.nan], None),
        )
    ],
    "metrics.candidates.resampling_log_ratios": [
        (lambda m, x: candidates.resampling_log_ratios(x, floats(B), 2), NO_ROWS[2:]),
        (lambda m, x: candidates.resampling_log_ratios(floats(B), x, 2), NO_ROWS[2:]),
        (lambda m, x: candidates.resampling_log_ratios(floats(B), floats(B), x), (1, 9, 2.5)),
    ],
    "metrics.candidates.best_log_ratios": [
        (lambda m, x: candidates.best_log_ratios(x, floats(B), 2), NO_ROWS[2:]),
        (lambda m, x: candidates.best_log_ratios(floats(B), x, 2), NO_ROWS[2:]),
        (lambda m, x: candidates.best_log_ratios(floats(B), floats(B), x), (1, 9, 2.5)),
    ],
    "metrics.ngram.NgramModel": [
        (lambda m, x: ngram.NgramModel([[1]], x, V), (0, 1.5, True)),
        (lambda m, x: ngram.NgramModel([[1]], 2, x), (0, 1.5, True)),
    ],
    "metrics.sequences.check_sequences": [
        (lambda m, x: sequences.check_sequences(x), (*ARRAYS, RAGGED, None))
    ],
    "metrics.sequences.before_end": [
        (lambda m, x: sequences.before_end(x, (0,)), (*ARRAYS, RAGGED, None))
    ],
    "metrics.nll.per_token": [
        (lambda m, x: nll.per_token(x, T), (floats(B, T), 1.0, [], ["a"], None)),
        (lambda m, x: nll.per_token(floats(B), x), (0, -1, 2.5)),
    ],
    **{
        f"metrics.pitch.{function.__name__}": [
            (lambda m, x, f=function, s=seed: f(x, TOKENS + 1, *s), (*ARRAYS, TOKENS + 87, RAGGED)),
            (lambda m, x, f=function, s=seed: f(TOKENS + 1, x, *s), (*ARRAYS, TOKENS - 1, RAGGED)),
        ]
        for function, seed in (
            (pitch.paired_mse, (1,)),
            (pitch.histogram_mse, ()),
            (pitch.interval_histogram_mse, ()),
        )
    },
    "metrics.significance.welch": [
        (
            lambda m, x: significance.welch(x, [1.0, 2.0]),
            ([1.0], [], floats(2, 2), ["a", "b"], None),
        ),
        (
            lambda m, x: significance.welch([1.0, 2.0], x),
            ([1.0], [], floats(2, 2), ["a", "b"], None),
        ),
    ],
    "metrics.significance.paired": [
        (
            lambda m, x: significance.paired(x, [1.0, 2.0]),
            ([1.0], [], [1.0, 2.0, 3.0], floats(2, 2), ["a", "b"], None),
        ),
        (
            lambda m, x: significance.paired([1.0, 2.0], x),
            ([1.0], [], [1.0, 2.0, 3.0], floats(2, 2), ["a", "b"], None),
        ),
    ],
    "metrics.significance.welch_from_statistics": [
        (
            lambda m, x: significance.welch_from_statistics(
                significance.SampleStatistics(*x), significance.SampleStatistics(3, 1.0, 1.0)
            ),
            ((1, 0.0, 1.0), (3, 0.0, -1.0), (3, 0.0, float("nan"))),
        )
    ],
    "metrics.verdict.verdict": [
        (lambda m, x: verdict.verdict(x, floats(B), floats(B)), NO_ROWS),
        (lambda m, x: verdict.verdict(floats(B), x, floats(B)), NO_ROWS[1:]),
        (lambda m, x: verdict.verdict(floats(B), floats(B), x), (*NO_ROWS, -floats(B), [0, 0])),
    ],
    "training.losses.mle_loss": [
        (lambda m, x: losses.mle_loss(x, TOKENS), no_floats(B, T, V)),
        (lambda m, x: losses.mle_loss(floats(B, T, V), x), (*NO_TOKENS, None)),
        (lambda m, x: losses.mle_loss(floats(B, T, V), TOKENS, x), no_numbers(B, T)[:3]),
    ],
    "training.losses.policy_gradient_loss": [
        (
            lambda m, x: losses.policy_gradient_loss(floats(B, T, V), TOKENS, x),
            (*no_floats(B, T), floats(B, T - 1)),
        ),
        (
            lambda m, x: losses.policy_gradient_loss(floats(B, T, V), x, floats(B, T)),
            (*NO_TOKENS, None),
        ),
    ],
    "training.losses.token_divergence": [
        (lambda m, x: losses.token_divergence(x, floats(B, V)), (floats(B, V + 1), TOKENS, None)),
        (lambda m, x: losses.token_divergence(floats(B, V), x), (floats(B, V + 1), TOKENS, None)),
    ],
    "training.losses.subtract_baseline": [
        (lambda m, x: losses.subtract_baseline(floats(B, T), floats(B, T), x), ("mean", None)),
    ],
    "training.losses.discriminator_loss": [
        (lambda m, x: losses.discriminator_loss(x, floats(B)), (*no_floats(B), floats(B + 1))),
        (lambda m, x: losses.discriminator_loss(floats(B), x), (*no_numbers(B), floats(B, 1))),
    ],
    "training.scheduled_sampling.mixed_inputs": [
        (
            lambda m, x: scheduled_sampling.mixed_inputs(m["generator"], x, 0.5, SEED),
            (*NO_TOKENS, None),
        )
    ],
    "training.steps.Steps.mle_epoch": [
        (lambda m, x: m["steps"].mle_epoch(x, SEED), (*NO_TOKENS, TOKENS[:1], None)),
        (lambda m, x: m["steps"].mle_epoch(TOKENS, x), NO_SEED),
    ],
    "training.steps.Steps.policy_gradient": [
        (lambda m, x: m["steps"].policy_gradient(x, floats(B, T), 0.1), (*NO_TOKENS, None)),
        (lambda m, x: m["steps"].policy_gradient(TOKENS, x, 0.1), no_floats(B, T)),
    ],
    "training.steps.Steps.discriminator_epoch": [
        (lambda m, x: m["steps"].discriminator_epoch(x, TOKENS, SEED), (*NO_TOKENS, None)),
        (lambda m, x: m["steps"].discriminator_epoch(TOKENS, x, SEED), (*NO_TOKENS, None)),
        (lambda m, x: m["steps"].discriminator_epoch(TOKENS, TOKENS, x), NO_SEED),
    ],
    "data.vocabulary.Vocabulary.decode": [
        (lambda m, x: m["vocabulary"].decode(x), (TOKENS, TOKENS[0] + 0.5, [5], [-1]))
    ],
    "data.vocabulary.Vocabulary.encode": [
        (lambda m, x: m["vocabulary"].encode(x, 3), ("ab", ["a"] * 4)),
    ],
}

# What has no arrays of its own to check, and why.
OTHERS = {
    r"models\.checks\..*": "the checks themselves",
    r"models\.search\.beam_search": "called on a checked prefix: tests/models/test_search.py",
    r"models\.(manifest|export|load|exported)\..*": "folders: tests/models/test_export.py, test_load.py",
    r"models\.(endpoints|critic_endpoints|draw_options|text_endpoints|text_graph|continuation|graph_checks)\..*": "graphs, which check their values: "
    "tests/models/test_endpoints.py, test_text_endpoints.py",
    r"models\.backend\..*": "the environment: tests/models/test_backend.py",
    r"models\.device\..*": "sizes: tests/models/test_device.py",
    r"models\.unfolded_convolution\.unfolded_convolution": "within a compiled function",
    r"models\.folded_convolution\.folded_features": "within a compiled function",
    r".*\.(build|get_config|from_config|compute_output_shape)": "called by Keras",
    r"models\.shares\.Share(\.\w+)?": "cuts what was checked before",
    r"models\.token_loop\.loop_positions": "called on what was checked before, in a compiled function",
    r"models\.chunks\.map_chunks": "called on what was checked before, in a compiled function",
    r"models\.controls\.Policy.*": "a protocol",
    r"models\.(judge\.Judge|recurrent_judge\.RecurrentJudge|prefix_judge\.PrefixJudge)": "base classes",
    r"models\.(guidance\.GuidedPolicy|tree_search\.TreeSearch)\.complete": "within a compiled function",
    r"models\.scored_steps\..*": "within a compiled function, and a check itself",
    r"models\.prefix_scores\.(PrefixScores.*|\w+Scores(\.initial_states)?)": "made by the models that they read",
    r"models\..*\.prefix_scores": "no arguments",
    r"models\.small_prefix_discriminator\.running_maximum": "within a call, on what was checked before",
    r"models\.dropout\.dropout": "within a compiled step",
    r"models\.generator\.Generator\.(initial_states|start_tokens|token_draw|end|weights_read_once)": "within a compiled loop",
    r"models\.generator\.Generator\.blocked_logits": "no arguments",
    r"models\.generator\.Generator\.rollout_rows": "sizes: tests/models/test_device.py",
    r"models\.(recurrent|attention)\..*": "made and called by the generator, which checks",
    r"models\.generator\.Generator\.sample_graph": "the export: TensorFlow checks its signature",
    r"models\.highway\.Highway": "no arguments of its own",
    r"metrics\.(agreement|judgements)\..*": "answers of people: tests/metrics/test_judgements.py, test_agreement.py",
    r"metrics\.bleu\.tokens_expected": "the check itself",
    r"metrics\.(pitch\.PairedMSE|significance\.(WelchResult|PairedResult|SampleStatistics)|verdict\.Verdict)": "results",
    r"models\.convolutional_judge\.ConvolutionalJudge": "a base class: its kinds are here",
    r"models\.dropout\.drop_dimensions": "within a call, on what was checked before",
    r"metrics\.ngram\.NgramModel\.token_log_probs": "ids of sequences checked before: tests/metrics/test_ngram.py",
    r"training\.losses\.(token_nll|\w+_weights)": "within a step, on what was checked before",
    r"training\.steps\.(Steps|make_steps)": "models and functions",
    r"training\.steps\.Steps\.apply_policy_gradients": "gradients of its own updates",
    r"training\.scheduled_sampling\.true_rate": "settings: tests/training/test_options.py",
}


def public_names():
    """All public functions, classes and methods of the packages that know no other."""
    modules = [
        f"{package.__name__}.{info.name}"
        for package in (models, metrics)
        for info in pkgutil.iter_modules(package.__path__)
    ]
    for name in (*modules, "training.losses", "training.scheduled_sampling", "training.steps"):
        module = importlib.import_module(name)
        for key, value in vars(module).items():
            if key.startswith("_") or getattr(value, "__module__", None) != name:
                continue
            if not callable(value):
                continue
            yield f"{name}.{key}"
            if inspect.isclass(value):
                methods = (k for k in vars(value) if not k.startswith("_") or k == "__call__")
                yield from (f"{name}.{key}.{k}" for k in methods if callable(getattr(value, k)))


def test_every_public_name_has_its_cases():
    names = set(public_names())
    assert len(names) > 60
    others = {name for name in names if any(re.fullmatch(p, name) for p in OTHERS)}
    assert names - others == {name for name in CASES if not name.startswith("data.")}
    for pattern in OTHERS:
        assert any(re.fullmatch(pattern, name) for name in names), pattern


WORDS = re.compile(
    r"(`[\w.\[\]]+`|A sequence|There)( and `\w+`)? (is|are|has|have|hold|gave) .*"
    r"expected .*[;:] .+\.",
    re.DOTALL,
)


@pytest.mark.parametrize("name", CASES)
def test_what_cannot_be_used_is_refused_in_words(made, name):
    for call, wrong in CASES[name]:
        for value in wrong:
            with pytest.raises(ValueError) as caught:
                call(made, value)
            message = str(caught.value)
            assert WORDS.search(message), (value, message)


def test_what_is_good_is_taken(made):
    generator, rollout = made["generator"], made["rollout"]
    for tokens in (TOKENS, TOKENS.tolist(), TOKENS.astype(np.uint8), TOKENS.astype(np.int64)):
        assert generator.log_prob(tokens).shape == [B]
        assert made["discriminator"].probability_real(tokens).shape == [B]
        assert rollout.action_values(tokens, reward, 2, SEED).shape == [B, T]
        assert generator.mask(tokens).shape == [B, T]
        assert losses.mle_loss(generator(np.asarray(tokens)), tokens).shape == []
    assert generator.sample(np.int64(2), np.array([1, 2], np.int64)).shape == [2, T]
    assert Oracle.from_parameters(parameters(0, floats(V, E)), T).vocab_size == V
