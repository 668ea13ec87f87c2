"""A recurrent discriminator, which reads a sequence in both directions."""

import keras
import tensorflow as tf

from models.recurrent_judge import RecurrentJudge
from models.shares import WHOLE


@keras.saving.register_keras_serializable(package="seqgan")
class RecurrentDiscriminator(RecurrentJudge):
    """A bidirectional LSTM, whose features' maximum over time gives the logit.

    Arguments: those of `RecurrentJudge`.
    """

    def _make_rnn(self):
        forward = keras.layers.LSTM(self.hidden_dim, return_sequences=True, use_cudnn=False)
        return keras.layers.Bidirectional(forward, name="rnn")

    def call(self, tokens, training=False, seed=None, share=WHOLE):
        seed = self._mask_seed(training, seed)
        features = self.rnn(self._embed(tokens, training, seed, share))
        return self._output(tf.reduce_max(features, axis=1), training, seed, share)
