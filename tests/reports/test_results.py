"""Reading results: which runs count, what is left out and said, and what old files lack."""

import json
import os

import pytest

from metrics.significance import SampleStatistics
from reports.grouping import make_sections
from reports.json_report import json_report
from reports.results import START_STAGES, TableError, find_runs
from reports.tables import make_tables
from tests.reports.fakes import mle, poems, result, runs, steps, write
from training.options import options_of
from training.presets import ALL_PRESETS
from training.run_state import RunState


def test_runs_in_linked_folders_are_found_once(tmp_path):
    elsewhere, folder = tmp_path / "elsewhere", tmp_path / "runs"
    for place in (elsewhere / "a", folder / "b"):
        place.mkdir(parents=True)
    write(elsewhere / "a", "result", result(seed=1))
    write(folder / "b", "result", result(seed=2))
    (folder / "linked").symlink_to(elsewhere)
    (elsewhere / "again").symlink_to(folder)  # which would never end
    found, left_out = find_runs([folder])
    assert sorted(run.result["seed"] for run in found) == [1, 2] and left_out == []


def test_incomplete_broken_and_repeated_results_are_left_out_and_said(tmp_path):
    good = write(tmp_path, "good", result())
    write(tmp_path, "good2", result())
    write(tmp_path, "partial", result(seed=2, complete=False))
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "other.json").write_text("[1]")
    run = tmp_path / "run"
    run.mkdir()
    (run / "config.json").write_text("{}")
    found, left_out = find_runs([tmp_path, tmp_path / "none"])
    assert found == [good]
    said = "\n".join(left_out)
    assert len(left_out) == 4
    for part in (
        "broken.json",
        "partial.json",
        "not complete",
        "none: the file or folder does not exist",
    ):
        assert part in said


@pytest.mark.parametrize(
    "change, message",
    [
        ({"metrics": [1]}, "no valid metrics"),
        ({"seed": "1"}, "no valid seed"),
        ({"algorithm": "gan"}, "expected one of random, mle, ss, pg-bleu, seqgan"),
        ({"settings": {}}, "no oracle among its settings"),
        ({"settings": {"oracle": "published", "rounds": "x"}}, "a setting of another type"),
        ({"preset": "a\nb"}, "no valid preset"),
        ({"task": "\x1b[2J"}, "no valid task"),
    ],
)
def test_a_result_that_cannot_be_used_is_left_out_and_said(tmp_path, change, message):
    write(tmp_path, "bad", {**result(), **change})
    found, left_out = find_runs([tmp_path])
    assert found == []
    assert len(left_out) == 1 and message in left_out[0]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes")
def test_what_is_no_file_is_left_out_and_said(tmp_path):
    good = write(tmp_path, "good", result())
    os.mkfifo(tmp_path / "pipe.json")  # to read it would wait for ever
    (tmp_path / "folder.json").mkdir()
    found, left_out = find_runs([tmp_path])
    assert found == [good] and len(left_out) == 2
    assert all("is not a regular file, expected a result file" in line for line in left_out)


def test_a_seed_that_was_run_twice_counts_once(tmp_path):
    first = write(tmp_path, "a", result(nll=8.7))
    write(tmp_path, "b", result(nll=8.8))
    other_reward = write(tmp_path, "c", result(changed={"reward": "constant"}))
    other_seed = write(tmp_path, "d", result(seed=2))
    found, left_out = find_runs([tmp_path])
    assert found == [first, other_reward, other_seed]
    assert len(left_out) == 1 and "b.json: the same run as" in left_out[0]


def test_a_seed_that_two_versions_of_a_preset_ran_is_two_runs(tmp_path):
    for name, rounds in (("a", 30), ("b", 50), ("c", 50)):
        one = result(nll=8.0 if name < "c" else 8.1)
        write(tmp_path, name, {**one, "settings": {**one["settings"], "rounds": rounds}})
    found, left_out = find_runs([tmp_path])
    assert [run.settings["rounds"] for run in found] == [30, 50]
    assert len(left_out) == 1 and "c.json: the same run as" in left_out[0]
    assert "b.json" in left_out[0]


@pytest.mark.parametrize(
    ("name", "other"),
    [("bleu_variant", "legacy"), ("final_samples", 500), ("self_bleu_samples", 2000)],
)
def test_a_seed_that_was_measured_in_two_ways_is_two_runs(tmp_path, name, other):
    one = result()
    first = write(tmp_path, "a", one)
    second = write(tmp_path, "b", {**one, "settings": {**one["settings"], name: other}})
    found, left_out = find_runs([tmp_path])
    assert found == [first, second] and left_out == []
    assert len(make_sections(found)) == 2


def of_file(path, split_hash, seed=1, bleu=0.7):
    """A result on your own file, whose sequences have a hash."""
    one = poems(seed=seed, bleu=bleu)
    one["settings"] = {**one["settings"], "corpus": path}
    more = {"split_hash": split_hash} if split_hash else {}
    return {**one, "data": {**one["data"], "corpus": "your own file", **more}}


def test_runs_on_a_file_that_has_changed_are_no_seeds_of_one_row(tmp_path):
    for name, one in {
        "a": of_file("my.txt", "1" * 64, bleu=0.9),
        "b": of_file("my.txt", "2" * 64, bleu=0.1),  # the same seed
        "c": of_file("my.txt", "2" * 64, seed=2, bleu=0.3),
        "d": of_file("old/my.txt", "", bleu=0.5),  # which does not say what it has read
    }.items():
        write(tmp_path, name, one)
    found, left_out = find_runs([tmp_path])
    assert len(found) == 4 and left_out == []
    sections = make_sections(found)
    title = "Poems: my.txt, preset quick"
    assert {section.title: section.row("SeqGAN").values("bleu_2") for section in sections} == {
        f"{title}, split_hash 11111111": [0.9],
        f"{title}, split_hash 22222222": [0.1, 0.3],
        f"{title}, old/my.txt": [0.5],
    }


def test_runs_on_one_file_by_several_paths_are_seeds_of_one_row(tmp_path):
    for seed, path in enumerate(["my.txt", "./my.txt", "/data/my.txt"], start=1):
        write(tmp_path, str(seed), of_file(path, "1" * 64, seed))
    write(tmp_path, "again", of_file("../my.txt", "1" * 64, seed=3, bleu=0.1))
    found, left_out = find_runs([tmp_path])
    assert len(left_out) == 1 and "the same run as" in left_out[0]
    (section,) = make_sections(found)
    assert section.title == "Poems: my.txt, preset quick"
    assert [seed.seed for seed in section.row("SeqGAN").seeds] == [1, 2, 3]


def test_random_runs_of_both_kinds_of_tokens_are_two_runs(tmp_path):
    for tokens in ("uniform", "unigram"):
        one = result("random", start=None)
        one["settings"] = {**one["settings"], "random_tokens": tokens}
        write(tmp_path, tokens, one)
    assert len(find_runs([tmp_path])[0]) == 2


def test_an_old_result_lacks_nothing_that_fails():
    old = result()
    del old["changed"]
    (run,) = runs(old)
    assert run.changed == run.controls == run.real == run.data == {}
    assert run.sequences() == run.at_temperatures("final") == {}
    (empty,) = runs({**old, "changed": None, "seconds": None, "temperatures": {"mle": None}})
    assert empty.changed == empty.at_temperatures("mle") == {} and empty.minutes() == 0


def test_only_settings_that_decide_what_is_learned_make_another_run():
    changed = {"eval_every": 1, "num_rollouts": 4, "vocab_size": 50, "mle_epochs": 5}
    (seqgan,) = runs(result(changed=changed))
    assert seqgan.changed == {"mle_epochs": 5, "num_rollouts": 4}
    assert seqgan.changed_data == {"vocab_size": 50}
    # Roll-outs come after all that MLE does, and random tokens are not trained at all.
    assert runs(mle(changed=changed))[0].changed == {"mle_epochs": 5}
    assert runs(result("random", changed=changed))[0].changed == {}


def test_settings_that_decide_nothing_before_the_discriminator_make_no_other_mle_run():
    options = [each for presets in ALL_PRESETS for each in options_of(presets["quick"]).items()]
    later = {name for name, meant in options if meant.after_pretraining} - {"ss_decay"}
    assert {"action_values", "rollout_policy", "value_samples", "d_update"} <= later
    changed = dict.fromkeys(later, 1)
    assert runs(mle(changed=changed))[0].changed == {}
    assert runs(result("ss", start=None, changed=changed))[0].changed == {}


def test_how_a_run_is_measured_or_executed_makes_no_other_run():
    how = dict.fromkeys(("xla", "deterministic", "tune_temperature", "checkpoint_seconds"), 1)
    for algorithm in ("mle", "ss", "pg-bleu", "seqgan"):
        assert runs(result(algorithm, changed=how))[0].changed == {}


def test_the_decay_of_scheduled_sampling_makes_another_run_of_it_alone():
    for algorithm in ("mle", "ss", "pg-bleu", "seqgan"):
        (run,) = runs(result(algorithm, changed={"ss_decay": 0.1}))
        assert run.changed == ({"ss_decay": 0.1} if algorithm == "ss" else {})


def test_statistics_and_temperatures():
    statistics = {"num": 10, "mean": 170.0, "variance": 9.0}
    table = [{"temperature": 1.0, "nll_oracle": 9.0}, {"temperature": 0.7, "nll_oracle": 8.5}]
    (run,) = runs(
        result(
            sequences={"nll_oracle": statistics, "nll_oracle_mle": {**statistics, "mean": 180.0}},
            temperatures={"final": table, "mle": []},
        )
    )
    assert run.sequences() == {"nll_oracle": SampleStatistics(10, 170.0, 9.0)}
    assert run.sequences("_mle") == {"nll_oracle": SampleStatistics(10, 180.0, 9.0)}
    assert list(run.at_temperatures("final").items()) == [
        *((0.7, {"nll_oracle": 8.5}), (1.0, {"nll_oracle": 9.0})),
    ]
    assert run.at_temperatures("mle") == {}


def test_two_scores_that_are_equal_are_enough_for_statistics():
    (run,) = runs(result(sequences={"nll_oracle": {"num": 2, "mean": 170.0, "variance": 0.0}}))
    assert run.sequences() == {"nll_oracle": SampleStatistics(2, 170.0, 0.0)}


@pytest.mark.parametrize("change", [{"num": 1}, {"variance": -1.0}, {"mean": None}])
def test_statistics_that_no_test_can_use_are_missing(change):
    statistics = {"num": 10, "mean": 170.0, "variance": 9.0, **change}
    (run,) = runs(result(sequences={"nll_oracle": statistics}))
    assert run.sequences() == {}


def test_figures_that_are_no_finite_numbers_are_missing(tmp_path):
    text = json.dumps(result(nll=8.0)).replace("8.0", "NaN")
    (tmp_path / "a.json").write_text(text)
    (run,) = find_runs([tmp_path])[0]
    assert "nll_oracle" not in run.metrics and "nll_test" in run.metrics


def test_numbers_that_are_too_large_and_parts_of_another_kind_are_missing(tmp_path):
    huge = 10**400
    changes = {"peak_memory_mb": huge, "seconds": {"mle": huge}, "temperatures": {"final": 5}}
    (run,) = runs({**result(), "metrics": {"nll_oracle": huge, "nll_test": -huge}, **changes})
    assert (run.metrics, run.memory, run.minutes()) == ({}, None, 0)
    assert run.at_temperatures("final") == {}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
def test_a_named_pipe_is_left_out(tmp_path):
    os.mkfifo(tmp_path / "pipe.json")
    found, (line,) = find_runs([tmp_path])
    assert found == [] and line.startswith(f"{tmp_path / 'pipe.json'} is not a regular file")


@pytest.mark.parametrize(
    "damage",
    [
        {"metrics": {"nll_oracle": 10**400, "nll_test": 1e308}},  # no float; its square is none
        {"peak_memory_mb": 10**400},
        {"temperatures": {"final": 3, "mle": True}},
        {"settings": {"oracle": "published"}},
        {"settings": {"oracle": "published", "max_length": 0}},
    ],
)
def test_a_damaged_part_of_a_result_is_missing(tmp_path, damage):
    statistics = {"nll_oracle": {"num": 10, "mean": 170.0, "variance": 9.0}}
    write(tmp_path, "a", {**result(sequences=statistics), **damage})
    write(tmp_path, "b", result(seed=2))
    found, left_out = find_runs([tmp_path])
    assert len(found) == 2 and left_out == []
    sections = make_sections(found)
    assert make_tables(sections)["oracle"]
    json.dumps(json_report(sections), allow_nan=False)


def test_real_data_and_source():
    (run,) = runs(poems())
    assert run.source == "poems" and run.real["bleu_2"] == 0.748


@pytest.mark.parametrize("name", ["result", "poems-seed1"])
def test_the_table_beside_a_result(tmp_path, name):
    run = write(tmp_path, name, result(), steps([9.4, 9.1], [8.8]))
    if name == "result":
        (tmp_path / "result.csv").rename(tmp_path / "metrics.csv")
    rows = run.curve()
    assert len(rows) == 10 + 1 + 5
    assert rows[4] == ("mle", 5, 5.0, {"nll_oracle": 9.4})
    assert rows[3].figures == {}
    assert rows[-1] == ("adversarial", 5, 16.0, {"nll_oracle": 8.8})


def test_a_table_that_is_missing_or_cannot_be_read(tmp_path):
    run = write(tmp_path, "a", result())
    assert run.curve() == []
    for text in ("stage,step\nmle,1\n", "stage,step,seconds\nmle,one,1\n", "a,b\n1,2\n"):
        (tmp_path / "a.csv").write_text(text)
        with pytest.raises(TableError, match="row 2 cannot be read"):
            run.curve()


def test_stages_of_a_start_are_those_that_a_run_takes_over():
    every = dict.fromkeys(("mle", "best weights", "measure", "temperatures", "best temperature"), 1)
    complete = RunState(done=every, seconds=every, tables={"temperatures": {"final": []}})
    taken_over = complete.as_start()
    assert tuple(taken_over.done) == tuple(taken_over.seconds) == START_STAGES
