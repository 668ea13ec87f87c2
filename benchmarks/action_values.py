"""How the action values of one batch grow with T: by roll-outs of two policies, by the value network, and by both.

    python -m benchmarks.action_values --json results/action-values.json --write docs/value-network.md \
        --figure results/action-values.png
    python -m benchmarks.action_values --estimator value --lengths 64    # one point, in this process

Each point is measured in a separate process, whose peak memory is then that point's.
"""

import dataclasses
import json
from pathlib import Path
from typing import Any, Literal

from benchmarks.growth import exponent
from benchmarks.log_plots import log_plots, mark_sizes
from benchmarks.measure import Case, in_child, load_average, machine, side_by_side
from benchmarks.words import duration, machine_note
from files.errors import UsageError
from files.writing import check_folders, write_json, write_text
from reports.markdown import Table, check_page, insert, markdown, read_page
from training.errors import one_line_errors
from training.flags import read_flags
from training.task_settings import OracleSettings

TABLE, MAKER = "growth of action values", "benchmarks.action_values"
ESTIMATORS = ("rollouts", "small policy", "mixed", "value")


# Settings that the table's note names.
SIZES = (
    *("vocab_size", "batch_size", "num_rollouts", "rollout_positions", "value_samples"),
    *("rollout_hidden_dim", "rollout_samples"),
)


@dataclasses.dataclass(frozen=True)
class ActionValueSettings:
    """Times the action values of a batch of the paper's task at several lengths, with random weights."""

    lengths: tuple[int, ...] = (20, 64, 128, 256)
    """T."""
    longest_rollouts: int = 64
    """The longest T at which roll-outs of every prefix are measured; their time grows as its square."""
    repeats: int = 3
    """Measurements of each point, after one that is not counted."""
    estimator: Literal["rollouts", "small policy", "mixed", "value"] | None = None
    """Measure this one at the first length, in this process, and print JSON. None: all, each in a process."""
    json: Path | None = None
    """File for the figures."""
    write: Path | None = None
    """Markdown file with the marks of the table `growth of action values`."""
    figure: Path | None = None
    """PNG to draw time and memory to."""
    quick: bool = False
    """Tiny sizes: checks the program, measures nothing."""

    def check(self) -> None:
        """Raises `UsageError` for a value that cannot work."""
        if self.repeats < 1 or not self.lengths or min(self.lengths) < 2:
            raise UsageError(
                f"--repeats is {self.repeats} and --lengths are {self.lengths}, expected at least 1 "
                "repeat and lengths of at least 2. Give larger ones."
            )
        check_folders(self.json, self.figure)
        check_page(self.write, [TABLE], MAKER)


def task(estimator: str, length: int, quick: bool) -> OracleSettings:
    """The settings of a point."""
    tiny = {"vocab_size": 20, "batch_size": 4, "num_rollouts": 2}
    tiny |= {"value_samples": 8, "rollout_samples": 8, "rollout_hidden_dim": 4}
    chosen: dict[str, Any] = tiny if quick else {}
    if estimator == "small policy":
        chosen |= {"rollout_policy": "small"}
    else:
        chosen |= {"action_values": estimator}
    return OracleSettings(max_length=length, **chosen)


def measure_point(given: OracleSettings, repeats: int) -> dict[str, float]:
    """Medians in milliseconds, and megabytes at the peak: random weights, the paper's kernels.

    `learning` is what a round spends besides, on the value network or the small roll-out policy.
    """
    from files.platform import peak_memory_mb
    from models.discriminator import Discriminator
    from models.generator import Generator
    from models.rollout import Rollout
    from training.critic import make_critic
    from training.distillation import make_distillation, small_rollout

    generator = Generator(given.vocab_size, given.max_length)
    reward = Discriminator(given.vocab_size, given.max_length).probability_real
    rollout = small_rollout(generator, given) or Rollout(generator)
    distillation = make_distillation(generator, rollout, given)
    critic = make_critic(rollout, given)
    tokens = generator.sample(given.batch_size, (1, 2))
    arguments = tokens, reward, given.num_rollouts, (3, 4)
    cases = {"values": Case(lambda: (critic or rollout).action_values(*arguments))}
    if critic:
        cases["learning"] = Case(lambda: critic.learn(reward, (5, 6)))
    if distillation:
        cases["learning"] = Case(lambda: distillation.update((5, 6)))
    taken = side_by_side(cases, repeats, warm_up=1)
    times = {
        f"{name}_{kind}_ms": getattr(timing, f"{kind}_ms")
        for name, timing in taken.items()
        for kind in ("wall", "cpu")
    }
    return {**times, "peak_memory_mb": round(peak_memory_mb(), 1)}


def measure(settings: ActionValueSettings) -> dict[str, Any]:
    """`{"estimators": {name: {"lengths", "points", "exponent_of_cpu_time"}}, "task", "machine"}`."""
    busy, estimators = load_average(), {}
    for name in ESTIMATORS:
        by_rollouts = name in ("rollouts", "small policy")
        longest = settings.longest_rollouts if by_rollouts else max(settings.lengths)
        lengths = [length for length in settings.lengths if length <= longest]
        flags = ["--estimator", name, "--repeats", settings.repeats]
        flags += ["--quick"] if settings.quick else []
        points = [
            in_child("benchmarks.action_values", *flags, "--lengths", length) for length in lengths
        ]
        estimators[name] = {
            "lengths": lengths,
            "points": points,
            "exponent_of_cpu_time": exponent(lengths, [each["values_cpu_ms"] for each in points])
            if len(lengths) > 1
            else None,
        }
    given = task("mixed", max(settings.lengths), settings.quick)
    sizes = {name: getattr(given, name) for name in SIZES}
    return {"estimators": estimators, "task": sizes, "machine": machine(busy)}


def growth_table(figures: dict[str, Any]) -> Table:
    """Processor time of each estimator at each length, the network's learning, and the exponent."""
    lengths = figures["estimators"]["value"]["lengths"]
    rows = []
    for name, of in figures["estimators"].items():
        points = dict(zip(of["lengths"], of["points"], strict=True))
        for what, label in (("values", name), ("learning", f"{name}, learning of a round")):
            key = f"{what}_cpu_ms"
            known = [points.get(length, {}).get(key) for length in lengths]
            if any(each is not None for each in known):
                slope = of["exponent_of_cpu_time"] if what == "values" else None
                shown = "–" if slope is None else f"{slope:.2f}"
                most = max(point["peak_memory_mb"] for point in of["points"]) / 1000
                memory = f"{most:.2f} GB" if what == "values" else "–"
                rows.append([label, *(duration(each) for each in known), shown, memory])
    sizes = figures["task"]
    notes = [
        f"action values of one batch; V = {sizes['vocab_size']:,}, B = {sizes['batch_size']}, "
        f"N = {sizes['num_rollouts']}, k = {sizes['rollout_positions']}; the network learns from "
        f"{sizes['value_samples']} sequences a round, the small policy (H = "
        f"{sizes['rollout_hidden_dim']}) from {sizes['rollout_samples']}. Median processor time of all threads, which "
        "other jobs change less than wall time. Exponent: slope of the straight line through the "
        "logarithms. Peak memory: of a process that computes and learns, at its longest T.",
        machine_note(figures),
    ]
    columns = ["", *(f"T = {length}" for length in lengths), "exponent in T", "peak memory"]
    return Table(columns, rows, notes)


def draw(figures: dict[str, Any], path: Path) -> None:
    """Processor time and peak memory of each estimator against T. PNG."""
    from matplotlib.ticker import NullLocator

    from reports.plot_style import BLUE, GREEN, PINK, RED

    with log_plots(path, (9, 3.8), "Action values of one batch", 1, 2) as ((time, memory),):
        lines = zip(figures["estimators"].items(), (RED, PINK, GREEN, BLUE), "osD^", strict=False)
        for (name, of), color, marker in lines:
            slope = of["exponent_of_cpu_time"]
            label = name if slope is None else f"{name}, ∝ T$^{{{slope:.2f}}}$"
            for axes, key in ((time, "values_cpu_ms"), (memory, "peak_memory_mb")):
                values = [point[key] / 1000 for point in of["points"]]
                axes.plot(of["lengths"], values, f"{marker}-", color=color, label=label)
        for axes, unit in ((time, "processor time, seconds"), (memory, "peak memory, GB")):
            mark_sizes(axes, figures["estimators"]["value"]["lengths"])
            axes.set(xlabel="T, tokens of a sequence", ylabel=unit)
        memory.set_ylim(0.5, 4)
        memory.set_yticks([0.5, 1, 2, 4], ["0.5", "1", "2", "4"])
        memory.yaxis.set_minor_locator(NullLocator())
        time.legend()


def main(arguments: list[str] | None = None) -> None:
    settings = read_flags(
        ActionValueSettings, ActionValueSettings(), arguments, prog="benchmarks.action_values"
    )
    settings.check()
    if settings.estimator is not None:
        from training.session import start

        start(0)
        given = task(settings.estimator, settings.lengths[0], settings.quick)
        print(json.dumps(measure_point(given, settings.repeats)))
        return
    figures = measure(settings)
    table = growth_table(figures)
    print(markdown(table))
    if settings.json is not None:
        write_json(settings.json, figures)
    if settings.figure is not None:
        draw(figures, settings.figure)
    if settings.write is not None:
        text = read_page(settings.write)
        write_text(settings.write, insert(text, {TABLE: table}, MAKER))


if __name__ == "__main__":
    with one_line_errors():
        main()
