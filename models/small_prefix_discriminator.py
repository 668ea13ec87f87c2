"""The small convolutional discriminator, of prefixes."""

import keras
import tensorflow as tf

from models.prefix_judge import PrefixJudge
from models.prefix_scores import ConvolutionalScores
from models.small_discriminator import SmallDiscriminator


@keras.saving.register_keras_serializable(package="seqgan")
class SmallPrefixDiscriminator(PrefixJudge, SmallDiscriminator):
    """Causal convolutions, the maximum of each filter so far, a logit at each position; see `PrefixJudge`.

    Arguments: those of `SmallDiscriminator`; the same features are dropped at all positions.
    """

    padding = "causal"

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
