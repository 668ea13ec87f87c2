"""The same models and updates as one would write them in plain PyTorch.

    pip install torch==2.13.0      # no requirement of this project

`python -m benchmarks.speed` times these alternately with ours where torch is installed.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks.measure import repeated
from models.discriminator import paper_kernels
from training.discriminators import with_defaults
from training.task_settings import OracleSettings


class Generator(nn.Module):
    """Embedding, LSTM, linear layer: ids `[B, T]` -> logits `[B, T, V]`."""

    def __init__(self, settings: OracleSettings):
        super().__init__()
        self.length: int = settings.max_length
        self.embedding = nn.Embedding(settings.vocab_size, settings.embedding_dim)
        self.rnn = nn.LSTM(settings.embedding_dim, settings.hidden_dim, batch_first=True)
        self.head = nn.Linear(settings.hidden_dim, settings.vocab_size)

    def forward(self, tokens, state=None):
        hidden, state = self.rnn(self.embedding(tokens), state)
        return self.head(hidden), state

    @torch.no_grad()
    def complete(self, prefixes: torch.Tensor) -> torch.Tensor:
        """Sequences `[M, T]` with given first tokens `[M, P]`, P from 0."""
        logits, state = self(torch.cat([start_tokens(len(prefixes)), prefixes], dim=1))
        tokens = [prefixes]
        for t in range(prefixes.shape[1], self.length):
            token = torch.multinomial(torch.softmax(logits[:, -1], dim=1), 1)
            tokens.append(token)
            if t + 1 < self.length:
                logits, state = self(token, state)
        return torch.cat(tokens, dim=1)


class Discriminator(nn.Module):
    """Convolutions, maximum over time, highway, dropout: ids `[B, T]` -> logits `[B]`."""

    def __init__(self, settings: OracleSettings):
        super().__init__()
        kernels = paper_kernels(settings.max_length)
        dim, features = settings.discriminator_embedding_dim, sum(kernels.values())
        self.embedding = nn.Embedding(settings.vocab_size, dim)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(dim, filters, width) for width, filters in kernels.items()
        )
        self.gate, self.transform = nn.Linear(features, features), nn.Linear(features, features)
        self.dropout = nn.Dropout(with_defaults(settings).discriminator_dropout)
        self.output = nn.Linear(features, 1)

    def forward(self, tokens):
        embedded = self.embedding(tokens).transpose(1, 2)
        maxima = [torch.relu(layer(embedded)).amax(dim=2) for layer in self.convolutions]
        x = torch.cat(maxima, dim=1)
        gate = torch.sigmoid(self.gate(x))
        x = gate * torch.relu(self.transform(x)) + (1 - gate) * x
        return self.output(self.dropout(x))[:, 0]

    @torch.no_grad()
    def score(self, tokens: torch.Tensor) -> torch.Tensor:
        """Probabilities that sequences are real, `[M]`."""
        self.eval()
        return torch.cat([torch.sigmoid(self(rows)) for rows in tokens.split(1024)])


def start_tokens(num: int) -> torch.Tensor:
    """The start token for each row, `[num, 1]`."""
    return torch.zeros(num, 1, dtype=torch.long)


class Stages:
    """Models with random weights, random tokens, and the stages of `benchmarks.stages`.

    Args:
        settings: sizes.
        batches: of an epoch.
    """

    def __init__(self, settings: OracleSettings, batches: int):
        self.settings = settings
        self.batches = batches
        self.generator, self.policy = Generator(settings), Generator(settings)
        self.discriminator = Discriminator(settings)
        self.completions = settings.batch_size * (settings.max_length - 1) * settings.num_rollouts
        models = (self.generator, self.policy, self.discriminator)
        self.optimizers: dict[nn.Module, torch.optim.Optimizer] = {
            each: torch.optim.Adam(each.parameters(), lr=1e-3) for each in models
        }
        random = np.random.default_rng(0)

        def tokens(num):
            return torch.from_numpy(
                random.integers(0, settings.vocab_size, [num, settings.max_length])
            )

        self.epoch = tokens(batches * settings.batch_size)
        self.many = tokens(self.completions)
        self.labels = (torch.arange(settings.batch_size) % 2).float()

    def cases(self) -> dict[str, tuple[Callable[[], Any], int]]:
        """By name, each with the units that a call does."""
        num, times = self.settings.batch_size, self.batches
        step = partial(self.generator_step, self.policy, self.epoch[:num], 1.0)
        return {
            f"sample {num} sequences": (repeated(partial(self.sample, num), times).call, times),
            f"sample {self.completions} sequences": (partial(self.sample, self.completions), 1),
            "MLE step": (self.mle_epoch, self.batches),
            "policy-gradient step": (repeated(step, times).call, times),
            "discriminator step": (self.discriminator_epoch, self.batches),
            f"score {self.completions} sequences": (
                partial(self.discriminator.score, self.many),
                1,
            ),
            "rewards of one batch": (self.rewards, 1),
        }

    def sample(self, num: int) -> torch.Tensor:
        """Sequences `[num, T]`."""
        return self.generator.complete(torch.zeros(num, 0, dtype=torch.long))

    def mle_epoch(self) -> None:
        """Maximum likelihood."""
        for tokens in self.epoch.split(self.settings.batch_size):
            self.generator_step(self.generator, tokens, 1.0)

    def generator_step(self, model: Generator, tokens: torch.Tensor, rewards: Any) -> None:
        """One update; rewards of 1 make the policy gradient maximum likelihood."""
        inputs = torch.cat([start_tokens(len(tokens)), tokens[:, :-1]], dim=1)
        logits = model(inputs)[0].flatten(0, 1)
        nll = nn.functional.cross_entropy(logits, tokens.flatten(), reduction="none")
        self._update(model, (nll * rewards).mean(), self.settings.clip_norm)

    def discriminator_epoch(self) -> None:
        """Cross-entropy and the penalty on the output layer."""
        model, penalty = self.discriminator, with_defaults(self.settings).discriminator_l2 / 4
        model.train()
        for tokens in self.epoch.split(self.settings.batch_size):
            loss = nn.functional.binary_cross_entropy_with_logits(model(tokens), self.labels)
            squares = sum((each**2).sum() for each in model.output.parameters())
            self._update(model, loss + penalty * squares)

    def _update(self, model: nn.Module, loss: torch.Tensor, clip_norm: float | None = None) -> None:
        self.optimizers[model].zero_grad()
        loss.backward()
        if clip_norm:
            nn.utils.clip_grad_norm_(model.parameters(), clip_norm)
        self.optimizers[model].step()

    def rewards(self) -> torch.Tensor:
        """Action values `[B, T]`, all roll-outs of a prefix length at once."""
        num_rollouts = self.settings.num_rollouts
        tokens, values = self.epoch[: self.settings.batch_size], []
        for t in range(1, self.settings.max_length):
            prefixes = tokens[:, :t].repeat(num_rollouts, 1)
            scores = self.discriminator.score(self.generator.complete(prefixes))
            values.append(scores.reshape(num_rollouts, -1).mean(dim=0))
        return torch.stack([*values, self.discriminator.score(tokens)], dim=1)
