"""Strings in and out of an export are the ids that it reads and writes, by the Python tokenizer."""

import json

import numpy as np
import pytest
import tensorflow as tf

from data.line_codec import LineCodec
from tests import exports
from tests.helpers import REPOSITORY

pytestmark = pytest.mark.slow

SEED = [3, 4]


@pytest.fixture(scope="module", params=["words", "characters", "poems"])
def made(request):
    kind = request.param
    return kind, exports.loaded(kind), LineCodec(exports.VOCABULARIES[kind])


def texts(strings):
    return [text.decode() for text in strings.numpy()]


def test_samples_and_completions_are_those_of_ids(made):
    kind, loaded, codec = made

    def expected(tokens):
        return [codec.text(row).removesuffix("\n") for row in tokens.numpy()]

    assert texts(loaded.sample_text(8, SEED)) == expected(loaded.sample(8, SEED))
    drawn = loaded.sample_text(8, SEED, 0.7, 3, 0.9)
    assert texts(drawn) == expected(loaded.sample(8, SEED, 0.7, 3, 0.9))
    given = {"words": ["The river", "can’t"], "characters": ["a", "bé "], "poems": ["春，雨", "山"]}
    rows = [codec.ids(codec.tokens(text)) for text in given[kind]]
    if kind == "words":
        given[kind][1], rows[1] = "cannot", codec.ids(["can", "not"])
    prefixes = np.zeros([2, max(map(len, rows))], np.int32)
    for place, row in zip(prefixes, rows, strict=True):
        place[: len(row)] = row
    tokens = loaded.complete(prefixes, [len(row) for row in rows], SEED)
    assert texts(loaded.complete_text(given[kind], SEED)) == expected(tokens)


# TensorFlow's own interpreter, so that the tests need no other package.
@pytest.mark.filterwarnings("ignore:.*tf.lite.Interpreter is deprecated:UserWarning")
def test_a_step_converts_to_litert(made):
    """As docs/serving.md has it: without the tables of the functions for text."""
    _, loaded, _ = made
    step, weights = loaded.signatures["step"], tf.Module()
    weights.of_step = step.variables
    converter = tf.lite.TFLiteConverter.from_concrete_functions([step], weights)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    assert tf.lite.Interpreter(model_content=converter.convert()).get_signature_runner()


def test_likelihoods_are_those_of_ids_and_unknown_words_are_counted(made):
    kind, loaded, codec = made
    poem = "春雨山水春，雨山水春雨。山水春雨山，水春雨山%s。"
    lines = {
        "words": ["A river’s run", "the river runs and sings."],
        "characters": ["abc", " 'é.a"],
        "poems": [poem % "雪", poem % "春"],
    }[kind]
    length, end = exports.LENGTHS[kind], exports.generator(kind).end_token
    rows = np.zeros([2, length], np.int32)
    for row, line in zip(rows, lines, strict=True):
        ids = codec.ids(codec.tokens(line))
        row[: len(ids)] = ids
        if end is not None:
            row[len(ids) : len(ids) + 1] = end
    nats, counted, unknown = loaded.log_prob_text(lines)
    np.testing.assert_allclose(nats, exports.generator(kind).log_prob(rows), atol=1e-5)
    np.testing.assert_array_equal(counted, loaded.log_prob(rows)[1])
    assert unknown.numpy().tolist() == [2 if kind == "words" else 1, 0]  # "a" and "run"


def test_the_documented_rest_request_has_every_input(made):
    """Over REST, TensorFlow Serving knows no defaults."""
    page = (REPOSITORY / "docs" / "serving.md").read_text(encoding="utf-8")
    body = json.loads(page.partition("poems:predict -d '")[2].partition("'\n```")[0])
    signature = made[1].signatures[body["signature_name"]]
    inputs = signature.structured_input_signature[1]
    assert body["inputs"].keys() == inputs.keys()
    given = {name: tf.constant(body["inputs"][name], inputs[name].dtype) for name in inputs}
    given["prefixes"] = tf.constant([{"words": "the", "characters": "a", "poems": "春"}[made[0]]])
    assert len(texts(signature(**given)["text"])) == 1


def test_signatures_have_named_strings(made):
    _, loaded, _ = made
    draw = {"seed": [3, 4], "temperature": 1.0, "top_k": 0, "top_p": 1.0, "candidates": 1}
    draw |= {"candidate_temperature": 0.0, "guidance": 0.0}
    draw = {name: tf.constant(value) for name, value in draw.items()}
    drawn = loaded.signatures["sample_text"](num=tf.constant(3), **draw)
    assert texts(drawn["text"]) == texts(loaded.sample_text(3, SEED))
    first = {"words": "the", "characters": "a", "poems": "春"}[made[0]]
    drawn = loaded.signatures["complete_text"](prefixes=tf.constant([first]), **draw)
    assert texts(drawn["text"]) == texts(loaded.complete_text([first], SEED))
    text = drawn["text"] if made[0] == "poems" else tf.constant([first])
    scored = loaded.signatures["log_prob_text"](text=text)
    assert scored.keys() == {"log_prob", "num_tokens", "num_unknown"}
    np.testing.assert_array_equal(scored["log_prob"], loaded.log_prob_text(text)[0])


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (
            lambda e: e.complete_text(["the lake"], SEED),
            "`prefixes` hold lake, expected tokens of the",
        ),
        (
            lambda e: e.complete_text(["the", " "], SEED),
            "`lengths` have 0, expected at least 1 token",
        ),
        (
            lambda e: e.complete_text(["the " * 6], SEED),
            "`lengths` have 6, expected at most 5 tokens",
        ),
        (lambda e: e.complete_text(["the"], SEED, 1.0, 0, 2.0), "`top_p` is 2, expected a number"),
        (lambda e: e.log_prob_text(["the " * 7]), "`text` has 7, expected 1 to 6 tokens in each"),
        (
            lambda e: e.log_prob_text(["the", ""]),
            "`text` has 0, expected 1 to 6 tokens in each text",
        ),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_line(call, said):
    loaded = exports.loaded("words")
    with pytest.raises(tf.errors.InvalidArgumentError, match=rf"failed: \[.*{said}.*\.\]"):
        call(loaded)


@pytest.mark.parametrize("kind", ["oracle", "music"])
def test_ids_that_are_no_text_have_no_such_functions(kind):
    loaded = exports.loaded(kind)
    assert not [name for name in loaded.signatures if "text" in name]
