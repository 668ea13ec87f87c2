"""Declares one field of the settings: its flag's help, box in `--help`, bounds, and role in a run."""

import dataclasses
from typing import Any

from files.errors import UsageError


@dataclasses.dataclass(frozen=True)
class Bounds:
    """Numbers that a field accepts: from `least`, or only above it, up to and including `most`."""

    least: float
    most: float
    above: bool = False

    def __contains__(self, value: float) -> bool:
        return self.least <= value <= self.most and not (self.above and value == self.least)

    def __str__(self) -> str:
        if self.above:
            return f"above {self.least} and at most {self.most}"
        return f"from {self.least} to {self.most}"


@dataclasses.dataclass(frozen=True)
class Option:
    """What `option` says about a field; see there."""

    default: Any
    help: str
    group: str
    bounds: Bounds | None
    stored: bool
    names_run: bool
    by_content: bool
    after_pretraining: bool


def option(
    default: Any,
    help: str,
    *,
    group: str,
    bounds: Bounds | None = None,
    stored: bool = True,
    names_run: bool = False,
    by_content: bool = False,
    after_pretraining: bool = False,
) -> Any:
    """A dataclass field that is a command-line flag.

    Args:
        default: value of the field in a plain instance.
        help: text of `--help`.
        group: title of the box of `--help` that lists the flag.
        bounds: of a number, or of each number in a tuple. Every numeric field has some.
        stored: whether `config.json` holds it. A field that is not stored may change on `--resume`.
        names_run: whether it identifies the run, in its name or by its data, so that reports do not
            list it among the settings that differ from the preset.
        by_content: whether it is a path whose content counts: a resumed run may name another path.
        after_pretraining: whether it has no effect on maximum-likelihood pre-training, so that a run
            may differ in it from the one that `--pretrained` names.
    """
    meant = Option(default, help, group, bounds, stored, names_run, by_content, after_pretraining)
    return dataclasses.field(default=default, metadata={"option": meant})


def options_of(kind: Any) -> dict[str, Option]:
    """The options of a dataclass or of an instance by field name, in the order of its fields."""
    fields = dataclasses.fields(kind)
    return {f.name: f.metadata["option"] for f in fields if "option" in f.metadata}


def flag(name: str) -> str:
    """The flag of a field: `max_length` -> `--max-length`."""
    return "--" + name.replace("_", "-")


def check_bounds(settings: Any) -> None:
    """Raises `UsageError` for a number outside the bounds of its field."""
    for name, meant in options_of(settings).items():
        value = getattr(settings, name)
        if meant.bounds is None or value is None:
            continue
        several = isinstance(value, tuple)
        for number in value if several else (value,):
            if number not in meant.bounds:
                verb, what = ("has", "numbers") if several else ("is", "a number")
                raise UsageError(
                    f"{flag(name)} {verb} {number!s:.60}, expected {what} {meant.bounds}."
                )
