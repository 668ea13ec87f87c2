"""Cost model: the time of a run on several devices from the work of a replica and the network's speed."""

import dataclasses

from training.task_settings import OracleSettings


@dataclasses.dataclass(frozen=True)
class Network:
    """What messages between replicas take."""

    hop_ms: float
    bytes_per_ms: float

    def all_reduce(self, replicas: int, num_bytes: float) -> float:
        """Milliseconds of a ring: each part of the sum passes all replicas twice."""
        hops = 2 * (replicas - 1)
        return hops * (self.hop_ms + num_bytes / replicas / self.bytes_per_ms)

    def gather(self, replicas: int, num_bytes: float) -> float:
        """Milliseconds until all have the parts of all: half an all-reduce."""
        return self.all_reduce(replicas, num_bytes) / 2


def paper_hours(
    settings: OracleSettings,
    work: dict[str, float],
    sizes: dict[str, float],
    replicas: int,
    net: Network,
) -> float:
    """Hours of a whole run without its measurements.

    Args:
        settings: of the run.
        work: milliseconds that one replica computes, by stage.
        sizes: bytes of the gradients of `generator` and `discriminator`.
        replicas: devices, a batch shared among them.
        net: between the replicas.
    """
    size = settings.batch_size
    of_g, of_d = (net.all_reduce(replicas, sizes[name]) for name in ("generator", "discriminator"))
    tokens = 4 * settings.max_length
    mle_steps = settings.mle_epochs * (settings.train_size // size)
    sets = settings.pretrain_d_steps + settings.rounds * settings.d_steps
    d_steps = settings.pretrain_d_steps * settings.pretrain_d_epochs * (
        2 * settings.pretrain_d_samples // size
    ) + settings.rounds * settings.d_steps * settings.d_epochs * (2 * settings.d_samples // size)
    g_step = sum(work[name] for name in ("sample a batch", "rewards of one batch", "policy step"))
    g_step += of_g + 2 * net.gather(replicas, tokens * size)
    milliseconds = (
        mle_steps * (work["MLE step"] + of_g)
        + sets * (work["sample D's set"] + net.gather(replicas, tokens * settings.d_samples))
        + d_steps * (work["discriminator step"] + of_d)
        + settings.rounds * settings.g_steps * g_step
    )
    return milliseconds / 3.6e6
