"""The generator of a finished MLE run, and all that estimates its action values."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from files.errors import UsageError
from files.reading import read_json
from training.settings import Settings
from training.task_settings import OracleSettings, TextSettings

KINDS: dict[str, type[Settings]] = {"oracle": OracleSettings, "text": TextSettings}
# (int32 [B, T], seed) -> float32 [B, T]
Estimator = Callable[[Any, Any], Any]


def load_data(settings: Any) -> tuple[str, np.ndarray, int, dict[str, Any]]:
    """Name of the data, training sequences int32 `[M, T]`, V, and options of the generator."""
    from training.corpus_task import TEXT_OPTIONS
    from training.seeds import counted_seed
    from training.task_corpora import load_corpus, load_oracle

    if isinstance(settings, OracleSettings):
        oracle, _ = load_oracle(settings)
        seed = counted_seed(settings.seed, "train data")
        real = oracle.sample(settings.train_size, seed).numpy()
        return f"oracle {settings.oracle}", real, oracle.vocab_size, {}
    corpus = load_corpus(settings)
    return Path(settings.corpus).name, corpus.train, corpus.vocabulary.size, dict(TEXT_OPTIONS)


class Compared:
    """The generator of an MLE run, its discriminator, and all that estimates its action values.

    Args:
        folder: of the run.
        value_samples: sequences that the value network learns from each time; None: the run's settings decide.
    """

    def __init__(self, folder: Path, value_samples: int | None = None):
        import keras
        import tensorflow as tf

        from models.rollout import Rollout
        from training.critic import make_critic
        from training.distillation import make_distillation, small_rollout
        from training.generators import make_generator
        from training.journal import MemoryJournal
        from training.judges import make_discriminator
        from training.pretrain import pretrain_discriminator
        from training.resume import check_pretrained, restore_generator
        from training.steps import make_steps

        settings = read_settings(folder)
        keras.utils.set_random_seed(settings.seed)
        self.settings, self.journal = settings, MemoryJournal(settings.seed)
        self.data, real, vocab_size, options = load_data(settings)
        self.generator = make_generator(vocab_size, real.shape[1], settings, options)
        restore_generator(check_pretrained(folder, settings, print), self.generator)
        discriminator = make_discriminator(vocab_size, real.shape[1], settings)
        steps = make_steps(self.generator, discriminator, settings)
        pretrain_discriminator(steps, tf.constant(real, tf.int32), settings, self.journal)
        self.reward = discriminator.probability_real

        self.rollout = Rollout(self.generator)
        self.rollout.update(self.generator)
        samples = value_samples or settings.value_samples
        by_network = dataclasses.replace(settings, action_values="mixed", value_samples=samples)
        critic: Any = make_critic(self.rollout, by_network)
        self.critic = critic
        for step in range(settings.value_pretrain_steps + settings.rounds):
            self.learned = critic.learn(self.reward, self.journal.seed("value", step))

        distilled = dataclasses.replace(settings, rollout_policy="small")
        small: Any = small_rollout(self.generator, distilled)
        self.small = small
        distillation: Any = make_distillation(self.generator, small, distilled)
        for step in range(settings.rollout_pretrain_steps + settings.rounds):
            self.learned |= distillation.update(self.journal.seed("small policy", step))

    def estimators(self) -> dict[str, Estimator]:
        """By name, the reference of the variances first."""

        def rollouts(of, num):
            return lambda tokens, seed: of.action_values(tokens, self.reward, num, seed)

        def mixed(num, positions):
            def values(tokens, seed):
                self.critic.rollout_positions = positions
                return self.critic.action_values(tokens, self.reward, num, seed)

            return values

        k = self.settings.rollout_positions
        return {
            **{f"roll-outs, N = {num}": rollouts(self.rollout, num) for num in (16, 4, 1)},
            "small policy, N = 16": rollouts(self.small, 16),
            "value": mixed(1, 0),
            f"mixed, N = 1, k = {k}": mixed(1, k),
            f"mixed, N = 16, k = {k}": mixed(16, k),
        }

    def gradient(self, tokens: Any, values: Any) -> np.ndarray:
        """Policy gradient, nats per token, of int32 `[B, T]` with action values `[B, T]`: float32 `[P]`."""
        import tensorflow as tf

        from training.losses import policy_gradient_loss

        generator = self.generator
        with tf.GradientTape() as tape:
            loss = policy_gradient_loss(generator(tokens), tokens, values, generator.mask(tokens))
        gradients = tape.gradient(loss, generator.trainable_variables)
        return np.concatenate([np.ravel(tf.convert_to_tensor(each)) for each in gradients])


def read_settings(folder: Path) -> Settings:
    """Settings of an MLE run, as if SeqGAN were trained from it."""
    from training.stored_settings import load_settings

    config = read_json(folder / "config.json", "expected that of a run")
    kind = KINDS.get(config.get("task", "")) if isinstance(config, dict) else None
    if kind is None:
        raise UsageError(
            f"{folder} is not a run of train_oracle.py or train_text.py. Leave it out."
        )
    return dataclasses.replace(load_settings(folder / "config.json", kind), algorithm="seqgan")
