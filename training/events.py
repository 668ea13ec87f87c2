"""What TensorBoard shows of a run: figures in groups, samples, rewards by position, hyper-parameters."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from files.errors import printable
from training.critic import FIGURES as VALUES
from training.distillation import FIGURES as DISTILLATION
from training.progress import SHORT_NAMES
from training.verdict import FIGURES as VERDICT

# The first page, and the groups of the other figures in order; those of the measures by default.
OVERVIEW = {
    **SHORT_NAMES,
    "self_bleu_2": "self-BLEU-2",
    "discriminator_gain": "D gain",
}
MEASURES = "2 measures"
_GROUPS = {
    "3 policy gradient": ("policy_loss", "policy_gradient_norm", *VALUES, *DISTILLATION),
    "4 discriminator": ("discriminator_loss", *VERDICT),
    "5 maximum likelihood": ("mle_learning_rate",),
}
_TAGS = {name: f"{group}/{name}" for group, names in _GROUPS.items() for name in names}
_TAGS |= {name: f"1 overview/{short}" for name, short in OVERVIEW.items()}
_COUNTS = ("stage", "step", "seconds")  # of a row, which are no figures

SAMPLES = "samples"
REWARDS = "rewards by position"
RESULT = "result"
_NOT_IN_TABLE = (f"{SAMPLES}/", f"{REWARDS}/")
_MOST_POSITIONS = 8


class Events:
    """The events of a run, in one file however often the run is resumed.

    Figures are written twice: under their group by the running step, which counts the rows of
    `metrics.csv` over all stages, and under `stage/name` by the stage's own step.

    Args:
        folder: of the run. An earlier file is replaced; samples and rewards of rows that still count
            are copied from it.
        history: the rows of `metrics.csv` so far.
    """

    def __init__(self, folder: Path, history: list[dict[str, Any]]):
        earlier = sorted(folder.glob("events.out.tfevents.*"))
        kept = list(_not_in_table(earlier, len(history) + 1))
        self._writer: Any = tf.summary.create_file_writer(str(folder))
        self._written = {(tag, step) for tag, step, _ in kept}
        self._rows = 0
        with self._writer.as_default(0):
            for _, step, content in kept:
                tf.summary.experimental.write_raw_pb(content, step)
        self.add_rows(history)
        for path in earlier:
            path.unlink()

    def add_rows(self, rows: list[dict[str, Any]]) -> None:
        """Adds rows of `metrics.csv`."""
        for row in rows:
            self._rows += 1
            with self._writer.as_default(self._rows):
                for name, value in row.items():
                    if name not in _COUNTS:
                        tf.summary.scalar(_TAGS.get(name, f"{MEASURES}/{name}"), value)
                        tf.summary.scalar(f"{row['stage']}/{name}", value, step=row["step"])
        self._writer.flush()

    def add_text(self, lines: list[str]) -> None:
        """Adds sequences as text, one a line; lines of a poem stay lines."""
        blocks = ["    " + line.rstrip("\n").replace("\n", "\n    ") for line in lines]
        if self._is_new(tag := f"{SAMPLES}/text"):
            self._write(lambda: tf.summary.text(tag, "\n    \n".join(blocks)))

    def add_tunes(self, rolls: np.ndarray, waves: np.ndarray, sample_rate: int) -> None:
        """Adds tunes as pictures and as sound.

        Args:
            rolls: float `[M, keys, steps, 1]`, 0 to 1: piano rolls.
            waves: float `[M, frames, 1]`, -1 to 1.
            sample_rate: frames per second.
        """
        most = len(rolls)
        if self._is_new(tag := f"{SAMPLES}/piano roll"):
            self._write(lambda: tf.summary.image(tag, rolls, max_outputs=most))
            audio = f"{SAMPLES}/audio"
            self._write(lambda: tf.summary.audio(audio, waves, sample_rate, max_outputs=most))

    def add_rewards(self, action_values: np.ndarray, counts: np.ndarray) -> None:
        """Adds histograms of the action values of a batch at up to eight positions.

        Args:
            action_values: float `[B, T]`.
            counts: bool `[B, T]`, the tokens that the policy has written.
        """
        length = action_values.shape[1]
        positions = np.linspace(0, length - 1, min(length, _MOST_POSITIONS)).round().astype(int)
        for t in positions:
            values = action_values[counts[:, t], t]
            if len(values) and self._is_new(tag := f"{REWARDS}/t = {t + 1:03d}"):
                self._write(lambda tag=tag, values=values: tf.summary.histogram(tag, values))

    def add_result(self, settings: Mapping[str, Any], figures: Mapping[str, float]) -> None:
        """Adds the settings as hyper-parameters (HParams) and the final figures."""
        from tensorboard.plugins.hparams import api, summary

        values = {
            # Text as UTF-8: names of files may be other bytes.
            name: value if isinstance(value, bool | int | float) else printable(str(value))
            for name, value in settings.items()
        }
        metrics = [api.Metric(f"{RESULT}/{name}", display_name=name) for name in figures]
        with self._writer.as_default(self._rows):
            api.hparams_config([api.HParam(name) for name in values], metrics)
            api.hparams(values)
            for name, value in figures.items():
                tf.summary.scalar(f"{RESULT}/{name}", value)
            ended = summary.session_end_pb("STATUS_SUCCESS").SerializeToString()
            tf.summary.experimental.write_raw_pb(ended, self._rows)
        self._writer.flush()

    def close(self) -> None:
        """Closes the file."""
        self._writer.close()

    def _is_new(self, tag: str) -> bool:
        """Whether the current step has no such event yet: a repeated step already has it."""
        key = tag, self._rows + 1
        new = key not in self._written
        self._written.add(key)
        return new

    def _write(self, write) -> None:
        """Writes an event of the step under way, whose row is still to come."""
        with self._writer.as_default(self._rows + 1):
            write()


def _not_in_table(files: list[Path], last_step: int) -> Iterator[tuple[str, int, bytes]]:
    """Tag, running step and content of the events that no row of `metrics.csv` holds."""
    for path in files:
        try:
            for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
                event = tf.compat.v1.Event.FromString(record)
                tags = [value.tag for value in event.summary.value]
                if tags and tags[0].startswith(_NOT_IN_TABLE) and event.step <= last_step:
                    yield tags[0], event.step, event.summary.SerializeToString()
        except tf.errors.DataLossError:  # the end of a process left the last record incomplete
            continue
