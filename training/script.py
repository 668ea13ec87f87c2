"""What every training script does: read the flags, then run."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from training.cluster import read_cluster
from training.errors import one_line_errors, said_by
from training.flags import parse
from training.presets import S
from training.stops import at_once

if TYPE_CHECKING:
    from training.task import Task


def run_script(
    name: str,
    presets: Mapping[str, S],
    make_task: "Callable[[S], Task]",
    arguments=None,
    *,
    settle: "Callable[[S], S] | None" = None,
) -> None:
    """Runs the task `name` as the command line says; an error of use is one line and exit code 2.

    `settle` may change the settings of a run that begins, as where a corpus cannot be had. A signal
    stops the training after the step under way, and what comes before it at once.
    """
    with one_line_errors(), at_once():
        settings = parse(presets, arguments, prog=f"train_{name}.py")
        if settle is not None and not settings.resume:
            settings = settle(settings)

        cluster = read_cluster(settings.distribute)

        # TensorFlow takes seconds to import: only a run pays for it, not --help or a wrong flag.
        from training.session import join

        with said_by(str(cluster.me) if cluster else ""):
            distribution = join(settings, cluster)
            from training.experiment import run_experiment

            run_experiment(lambda: make_task(settings), name, settings, distribution)
