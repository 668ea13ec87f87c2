"""Settings of maximum likelihood and scheduled sampling: a part of `training.settings.Settings`."""

import dataclasses
from functools import partial

from training.bounds import COUNT, COUNT_OR_NONE, LEARNING_RATE
from training.generator_settings import GeneratorSettings
from training.options import Bounds, option

mle = partial(option, group="Maximum likelihood")


@dataclasses.dataclass(frozen=True)
class LikelihoodSettings(GeneratorSettings):
    """How the generator is pre-trained."""

    mle_epochs: int = mle(35, "Epochs of pre-training.", bounds=COUNT_OR_NONE)
    mle_learning_rate: float = mle(0.01, "Learning rate of pre-training.", bounds=LEARNING_RATE)
    mle_patience: int | None = mle(
        None,
        "Early stopping: epochs without a lower NLL on the validation data after which pre-training stops, or cuts its learning rate (--mle-rate-cuts). The weights of the best epoch are used. None: all epochs, and the last weights.",
        bounds=COUNT,
    )
    mle_rate_cuts: int = mle(
        0,
        "Times that --mle-patience first divides the learning rate by 3 and returns to the best weights, before it stops.",
        bounds=Bounds(0, 100),
    )
    ss_decay: float = mle(
        0.002,
        "--algorithm ss: decrease per epoch of the probability that an input token is the true one; it starts at 1.",
        bounds=Bounds(0, 1),
        after_pretraining=True,
    )
