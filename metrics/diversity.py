"""Diversity of samples (self-BLEU) and the share copied from the training set."""

import numpy as np

from metrics.bleu import BleuScorer, Sequences, token_lists, tokens_expected


def self_bleu(samples: Sequences, max_order: int = 5, variant: str = "method1") -> np.ndarray:
    """Mean BLEU of each sample against all the other samples; 1 when all samples are equal.

    A sample is never among its own references, but another one that equals it is. Self-BLEU rises
    with the number of samples, so only equal numbers can be compared.

    Args:
        samples: M sequences of tokens, M at least 2; see `BleuScorer`.
        max_order: the largest n.
        variant: see `BleuScorer`.

    Returns:
        float64 `[max_order]`; entry n - 1 is self-BLEU-n.
    """
    rows = token_lists(samples, "samples")
    if len(rows) < 2:
        raise ValueError(
            f"`samples` hold {len(rows)} sequence(s), expected at least 2 to compare each with "
            "the others; draw more samples."
        )
    return BleuScorer(rows, max_order, variant).leave_one_out_scores().mean(axis=0)


def copied_share(samples: Sequences, training: Sequences) -> float:
    """Share of the samples that are copied verbatim from the training set.

    Both must hold the same kind of tokens, with padding cut from both or neither.
    """
    copied = _as_tuples(samples, "samples")
    with tokens_expected("training"):
        known = set(_as_tuples(training, "training"))
    with tokens_expected("samples"):
        return sum(sample in known for sample in copied) / len(copied)


def _as_tuples(sequences: Sequences, name: str) -> list[tuple]:
    rows = [tuple(row) for row in token_lists(sequences, name)]
    if not rows:
        raise ValueError(f"`{name}` hold no sequence, expected at least one; give some.")
    return rows
