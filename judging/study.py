"""What a blind test consists of: sources, and their items in an order that shows no source."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

REAL = "real"  # the kind of the source of held-out data, in place of an algorithm
_ITEMS_TAG, _JUDGE_TAG = 0x17E5, 0x10D6  # set the draws apart from others with the same seed

# What one item is called, by task.
NOUNS = {"poems": "poem", "music": "tune", "speeches": "passage", "text": "text"}


@dataclass(frozen=True)
class Source:
    """Where items came from.

    Args:
        name: unique within a study, as reports show it.
        kind: `REAL`, or the algorithm of a run.
        details: what identifies it, as JSON can hold it.
    """

    name: str
    kind: str
    details: dict[str, Any]


@dataclass(frozen=True)
class Item:
    """One text or tune.

    Args:
        source: number of its source in `Study.sources`.
        content: the text; of a tune, its keys as JSON, see `tune_keys`.
    """

    source: int
    content: str


@dataclass(frozen=True)
class Study:
    """A blind test before anyone has answered.

    Args:
        task: "poems", "speeches", "text" or "music".
        num: items of each source.
        seed: of the draw of the items and of all orders.
        sources: the real one first.
        items: in the order of their numbers, 1 to M, which says nothing about their sources.
    """

    task: str
    num: int
    seed: int
    sources: tuple[Source, ...]
    items: tuple[Item, ...]

    @property
    def noun(self) -> str:
        """What one item is called."""
        return NOUNS[self.task]

    def order_for(self, judge: int) -> list[int]:
        """The numbers of the items in the order in which a judge sees them.

        Every judge has another order, so that no text is judged early, or after the same one, by all.
        """
        random = np.random.default_rng([self.seed, _JUDGE_TAG, judge])
        return [int(number) + 1 for number in random.permutation(len(self.items))]


def make_study(
    task: str, seed: int, sources: Sequence[Source], contents: Sequence[Sequence[str]]
) -> Study:
    """Mixes the items of all sources.

    Args:
        task: see `Study`.
        seed: see `Study`.
        sources: the real one first.
        contents: of the items of each source, as many of each.
    """
    (num,) = {len(each) for each in contents}
    items = [Item(source, each) for source, texts in enumerate(contents) for each in texts]
    order = np.random.default_rng([seed, _ITEMS_TAG]).permutation(len(items))
    return Study(task, num, seed, tuple(sources), tuple(items[k] for k in order))


def tune_content(keys: np.ndarray) -> str:
    """Keys int `[T]` of a tune as the content of an item."""
    return json.dumps([int(key) for key in keys])


def tune_keys(content: str) -> list[int]:
    """The keys of `tune_content`."""
    return json.loads(content)
