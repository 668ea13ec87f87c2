"""Bounds that several settings have.

Those of sizes keep every product that is an index (sequences in a batch times roll-outs, vocabulary times
kernel width) below 2^31.
"""

from training.options import Bounds

SEED = Bounds(0, 2**32 - 1)  # NumPy's generator of the initial weights takes 32 bits
DIMENSION = Bounds(1, 16_384)
COUNT = Bounds(1, 1_000_000)
COUNT_OR_NONE = Bounds(0, 1_000_000)
SEQUENCES = Bounds(1, 10_000_000)
MEASURED_SEQUENCES = Bounds(2, 10_000_000)  # self-BLEU and variances compare a sequence with others
LEARNING_RATE = Bounds(0, 1e38, above=True)  # float32 holds it
SHARE = Bounds(0, 1, above=True)
