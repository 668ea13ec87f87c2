"""Results as a run writes them, for the tests of what is made from them."""

import csv
import json
from pathlib import Path

from reports.results import Run

SETTINGS = {
    "final_samples": 10000, "test_size": 10000, "self_bleu_samples": 1000, "eval_samples": 2000,
    "g_steps": 1, "d_steps": 1, "d_epochs": 1, "num_rollouts": 16, "mle_epochs": 10,
}  # fmt: skip
FIGURES = ("nll_test", "self_bleu_2", "self_bleu_3", "copied_share")


def result(algorithm="seqgan", seed=1, nll=8.7, start=9.0, changed=None, **more):
    """A result on the published oracle; `start` is the NLL-oracle of its MLE start, if any."""
    changed = changed or {}
    metrics = {**dict.fromkeys(FIGURES, 0.5), "nll_oracle": nll}
    if start is not None:
        metrics |= {**dict.fromkeys((f"{name}_mle" for name in FIGURES), 0.5)}
        metrics |= {"nll_oracle_mle": start}
    return {
        "task": "oracle",
        "algorithm": algorithm,
        "preset": "quick",
        "seed": seed,
        "metrics": metrics,
        "changed": changed,
        "seconds": {
            "mle": 60.0,
            "measure mle": 40.0,
            "temperatures mle": 20.0,
            "adversarial": 120.0,
        },
        "peak_memory_mb": 1500.0 + seed,
        "settings": {**SETTINGS, "oracle": "published", **changed},
        "hardware": "2 CPU cores",
        "complete": True,
        **more,
    }


def mle(seed=1, nll=9.0, **more):
    return result("mle", seed, nll, None, **more)


def poems(algorithm="seqgan", seed=1, bleu=0.7, start=0.65, changed=None, **more):
    """A result on the quatrains."""
    names = ("nll_test", "self_bleu_2", "copied_share")
    metrics = {**dict.fromkeys(names, 0.25), "bleu_2": bleu}
    if start is not None:
        metrics |= {**dict.fromkeys((f"{name}_mle" for name in names), 0.25), "bleu_2_mle": start}
    settings = {**SETTINGS, "corpus": "poems", "bleu_variant": "strict", "final_samples": 2000}
    real = {"bleu_2": 0.748, "self_bleu_2": 0.372, "copied_share": 0.0}
    data = {"train": 14394, "validation": 799, "test": 800, "real": real, "note": "as it stands"}
    return {
        **result(algorithm, seed, changed=changed),
        **{"task": "poems", "metrics": metrics, "data": data},
        "settings": {**settings, **(changed or {})},
        **more,
    }


def runs(*results):
    """Runs without files."""
    return [Run(Path(f"run-{k}.json"), one) for k, one in enumerate(results)]


def write(folder, name, one, steps=()):
    """A result file with the table beside it; returns the run."""
    file = folder / f"{name}.json"
    file.write_text(json.dumps(one), encoding="utf-8")
    if steps:
        columns = list(dict.fromkeys(column for step in steps for column in step))
        with file.with_suffix(".csv").open("w", newline="", encoding="utf-8") as table:
            writer = csv.DictWriter(table, columns)
            writer.writeheader()
            writer.writerows(steps)
    return Run(file, one)


def steps(before, rounds=(), figure="nll_oracle", every=5, discriminator=True):
    """Rows of `metrics.csv`: a second each, the figure at every fifth of them from `before` on.

    `before` are the values at epochs 5, 10, ...; `rounds` those at rounds 5, 10, ...
    """
    rows = []
    for stage, values in (("mle", before), ("adversarial", rounds)):
        if stage == "adversarial" and values and discriminator:
            rows.append({"stage": "discriminator", "step": 1, "seconds": len(rows) + 1.0})
        for step in range(1, every * len(values) + 1):
            row = {"stage": stage, "step": step, "seconds": len(rows) + 1.0}
            if step % every == 0:
                row[figure] = values[step // every - 1]
            rows.append(row)
    return rows


def cells(line):
    """The cells of a line of a Markdown table."""
    return [cell.strip() for cell in line.split("|")[1:-1]]


def table_of(text, number=0):
    """A table of a Markdown text as {first cell: {header: cell}}."""
    blocks = [block for block in text.split("\n\n") if block.startswith("|")]
    header, _, *lines = blocks[number].splitlines()
    names = cells(header)
    return {cells(line)[0]: dict(zip(names, cells(line), strict=True)) for line in lines}
