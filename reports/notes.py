"""Notes below the tables: protocol and standard errors of the numbers."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from reports.cells import p_value, seed_counts
from reports.comparisons import compare
from reports.matched_nll import equal_cost_note
from reports.metric_names import companion_figures, figure_name, main_figure, paper_figures
from reports.results import figures_of
from reports.sections import Section, mle_row


def _protocol(section: Section) -> str:
    """Samples, references and hardware behind the numbers, in words."""
    settings, data = section.runs[0].settings, section.runs[0].data

    def count(number: Any) -> str:
        return f"{number:,}" if isinstance(number, int) else "an unknown number of"

    variant = settings.get("bleu_variant", "method1")
    samples, self_bleu_samples = (
        count(settings.get("final_samples")),
        count(settings.get("self_bleu_samples")),
    )
    words = ["final checkpoints"]
    if section.task == "oracle":
        # NLL-test is measured on as many held-out sequences as there are samples, at most.
        sizes = [settings.get(name) for name in ("test_size", "final_samples")]
        held_out = min((size for size in sizes if isinstance(size, int)), default=None)
        words += [f"{samples} samples for NLL-oracle"]
        words += [f"{count(held_out)} held-out sequences for NLL-test"]
    else:
        references = f"all {count(data.get('train'))} training sequences"
        words += [f"{variant} BLEU of {samples} samples against {references}"]
        words += [f"{count(data.get('validation'))} sequences held out for validation"]
        words += [f"{count(data.get('test'))} for test"]
    words += [f"{variant} self-BLEU of {self_bleu_samples} samples"]
    if section.at_temperatures:
        words += [f"{count(settings.get('eval_samples'))} samples at other temperatures"]
    hardware = sorted({str(run.result.get("hardware", "unknown")) for run in section.runs})
    return f"{', '.join(words)}; {'; '.join(hardware)}"


def standard_errors(section: Section) -> dict[str, list[float]]:
    """Of each run's figures over its samples, where a figure is the mean of single sequences' scores.

    Standard deviation over the square root of the number; NLL per token, as it is shown.
    """
    errors: dict[str, list[float]] = {}
    for run in section.runs:
        for figure, sample in run.sequences().items():
            nll = figure.startswith("nll_")
            if nll and section.task != "oracle":
                continue  # of sequences of several lengths
            tokens = figures_of(run.settings).get("max_length", 0) if nll else 1
            if tokens < 1:
                continue  # a damaged result
            error = float(np.sqrt(sample.variance / sample.num)) / tokens
            errors.setdefault(figure, []).append(error)
    return errors


def _span(values: Sequence[float]) -> str:
    ends = dict.fromkeys(f"{value:.2g}" for value in (min(values), max(values)))
    return " to ".join(ends)


def section_notes(section: Section) -> str:
    """The note below a table: protocol, standard errors, and the test of SeqGAN against MLE."""
    note = f"{_protocol(section)}."
    if errors := standard_errors(section):
        shown = {main_figure(section), *paper_figures(section), *companion_figures(section)}
        words = (f"{figure_name(f)} {_span(errors[f])}" for f in errors if f in shown)
        note += f" Standard error of one run over its samples: {', '.join(words)}."
    mle, seqgan = mle_row(section), section.row("SeqGAN")
    if mle is not None and seqgan is not None:
        tested = compare(seqgan, mle, main_figure(section))
        if tested is not None and tested.over_seeds is not None:
            note += (
                f" {figure_name(tested.figure)} of SeqGAN less that of MLE: {tested.difference:+.3f} "
                f"(Welch's t-test over {seed_counts(tested)} seeds, p = "
                f"{p_value(tested.over_seeds.p_value)})."
            )
    if equal := equal_cost_note(section):
        note += f" {equal}"
    if remark := str(section.runs[0].data.get("note") or ""):
        note += f" {remark[0].upper()}{remark[1:]}."
    return f"{note[0].upper()}{note[1:]}"
