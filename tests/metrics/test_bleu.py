"""BLEU against hand-computed values and against NLTK, current and 3.2.5."""

import json
import math
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu

from metrics.bleu import VARIANTS, BleuScorer

NLTK_3_2_5 = json.loads(Path(__file__).with_name("nltk_3_2_5.json").read_text())["cases"]
CURRENT_NLTK = ("strict", "method1")


def nltk_scores(references, hypothesis, variant, max_order):
    """`[max_order]` of the installed NLTK, one call an order."""
    smoothing = SmoothingFunction().method1 if variant == "method1" else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of every order without overlap
        return [
            sentence_bleu(references, hypothesis, [1 / n] * n, smoothing)
            for n in range(1, max_order + 1)
        ]


def assert_equal(actual, expected):
    np.testing.assert_allclose(actual, expected, rtol=1e-12, atol=0)


def sequences(tokens, min_length=0):
    return st.lists(tokens, min_size=min_length, max_size=8)


# Few tokens, so that n-grams repeat and overlap; strings and ids in turn.
token_kinds = st.sampled_from(
    [st.integers(0, 1), st.integers(-3, 3), st.sampled_from(["a", "b", "ab", "春"])]
)
corpora = token_kinds.flatmap(
    lambda tokens: st.tuples(
        st.lists(sequences(tokens), min_size=1, max_size=5),
        st.lists(sequences(tokens), min_size=1, max_size=5),
    )
)


@given(corpora, st.sampled_from(CURRENT_NLTK), st.integers(1, 6))
@settings(derandomize=True, max_examples=400, deadline=None)
def test_equals_nltk(corpus, variant, max_order):
    references, hypotheses = corpus
    scores = BleuScorer(references, max_order, variant).sentence_scores(hypotheses)
    assert_equal(scores, [nltk_scores(references, h, variant, max_order) for h in hypotheses])


@given(
    token_kinds.flatmap(lambda tokens: st.lists(sequences(tokens), min_size=2, max_size=6)),
    st.sampled_from(CURRENT_NLTK),
)
@settings(derandomize=True, max_examples=200, deadline=None)
def test_leave_one_out_equals_nltk_on_the_others(references, variant):
    expected = [
        nltk_scores(references[:i] + references[i + 1 :], reference, variant, 5)
        for i, reference in enumerate(references)
    ]
    assert_equal(BleuScorer(references, 5, variant).leave_one_out_scores(), expected)


@given(
    token_kinds.flatmap(lambda tokens: st.lists(sequences(tokens), min_size=2, max_size=6)),
    st.sampled_from(VARIANTS),
)
@settings(derandomize=True, max_examples=100, deadline=None)
def test_leave_one_out_equals_a_scorer_without_the_reference(references, variant):
    expected = [
        BleuScorer(references[:i] + references[i + 1 :], 4, variant).sentence_scores([reference])[0]
        for i, reference in enumerate(references)
    ]
    assert_equal(BleuScorer(references, 4, variant).leave_one_out_scores(), expected)


@pytest.mark.parametrize("variant", CURRENT_NLTK)
def test_equals_nltk_on_a_corpus(variant):
    random = np.random.default_rng(5)
    references = [random.zipf(1.5, random.integers(1, 25)) % 50 for _ in range(300)]
    hypotheses = [random.zipf(1.5, random.integers(0, 25)) % 60 for _ in range(20)]
    scores = BleuScorer(references, 5, variant).sentence_scores(hypotheses)
    lists = [reference.tolist() for reference in references]
    assert_equal(scores, [nltk_scores(lists, h.tolist(), variant, 5) for h in hypotheses])


@pytest.mark.parametrize("case", NLTK_3_2_5, ids=range(len(NLTK_3_2_5)))
def test_legacy_equals_nltk_3_2_5(case):
    scores = BleuScorer(case["references"], 5, "legacy").sentence_scores([case["hypothesis"]])
    assert_equal(scores, [case["scores"]])


def test_by_hand():
    # One of two bigrams overlaps, 2 of 3 tokens do; the same length, so no penalty.
    scores = BleuScorer([["a", "b", "c"]], 2).sentence_scores([["a", "b", "d"]])
    assert_equal(scores, [[2 / 3, math.sqrt(2 / 3 * 1 / 2)]])


def test_clips_counts_by_the_reference_that_holds_most():
    # "the" stands twice in one reference and once in the other: 2 of 7, not 7 of 7 or 3 of 7.
    references = ["the cat is on the mat".split(), "there is a cat on the mat".split()]
    scores = BleuScorer(references, 1).sentence_scores([["the"] * 7])
    assert_equal(scores, [[2 / 7]])


@pytest.mark.parametrize(
    "variant, bleu_2",
    [
        ("strict", math.sqrt(1.0 * sys.float_info.min)),
        ("method1", math.sqrt(1.0 * 0.1 / 2)),
        ("legacy", 1.0),
    ],
)
def test_order_without_overlap(variant, bleu_2):
    scores = BleuScorer([[1, 2, 3]], 2, variant).sentence_scores([[3, 2, 1]])
    assert_equal(scores, [[1.0, bleu_2]])


@pytest.mark.parametrize("variant, bleu_2", [("method1", math.sqrt(0.1)), ("legacy", 1.0)])
def test_order_longer_than_the_hypothesis(variant, bleu_2):
    scores = BleuScorer([[1], [2, 3]], 2, variant).sentence_scores([[1]])
    assert_equal(scores, [[1.0, bleu_2]])


@pytest.mark.parametrize("variant", VARIANTS)
def test_without_known_token_the_score_is_zero(variant):
    scores = BleuScorer([[1, 2]], 3, variant).sentence_scores([[3, 4], [], [1, 2]])
    np.testing.assert_array_equal(scores[:2], 0.0)
    assert scores[2, 0] == 1.0


@pytest.mark.parametrize(
    "lengths, closest",
    [([2, 4], 2), ([4, 2], 2), ([4, 6], 4), ([1, 4], 4), ([3, 4], 3), ([1], 1)],
)
def test_brevity_penalty_by_the_closest_length_and_the_shorter_on_a_tie(lengths, closest):
    references = [["a"] * length for length in lengths]
    scores = BleuScorer([*references, ["b"] * 50], 1).sentence_scores([["a", "z", "z"]])
    assert_equal(scores, [[min(1.0, math.exp(1 - closest / 3)) / 3]])


def test_leave_one_out_by_hand():
    # Alone with [5, 5], the last one finds 2 of its 3 fives; its own count of 3 must not stand.
    scores = BleuScorer([[5, 5], [5, 5, 5]], 2, "strict").leave_one_out_scores()
    assert_equal(scores, [[math.exp(-0.5)] * 2, [2 / 3, math.sqrt(2 / 3 * 1 / 2)]])


def test_leave_one_out_keeps_other_copies():
    scores = BleuScorer([[1, 2], [1, 2], [3, 4]], 2).leave_one_out_scores()
    assert_equal(scores, [[1.0, 1.0], [1.0, 1.0], [0.0, 0.0]])


def test_leave_one_out_leaves_out_its_own_length():
    # Without itself the closest length is 4 for the sequence of 2, and 2 for that of 4.
    scores = BleuScorer([[7, 7], [7, 7, 7, 7]], 1).leave_one_out_scores()
    assert_equal(scores, [[math.exp(1 - 4 / 2)], [2 / 4]])


def test_scoring_changes_nothing():
    scorer = BleuScorer([[1, 2, 3], [2, 3, 4]])
    first, alone = scorer.sentence_scores([[1, 2, 9]]), scorer.leave_one_out_scores()
    scorer.sentence_scores([[9, 9, 9], [4, 3]])
    np.testing.assert_array_equal(scorer.sentence_scores([[1, 2, 9]]), first)
    np.testing.assert_array_equal(scorer.leave_one_out_scores(), alone)


def test_a_row_is_scored_alike_in_any_company():
    scorer = BleuScorer([[1, 2, 3, 1, 2], [3, 1, 2]])
    hypotheses = [[1, 2, 1, 2], [3, 3], [2, 3, 1, 2, 5], [1]]
    alone = [scorer.sentence_scores([hypothesis])[0] for hypothesis in hypotheses]
    np.testing.assert_array_equal(scorer.sentence_scores(hypotheses), alone)


@pytest.mark.parametrize(
    "form",
    [
        np.array,
        lambda rows: [tuple(row) for row in rows],
        lambda rows: [np.array(row, np.int32) for row in rows],
        lambda rows: [[np.int64(token) for token in row] for row in rows],
        lambda rows: (iter(row) for row in rows),
        lambda rows: np.array(rows).astype(np.uint16),
    ],
    ids=["2-D", "tuples", "1-D", "scalars", "iterators", "unsigned"],
)
def test_forms_of_sequences(form):
    references, hypotheses = [[1, 2, 3], [3, 4, 5]], [[1, 2, 4], [3, 4, 5]]
    expected = BleuScorer(references).sentence_scores(hypotheses)
    assert expected[1, 2] == 1.0
    scores = BleuScorer(form(references)).sentence_scores(form(hypotheses))
    np.testing.assert_array_equal(scores, expected)


def test_ids_and_their_names_differ():
    np.testing.assert_array_equal(BleuScorer([[1, 2]], 2).sentence_scores([["1", "2"]]), 0.0)


def test_shape_and_dtype():
    scorer = BleuScorer([[1, 2], [2, 1], [1]], max_order=3)
    assert scorer.num_references == 3
    assert scorer.leave_one_out_scores().shape == (3, 3)
    assert scorer.sentence_scores([[1], [2]]).shape == (2, 3)
    assert scorer.sentence_scores([[1]]).dtype == np.float64


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"variant": "method2"}, "`variant` is 'method2', expected one of strict, method1, legacy"),
        ({"max_order": 0}, "`max_order` is 0, expected a whole number of at least 1"),
        ({"max_order": 2.5}, "`max_order` is 2.5, expected a whole number"),
        ({"references": []}, "`references` hold no sequence, expected at least one"),
        ({"references": ["a text"]}, "`references` hold 'a text', expected sequences of tokens"),
        ({"references": [1, 2]}, "`references` hold 1, expected sequences of tokens"),
        ({"references": np.zeros([2, 2, 2])}, r"`references` have shape \(2, 2, 2\), expected 2-D"),
        ({"references": np.zeros([2, 2])}, "`references` have dtype float64, expected ids"),
        ({"references": "a text"}, "`references` are 'a text', expected sequences of tokens"),
        ({"references": 5}, "`references` are 5, expected sequences of tokens"),
        ({"references": [np.zeros([2, 2], int)]}, r"hold a row of shape \(2, 2\), expected 1-D"),
        ({"references": [np.array(5)]}, r"hold a row of shape \(\), expected 1-D"),
        ({"references": [[[1]]]}, "`references` hold an invalid token .*, expected ids"),
        ({"references": [[{}]]}, "`references` hold an invalid token .*, expected ids"),
        ({"max_order": True}, "`max_order` is True, expected a whole number"),
    ],
)
def test_errors_of_the_scorer(arguments, message):
    with pytest.raises(ValueError, match=message):
        BleuScorer(**{"references": [[1, 2]], **arguments})


def test_errors_of_scoring():
    scorer = BleuScorer([[1, 2]])
    with pytest.raises(ValueError, match="`references` hold 1 sequence, expected at least 2"):
        scorer.leave_one_out_scores()
    with pytest.raises(ValueError, match="`hypotheses` hold 'a text', expected sequences"):
        scorer.sentence_scores(["a text"])
    with pytest.raises(ValueError, match="`hypotheses` hold an invalid token"):
        scorer.sentence_scores([[[1], [2]]])
