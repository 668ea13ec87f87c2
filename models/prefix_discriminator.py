"""The recurrent discriminator of prefixes."""

import keras

from models.prefix_judge import PrefixJudge
from models.prefix_scores import RecurrentScores
from models.recurrent_judge import RecurrentJudge


@keras.saving.register_keras_serializable(package="seqgan")
class PrefixDiscriminator(PrefixJudge, RecurrentJudge):
    """An LSTM with a logit at each position, see `PrefixJudge`.

    Arguments: those of `RecurrentJudge`.
    """

    def prefix_scores(self):
        """f_t token by token."""
        return RecurrentScores(self.embedding, self.rnn, self.output_layer)

    def _prefix_features(self, embedded):
        return self.rnn(embedded)
