"""From a task and its settings to a run folder: the part that all training scripts share."""

import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import tensorflow as tf

from data.text_rules import text_rules
from models.export import export_generator
from models.generator import Generator
from models.judge import Judge
from models.rollout import Rollout
from models.value import ValueNetwork
from training.best_weights import cannot_stop
from training.controls import measure_controls
from training.critic import FIGURES as VALUE_FIGURES
from training.distillation import FIGURES as DISTILLATION_FIGURES
from training.distillation import small_rollout
from training.distribution import ONE_DEVICE, Distribution
from training.estimators import make_estimators
from training.generators import make_generator
from training.gpus import runs_on, unused_gpu
from training.journal import Measurement
from training.judges import make_discriminator
from training.pretrain import measure_generator
from training.result import early_stop, significance, summary
from training.rewards import make_reward
from training.run import Run
from training.run_name import default_folder
from training.seqgan import train_seqgan
from training.settings import Settings
from training.show_samples import showing
from training.steps import make_steps
from training.stored_settings import settings_without_paths
from training.task import Task
from training.temperature import check_has_validation, check_validation
from training.verdict import measure_final_verdict


def run_experiment(
    make_task: Callable[[], Task],
    name: str,
    settings: Settings,
    distribution: Distribution = ONE_DEVICE,
) -> Path:
    """Trains, measures, exports; the run's folder. Raises `UsageError` where that cannot work.

    `make_task` is called once the folder is known to be ours, so that a wrong flag costs nothing. Of
    several workers all train, and the chief alone does the rest.
    """
    with Run(default_folder(name, settings), name, settings, distribution) as run:
        distribution.check_same({"task": name, **settings_without_paths(settings)})
        if run.folder.complete:
            run.display.say(f"{run.folder.path} is complete: its figures are in result.json")
            return run.folder.path
        if distribution.is_chief:
            task = make_task()
            check_has_validation(task.validation, settings)
            carry_out(run, task)
        else:
            nothing = Measurement({})
            task = replace(make_task(), measure=lambda *_: nothing, real=lambda: {})
            carry_out(run, replace(task, validation=None))
        return run.folder.path


def carry_out(run: Run, task: Task) -> None:
    """What is still to be done of a run."""
    settings, distribution = run.settings, run.distribution
    distribution.check_same(task.inputs)
    run.prepare(task.inputs, figures_of(task, settings))
    settings.check_fits(len(task.train))
    # Only now, so that an error of use stays one line.
    for line in (runs_on(distribution), unused_gpu(), *task.description):
        if line:
            run.display.say(line)
    generator, discriminator = make_models(task, settings, distribution)
    check_validation(generator, task.validation, settings)
    if warning := cannot_stop(generator, task.validation, settings.d_patience):
        run.display.say(warning)
    judged = False  # whether the discriminator was trained
    value_network = None
    if settings.algorithm == "random":
        measure_controls(generator, task, run)
    else:
        steps = make_steps(generator, discriminator, settings, distribution)
        with distribution.scope():
            rollout = small_rollout(generator, settings) or Rollout(generator)
        reward = make_reward(settings, generator, task.train)
        judged = reward.needs_discriminator and settings.algorithm not in ("mle", "ss")
        real = tf.constant(task.train, tf.int32)
        measure = showing(task.measure, task, generator, run)
        estimators = make_estimators(steps, rollout, settings, distribution)
        value_network = estimators.value_network
        given = steps, rollout, reward, real, settings, run, measure, task.validation
        train_seqgan(*given, *estimators)
        measure_generator(generator, settings, run, measure, task.validation, start=False)
        for _ in run.loop("final verdict", 1 if judged else 0):
            if distribution.is_chief:
                parts = {"validation": task.validation, "test": task.test}
                figures = measure_final_verdict(
                    *(generator, discriminator, parts, settings.normalizer_samples),
                    run.seed("final verdict"),
                )
                run.keep(Measurement(figures))
    for _ in run.loop("export", 1):
        if distribution.is_chief:
            export(generator, discriminator if judged else None, task, run, value_network)
    if distribution.is_chief:
        tempered = settings.start_at_temperature
        path = run.finish(tests=significance(run.folder, tempered), data=task.provenance)
        patient = settings.mle_patience is not None
        stopped = early_stop(run.state, settings.mle_epochs) if patient else None
        more = f"to draw more samples: python sample.py {shlex.quote(str(run.folder.path))}"
        final = summary(run.state.results, tempered)
        for line in (stopped, final, f"result in {path}", more):
            if line:
                run.display.say(line)


def figures_of(task: Task, settings: Settings) -> tuple[str, ...]:
    """Names of the figures in `metrics.csv` that not every run has."""
    by_patience = ("nll_validation", "mle_learning_rate") if settings.mle_patience else ()
    by_value = VALUE_FIGURES if settings.action_values in ("value", "mixed") else ()
    by_distillation = () if settings.rollout_policy == "copy" else DISTILLATION_FIGURES
    return tuple(dict.fromkeys((*task.figures, *by_patience, *by_value, *by_distillation)))


def make_models(
    task: Task, settings: Settings, distribution: Distribution
) -> tuple[Generator, Judge]:
    """Generator and discriminator for a task, in the order that the seed's initial weights need."""
    vocab_size, max_length = task.vocabulary["size"], task.train.shape[1]
    with distribution.scope():
        generator = make_generator(vocab_size, max_length, settings, task.generator_options)
        discriminator = make_discriminator(vocab_size, max_length, settings)
    return generator, discriminator


def export(
    generator: Generator,
    discriminator: Judge | None,
    task: Task,
    run: Run,
    value_network: ValueNetwork | None = None,
) -> None:
    """Writes the SavedModel, with the other models that were trained, and a hundred samples."""
    folder = run.folder.path
    with run.folder.writing(folder / "generator"):
        text = text_rules(task.vocabulary)
        temperature = run.state.results.get("temperature", 1.0)
        vocabulary = {**task.vocabulary, "temperature": temperature}
        target = folder / "generator"
        export_generator(generator, target, vocabulary, discriminator, text, value_network)
    samples = generator.sample(100, run.seed("samples")).numpy()
    with run.folder.writing(folder / "samples"):
        task.write_samples(folder, samples)
