"""The likeliest sequences of a policy: greedy decoding and beam search, by its function `step`."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

# (token int32 [M], *states [M, ...]) -> logits [M, V], *states
Step = Callable[..., Sequence[Any]]


def beam_search(
    step: Step,
    states: Sequence[np.ndarray],
    width: int,
    max_length: int,
    start_token: int,
    end_token: int | None = None,
    pad_token: int = 0,
    blocked_tokens: Sequence[int] = (),
    prefix: Sequence[int] = (),
) -> tuple[np.ndarray, np.ndarray]:
    """Sequences found by keeping the `width` likeliest beginnings after each token.

    Width 1 is greedy decoding: the likeliest token each time. A width of all beginnings there are
    finds the likeliest sequences; a smaller one may miss them. Sequences that have ended keep their
    log-probability and are not divided by their length, so short ones are common.

    Args:
        step: reads a token, see `models.endpoints.Endpoints`.
        states: zeros `[1, ...]`, as many as the policy has.
        width: of the beam, at least 1.
        max_length: T.
        start_token: read before the first token.
        end_token: ends a sequence; None: all have T tokens.
        pad_token: follows the end.
        blocked_tokens: ids that are never written.
        prefix: ids that all sequences begin with.

    Returns:
        int32 `[K, T]`, K at most `width`, the likeliest first, and the log-probability of each in
        nats, that of its prefix included, float64 `[K]`.
    """
    written = np.zeros([1, 0], np.int32)
    totals = np.zeros(1)
    token = np.array([start_token], np.int32)
    for t in range(max_length):
        logits, *states = (np.asarray(x) for x in step(token, *states))
        nats = _log_softmax(logits.astype(np.float64))
        nats[:, list(blocked_tokens)] = -np.inf
        if end_token is not None:
            ended = (written == end_token).any(axis=1)
            nats[ended] = -np.inf
            nats[ended, pad_token] = 0.0
        if t < len(prefix):
            given = nats[:, prefix[t]].copy()
            nats[:] = -np.inf
            nats[:, prefix[t]] = given
        scores = (totals[:, None] + nats).ravel()
        best = np.argsort(-scores, kind="stable")[:width]
        best = best[scores[best] > -np.inf]
        parents, token = best // nats.shape[1], (best % nats.shape[1]).astype(np.int32)
        written = np.concatenate([written[parents], token[:, None]], axis=1)
        totals, states = scores[best], [state[parents] for state in states]
    return written, totals


def _log_softmax(logits: np.ndarray) -> np.ndarray:
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
