"""A small discriminator for unseen data: few filters, much dropout, no highway."""

import keras
import tensorflow as tf

from models.checks import check_counts
from models.convolutional_judge import ConvolutionalJudge
from models.shares import WHOLE

# {kernel width: number of filters}
SMALL_KERNELS = {1: 64, 2: 128, 3: 128, 4: 128}


def small_kernels(max_length: int) -> dict[int, int]:
    """`SMALL_KERNELS` without those wider than a sequence of T tokens."""
    check_counts(max_length=max_length)
    return {width: filters for width, filters in SMALL_KERNELS.items() if width <= max_length}


@keras.saving.register_keras_serializable(package="seqgan")
class SmallDiscriminator(ConvolutionalJudge):
    """Embedding, convolutions that keep the length, max over time, one logit; dropout before and after.

    Trained with weight decay (AdamW, 1e-3, decay 0.1), it generalizes better to unseen sequences
    than the paper's; see docs/discriminator.md.

    Args:
        vocab_size: V.
        max_length: T.
        embedding_dim: dimension of the discriminator's own embedding.
        kernels: `{width: filters}`; default `small_kernels(max_length)`.
        dropout: share of the features dropped in training.
        embedding_dropout: share of the embedding's dimensions dropped in training, each for a whole
            sequence (spatial dropout).
        dtype: `"mixed_bfloat16"` computes all but the output layer in bfloat16; weights stay float32.

    Call arguments:
        tokens: int `[B, T]`.
        training: whether dropout is on.
        seed: int32 pair that decides the dropout masks; without it the model draws a new one.
        share: of a batch that the tokens are, with its rows of the batch's masks.

    Returns:
        logits of *real*, float32 `[B]`.
    """

    padding = "same"  # of the convolutions

    def __init__(
        self,
        vocab_size: int,
        max_length: int,
        embedding_dim: int = 64,
        kernels: dict[int, int] | None = None,
        dropout: float = 0.7,
        embedding_dropout: float = 0.2,
        **kwargs,
    ):
        kernels = small_kernels(max_length) if kernels is None else kernels
        super().__init__(
            vocab_size, max_length, embedding_dim, kernels, dropout, embedding_dropout, **kwargs
        )
        self.embedding = keras.layers.Embedding(
            self.vocab_size, self.embedding_dim, dtype=self.dtype_policy, name="embedding"
        )
        self.convolutions = [
            keras.layers.Conv1D(
                filters,
                width,
                padding=self.padding,
                activation="relu",
                dtype=self.dtype_policy,
                name=f"convolution_{width}",
            )
            for width, filters in sorted(self.kernels.items())
        ]
        self.output_layer = keras.layers.Dense(1, dtype="float32", name="output")
        self.build((None, max_length))

    def call(self, tokens, training=False, seed=None, share=WHOLE):
        seed = self._mask_seed(training, seed)
        features = self._features(self._embed(tokens, training, seed, share))
        return self._output(tf.cast(features, tf.float32), training, seed, share)
