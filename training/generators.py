"""How a run makes its generator."""

from collections.abc import Mapping
from typing import Any

from models.generator import Generator
from training.settings import Settings


def make_generator(
    vocab_size: int, max_length: int, settings: Settings, options: Mapping[str, Any]
) -> Generator:
    """The generator of these settings; `options` are those of its data: end, padding and blocked tokens."""
    return Generator(
        vocab_size,
        max_length,
        settings.embedding_dim,
        settings.hidden_dim,
        settings.cell,
        dropout=settings.dropout,
        **options,
    )
