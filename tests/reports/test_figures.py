"""The figures: what is drawn equals what came in, and files are made for each kind."""

import itertools
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.figure import Figure

from reports.curves import other_curves, row_curves
from reports.figures import (
    curves_figure,
    draw_curves,
    others_figure,
    panels_figure,
    section_stem,
    write_figures,
)
from reports.frontier import make_frontier
from reports.frontier_figure import draw_frontier, frontier_figure, outside_in_words
from reports.grouping import make_sections
from tests.reports.fakes import mle, poems, result, runs, steps, write

TEMPERATURES = {
    "final": [
        {"temperature": 0.7, "nll_test": 9.0, "nll_oracle": 8.4},
        {"temperature": 1.0, "nll_test": 8.5, "nll_oracle": 9.0},
    ]
}


@pytest.fixture
def section(tmp_path):
    controls = {"bigram": {"nll_oracle": 8.5}, "uniform": {"nll_oracle": 11.4, "nll_test": 8.5}}
    rows = steps([9.4, 9.0], [8.8, 8.7])
    made = [
        write(tmp_path, "a", mle(temperatures=TEMPERATURES), steps([9.4, 9.0])),
        write(tmp_path, "b", result(), rows),
        write(tmp_path, "c", result(seed=2), steps([9.6, 9.2], [8.6, 8.5])),
        write(tmp_path, "d", result(changed={"d_epochs": 10}), rows),
        write(tmp_path, "e", result(changed={"num_rollouts": 1}), rows),
        write(tmp_path, "f", result("random", nll=10.3, start=None, controls=controls)),
    ]
    return make_sections(made)[0]


def lines(axes):
    """{label: its points} of the lines of axes that have one."""
    found = {line.get_label(): line.get_xydata() for line in axes.get_lines()}
    return {label: points for label, points in found.items() if not label.startswith("_")}


def test_a_row_that_differs_in_many_settings_stays_within_its_figure(tmp_path):
    many = [f"setting_number_{k}" for k in range(12)]
    changed = {"reward": "density-ratio"} | dict.fromkeys(many, 10000)
    rows = steps([9.4, 9.0], [8.8, 8.7])
    made = [
        write(tmp_path, "a", result(), rows),
        write(tmp_path, "b", result(changed=changed), rows),
    ]
    figure = others_figure(make_sections(made)[0])
    figure.canvas.draw()
    (axes,) = figure.axes
    for text in (figure._suptitle, axes.title, *axes.get_legend().get_texts()):
        extent = text.get_window_extent()
        assert extent.x0 >= 0 and extent.x1 <= figure.bbox.width, text.get_text()


@pytest.mark.parametrize("by", ["steps", "minutes"])
def test_learning_curves_are_what_was_measured(section, by):
    axes = Figure().subplots()
    curves = row_curves(section)
    draw_curves(axes, section, by, curves)
    drawn = lines(axes)
    assert list(drawn) == ["MLE (1 seed)", "SeqGAN (2 seeds)"]
    x = {"steps": [10, 15, 20], "minutes": [11 / 60, 16 / 60, 21 / 60]}[by]
    np.testing.assert_allclose(drawn["SeqGAN (2 seeds)"], np.stack([x, [9.1, 8.7, 8.6]], 1))
    # One band, of the one row that has two seeds: a standard deviation up and down.
    (band,) = axes.collections
    corners = band.get_paths()[0].vertices
    assert corners[:, 1].max() == pytest.approx(9.1 + 0.2 / 2**0.5)
    # The end of pre-training and the paper's number.
    unlabelled = [line.get_xydata() for line in axes.get_lines() if line.get_label()[0] == "_"]
    assert unlabelled[0][0, 0] == pytest.approx(x[0])
    assert unlabelled[1][0, 1] == 8.736
    assert axes.get_ylim()[0] < 8.5 and "nats per token" in axes.get_ylabel()
    assert {text.get_text() for text in axes.texts} >= {"SeqGAN in the paper: 8.736"}


def test_other_oracles_have_no_line_of_the_paper(tmp_path):
    seeded = result()
    seeded["settings"] = {**seeded["settings"], "oracle": "seed:1"}
    (section,) = make_sections([write(tmp_path, "a", seeded, steps([9.0], [8.8]))])
    axes = Figure().subplots()
    draw_curves(axes, section, "steps", row_curves(section))
    assert [text.get_text() for text in axes.texts] == ["pre-training ends"]


def test_the_first_epochs_do_not_flatten_the_rest(tmp_path):
    (section,) = make_sections([write(tmp_path, "a", result(), steps([30.0, 9.0], [8.8, 8.7]))])
    axes = Figure().subplots()
    draw_curves(axes, section, "steps", row_curves(section))
    low, high = axes.get_ylim()
    assert low < 8.7 and 9.0 < high < 12


def test_one_curve_far_ahead_does_not_flatten_the_rest(tmp_path):
    ends = {"ss": 9.1, "seqgan": 8.7, "pg-bleu": 5.0}
    made = [
        write(tmp_path, algorithm, result(algorithm, nll=end), steps([9.2], [9.1, end]))
        for algorithm, end in ends.items()
    ]
    (section,) = make_sections(made)
    axes = Figure().subplots()
    draw_curves(axes, section, "steps", row_curves(section))
    low, high = axes.get_ylim()
    assert 8 < low < 8.7 and 9.1 < high < 11
    assert {"PG-BLEU (1 seed; ends at 5.00)", "SeqGAN (1 seed)"} <= lines(axes).keys()


def test_the_frontier_is_what_was_measured(section):
    axes = Figure().subplots()
    frontier = make_frontier(section)
    draw_frontier(axes, section, frontier)
    drawn = lines(axes)
    assert list(drawn) == ["MLE", "bigram (NLL-test infinite)"]
    np.testing.assert_array_equal(drawn["MLE"], [[9.0, 8.4], [8.5, 9.0]])
    (line,) = (line for line in axes.get_lines() if line.get_label() == "MLE")
    assert line.get_markevery() == [1]  # temperature 1
    assert axes.get_xlim() == frontier.x_limits and axes.get_ylim() == frontier.y_limits
    caption = axes.get_title(loc="left")
    assert "random, uniform (NLL-test 8.50, NLL-oracle 11.40)" in caption.replace("\n", " ")
    assert "lower" in axes.get_xlabel()


def test_ends_of_curves_outside_the_picture_are_told_together():
    frontier = SimpleNamespace(
        cut={"MLE": (0.5,), "SS": (0.5, 0.7)},
        outside={"bigram": (np.nan, 8.3)},
        x="nll_test",
        y="nll_oracle",
    )
    assert outside_in_words(frontier) == [
        "ends of curves, at temperatures 0.5 to 0.7",
        "bigram (NLL-oracle 8.30)",
    ]
    frontier.cut, frontier.outside = {"MLE": (0.5,)}, {}
    assert outside_in_words(frontier) == ["ends of curves, at temperatures 0.5"]


def test_labels_of_temperatures_cover_nothing(tmp_path):
    # Curves so close that not all labels have room.
    close = [
        {"temperature": t, "nll_test": 8.5 + 2 * (1 - t) ** 2, "nll_oracle": 8 + t}
        for t in (0.5, 0.7, 0.85, 1.0)
    ]
    near = [{**row, "nll_test": row["nll_test"] + 1e-3} for row in close]
    (section,) = make_sections(
        runs(
            mle(temperatures={"final": close}),
            result("ss", start=None, temperatures={"final": near}),
            result(temperatures={"final": near}),
        )
    )
    figure = frontier_figure(section)
    (axes,) = figure.axes
    assert {"0.5", "0.7"} <= {text.get_text() for text in axes.texts}
    boxes = [text.get_window_extent() for text in axes.texts]
    assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))
    for line in axes.get_lines():
        for point in axes.transData.transform(line.get_xydata()):
            assert not any(box.contains(*point) for box in boxes)


def test_panels(section):
    axes = panels_figure(section).axes
    assert [one.get_title() for one in axes] == [
        "(a) g-steps 100, d-steps 1, k 10", "(b) g-steps 30, d-steps 1, k 30",
        "(c) g-steps 1, d-steps 1, k 10", "(d) g-steps 1, d-steps 5, k 3",
    ]  # fmt: skip
    assert [list(lines(one)) for one in axes] == [[], [], ["1 seed"], []]
    np.testing.assert_array_equal(lines(axes[2])["1 seed"], [[0, 9.0], [5, 8.8], [10, 8.7]])
    assert [text.get_text() for text in axes[0].texts] == ["not run"]


def test_other_settings(section):
    (axes,) = others_figure(section).axes
    assert axes.get_title() == "roll-outs"
    drawn = lines(axes)
    assert list(drawn) == ["roll-outs 16, the preset (2 seeds)", "roll-outs 1 (1 seed)"]
    np.testing.assert_array_equal(drawn["roll-outs 1 (1 seed)"], [[0, 9.0], [5, 8.8], [10, 8.7]])


def test_no_figure_without_its_data():
    (section,) = make_sections(runs(result(), mle()))
    assert curves_figure(section, "steps") is None
    assert frontier_figure(section) is panels_figure(section) is others_figure(section) is None


def test_the_legend_fits_and_covers_nothing(section):
    figure = curves_figure(section, "steps")
    figure.canvas.draw()
    (legend,), (axes,) = figure.legends, figure.axes
    box = legend.get_window_extent()
    assert not box.overlaps(axes.get_tightbbox())
    assert figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1


def test_files_of_each_kind(section, tmp_path):
    written, left_out = write_figures([section], tmp_path / "figures")
    assert left_out == []
    assert [path.name.removeprefix("oracle-published-") for path in written] == [
        "curves-rounds.png", "curves-minutes.png", "frontier.png",
        "ablation-panels.png", "ablation-others.png",
    ]  # fmt: skip
    assert sorted((tmp_path / "figures").iterdir()) == sorted(written)


def test_the_same_results_give_the_same_files(tmp_path):
    (section,) = make_sections([write(tmp_path, "a", result(), steps([9.0], [8.8]))])
    pair = [write_figures([section], tmp_path / name)[0][0].read_bytes() for name in ("b", "c")]
    assert pair[0] == pair[1] and pair[0].startswith(b"\x89PNG")
    assert b"Software" not in pair[0] and b"Date" not in pair[0]


def test_sections_of_one_name_have_files_of_their_own(tmp_path):
    few = result()
    few["settings"] = {**few["settings"], "final_samples": 100}
    rows = steps([9.0], [8.8])
    made = [write(tmp_path, "a", result(), rows), write(tmp_path, "b", few, rows)]
    written, _ = write_figures(make_sections(made), tmp_path / "figures")
    assert len({path.name for path in written}) == 4


@pytest.mark.parametrize(
    "one, expected",
    [
        (result(), "oracle-published"),
        (result(preset="paper"), "oracle-published-paper"),
        (poems(), "poems"),
        (poems(task="text"), "text-poems"),
    ],
)
def test_names_of_files(one, expected):
    assert section_stem(make_sections(runs(one))[0]) == expected


def test_names_of_corpora_and_oracles():
    run = poems(task="text")
    run["settings"] = {**run["settings"], "corpus": "/some/where/My lines.txt"}
    assert section_stem(make_sections(runs(run))[0]) == "text-my-lines"
    run = result()
    run["settings"] = {**run["settings"], "oracle": "seed:12"}
    assert section_stem(make_sections(runs(run))[0]) == "oracle-seed-12"


def test_a_setting_of_many_words_stays_within_its_panel(tmp_path):
    more = {"num_rollouts": 1, "g_learning_rate": 0.01, "g_learning_rate_final": None, "rounds": 3}
    made = []
    for name, panel in (("a", (100, 10)), ("b", (30, 30))):
        changed = {"g_steps": panel[0], "d_epochs": panel[1], **more}
        made.append(write(tmp_path, name, result(changed=changed), steps([9.4], [8.8, 8.7])))
    figure = panels_figure(make_sections(made)[0])
    figure.canvas.draw()
    drawn = [axes for axes in figure.axes if axes.get_legend()]
    assert len(drawn) == 2
    left, right = (axes.get_legend().get_window_extent() for axes in drawn)
    assert 0 <= left.x0 and left.x1 < right.x0 and right.x1 <= figure.bbox.width


def test_a_setting_that_old_results_lack_is_the_preset(section):
    plain = next(row for row in section.rows if row.label == "SeqGAN")
    (ablation,) = [row for row in section.ablations if row.changed == {"num_rollouts": 1}]
    assert all("mixed_precision" not in run.settings for run in plain.runs)
    old = replace(ablation, label="bfloat16", changed={"mixed_precision": "bfloat16"})
    (group,) = other_curves(replace(section, ablations=(old,))).values()
    assert list(group) == ["the preset", "bfloat16"]


@pytest.mark.parametrize("corpus", ["my$x_{$.txt", f"{'long ' * 49}name.txt"])
def test_a_corpus_may_have_any_name(tmp_path, corpus):
    one = poems()
    one["settings"] = {**one["settings"], "corpus": corpus}
    run = write(tmp_path, "a", one, steps([0.5, 0.6], [0.7], figure="bleu_2"))
    drawn, left_out = write_figures(make_sections([run]), tmp_path / "figures")
    assert len(drawn) == 2 and left_out == []
