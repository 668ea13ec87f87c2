"""Base class of the convolutional discriminators: kernels of several widths, each filter's maximum over time."""

from collections.abc import Callable

import keras
import tensorflow as tf

from models.judge import Judge


class ConvolutionalJudge(Judge):
    """A discriminator that looks for n-grams anywhere in a sequence.

    A subclass also makes the layers `convolutions`, one for each kernel, and then calls `build`.

    Args:
        vocab_size: V.
        max_length: T.
        embedding_dim: dimension of the discriminator's own embedding.
        kernels: `{width: filters}`.
        dropout: share of the features dropped in training.
        embedding_dropout: share of the embedding's dimensions dropped in training.
    """

    convolutions: list[keras.layers.Conv1D]

    def __init__(
        self,
        vocab_size: int,
        max_length: int,
        embedding_dim: int,
        kernels: dict[int, int],
        dropout: float,
        embedding_dropout: float = 0.0,
        **kwargs,
    ):
        super().__init__(
            vocab_size, max_length, embedding_dim, dropout, embedding_dropout, **kwargs
        )
        self.kernels = check_kernels(kernels, max_length)

    @property
    def num_features(self) -> int:
        """Filters over all kernels."""
        return sum(self.kernels.values())

    def build(self, input_shape):
        """Creates all weights, so that tracing and restoring never depend on a first call."""
        self.embedding.build((None, self.max_length))
        for convolution in self.convolutions:
            convolution.build((None, self.max_length, self.embedding_dim))
        self.output_layer.build((None, self.num_features))
        self.built = True

    def _features(
        self, embedded: tf.Tensor, convolve: Callable[..., tf.Tensor] | None = None
    ) -> tf.Tensor:
        """Each filter's maximum over time: embeddings `[B, T, E]` -> `[B, F]`.

        `convolve` maps a convolution and its inputs to its outputs; None: the layer itself does.
        """
        layers = self.convolutions
        filtered = [convolve(of, embedded) if convolve else of(embedded) for of in layers]
        return tf.concat([tf.reduce_max(outputs, axis=1) for outputs in filtered], axis=1)

    def get_config(self):
        return {**super().get_config(), "kernels": self.kernels}


def check_kernels(kernels: dict, max_length: int) -> dict[int, int]:
    """Kernels `{width: filters}`, the widths whole numbers; `ValueError` where one does not fit."""
    kernels = {int(width): filters for width, filters in kernels.items()}  # JSON keys are text
    if not kernels or max(kernels) > max_length or min(kernels) < 1:
        raise ValueError(
            f"`kernels` have widths {sorted(kernels)}, expected some in [1, {max_length}]; "
            "leave them out for the default ones."
        )
    return kernels
