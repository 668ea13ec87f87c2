"""Whole runs in this process that share compiled models: a run gets those of an earlier one of its kind.

They get the weights and moments that new ones would have, so a run computes what it always does.
"""

import contextlib
from unittest import mock

from models import device, export
from models.critic_endpoints import CriticEndpoints
from models.endpoints import Endpoints
from models.oracle import Oracle
from tests.pool import Pool
from training import estimators, experiment, run
from training.critic import Critic
from training.discriminators import with_defaults
from training.distribution import ONE_DEVICE, Distribution
from training.numerics import Finite
from training.optimizers import OPTIMIZERS
from training.settings import Settings

make_models, make_steps = experiment.make_models, experiment.make_steps
make_critic, Rollout = estimators.make_critic, experiment.Rollout
make_oracle = Oracle.from_seed
_STEPS_SETTINGS = ("batch_size", "optimizer", "clip_norm", "reward_baseline", "xla")
_STEPS_SETTINGS += ("discriminator_weight_decay", "data_weight")
_CRITIC_SETTINGS = ("batch_size", "optimizer", "xla", "action_values", "rollout_positions")
_CRITIC_SETTINGS += ("value_samples", "value_hidden_dim")
# Each holds what its keys name by `id`, so that none of them goes away.
_oracles, _models, _steps, _rollouts, _critics, _endpoints, _finite = ({} for _ in range(7))


def pooled_oracle(seed: int, vocab_size: int, max_length: int) -> Oracle:
    """`Oracle.from_seed`; a new one is made too, for its initial weights take of Python's random numbers."""
    fresh = make_oracle(seed, vocab_size, max_length)
    return _oracles.setdefault((seed, vocab_size, max_length, repr(device.layout())), fresh)


def pooled_models(task, settings: Settings, distribution: Distribution):
    """`training.experiment.make_models`."""
    fresh = make_models(task, settings, distribution)
    return fresh if distribution.strategy is not None else pooled_pair(*fresh)


def pooled_pair(*fresh):
    """A generator and a discriminator of the kinds of these, with their weights."""
    configs = [(type(model), {**model.get_config(), "name": None}) for model in fresh]
    key = repr((configs, device.layout()))
    pooled = _models.setdefault(key, fresh)
    for old, new in zip(pooled, fresh, strict=True):
        copy_weights(new, old)
    return pooled


def pooled_steps(
    generator, discriminator, settings: Settings, distribution: Distribution = ONE_DEVICE
):
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
        _restart(optimizer, rate)
    return steps


def pooled_rollout(generator):
    """The `Rollout` of a generator."""
    rollout = _rollouts.setdefault(id(generator), None) or Rollout(generator)
    _rollouts[id(generator)] = rollout
    rollout.update(generator)
    return rollout


def pooled_critic(rollout, settings: Settings, distribution: Distribution = ONE_DEVICE):
    """`training.estimators.make_critic`."""
    fresh = make_critic(rollout, settings, distribution)
    if fresh is None or distribution.strategy is not None or settings.check_numerics:
        return fresh
    key = (id(rollout), *(getattr(settings, name) for name in _CRITIC_SETTINGS))
    critic: Critic = _critics.setdefault(key, fresh)
    copy_weights(fresh.network, critic.network)
    _restart(critic.optimizer, settings.value_learning_rate)
    return critic


class _SignaturesOnce:
    """Endpoints whose signatures are made once."""

    def signatures(self):
        self._signatures = getattr(self, "_signatures", None) or super().signatures()
        return self._signatures


class PooledEndpoints(_SignaturesOnce, Endpoints):
    pass


class PooledCriticEndpoints(_SignaturesOnce, CriticEndpoints):
    pass


def pooled_endpoints(generator, discriminator=None, critic=None) -> Endpoints:
    """The `Endpoints` of these models."""
    key = id(generator), id(discriminator), id(critic)
    if key not in _endpoints:
        _endpoints[key] = PooledEndpoints(generator, discriminator, critic)
    return _endpoints[key]


def pooled_critic_endpoints(endpoints, guided) -> CriticEndpoints:
    """The `CriticEndpoints` of these endpoints."""
    key = id(endpoints), id(guided)
    if key not in _endpoints:
        _endpoints[key] = PooledCriticEndpoints(endpoints, guided)
    return _endpoints[key]


def pooled_finite(objects) -> Finite:
    """The `Finite` of these objects."""
    key = tuple((name, *map(id, of.variables)) for name, of in objects.items())
    if key not in _finite:
        _finite[key] = Finite(objects), objects
    return _finite[key][0]


class Models(Pool):
    """A pool of tuples of models, which have the weights of new ones when they are taken."""

    def take(self, *arguments, **named):
        new = self._make(*arguments, **named)  # first: what a pool makes takes random numbers too
        pooled = super().take(*arguments, **named)
        for model, fresh in zip(pooled, new, strict=True):
            copy_weights(fresh, model)
        return pooled


def copy_weights(model, to) -> None:
    """Gives a model the weights of another of its kind."""
    for variable, value in zip(to.variables, model.variables, strict=True):
        variable.assign(value)


def _restart(optimizer, learning_rate: float) -> None:
    """Makes an optimizer that of a new run."""
    assert isinstance(optimizer, tuple(OPTIMIZERS.values()))  # whose variables all start at 0
    for variable in optimizer.variables:
        variable.assign(0 * variable)
    optimizer.learning_rate = learning_rate


_POOLED = (
    (Oracle, "from_seed", pooled_oracle),
    (experiment, "make_models", pooled_models),
    (experiment, "make_steps", pooled_steps),
    (experiment, "Rollout", pooled_rollout),
    (estimators, "make_critic", pooled_critic),
    (export, "Endpoints", pooled_endpoints),
    (export, "CriticEndpoints", pooled_critic_endpoints),
    (run, "Finite", pooled_finite),
)


@contextlib.contextmanager
def shared():
    """Within it runs share their models."""
    with contextlib.ExitStack() as patches:
        for where, name, pooled in _POOLED:
            patches.enter_context(mock.patch.object(where, name, pooled))
        yield
