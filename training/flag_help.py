"""`--help`: the flags in titled boxes, drawn by tyro."""

import contextlib
import dataclasses
import sys
from collections.abc import Iterable
from typing import Annotated, Any, Literal, NoReturn, get_args, get_type_hints

import tyro

from training.options import Option, options_of
from training.presets import PURPOSES
from training.settings import GROUPS


def print_help(
    kind: type, default: Any, prog: str | None = None, presets: Iterable[str] = ()
) -> NoReturn:
    """Prints the help of a dataclass whose fields are flags, and ends the program.

    Args:
        kind: the dataclass. If its fields are `option`s, each group has its own box.
        default: the instance whose values are shown as defaults.
        prog: name of the program.
        presets: names that `--preset` accepts, where there is that flag.
    """
    boxed = bool(options_of(kind))
    shown = _in_boxes(kind, default, tuple(presets)) if boxed else kind
    marks: tuple[Any, ...] = (
        (tyro.conf.OmitArgPrefixes,) if boxed else (tyro.conf.FlagCreatePairsOff,)
    )
    with contextlib.suppress(SystemExit):
        tyro.cli(
            shown,
            default=shown() if boxed else default,
            args=["--help"],
            prog=prog,
            description=(kind.__doc__ or "").splitlines()[0],
            config=marks,
        )
    sys.exit(0)


def _in_boxes(kind: type, default: Any, presets: tuple[str, ...]) -> type:
    """A dataclass for `--help` alone: for each group a field whose type has the group's fields.

    tyro draws a box for such a field, with the field's name in the title.
    """
    hints, groups = get_type_hints(kind), options_of(kind)
    boxes: list[Any] = []
    for title in GROUPS:
        fields = []
        for name, meant in groups.items():
            if meant.group == title:
                value = getattr(default, name)
                shown = _shown(name, hints[name], meant, presets, value)
                fields.append((name, shown, dataclasses.field(default=value)))
        if fields:
            box = dataclasses.make_dataclass(title.replace(" ", ""), fields, frozen=True)
            named = Annotated[box, tyro.conf.arg(name=title, help="")]  # type: ignore[valid-type]
            boxes.append((f"box{len(boxes)}", named, dataclasses.field(default=box())))
    return dataclasses.make_dataclass(kind.__name__, boxes, frozen=True)


def _shown(name: str, hint: Any, meant: Option, presets: tuple[str, ...], value: Any) -> Any:
    """A field's type with its help, as tyro reads it. A switch that is on is shown with its --no- form too."""
    text = meant.help
    if name == "preset" and presets:
        hint = Literal[presets]
        text = " ".join([text, *(f"{preset}: {PURPOSES[preset]}." for preset in presets)])
    any_text = str in get_args(hint)  # of which "None" is one
    marks: tuple[Any, ...] = (tyro.conf.arg(help=text, metavar="STR" if any_text else None),)
    if value is False:
        marks += (tyro.conf.FlagCreatePairsOff,)
    return Annotated[(hint, *marks)]
