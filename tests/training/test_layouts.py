"""Updates computed for a GPU end with the weights of those for a processor: both, on this machine."""

import numpy as np
import pytest

from models import device
from tests.training.test_steps import make_steps, new_steps, seed_of, some_rewards, some_tokens

pytestmark = pytest.mark.slow


def test_updates_end_with_the_same_weights():
    with device.use(device.PROCESSOR):
        of_processor = make_steps(xla=False)
    with device.use(device.GPU):
        of_gpu = new_steps(xla=False)
    ends = []
    for steps in (of_processor, of_gpu):
        figures = [
            steps.mle_epoch(some_tokens(11), seed_of(1)),
            steps.mle_epoch(some_tokens(11), seed_of(2), 0.5),
            steps.policy_gradient(some_tokens(), some_rewards(), 0.1),
            steps.discriminator_epoch(some_tokens(8), some_tokens(8, 1), seed_of(3)),
        ]
        figures = {name: float(value) for each in figures for name, value in each.items()}
        ends.append((figures, steps.generator.get_weights() + steps.discriminator.get_weights()))
    (expected, weights), (found, others) = ends
    assert found == pytest.approx(expected, rel=1e-4)
    for one, other in zip(weights, others, strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-4, atol=1e-6)
