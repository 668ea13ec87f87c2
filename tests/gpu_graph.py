"""What TensorFlow would do with a traced function on a GPU, read from the kernels of the installed wheel.

No GPU is needed: a wheel that is built with CUDA registers its kernels on every machine.
"""

import functools
from collections import Counter

import tensorflow as tf
from tensorflow.python.framework import kernels

# They run functions and have no kernel of their own; TensorFlow then goes by the dtype.
CALLS = {"PartitionedCall", "StatefulPartitionedCall", "While", "StatelessWhile"}
CONDITIONALS = {"If", "StatelessIf", "Case", "StatelessCase"}
IN_HOST_MEMORY = {tf.int32, tf.string, tf.resource}


def graphs(function):
    """The graph of a concrete function and of all functions that it calls, by name."""
    found = {tf.compat.as_str(function.name): function.graph}
    waiting = [function.graph]
    while waiting:
        called = {name: each.graph for name, each in waiting.pop()._functions.items()}
        waiting += [graph for name, graph in called.items() if name not in found]
        found |= called
    return found


def operations(function):
    """All operations of a concrete function, those of the functions that it calls among them."""
    return [op for graph in graphs(function).values() for op in graph.get_operations()]


def is_call(op):
    return op.type in CALLS | CONDITIONALS or op.type == "Placeholder"


def kernel_of(op):
    """The registered kernel that runs an operation on a GPU, by its dtypes; None where there is none."""
    attributes = op.node_def.attr
    for kernel in _gpu_kernels(op.type):
        if all(
            set(attributes[c.name].list.type or [attributes[c.name].type])
            <= set(c.allowed_values.list.type)
            for c in kernel.constraint
        ):
            return kernel
    return None


@functools.cache
def _gpu_kernels(name):
    every = [k for k in kernels.get_registered_kernels_for_op(name).kernel if not k.label]
    return [k for device in ("GPU", "DEFAULT") for k in every if k.device_type == device]


def dtypes(op):
    return tuple(tensor.dtype.name for tensor in [*op.inputs, *op.outputs])


def without_kernel(function):
    """Operations, each with its dtypes, that a GPU has no kernel for: `{(type, dtypes)}`."""
    every = operations(function)
    return {(op.type, dtypes(op)) for op in every if not is_call(op) and kernel_of(op) is None}


def _in_host_memory(op):
    """Whether each input and each output lies in host memory: two lists."""
    if is_call(op):
        inputs, outputs = (
            [tensor.dtype in IN_HOST_MEMORY for tensor in tensors]
            for tensors in (op.inputs, op.outputs)
        )
        return [op.type in CONDITIONALS or inputs[0], *inputs[1:]] if inputs else [], outputs
    kernel = kernel_of(op)
    if kernel is None:  # runs on the host
        return [True] * len(op.inputs), [True] * len(op.outputs)
    on_host = set(kernel.host_memory_arg)
    return tuple(
        [name in on_host for name in _names(op, arguments)]
        for arguments in (op.op_def.input_arg, op.op_def.output_arg)
    )


def _names(op, arguments):
    """Name of the argument that each tensor belongs to."""
    for argument in arguments:
        attributes, count = op.node_def.attr, 1
        if argument.number_attr:
            count = attributes[argument.number_attr].i
        elif argument.type_list_attr:
            count = len(attributes[argument.type_list_attr].list.type)
        yield from [argument.name] * count


def copies(function):
    """Edges between host and device memory: `{(producer, consumer, dtype, "to host"): count}`."""
    found = Counter()
    for graph in graphs(function).values():
        on_host = {op.name: _in_host_memory(op) for op in graph.get_operations()}
        for op in graph.get_operations():
            for tensor, to_host in zip(op.inputs, on_host[op.name][0], strict=True):
                if to_host != on_host[tensor.op.name][1][tensor.value_index]:
                    direction = "to host" if to_host else "to device"
                    found[tensor.op.type, op.type, tensor.dtype.name, direction] += 1
    return found


def copies_in_loops(function):
    """The same for one pass of each loop, by the name of its body: of the loops that hold no other."""
    every = graphs(function)
    bodies = {}
    for op in operations(function):
        if op.type in ("While", "StatelessWhile"):
            name = op.get_attr("body").name
            body = next(f for g in every.values() for n, f in g._functions.items() if n == name)
            if not any(inner.type in ("While", "StatelessWhile") for inner in operations(body)):
                bodies[name] = copies(body)
    return bodies


def host_predicates(function):
    """How many conditionals wait for a number of the device."""
    return sum(op.type in CONDITIONALS for op in operations(function))
