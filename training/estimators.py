"""What the settings have in place of roll-outs by a copy of the generator, and of the policy gradient."""

from typing import Any, NamedTuple

from models.rollout import Rollout
from models.value import ValueNetwork
from training.action_values import ActionValues, make_action_values
from training.critic import Critic, make_critic
from training.distillation import Distillation, make_distillation
from training.distribution import ONE_DEVICE, Distribution
from training.guided_updates import GuidedUpdates, make_guided_updates
from training.settings import Settings
from training.steps import Steps


class Estimators(NamedTuple):
    """Arguments of `training.seqgan.train_seqgan`, in its order; None for what the settings do not name."""

    critic: Critic | None
    distillation: Distillation | None
    without_rollouts: ActionValues | None
    guided: GuidedUpdates | None

    @property
    def objects(self) -> dict[str, Any]:
        """What has variables, by name, for checkpoints."""
        return {
            name: value
            for each in (self.critic, self.distillation)
            if each is not None
            for name, value in each.objects.items()
        }

    @property
    def value_network(self) -> ValueNetwork | None:
        """The critic's network."""
        return None if self.critic is None else self.critic.network


def make_estimators(
    steps: Steps, rollout: Rollout, settings: Settings, distribution: Distribution = ONE_DEVICE
) -> Estimators:
    """Those of these settings.

    Args:
        steps: the updates of the generator and the discriminator.
        rollout: the target network, or the small policy of `--rollout-policy small`.
        settings: of the run.
        distribution: what the updates run on.
    """
    return Estimators(
        make_critic(rollout, settings, distribution),
        make_distillation(steps.generator, rollout, settings, distribution),
        make_action_values(settings, steps.discriminator),
        make_guided_updates(steps, rollout, settings),
    )
