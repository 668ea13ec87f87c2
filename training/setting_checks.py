"""Settings (`training.settings.Settings`) that contradict one another, or the amount of data."""

from typing import Any

from files.errors import UsageError
from training.discriminators import OF_PREFIXES
from training.effects import unmet
from training.options import flag


def check_combination(settings: Any) -> None:
    """Raises `UsageError` for a value that contradicts another."""
    if settings.algorithm != "seqgan" and settings.reward != "discriminator":
        raise UsageError(
            f"--reward {settings.reward} is for --algorithm seqgan, and --algorithm is "
            f"{settings.algorithm}. Give --algorithm seqgan, or leave --reward out."
        )
    if settings.action_values != "rollouts" and settings.algorithm not in ("pg-bleu", "seqgan"):
        raise UsageError(
            f"--action-values {settings.action_values} is for --algorithm pg-bleu and seqgan, and "
            f"--algorithm is {settings.algorithm}. Give one of them, or leave --action-values out."
        )
    if settings.action_values == "prefix" and (
        settings.discriminator not in OF_PREFIXES or settings.reward != "log-ratio"
    ):
        raise UsageError(
            f"--action-values prefix needs --discriminator {' or '.join(OF_PREFIXES)} and --reward log-ratio, and they are "
            f"{settings.discriminator} and {settings.reward}."
        )
    if settings.policy_update == "guided":
        _check_guided(settings)
    if settings.d_update != "continue" and settings.algorithm != "seqgan":
        raise UsageError(
            f"--d-update {settings.d_update} is for --algorithm seqgan, and --algorithm is "
            f"{settings.algorithm}. Give --algorithm seqgan, or leave --d-update out."
        )
    if settings.start_at_temperature and not settings.tune_temperature:
        raise UsageError(
            "--start-at-temperature needs --tune-temperature, which finds the temperature. Give both."
        )
    by_network = settings.action_values in ("value", "mixed")
    if by_network and settings.value_samples < settings.batch_size:
        raise UsageError(
            f"--value-samples is {settings.value_samples}, expected at least one batch: give "
            f"--batch-size, {settings.batch_size}, or more."
        )
    if settings.rollout_policy == "small":
        _check_small_policy(settings)
    if settings.mle_rate_cuts and settings.mle_patience is None:
        raise UsageError(
            f"--mle-rate-cuts is {settings.mle_rate_cuts} without --mle-patience, expected both: a cut "
            "comes after --mle-patience epochs without improvement. Give --mle-patience, such as 2."
        )
    if settings.reward_baseline == "leave-one-out" and settings.batch_size == 1:
        raise UsageError(
            "--reward-baseline leave-one-out needs a --batch-size of at least 2, and it is 1."
        )
    if settings.pretrained is not None and settings.algorithm not in ("pg-bleu", "seqgan"):
        raise UsageError(
            f"--pretrained is for --algorithm pg-bleu and seqgan, and --algorithm is "
            f"{settings.algorithm}. Give one of them, or leave --pretrained out."
        )


def _check_guided(settings: Any) -> None:
    """Raises `UsageError` for what `--policy-update guided` cannot be combined with."""
    expected: dict[str, tuple[Any, ...]] = {
        "algorithm": ("seqgan",),
        "discriminator": OF_PREFIXES,
        "reward": ("discriminator",),
        "action_values": ("rollouts",),
        "rollout_policy": ("copy",),
        "policy_samples": ("generator",),
        "data_weight": (0,),
    }
    for name, values in expected.items():
        given = getattr(settings, name)
        if given not in values:
            raise UsageError(
                f"--policy-update guided needs {flag(name)} {' or '.join(map(str, values))}, and it is "
                f"{given}. Give that, or --policy-update reinforce."
            )


def _check_small_policy(settings: Any) -> None:
    """Raises `UsageError` for what `--rollout-policy small` cannot be combined with."""
    if settings.algorithm not in ("pg-bleu", "seqgan"):
        raise UsageError(
            "--rollout-policy small is for --algorithm pg-bleu and seqgan, and --algorithm is "
            f"{settings.algorithm}. Give one of them, or leave --rollout-policy out."
        )
    if settings.action_values not in ("rollouts", "mixed"):
        raise UsageError(
            f"--rollout-policy small is for roll-outs, of which --action-values {settings.action_values} "
            "has none. Give --action-values rollouts or mixed, or --rollout-policy copy."
        )
    if settings.policy_samples == "target":
        raise UsageError(
            "--policy-samples target needs the roll-out policy to be a copy of the generator. Give "
            "--rollout-policy copy."
        )
    if settings.rollout_update_rate != 1:
        raise UsageError(
            f"--rollout-update-rate is {settings.rollout_update_rate}, expected 1 with "
            "--rollout-policy small, which is trained and not copied. Leave one of them out."
        )
    if settings.rollout_samples < settings.batch_size:
        raise UsageError(
            f"--rollout-samples is {settings.rollout_samples}, expected at least one batch: give "
            f"--batch-size, {settings.batch_size}, or more."
        )


def check_fits(settings: Any, num_sequences: int) -> None:
    """Raises `UsageError` where one batch needs more training sequences than there are."""
    if settings.batch_size > num_sequences:
        raise UsageError(
            f"--batch-size is {settings.batch_size}, but there are {num_sequences} training "
            "sequences. Give a smaller --batch-size or more data."
        )
    for name in ("pretrain_d_samples", "d_samples"):
        if unmet(settings, name):
            continue
        given = min(getattr(settings, name), num_sequences)
        if 2 * given < settings.batch_size:
            raise UsageError(
                f"{flag(name)} is {given} real and as many generated sequences, fewer than one "
                f"batch of {settings.batch_size}. Give at least {-(-settings.batch_size // 2)}."
            )
