"""Whole runs in this process that share compiled models: a run gets those of an earlier one of its kind.

They get the weights and moments that new ones would have, so a run computes what it always does.
"""

import contextlib

from models import device
from training import experiment
from training.discriminators import with_defaults
from training.distribution import Distribution
from training.optimizers import OPTIMIZERS
from training.settings import Settings

make_models, make_steps = experiment.make_models, experiment.make_steps
Rollout = experiment.Rollout
_STEPS_SETTINGS = ("batch_size", "optimizer", "clip_norm", "reward_baseline", "xla")
_STEPS_SETTINGS += ("discriminator_weight_decay", "data_weight")
_models, _steps, _rollouts = {}, {}, {}


def pooled_models(task, settings: Settings, distribution: Distribution):
    """`training.experiment.make_models`."""
    fresh = make_models(task, settings, distribution)
    if distribution.strategy is not None:
        return fresh
    configs = [{**model.get_config(), "name": None} for model in fresh]
    key = repr((configs, device.layout()))
    pooled = _models.setdefault(key, fresh)
    for old, new in zip(pooled, fresh, strict=True):
        for variable, value in zip(old.variables, new.variables, strict=True):
            variable.assign(value)
    return pooled


def pooled_steps(generator, discriminator, settings: Settings, distribution: Distribution):
    """`training.experiment.make_steps`."""
    settings = with_defaults(settings)
    if distribution.strategy is not None or settings.check_numerics:
        return make_steps(generator, discriminator, settings, distribution)
    key = (id(generator), id(discriminator), *(getattr(settings, name) for name in _STEPS_SETTINGS))
    if key not in _steps:
        _steps[key] = make_steps(generator, discriminator, settings, distribution)
    steps = _steps[key]
    rates = (
        (steps.mle_optimizer, settings.mle_learning_rate),
        (steps.policy_optimizer, settings.g_learning_rate),
        (steps.discriminator_optimizer, settings.discriminator_learning_rate),
    )
    for optimizer, rate in rates:
        assert isinstance(optimizer, tuple(OPTIMIZERS.values()))  # whose variables all start at 0
        for variable in optimizer.variables:
            variable.assign(0 * variable)
        optimizer.learning_rate = rate
    return steps


def pooled_rollout(generator):
    """The `Rollout` of a generator."""
    rollout = _rollouts.setdefault(id(generator), None) or Rollout(generator)
    _rollouts[id(generator)] = rollout
    rollout.update(generator)
    return rollout


@contextlib.contextmanager
def apart():
    """Within it a run makes models of its own."""
    before = experiment.make_models, experiment.make_steps, experiment.Rollout
    experiment.make_models, experiment.make_steps = make_models, make_steps
    experiment.Rollout = Rollout
    try:
        yield
    finally:
        experiment.make_models, experiment.make_steps, experiment.Rollout = before


def share() -> None:
    """From here on all runs in this process share their models."""
    experiment.make_models = pooled_models
    experiment.make_steps = pooled_steps
    experiment.Rollout = pooled_rollout
