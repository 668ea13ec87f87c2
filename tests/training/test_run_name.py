"""Names of runs: what is not the usual is in them, so that the rows of a table have folders apart."""

import dataclasses
import itertools
import json
from pathlib import Path

import pytest

from tests.helpers import REPOSITORY
from training.flags import parse
from training.options import options_of
from training.presets import ALL_PRESETS, ORACLE_PRESETS, SPEECH_PRESETS, TEXT_PRESETS
from training.run_name import MOST_CHARACTERS, default_folder, run_name
from training.stored_settings import load_settings

PRESETS_OF = dict(zip(("oracle", "poems", "speeches", "music", "text"), ALL_PRESETS, strict=True))


@pytest.mark.parametrize(
    "task, presets, changes, name",
    [
        ("oracle", ORACLE_PRESETS, {}, "oracle-seqgan-smoke-seed1"),
        ("oracle", ORACLE_PRESETS, {"seed": 3}, "oracle-seqgan-smoke-seed3"),
        ("oracle", ORACLE_PRESETS, {"oracle": "published"}, "oracle-published-seqgan-smoke-seed1"),
        ("oracle", ORACLE_PRESETS, {"oracle": "seed:2"}, "oracle-seed2-seqgan-smoke-seed1"),
        ("text", TEXT_PRESETS, {"reward": "constant"}, "text-seqgan-constant-smoke-seed1"),
        ("text", TEXT_PRESETS, {"reward": "uniform"}, "text-seqgan-uniform-smoke-seed1"),
        ("text", TEXT_PRESETS, {"corpus": "coco"}, "text-coco-seqgan-smoke-seed1"),
        ("text", TEXT_PRESETS, {"corpus": "a/my lines.txt"}, "text-my_lines-seqgan-smoke-seed1"),
        ("text", TEXT_PRESETS, {"corpus": "/", "algorithm": "mle"}, "text-mle-smoke-seed1"),
    ],
)
def test_other_data_and_rewards_have_a_folder_of_their_own(task, presets, changes, name):
    settings = dataclasses.replace(presets["smoke"], **changes)
    assert default_folder(task, settings) == Path("runs", name)
    assert default_folder(task, dataclasses.replace(settings, out=Path("a"))) == Path("a")


def test_the_task_is_not_named_twice():
    speeches = dataclasses.replace(SPEECH_PRESETS["quick"], corpus="speeches-paragraphs")
    assert run_name("speeches", speeches) == "speeches-paragraphs-seqgan-quick-seed1"


@pytest.mark.parametrize("task", PRESETS_OF)
def test_a_preset_as_it_is_has_no_changes_in_its_name(task):
    for name, preset in PRESETS_OF[task].items():
        assert run_name(task, preset) == f"{task}-{preset.algorithm}-{name}-seed1"


def named(*arguments, presets=ORACLE_PRESETS, task="oracle"):
    return run_name(task, parse(presets, arguments))


def test_changed_settings_are_in_the_name():
    assert named("--algorithm", "mle", "--mle-epochs", "6") == "oracle-mle-mle_epochs_6-quick-seed1"
    assert named("--num-rollouts", "4", "--reward-baseline", "batch") == (
        "oracle-seqgan-num_rollouts_4-reward_baseline_batch-quick-seed1"
    )
    assert named("--g-learning-rate-final", "None") == (
        "oracle-seqgan-g_learning_rate_final_None-quick-seed1"
    )
    assert named("--g-learning-rate", "1e-5", "--reward", "constant") == (
        "oracle-seqgan-constant-g_learning_rate_1e-05-quick-seed1"
    )
    assert named("--temperatures", "0.7", "1.0") == "oracle-seqgan-temperatures_0.7_1.0-quick-seed1"
    text = ("--lowercase", "--corpus", "my lines.txt", "--column", "a/b c")
    assert named(*text, "--preset", "quick", presets=TEXT_PRESETS, task="text") == (
        "text-my_lines-seqgan-lowercase-column_a_b_c-quick-seed1"
    )
    assert named("--no-lowercase", presets=SPEECH_PRESETS, task="speeches") == (
        "speeches-seqgan-no_lowercase-quick-seed1"
    )


def test_what_a_run_is_executed_on_is_not_in_the_name():
    plain = named()
    assert named("--checkpoint-seconds", "5", "--no-xla", "--distribute", "none") == plain
    assert named("--discriminator-dropout", "0.25") == plain  # the default, in numbers


def test_the_length_that_a_published_corpus_brings_is_no_change():
    news = dataclasses.replace(TEXT_PRESETS["quick"], corpus="news", max_length=50)
    assert run_name("text", news) == "text-news-seqgan-quick-seed1"
    longer = dataclasses.replace(news, max_length=60)
    assert run_name("text", longer) == "text-news-seqgan-max_length_60-quick-seed1"
    own = dataclasses.replace(TEXT_PRESETS["quick"], max_length=50)
    assert run_name("text", own) == "text-seqgan-max_length_50-quick-seed1"


def test_long_names_are_cut_and_still_differ():
    flags = ["--mle-epochs", "20", "--mle-learning-rate", "0.001", "--num-rollouts", "1"]
    flags += ["--g-steps", "100", "--d-steps", "5", "--d-epochs", "10", "--rounds"]
    names = [named(*flags, rounds) for rounds in ("3", "4")]
    assert names[0] != names[1]
    for name in names:
        changes = name.removeprefix("oracle-seqgan-").removesuffix("-quick-seed1")
        assert changes.startswith("mle_epochs_20-mle_learning_rate_0.001-d_steps_5-")
        assert "_more_" in changes and len(changes) <= MOST_CHARACTERS
    wide = named("--preset", "quick", "--column", "c" * 300, presets=TEXT_PRESETS, task="text")
    assert wide.startswith("text-seqgan-1_more_") and len(wide) < 50


def test_rows_of_the_published_tables_have_folders_apart(tmp_path):
    """Every stored result, by the settings that it holds."""
    names = {}
    for path in sorted(REPOSITORY.glob("results/*-seed*.json")):
        result = json.loads(path.read_text(encoding="utf-8"))
        (tmp_path / "config.json").write_text(json.dumps(result))
        kind = type(PRESETS_OF[result["task"]]["quick"])
        settings = load_settings(tmp_path / "config.json", kind)
        names[path.stem] = run_name(result["task"], settings)
    assert len(names) > 80
    for one, other in itertools.combinations(names, 2):
        assert names[one] != names[other], (one, other)


def test_every_setting_that_decides_a_result_is_in_the_name():
    """One changed at a time: no name is that of the preset."""
    plain = run_name("oracle", ORACLE_PRESETS["quick"])
    others = {bool: lambda v: not v, int: lambda v: v + 1, float: lambda v: v / 2 or 0.5}
    for name, meant in options_of(ORACLE_PRESETS["quick"]).items():
        value = getattr(ORACLE_PRESETS["quick"], name)
        if type(value) not in others or meant.group == "Execution" or not meant.stored:
            continue
        changed = dataclasses.replace(ORACLE_PRESETS["quick"], **{name: others[type(value)](value)})
        assert run_name("oracle", changed) != plain, name
