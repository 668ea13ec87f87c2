"""Settings of the generator and of all its updates: fields of `training.settings.Settings`."""

import dataclasses
from functools import partial
from typing import Literal

from training.bounds import DIMENSION
from training.options import Bounds, option
from training.run_settings import RunSettings

generator = partial(option, group="Generator")
evaluation = partial(option, group="Evaluation")


@dataclasses.dataclass(frozen=True)
class GeneratorSettings(RunSettings):
    """The policy, and what its updates and the discriminator's have in common."""

    random_tokens: Literal["unigram", "uniform"] = evaluation(
        "unigram",
        "Token distribution of --algorithm random. unigram: frequencies of the tokens in the training data; uniform: the same probability for all tokens.",
        after_pretraining=True,
    )

    embedding_dim: int = generator(32, "Dimension E of the token embeddings.", bounds=DIMENSION)
    hidden_dim: int = generator(32, "Dimension H of the recurrent state.", bounds=DIMENSION)
    cell: Literal["lstm", "gru", "lstm-attention"] = generator(
        "lstm",
        "Recurrent cell (paper: lstm). lstm-attention: an LSTM with soft attention over its own past states.",
    )
    dropout: float = generator(
        0.0,
        "Dropout rate of the recurrent layer's inputs and outputs in pre-training, with one mask a sequence (Gal and Ghahramani, 2016). The paper has none.",
        bounds=Bounds(0, 0.999),
    )
    batch_size: int = generator(
        64, "Sequences per update (B), for the discriminator too.", bounds=Bounds(1, 100_000)
    )
    optimizer: Literal["adam", "rmsprop", "sgd"] = generator(
        "adam",
        "Optimizer of all updates. The generator has separate optimizers for maximum likelihood and for the policy gradient.",
    )
    clip_norm: float = generator(
        5.0,
        "Maximum global norm of the generator's gradients; larger ones are scaled down to it.",
        bounds=Bounds(1e-30, 1e30),  # float32 holds their reciprocals
    )
