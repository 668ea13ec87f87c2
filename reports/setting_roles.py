"""What a setting decides: the data, how a run is measured or executed, or what it learns."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from training.effects import unmet
from training.options import options_of
from training.presets import ALL_PRESETS

_OPTIONS = {
    name: meant for presets in ALL_PRESETS for name, meant in options_of(presets["quick"]).items()
}
# Settings that say what there is to learn from: runs that differ in one have nothing to compare.
DATA = frozenset(name for name, meant in _OPTIONS.items() if meant.group == "Data")
_HOW = frozenset(
    name for name, meant in _OPTIONS.items() if meant.group in ("Evaluation", "Execution")
)
# Settings that say which run it is: of every run, whatever it learns.
RUN = frozenset(name for name, meant in _OPTIONS.items() if meant.group == "Run")
_AFTER_PRETRAINING = frozenset(name for name, meant in _OPTIONS.items() if meant.after_pretraining)


def decides(name: str, algorithm: str) -> bool:
    """Whether a setting decides what a run of an algorithm learns from the same data.

    One that no longer exists, of an old result, is taken to.
    """
    if name in DATA | _HOW:
        return False
    if name == "ss_decay":
        return algorithm == "ss"
    return algorithm not in ("random", "mle", "ss") or name not in _AFTER_PRETRAINING


def without_effect(settings: Mapping[str, Any]) -> frozenset[str]:
    """The settings of a run that change nothing under its others; one that is not there has its default."""
    known = SimpleNamespace(**{name: meant.default for name, meant in _OPTIONS.items()})
    known.__dict__.update(settings)
    return frozenset(name for name in settings if unmet(known, name))
