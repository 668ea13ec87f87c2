"""What depends on the device: how much is computed at a time, and in which form.

No other module checks the device. A model takes its `Layout` when it is made and keeps it, so
that all its compiled functions use the same one. Layouts change time and memory; values differ by no more than
rounding. docs/performance.md gives the reasons for each number.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import tensorflow as tf

# Completions written and rewarded at a time, on every device: all of the paper's batch.
COMPLETION_ROWS = 20_480


@dataclass(frozen=True)
class Layout:
    """How models compute on one kind of device.

    Args:
        ids: dtype of token ids within compiled functions; what they take and return is int32.
        branches: whether a graph may choose between two of its parts by a number that it computes.
        tables: whether the discriminator's convolutions may be sums of table rows.
        unfolds: whether the discriminator's convolutions are matrix products when it is trained.
        cut_draws: whether the logits of a step of the roll-outs are cut into chunks. If not, fewer
            roll-outs are under way.
        chunks_at_once: chunks that are under way together.
        max_logit_rows: rows of logits `[rows, V]` computed at a time.
        max_logits: numbers in such rows.
        max_states: numbers in the states of completions that are written at a time.
        loss_logits: numbers in the rows of logits whose loss and gradient are computed at a time.
        read_tokens: tokens that the generator reads at a time by teacher forcing.
        scored_tokens: tokens that the discriminator reads at a time, of sequences of 20 or more.
        tabled_tokens: tokens that are scored with one set of tables.
        next_scores: numbers from which a critic's scores of next tokens are made, at a time.
    """

    ids: tf.DType
    branches: bool
    tables: bool
    unfolds: bool
    cut_draws: bool
    chunks_at_once: int
    max_logit_rows: int
    max_logits: int
    max_states: int
    loss_logits: int
    read_tokens: int
    scored_tokens: int
    tabled_tokens: int
    next_scores: int

    def logit_rows(self, vocab_size: int) -> int:
        """Rows of logits `[rows, V]` to compute at a time."""
        return max(1, min(self.max_logit_rows, self.max_logits // vocab_size))

    def loss_rows(self, vocab_size: int) -> int:
        """Rows of logits `[rows, V]` of which to compute the loss and its gradient at a time."""
        return max(1, self.loss_logits // vocab_size)

    def critic_rows(self, vocab_size: int, next_scores: int) -> int:
        """Rows of which next tokens are scored at a time; `next_scores`: numbers a row in the scores."""
        return max(1, min(self.logit_rows(vocab_size), self.next_scores // next_scores))

    def draw_rows(self, vocab_size: int) -> int | None:
        """Rows of logits to compute at a time within a step of the roll-outs; None: all."""
        return self.logit_rows(vocab_size) if self.cut_draws else None

    def rollout_rows(self, chunk_rows: int, vocab_size: int, state_size: int = 1) -> int:
        """Completions to write at a time, at most `chunk_rows`; `state_size`: numbers a row in states."""
        rows = chunk_rows if self.cut_draws else min(chunk_rows, self.logit_rows(vocab_size))
        return max(1, min(rows, self.max_states // state_size))

    def read_rows(self, max_length: int) -> int:
        """Sequences for the generator to read at a time."""
        return max(1, self.read_tokens // max_length)

    def scored_rows(self, max_length: int) -> int:
        """Sequences for the discriminator to score at a time."""
        return max(1, self.scored_tokens // max(20, max_length))

    def tabled_rows(self, max_length: int) -> int:
        """Sequences to score with one set of tables, or in one call without tables."""
        return max(1, self.tabled_tokens // max(20, max_length))


# Measured on two cores: chunks that keep the cores busy and stay in cache.
PROCESSOR = Layout(
    ids=tf.int32,
    branches=True,
    tables=True,
    unfolds=True,
    cut_draws=True,
    chunks_at_once=2,
    max_logit_rows=1024,
    max_logits=1 << 24,  # 67 MB several times over, which vocabularies above 16,384 reach
    max_states=1 << 25,  # 134 MB several times over, which an attention's memories reach
    loss_logits=1 << 21,
    read_tokens=20 * 1024,
    scored_tokens=20 * 1024,
    tabled_tokens=20 * 20 * 1024,
    next_scores=1 << 22,
)

# Reasoned, not measured on a GPU. TensorFlow computes with int32 in host memory there, and waits for
# the device wherever the host needs a number of it: ids are int64, and nothing branches on a number.
GPU = Layout(
    ids=tf.int64,
    branches=False,
    tables=False,
    unfolds=False,
    cut_draws=False,
    chunks_at_once=1,
    max_logit_rows=1 << 27,
    max_logits=1 << 27,
    max_states=1 << 25,
    loss_logits=1 << 27,
    read_tokens=1 << 18,
    scored_tokens=20 * COMPLETION_ROWS,
    tabled_tokens=20 * COMPLETION_ROWS,
    next_scores=1 << 27,
)

_forced: Layout | None = None


def layout() -> Layout:
    """The layout for the devices of this process: `GPU` where TensorFlow lists one."""
    if _forced is not None:
        return _forced
    return GPU if tf.config.get_visible_devices("GPU") else PROCESSOR


@contextlib.contextmanager
def use(forced: Layout) -> Iterator[None]:
    """Gives the models made within it this layout, whatever the device."""
    global _forced
    before, _forced = _forced, forced
    try:
        yield
    finally:
        _forced = before
