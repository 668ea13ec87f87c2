"""The discriminator D_phi: a convolutional network that judges whole sequences."""

import keras
import tensorflow as tf

from models.checks import check_arrays, check_counts
from models.chunks import map_chunks
from models.convolutional_judge import ConvolutionalJudge
from models.folded_convolution import folded_features
from models.highway import Highway
from models.shares import WHOLE
from models.unfolded_convolution import unfolded_convolution

# {kernel width: number of filters}, Appendix of Yu et al. (2017): for T = 20 and for T = 32.
PAPER_KERNELS_20 = {
    1: 100, 2: 200, 3: 200, 4: 200, 5: 200,
    6: 100, 7: 100, 8: 100, 9: 100, 10: 100, 15: 160, 20: 160,
}  # fmt: skip
PAPER_KERNELS_32 = {
    1: 100, 2: 200, 3: 200, 4: 200, 5: 200,
    6: 100, 7: 100, 8: 100, 9: 100, 10: 100, 16: 160, 24: 160,
}  # fmt: skip


def paper_kernels(max_length: int) -> dict[int, int]:
    """The paper's kernels for a sequence length T.

    T = 20 and T = 32 are the paper's own tables. Other lengths take the table of 32 from T = 32 on
    and that of 20 below, without the kernels wider than the sequence.
    """
    check_counts(max_length=max_length)
    table = PAPER_KERNELS_32 if max_length >= 32 else PAPER_KERNELS_20
    return {width: filters for width, filters in table.items() if width <= max_length}


@keras.saving.register_keras_serializable(package="seqgan")
class Discriminator(ConvolutionalJudge):
    """Convolution, max over time, highway, dropout, one logit ("The Discriminative Model for Sequences").

    Args:
        vocab_size: V.
        max_length: T.
        embedding_dim: dimension of the discriminator's own embedding.
        kernels: `{width: filters}`; default `paper_kernels(max_length)`.
        dropout: share of the features dropped in training (the paper keeps 0.75).
        l2: the paper's weight of `|w|^2 / 2` over the two output columns. One logit is the difference
            of two columns, whose least penalty for a difference w is `|w|^2 / 4`; see docs/differences.md.
        dtype: `"mixed_bfloat16"` computes all but the output layer in bfloat16; weights stay float32.

    Call arguments:
        tokens: int `[B, T]`.
        training: whether dropout is on.
        seed: int32 pair that decides the dropout mask; without it the layer draws a new one.
        share: of a batch that the tokens are, with its rows of the batch's mask.

    Returns:
        logits of *real*, float32 `[B]`.
    """

    def __init__(
        self,
        vocab_size: int,
        max_length: int,
        embedding_dim: int = 64,
        kernels: dict[int, int] | None = None,
        dropout: float = 0.25,
        l2: float = 0.2,
        **kwargs,
    ):
        kernels = paper_kernels(max_length) if kernels is None else kernels
        super().__init__(vocab_size, max_length, embedding_dim, kernels, dropout, **kwargs)
        self.l2 = l2

        def truncated_normal():
            return keras.initializers.TruncatedNormal(stddev=0.1)

        self.embedding = keras.layers.Embedding(
            self.vocab_size,
            self.embedding_dim,
            embeddings_initializer=keras.initializers.RandomUniform(-1.0, 1.0),
            dtype=self.dtype_policy,
            name="embedding",
        )
        self.convolutions = [
            keras.layers.Conv1D(
                filters,
                width,
                activation="relu",
                kernel_initializer=truncated_normal(),
                bias_initializer=keras.initializers.Constant(0.1),
                dtype=self.dtype_policy,
                name=f"convolution_{width}",
            )
            for width, filters in sorted(self.kernels.items())
        ]
        self.highway = Highway(dtype=self.dtype_policy, name="highway")
        self.output_layer = keras.layers.Dense(
            1,
            kernel_initializer=truncated_normal(),
            bias_initializer="zeros",
            kernel_regularizer=keras.regularizers.L2(l2 / 4),
            bias_regularizer=keras.regularizers.L2(l2 / 4),
            dtype="float32",
            name="output",
        )
        self.build((None, max_length))

    def build(self, input_shape):
        self.highway.build((None, self.num_features))
        super().build(input_shape)

    def call(self, tokens, training=False, seed=None, share=WHOLE):
        seed = self._mask_seed(training, seed)
        embedded = self._embed(tokens, training, seed, share)
        unfold = training and self.layout.unfolds
        features = self._features(embedded, unfolded_convolution if unfold else None)
        return self.judge(features, training, seed, share)

    def judge(self, features: tf.Tensor, training=False, seed=None, share=WHOLE) -> tf.Tensor:
        """The part after the convolutions: `[B, F]` -> logits of *real* `[B]`."""
        (features,) = check_arrays(features=(features, f"float [B, {self.num_features}]"))
        seed = self._mask_seed(training, seed)
        features = tf.cast(self.highway(features), tf.float32)
        return self._output(features, training, seed, share)

    def _score(self, tokens):
        by_convolution = super()._score
        score_rows = self.layout.scored_rows(self.max_length)

        def by_table(tokens):
            embeddings, chunk_rows = self.embedding.embeddings, max(1, score_rows // 2)
            features = folded_features(embeddings, self.convolutions, tokens, chunk_rows)
            return map_chunks(lambda rows: self.judge(rows, training=False), features, score_rows)

        def logits(tokens):
            if not self.layout.tables or self.compute_dtype != "float32":
                return by_convolution(tokens)
            # A table of V tokens takes about the time that it saves on V sequences.
            many = tf.shape(tokens)[0] >= self.vocab_size
            return tf.cond(many, lambda: by_table(tokens), lambda: by_convolution(tokens))

        return map_chunks(logits, tokens, self.layout.tabled_rows(self.max_length))

    def get_config(self):
        return {**super().get_config(), "l2": self.l2}
