"""Reading the results of runs, and the tables of their learning curves."""

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from files.errors import DataError
from files.reading import MAX_JSON_BYTES, paths_below, read_small
from metrics.significance import SampleStatistics
from reports.setting_roles import DATA, RUN, deciding

Figures = dict[str, float]

# Settings that two numbers must share to compare.
PROTOCOL = ("bleu_variant", "final_samples", "self_bleu_samples")
# Stages of the maximum-likelihood start of a run, which `--pretrained` takes over.
START_STAGES = ("mle", "best weights", "measure mle", "temperatures mle", "best temperature mle")
ALGORITHMS = ("random", "mle", "ss", "pg-bleu", "seqgan")
NEEDED: dict[str, type] = {
    "task": str,
    "algorithm": str,
    "preset": str,
    "seed": int,
    "metrics": dict,
    "settings": dict,
}


_TOO_LARGE = 1e60  # for a figure; no whole number of JSON is too large to compare


class TableError(ValueError):
    """The table of a learning curve cannot be read."""


class Step(NamedTuple):
    """A row of `metrics.csv`: the figures that were measured there."""

    stage: str
    step: int
    seconds: float
    figures: Figures


@dataclass(frozen=True)
class Run:
    """A complete run: what its result file says; what an old one lacks is empty."""

    file: Path
    result: dict[str, Any]

    @property
    def task(self) -> str:
        return self.result["task"]

    @property
    def algorithm(self) -> str:
        return self.result["algorithm"]

    @property
    def preset(self) -> str:
        return self.result["preset"]

    @property
    def seed(self) -> int:
        return self.result["seed"]

    @property
    def settings(self) -> dict[str, Any]:
        return self.result["settings"]

    @property
    def source(self) -> str:
        """The oracle or the corpus."""
        return str(self.settings["oracle" if self.task == "oracle" else "corpus"])

    @property
    def source_name(self) -> str:
        """The oracle, or the corpus without the folders of its path."""
        return Path(self.source).name

    @property
    def split_hash(self) -> str:
        """Equal for corpora of the same sequences in the same parts, whatever the path of the file.

        Empty on synthetic data, and in results that do not say.
        """
        return str(self.data.get("split_hash") or "")

    @property
    def trained_on(self) -> tuple[str, str]:
        """Equal for runs on the same data: a file can change, or move, between two runs."""
        return self.source_name, self.split_hash or self.source

    @property
    def metrics(self) -> Figures:
        return figures_of(self.result["metrics"])

    def start(self, figure: str) -> float | None:
        """A figure of the generator that the rounds began with, at the temperature that it then had."""
        tuned = "_tuned" if self.settings.get("start_at_temperature") else ""
        return self.metrics.get(f"{figure}{tuned}_mle")

    @property
    def changed(self) -> dict[str, Any]:
        """Settings that differ from the preset and decide what this algorithm learns."""
        changed = {} if self.algorithm == "random" else self._part("changed")
        return {name: changed[name] for name in sorted(changed.keys() & self._deciding)}

    @property
    def learning(self) -> dict[str, Any]:
        """All settings that decide what this run learns, those of the preset too."""
        if self.algorithm == "random":
            return {}
        names = sorted(self.settings.keys() & self._deciding - RUN)
        return {name: self.settings[name] for name in names}

    @property
    def _deciding(self) -> frozenset[str]:
        return deciding({**self.settings, "algorithm": self.algorithm})

    def learned_as(self, other: "Run") -> bool:
        """Whether both have the same value of every setting of `learning` that both have."""
        ours, theirs = self.learning, other.learning
        return all(ours[name] == theirs[name] for name in ours.keys() & theirs.keys())

    @property
    def changed_data(self) -> dict[str, Any]:
        """Settings that differ from the preset and decide what there is to learn from."""
        changed = self._part("changed")
        return {name: changed[name] for name in sorted(changed.keys() & DATA)}

    @property
    def data(self) -> dict[str, Any]:
        """Where the data come from, and how many there are."""
        return self._part("data")

    @property
    def real(self) -> Figures:
        """Figures of real held-out data."""
        return figures_of(self.data.get("real"))

    @property
    def controls(self) -> dict[str, Figures]:
        return {name: figures_of(control) for name, control in self._part("controls").items()}

    def at_temperatures(self, which: str) -> dict[float, Figures]:
        """Figures by sampling temperature, of the generator "final" or of its start, "mle"."""
        found = {}
        entries = self._part("temperatures").get(which)
        for entry in entries if isinstance(entries, list) else ():
            figures = figures_of(entry)
            if "temperature" in figures:
                found[figures.pop("temperature")] = figures
        return dict(sorted(found.items()))

    def sequences(self, suffix: str = "") -> dict[str, SampleStatistics]:
        """Statistics of single sequences' scores: of the final generator, or with "_mle"."""
        found = {}
        for name, statistics in self._part("sequences").items():
            figures = figures_of(statistics)
            if name.endswith("_mle") != bool(suffix) or not {"num", "mean", "variance"} <= set(
                figures
            ):
                continue
            if figures["num"] >= 2 and figures["variance"] >= 0:
                found[name.removesuffix("_mle")] = SampleStatistics(
                    int(figures["num"]), figures["mean"], figures["variance"]
                )
        return found

    def minutes(self, *stages: str) -> float:
        """Time spent, on these stages or on all."""
        seconds = figures_of(self._part("seconds"))
        return sum(seconds.get(stage, 0.0) for stage in stages or seconds) / 60

    @property
    def memory(self) -> float | None:
        """Peak memory in GB."""
        peak = figures_of(self.result).get("peak_memory_mb")
        return None if peak is None else peak / 1000

    def curve(self) -> list[Step]:
        """The rows of the table next to the result file; none where there is no table.

        Raises `TableError` for a table that cannot be read.
        """
        name = "metrics.csv" if self.file.name == "result.json" else f"{self.file.stem}.csv"
        path = self.file.with_name(name)
        if not path.is_file():
            return []
        rows = []
        try:
            with path.open(newline="", encoding="utf-8") as table:
                for row in csv.DictReader(table, strict=True):
                    stage, step, seconds = (row.pop(name) for name in ("stage", "step", "seconds"))
                    figures = {name: float(text) for name, text in row.items() if text}
                    rows.append(Step(stage, int(step), float(seconds), figures_of(figures)))
        except (KeyError, TypeError, ValueError, csv.Error) as error:
            raise TableError(f"{path}: row {len(rows) + 2} cannot be read ({error!r})") from None
        return rows

    def _part(self, name: str) -> dict[str, Any]:
        part = self.result.get(name)
        return part if isinstance(part, dict) else {}


def figures_of(given: Any) -> Figures:
    """The finite numbers in a dict of figures, without those whose variance would not be finite."""
    if not isinstance(given, Mapping):
        return {}
    numbers = {k: v for k, v in given.items() if isinstance(v, int | float)}
    return {k: float(v) for k, v in numbers.items() if abs(v) < _TOO_LARGE}


def _fault(result: dict[str, Any]) -> str | None:
    """Why a result cannot be used, in words; None if it can."""
    for name, kind in NEEDED.items():
        value = result.get(name)
        if not isinstance(value, kind) or (isinstance(value, str) and not value.isprintable()):
            return f"has no valid {name}"
    if result["algorithm"] not in ALGORITHMS:
        return f"has the algorithm {result['algorithm']}, expected one of {', '.join(ALGORITHMS)}"
    source = "oracle" if result["task"] == "oracle" else "corpus"
    if source not in result["settings"]:
        return f"has no {source} among its settings"
    try:
        deciding({**result["settings"], "algorithm": result["algorithm"]})
    except TypeError as error:
        return f"has a setting of another type ({error!s:.100})"
    return None


def _same_run(run: Run) -> str:
    """Equal for two results of the same training, measured in the same way."""
    random_tokens = run.settings.get("random_tokens") if run.algorithm == "random" else None
    measured = [run.settings.get(name) for name in PROTOCOL]
    data = [run.task, *run.trained_on, run.preset, run.changed_data, *measured]
    return json.dumps([*data, run.algorithm, run.changed, random_tokens, run.seed])


def find_runs(paths: list[Path]) -> tuple[list[Run], list[str]]:
    """Complete runs under the paths, and what was left out, in words.

    A path is a `result.json`, a run folder, or a folder to search for files named `*.json` that are
    results. The same result found twice counts once, and so does a seed run twice.
    """
    runs: dict[str, Run] = {}
    left_out = []
    for path in paths:
        if not path.exists():
            left_out.append(f"{path}: the file or folder does not exist")
            continue
        below = paths_below(path) if path.is_dir() else [path]
        for config in [file for file in below if file.name == "config.json" and file != path]:
            if not (config.parent / "result.json").exists():
                left_out.append(
                    f"{config.parent}: the run is not complete; continue it by --resume"
                )
        for file in [file for file in below if file.suffix == ".json" or file == path]:
            try:
                result = json.loads(read_small(file, MAX_JSON_BYTES, "expected a result file"))
            except DataError as error:
                left_out.append(str(error))
                continue
            except (ValueError, RecursionError) as error:
                left_out.append(f"{file}: cannot be read ({error})")
                continue
            if not isinstance(result, dict) or "metrics" not in result:
                if file == path:
                    left_out.append(f"{file}: is not a result file")
                continue
            fault = _fault(result)
            if not result.get("complete"):
                left_out.append(f"{file}: is not marked complete")
            elif fault:
                left_out.append(f"{file}: {fault}")
            else:
                run = Run(file, result)
                key = _same_run(run)
                if key in runs and not run.learned_as(runs[key]):  # the preset has changed
                    key += json.dumps(run.learning)
                first = runs.setdefault(key, run)
                if first.result != result:
                    left_out.append(f"{file}: the same run as {first.file}, by settings and seed")
    return list(runs.values()), left_out
