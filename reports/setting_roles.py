"""What a setting decides: the data, how a run is measured or executed, or what it learns."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from training.effects import NEEDS, unmet
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


def deciding(settings: Mapping[str, Any]) -> frozenset[str]:
    """The settings of a run that decide what it learns from the same data.

    One that no longer exists, of an old result, is taken to.
    """
    known = {name: meant.default for name, meant in _OPTIONS.items()} | dict(settings)
    names = {name for name in known if not unmet(SimpleNamespace(**known), name)}
    names -= DATA | _HOW
    if known["algorithm"] in ("random", "mle", "ss"):
        names -= _AFTER_PRETRAINING - NEEDS.keys()  # of the others their needs decide
    return frozenset(names)
