"""SeqGAN (Yu et al., 2017) as a library for Keras users: `import seqgan`. The README has an example."""

import os
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import numpy as np

from data.line_vocabulary import LineVocabulary as Vocabulary
from data.text_rules import text_rules
from models.discriminator import Discriminator
from models.export import export_generator
from models.generator import Generator
from models.oracle import Oracle
from models.rollout import Rollout
from models.small_discriminator import SmallDiscriminator
from training import library, saved_models
from training.distillation import small_rollout
from training.estimators import make_estimators
from training.pretrain import pretrain_generator
from training.seqgan import train_seqgan
from training.steps import make_steps

__all__ = ["Discriminator", "Generator", "Oracle", "Rollout", "SeqGAN", "Vocabulary"]
__all__ += ["SmallDiscriminator"]


class SeqGAN:
    """A generator and a discriminator, trained by Algorithm 1 of Yu et al. (2017).

    The first `pretrain` and the first `fit` draw what the scripts draw with the same seed.

    Args:
        generator: the policy; its weights are updated in place.
        discriminator: of the same vocabulary and length.
        reward: of whole sequences. None: the discriminator's probability of *real*. A function from
            ids, an int32 NumPy array `[M, T]`, to `[M]`: then no discriminator is trained. A pair
            (discriminator_weight, function): a mixture of both (ORGAN, Guimaraes et al., 2017). Or a
            name that `--reward` takes, as "log-ratio".
        seed: decides every random draw.
        **settings: hyper-parameters, named as the flags of the scripts, as `num_rollouts=8`.
    """

    def __init__(self, generator, discriminator, reward=None, *, seed: int = 1, **settings: Any):
        self.generator, self.discriminator = generator, discriminator
        given = generator, discriminator, reward, seed, settings
        self.settings, self.reward = library.configure(*given)
        self.rollout = small_rollout(generator, self.settings) or Rollout(generator)
        self.steps = make_steps(generator, discriminator, self.settings)
        self.estimators = make_estimators(self.steps, self.rollout, self.settings)
        self._models = {"generator": generator, "discriminator": discriminator}
        self._others = {"rollout": self.rollout, **self.steps.optimizers, **self.estimators.objects}
        named = {"reward": reward} if isinstance(reward, str) else {}
        self._given = library.plain_values(seed=seed, **settings, **named)
        self._own = reward is not None and not named
        self._calls, self._frozen = {"pretrain": 0, "fit": 0}, saved_models.frozen(self._models)

    def pretrain(self, real, epochs: int, validation_data=None, callbacks=(), verbose: int = 1):
        """Trains the generator by maximum likelihood on `real`, int `[M, T]`.

        Returns a `keras.callbacks.History` of `mle_loss` and, with validation data, `val_loss`: nats
        per token. Callbacks get `on_epoch_end(epoch, logs)`; `verbose=0` prints nothing.
        """
        settings = library.of_pretrain(self.settings, epochs, validation_data)
        measure = library.validation_measure(self.generator, validation_data)
        tokens = library.training_ids(real, self.generator, self.settings)
        with self._journal("pretrain", callbacks, "mle", epochs, verbose) as journal:
            pretrain_generator(self.steps, tokens, settings, journal, measure, validation_data)
        return journal.history

    def fit(self, real, rounds: int, validation_data=None, callbacks=(), verbose: int = 1):
        """Trains both adversarially on `real`; the first call pre-trains the discriminator.

        Returns a `keras.callbacks.History` of the figures of each round, see docs/metrics.md: with
        validation data also what the discriminator knows of them. The rest as of `pretrain`.
        """
        settings = library.of_fit(self.settings, rounds, self.reward, self._calls)
        measure = library.validation_measure(self.generator, validation_data, settings.d_patience)
        tokens = library.training_ids(real, self.generator, self.settings)
        with self._journal("fit", callbacks, "adversarial", rounds, verbose) as journal:
            given = self.steps, self.rollout, self.reward, tokens, settings, journal, measure
            train_seqgan(*given, validation_data, *self.estimators)
        return journal.history

    def sample(self, num: int, seed: int = 1, temperature: float = 1.0) -> np.ndarray:
        """Draws sequences, int32 `[num, T]`; the same seed gives the same sequences."""
        return self.generator.sample(num, (seed, 0), temperature).numpy()

    def save(self, folder: str | Path) -> None:
        """Saves models, optimizers and counts: after `load`, training continues as if uninterrupted."""
        more = {"settings": self._given, "calls": self._calls, "own_reward": self._own}
        more |= {"frozen": self._frozen}
        saved_models.save(Path(folder), self._models, self._others, more)

    @classmethod
    def load(cls, folder: str | Path, reward=None) -> "SeqGAN":
        """What `save` was called on. A reward function is not saved: give the same one again."""
        like = {"calls": {"pretrain": 0, "fit": 0}, "settings": {}, "own_reward": False}
        models, (calls, settings, own) = saved_models.load_models(Path(folder), like)
        library.check_reward_of(folder, reward, own)
        made = cls(**models, **{"reward": reward, **settings})
        saved_models.load_variables(Path(folder), made._models, made._others)
        made._calls = calls
        return made

    def export(self, folder: str | Path, vocabulary: Vocabulary) -> None:
        """Writes a SavedModel that needs none of this code, see docs/serving.md; replaces an earlier one."""
        library.check_vocabulary(vocabulary, self.generator)
        place = saved_models.check_replaceable(Path(folder), saved_models.EXPORTED)
        fitted, saved = self._calls["fit"] > 0, {**vocabulary.to_json(), "lowercase": False}
        judge = self.discriminator if fitted and self.reward.needs_discriminator else None
        network = self.estimators.value_network if fitted else None
        export_generator(self.generator, place, saved, judge, text_rules(saved), network)

    def _journal(self, method: str, *stage):
        return library.journal_of_call(self.settings, self._calls, method, self.steps, *stage)
