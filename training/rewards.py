"""The rewards that the policy can be trained with: one registry, which the flags offer.

A reward judges whole sequences. Algorithm 1 is the same for all: SeqGAN with the discriminator's,
PG-BLEU with BLEU, and the controls. Nothing here imports TensorFlow, so that `--help` is fast.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    import numpy as np

    from models.generator import Generator, Seed
    from models.judge import Judge
    from models.rollout import RewardFunction

# Ids int32 [M, T] -> rewards [M]
UserReward = Callable[[Any], Any]
CONSTANT = 0.5


class RewardSettings(Protocol):
    """Settings of a run that its reward depends on; see `training.settings.Settings`."""

    @property
    def algorithm(self) -> str: ...
    @property
    def reward(self) -> str: ...
    @property
    def reward_clip(self) -> float: ...
    @property
    def seed(self) -> int: ...
    @property
    def bleu_reward_order(self) -> int: ...
    @property
    def bleu_reward_variant(self) -> str: ...
    @property
    def bleu_reward_references(self) -> float: ...


@dataclass(frozen=True)
class Reward:
    """Reward of whole sequences: w D(Y) + (1 - w) f(Y).

    The mixture is that of ORGAN (Guimaraes et al., 2017, Section 3). The probability D(Y) may be
    replaced by another function of the discriminator's logit.

    Args:
        discriminator_weight: w in [0, 1]; at 0 no discriminator is trained.
        function: f, from ids int32 `[M, T]` and a seed (int32 pair) to rewards `[M]`.
        same_for_all: whether f is a constant: then one roll-out says as much as many.
        of_logits: from the discriminator's logits `[M]` to rewards `[M]`; None: D(Y), the probability.
        of_batch: from action values `[B, T]` of a whole batch and a seed to those that train the
            policy; None: they stay as they are.
    """

    discriminator_weight: float = 1.0
    function: "Callable[[Any, Seed], Any] | None" = None
    same_for_all: bool = False
    of_logits: "Callable[[Any], Any] | None" = None
    of_batch: "Callable[[Any, Seed], Any] | None" = None

    def __post_init__(self) -> None:
        if not 0 <= self.discriminator_weight <= 1:
            raise ValueError(
                f"`discriminator_weight` is {self.discriminator_weight}, expected a number from 0 to 1."
            )
        if self.discriminator_weight < 1 and self.function is None:
            raise ValueError(
                f"`discriminator_weight` is {self.discriminator_weight} without a `function`: give one, "
                "or the weight 1."
            )

    @property
    def needs_discriminator(self) -> bool:
        """Whether the reward depends on the discriminator, so that it has to be trained."""
        return self.discriminator_weight > 0

    def num_rollouts(self, asked: int) -> int:
        """N for Monte Carlo search: `asked`, or 1 where all completions have the same reward."""
        return 1 if self.same_for_all else asked

    def over_batch(self, action_values: Any, seed: "Seed") -> Any:
        """The action values float32 `[B, T]` of a whole batch, as the policy gradient takes them."""
        return action_values if self.of_batch is None else self.of_batch(action_values, seed)

    def bind(self, discriminator: "Judge", seed: "Seed") -> "RewardFunction":
        """A function of ids int32 `[M, T]` alone; `seed` matters to random rewards."""
        weight, function, of_logits = self.discriminator_weight, self.function, self.of_logits
        judge = discriminator.probability_real
        if of_logits is not None:
            judge = lambda tokens: of_logits(discriminator.logits(tokens))  # noqa: E731
        if function is None:
            return judge
        if weight == 0:
            return lambda tokens: function(tokens, seed)
        return lambda tokens: weight * judge(tokens) + (1 - weight) * function(tokens, seed)


def user_reward(reward: UserReward | tuple[float, UserReward] | None) -> Reward:
    """A reward from what `seqgan.SeqGAN` takes.

    Args:
        reward: None, the discriminator; a function of ids, an int32 NumPy array `[M, T]`, to finite
            rewards `[M]`; or a pair (discriminator_weight, function), a mixture.
    """
    if reward is None:
        return Reward()
    pair = reward if isinstance(reward, tuple) else (0.0, reward)
    weight, function = pair if len(pair) == 2 else (None, None)
    if not (isinstance(weight, int | float) and callable(function)):
        raise ValueError(
            f"`reward` is {reward!r:.80}, expected None, a function from ids [M, T] to rewards [M], or "
            "a pair (discriminator_weight, function)."
        )

    from training.reward_functions import checked_rewards

    return Reward(weight, lambda tokens, seed: checked_rewards(function, tokens))


def _constant(settings: RewardSettings, generator: "Generator", real: "np.ndarray") -> Reward:
    from training.reward_functions import constant

    return Reward(0.0, lambda tokens, seed: constant(tokens, CONSTANT), same_for_all=True)


def _uniform(settings: RewardSettings, generator: "Generator", real: "np.ndarray") -> Reward:
    from training.reward_functions import uniform

    return Reward(0.0, uniform)


def _log_ratio(settings: RewardSettings, generator: "Generator", real: "np.ndarray") -> Reward:
    from training.reward_functions import log_ratio

    return Reward(of_logits=lambda logits: log_ratio(logits, settings.reward_clip))


def _density_ratio(settings: RewardSettings, generator: "Generator", real: "np.ndarray") -> Reward:
    from training.reward_functions import density_ratio, normalised

    return Reward(
        of_logits=lambda logits: density_ratio(logits, settings.reward_clip),
        of_batch=lambda action_values, seed: normalised(action_values),
    )


def _permuted(settings: RewardSettings, generator: "Generator", real: "np.ndarray") -> Reward:
    from training.reward_functions import permuted

    return Reward(of_batch=permuted)


def _permuted_density_ratio(
    settings: RewardSettings, generator: "Generator", real: "np.ndarray"
) -> Reward:
    from training.reward_functions import density_ratio, normalised, permuted

    return Reward(
        of_logits=lambda logits: density_ratio(logits, settings.reward_clip),
        of_batch=lambda action_values, seed: permuted(normalised(action_values), seed),
    )


def _bleu(settings: RewardSettings, generator: "Generator", real: "np.ndarray") -> Reward:
    from training.reward_functions import BleuReward

    bleu = BleuReward(
        real,
        settings.bleu_reward_order,
        settings.bleu_reward_variant,
        settings.bleu_reward_references,
        settings.seed,
        generator.end_token,
    )
    return Reward(0.0, lambda tokens, seed: bleu(tokens))


class Entry(NamedTuple):
    """A reward that a flag can name."""

    help: str
    make: "Callable[[RewardSettings, Generator, np.ndarray], Reward]"
    """From settings, generator and training sequences, int32 `[M, T]`."""


# The choices of --reward.
REWARDS: Mapping[str, Entry] = {
    "discriminator": Entry("its probability of a real sequence", lambda *_: Reward()),
    "log-ratio": Entry("log D / (1 - D), clipped to --reward-clip", _log_ratio),
    "density-ratio": Entry(
        "D / (1 - D), its logarithm clipped to --reward-clip, divided by the mean over the batch, as in MaliGAN",
        _density_ratio,
    ),
    "permuted": Entry(
        "the discriminator's rewards, shuffled among the sequences of the batch, a control",
        _permuted,
    ),
    "permuted-density-ratio": Entry(
        "those of density-ratio, shuffled among the sequences of the batch, a control",
        _permuted_density_ratio,
    ),
    "constant": Entry(f"{CONSTANT} for every sequence, a control", _constant),
    "uniform": Entry("a random number from 0 to 1 for each sequence, a control", _uniform),
    "bleu": Entry("BLEU, as in --algorithm pg-bleu", _bleu),
}


def make_reward(settings: RewardSettings, generator: "Generator", real: "np.ndarray") -> Reward:
    """The reward that `--algorithm` and `--reward` name.

    Args:
        settings: of the run.
        generator: says where a sequence ends.
        real: int32 `[M, T]`, training sequences: references of BLEU.
    """
    name = "bleu" if settings.algorithm == "pg-bleu" else settings.reward
    return REWARDS[name].make(settings, generator, real)
