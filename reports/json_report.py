"""Everything that the tables are made of, ready for JSON."""

import math
from typing import Any

import numpy as np

from metrics.significance import WelchResult
from reports.comparisons import Comparison, compare_rows
from reports.metric_names import companion_figures, main_figure, paper_figures
from reports.sections import Row, Section, Seed


def _over_seeds(seeds: tuple[Seed, ...]) -> dict[str, Any]:
    """{figure: its mean, standard deviation and values by seed}."""
    made: dict[str, Any] = {}
    for name in sorted({name for seed in seeds for name in seed.figures}):
        values = {seed.seed: seed.figures[name] for seed in seeds if name in seed.figures}
        numbers = list(values.values())
        made[name] = {
            "mean": float(np.mean(numbers)),
            "sd": float(np.std(numbers, ddof=1)) if len(numbers) > 1 else None,
            "by_seed": {str(seed): value for seed, value in values.items()},
        }
    return made


def _row(row: Row) -> dict[str, Any]:
    minutes = [seed.minutes for seed in row.seeds if seed.minutes]
    memory = [seed.memory for seed in row.seeds if seed.memory is not None]
    return {
        "label": row.label,
        "kind": row.kind,
        "changed": row.changed,
        "seeds": [seed.seed for seed in row.seeds],
        "figures": _over_seeds(row.seeds),
        "published_nll_oracle": row.published,
        "minutes": float(np.mean(minutes)) if minutes else None,
        "peak_memory_gb": max(memory) if memory else None,
        "files": [run.file.name for run in row.runs],
    }


def _welch(test: WelchResult | None) -> dict[str, float | None] | None:
    if test is None:
        return None
    # JSON has no number for "not a number": a test of two constants has no p-value.
    return {k: None if math.isnan(v) else v for k, v in test._asdict().items()}


def _comparison(tested: Comparison) -> dict[str, Any]:
    return {
        "row": tested.row,
        "against": tested.against,
        "figure": tested.figure,
        "difference": tested.difference,
        "num_seeds": list(tested.num_seeds),
        "over_seeds": _welch(tested.over_seeds),
        "over_sequences_of_one_run": {
            str(seed): _welch(test) for seed, test in tested.over_sequences.items()
        },
    }


def json_report(sections: list[Section]) -> list[dict[str, Any]]:
    """Every section with its rows, ablations, temperatures and tests, ready for JSON."""
    return [
        {
            "title": section.title,
            "task": section.task,
            "source": section.source,
            "preset": section.preset,
            "main_figure": main_figure(section),
            "beside": companion_figures(section),
            "published": {
                name: {"mle": mle, "seqgan": seqgan}
                for name, (mle, seqgan) in paper_figures(section).items()
            },
            "real_held_out_data": section.real,
            "rows": [_row(row) for row in section.rows],
            "ablations": [_row(row) for row in section.ablations],
            "temperatures": {
                label: [
                    {"temperature": temperature, "figures": _over_seeds(seeds)}
                    for temperature, seeds in curve.items()
                ]
                for label, curve in section.at_temperatures.items()
            },
            "tests": [_comparison(tested) for tested in compare_rows(section)],
        }
        for section in sections
    ]
