"""`tf.function` without AutoGraph.

AutoGraph rewrites a function and all that it calls, Keras included, to find loops and branches of
Python on tensors. Here are none (loops are `tf.while_loop`, branches `tf.cond`), and the rewriting
takes a fourth of the time of tracing. An `if` on a tensor is an error.
"""

import functools

import tensorflow as tf

graph_function = functools.partial(tf.function, autograph=False)
