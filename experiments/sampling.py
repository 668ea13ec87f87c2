"""Ways to sample from one generator, compared at equal compute: temperature, candidates, guidance, search.

    python -m experiments.sampling runs/experiments/text-coco-iid-sampling-* --json results/sampling.json \\
        --write docs/discriminator.md

The runs are those of `experiments/sampling.sh`. Each way draws from the run's export, as `sample.py` does.
"""

import dataclasses
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from data.vocabulary import END, PAD
from experiments.tables import Folders, check_targets, publish
from files.errors import UsageError
from metrics.bleu import BleuScorer
from metrics.diversity import self_bleu
from metrics.sequences import before_end
from reports.cells import mean_sd, seed_range
from reports.markdown import Table
from training.errors import one_line_errors
from training.flags import read_flags
from training.stored_settings import load_settings
from training.task_settings import TextSettings

if TYPE_CHECKING:
    from models.exported import Exported

ORDERS = (2, 3, 4)
FIGURES = (*(f"bleu_{n}" for n in ORDERS), *(f"self_bleu_{n}" for n in ORDERS))
TEMPERATURES = (1.0, 0.95, 0.9, 0.85, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3)
CANDIDATES = (4, 16)
# In units of the critic's scores: logits of a discriminator, or rewards.
GUIDANCE = {
    "discriminator of prefixes": (0.5, 1.0, 2.0, 4.0),
    "value network": (2.0, 5.0, 10.0, 20.0),
}
TABLE, MAKER = "ways to sample", "experiments.sampling"
SEARCHES = ((4, 1.0), (16, 1.0), (16, 10.0), (64, 10.0))


@dataclasses.dataclass(frozen=True)
class SamplingSettings:
    """Compares ways to sample by the quality and variety of what they draw, and by their time."""

    runs: Folders = ()
    """Folders of complete runs of train_text.py with a critic in their export."""
    num: int = 500
    """Sequences drawn in each way."""
    json: Path | None = None
    """File for the figures."""
    write: Path | None = None
    """Markdown file with the marks of the table `ways to sample`."""


class Way(NamedTuple):
    """One way to sample: how many steps of the generator a token takes, and `draw(num, seed)`."""

    name: str
    steps: int
    draw: Callable[[int, int], np.ndarray]


def ways(exported: "Exported", critic: str) -> list[Way]:
    """What is compared; temperatures are multiples of the export's own."""
    own = exported.temperature

    def plain(temperature=1.0, **more):
        return lambda num, seed: exported.sample(num, seed, own * temperature, **more)

    def search(simulations, exploration):
        given = own, simulations, exploration
        return lambda num, seed: exported.tree_search(num, seed, *given)

    found = [Way(f"temperature {t:g}", 1, plain(t)) for t in TEMPERATURES]
    for k in CANDIDATES:
        resampled = plain(candidates=k, candidate_temperature=1.0)
        found.append(Way(f"one of {k} candidates, resampled", k, resampled))
        found.append(Way(f"best of {k} candidates", k, plain(candidates=k)))
    found += [Way(f"guidance {w:g}", 1, plain(guidance=w)) for w in GUIDANCE[critic]]
    for simulations, c in SEARCHES:
        name = f"{simulations} simulations, exploration {c:g}"
        found.append(Way(name, simulations, search(simulations, c)))
    return found


def critic_of(settings: TextSettings) -> str:
    """What guides draws from the export of a run."""
    judge = settings.discriminator in ("prefix", "small-prefix")
    return "discriminator of prefixes" if judge else "value network"


def measure(run: Path, num: int) -> dict[str, Any]:
    """Figures of every way to sample from one run, by its name."""
    from models.exported import Exported
    from training.session import quiet
    from training.task_corpora import load_corpus

    settings = load_settings(run / "config.json", TextSettings)
    critic = critic_of(settings)
    corpus, exported = load_corpus(settings), Exported(run)
    quiet()
    if not hasattr(exported.loaded, "tree_search"):
        raise UsageError(
            f"{run} has no critic in its export, expected a run with --discriminator prefix or "
            "small-prefix, or --action-values value or mixed. Leave it out."
        )

    def sentences(rows):
        return before_end(rows, {PAD, END})

    scorer = BleuScorer(sentences(corpus.test), max(ORDERS), settings.bleu_variant)
    found = {}
    for way in ways(exported, critic):
        way.draw(10, 2)  # the first call takes longer
        start = time.perf_counter()
        rows = sentences(way.draw(num, 1))
        seconds = time.perf_counter() - start
        scores = scorer.sentence_scores(rows).mean(axis=0)
        own = self_bleu(rows[: settings.self_bleu_samples], max(ORDERS), settings.bleu_variant)
        figures = {f"bleu_{n}": float(scores[n - 1]) for n in ORDERS}
        figures |= {f"self_bleu_{n}": float(own[n - 1]) for n in ORDERS}
        found[way.name] = {**figures, "steps": way.steps, "seconds": 1000 * seconds / num}
        print(f"{run.name}  {way.name}  {figures['bleu_2']:.3f} at {figures['self_bleu_2']:.3f}")
    return {"critic": critic, "seed": settings.seed, "ways": found}


def above_temperature(figures: dict[str, dict[str, float]], name: str, order: int) -> float | None:
    """BLEU-n less that of the temperature with the same self-BLEU-n; None outside their range."""
    line = sorted(
        (way[f"self_bleu_{order}"], way[f"bleu_{order}"])
        for other, way in figures.items()
        if other.startswith("temperature")
    )
    variety, quality = np.transpose(line)
    own = figures[name]
    if not variety[0] <= own[f"self_bleu_{order}"] <= variety[-1]:
        return None
    return own[f"bleu_{order}"] - float(np.interp(own[f"self_bleu_{order}"], variety, quality))


def sampling_table(measured: Sequence[dict[str, Any]]) -> Table:
    """One row for each critic and way, means and standard deviations over seeds."""
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for each in measured:
        groups[each["critic"]].append(each)
    columns = ["critic", "sampling", "seeds", "steps a token", "s per 1,000"]
    columns += [title for n in ORDERS for title in (f"BLEU-{n}", f"self-BLEU-{n}")]
    columns += [f"BLEU-{n} above a temperature's" for n in ORDERS]
    lines = []
    for critic, runs in groups.items():
        for name, first in runs[0]["ways"].items():
            line = [critic, name, seed_range([run["seed"] for run in runs]), str(first["steps"])]
            line.append(f"{np.mean([run['ways'][name]['seconds'] for run in runs]):.2f}")
            for n in ORDERS:
                for figure in (f"bleu_{n}", f"self_bleu_{n}"):
                    line.append(mean_sd([run["ways"][name][figure] for run in runs], 3))
            for n in ORDERS:
                above = [above_temperature(run["ways"], name, n) for run in runs]
                known = [value for value in above if value is not None]
                plain = name.startswith("temperature") or len(known) < len(runs)
                line.append("–" if plain else mean_sd(known, 3))
            lines.append(line)
    notes = [
        "Temperatures are multiples of the one with the lowest NLL on validation data, at which all other ways draw. Steps: of the "
        "generator, for each token of a sequence. Above a temperature's: BLEU less that of the temperature with the same "
        "self-BLEU, by straight lines between those of the table; – where none has it. BLEU against the test part.",
    ]
    return Table(columns, lines, notes)


def main(arguments: list[str] | None = None) -> None:
    settings = read_flags(SamplingSettings, SamplingSettings(), arguments, prog="sampling")
    if not settings.runs:
        raise UsageError("no runs are given, expected folders of complete runs. Name some.")
    check_targets(TABLE, settings.json, settings.write, MAKER)
    measured = [measure(run, settings.num) for run in settings.runs]
    given = sampling_table(measured), {"runs": measured}, settings.json, settings.write
    publish(TABLE, *given, maker=MAKER)


if __name__ == "__main__":
    with one_line_errors():
        main()
