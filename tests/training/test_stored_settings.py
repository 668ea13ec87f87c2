"""Settings in `config.json`: what comes back, and what a resumed or continued run may change."""

import dataclasses
import json
from pathlib import Path

import pytest

from files.errors import UsageError
from tests.helpers import REPOSITORY
from training.discriminators import with_defaults
from training.flags import parse
from training.options import options_of
from training.presets import (
    ALL_PRESETS,
    MUSIC_PRESETS,
    ORACLE_PRESETS,
    TEXT_PRESETS,
)
from training.resume import check_pretrained
from training.stored_settings import (
    changed_settings,
    check_same_start,
    load_settings,
    settings_to_json,
)
from training.task_settings import OracleSettings

RESULTS = sorted(REPOSITORY.glob("results/*-seed*.json"))
PRESETS_OF = dict(zip(("oracle", "poems", "speeches", "music", "text"), ALL_PRESETS, strict=True))


def parsed(*arguments: str) -> OracleSettings:
    return parse(ORACLE_PRESETS, arguments, prog="train_oracle.py")


def store(folder: Path, settings) -> None:
    content = json.dumps({"settings": settings_to_json(settings)})
    (folder / "config.json").write_text(content)


def test_stored_settings_come_back(tmp_path):
    settings = parsed("--preset", "paper", "--oracle-file", "a.pkl", "--cell", "gru")
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"settings": settings_to_json(settings)}))
    assert load_settings(path, OracleSettings) == with_defaults(settings)


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.stem)
def test_settings_of_published_runs_are_still_read(path, tmp_path):
    result = json.loads(path.read_text(encoding="utf-8"))
    (tmp_path / "config.json").write_text(json.dumps(result))
    kind = type(PRESETS_OF[result["task"]]["quick"])
    loaded = settings_to_json(load_settings(tmp_path / "config.json", kind))
    loaded["temperatures"] = list(loaded["temperatures"])
    newer = loaded.keys() - result["settings"].keys()  # fields that came after the run
    assert {name: value for name, value in loaded.items() if name not in newer} == result[
        "settings"
    ]
    defaults = settings_to_json(kind())
    assert all(loaded[name] == defaults[name] for name in newer)


def test_there_are_published_runs():
    assert len(RESULTS) > 50


def test_resume_takes_the_stored_values_and_refuses_others(tmp_path):
    stored = parsed("--preset", "smoke", "--rounds", "9", "--seed", "4")
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"settings": settings_to_json(stored)}))
    resumed = parsed("--resume", "--out", str(tmp_path))
    assert resumed == dataclasses.replace(with_defaults(stored), out=tmp_path, resume=True)
    assert parsed("--resume", "--out", str(tmp_path), "--rounds", "9").rounds == 9
    with pytest.raises(UsageError, match=r"--rounds is 10, but the run in .* has 9"):
        parsed("--resume", "--out", str(tmp_path), "--rounds", "10")
    with pytest.raises(UsageError, match=r"--preset is quick, but the run in .* has smoke"):
        parsed("--resume", "--out", str(tmp_path), "--preset", "quick")


@pytest.mark.parametrize("given", ["elsewhere/b.txt", "coco"])
def test_a_resumed_run_may_read_its_corpus_from_another_path(tmp_path, given):
    store(tmp_path, dataclasses.replace(TEXT_PRESETS["smoke"], corpus="a.txt"))
    resume = ["--resume", "--out", str(tmp_path)]
    assert parse(TEXT_PRESETS, resume).corpus == "a.txt"
    assert parse(TEXT_PRESETS, [*resume, "--corpus", given]).corpus == given


def test_a_resumed_run_may_read_the_oracle_from_another_path(tmp_path):
    store(tmp_path, parsed("--preset", "paper", "--oracle-file", "a.pkl"))
    resume = ("--resume", "--out", str(tmp_path))
    assert parsed(*resume).oracle_file == Path("a.pkl")
    assert parsed(*resume, "--oracle-file", "b.pkl").oracle_file == Path("b.pkl")
    with pytest.raises(UsageError, match=r"--seed is 9, but the run in .* has 1"):
        parsed(*resume, "--oracle-file", "b.pkl", "--seed", "9")


def test_the_command_of_a_run_is_the_command_to_resume_it(tmp_path):
    flags = ["--preset", "smoke", "--truncate", "--no-lowercase", "--out", str(tmp_path)]
    settings = parse(TEXT_PRESETS, flags)
    store(tmp_path, settings)
    resumed = parse(TEXT_PRESETS, [*flags, "--resume"])
    assert resumed == dataclasses.replace(with_defaults(settings), resume=True)
    assert resumed.truncate
    with pytest.raises(UsageError, match=r"--truncate is False, but the run in .* has True"):
        parse(TEXT_PRESETS, ["--resume", "--out", str(tmp_path), "--no-truncate"])


def different(kind, name):
    """Another value for a field, valid or not."""
    value = options_of(kind)[name].default
    if isinstance(value, bool):
        return not value
    return value + 1 if isinstance(value, int | float) else "another"


@pytest.mark.parametrize("presets", [ORACLE_PRESETS, TEXT_PRESETS, MUSIC_PRESETS])
def test_a_run_that_starts_from_another_shares_all_that_decides_its_pretraining(presets):
    settings = dataclasses.replace(presets["smoke"], algorithm="seqgan")
    mle = dataclasses.replace(settings, algorithm="mle")
    check_same_start(settings, mle)
    free = {"out", "resume", "pretrained", "distribute", "check_numerics"}
    free |= {
        "preset",
        "random_tokens",
        "ss_decay",
        "checkpoint_seconds",
        "audio",
        "verdict_samples",
        "normalizer_samples",
    }
    free |= {"corpus", "oracle_file"}  # their content decides
    for name, meant in options_of(settings).items():
        if name == "algorithm":
            continue
        other = dataclasses.replace(mle, **{name: different(settings, name)})
        if name in free or meant.group in ("Discriminator", "Policy gradient"):
            check_same_start(settings, other)
        else:
            with pytest.raises(UsageError, match="but the run of --pretrained has"):
                check_same_start(settings, other)


def test_a_named_discriminator_is_one_change_whatever_it_brings():
    settings = parsed("--discriminator", "small")
    assert changed_settings(settings) == {"discriminator": "small"}
    stored = settings_to_json(settings)
    assert stored["discriminator_weight_decay"] == 0.1 and stored["discriminator_l2"] is None
    own = parsed("--discriminator", "small", "--discriminator-dropout", "0.5")
    changed = {"discriminator": "small", "discriminator_dropout": 0.5}
    assert changed_settings(own) == changed
    # The default in numbers is no change.
    assert changed_settings(parsed("--discriminator-dropout", "0.25")) == {}


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--discriminator", "small", "--discriminator-l2", "0.1"), "is for --discriminator paper"),
        (("--discriminator-embedding-dropout", "0.1"), "is for --discriminator small"),
        (
            ("--reward-baseline", "leave-one-out", "--batch-size", "1"),
            "a --batch-size of at least 2",
        ),
    ],
)
def test_settings_that_do_not_go_together_are_refused(flags, message):
    with pytest.raises(UsageError, match=message):
        parsed(*flags)


def test_a_run_can_only_start_from_one_of_maximum_likelihood():
    settings = ORACLE_PRESETS["smoke"]
    with pytest.raises(UsageError, match="--pretrained needs a run of --algorithm mle"):
        check_same_start(settings, settings)


@pytest.mark.parametrize("task", PRESETS_OF)
def test_a_run_of_another_script_is_named(tmp_path, task):
    settings = settings_to_json(PRESETS_OF[task]["smoke"])
    (tmp_path / "config.json").write_text(json.dumps({"task": task, "settings": settings}))
    for other, presets in PRESETS_OF.items():
        if other != task:
            with pytest.raises(UsageError, match=f"is a run of train_{task}.py, expected one of t"):
                parse(presets, ["--resume", "--out", str(tmp_path)])
    with_more = {**settings, "of_a_later_version": 1}
    (tmp_path / "config.json").write_text(json.dumps({"task": task, "settings": with_more}))
    with pytest.raises(UsageError, match="there is no setting 'of_a_later_version'"):
        parse(PRESETS_OF[task], ["--resume", "--out", str(tmp_path)])


def test_changed_settings_leave_out_what_names_the_run():
    settings = parsed(
        "--seed", "7", "--oracle", "seed:3", "--algorithm", "mle", "--mle-epochs", "3"
    )
    assert changed_settings(settings) == {"mle_epochs": 3}
    text = parse(TEXT_PRESETS, ["--corpus", "my lines.txt", "--level", "char"])
    assert changed_settings(text) == {"level": "char"}


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"settings": 3}', '{"settings": {"x": 1}}', "\0"]
)
def test_a_damaged_config_is_one_line(tmp_path, text):
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(UsageError) as error:
        parsed("--resume", "--out", str(tmp_path))
    assert "\n" not in str(error.value) and "cannot be read" in str(error.value)


def test_a_folder_without_a_run_of_the_script_is_refused_with_the_fix_of_its_flag(tmp_path):
    (tmp_path / "tunes").mkdir()
    store(tmp_path / "tunes", MUSIC_PRESETS["smoke"])
    for folder in (tmp_path / "tunes", tmp_path / "nothing"):
        with pytest.raises(
            UsageError, match=r"Give --out the folder of a run of this script, or le"
        ):
            parsed("--resume", "--out", str(folder))
        with pytest.raises(UsageError, match=r"Give --pretrained the folder of a finished MLE run"):
            check_pretrained(folder, ORACLE_PRESETS["smoke"], print)
