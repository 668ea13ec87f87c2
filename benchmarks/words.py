"""Times, ratios and machines in words."""

from typing import Any


def duration(milliseconds: float | None) -> str:
    """A time with a suitable unit; a dash for None."""
    if milliseconds is None:
        return "–"
    if milliseconds >= 100_000:
        return f"{milliseconds / 1000:,.0f} s"
    if milliseconds >= 10_000:
        return f"{milliseconds / 1000:.1f} s"
    return f"{milliseconds:,.0f} ms" if milliseconds >= 100 else f"{milliseconds:.1f} ms"


def times_ours(record: dict[str, Any], way: str) -> str:
    """Time of an implementation, and its ratio to ours."""
    value = record.get(way)
    if value is None:
        return "–"
    ratio = value / record["ours"]
    return (
        f"{duration(value)} ({ratio:,.0f} x)"
        if ratio >= 10
        else f"{duration(value)} ({ratio:.1f} x)"
    )


def machine_note(values: dict[str, Any]) -> str:
    """The machine and the versions that the figures were measured with."""
    machine = values["machine"]
    versions = machine["versions"]
    load = machine["load_average_before"]
    busy = "" if load is None else f"; load average before the run {load:.1f}"
    return (
        f"{machine['processor']}, {machine['hardware']}; TensorFlow {versions['tensorflow']}, "
        f"Keras {versions['keras']}; commit {machine['commit']}{busy}."
    )
