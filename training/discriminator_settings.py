"""Settings of the discriminator: a part of `training.settings.Settings`."""

import dataclasses
from functools import partial
from typing import Literal

from training.bounds import (
    COUNT,
    COUNT_OR_NONE,
    DIMENSION,
    LEARNING_RATE,
    SEQUENCES,
)
from training.discriminators import defaults_in_words
from training.likelihood_settings import LikelihoodSettings
from training.options import Bounds, option

judge = partial(option, group="Discriminator", after_pretraining=True)


@dataclasses.dataclass(frozen=True)
class DiscriminatorSettings(LikelihoodSettings):
    """Which discriminator, and how it is trained."""

    discriminator: Literal["paper", "small", "recurrent", "prefix", "small-prefix"] = judge(
        "paper",
        "paper: convolutions of 12 widths and a highway layer; small: fewer filters, more dropout and weight decay, for unseen data; recurrent: a bidirectional LSTM; prefix: an LSTM that judges every prefix; small-prefix: small with causal convolutions, which judges every prefix (docs/discriminator.md).",
    )
    discriminator_learning_rate: float | None = judge(
        None,
        f"Learning rate of the discriminator. {defaults_in_words('discriminator_learning_rate')}",
        bounds=LEARNING_RATE,
    )
    discriminator_weight_decay: float | None = judge(
        None,
        "Decoupled weight decay of its optimizer (AdamW), times the learning rate; 0: none. "
        + defaults_in_words("discriminator_weight_decay"),
        bounds=Bounds(0, 1e6),
    )
    discriminator_embedding_dim: int = judge(
        64, "Dimension of its token embeddings.", bounds=DIMENSION
    )
    discriminator_dropout: float | None = judge(
        None,
        f"Dropout rate of its features in training. {defaults_in_words('discriminator_dropout')}",
        bounds=Bounds(0, 0.999),
    )
    discriminator_embedding_dropout: float | None = judge(
        None,
        "Dropout rate of its embedding's dimensions in training, with the same dimensions dropped at all positions of a sequence. "
        + defaults_in_words("discriminator_embedding_dropout"),
        bounds=Bounds(0, 0.999),
    )
    discriminator_hidden_dim: int | None = judge(
        None,
        f"Dimension of its recurrent state. {defaults_in_words('discriminator_hidden_dim')}",
        bounds=DIMENSION,
    )
    discriminator_l2: float | None = judge(
        None,
        f"Weight of the L2 penalty on its output layer. {defaults_in_words('discriminator_l2')}",
        bounds=Bounds(0, 1e6),
    )
    mixed_precision: Literal["none", "bfloat16"] = judge(
        "none",
        "bfloat16: compute its convolutions and highway layer in 16 bits. Weights, outputs and the generator stay in float32.",
    )
    pretrain_d_steps: int = judge(
        1,
        "Training sets in its pre-training, each with newly generated sequences.",
        bounds=COUNT_OR_NONE,
    )
    pretrain_d_epochs: int = judge(3, "Epochs per training set in its pre-training.", bounds=COUNT)
    pretrain_d_samples: int = judge(
        5000,
        "Real sequences per training set in its pre-training (all of them if there are fewer), and as many generated ones.",
        bounds=SEQUENCES,
    )
    d_patience: int | None = judge(
        None,
        "Early stopping of its pre-training: training sets without a lower loss on the validation data after which it stops. The weights with the lowest loss are used. None: all --pretrain-d-steps.",
        bounds=COUNT,
    )
    d_update: Literal["continue", "restart"] = judge(
        "continue",
        "How it learns in each round. continue: from --d-steps training sets more (paper); restart: from new weights, as in its pre-training (--pretrain-d-steps, --d-patience), and --g-learning-rate then falls to its final value within each round (docs/discriminator.md).",
    )
    d_steps: int = judge(
        1, "Training sets per round, each with newly generated sequences.", bounds=COUNT_OR_NONE
    )
    d_epochs: int = judge(1, "Epochs per training set (k).", bounds=COUNT)
    d_samples: int = judge(
        640,
        "Real sequences per training set (all of them if there are fewer), and as many generated ones.",
        bounds=SEQUENCES,
    )
    d_labels: Literal["true", "permuted"] = judge(
        "true",
        "permuted: real and generated sequences of each training set have their labels at random, a control.",
    )
