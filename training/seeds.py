"""Counted randomness: every draw is a function of (run seed, stage, step), so nothing needs saving."""

import zlib

import numpy as np


def counted_seed(seed: int, stage: str, *steps: int) -> np.ndarray:
    """An int32 pair for `tf.random.stateless_*`, the same for the same arguments everywhere."""
    # The number of steps keeps (0,) and (0, 0) apart: SeedSequence pads with zeros.
    entropy = [seed, zlib.crc32(stage.encode()), len(steps), *steps]
    return np.random.SeedSequence(entropy).generate_state(2).astype(np.int32)
