"""Command-line flags: from the fields of a dataclass, and back into an instance of it.

`argparse` reads the flags, since its errors can be caught and reported in one line; tyro draws
`--help`, and is imported for that alone.
"""

import argparse
import contextlib
import dataclasses
import difflib
import shlex
import sys
import types
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from files.errors import UsageError
from training.effects import check_effects
from training.options import check_bounds, flag
from training.presets import S
from training.stored_settings import check_same_run, load_settings

F = TypeVar("F")
_ABSENT = object()  # the value of a positional argument that is not given


def parse(
    presets: Mapping[str, S], arguments: Sequence[str] | None = None, prog: str | None = None
) -> S:
    """Settings from the command line: the preset's values, changed by the flags.

    With `--resume` the values of the stored run replace the preset's, and a flag that differs from
    them is an error, unless it is a path to data: that one is used.

    Args:
        presets: of the script, by name; the first is the default.
        arguments: default: those of the process.
        prog: name of the script, for `--help`.

    Raises:
        UsageError: with one line.
        SystemExit: after `--help`.
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    kind = type(presets[default_preset(presets)])
    if asks_for_help(arguments):
        from training.flag_help import print_help

        print_help(kind, presets[_preset_or_default(presets, arguments)], prog, presets)
    given = given_values(kind, arguments)
    name = given.get("preset", default_preset(presets))
    if name not in presets:
        raise UsageError(f"--preset is {name!r:.60}, expected one of {', '.join(presets)}.")
    if not given.get("resume"):
        settings = dataclasses.replace(presets[name], **given)
        settings.check()
        check_effects(settings, presets[name])
        return settings
    folder = given.get("out")
    if folder is None:
        raise UsageError("--resume needs --out, the folder of the run to continue.")
    fix = "Give --out the folder of a run of this script, or leave --resume out to start one."
    stored = load_settings(folder / "config.json", kind, fix)
    settings = dataclasses.replace(stored, **given)
    settings.check()
    check_same_run(settings, stored, folder)
    return settings


def read_flags(
    kind: type[F], default: F, arguments: Sequence[str] | None = None, prog: str | None = None
) -> F:
    """A dataclass from the command line: `default`, changed by the flags.

    Args:
        kind: the dataclass. A field is a flag, or an argument without one if it is annotated with
            `tyro.conf.Positional`; its help is that of its `option`, or the text below it.
        default: an instance.
        arguments: default: those of the process.
        prog: name of the program, for `--help`.

    Raises:
        UsageError: with one line.
        SystemExit: after `--help`.
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if asks_for_help(arguments):
        from training.flag_help import print_help

        print_help(kind, default, prog)
    values: Any = dataclasses.replace(default, **given_values(kind, arguments))  # type: ignore
    check_bounds(values)
    return values


def asks_for_help(arguments: Sequence[str]) -> bool:
    """Whether `--help` is among the arguments."""
    return not {"-h", "--help"}.isdisjoint(arguments)


def default_preset(presets: Mapping[str, Any]) -> str:
    """Name of the preset that a script uses without `--preset`."""
    return next(iter(presets))


def _preset_or_default(presets: Mapping[str, Any], arguments: Sequence[str]) -> str:
    """The preset that `--help` shows: the one that the other arguments name, where they are valid."""
    kind = type(presets[default_preset(presets)])
    with contextlib.suppress(UsageError):
        given = given_values(kind, [each for each in arguments if not asks_for_help([each])])
        if given.get("preset") in presets:
            return given["preset"]
    return default_preset(presets)


def given_values(kind: type, arguments: Sequence[str]) -> dict[str, Any]:
    """The values that a command line gives to fields of a dataclass, by field name.

    Raises:
        UsageError: a flag is unknown, has no value, or one that is not of its field's type.
    """
    parser = argparse.ArgumentParser(
        add_help=False, allow_abbrev=False, exit_on_error=False, argument_default=argparse.SUPPRESS
    )
    flags = []
    for name, hint in get_type_hints(kind, include_extras=True).items():
        flags += _add_argument(parser, name, hint)
    # Flags may part positional arguments, but not with "--", which Python 3.11 then loses.
    parted = "--" not in arguments
    read = parser.parse_known_intermixed_args if parted else parser.parse_known_args
    try:
        known, unknown = read([_with_hyphens(each) for each in arguments])
    except argparse.ArgumentError as error:
        hint = _hyphen_hint(str(error.argument_name), arguments, flags)
        raise UsageError(f"{error.argument_name} {error.message}.{hint} See --help.") from None
    if unknown:
        raise _unknown(unknown[0].partition("=")[0], flags)
    given = {name: value for name, value in vars(known).items() if value is not _ABSENT}
    return {name: tuple(v) if isinstance(v, list) else v for name, v in given.items()}


def _add_argument(parser: argparse.ArgumentParser, name: str, hint: Any) -> list[str]:
    """Adds the argument of a field with that name and type; its flags, none if it is positional."""
    positional = is_positional(hint)
    kind = getattr(hint, "__origin__", hint) if hasattr(hint, "__metadata__") else hint
    if kind is bool:
        switches = {flag(name): True, flag(f"no_{name}"): False}
        for switch, value in switches.items():
            parser.add_argument(switch, dest=name, action="store_const", const=value)
        return list(switches)
    several = get_origin(kind) is tuple
    kinds = get_args(kind)[:1] if several else (kind,)
    nargs = "*" if several else "?" if positional else None
    parser.add_argument(
        name if positional else flag(name),
        nargs=nargs,  # type: ignore[arg-type]
        # argparse would convert SUPPRESS, a string, to the value of a positional that is not given.
        default=_ABSENT if nargs == "?" else argparse.SUPPRESS,
        type=partial(_value, _alternatives(kinds)),
    )
    return [] if positional else [flag(name)]


def is_positional(hint: Any) -> bool:
    """Whether a field's type is marked as that of an argument without a flag."""
    markers = getattr(hint, "__metadata__", ())
    if not markers:
        return False
    import tyro  # as the module that made the mark did

    return tyro.conf.Positional in markers


def _alternatives(kinds: Sequence[Any]) -> list[Any]:
    """What a value of the types may be: int, float, str, Path, None, or a text of a `Literal`."""
    found: list[Any] = []
    for kind in kinds:
        parts = get_args(kind)
        is_union = get_origin(kind) in (Union, types.UnionType)
        found += _alternatives(parts) if is_union else parts or [kind]
    return found


def _value(alternatives: Sequence[Any], text: str) -> Any:
    """The value that a text stands for, or `ArgumentTypeError`."""
    if types.NoneType in alternatives and text == "None" and str not in alternatives:
        return None  # but where any text is a value, it is that text
    if text in alternatives:
        return text
    for kind in alternatives:
        if isinstance(kind, type) and kind is not types.NoneType:
            with contextlib.suppress(ValueError):
                return kind(text)
    names = {int: "a whole number", float: "a number", types.NoneType: "None"}
    expected = [names.get(kind, str(kind)) for kind in alternatives]
    listed = " or ".join(expected) if len(expected) < 3 else f"one of {', '.join(expected)}"
    raise argparse.ArgumentTypeError(f"is {text!r:.60}, expected {listed}")


def _with_hyphens(argument: str) -> str:
    """The argument; of a flag that is spelled with underscores, `--max_length`, `--max-length`."""
    if not argument.startswith("--"):
        return argument
    name, equals, value = argument.partition("=")
    return name.replace("_", "-") + equals + value


def _hyphen_hint(name: str, arguments: Sequence[str], flags: Sequence[str]) -> str:
    """How to write a value that looks like a flag, where the flag of that name is followed by one."""
    given = [_with_hyphens(each) for each in arguments]
    after = arguments[given.index(name) + 1 :] if name in given else ()
    if not after or not after[0].startswith("-") or _with_hyphens(after[0]) in flags:
        return ""
    return f" A value that begins with a hyphen follows an equals sign: {name}={shlex.quote(after[0]):.60}."


def _unknown(given: str, flags: Sequence[str]) -> UsageError:
    if not given.startswith("-"):
        meant = "--corpus" in flags and Path(given).exists()
        hint = f" Did you mean --corpus {shlex.quote(given)}?" if meant else ""
        return UsageError(f"{given!r:.60} belongs to no flag.{hint} See --help.")
    close = difflib.get_close_matches(given, flags, 1, cutoff=0.7)
    hint = f" Did you mean {close[0]}?" if close else ""
    return UsageError(f"there is no flag {given:.60}.{hint} See --help.")
