"""Settings: presets, flags, what is refused, what `--resume` holds fast."""

import contextlib
import dataclasses
import io
import json

import pytest

from files.errors import UsageError
from training.flags import parse
from training.options import flag
from training.presets import ORACLE_PRESETS
from training.stored_settings import load_settings, settings_to_json
from training.task_settings import OracleSettings


def parsed(*arguments: str) -> OracleSettings:
    return parse(ORACLE_PRESETS, arguments, prog="train_oracle.py")


def test_no_flags_are_the_quick_preset():
    assert parsed() == ORACLE_PRESETS["quick"]


@pytest.mark.parametrize("preset", ORACLE_PRESETS)
def test_a_preset_is_its_values_and_flags_change_it(preset):
    assert parsed("--preset", preset) == ORACLE_PRESETS[preset]
    changed = parsed("--preset", preset, "--rounds", "7", "--g-learning-rate", "0.5")
    expected = dataclasses.replace(ORACLE_PRESETS[preset], rounds=7, g_learning_rate=0.5)
    assert changed == expected


@pytest.mark.parametrize("encoding", ["ascii", "utf-8", "UTF-8"])
def test_a_wrong_value_is_told_whatever_the_output_can_show(encoding):
    screen = io.TextIOWrapper(io.BytesIO(), encoding)
    with contextlib.redirect_stdout(screen), pytest.raises(UsageError) as error:
        parsed("--algorithm", "magic")
    assert "'magic'" in str(error.value) and "--algorithm" in str(error.value)
    screen.flush()
    assert screen.buffer.getvalue() == b""


@pytest.mark.parametrize("preset", ORACLE_PRESETS)
def test_presets_pass_their_own_checks(preset):
    settings = ORACLE_PRESETS[preset]
    assert settings.preset == preset
    settings.check()
    settings.check_fits(settings.train_size)


def test_paper_and_official_hold_the_published_values():
    """REFERENCES: the code of the paper's time, and the published repository's HEAD."""
    paper, official = ORACLE_PRESETS["paper"], ORACLE_PRESETS["official"]
    for settings in (paper, official):
        assert (settings.oracle, settings.vocab_size, settings.max_length) == (
            "published",
            5000,
            20,
        )
        assert (settings.embedding_dim, settings.hidden_dim, settings.batch_size) == (32, 32, 64)
        assert (settings.pretrain_d_steps, settings.pretrain_d_epochs) == (50, 3)
        assert (settings.g_steps, settings.d_steps, settings.d_epochs) == (1, 5, 3)
        assert (settings.num_rollouts, settings.rollout_update_rate) == (16, 1.0)
        assert (settings.discriminator_learning_rate, settings.discriminator_dropout) == (
            1e-4,
            0.25,
        )
        assert (settings.discriminator_l2, settings.clip_norm) == (0.2, 5.0)
        assert settings.g_learning_rate_final is None
        assert settings.final_samples == 100_000
    assert (paper.mle_epochs, paper.mle_learning_rate) == (240, 1e-3)
    assert (paper.rounds, paper.g_learning_rate) == (800, 1e-3)
    assert (official.mle_epochs, official.mle_learning_rate) == (120, 0.01)
    assert (official.rounds, official.g_learning_rate) == (200, 0.01)


@pytest.mark.parametrize("field", dataclasses.fields(OracleSettings), ids=lambda f: f.name)
def test_every_field_is_a_flag_with_help_of_its_own(field, capsys):
    with pytest.raises(SystemExit) as stop:
        parsed("--help")
    assert stop.value.code == 0
    printed = capsys.readouterr().out
    assert f"{flag(field.name)} " in printed or f"{flag(field.name)}\n" in printed


@pytest.mark.parametrize(
    "arguments",
    [
        ("--d-samples", "0"),
        ("--discriminator-dropout", "1"),
        ("--discriminator-dropout", "-0.1"),
        ("--rollout-update-rate", "0"),
        ("--rollout-update-rate", "1.5"),
        ("--clip-norm", "0"),
        ("--g-learning-rate", "nan"),
        ("--g-learning-rate-final", "-1"),
        ("--oracle", "seed:x"),
        ("--oracle", "published", "--vocab-size", "10"),
        ("--optimizer", "lion"),
        ("--seed",),
        ("extra",),
    ],
)
def test_bad_values_are_refused_in_one_line(arguments):
    with pytest.raises(UsageError) as error:
        parsed(*arguments)
    assert "\n" not in str(error.value) and "╭" not in str(error.value)
    assert arguments[0] in str(error.value)


def test_stored_settings_come_back(tmp_path):
    settings = parsed("--preset", "paper", "--oracle-file", "a.pkl", "--cell", "gru")
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"settings": settings_to_json(settings)}))
    assert load_settings(path, OracleSettings) == settings


def test_resume_takes_the_stored_values_and_refuses_others(tmp_path):
    stored = parsed("--preset", "smoke", "--rounds", "9", "--seed", "4")
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"settings": settings_to_json(stored)}))
    resumed = parsed("--resume", "--out", str(tmp_path))
    assert resumed == dataclasses.replace(stored, out=tmp_path, resume=True)
    assert parsed("--resume", "--out", str(tmp_path), "--rounds", "9").rounds == 9
    with pytest.raises(UsageError, match=r"--rounds is 10, but the run in .* has 9"):
        parsed("--resume", "--out", str(tmp_path), "--rounds", "10")
    with pytest.raises(UsageError, match=r"--preset is quick, but the run in .* has smoke"):
        parsed("--resume", "--out", str(tmp_path), "--preset", "quick")


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"settings": 3}', '{"settings": {"x": 1}}', "\0"]
)
def test_a_damaged_config_is_one_line(tmp_path, text):
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(UsageError) as error:
        parsed("--resume", "--out", str(tmp_path))
    assert "\n" not in str(error.value) and "cannot be read" in str(error.value)


def test_fewer_sequences_than_a_batch_are_refused():
    with pytest.raises(UsageError, match="there are 63 training sequences"):
        ORACLE_PRESETS["smoke"].check_fits(63)
