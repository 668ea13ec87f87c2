"""The paper's tables, ours next to the published numbers, as Markdown."""

from collections.abc import Callable, Sequence

import numpy as np

from reports.cells import (
    NONE,
    cell,
    mean_minutes,
    p_value,
    peak_memory,
    seed_counts,
    seed_range,
)
from reports.comparisons import BASE_REWARD, Comparison, compare, compare_rows
from reports.discriminator_table import discriminator_table
from reports.markdown import markdown_table
from reports.metric_names import companion_figures, figure_name, main_figure, paper_figures
from reports.notes import section_notes
from reports.sections import NAMES, Row, Section, Seed, mle_row, shown_temperatures

# Rows that are columns of the tables on real corpora; the others stand among the ablations there.
COLUMNS = ("MLE", "SS", "PG-BLEU", "SeqGAN", BASE_REWARD)


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
    figures = ("nll_oracle", *companion_figures(section))
    header = ["", "seeds", *(figure_name(figure) for figure in figures), "min", "GB"]
    if published:
        header.insert(3, "paper")
    lines = []
    for row in table_rows(section):
        line = [row.label, seed_range(seed.seed for seed in row.seeds)]
        line += [cell(row.seeds, figure) for figure in figures]
        if published:
            line.insert(3, f"{row.published:.3f}" if row.published else NONE)
        lines.append([*line, mean_minutes(row.seeds), peak_memory(row.seeds)])
    return markdown_table(header, lines)


def oracle_table(sections: list[Section]) -> str:
    """Table 1: synthetic data, every algorithm with MLE and the controls."""
    return "\n\n".join(
        f"**{section.title}**\n\n{_oracle_section(section)}\n\n{section_notes(section)}"
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
    "minutes": mean_minutes,
    "peak GB": peak_memory,
}


def _corpus_section(section: Section) -> str:
    columns, published = _corpus_columns(section), paper_figures(section)
    header, paper_columns = [""], []
    for k, name in enumerate(("paper: MLE", "paper: SeqGAN")):
        if any(numbers[k] is not None for numbers in published.values()):
            paper_columns.append(k)
            header.append(name)
    header += [name for name, _ in columns] + ["real data"]
    lines = []
    for figure in [*published, *(f for f in companion_figures(section) if f not in published)]:
        numbers = [published.get(figure, (None, None))[k] for k in paper_columns]
        line = [figure_name(figure), *(NONE if n is None else f"{n:.3f}" for n in numbers)]
        line += [cell(seeds, figure) for _, seeds in columns]
        lines.append([*line, cell((Seed(0, section.real),), figure)])
    for name, cost in COSTS.items():
        costs = [cost(seeds) for _, seeds in columns]
        lines.append([name, *("" for _ in paper_columns), *costs, ""])
    return markdown_table(header, lines)


def corpus_table(sections: list[Section]) -> str:
    """Tables 2 to 4 and the captions: a row a figure, ours next to theirs and real held-out data."""
    return "\n\n".join(
        f"**{section.title}**\n\n{_corpus_section(section)}\n\n{section_notes(section)}"
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
    header = [
        "",
        "seeds",
        figure_name(main),
        "change",
        *map(figure_name, companion_figures(section)),
        "min",
    ]
    lines = []
    for row in ablation_rows(section):
        plain = section.row(NAMES[row.runs[0].algorithm])
        tested = compare(row, plain, main) if plain is not None else None
        line = [row.label, seed_range(seed.seed for seed in row.seeds), cell(row.seeds, main)]
        line += [f"{tested.difference:+.3f}" if tested else NONE]
        line += [cell(row.seeds, figure) for figure in companion_figures(section)]
        lines.append([*line, mean_minutes(row.seeds)])
    return markdown_table(header, lines)


def ablation_table(sections: list[Section]) -> str:
    """Runs with other settings, and the change from the same algorithm with those of the preset."""
    return "\n\n".join(
        f"**{section.title}**\n\n{_ablation_section(section)}\n\n"
        "Change: difference from the same algorithm with the preset's settings. Panels: those of the "
        "paper's figure of learning curves."
        for section in sections
        if ablation_rows(section)
    )


# Tests


def _test_line(tested: Comparison) -> list[str]:
    over_seeds = NONE
    if tested.over_seeds is not None and not np.isnan(tested.over_seeds.p_value):
        over_seeds = f"{p_value(tested.over_seeds.p_value)} ({seed_counts(tested)})"
    p_values = [one.p_value for one in tested.over_sequences.values() if not np.isnan(one.p_value)]
    over_sequences = f"{p_value(max(p_values))} ({len(p_values)})" if p_values else NONE
    change = f"{tested.difference:+.3f}"
    figure = figure_name(tested.figure)
    return [tested.row, tested.against, figure, change, over_seeds, over_sequences]


TEST_NOTE = (
    "Welch's two-sided t-tests, without correction for multiple comparisons; in brackets: number of "
    "seeds or runs. Over seeds: each value is the figure of one run. Over sequences: each value is the "
    "score of one sequence, and the two runs have the same seed; with several seeds, the largest p is "
    "shown. A test over sequences ignores the variance between trainings, and takes the two runs' scores to be "
    "independent: of NLL-test they are those of the same held-out sequences, so that p is too large."
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
            tables.append(f"**{section.title}**\n\n{markdown_table(header, lines)}")
    return "\n\n".join([*tables, TEST_NOTE]) if tables else ""


TABLES: dict[str, Callable[[list[Section]], str]] = {
    "oracle": oracle_table,
    "corpus": corpus_table,
    "ablation": ablation_table,
    "discriminator": discriminator_table,
    "significance": test_table,
}


def make_tables(sections: list[Section]) -> dict[str, str]:
    """Each table that there are results for, with its notes, by name."""
    made = {name: make(sections) for name, make in TABLES.items()}
    return {name: table for name, table in made.items() if table}
