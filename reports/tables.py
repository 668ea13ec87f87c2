"""The paper's tables, ours beside the published numbers, as Markdown."""

from collections import defaultdict

import numpy as np

from metrics.significance import welch
from reports.paper import LATER_SEQGAN, TABLE_1, TABLES_2_TO_4
from reports.results import Result

MINUS = "–"


def mean_sd(values: list[float], digits: int = 3) -> str:
    """`mean ± standard deviation` over seeds; the bare number where there is one seed."""
    mean = f"{np.mean(values):.{digits}f}"
    return mean if len(values) < 2 else f"{mean} ± {np.std(values, ddof=1):.{digits}f}"


def _start_and_final(runs: list[Result], metric: str) -> tuple[list[float], list[float]]:
    """A figure of the MLE starts and of the final generators, a value a run."""
    start, final = ([run["metrics"][metric + suffix] for run in runs] for suffix in ("_mle", ""))
    return start, final


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
            start, final = _start_and_final(runs, "nll_oracle")
            test = welch(final, start)
            line += (
                f" NLL-oracle {np.mean(final) - np.mean(start):+.3f} from the MLE start, Welch's "
                f"t-test over {len(runs)} seeds: p = {test.p_value:.1g}."
            )
        lines.append(line)
    return "\n".join(lines)


def corpus_table(results: list[Result]) -> str:
    """Tables 2 to 4 and the captions: a row a metric, the MLE start beside SeqGAN, ours and theirs."""
    lines = [
        "| corpus | metric | paper: MLE | paper: SeqGAN | ours: MLE start | ours: SeqGAN | "
        "real held-out data | seeds | minutes |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for (corpus, *_), runs in _corpus_groups(results):
        for metric, (mle, seqgan) in _paper_metrics(runs[0]["task"], corpus).items():
            start, final = _start_and_final(runs, metric)
            minutes = np.mean([sum(run["seconds"].values()) / 60 for run in runs])
            cells = [
                f"{runs[0]['task']}: {corpus}, {runs[0]['preset']}",
                metric.replace("_", "-").upper().replace("PITCH-MSE", "pitch MSE"),
                MINUS if mle is None else f"{mle:.3f}",
                MINUS if seqgan is None else f"{seqgan:.3f}",
                mean_sd(start),
                mean_sd(final),
                f"{runs[0]['data']['real'][metric]:.3f}",
                ", ".join(sorted(str(run["seed"]) for run in runs)),
                f"{minutes:.1f}",
            ]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _paper_metrics(task: str, corpus: str) -> dict[str, tuple[float | None, float | None]]:
    """What to print for a corpus: the paper's metrics, or BLEU-2 to BLEU-5."""
    later = LATER_SEQGAN.get(corpus, {})
    if task in TABLES_2_TO_4:
        comparable = corpus != "sample"
        return {
            metric: pair if comparable else (None, None)
            for metric, pair in TABLES_2_TO_4[task].items()
        }
    return {f"bleu_{n}": (None, later.get(f"bleu_{n}")) for n in range(2, 6)}


def _corpus_groups(results: list[Result]) -> list[tuple[tuple, list[Result]]]:
    groups: dict[tuple, list[Result]] = defaultdict(list)
    for result in results:
        if "real" in (result.get("data") or {}) and result["algorithm"] != "mle":
            settings = result["settings"]
            protocol = (settings["bleu_variant"], settings["final_samples"])
            key = (settings["corpus"], result["task"], result["preset"], *protocol)
            groups[key].append(result)
    return sorted(groups.items())


def corpus_notes(results: list[Result]) -> str:
    """The protocol of each row, what moved beside BLEU, and Welch's test over seeds."""
    lines = []
    for (corpus, task, preset, variant, samples), runs in _corpus_groups(results):
        data = runs[0]["data"]
        line = (
            f"- {task}: {corpus}, {preset}: {variant} BLEU of {samples:,} samples against all "
            f"{data['train']:,} training sequences, final checkpoints; held out: "
            f"{data['validation']:,} for validation, {data['test']:,} for test."
        )
        for name in ("nll_test", "self_bleu_2", "bleu_2_test"):
            start, final = _start_and_final(runs, name)
            line += f" {name} {np.mean(start):.3f} to {np.mean(final):.3f}."
        metric = next(iter(_paper_metrics(task, corpus)))
        if len(runs) > 1:
            start, final = _start_and_final(runs, metric)
            p = welch(final, start).p_value
            line += f" {metric}: Welch's t-test over {len(runs)} seeds, p = {p:.1g}."
        if "note" in data:
            line += f" {data['note'][0].upper()}{data['note'][1:]}."
        lines.append(line)
    return "\n".join(lines)
