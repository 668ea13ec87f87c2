"""Shares of a batch: which rows one of several devices computes."""

from typing import NamedTuple

import tensorflow as tf


class Share(NamedTuple):
    """Part `number`, from 0, of `num` parts of a batch; as equal as they can be, in the batch's order.

    What is drawn for a batch is drawn for all of its rows and cut like them, so that every number of
    devices works on the same draws.
    """

    number: int
    num: int

    def of(self, num_rows: int) -> slice:
        """The rows of this share."""
        return slice(
            self.number * num_rows // self.num,
            (self.number + 1) * num_rows // self.num,
        )

    def rows(self, batch: tf.Tensor) -> tf.Tensor:
        """This share of a batch of known size: `[B, ...]` -> `[B / num, ...]`."""
        return batch if self.num == 1 else batch[self.of(batch.shape[0])]


WHOLE = Share(0, 1)
