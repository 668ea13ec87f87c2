"""Samples at each measurement, on the terminal and in TensorBoard, so that a collapse is seen at once."""

import numpy as np

from data.line_codec import LineCodec
from data.music_export import SAMPLE_RATE, piano_roll, waveform
from models.generator import Generator
from training.pretrain import Measure
from training.run import Run
from training.task import Task

NUM_SAMPLES = 10
_PIXELS = 4  # of a key and of a step in the picture of a tune


def showing(measure: Measure, task: Task, generator: Generator, run: Run) -> Measure:
    """The measure, which shows the first of the samples that it measures too; no result changes.

    Of several workers the chief shows them, who alone measures.
    """
    if not run.distribution.is_chief:
        return measure
    codec = LineCodec(task.vocabulary)
    are_tunes = task.vocabulary["level"] == "key"

    def measure_and_show(policy, num_samples, seed):
        measured = measure(policy, num_samples, seed)
        if policy is generator:  # not at other temperatures
            samples = policy.sample(NUM_SAMPLES, seed).numpy()
            if run.display.on_terminal:
                run.display.sample(codec.text(samples[0]))
            with run.folder.events() as events:
                if are_tunes:
                    events.add_tunes(*pictures_and_sound(samples), SAMPLE_RATE)
                else:
                    events.add_text([codec.text(sequence) for sequence in samples])
        return measured

    return measure_and_show


def pictures_and_sound(tunes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Piano rolls float `[M, height, width, 1]` and waves float `[M, frames, 1]` of int `[M, T]`."""
    rolls = np.stack([np.kron(piano_roll(tune), np.ones([_PIXELS, _PIXELS])) for tune in tunes])
    waves = np.stack([waveform(tune) for tune in tunes])
    return rolls[..., None], waves[..., None].astype(np.float32)
