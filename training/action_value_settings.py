"""Settings of the action values that train the policy: by roll-outs, a value network, or both."""

import dataclasses
from functools import partial
from typing import Literal

from training.bounds import COUNT, COUNT_OR_NONE, DIMENSION, LEARNING_RATE, SEQUENCES
from training.options import option

GROUP = "Action values"
estimation = partial(option, group=GROUP, after_pretraining=True)


@dataclasses.dataclass(frozen=True)
class ActionValueSettings:
    """The part of `training.settings.Settings` that says how Eq. (4) is estimated."""

    action_values: Literal["rollouts", "value", "mixed"] = estimation(
        "rollouts",
        "Estimator of the action values. rollouts: --num-rollouts of every prefix (paper); value: a value network, which reads a sequence once; mixed: the value network, corrected by roll-outs of a few prefixes of each sequence, as unbiased as rollouts (docs/value-network.md).",
    )
    rollout_positions: int = estimation(
        4,
        "--action-values mixed: prefixes of each sequence, chosen at random, that have roll-outs.",
        bounds=COUNT,
    )
    value_hidden_dim: int = estimation(
        32,
        "Dimension of the value network's recurrent state and of its token embeddings.",
        bounds=DIMENSION,
    )
    value_learning_rate: float = estimation(
        0.005, "Learning rate of the value network.", bounds=LEARNING_RATE
    )
    value_samples: int = estimation(
        640,
        "Newly generated sequences that the value network learns from in each round, and at a time in its pre-training.",
        bounds=SEQUENCES,
    )
    value_pretrain_steps: int = estimation(
        20,
        "Times that the value network learns from --value-samples new sequences before the first round.",
        bounds=COUNT_OR_NONE,
    )
