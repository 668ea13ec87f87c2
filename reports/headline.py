"""The short table of the README: the published oracle, without the other controls and figures."""

from reports.cells import NONE, cell, seed_range
from reports.comparisons import BASE_REWARD
from reports.markdown import markdown_table
from reports.sections import Section

# Labels of the rows, in this order, and what the README calls them.
ROWS = {
    "random, unigram": "random tokens",
    "MLE": "maximum likelihood (MLE)",
    "SeqGAN": "SeqGAN",
    BASE_REWARD: "SeqGAN, constant reward (control)",
    "real data": "real data",
}


def headline_table(sections: list[Section]) -> str:
    """NLL-oracle of the paper and ours, and our NLL-test; empty without runs on the published oracle."""
    for section in sections:
        rows = [row for label in ROWS if (row := section.row(label)) is not None]
        if section.task == "oracle" and section.source == "published" and rows:
            lines = [
                [
                    ROWS[row.label],
                    f"{row.published:.3f}" if row.published else NONE,
                    cell(row.seeds, "nll_oracle"),
                    cell(row.seeds, "nll_test"),
                ]
                for row in rows
            ]
            header = ["", "NLL-oracle, paper", "NLL-oracle, ours", "NLL-test, ours"]
            seeds = seed_range(seed.seed for row in rows for seed in row.seeds)
            return (
                f"{markdown_table(header, lines)}\n\n"
                f"Nats per token, lower is better; preset {section.preset}, mean ± standard deviation "
                f"over seeds {seeds}, final checkpoints."
            )
    return ""
