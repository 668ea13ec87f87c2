"""The table of discriminators: accuracy, loss and gain on sequences that they were not trained on."""

import numpy as np

from reports.cells import cell, seed_range
from reports.markdown import markdown_table
from reports.sections import Row, Section

COLUMNS = {
    "discriminator_accuracy": "accuracy in training",
    "discriminator_validation_accuracy": "on unseen data",
    "discriminator_validation_loss": "loss",
    "discriminator_gain": "gain",
    "discriminator_gain_error": "its error",
    "discriminator_calibration_error": "calibration error",
}
NOTE = (
    "After the last round, on validation data and fresh samples: accuracy (chance: 0.5), cross-entropy "
    "in nats (chance: 0.693), and the gain in nats per token: how much better the generator, reweighted "
    "by the discriminator's ratio D / (1 - D), predicts unseen real data than the generator alone. Its "
    "error is the standard error within a run, mean over seeds; ± is the standard deviation over seeds."
)


def _line(row: Row) -> list[str]:
    line = [row.label, seed_range(seed.seed for seed in row.seeds)]
    for figure in COLUMNS:
        within = row.values(figure) if figure == "discriminator_gain_error" else []
        line.append(f"{np.mean(within):.3f}" if within else cell(row.seeds, figure))
    return line


def discriminator_table(sections: list[Section]) -> str:
    """A row for each row of the other tables whose discriminator was measured."""
    tables = []
    for section in sections:
        rows = [
            row for row in (*section.rows, *section.ablations) if row.values("discriminator_gain")
        ]
        if rows:
            header = ["", "seeds", *COLUMNS.values()]
            tables.append(f"**{section.title}**\n\n{markdown_table(header, map(_line, rows))}")
    return "\n\n".join([*tables, NOTE]) if tables else ""
