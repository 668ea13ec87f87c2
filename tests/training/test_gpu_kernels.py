"""What is compiled, for a GPU, without one: its kernels, its copies between memories, and XLA.

TensorFlow's wheel for Linux registers the kernels of GPUs on every machine. These tests trace what a
machine with a GPU would trace. They show that it can run there, not how fast.
"""

import functools
import importlib
import inspect
import pkgutil

import numpy as np
import pytest
import tensorflow as tf

import models
import training
from data.text_rules import text_rules
from data.vocabulary import RESERVED
from models import device
from models.critic_endpoints import CriticEndpoints
from models.discriminator import Discriminator
from models.endpoints import Endpoints
from models.export import export_generator
from models.generator import Generator
from models.guidance import GuidedPolicy
from models.prefix_discriminator import PrefixDiscriminator
from models.text_endpoints import TextEndpoints
from models.text_graph import TextGraph
from models.tree_search import TreeSearch
from models.value import ValueNetwork
from tests.gpu_graph import (
    copies,
    copies_in_loops,
    graphs,
    host_predicates,
    operations,
    without_kernel,
)
from tests.gpu_lowering import compiled_by_xla, lower_for_gpu
from tests.gpu_traced import (
    COUNT,
    NUMBER,
    SEED,
    TEXT,
    B,
    T,
    V,
    floats,
    ids,
    traced_chosen,
    traced_rollout,
    traced_updates,
)
from training.numerics import Finite
from training.scheduled_sampling import mixed_inputs
from training.steps import Steps

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not tf.test.is_built_with_cuda(), reason="this wheel of TensorFlow is built without CUDA"
    ),
]


@pytest.fixture(scope="module")
def endpoints():
    """What an export can do with ids, with candidates and guidance, by name."""
    with device.use(device.GPU):
        judge = PrefixDiscriminator(V, T, 4, 5)
        return Endpoints(Generator(V, T, 4, 5, **TEXT), judge)


@pytest.fixture(scope="module")
def on_text(endpoints):
    """What an export can do with text, by name."""
    with device.use(device.GPU):
        tokens = [*RESERVED, "a", "b", "c"]
        saved = {"task": "text", "level": "word", "size": V, "tokens": tokens, "lowercase": True}
        made = TextEndpoints(endpoints, TextGraph(**text_rules(saved)))
        return {n: each.get_concrete_function() for n, each in made.functions().items()}


@pytest.fixture(scope="module")
def traced(tmp_path_factory, endpoints):
    """Concrete functions by name: all that training, scoring, sampling and an export compile."""
    with device.use(device.GPU):
        generator, gru = Generator(V, T, 4, 5, **TEXT), Generator(V, T, 4, 5, "gru")
        attentive = Generator(V, T, 4, 5, "lstm-attention")
        judge = Discriminator(V, T, 3, {1: 4, 2: 4})
        mixed = Discriminator(V, T, 3, {1: 4, 2: 4}, dtype="mixed_bfloat16")
        finite = Finite({"generator": generator})
        folder = tmp_path_factory.mktemp("export") / "generator"
        export_generator(generator, folder, {"level": "id", "size": V})
        functions = {
            "sample": generator.sample_graph.get_concrete_function(),
            "share of a sample": generator._sample_rows.get_concrete_function(
                COUNT, SEED, NUMBER, COUNT, COUNT
            ),
            "GRU's sample": gru.sample_graph.get_concrete_function(),
            "attention's sample": attentive.sample_graph.get_concrete_function(),
            "export": tf.saved_model.load(str(folder)).signatures["sample"],
            "log-probability": generator._log_prob.get_concrete_function(),
            "GRU's log-probability": gru._log_prob.get_concrete_function(),
            "attention's log-probability": attentive._log_prob.get_concrete_function(),
            "score": judge._probability_real.get_concrete_function(),
            "bfloat16 score": mixed._probability_real.get_concrete_function(),
            "finite": finite._sums.get_concrete_function(),
        }
        policies = {"roll-out": generator, "GRU's roll-out": gru, "attention's roll-out": attentive}
        for name, policy in policies.items():
            states, completions = traced_rollout(policy, T)
            functions |= {f"{name}, states": states, f"{name}, completions": completions}
            functions[f"{name} of chosen prefixes"] = traced_chosen(policy, T)
        of_critic = CriticEndpoints(endpoints, endpoints.guided)
        for name, function in (endpoints.functions() | of_critic.functions()).items():
            functions[f"export's {name}"] = function.get_concrete_function()
        network = ValueNetwork(V, T, 4, 5)
        functions["values"] = network._values.get_concrete_function()
        prefixes = PrefixDiscriminator(V, T, 4, 5)
        functions["prefixes"] = prefixes._prefix_logits.get_concrete_function()
        guided, options = GuidedPolicy(generator, prefixes, 3), (NUMBER, NUMBER)
        functions["guided"] = guided._sample.get_concrete_function(COUNT, SEED, *options)
        functions["guided log-probability"] = guided._log_prob.get_concrete_function(
            ids(None, T), *options
        )
        functions["guided targets"] = guided._with_targets.get_concrete_function(
            *(COUNT, SEED, COUNT, COUNT), *options
        )
        search, options = TreeSearch(generator, prefixes, 3), (COUNT, NUMBER, NUMBER)
        functions["search"] = search._sample.get_concrete_function(COUNT, SEED, *options)
        functions["visits"] = search._visits.get_concrete_function(ids(None, T), COUNT, *options)
        updates = traced_updates(generator, judge)
        updates |= {
            f"{name} with other choices": function
            for name, function in traced_updates(gru, mixed, optimizer="rmsprop").items()
        }
        steps = Steps(gru, judge, optimizer="sgd", check_numerics=True)
        functions["checked"] = steps._policy_step.get_concrete_function(ids(B, T), floats(B, T))
    return functions | updates


def test_every_compiled_function_is_traced(traced, on_text):
    """None that a class defines is missing, by its name in the graphs."""
    defined = set()
    for package in (models, training):
        for info in pkgutil.iter_modules(package.__path__):
            module = importlib.import_module(f"{package.__name__}.{info.name}")
            for _, made in inspect.getmembers(module, inspect.isclass):
                defined |= {
                    name
                    for name, value in vars(made).items()
                    if isinstance(value, tf.types.experimental.PolymorphicFunction)
                    and made.__module__ == module.__name__
                }
    assert {"sample_graph", "log_prob", "_mle_epoch", "_probability_real"} <= defined
    functions = (traced | on_text).values()
    names = " ".join(name for function in functions for name in graphs(function))
    assert not {name for name in defined if f"__inference_{name}_" not in names}


# What runs on the host, and why that is no loss.
WITHOUT_KERNEL = {
    "StatelessShuffle": "the order of the sequences, once an epoch",
    "StringFormat": "what an export says of a wrong argument, once a call",
}


def test_every_operation_has_a_kernel(traced):
    missing = {name: without_kernel(function) for name, function in traced.items()}
    found = {kind for kinds in missing.values() for kind, _ in kinds}
    assert found == set(WITHOUT_KERNEL), missing
    assert sum(len(operations(function)) for function in traced.values()) > 5000


# Text lies in host memory, and so does what cuts it into words; from the ids on all has kernels.
OF_TEXT = {"RaggedTensorToTensor", "DenseBincount"}  # pad ids, count words: once a call


def test_of_text_only_strings_and_the_counts_of_their_words_stay_on_the_host(on_text):
    missing = {kind for function in on_text.values() for kind in without_kernel(function)}
    assert {kind for kind, dtypes in missing if "string" not in dtypes} == OF_TEXT


def test_an_operation_without_a_kernel_is_found():
    @tf.function
    def shuffled(words, seed):
        return tf.random.experimental.stateless_shuffle(tf.strings.length(words), seed)

    function = shuffled.get_concrete_function(tf.TensorSpec([3], tf.string), SEED)
    kinds = {kind for kind, _ in without_kernel(function)}
    assert kinds == {"StringLength", "StatelessShuffle"}


# Copies between host and device memory


def traced_mixture(generator):
    mixture = tf.function(functools.partial(mixed_inputs, generator))
    return mixture.get_concrete_function(ids(B, generator.max_length), NUMBER, SEED)


WRITERS = {
    "sample": lambda generator: generator.sample_graph.get_concrete_function(),
    "roll-out": lambda generator: traced_rollout(generator, generator.max_length)[1],
    "roll-out of chosen prefixes": lambda generator: traced_chosen(generator, generator.max_length),
    "scheduled sampling": traced_mixture,
}


def copies_per_token(writer, layout):
    """Copies that one token more in a sequence costs: those of a pass of the loop, and of a longer graph."""
    with device.use(layout):
        shorter, longer = (
            WRITERS[writer](Generator(V, length, 4, 5, **TEXT)) for length in (T, T + 1)
        )
    of_a_pass = max((found.total() for found in copies_in_loops(longer).values()), default=0)
    return of_a_pass + copies(longer).total() - copies(shorter).total()


def test_a_token_that_an_export_writes_costs_at_most_two_copies(traced):
    loops = copies_in_loops(traced["export's complete"])
    of_tokens = [found for name, found in loops.items() if "while_while_body" in name]
    assert len(of_tokens) == 4  # from all tokens and from the likeliest, guided and not
    assert max(found.total() for found in of_tokens) <= 2, of_tokens


@pytest.mark.parametrize("writer", WRITERS)
def test_a_token_costs_at_most_two_copies(writer):
    assert copies_per_token(writer, device.GPU) <= 2


def test_a_token_costs_more_with_what_suits_a_processor():
    assert copies_per_token("sample", device.PROCESSOR) > 2  # the count counts


def test_copies_by_hand():
    @tf.function
    def function(on_host, on_device):
        added = on_host + 1  # int32 arithmetic is done in host memory
        return tf.gather(on_device, added), tf.cast(on_device, tf.int32) * 2

    function = function.get_concrete_function(ids(3), floats(5))
    assert copies(function) == {
        ("AddV2", "GatherV2", "int32", "to device"): 1,
        ("Cast", "Mul", "int32", "to host"): 1,
    }


def test_nothing_branches_on_a_number_of_the_device(traced):
    # An export branches on its caller's arguments: whether to guide, to truncate, and to choose among candidates.
    # A tree search does at each token: where all rows have theirs, it is left out.
    found = {name: host_predicates(function) for name, function in traced.items()}
    assert {name: number for name, number in found.items() if number} == {
        "export": 1, "export's sample": 4, "export's complete": 4,
        "search": 1, "export's tree_search": 1,
    }  # fmt: skip
    with device.use(device.PROCESSOR):
        generator = Generator(V, T)
        assert host_predicates(generator.sample_graph.get_concrete_function()) == 1  # in the loop


# XLA


def only(functions):
    """The one name and graph in a dictionary."""
    (found,) = functions.items()
    return found


def test_what_xla_compiles_lowers_for_a_gpu(traced):
    updates = {"MLE", "scheduled sampling", "policy gradient", "discriminator", "value network"}
    updates |= {"roll-out policy", "guided update"}
    updates |= {f"{name} with other choices" for name in updates}
    with_xla = {name: compiled_by_xla(function) for name, function in traced.items()}
    assert {name for name, functions in with_xla.items() if functions} == updates
    for name, functions in with_xla.items():
        for function, graph in functions.items():
            text = lower_for_gpu(function, graph)
            assert text.startswith("HloModule") and "ROOT" in text
            # Without products nothing was computed; the discriminator's update has none.
            assert "discriminator" in name or " dot(" in text, name


def test_what_xla_cannot_lower_is_found():
    @tf.function(jit_compile=True)
    def strings(number):
        return tf.strings.length(tf.strings.as_string(number))

    function = strings.get_concrete_function(floats(3))
    with pytest.raises(ValueError, match="unsupported operations"):
        lower_for_gpu(*only(compiled_by_xla(function)))


def test_a_lowered_update_returns_the_weights_that_it_assigns():
    variable = tf.Variable(np.float32([1, 2, 3]))

    @tf.function(jit_compile=True)
    def update(change):
        variable.assign_add(change)
        return tf.reduce_sum(variable)

    text = lower_for_gpu(*only(compiled_by_xla(update.get_concrete_function(floats(3)))))
    result = text.split("ENTRY")[1].split("ROOT")[1].splitlines()[0]
    assert "(f32[], f32[3]" in result.replace("{0}", ""), result
