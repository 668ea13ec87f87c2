"""Rows: what repeats what, and in which order."""

import pytest

from reports.grouping import make_sections
from reports.metric_names import companion_figures, figure_name, main_figure, paper_figures
from reports.sections import mle_row, setting_label, shown_temperatures
from tests.reports.fakes import mle, poems, result, runs


def random(seed=1, tokens="unigram", **controls):
    one = result("random", seed, 10.3, None, controls=controls)
    one["settings"] = {**one["settings"], "random_tokens": tokens}
    return one


def test_order_of_the_rows():
    (section,) = make_sections(
        runs(
            result(changed={"reward_baseline": "batch"}),
            result(changed={"reward": "uniform"}),
            random(
                **{
                    "something new": {"nll_oracle": 1.0},
                    "real data": {"nll_oracle": 5.8},
                    "bigram": {"nll_oracle": 8.3},
                    "uniform": {"nll_oracle": 11.4},
                }
            ),
            mle(changed={"mle_epochs": 5}),
            result(),
            result("pg-bleu"),
            result(changed={"reward": "constant"}),
            result("ss", start=None),
            mle(),
            result(changed={"num_rollouts": 4}),
        )
    )
    assert [row.label for row in section.rows] == [
        "random, uniform", "random, unigram", "MLE", "SS", "PG-BLEU", "SeqGAN",
        "SeqGAN, constant reward", "SeqGAN, uniform reward", "SeqGAN, batch baseline",
        "MLE, 5 epochs", "bigram", "real data", "something new",
    ]  # fmt: skip
    kinds = [row.kind for row in section.rows]
    assert kinds == ["algorithm"] * 6 + ["control"] * 7
    assert [row.label for row in section.ablations] == ["roll-outs 4"]
    # The paper has its plain five alone, and its random tokens are as frequent as in the data.
    assert [row.published for row in section.rows] == [
        None, 10.310, 9.038, 8.985, 8.946, 8.736, *[None] * 7,
    ]  # fmt: skip


def test_mle_is_the_start_of_seqgan_where_it_has_no_runs():
    (section,) = make_sections(runs(result(seed=2, start=9.1), result(seed=1, start=9.0)))
    start, seqgan = section.rows
    assert mle_row(section) is start
    assert start.label == "MLE (SeqGAN's start)" and start.published == 9.038
    assert start.values("nll_oracle") == [9.0, 9.1]
    assert start.seeds[0].minutes == 2.0 and seqgan.seeds[0].minutes == 4.0
    # Its own runs come before.
    (section,) = make_sections(runs(result(), mle(nll=9.5)))
    assert [row.label for row in section.rows] == ["MLE", "SeqGAN"]
    assert mle_row(section).values("nll_oracle") == [9.5]


def test_the_start_stands_in_for_the_seed_that_mle_lacks():
    (section,) = make_sections(
        runs(result(seed=1, start=9.0), result(seed=2, start=9.1), mle(seed=2, nll=9.2))
    )
    row = mle_row(section)
    assert row.label == "MLE"
    assert [(seed.seed, seed.figures["nll_oracle"]) for seed in row.seeds] == [(1, 9.0), (2, 9.2)]
    assert [run.seed for run in row.runs] == [2]
    # Without plain runs of SeqGAN, the start of the next that started alike.
    (section,) = make_sections(runs(result("pg-bleu"), result(changed={"reward": "constant"})))
    assert section.rows[0].label == "MLE (SeqGAN, constant reward's start)"
    # What started from other settings is no start of the others.
    (section,) = make_sections(runs(result(changed={"mle_epochs": 5})))
    assert mle_row(section) is None and section.rows == ()


def test_a_section_holds_what_compares():
    other_oracle = result()
    other_oracle["settings"] = {**other_oracle["settings"], "oracle": "seed:1"}
    few = result()
    few["settings"] = {**few["settings"], "final_samples": 100}
    found = make_sections(
        runs(
            poems(),
            other_oracle,
            result(preset="smoke"),
            result(),
            few,
            result(changed={"vocab_size": 50}),
            result(preset="paper"),
        )
    )
    assert [section.title for section in found] == [
        "Published oracle, preset paper",
        "Published oracle, preset quick, 100 and 1,000 samples, method1",
        "Published oracle, preset quick, 10,000 and 1,000 samples, method1",
        "Published oracle, preset quick, vocab-size 50",
        "Published oracle, preset smoke",
        "Oracle of seed 1, preset quick",
        "Poems, preset quick",
    ]
    assert all(len(section.runs) == 1 for section in found)
    assert [row.published for row in found[-2].rows] == [None, None]


def test_controls_of_several_seeds_and_kinds():
    bigrams = [{"bigram": {"nll_oracle": 8.2}}, {"bigram": {"nll_oracle": 8.4}}]
    (section,) = make_sections(
        runs(
            random(2, **bigrams[1], unigram={"nll_oracle": 99.0}),
            random(1, **bigrams[0], uniform={"nll_oracle": 11.0}),
            random(1, "uniform"),
        )
    )
    assert section.row("bigram").values("nll_oracle") == [8.2, 8.4]
    # A run's own figures count, its table of controls where it has none.
    assert section.row("random, unigram").values("nll_oracle") == [10.3, 10.3]
    assert section.row("random, uniform").values("nll_oracle") == [10.3]


def test_own_figures_count_whichever_run_comes_first():
    """Of two runs of one seed the second has the first one's tokens among its controls."""
    (section,) = make_sections(runs(random(1, "uniform"), random(1, uniform={"nll_oracle": 11.0})))
    assert section.row("random, uniform").values("nll_oracle") == [10.3]


def test_real_data_are_those_of_the_first_run_that_has_them():
    without = poems(seed=1)
    without["data"] = {name: value for name, value in without["data"].items() if name != "real"}
    (section,) = make_sections(runs(without, poems(seed=2)))
    assert section.real["bleu_2"] == 0.748


def test_panels_of_the_paper():
    (section,) = make_sections(
        runs(
            result(changed={"num_rollouts": 1}),
            result(changed={"d_steps": 5, "d_epochs": 3}),
            result(changed={"g_steps": 100, "d_epochs": 10, "rounds": 20}),
            result(changed={"d_epochs": 10}),
            result(changed={"d_epochs": 2}),
            result("pg-bleu", changed={"num_rollouts": 1}),
        )
    )
    assert [row.label for row in section.ablations] == [
        "g-steps 100, k 10, rounds 20 (panel a)", "k 10 (panel c)",
        "d-steps 5, k 3 (panel d)", "PG-BLEU: roll-outs 1", "k 2", "roll-outs 1",
    ]  # fmt: skip
    # Under a preset that has a panel's values, what changes something else is not of that panel.
    other = result(preset="paper", changed={"num_rollouts": 1})
    other["settings"] = {**other["settings"], "d_steps": 5, "d_epochs": 3}
    (section,) = make_sections(runs(other))
    assert [row.label for row in section.ablations] == ["roll-outs 1"]


def test_temperatures_of_rows_and_of_starts():
    tables = [
        {
            which: [{"temperature": t, "nll_oracle": nll + t + shift} for t in (1.0, 0.7)]
            for which, nll in (("final", 8.0), ("mle", 9.0))
        }
        for shift in (0.0, 0.5)
    ]
    both = [result(seed=k, temperatures=table) for k, table in enumerate(tables)]
    (section,) = make_sections(runs(*both, result("pg-bleu")))
    assert list(section.at_temperatures) == ["MLE (SeqGAN's start)", "SeqGAN"]
    start = section.at_temperatures["MLE (SeqGAN's start)"]
    assert list(start) == [0.7, 1.0]
    assert [seed.figures["nll_oracle"] for seed in start[0.7]] == [9.7, 10.2]
    final = section.at_temperatures["SeqGAN"]
    assert [seed.figures["nll_oracle"] for seed in final[1.0]] == [9.0, 9.5]


def test_shown_temperatures():
    assert shown_temperatures(dict.fromkeys([0.5, 0.7, 0.85, 1.0, 1.2])) == [0.85, 0.7]
    assert shown_temperatures(dict.fromkeys([0.5, 1.0])) == [0.5]
    assert shown_temperatures(dict.fromkeys([1.0, 1.3])) == []


def test_figures_of_each_task():
    (section,) = make_sections(runs(poems()))
    assert paper_figures(section) == {"bleu_2": (0.6670, 0.7389)}
    assert companion_figures(section) == ["nll_test", "self_bleu_2", "copied_share"]
    sample = poems()
    sample["settings"] = {**sample["settings"], "corpus": "sample"}
    (section,) = make_sections(runs(sample))
    assert paper_figures(section) == {"bleu_2": (None, None)}
    captions = poems(task="text")
    captions["settings"] = {**captions["settings"], "corpus": "coco"}
    (section,) = make_sections(runs(captions))
    assert paper_figures(section)["bleu_3"] == (None, 0.642) and main_figure(section) == "bleu_2"
    (section,) = make_sections(runs(result()))
    assert companion_figures(section) == ["nll_test", "self_bleu_2", "self_bleu_3", "copied_share"]


def on_corpus(corpus, task="poems", read=None):
    """The section of a run on a corpus; `read`: the corpus that was read, where it is another."""
    one = poems(task=task)
    one["settings"] = {**one["settings"], "corpus": corpus}
    one["data"] = {**one["data"], "corpus": read or corpus}
    (section,) = make_sections(runs(one))
    return section


@pytest.mark.parametrize(
    ("task", "corpus"),
    [
        ("poems", "poems"),
        ("speeches", "speeches"),
        ("music", "nottingham"),
        ("text", "coco"),
        ("text", "news-full"),
        ("text", "my/emnlp_news.txt"),
    ],
)
def test_published_figures_stand_beside_the_corpus_that_they_are_of(task, corpus):
    own = "your own file" if "/" in corpus else None
    assert all(seqgan for _, seqgan in paper_figures(on_corpus(corpus, task, own)).values())


@pytest.mark.parametrize(
    ("task", "corpus", "read"),
    [
        ("poems", "sample", None),
        ("poems", "my_poems.txt", "your own file"),
        ("speeches", "speeches-excerpt", None),
        ("speeches", "speeches-paragraphs", None),
        ("speeches", "speeches", "speeches-paragraphs"),  # the paper's could not be downloaded
        ("music", "my_tunes.zip", "your own file"),
        ("text", "news", None),  # a part of what the published figures are of
        ("text", "coco-iid", None),
        ("text", "my_lines.txt", "your own file"),
    ],
)
def test_published_figures_stand_beside_no_other_corpus(task, corpus, read):
    published = paper_figures(on_corpus(corpus, task, read))
    assert published and set(published.values()) == {(None, None)}
    assert main_figure(on_corpus(corpus, task, read)) == next(iter(published))


def of_version(rounds, *arguments, **options):
    """A result of a version whose preset has so many rounds, which it does not list as changed."""
    one = result(*arguments, **options)
    return {**one, "settings": {**one["settings"], "rounds": rounds, "eval_every": rounds}}


def test_runs_of_a_preset_that_has_changed_are_no_seeds_of_one_row():
    made = [of_version(30, seed=seed, nll=8.0) for seed in (1, 2)]
    made += [of_version(50, seed=3, nll=9.0), result(seed=4, nll=8.5)]  # one does not say
    made += [of_version(50, seed=seed, nll=9.5, changed={"d_epochs": 3}) for seed in (1, 2)]
    made += [of_version(rounds, "mle", rounds, 9.0, None) for rounds in (30, 50)]
    (section,) = make_sections(runs(*made))
    assert section.row("SeqGAN").values("nll_oracle") == [8.0, 8.0, 8.5]
    assert {row.label: row.values("nll_oracle") for row in section.ablations} == {
        "rounds 50": [9.0],
        "k 3": [9.5, 9.5],
    }
    # Rounds come after all that MLE does.
    assert len(section.row("MLE").runs) == 2


def test_another_default_of_a_setting_without_effect_makes_no_row():
    made = [result(seed=seed, nll=8.0) for seed in (1, 2, 3)]
    for one, samples in zip(made, (640, 640, 2560), strict=True):
        one["settings"] = {**one["settings"], "value_samples": samples}
    (section,) = make_sections(runs(*made))
    assert len(section.row("SeqGAN").runs) == 3 and not section.ablations
    for one in made:
        one["settings"] = {**one["settings"], "action_values": "value"}
    (section,) = make_sections(runs(*made))
    assert len(section.row("SeqGAN").runs) == 2
    assert [row.label for row in section.ablations] == ["value-samples 2560"]


def test_what_differs_from_most_runs_is_changed_though_it_comes_first():
    made = [of_version(50, seed=1, nll=9.0), *(of_version(30, seed=k, nll=8.0) for k in (2, 3))]
    (section,) = make_sections(runs(*made))
    assert section.row("SeqGAN").values("nll_oracle") == [8.0, 8.0]
    assert section.row("rounds 50").values("nll_oracle") == [9.0]


def test_names():
    assert setting_label({"rounds": 20, "d_epochs": 3, "g_steps": 1}) == "g-steps 1, k 3, rounds 20"
    constant = {"g_learning_rate": 0.01, "g_learning_rate_final": None}
    assert setting_label(constant) == "g-learning-rate 0.01, constant learning rate"
    switches = {"tune_temperature": True, "xla": False, "mle_patience": None, "d_epochs": 0}
    assert setting_label(switches) == "k 0, no mle-patience, tune-temperature, no xla"
    names = ("self_bleu_2", "nll_oracle", "bleu_4", "pitch_mse", "copied_share")
    assert [figure_name(name) for name in names] == [
        "self-BLEU-2", "NLL-oracle", "BLEU-4", "pitch MSE", "copied",
    ]  # fmt: skip
