"""The benchmark's own arithmetic, and that all of it runs, in tiny sizes. No test measures a time."""

import json
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks import growth, operations, pytorch_worker, quality, report, speed, stages, start_up
from benchmarks.measure import Case, Timing, product_gflops, side_by_side
from files.errors import UsageError
from models.discriminator import Discriminator
from models.generator import Generator
from reports.markdown import insert
from training.task_settings import OracleSettings

PNG = b"\x89PNG\r\n\x1a\n"


# Arithmetic


def test_implementations_are_timed_alternately_and_divided_by_their_units(monkeypatch):
    clock = iter(range(1000))
    monkeypatch.setattr("benchmarks.measure.time.perf_counter", lambda: next(clock) * 1.0)
    monkeypatch.setattr("benchmarks.measure.time.process_time", lambda: 0.0)
    order = []
    cases = {
        "a": Case(lambda: order.append("a")),
        "b": Case(lambda: order.append("b"), units=10),
        "rare": Case(lambda: order.append("rare"), repeats=1),
    }
    timings = side_by_side(cases, repeats=3, warm_up=1)
    assert "".join(order) == "ab" + "abrare" + "ab" + "ab"
    assert timings["a"].wall_ms == 1000 and timings["b"].wall_ms == 100


def clock(*durations):
    """A clock that is read before and after what takes so many seconds."""
    ends = np.cumsum(durations)
    times = [float(each) for end in zip(ends - durations, ends, strict=True) for each in end]
    return iter(times).__next__


def test_a_time_is_the_median_of_the_repeats(monkeypatch):
    """In milliseconds, without the warm-up, which takes long; of one repeat the shortest is told too."""
    clocks = {"perf_counter": clock(500, 1, 30, 2), "process_time": clock(900, 4, 5, 60)}
    monkeypatch.setattr("benchmarks.measure.time", SimpleNamespace(**clocks))
    timing = side_by_side({"": Case(lambda: None, units=2)}, repeats=3, warm_up=1)[""]
    assert timing == Timing(wall_ms=1000, cpu_ms=2500, shortest_ms=500)


def test_the_speed_of_a_product(monkeypatch):
    """Of two rows: an addition and a multiplication for each of 2 x 1,720 x 3,440 in 10 ms."""
    monkeypatch.setattr(
        "benchmarks.measure.side_by_side", lambda *_: {"": Timing(wall_ms=10, cpu_ms=7)}
    )
    assert product_gflops(2) == pytest.approx(2 * 2 * 1720 * 3440 / 0.01 / 1e9)


def test_the_growth_of_a_point_is_the_median_of_what_counts(monkeypatch):
    model = SimpleNamespace(sample=lambda *_: None, probability_real=None)
    rollout = SimpleNamespace(action_values=lambda *_: None)
    monkeypatch.setattr("models.rollout.Rollout", lambda _: rollout)
    monkeypatch.setattr("models.generator.Generator", lambda *_: model)
    monkeypatch.setattr("models.discriminator.Discriminator", lambda *_: model)
    # The end of the first one, which does not count, is not looked at.
    times = iter([-500.0, 0.0, 1.0, 1.0, 31.0, 31.0, 33.0])
    monkeypatch.setattr(growth, "time", SimpleNamespace(perf_counter=times.__next__))
    assert growth.measure_point(growth.Point(repeats=3))["seconds"] == 2


def test_the_memory_bound_is_for_the_largest_point(monkeypatch):
    memory = {"3": 800.0, "4": 600.0}

    def point(_, *flags):
        given = dict(zip(flags[::2], flags[1::2], strict=True))
        return {"seconds": 1.0, "peak_memory_mb": memory[str(given["--length"])]}

    monkeypatch.setattr(growth, "in_child", point)
    found = growth.measure_growth(1, quick=True)
    assert found["largest_memory_mb"] == 800
    line = found["axes"]["length"]
    assert line["exponent_of_memory"] == pytest.approx(np.log(6 / 8) / np.log(4 / 3))
    assert line["exponent_of_time"] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("power", [0.0, 1.0, 2.5])
def test_exponent_of_a_power(power):
    sizes = [1, 4, 16, 64]
    assert growth.exponent(sizes, [3 * size**power for size in sizes]) == pytest.approx(power)


def test_operations_of_the_paper_task():
    # By hand: 297 GFLOP of convolutions and 231 of the highway for the rewards of one batch.
    work = operations.operations(OracleSettings())
    scored = 64 * (19 * 16 + 1)
    features, windows = 1720, 0
    for width, filters in Discriminator(2, 20).kernels.items():
        windows += (21 - width) * width * filters
    assert scored * 2 * 64 * windows == pytest.approx(297e9, rel=0.01)
    assert scored * 4 * features**2 == pytest.approx(231e9, rel=0.01)
    written = 194_560 * (2 * 64 * 128 + 2 * 32 * 5000)
    expected = scored * (128 * windows + 4 * features**2 + 2 * features) + written
    assert work["rewards of one batch"] == pytest.approx(expected)
    assert work["MLE step"] == 3 * work["sample 64 sequences"]


def test_a_round_and_the_published_schedule_by_hand():
    names = ("sample 64 sequences", "rewards of one batch", "policy-gradient step")
    times = dict(zip(names, (10.0, 2000.0, 40.0), strict=True))
    times |= {"discriminator step": 30.0, "MLE step": 20.0}
    # 10 + 2000 + 40 + 5 * (156 * 10 + 936 * 30)
    round_ms = operations.published_round(times, OracleSettings())
    assert round_ms == pytest.approx(150_250)
    assert operations.published_round({"MLE step": 1.0}, OracleSettings()) is None
    # 18,720 * 20 + 50 * 29,640 + 75 * 150,250
    times["a round of the published schedule"] = round_ms
    hours = quality.published_schedule_hours(times)
    assert hours == pytest.approx(13_125_150 / 3.6e6)


def test_what_the_rounds_of_a_run_measured(tmp_path):
    path = tmp_path / "metrics.csv"
    assert quality.measured(path) == []
    path.write_text(
        "stage,step,nll_oracle\nmle,1,8.1\nadversarial,1,\nadversarial,5,8.8\n"
        "adversarial,10,8.69\nadversarial,15,8.5\n"
    )
    assert quality.measured(path) == [8.8, 8.69, 8.5]


# Tables


MACHINE = {
    "processor": "CPU",
    "hardware": "2 cores",
    "versions": {"tensorflow": "2", "keras": "3"},
    "commit": "abc",
    "load_average_before": 0.25,
}
FIGURES = {
    "stages": {
        "product_gflops": 100.0,
        "records": [
            {
                **{"stage": "MLE step", "ours": 10.0, "bfloat16": 5.0},
                **{"literal": 500.0, "keras": 25.0},
                **{"operations": 5e8, "least_ms": 5.0, "peak_memory_mb": 640.0},
                "elsewhere": {"authors": 46},
            },
            {"stage": "sample 64 sequences", "ours": 10.0, "elsewhere": {"authors": 20}},
            {"stage": "discriminator step", "ours": 30.0, "elsewhere": {"authors": 60}},
            {
                **{"stage": "a round of the published schedule", "ours": 150_250.0},
                "elsewhere": {"authors": 300_000},
            },
        ],
        "machine": MACHINE,
    },
    "growth": {
        "center": {"length": 20, "vocab_size": 5000, "num_rollouts": 16, "batch_size": 64},
        "axes": {
            "length": {
                **{"sizes": [10, 20], "seconds": [1.0, 4.0], "peak_memory_mb": [600.0, 600.0]},
                **{"exponent_of_time": 2.0, "exponent_of_memory": 0.0},
            }
        },
        **{"largest_memory_mb": 600.0, "memory_bound_mb": 2500.0},
        "machine": MACHINE,
    },
    "start-up": {"seconds": {"x.py --help": 0.5, "sample.py RUN": 7.0}, "machine": MACHINE},
    "quality": {
        **{"target": 8.736, "samples": 10_000, "machine": MACHINE},
        "by_seed": {
            "1": {"minutes": 3.25, "nll_oracle": 8.7},
            "2": {"minutes": None, "nll_oracle": 8.742},
            "3": {"minutes": None, "nll_oracle": None},
        },
    },
}


def test_tables_by_hand():
    made = report.tables(FIGURES)
    first = made["stages"].rows[0]
    assert first[:3] == ["MLE step", "10.0 ms", "5.0 ms (0.5 x)"]
    assert first[3:] == ["500 ms (50 x)", "25.0 ms (2.5 x)", "0.5", "2.0", "0.64 GB"]
    assert made["stages"].columns[4:6] == ["plain Keras", "GFLOP"]
    records = [{"stage": "MLE step", "ours": 10.0, "pytorch": 25.0}]
    records.append({"stage": "sample 19456 sequences", "ours": 100.0, "pytorch": 1500.0})
    values = {"product_gflops": 150.0, "records": records, "machine": MACHINE}
    table = report.tables({"pytorch": values})["plain PyTorch"]
    assert table.rows == [
        ["MLE step", "10.0 ms", "25.0 ms (2.5 x)", "2 x"],
        ["sample 19456 sequences", "100 ms", "1,500 ms (15 x)", "–"],
    ]
    assert "at 150 GFLOP/s" in table.notes[0] and "plain PyTorch" not in made
    assert made["elsewhere"].rows[0] == ["MLE step", "10.0 ms", "46.0 ms (4.6 x)", "–", "–"]
    assert "with 208 GFLOP/s" in made["elsewhere"].notes[0]
    assert made["stages"].rows[3][1] == "150 s"
    assert made["growth"].rows == [
        ["T", "10: 1.00 s, 0.60 GB; 20: 4.00 s, 0.60 GB", "2.00", "0.00"]
    ]
    assert "within the bound of 2.5 GB" in made["growth"].notes[1]
    assert made["start-up"].rows == [
        ["`x.py --help`", "0.50 s", "1.5 s"],
        ["`sample.py RUN`", "7.00 s", "8 s"],
    ]
    assert made["quality"].rows[:3] == [
        ["`quick`, seed 1", "3.2", "8.700"],
        ["`quick`, seed 2", "not reached", "8.742"],
        ["`quick`, seed 3", "not reached", "–"],
    ]
    # (18,720 * 10 + 50 * 29,640 + 75 * 150,250) and (18,720 * 46 + 50 * 59,280 + 75 * 300,000) ms
    assert made["quality"].rows[3:] == [
        ["published schedule to round 75, our step times", "216", "–"],
        ["published schedule to round 75, the authors' step times", "439", "–"],
    ]


def test_the_published_schedule_is_set_against_the_slowest_seed():
    by_seed = {"1": {"minutes": 2.0, "nll_oracle": 8.7}, "2": {"minutes": 4.0, "nll_oracle": 8.7}}
    made = report.tables({**FIGURES, "quality": {**FIGURES["quality"], "by_seed": by_seed}})
    assert [row[1] for row in made["quality"].rows[2:]] == ["216 (54 x)", "439 (110 x)"]


def test_tables_go_between_their_marks(tmp_path, capsys):
    figures, document = tmp_path / "speed.json", tmp_path / "performance.md"
    only = {"start-up": FIGURES["start-up"]}
    figures.write_text(json.dumps(only))
    start, end = (
        "<!-- start-up table: made by benchmarks.report -->",
        "<!-- end of start-up table -->",
    )
    document.write_text(f"before\n{start}\nold\n{end}\nafter\n")
    report.main([str(figures), "--write", str(document)])
    text = document.read_text()
    assert text.startswith(f"before\n{start}\n| command |") and text.endswith(f"{end}\nafter\n")
    assert "| `x.py --help` | 0.50 s | 1.5 s |" in text and "old" not in text
    report.main([str(figures), "--write", str(document)])
    assert document.read_text() == text
    report.main([str(figures)])
    assert "x.py --help" in capsys.readouterr().out
    document.write_text(end + start)
    with pytest.raises(UsageError, match="--write needs a file with the lines <!-- start-up"):
        report.main([str(figures), "--write", str(document)])


def test_performance_page_has_a_place_for_every_table():
    page = Path(report.__file__).parent.parent / "docs" / "performance.md"
    insert(page.read_text(encoding="utf-8"), report.tables(FIGURES), report.MAKER)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"other": 1}'])
def test_figures_that_are_none(tmp_path, content):
    path = tmp_path / "speed.json"
    path.write_text(content)
    with pytest.raises(UsageError, match=r"speed\.json (cannot be read|has no figures of a table)"):
        report.read_figures(path)
    with pytest.raises(UsageError, match="cannot be read"):
        report.read_figures(tmp_path / "none.json")


# Running


def test_start_up_is_that_of_the_scripts_and_not_of_the_library():
    names = start_up.scripts()
    assert {"train_poems.py", "sample.py", "compare.py"} < set(names)
    assert "seqgan.py" not in names


@pytest.mark.slow
def test_it_all_runs_in_tiny_sizes(monkeypatch, tmp_path, capsys):
    # What starts processes is replaced; they are tested below, in this one.
    monkeypatch.setattr(stages, "in_child", lambda *_: {"peak_memory_mb": 1.0})
    times = {"3": 1.0, "4": 2.0}

    def point(_, *flags):
        given = dict(zip(flags[::2], flags[1::2], strict=True))
        return {"seconds": times[str(given["--length"])], "peak_memory_mb": 500.0}

    monkeypatch.setattr(growth, "in_child", point)
    monkeypatch.setattr(start_up, "seconds_of", lambda *_: 0.1)
    monkeypatch.setattr(
        pytorch_worker, "available", lambda: False
    )  # tests/benchmarks/test_pytorch.py
    figures, picture = tmp_path / "speed.json", tmp_path / "growth.png"
    figures.write_text(json.dumps({"quality": FIGURES["quality"]}))
    speed.main(["--quick", "--json", str(figures), "--figure", str(picture)])
    written = json.loads(figures.read_text())
    assert set(written) == {"stages", "growth", "start-up", "quality"}
    assert written["quality"] == FIGURES["quality"]  # was there before
    records = {record["stage"]: record for record in written["stages"]["records"]}
    for name in ("sample 4 sequences", "MLE step", "policy-gradient step", "discriminator step"):
        assert all(records[name][way] > 0 for way in ("ours", "literal", "keras", "least_ms"))
    assert records["rewards of one batch"]["bfloat16"] > 0
    whole = records["a round of the published schedule"]
    assert whole["derived"] and whole["ours"] != whole["bfloat16"] > 0
    line = written["growth"]["axes"]["length"]
    assert line["seconds"] == [1.0, 2.0]
    assert line["exponent_of_time"] == pytest.approx(np.log(2) / np.log(4 / 3))
    assert set(written["stages"]["machine"]) >= {"processor", "versions", "commit", "hardware"}
    assert picture.read_bytes().startswith(PNG)
    said = capsys.readouterr().out
    assert "stages" in said and "load average" in said


@pytest.mark.slow
def test_a_stage_and_a_point_alone(capsys):
    stages.main(["--stage", "policy-gradient step", "--quick"])
    assert json.loads(capsys.readouterr().out)["peak_memory_mb"] > 100
    growth.main(["--length", "4", "--vocab-size", "20", "--num-rollouts", "2", "--batch-size", "2"])
    measured = json.loads(capsys.readouterr().out)
    assert measured["peak_memory_mb"] >= measured["memory_before_mb"] > 100
    assert measured["seconds"] > 0


def test_the_figure_of_growth(tmp_path):
    growth.draw_growth(FIGURES["growth"], tmp_path / "growth.png")
    assert (tmp_path / "growth.png").read_bytes().startswith(PNG)


def test_the_points_share_the_paper_task():
    center = growth.Point()
    settings = OracleSettings()
    for axis, sizes in growth.AXES.items():
        assert getattr(center, axis) in sizes
        assert getattr(center, axis) == getattr(
            settings, "max_length" if axis == "length" else axis
        )


@pytest.mark.slow
def test_an_epoch_does_as_many_steps_as_its_units_say():
    made = stages.Stages(*stages.sizes(quick=True))
    settings, ours = made.settings, made.ours()
    for name in ("MLE step", "discriminator step"):
        assert ours[name].units * settings.batch_size == len(made.epoch)
    cases = made.keras()
    for name in ("MLE step", "discriminator step", "policy-gradient step"):
        assert cases[name].units == ours[name].units
    literal = made.literal()
    assert literal[f"sample {settings.batch_size} sequences"].units == 1 / settings.batch_size
    share = 1 / (settings.batch_size * settings.num_rollouts)
    assert literal["rewards of one batch"].units == share


def test_plain_keras_is_the_same_model():
    from benchmarks import plain_keras

    settings = OracleSettings(vocab_size=9, max_length=6)
    ours = Generator(9, 6), Discriminator(9, 6)
    plain = plain_keras.make_generator(settings), plain_keras.make_discriminator(settings)
    for one, other in zip(ours, plain, strict=True):
        assert one.count_params() == other.count_params()
    samples = plain_keras.sample(plain[0], 5, 6)
    assert samples.shape == (5, 6) and 0 <= samples.min() and samples.max() < 9
    np.testing.assert_array_equal(plain_keras.inputs_of(samples, 7)[:, 0], 7)
    np.testing.assert_array_equal(plain_keras.inputs_of(samples)[:, 1:], samples[:, :-1])
    scores = plain_keras.score(plain[1], samples)
    assert scores.shape == [5] and np.all((scores > 0) & (scores < 1))


def test_a_run_to_the_target(monkeypatch):
    # A stand-in for train_oracle.py that writes what a run writes.
    program = (
        "import pathlib, sys; out = pathlib.Path(sys.argv[sys.argv.index('--out') + 1]);"
        "out.mkdir(); (out / 'metrics.csv').write_text('stage,nll_oracle\\nadversarial,8.5\\n')"
    )

    class Popen(quality.subprocess.Popen):
        def __init__(self, command, **kwargs):
            super().__init__([command[0], "-c", program, *command[2:]], **kwargs)

    monkeypatch.setattr(quality.subprocess, "Popen", Popen)
    minute_and_a_half = SimpleNamespace(perf_counter=clock(90), sleep=time.sleep)
    with monkeypatch.context() as patched:
        patched.setattr(quality, "time", minute_and_a_half)
        reached = quality.time_to_quality([], target=8.6)
    assert reached == {"minutes": 1.5, "nll_oracle": 8.5}
    assert quality.time_to_quality([], target=8.4) == {"minutes": None, "nll_oracle": 8.5}
    program = "pass"
    assert quality.time_to_quality([], target=8.4) == {"minutes": None, "nll_oracle": None}


@pytest.mark.parametrize(
    "flags, message",
    [
        (["--repeats", "0"], "--repeats is 0, expected at least 1"),
        (
            ["--parts", "stages", "--figure", "x.png"],
            "--figure shows the growth: add it to --parts",
        ),
        (
            ["--parts", "stages", "--seeds", "5"],
            "--seeds is of the part quality: add it to --parts",
        ),
        (["--oracle-file", "x.pkl"], "--oracle-file is of the part quality"),
        (["--json", "/nowhere/speed.json"], "there is no folder /nowhere for speed.json"),
        (["--parts", "other"], "other"),
    ],
)
def test_wrong_flags(flags, message):
    with pytest.raises(UsageError, match=message):
        speed.main(flags)


def test_a_wrong_stage():
    with pytest.raises(UsageError, match="--stage is 'other', expected one of sample 4 sequences"):
        stages.main(["--stage", "other", "--quick"])
