"""A sample of the generator on the terminal at each measurement, so that a collapse is seen at once."""

from data.line_codec import LineCodec
from models.generator import Generator
from training.pretrain import Measure
from training.progress import Display
from training.task import Task


def showing(measure: Measure, task: Task, generator: Generator, display: Display) -> Measure:
    """The measure, which shows a sample of the generator too where there is a terminal.

    The sample is the first of those that are measured; no result changes.
    """
    if not display.on_terminal:
        return measure
    codec = LineCodec(task.vocabulary)

    def measure_and_show(policy, num_samples, seed):
        measured = measure(policy, num_samples, seed)
        if policy is generator:  # not at other temperatures
            display.sample(codec.text(policy.sample(1, seed).numpy()[0]))
        return measured

    return measure_and_show
