"""Settings in a run's `config.json`, and how they compare."""

import dataclasses
from pathlib import Path
from typing import Any

from files.errors import UsageError
from files.reading import read_json
from training.discriminators import with_defaults
from training.options import flag, options_of
from training.presets import ALL_PRESETS, S
from training.settings import Settings


def settings_to_json(settings: Settings) -> dict[str, Any]:
    """The settings that `config.json` holds, in the order of the fields, with all defaults."""
    stored = {name for name, meant in options_of(settings).items() if meant.stored}
    values = {k: v for k, v in dataclasses.asdict(with_defaults(settings)).items() if k in stored}
    return {k: str(v) if isinstance(v, Path) else v for k, v in values.items()}


def settings_without_paths(settings: Settings) -> dict[str, Any]:
    """`settings_to_json` without what is identified by its content: workers may have other paths."""
    options = options_of(settings)
    return {k: v for k, v in settings_to_json(settings).items() if not options[k].by_content}


def preset_of(settings: S) -> S:
    """The settings of the preset that they name."""
    presets = next(p for p in ALL_PRESETS if isinstance(settings, type(p["quick"])))
    return presets[settings.preset]


def changed_settings(settings: Settings) -> dict[str, Any]:
    """What differs from the preset, except for what identifies the run: algorithm, seed and data."""
    plain = preset_of(settings)
    # A named discriminator implies values of other settings, which do not count as changes.
    same_judge = dataclasses.replace(plain, discriminator=settings.discriminator)
    values, preset = settings_to_json(settings), settings_to_json(same_judge)
    preset["discriminator"] = plain.discriminator
    identifying = {name for name, meant in options_of(settings).items() if meant.names_run}
    return {k: v for k, v in values.items() if v != preset[k] and k not in identifying}


def check_same_run(settings: Settings, stored: Settings, folder: Path) -> None:
    """Raises `UsageError` where `--resume` would change a stored setting of the run in `folder`.

    Paths may differ: whether their content is the same is checked where it is read.
    """
    for name, meant in options_of(settings).items():
        given, had = getattr(settings, name), getattr(stored, name)
        if meant.stored and not meant.by_content and given != had:
            raise UsageError(
                f"{flag(name)} is {given}, but the run in {folder} has {had}. Leave the flag out to "
                "resume that run, or give another --out to start a new one."
            )


def check_same_start(settings: Settings, other: Settings) -> None:
    """Raises `UsageError` unless `other` is an MLE run whose generator `settings` would train too.

    Paths may differ: whether their content is the same is checked where it is read.
    """
    if other.algorithm != "mle":
        raise UsageError(
            f"--pretrained needs a run of --algorithm mle, and it is one of {other.algorithm}."
        )
    for name, meant in options_of(settings).items():
        given, had = getattr(settings, name), getattr(other, name)
        matters = meant.stored and not meant.by_content and not meant.after_pretraining
        if matters and given != had:
            raise UsageError(
                f"{flag(name)} is {given}, but the run of --pretrained has {had}: its generator is "
                "not the one that this run would train. Give the same value."
            )


def load_settings(path: Path, kind: type[S], fix: str = "Give the folder of a run.") -> S:
    """Settings from a run's `config.json`.

    Args:
        path: of the file.
        kind: of the settings.
        fix: ends the messages.

    Raises:
        UsageError: the file does not exist, or does not hold valid settings of that kind.
    """
    if not path.exists():
        raise UsageError(f"there is no run in {path.parent}: it has no {path.name}. {fix}")
    types = {field.name: field.type for field in dataclasses.fields(kind)}
    not_stored = {name for name, meant in options_of(kind).items() if not meant.stored}
    presets = next(p for p in ALL_PRESETS if type(p["quick"]) is kind)
    names: set[str] = set()
    try:
        config = read_json(path, "expected that of a run", most=1 << 20)
        stored = config["settings"].items()
        names = set(config["settings"])
        settings = kind(
            **{k: _of_type(k, v, types.get(k)) for k, v in stored if k not in not_stored}
        )
        settings.check()
        if settings.preset not in presets:
            raise ValueError(f"there is no preset {settings.preset!r:.60}")
        return settings
    except (OSError, ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        if _is_of_another(names, kind):
            task = config.get("task")
            script = f"train_{task!s:.60}.py" if task else "another script"
            raise UsageError(
                f"{path.parent} is a run of {script}, expected one of this script. {fix}"
            ) from None
        raise UsageError(
            f"{path} cannot be read as the settings of a run ({error!s:.300}). {fix}"
        ) from None


def _is_of_another(names: set[str], kind: type) -> bool:
    """Whether settings of these names, which are not all those of a kind, are all those of another."""
    kinds = {type(presets["quick"]) for presets in ALL_PRESETS}
    known = {each: {field.name for field in dataclasses.fields(each)} for each in kinds}
    others = (known[each] for each in kinds - {kind})
    return not names <= known[kind] and any(names <= fields for fields in others)


def _of_type(name: str, value: Any, kind: Any) -> Any:
    """A value out of JSON as a field of that name and type holds it, or `TypeError`."""
    if kind is None:
        raise TypeError(f"there is no setting {name!r:.60}")
    kinds = getattr(kind, "__args__", (kind,))  # of `X | None`, and the texts of `Literal`
    if getattr(kind, "__origin__", None) is tuple:
        if type(value) is list:
            return tuple(_of_type(name, each, kinds[0]) for each in value)
        kinds = ()
    if Path in kinds and type(value) is str:
        return Path(value)
    if float in kinds and type(value) is int:
        value = float(value)
    fits = type(value) in kinds or (type(value) is str and value in kinds)
    if not fits or (type(value) is float and not abs(value) < float("inf")):
        given = f"{value!r:.60}" if isinstance(value, str | int | float) else type(value).__name__
        raise TypeError(f"{flag(name)} is {given}")
    return value
