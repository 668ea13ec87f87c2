"""Settings that all tasks share: a frozen dataclass whose fields are the command-line flags."""

import dataclasses
from functools import partial
from typing import TYPE_CHECKING, Literal, TypeAlias

from training.bounds import (
    COUNT,
    COUNT_OR_NONE,
    DIMENSION,
    LEARNING_RATE,
    MEASURED_SEQUENCES,
    SEQUENCES,
    SHARE,
)
from training.discriminator_settings import DiscriminatorSettings
from training.discriminators import check_discriminator
from training.options import Bounds, check_bounds, option
from training.rewards import REWARDS
from training.setting_checks import check_combination, check_fits

# Boxes of `--help`, in this order.
GROUPS = (
    "Run",
    "Data",
    "Generator",
    "Maximum likelihood",
    "Discriminator",
    "Policy gradient",
    "Evaluation",
    "Execution",
)
policy = partial(option, group="Policy gradient", after_pretraining=True)
evaluation = partial(option, group="Evaluation")
execution = partial(option, group="Execution")

if TYPE_CHECKING:
    Reward: TypeAlias = str
else:
    Reward = Literal[tuple(REWARDS)]


@dataclasses.dataclass(frozen=True)
class Settings(DiscriminatorSettings):
    """Settings of every trainer. Lengths are in tokens; "per round" means per adversarial round."""

    rounds: int = policy(30, "Rounds of adversarial training.", bounds=COUNT_OR_NONE)
    g_steps: int = policy(1, "Policy-gradient updates per round.", bounds=COUNT_OR_NONE)
    g_learning_rate: float = policy(
        0.02, "Learning rate of the policy gradient.", bounds=LEARNING_RATE
    )
    g_learning_rate_final: float | None = policy(
        1e-4,
        "Learning rate in the last round; it changes linearly over the rounds. None: constant.",
        bounds=LEARNING_RATE,
    )
    num_rollouts: int = policy(
        16, "Monte Carlo roll-outs (N) per prefix.", bounds=Bounds(1, 10_000)
    )
    rollout_update_rate: float = policy(
        1.0,
        "Update of the roll-out policy after each round: beta <- rate * theta + (1 - rate) * beta (paper: 1, a copy; 0: it stays the pre-trained generator).",
        bounds=Bounds(0, 1),
    )
    policy_update: Literal["reinforce", "guided"] = policy(
        "reinforce",
        "How the generator learns from the discriminator. reinforce: policy gradient (paper); guided: from the roll-out policy guided by --discriminator prefix or small-prefix, at all tokens of each step (docs/discriminator.md).",
    )
    guidance: float = policy(
        1.0,
        "--policy-update guided: weight of the discriminator's logits.",
        bounds=Bounds(0, 100),
    )
    reward: Reward = policy(
        "discriminator",
        "Reward of --algorithm seqgan. "
        + "; ".join(f"{name}: {entry.help}" for name, entry in REWARDS.items())
        + ".",
    )
    reward_clip: float = policy(
        5.0,
        "--reward log-ratio and density-ratio: the log-ratio is clipped to at most this absolute value.",
        bounds=Bounds(0, 50, above=True),
    )
    reward_baseline: Literal["none", "batch", "position", "leave-one-out"] = policy(
        "none",
        "Baseline subtracted from the rewards. none (paper); batch: their mean over the batch; position: their mean at each position; leave-one-out: their mean over the other sequences of the batch (RLOO).",
    )
    policy_samples: Literal["generator", "target"] = policy(
        "generator",
        "Whose sequences the policy gradient learns from. target: those of the roll-out policy, which stays the same within a round. With --reward density-ratio and --action-values sequence the update is then weighted maximum likelihood.",
    )
    data_weight: float = policy(
        0.0,
        "Weight of maximum likelihood on a batch of the training data, added to each policy-gradient update.",
        bounds=Bounds(0, 1e6),
    )
    start_at_temperature: bool = policy(
        False,
        "Start adversarial training from the generator at its best sampling temperature (--tune-temperature), which then is its temperature 1.",
    )
    bleu_reward_order: int = policy(
        3, "Longest n-gram of the BLEU reward of --algorithm pg-bleu.", bounds=Bounds(1, 10)
    )
    bleu_reward_variant: Literal["strict", "method1", "legacy"] = policy(
        "method1",
        "Smoothing of the BLEU reward. strict: none, as NLTK from 3.3 on; method1: NLTK's smoothing of that name; legacy: as NLTK 3.2.",
    )
    bleu_reward_references: float = policy(
        0.4, "Share of the training sequences used as references of the BLEU reward.", bounds=SHARE
    )
    action_values: Literal["rollouts", "value", "mixed", "sequence", "prefix"] = policy(
        "rollouts",
        "Estimator of the action values. rollouts: --num-rollouts of every prefix (paper); value: a value network, which reads a sequence once; mixed: the value network, corrected by roll-outs of a few prefixes of each sequence, as unbiased as rollouts (docs/value-network.md); sequence: the reward of the sequence for all its tokens; prefix: differences of the verdicts of --discriminator prefix (docs/discriminator.md).",
    )
    rollout_positions: int = policy(
        4,
        "--action-values mixed: prefixes of each sequence, chosen at random, that have roll-outs.",
        bounds=COUNT,
    )
    value_hidden_dim: int = policy(
        32,
        "Dimension of the value network's recurrent state and of its token embeddings.",
        bounds=DIMENSION,
    )
    value_learning_rate: float = policy(
        0.005, "Learning rate of the value network.", bounds=LEARNING_RATE
    )
    value_samples: int = policy(
        2560,
        "Newly generated sequences that the value network learns from in each round and in each step of its pre-training.",
        bounds=SEQUENCES,
    )
    value_pretrain_steps: int = policy(
        20, "Steps of the value network's pre-training.", bounds=COUNT_OR_NONE
    )
    rollout_policy: Literal["copy", "small"] = policy(
        "copy",
        "Policy that writes the roll-outs. copy: a copy of the generator (paper); small: a smaller policy, distilled from the generator before the first round and in each round: faster and biased (docs/rollout-policy.md).",
    )
    rollout_hidden_dim: int = policy(
        16,
        "--rollout-policy small: dimension of its recurrent state and of its token embeddings.",
        bounds=DIMENSION,
    )
    rollout_learning_rate: float = policy(
        0.01, "--rollout-policy small: its learning rate.", bounds=LEARNING_RATE
    )
    rollout_samples: int = policy(
        640,
        "--rollout-policy small: newly generated sequences that it learns from in each round and in each step of its pre-training.",
        bounds=SEQUENCES,
    )
    rollout_pretrain_steps: int = policy(
        100, "--rollout-policy small: steps of its pre-training.", bounds=COUNT_OR_NONE
    )

    eval_every: int = evaluation(
        5,
        "Epochs of pre-training, or rounds, between two evaluations. With --d-update restart every round has one.",
        bounds=COUNT,
    )
    eval_samples: int = evaluation(
        2000, "Generated sequences per evaluation during training.", bounds=MEASURED_SEQUENCES
    )
    final_samples: int = evaluation(
        10000,
        "Generated sequences in the evaluations of the pre-trained and of the final generator.",
        bounds=MEASURED_SEQUENCES,
    )
    self_bleu_samples: int = evaluation(
        1000,
        "Generated sequences for self-BLEU, each compared with all the others.",
        bounds=MEASURED_SEQUENCES,
    )
    verdict_samples: int = evaluation(
        1000,
        "Validation sequences (all of them if there are fewer), and generated ones, on which the discriminator is evaluated after each training set of its pre-training and in each round.",
        bounds=MEASURED_SEQUENCES,
        after_pretraining=True,
    )
    normalizer_samples: int = evaluation(
        50_000,
        "Generated sequences for the final evaluation of the discriminator, on all validation and test sequences.",
        bounds=MEASURED_SEQUENCES,
        after_pretraining=True,
    )
    temperatures: tuple[float, ...] = evaluation(
        (0.5, 0.6, 0.7, 0.85, 1.0, 1.2),
        "Sampling temperatures at which the pre-trained and the final generator are evaluated too, each with --eval-samples sequences.",
        bounds=Bounds(0, 1000, above=True),
    )
    tune_temperature: bool = evaluation(
        False,
        "Find the sampling temperature with the lowest NLL on the validation data. The figures at it are named ..._tuned, and the exported generator keeps it as its default.",
    )
    checkpoint_seconds: float = execution(
        60.0,
        "Minimum time in seconds between two checkpoints within a stage. Every stage ends with a checkpoint.",
        bounds=Bounds(0, 1e9),
        after_pretraining=True,
    )
    distribute: Literal["auto", "none", "mirrored", "multi-worker"] = execution(
        "auto",
        "Devices to train on. auto: all workers of TF_CONFIG where it is set, else one device: the first GPU, or the CPU; none: one device; mirrored: all GPUs of this machine; multi-worker: the workers of TF_CONFIG. A resumed run may use other devices (docs/distributed.md).",
        stored=False,
    )
    deterministic: bool = execution(
        False,
        "Use only operations that give the same bits in every run, and no TensorFloat-32. For GPUs, where it is slower; on one CPU a run repeats without it.",
    )
    xla: bool = execution(
        True,
        "Compile the updates with XLA. --no-xla: for an installation whose XLA does not work (libdevice not found); slower.",
    )
    check_numerics: bool = execution(
        False,
        "Stop at the first NaN or infinity and name the operation that produced it; slower. Works with --resume on a run that diverged.",
        stored=False,
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "temperatures", tuple(self.temperatures))  # JSON has lists only

    def check(self) -> None:
        """Raises `UsageError` for a value out of bounds or one that contradicts another."""
        check_bounds(self)
        check_discriminator(self)
        check_combination(self)

    def check_fits(self, num_sequences: int) -> None:
        """Raises `UsageError` where one batch needs more training sequences than there are."""
        check_fits(self, num_sequences)
