"""Where the training runs: on one device, the devices of one machine, or several machines.

Every worker has all data and the same counted draws, and every replica computes its share of the same
global batch, so that the number of replicas changes no more than the order of sums.
"""

import json
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from files.errors import UsageError
from models.shares import WHOLE, Share
from training.cluster import Cluster

# What a collective raises where a worker is gone.
LOST = (
    *(tf.errors.UnavailableError, tf.errors.AbortedError),
    *(tf.errors.CancelledError, tf.errors.DeadlineExceededError),
)


# The private method by which a Keras optimizer sums gradients over replicas.
_KERAS_SUM = "_all_reduce_sum_gradients"


class Distribution:
    """The replicas of the models and what they do together; by default one, on the default device.

    Args:
        strategy: of `tf.distribute`, with more than one replica.
        cluster: the machines, where there are several.
    """

    def __init__(
        self, strategy: tf.distribute.Strategy | None = None, cluster: Cluster | None = None
    ):
        self.strategy = strategy
        self.cluster = cluster
        self.devices: Sequence[str] = strategy.extended.worker_devices if strategy else [""]
        self.num_replicas: int = strategy.num_replicas_in_sync if strategy else 1
        self._threads = ThreadPoolExecutor(len(self.devices))
        if strategy:  # which, outside of a function, would make and trace a new one in each call
            gather = partial(strategy.gather, axis=0)
            self._gathered = tf.function(gather, autograph=False, reduce_retracing=True)

    @property
    def is_chief(self) -> bool:
        """Whether this process writes, measures and exports."""
        return self.cluster is None or self.cluster.number == 0

    def __str__(self) -> str:
        """The workers, for what a result says of the hardware; empty for one."""
        return "" if self.cluster is None else f"{len(self.cluster.tasks)} workers, each "

    def scope(self) -> AbstractContextManager:
        """Where models and optimizers are made: each of their variables lives on every replica."""
        return self.strategy.scope() if self.strategy else nullcontext()

    def adopt(self, optimizer: keras.optimizers.Optimizer) -> None:
        """Readies an optimizer of the scope for gradients that `step` has summed over the replicas."""
        if self.strategy:
            # Keras would sum them itself, after the clip to a global norm that needs the sum.
            if not callable(getattr(optimizer, _KERAS_SUM, None)):
                raise RuntimeError(
                    f"this version of Keras ({keras.__version__}) has no Optimizer.{_KERAS_SUM}, without "
                    "which gradients would be summed twice. Use a version that requirements.txt allows."
                )
            setattr(optimizer, _KERAS_SUM, lambda pairs: pairs)

    def step(
        self, part: Callable[..., Any], update: Callable[..., Any], compiled: Callable[..., Any]
    ) -> Callable[..., Any]:
        """An update, as a function of the global batch: `update(*part(share, *batch))`.

        Args:
            part: what a replica computes of the batch, the whole of it where there is one; tensors
                that add up over the replicas.
            update: gets the sums, on every replica.
            compiled: makes a compiled function of a function.
        """
        if self.strategy is None:
            return compiled(lambda *batch: update(*part(WHOLE, *batch)))
        strategy = self.strategy
        parts: dict[int, Callable[..., Any]] = {}  # XLA compiles them alone: it knows no collective

        def on_replica(*batch):
            context = tf.distribute.get_replica_context()
            number = int(tf.get_static_value(context.replica_id_in_sync_group))
            if number not in parts:
                parts[number] = compiled(partial(part, Share(number, self.num_replicas)))
            return update(*context.all_reduce(tf.distribute.ReduceOp.SUM, parts[number](*batch)))

        @partial(tf.function, autograph=False)
        def step(*batch):
            results = strategy.run(on_replica, batch)
            return tf.nest.map_structure(
                lambda result: strategy.experimental_local_results(result)[0], results
            )

        return step

    def by_rows(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """`function(*arguments)`, `[M, ...]` or several; each replica computes its `share=` of the rows.

        The replicas of a machine work at once, each on its device; all workers get all rows. The
        function may be Python, for no replica waits for another within it.
        """
        if self.strategy is None:
            return function(*arguments)
        strategy, devices = self.strategy, self.devices
        first = 0 if self.cluster is None else self.cluster.number * len(devices)

        def one_replica(local: int) -> Any:
            with strategy.scope(), tf.device(devices[local]):
                return function(*arguments, share=Share(first + local, self.num_replicas))

        shares = self._threads.map(one_replica, range(len(devices)))
        return tf.nest.map_structure(lambda *rows: self._gather(tf.concat(rows, 0)), *shares)

    def all_workers(self, *numbers: int) -> np.ndarray:
        """These numbers of every worker, the chief's first: int64 `[workers, ...]`."""
        if self.cluster is None:
            return np.array([numbers], np.int64)
        return self._gather(tf.constant([numbers], tf.int64)).numpy()

    def from_chief(self, number: float) -> float:
        """The chief's number, on every worker."""
        bits = int(np.float64(number).view(np.int64))
        return float(self.all_workers(bits)[:1, 0].view(np.float64)[0])

    def check_same(self, what: dict[str, Any]) -> None:
        """Raises `UsageError` unless all workers have the same settings, data and number of replicas.

        They meet in every collective: with a difference they would wait for each other forever.
        """
        if self.cluster is None:
            return
        digest = zlib.crc32(json.dumps([what, len(self.devices)], sort_keys=True).encode())
        gathered = self.all_workers(digest)[:, 0]
        if np.any(gathered != gathered[0]):
            other = self.cluster.tasks[int(np.argmax(gathered != gathered[0]))]
            raise UsageError(
                f"{other} has other flags, other data or another number of devices than the chief "
                f"{self.cluster.tasks[0].address}. Give every worker the same command and data."
            )

    def _gather(self, rows: tf.Tensor) -> tf.Tensor:
        """The rows of all workers, in their order."""
        return rows if self.cluster is None else self._gathered(rows)


ONE_DEVICE = Distribution()


def make_distribution(distribute: str, cluster: Cluster | None, batch_size: int) -> Distribution:
    """The distribution of `--distribute`; waits for the other workers. Call it before other TensorFlow code.

    Raises `UsageError` where the global batch does not divide by the replicas.
    """
    if cluster is not None and len(cluster.tasks) > 1:
        check_divides(batch_size, len(cluster.tasks))  # before a wait for the others
        try:
            strategy = tf.distribute.MultiWorkerMirroredStrategy()
        except tf.errors.OpError as error:
            raise UsageError(
                f"TensorFlow cannot join the workers of TF_CONFIG ({error.message:.200}). Check their "
                "addresses, and that each is started."
            ) from None
    else:
        mirrored = distribute == "mirrored"
        all_gpus = mirrored or cluster is not None  # of one worker, which has all its GPUs too
        cluster, strategy = None, None
        devices = tf.config.list_logical_devices("GPU") if all_gpus else []
        if mirrored and not devices:
            devices = tf.config.list_logical_devices("CPU")
        if len(devices) > 1:
            strategy = tf.distribute.MirroredStrategy([device.name for device in devices])
    distribution = Distribution(strategy, cluster)
    check_divides(batch_size, distribution.num_replicas)
    return distribution


def check_divides(batch_size: int, num_replicas: int) -> None:
    """Raises `UsageError` unless the replicas can have equal shares of a batch."""
    if batch_size % num_replicas:
        nearest = max(1, round(batch_size / num_replicas)) * num_replicas
        raise UsageError(
            f"--batch-size is {batch_size}, which {num_replicas} replicas cannot share equally. Give "
            f"a multiple, as {nearest}, or --distribute none."
        )
