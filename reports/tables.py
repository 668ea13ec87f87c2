"""The paper's tables, ours beside the published numbers, as Markdown."""

from collections import defaultdict

import numpy as np

from metrics.significance import welch
from reports.paper import TABLE_1
from reports.results import Result

MINUS = "–"


def mean_sd(values: list[float], digits: int = 3) -> str:
    """`mean ± standard deviation` over seeds; the bare number where there is one seed."""
    mean = f"{np.mean(values):.{digits}f}"
    return mean if len(values) < 2 else f"{mean} ± {np.std(values, ddof=1):.{digits}f}"


def oracle_table(results: list[Result]) -> str:
    """Table 1: synthetic data, each setting's final checkpoints beside their own MLE starts."""
    groups: dict[tuple, list[Result]] = defaultdict(list)
    for result in results:
        if result["task"] == "oracle":
            key = (result["settings"]["oracle"], result["preset"], result["algorithm"])
            groups[key].append(result)
    lines = [
        "| oracle | algorithm, preset | seeds | NLL-oracle | paper | NLL-test | self-BLEU-2 | "
        "self-BLEU-3 | copied | minutes | peak memory |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for (oracle, preset, algorithm), runs in sorted(groups.items()):
        if algorithm != "mle":
            lines.append(_row(oracle, preset, "mle", runs, "_mle"))
        lines.append(_row(oracle, preset, algorithm, runs, ""))
    return "\n".join(lines)


def _row(oracle: str, preset: str, algorithm: str, runs: list[Result], suffix: str) -> str:
    def figures(name: str) -> list[float]:
        return [run["metrics"][name + suffix] for run in runs]

    start = suffix == "_mle"
    stages = ("mle", "measure mle") if start else runs[0]["seconds"]
    minutes = [sum(run["seconds"].get(stage, 0) for stage in stages) / 60 for run in runs]
    memory = MINUS if start else f"{max(run['peak_memory_mb'] for run in runs) / 1000:.2f} GB"
    published = TABLE_1.get(algorithm) if oracle == "published" else None
    cells = [
        oracle,
        f"{algorithm}{' (its own start)' if start else ''}, {preset}",
        ", ".join(str(run["seed"]) for run in sorted(runs, key=lambda run: run["seed"])),
        mean_sd(figures("nll_oracle")),
        f"{published:.3f}" if published else MINUS,
        mean_sd(figures("nll_test")),
        mean_sd(figures("self_bleu_2")),
        mean_sd(figures("self_bleu_3")),
        mean_sd(figures("copied_share")),
        f"{np.mean(minutes):.1f}",
        memory,
    ]
    return f"| {' | '.join(cells)} |"


def oracle_notes(results: list[Result]) -> str:
    """How the numbers of the table came about, and Welch's tests over seeds."""
    lines = []
    groups: dict[tuple, list[Result]] = defaultdict(list)
    for result in results:
        if result["task"] == "oracle" and result["algorithm"] != "mle":
            groups[(result["settings"]["oracle"], result["preset"])].append(result)
    for (oracle, preset), runs in sorted(groups.items()):
        settings = runs[0]["settings"]
        line = (
            f"- {oracle}, {preset}: final checkpoints, {settings['final_samples']:,} samples for "
            f"NLL-oracle, {min(settings['final_samples'], settings['test_size']):,} held-out "
            f"sequences for NLL-test, method1 self-BLEU of {settings['self_bleu_samples']:,} samples, "
            f"{runs[0]['hardware']}."
        )
        if len(runs) > 1:
            final = [run["metrics"]["nll_oracle"] for run in runs]
            start = [run["metrics"]["nll_oracle_mle"] for run in runs]
            test = welch(final, start)
            line += (
                f" NLL-oracle {np.mean(final) - np.mean(start):+.3f} from the MLE start, Welch's "
                f"t-test over {len(runs)} seeds: p = {test.p_value:.1g}."
            )
        lines.append(line)
    return "\n".join(lines)
