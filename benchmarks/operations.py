"""Floating-point operations of the stages, and the published schedule's round as a sum of stages."""

from training.task_settings import OracleSettings


def operations(settings: OracleSettings) -> dict[str, float]:
    """Floating-point operations of each stage as the paper defines it, whichever way it is computed.

    Products only, an addition and a multiplication each; a gradient counts twice its forward pass.
    """
    from models.discriminator import paper_kernels

    length, batch_size = settings.max_length, settings.batch_size
    embedding, hidden = settings.embedding_dim, settings.hidden_dim
    token = 2 * (embedding + hidden) * 4 * hidden + 2 * hidden * settings.vocab_size
    kernels = paper_kernels(length)
    features = sum(kernels.values())
    windows = sum((length - width + 1) * width * filters for width, filters in kernels.items())
    verdict = 2 * windows * settings.discriminator_embedding_dim + 4 * features**2 + 2 * features
    completions = batch_size * settings.num_rollouts * (length - 1)
    written = completions * length / 2
    return {
        f"sample {batch_size} sequences": batch_size * length * token,
        f"sample {completions} sequences": completions * length * token,
        "MLE step": 3 * batch_size * length * token,
        "policy-gradient step": 3 * batch_size * length * token,
        "discriminator step": 3 * batch_size * verdict,
        f"score {completions} sequences": completions * verdict,
        "rewards of one batch": written * token + (completions + batch_size) * verdict,
    }


def published_round(times: dict[str, float], settings: OracleSettings) -> float | None:
    """A round of the published schedule from the times of its parts, or None where one is missing.

    One policy-gradient step on 64 sequences and their rewards; then five times 9,984 new sequences
    and three epochs of 312 steps of the discriminator.
    """
    once = (
        *(f"sample {settings.batch_size} sequences", "rewards of one batch"),
        "policy-gradient step",
    )
    if not {*once, "discriminator step"} <= times.keys():
        return None
    new_batches = 9984 / 64 * times[once[0]]
    return sum(times[name] for name in once) + 5 * (
        new_batches + 3 * 312 * times["discriminator step"]
    )
