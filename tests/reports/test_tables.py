"""The tables: from result files alone, by hand."""

import numpy as np
import pytest
from scipy import stats

from reports.cells import mean_sd, p_value, seed_range
from reports.grouping import make_sections
from reports.headline import headline_table
from reports.markdown import marks
from reports.notes import standard_errors
from reports.paper import TABLE_1
from reports.results import find_runs
from reports.tables import ablation_table, corpus_table, make_tables, oracle_table
from reports.tables import test_table as significance_table
from tests.helpers import REPOSITORY
from tests.reports.fakes import FIGURES, mle, poems, result, runs, table_of


def sections(*results):
    return make_sections(runs(*results))


def test_paper_numbers():
    assert TABLE_1 == {
        "random": 10.310,
        "mle": 9.038,
        "ss": 8.985,
        "pg-bleu": 8.946,
        "seqgan": 8.736,
    }


def test_mean_and_sample_standard_deviation_by_hand():
    assert mean_sd([1.0, 2.0, 3.0]) == "2.000 ± 1.000"
    assert mean_sd([8.7361]) == "8.736"
    assert mean_sd([]) == "–"


def test_seeds_in_short():
    assert seed_range([3, 1, 2, 7]) == "1–3, 7"
    assert seed_range([1, 2, 5, 5]) == "1, 2, 5"
    assert seed_range([]) == ""


def test_p_values_in_short():
    assert [p_value(p) for p in (0.0312, 1.0, 2e-20, 0.0, np.nan)] == [
        "0.03", "1", "2e-20", "< 1e-99", "–",
    ]  # fmt: skip


def test_oracle_table_by_hand():
    table = table_of(oracle_table(sections(result(seed=2, nll=8.6), result(nll=8.8, start=9.1))))
    assert list(table) == ["MLE (SeqGAN's start)", "SeqGAN"]
    start, seqgan = table.values()
    assert list(seqgan) == [
        "", "seeds", "NLL-oracle", "paper", "NLL-test", "self-BLEU-2", "self-BLEU-3",
        "copied", "min", "GB",
    ]  # fmt: skip
    assert start["seeds"] == "1, 2" and start["NLL-oracle"] == "9.050 ± 0.071"
    assert start["paper"] == "9.038" and start["NLL-test"] == "0.500 ± 0.000"
    assert (start["min"], start["GB"]) == ("2.0", "–")
    assert seqgan["NLL-oracle"] == "8.700 ± 0.141" and seqgan["paper"] == "8.736"
    assert seqgan["copied"] == "50.0 ± 0.0%"
    assert (seqgan["min"], seqgan["GB"]) == ("4.0", "1.50")


def test_the_headline_has_the_published_oracle_alone():
    assert headline_table(sections(poems())) == ""
    seeded = result()
    seeded["settings"] = {**seeded["settings"], "oracle": "seed:1"}
    assert headline_table(sections(seeded)) == ""
    few = result(seed=3, nll=7.0, changed={"num_rollouts": 1})  # another setting is no row of it
    text = headline_table(sections(seeded, few, result(), result(seed=2, nll=8.8), mle()))
    table = table_of(text)
    assert list(table) == ["maximum likelihood (MLE)", "SeqGAN"]
    assert table["SeqGAN"]["NLL-oracle, paper"] == "8.736"
    assert table["SeqGAN"]["NLL-oracle, ours"] == "8.750 ± 0.071"
    assert table["maximum likelihood (MLE)"]["NLL-test, ours"] == "0.500 ± 0.000"
    assert "seeds 1, 2" in text


def test_the_headline_names_the_seeds_of_all_its_rows():
    made = [mle(), *(result(seed=seed, start=None) for seed in (2, 3, 4))]
    assert "over seeds 1–4, final" in headline_table(sections(*made))


def test_a_seeded_oracle_is_not_set_beside_the_paper():
    run = result()
    run["settings"] = {**run["settings"], "oracle": "seed:1"}
    table = oracle_table(sections(run))
    assert "9.038" not in table and "8.736" not in table
    assert "paper" not in table_of(table)["SeqGAN"]


def test_one_run_of_an_old_file():
    run = result()
    del run["changed"]
    table = table_of(oracle_table(sections(run)))
    assert table["SeqGAN"]["NLL-oracle"] == "8.700" and table["SeqGAN"]["seeds"] == "1"


def test_unequal_seeds_and_missing_figures():
    lacking = mle(seed=2)
    del lacking["metrics"]["nll_test"]
    bigram = {"nll_oracle": 8.3}  # and no NLL-test: it is infinite
    random = result("random", start=None, controls={"bigram": bigram, "real data": {}})
    table = table_of(oracle_table(sections(mle(), lacking, mle(seed=3), result(), random)))
    assert table["MLE"]["seeds"] == "1–3" and table["SeqGAN"]["seeds"] == "1"
    assert table["MLE"]["NLL-test"] == "0.500 ± 0.000 (2 of 3)"
    assert table["bigram"]["NLL-oracle"] == "8.300" and table["bigram"]["NLL-test"] == "–"
    assert table["real data"]["NLL-oracle"] == table["real data"]["min"] == "–"


def test_lower_temperatures_stand_among_the_controls():
    at = [{"temperature": t, **dict.fromkeys(FIGURES, t), "nll_oracle": 8 + t} for t in (0.7, 1.0)]
    text = oracle_table(sections(mle(temperatures={"final": at}), result()))
    table = table_of(text)
    assert list(table) == ["MLE", "SeqGAN", "MLE, temperature 0.7"]
    assert table["MLE, temperature 0.7"]["NLL-oracle"] == "8.700"
    assert table["MLE, temperature 0.7"]["NLL-test"] == "0.700"
    assert "2,000 samples at other temperatures" in text


def test_notes_tell_the_protocol_and_the_test():
    final, start = [8.6, 8.8, 8.7], [9.0, 9.1, 9.05]
    both = zip(final, start, strict=True)
    few = {"test_size": 500}
    made = [result(seed=k, nll=f, start=s) for k, (f, s) in enumerate(both)]
    for one in made:
        one["settings"] = {**one["settings"], **few}
    made[1]["hardware"] = "a GPU"
    text = oracle_table(sections(*made))
    p = stats.ttest_ind(final, start, equal_var=False).pvalue
    parts = [
        "10,000 samples for NLL-oracle", "500 held-out sequences", "method1 self-BLEU of 1,000",
        "inal checkpoints", "2 CPU cores; a GPU", "over 3 seeds", f"p = {p:.1g}", "-0.350",
    ]  # fmt: skip
    for part in parts:
        assert part in text


def test_standard_errors_by_hand():
    def scored(variance, *figures, make=result, **more):
        sample = {"num": 100, "mean": 0.0, "variance": variance}
        made = make(sequences=dict.fromkeys(figures, sample), **more)
        made["settings"] = {**made["settings"], "max_length": 20}
        return made

    nll = ("nll_oracle", "nll_test")
    (section,) = sections(scored(4.0, *nll), scored(9.0, *nll, seed=2))
    # The root of 4 / 100, over 20 tokens.
    assert standard_errors(section)["nll_oracle"] == [pytest.approx(0.01), pytest.approx(0.015)]
    said = "Standard error of one run over its samples: NLL-oracle 0.01 to 0.015, NLL-test 0.01 to"
    assert said in oracle_table([section])
    # BLEU is a mean of scores; sequences of text have several lengths.
    (section,) = sections(scored(0.04, "bleu_2", "nll_test", make=poems))
    assert standard_errors(section) == {"bleu_2": [pytest.approx(0.02)]}
    assert "over its samples: BLEU-2 0.02." in corpus_table([section])


def test_corpus_table_by_hand():
    text = corpus_table(
        sections(
            *(poems(seed=k, bleu=b, start=None, changed={}) for k, b in ((1, 0.7), (2, 0.72))),
            *(poems("mle", seed=k, bleu=b, start=None) for k, b in ((1, 0.65), (2, 0.67))),
            poems(bleu=0.71, start=None, changed={"reward": "constant"}),
            poems(bleu=0.69, start=None, changed={"reward_baseline": "batch"}),
        )
    )
    table = table_of(text)
    assert table["BLEU-2"] == {
        **{"": "BLEU-2", "paper: MLE": "0.667", "paper: SeqGAN": "0.739"},
        **{"MLE": "0.660 ± 0.014", "SeqGAN": "0.710 ± 0.014", "constant reward": "0.710"},
        **{"real data": "0.748"},
    }
    # BLEU is never alone.
    assert list(table) == [
        "BLEU-2", "NLL-test", "self-BLEU-2", "copied", "seeds", "minutes", "peak GB",
    ]  # fmt: skip
    assert table["self-BLEU-2"]["real data"] == "0.372" and table["NLL-test"]["real data"] == "–"
    assert table["seeds"]["SeqGAN"] == "1, 2" and table["minutes"]["MLE"] == "4.0"
    for part in ("all 14,394 training", "of 2,000 samples", "strict BLEU", "799", "As it stands."):
        assert part in text


def test_corpus_table_with_starts_and_temperatures():
    at = [{"temperature": 0.85, "bleu_2": 0.8, "nll_test": 7.0}]
    table = table_of(corpus_table(sections(poems(temperatures={"final": [], "mle": at}))))
    assert list(table["BLEU-2"])[3:] == [
        "MLE (SeqGAN's start)", "MLE, T = 0.85", "SeqGAN", "real data",
    ]  # fmt: skip
    assert table["BLEU-2"]["MLE, T = 0.85"] == "0.800"
    assert table["self-BLEU-2"]["MLE, T = 0.85"] == "–"


def test_a_corpus_without_published_numbers_has_no_columns_for_them():
    captions = poems(task="text")
    captions["settings"] = {**captions["settings"], "corpus": "coco"}
    table = table_of(corpus_table(sections(captions)))
    assert "paper: MLE" not in table["BLEU-2"] and table["BLEU-2"]["paper: SeqGAN"] == "0.831"
    captions["settings"]["corpus"] = "mine.txt"
    assert "paper" not in corpus_table(sections(captions))


def test_the_news_of_2017_are_known_by_the_name_of_the_file():
    news = poems()
    news["task"] = "text"
    news["settings"] = {**news["settings"], "corpus": "my/EMNLP2017_news.txt"}
    table = table_of(make_tables(make_sections(runs(news)))["corpus"])
    assert table["BLEU-2"]["paper: SeqGAN"] == "0.859"
    assert table["BLEU-5"]["paper: SeqGAN"] == "0.450"


def test_ablation_table_by_hand():
    text = ablation_table(
        sections(
            result(nll=8.7),
            result(nll=8.9, changed={"num_rollouts": 1}),
            *(result(seed=k, nll=8.5 + k, changed={"d_epochs": 10}) for k in (1, 2)),
            poems(),
            poems(changed={"reward_baseline": "batch"}, bleu=0.69),
        )
    )
    table = table_of(text)
    assert list(table) == ["k 10 (panel c)", "roll-outs 1"]
    assert table["roll-outs 1"]["change"] == "+0.200"
    assert table["k 10 (panel c)"]["NLL-oracle"] == "10.000 ± 0.707"
    assert table["k 10 (panel c)"]["change"] == "+1.300"
    assert table_of(text, 1)["SeqGAN, batch baseline"]["change"] == "-0.010"
    assert ablation_table(sections(result())) == ""


def test_significance_table_by_hand():
    sequences = {"nll_oracle": {"num": 1000, "mean": 174.0, "variance": 250.0}}
    other = {"nll_oracle": {"num": 1000, "mean": 174.5, "variance": 250.0}}
    final, start = [8.6, 8.8], [9.0, 9.1, 9.05]
    text = significance_table(
        sections(
            *(result(seed=k, nll=v, sequences=sequences) for k, v in enumerate(final)),
            *(mle(seed=k, nll=v, sequences=other) for k, v in enumerate(start)),
        )
    )
    line = table_of(text)["SeqGAN"]  # the last of SeqGAN's lines
    assert line["figure"] == "NLL-test" and line["p over seeds"] == "–"
    (line,) = (line for line in text.splitlines() if "NLL-oracle" in line)
    over_seeds = stats.ttest_ind(final, start, equal_var=False).pvalue
    sd = np.sqrt(250.0)
    of_one = stats.ttest_ind_from_stats(174.0, sd, 1000, 174.5, sd, 1000, equal_var=False).pvalue
    assert line == (
        f"| SeqGAN | MLE | NLL-oracle | -0.350 | {over_seeds:.1g} (2 and 3) | {of_one:.1g} (2) |"
    )
    assert "ignores the variance between trainings" in text


def test_a_section_without_tests_has_no_significance_table():
    assert significance_table(sections(result())) == ""


def test_only_tables_with_results_are_made():
    assert list(make_tables(sections(poems()))) == ["corpus"]
    assert list(make_tables(sections(result()))) == ["oracle"]
    assert list(make_tables(sections(result(), result(seed=2)))) == ["oracle", "significance"]


def test_every_table_is_well_formed():
    results = [
        *(mle(seed=k) for k in (1, 2)),
        *(result(seed=k, changed=c) for k in (1, 2) for c in ({}, {"d_epochs": 10})),
        *(poems(seed=k) for k in (1, 2)),
    ]
    for text in make_tables(sections(*results)).values():
        for block in text.split("\n\n"):
            if block.startswith("|"):
                widths = {line.count("|") for line in block.splitlines()}
                assert len(widths) == 1


PAGES = (
    ("headline", "README.md"),
    ("headline", "docs/results.md"),
    ("oracle", "docs/results.md"),
    ("corpus", "docs/results.md"),
    ("significance", "docs/results.md"),
    ("ablation", "docs/results.md"),
)


@pytest.mark.parametrize("name, file", PAGES)
def test_the_pages_quote_the_result_files(name, file):
    from compare import MAKER

    found, left_out = find_runs([REPOSITORY / "results"])
    assert not left_out
    made = make_sections(found)
    tables = {**make_tables(made), "headline": headline_table(made)}
    page = (REPOSITORY / file).read_text(encoding="utf-8")
    start, end = marks(name, MAKER)
    assert page.split(start)[1].split(end)[0].strip() == tables.get(name, "").strip()
