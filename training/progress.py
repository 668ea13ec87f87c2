"""Progress of a run on standard error: a bar on a terminal, one line a step elsewhere."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Column

from files.terminal import without_controls

# The figures shown, with their short names, in order.
SHORT_NAMES = {
    "mle_loss": "MLE loss",
    "mean_reward": "reward",
    "discriminator_accuracy": "D accuracy",
    "nll_oracle": "NLL-oracle",
    "nll_validation": "NLL-validation",
    "nll_test": "NLL-test",
    "bleu_2": "BLEU-2",
}
WIDE = 120  # characters of a terminal with room for a bar next to most figures


class Display:
    """Progress of the stages of a run, on stderr; `quiet`: none."""

    def __init__(self, quiet: bool = False):
        self.console = Console(stderr=True, highlight=False, quiet=quiet)
        self._task: TaskID | None = None
        self._shown: dict[str, float] = {}
        self._bar = Progress(*_columns(self.console.width), console=self.console)

    @contextmanager
    def stage(self, name: str, total: int, done: int) -> Iterator[None]:
        """Shows the stage `name`, of which `done` of `total` steps are done."""
        self._shown = {}
        if not self.console.is_terminal:
            yield
            return
        self._task = self._bar.add_task(name, total=total, completed=done, figures="")
        try:
            with self._bar:
                yield
        finally:  # after the bar has stopped, so that its last line stays on the terminal
            self._bar.remove_task(self._task)
            self._task = None

    def step(self, stage: str, number: int, total: int, values: Mapping[str, float]) -> None:
        """Shows the figures of a finished step; on a bar those measured less often stay shown."""
        measured = {name: values[name] for name in SHORT_NAMES if name in values}
        self._shown = {**self._shown, **measured} if self._task is not None else measured
        figures = "  ".join(
            f"{SHORT_NAMES[name]} {value:.3f}" for name, value in self._shown.items()
        )
        if self._task is not None:
            self._bar.update(self._task, figures=figures)
        else:
            self.say(f"{stage} {number}/{total}  {figures}".rstrip())

    def done(self, number: int) -> None:
        """Moves the bar to the step that was finished."""
        if self._task is not None:
            self._bar.update(self._task, completed=number, refresh=True)

    @property
    def on_terminal(self) -> bool:
        """Whether somebody may be watching."""
        return self.console.is_terminal and not self.console.quiet

    def sample(self, text: str) -> None:
        """Shows a generated sequence in one line, above the bar; control characters as U+FFFD."""
        shown = without_controls(" / ".join(text.split("\n")).strip(" /"))
        self.console.print(
            f"  {shown}", style="dim", markup=False, no_wrap=True, overflow="ellipsis"
        )

    def say(self, line: str) -> None:
        """Prints one line, above the bar where there is one."""
        self.console.print(line, soft_wrap=True, markup=False)


def _columns(width: int) -> list[ProgressColumn]:
    """What a line shows on a terminal of that width. Where it is too narrow, the figures take more lines."""
    bar = [BarColumn(20, table_column=Column(no_wrap=True))]
    elapsed = [TimeElapsedColumn(table_column=Column(no_wrap=True))]
    return [
        TextColumn("{task.description:<14}"),
        *(bar if width >= WIDE else []),
        MofNCompleteColumn(table_column=Column(no_wrap=True)),
        *(elapsed if width >= WIDE else []),
        TextColumn("left"),
        TimeRemainingColumn(table_column=Column(no_wrap=True)),
        TextColumn("{task.fields[figures]}", table_column=Column()),
    ]
