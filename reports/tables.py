"""The paper's tables, ours beside the published numbers, as Markdown."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from reports.comparisons import BASE_REWARD, Comparison, compare, compare_rows
from reports.equal import equal_cost_note
from reports.measures import beside, figure_name, main_figure, paper_figures
from reports.rows import NAMES, Row, Section, Seed, mle_row, shown_temperatures

MINUS = "–"
# Rows that are columns of the tables on real corpora; the others stand among the ablations there.
COLUMNS = ("MLE", "SS", "PG-BLEU", "SeqGAN", BASE_REWARD)


def mean_sd(values: Sequence[float], digits: int = 3) -> str:
    """`mean ± standard deviation` over seeds; the bare number where there is one seed."""
    if not values:
        return MINUS
    mean = f"{np.mean(values):.{digits}f}"
    return mean if len(values) < 2 else f"{mean} ± {np.std(values, ddof=1):.{digits}f}"


def seed_range(seeds: Iterable[int]) -> str:
    """Seeds, runs of three or more of them shortened: `[1, 2, 3, 7]` -> "1–3, 7"."""
    ranges: list[list[int]] = []
    for seed in sorted(set(seeds)):
        if ranges and seed == ranges[-1][-1] + 1:
            ranges[-1].append(seed)
        else:
            ranges.append([seed])
    return ", ".join(
        f"{one[0]}{MINUS}{one[-1]}" if len(one) > 2 else ", ".join(map(str, one)) for one in ranges
    )


def p_value(p: float) -> str:
    """A p-value to one digit; a dash where there is none."""
    return MINUS if np.isnan(p) else "< 1e-99" if p < 1e-99 else f"{p:.1g}"


def cell(seeds: Sequence[Seed], figure: str) -> str:
    """A figure over seeds, shares in percent; said where some of the seeds lack it."""
    values = [seed.figures[figure] for seed in seeds if figure in seed.figures]
    some = f" ({len(values)} of {len(seeds)})" if 0 < len(values) < len(seeds) else ""
    return _number(values, figure) + some


def _number(values: Sequence[float], figure: str) -> str:
    if figure != "copied_share" or not values:
        return mean_sd(values)
    return f"{mean_sd([100 * value for value in values], 1)}%" if any(values) else "0%"


def _minutes(seeds: Sequence[Seed]) -> str:
    minutes = [seed.minutes for seed in seeds if seed.minutes]
    return f"{np.mean(minutes):.1f}" if minutes else MINUS


def _memory(seeds: Sequence[Seed]) -> str:
    memory = [seed.memory for seed in seeds if seed.memory is not None]
    return f"{max(memory):.2f}" if memory else MINUS


def _markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    def line(cells: Sequence[str]) -> str:
        return f"|{'|'.join(f' {cell} ' if cell else ' ' for cell in cells)}|"

    return "\n".join([line(header), f"|{'---|' * len(header)}", *map(line, rows)])


# Table 1


def table_rows(section: Section) -> list[Row]:
    """All rows of the section's table: those at lower temperatures follow what they sharpen."""
    rows = []
    for row in section.rows:
        rows.append(row)
        if row is mle_row(section):
            curve = section.at_temperatures.get(row.label, {})
            for temperature in shown_temperatures(curve):
                label = f"MLE, temperature {temperature:g}"
                rows.append(Row(label, "control", curve[temperature]))
    order = {"algorithm": 0, "control": 1}
    return sorted(rows, key=lambda row: order[row.kind])


def _oracle_section(section: Section) -> str:
    published = any(row.published for row in section.rows)
    figures = ("nll_oracle", *beside(section))
    header = ["", "seeds", *(figure_name(figure) for figure in figures), "min", "GB"]
    if published:
        header.insert(3, "paper")
    lines = []
    for row in table_rows(section):
        line = [row.label, seed_range(seed.seed for seed in row.seeds)]
        line += [cell(row.seeds, figure) for figure in figures]
        if published:
            line.insert(3, f"{row.published:.3f}" if row.published else MINUS)
        lines.append([*line, _minutes(row.seeds), _memory(row.seeds)])
    return _markdown(header, lines)


def _protocol(section: Section) -> str:
    """What the numbers come from, in words."""
    settings, data = section.runs[0].settings, section.runs[0].data

    def count(number: Any) -> str:
        return f"{number:,}" if isinstance(number, int) else "an unknown number of"

    variant = settings.get("bleu_variant", "method1")
    samples, of_self_bleu = (
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
    words += [f"{variant} self-BLEU of {of_self_bleu} samples"]
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
            tokens = run.settings["max_length"] if nll else 1
            error = float(np.sqrt(sample.variance / sample.num)) / tokens
            errors.setdefault(figure, []).append(error)
    return errors


def _span(values: Sequence[float]) -> str:
    ends = dict.fromkeys(f"{value:.2g}" for value in (min(values), max(values)))
    return " to ".join(ends)


def _notes(section: Section) -> str:
    note = f"{_protocol(section)}."
    if errors := standard_errors(section):
        shown = {main_figure(section), *paper_figures(section), *beside(section)}
        words = (f"{figure_name(f)} {_span(errors[f])}" for f in errors if f in shown)
        note += f" Standard error of one run over its samples: {', '.join(words)}."
    mle, seqgan = mle_row(section), section.row("SeqGAN")
    if mle is not None and seqgan is not None:
        tested = compare(seqgan, mle, main_figure(section))
        if tested is not None and tested.over_seeds is not None:
            note += (
                f" {figure_name(tested.figure)} of SeqGAN {tested.difference:+.3f} from MLE: Welch's "
                f"t-test over {_seeds(tested)} seeds, p = {p_value(tested.over_seeds.p_value)}."
            )
    if equal := equal_cost_note(section):
        note += f" {equal}"
    if remark := str(section.runs[0].data.get("note") or ""):
        note += f" {remark[0].upper()}{remark[1:]}."
    return f"{note[0].upper()}{note[1:]}"


def oracle_table(sections: list[Section]) -> str:
    """Table 1: synthetic data, every algorithm beside MLE and the controls."""
    return "\n\n".join(
        f"**{section.title}**\n\n{_oracle_section(section)}\n\n{_notes(section)}"
        for section in sections
        if section.task == "oracle" and section.rows
    )


# Tables 2 to 4


def _corpus_columns(section: Section) -> list[tuple[str, Sequence[Seed]]]:
    """Heading and seeds of each of our columns but real data."""
    columns: list[tuple[str, Sequence[Seed]]] = []
    mle = mle_row(section)
    for row in section.rows:
        if row is mle or row.label in COLUMNS:
            columns.append((row.label.replace("SeqGAN, ", ""), row.seeds))
        if row is mle:
            curve = section.at_temperatures.get(row.label, {})
            columns += [(f"MLE, T = {t:g}", curve[t]) for t in shown_temperatures(curve)]
    return columns


COSTS: dict[str, Callable[[Sequence[Seed]], str]] = {
    "seeds": lambda seeds: seed_range(seed.seed for seed in seeds),
    "minutes": _minutes,
    "peak GB": _memory,
}


def _corpus_section(section: Section) -> str:
    columns, published = _corpus_columns(section), paper_figures(section)
    header, of_paper = [""], []
    for k, name in enumerate(("paper: MLE", "paper: SeqGAN")):
        if any(numbers[k] is not None for numbers in published.values()):
            of_paper.append(k)
            header.append(name)
    header += [name for name, _ in columns] + ["real data"]
    lines = []
    for figure in [*published, *(f for f in beside(section) if f not in published)]:
        numbers = [published.get(figure, (None, None))[k] for k in of_paper]
        line = [figure_name(figure), *(MINUS if n is None else f"{n:.3f}" for n in numbers)]
        line += [cell(seeds, figure) for _, seeds in columns]
        lines.append([*line, cell((Seed(0, section.real),), figure)])
    for name, of_seeds in COSTS.items():
        costs = [of_seeds(seeds) for _, seeds in columns]
        lines.append([name, *("" for _ in of_paper), *costs, ""])
    return _markdown(header, lines)


def corpus_table(sections: list[Section]) -> str:
    """Tables 2 to 4 and the captions: a row a figure, ours beside theirs and real held-out data."""
    return "\n\n".join(
        f"**{section.title}**\n\n{_corpus_section(section)}\n\n{_notes(section)}"
        for section in sections
        if section.task != "oracle" and _corpus_columns(section)
    )


# Ablations


def ablation_rows(section: Section) -> list[Row]:
    """The runs with other settings, and on real corpora the controls that have no column."""
    rows = list(section.ablations)
    if section.task != "oracle":
        mle = mle_row(section)
        others = (row for row in section.rows if row.runs and row is not mle)
        rows += [row for row in others if row.label not in COLUMNS]
    return rows


def _ablation_section(section: Section) -> str:
    main = main_figure(section)
    header = ["", "seeds", figure_name(main), "change", *map(figure_name, beside(section)), "min"]
    lines = []
    for row in ablation_rows(section):
        plain = section.row(NAMES[row.runs[0].algorithm])
        tested = compare(row, plain, main) if plain is not None else None
        line = [row.label, seed_range(seed.seed for seed in row.seeds), cell(row.seeds, main)]
        line += [f"{tested.difference:+.3f}" if tested else MINUS]
        line += [cell(row.seeds, figure) for figure in beside(section)]
        lines.append([*line, _minutes(row.seeds)])
    return _markdown(header, lines)


def ablation_table(sections: list[Section]) -> str:
    """What other settings give, and the change from the same algorithm with those of the preset."""
    return "\n\n".join(
        f"**{section.title}**\n\n{_ablation_section(section)}\n\n"
        "Change: from the same algorithm with the settings of the preset. Panels: of the paper's "
        "learning curves."
        for section in sections
        if ablation_rows(section)
    )


# Tests


def _seeds(tested: Comparison) -> str:
    ours, theirs = tested.num_seeds
    return str(ours) if ours == theirs else f"{ours} and {theirs}"


def _test_line(tested: Comparison) -> list[str]:
    over_seeds = MINUS
    if tested.over_seeds is not None and not np.isnan(tested.over_seeds.p_value):
        over_seeds = f"{p_value(tested.over_seeds.p_value)} ({_seeds(tested)})"
    p_values = [one.p_value for one in tested.over_sequences.values() if not np.isnan(one.p_value)]
    over_sequences = f"{p_value(max(p_values))} ({len(p_values)})" if p_values else MINUS
    return [
        *(tested.row, tested.against, figure_name(tested.figure), f"{tested.difference:+.3f}"),
        *(over_seeds, over_sequences),
    ]


TEST_NOTE = (
    "Welch's two-sided t-tests, not corrected for their number; in brackets the seeds, or the runs. "
    "Over seeds: a value is the figure of one run. Over sequences: a value is the score of one "
    "sequence, and the two runs are of the same seed; of several seeds, the largest p. Such a test "
    "ignores the variance between trainings."
)


def test_table(sections: list[Section]) -> str:
    """Welch's tests between the algorithms, on the paper's figures and on NLL-test."""
    tables = []
    for section in sections:
        figures = (*paper_figures(section), "nll_test")
        tested = [one for one in compare_rows(section) if one.over_seeds or one.over_sequences]
        lines = [_test_line(one) for one in tested if one.figure in figures]
        if lines:
            header = ["", "against", "figure", "change", "p over seeds", "p over sequences"]
            tables.append(f"**{section.title}**\n\n{_markdown(header, lines)}")
    return "\n\n".join([*tables, TEST_NOTE]) if tables else ""


TABLES: dict[str, Callable[[list[Section]], str]] = {
    "oracle": oracle_table,
    "corpus": corpus_table,
    "ablation": ablation_table,
    "significance": test_table,
}


def make_tables(sections: list[Section]) -> dict[str, str]:
    """Each table that there are results for, with its notes, by name."""
    made = {name: make(sections) for name, make in TABLES.items()}
    return {name: table for name, table in made.items() if table}
