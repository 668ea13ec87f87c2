"""Names of metrics: which figures a section is about, and how tables name them."""

from pathlib import Path

from reports.paper import LATER_SEQGAN, TABLE_1, TABLES_2_TO_4
from reports.sections import Section

Published = tuple[float | None, float | None]


def paper_figures(section: Section) -> dict[str, Published]:
    """The figures that the paper's table of this data has, with its numbers: (MLE, SeqGAN).

    Of other corpora, BLEU-2 to BLEU-5, with SeqGAN's numbers of a later paper.
    """
    if section.task == "oracle":
        published = section.source == "published"
        return {"nll_oracle": (TABLE_1["mle"], TABLE_1["seqgan"]) if published else (None, None)}
    if section.task in TABLES_2_TO_4:
        table = TABLES_2_TO_4[section.task]
        # The project's own small samples are another corpus than the paper's.
        return {k: v if section.source != "sample" else (None, None) for k, v in table.items()}
    later = LATER_SEQGAN.get(_known_corpus(section.source), {})
    return {f"bleu_{n}": (None, later.get(f"bleu_{n}")) for n in range(2, 6)}


def _known_corpus(source: str) -> str:
    """The corpus of a name or of the path of your own file."""
    return "emnlp" if Path(source).stem.lower().startswith("emnlp") else source


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
