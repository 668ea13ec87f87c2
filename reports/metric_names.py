"""Names of metrics: which figures a section is about, and how tables name them."""

from pathlib import Path

from reports.paper import CORPUS, LATER_SEQGAN, TABLE_1, TABLES_2_TO_4
from reports.sections import Section

Published = tuple[float | None, float | None]


def paper_figures(section: Section) -> dict[str, Published]:
    """The figures of the paper's table on this task, with its numbers on this corpus: (MLE, SeqGAN).

    Of text, BLEU-2 to BLEU-5, with SeqGAN's numbers of a later paper. None: there is no such number.
    """
    if section.task == "oracle":
        published = section.source == "published"
        return {"nll_oracle": (TABLE_1["mle"], TABLE_1["seqgan"]) if published else (None, None)}
    if section.task in TABLES_2_TO_4:
        table, same = TABLES_2_TO_4[section.task], _corpus(section) == CORPUS[section.task]
        return {name: numbers if same else (None, None) for name, numbers in table.items()}
    later = LATER_SEQGAN.get(_corpus(section), {})
    return {f"bleu_{n}": (None, later.get(f"bleu_{n}")) for n in range(2, 6)}


def _corpus(section: Section) -> str:
    """The corpus by its name, or the path of your own file."""
    if Path(section.source).stem.lower().startswith("emnlp"):
        return "emnlp"
    read = section.runs[0].data.get("corpus")
    # Where the speeches of the paper cannot be downloaded, others are read.
    return read if section.source in CORPUS.values() and isinstance(read, str) else section.source


def main_figure(section: Section) -> str:
    """The figure that the section is about."""
    return next(iter(paper_figures(section)))


def higher_is_better(figure: str) -> bool:
    return figure.startswith("bleu")


def companion_figures(section: Section) -> list[str]:
    """The figures always shown with the main one: variety, and likelihood of real data."""
    orders = [name.removeprefix("bleu_") for name in paper_figures(section) if "bleu" in name]
    return ["nll_test", *(f"self_bleu_{n}" for n in (orders[:1] or ["2", "3"])), "copied_share"]


def figure_name(figure: str) -> str:
    """`self_bleu_2` -> "self-BLEU-2", `nll_oracle` -> "NLL-oracle"."""
    if figure == "copied_share":
        return "copied"
    words = {"bleu": "BLEU", "nll": "NLL", "mse": "MSE"}
    name = "-".join(words.get(word, word) for word in figure.split("_"))
    return name.replace("pitch-MSE", "pitch MSE")
