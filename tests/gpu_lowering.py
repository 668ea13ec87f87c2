"""Lowers a function that XLA compiles for a GPU, without one: what it does to variables, done to values.

TensorFlow lowers for an absent device only what takes no variables. So a copy of the function is made
that takes the values of its variables and returns those that it assigns.
"""

import tensorflow as tf
from tensorflow.core.framework import function_pb2, types_pb2
from tensorflow.python.eager import context
from tensorflow.python.ops import handle_data_util

from tests.gpu_graph import graphs

RESOURCE = types_pb2.DT_RESOURCE
ON_VALUES = {
    "ReadVariableOp": ("Identity", "output"),
    "AssignVariableOp": ("Identity", "output"),
    "AssignAddVariableOp": ("AddV2", "z"),
    "AssignSubVariableOp": ("Sub", "z"),
}


def compiled_by_xla(function):
    """The functions that XLA must compile, of a concrete function and all that it calls: by name."""
    definitions = {name: context.get_function_def(name) for name in graphs(function)}
    must = {name for name, each in definitions.items() if each.attr["_XlaMustCompile"].b}
    return {name: graph for name, graph in graphs(function).items() if name in must}


def lower_for_gpu(name, graph):
    """The HLO text of a function for a GPU; all shapes in its graph are known."""
    definition, specs, types = context.get_function_def(name), [], {}
    for argument, tensor in zip(definition.signature.input_arg, graph.inputs, strict=True):
        spec = tf.TensorSpec(tensor.shape, tensor.dtype)
        if tensor.dtype == tf.resource:
            (held,) = handle_data_util.get_resource_handle_data(tensor).shape_and_type
            spec = tf.TensorSpec(held.shape, held.dtype)
            types[argument.name] = held.dtype
        specs.append(spec)
    text = context.context().get_compiler_ir(
        device_name=None,
        platform_name="GPU",
        function_name=_add_on_values(definition, types),
        flat_args=specs,
        captured_inputs=[],
        stage="hlo",
    )
    return text.decode()


def _add_on_values(definition, types):
    """Registers the copy of a function on values; its name.

    Args:
        definition: of the function.
        types: dtype of each variable, by the name of the argument.
    """
    copy = function_pb2.FunctionDef()
    copy.CopyFrom(definition)
    copy.signature.name = f"{definition.signature.name}_on_values"
    types = dict(types)
    for argument in copy.signature.input_arg:
        if argument.type == RESOURCE:
            argument.type = types[argument.name]
    renamed, assigned = {}, {}
    for node in copy.node_def:
        if node.op in ON_VALUES:
            _use_value(node, renamed, assigned)
        elif node.op == "VariableShape":
            node.op = "Shape"
            node.attr["T"].type = types[node.input[0]]
        elif node.op in ("While", "StatelessWhile"):
            _pass_values(node, types)
    for name, dtype in assigned.items():
        output = copy.signature.output_arg.add(name=f"assigned_{len(copy.ret)}", type=dtype)
        copy.ret[output.name] = name
    for output in copy.signature.output_arg:
        if output.type == RESOURCE:
            output.type = types[copy.ret[output.name]]
    for node in copy.node_def:
        node.input[:] = [renamed.get(name, name) for name in node.input]
    for name, value in copy.ret.items():
        copy.ret[name] = renamed.get(value, value)
    if not context.context().has_function(copy.signature.name):
        context.context().add_function_def(copy)
    return copy.signature.name


def _use_value(node, renamed, assigned):
    """Turns an operation on a variable into one on values."""
    kind, dtype = node.op, node.attr["dtype"].type
    node.op, output = ON_VALUES[kind]
    node.attr.clear()
    node.attr["T"].type = dtype
    if kind == "ReadVariableOp":
        renamed[f"{node.name}:value:0"] = f"{node.name}:{output}:0"
    else:
        assigned[f"{node.name}:{output}:0"] = dtype
    if kind == "AssignVariableOp":
        del node.input[0]


def _pass_values(node, types):
    """Turns a loop that is handed variables into one that is handed their values."""
    passed, shapes = node.attr["T"].list.type, node.attr["output_shapes"].list.shape
    for place, (kind, name) in enumerate(zip(list(passed), node.input, strict=True)):
        if kind == RESOURCE:
            passed[place] = types[f"{node.name}:output:{place}"] = types[name]
            shapes[place].unknown_rank = True
    for role in ("cond", "body"):
        inner = context.get_function_def(node.attr[role].func.name)
        names = (argument.name for argument in inner.signature.input_arg)
        inner_types = dict(zip(names, passed, strict=True))
        node.attr[role].func.name = _add_on_values(inner, inner_types)
