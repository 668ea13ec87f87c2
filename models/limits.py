"""The largest and smallest options of a draw, for graphs and for scripts; needs no TensorFlow."""

MIN_TEMPERATURE = 1e-30  # a smaller one may be flushed to 0
# Above it, the logits of tokens that are never written would come near those of the others.
MAX_TEMPERATURE = 1e30
MAX_CANDIDATES = 10_000  # of sample.py, for each sequence
MAX_GUIDANCE = 1e6
MAX_EXPLORATION = 1e6
MAX_SIMULATIONS = 10_000
