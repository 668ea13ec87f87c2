"""The small convolutional discriminator, of prefixes."""

import keras
import tensorflow as tf

from models.convolutional_judge import ConvolutionalJudge
from models.prefix_judge import PrefixJudge
from models.prefix_scores import ConvolutionalScores
from models.small_discriminator import small_kernels


@keras.saving.register_keras_serializable(package="seqgan")
class SmallPrefixDiscriminator(PrefixJudge, ConvolutionalJudge):
    """Causal convolutions, the maximum of each filter so far, a logit at each position; see `PrefixJudge`.

    Args:
        vocab_size: V.
        max_length: T.
        embedding_dim: dimension of the discriminator's own embedding.
        kernels: `{width: filters}`; default `small_kernels(max_length)`.
        dropout: share of the features dropped in training, the same ones at all positions.
        embedding_dropout: share of the embedding's dimensions dropped in training, each for a whole
            sequence (spatial dropout).

    Call arguments and result: as those of `SmallDiscriminator`.
    """

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
        self.embedding = keras.layers.Embedding(vocab_size, embedding_dim, name="embedding")
        self.convolutions = [
            keras.layers.Conv1D(
                filters, width, padding="causal", activation="relu", name=f"convolution_{width}"
            )
            for width, filters in sorted(self.kernels.items())
        ]
        self.output_layer = keras.layers.Dense(1, name="output")
        self.build((None, max_length))

    def prefix_scores(self):
        """f_t token by token."""
        return ConvolutionalScores(self.embedding, self.convolutions, self.output_layer)

    def _prefix_features(self, embedded):
        return running_maximum(tf.concat([layer(embedded) for layer in self.convolutions], axis=2))


def running_maximum(features: tf.Tensor) -> tf.Tensor:
    """The maximum over the positions up to each one: `[B, T, F]`, of known T, at least 0, likewise."""
    length, reach = features.shape[1], 1
    while reach < length:  # each pass doubles how far a position has looked back
        earlier = tf.pad(features[:, :-reach], [[0, 0], [reach, 0], [0, 0]])
        features = tf.maximum(features, earlier)
        reach *= 2
    return features
