"""Flags: what a command line sets, what is refused in one line, and `--help` in titled boxes."""

import contextlib
import dataclasses
import io
import re
from pathlib import Path
from typing import Annotated, Literal

import pytest
import tyro

from files.errors import UsageError
from training.flags import given_values, parse, read_flags
from training.options import flag, options_of
from training.presets import ALL_PRESETS, ORACLE_PRESETS, PURPOSES, SPEECH_PRESETS, TEXT_PRESETS
from training.sample_settings import SampleSettings
from training.settings import GROUPS
from training.task_settings import OracleSettings


def parsed(*arguments: str) -> OracleSettings:
    return parse(ORACLE_PRESETS, arguments, prog="train_oracle.py")


def test_no_flags_are_the_quick_preset():
    assert parsed() == ORACLE_PRESETS["quick"]


@pytest.mark.parametrize("preset", ORACLE_PRESETS)
def test_a_preset_is_its_values_and_flags_change_it(preset):
    assert parsed("--preset", preset) == ORACLE_PRESETS[preset]
    changed = parsed("--preset", preset, "--mle-epochs", "7", "--mle-learning-rate", "0.5")
    expected = dataclasses.replace(ORACLE_PRESETS[preset], mle_epochs=7, mle_learning_rate=0.5)
    assert changed == expected


@pytest.mark.parametrize("encoding", ["ascii", "utf-8", "UTF-8"])
def test_a_wrong_value_is_told_whatever_the_output_can_show(encoding):
    screen = io.TextIOWrapper(io.BytesIO(), encoding)
    with contextlib.redirect_stdout(screen), pytest.raises(UsageError) as error:
        parsed("--algorithm", "magic")
    assert "'magic'" in str(error.value) and "--algorithm" in str(error.value)
    screen.flush()
    assert screen.buffer.getvalue() == b""


@pytest.mark.parametrize(
    "arguments",
    [
        ("--d-samples", "0"),
        ("--discriminator-dropout", "1"),
        ("--discriminator-dropout", "-0.1"),
        ("--rollout-update-rate", "-0.1"),
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


def refused(kind, *arguments: str) -> str:
    with pytest.raises(UsageError) as error:
        given_values(kind, arguments)
    return str(error.value)


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("--rond", "3"), "there is no flag --rond. Did you mean --rounds? See --help."),
        (("--rond=3",), "there is no flag --rond. Did you mean --rounds? See --help."),
        (("--no-resum",), "there is no flag --no-resum. Did you mean --no-resume? See --help."),
        (("--zzz",), "there is no flag --zzz. See --help."),
        (("extra",), "'extra' belongs to no flag. See --help."),
        (("--seed",), "--seed expected one argument. See --help."),
        (("--seed", "--resume"), "--seed expected one argument. See --help."),
        (
            ("--clip-norm", "-1e5"),
            "--clip-norm expected one argument. A value that begins with a hyphen follows an equals "
            "sign: --clip-norm=-1e5. See --help.",
        ),
        (("--seed", "1.5"), "--seed is '1.5', expected a whole number. See --help."),
        (("--seed", "9" * 5000), f"--seed is '{'9' * 59}, expected a whole number. See --help."),
        (("--clip-norm", "x"), "--clip-norm is 'x', expected a number. See --help."),
        (("--temperatures", "1", "x"), "--temperatures is 'x', expected a number. See --help."),
        (
            ("--cell", "rnn"),
            "--cell is 'rnn', expected one of lstm, gru, lstm-attention. See --help.",
        ),
        (
            ("--optimizer", "lion"),
            "--optimizer is 'lion', expected one of adam, rmsprop, sgd. See --help.",
        ),
        (
            ("--g-learning-rate-final", "none"),
            "--g-learning-rate-final is 'none', expected a number or None. See --help.",
        ),
        (("--resume=yes",), "--resume ignored explicit argument 'yes'. See --help."),
    ],
)
def test_a_wrong_flag_is_named_with_what_was_expected(arguments, message):
    assert refused(OracleSettings, *arguments) == message


def test_flags_may_have_an_equals_sign_or_underscores_and_the_last_one_counts():
    settings = parsed("--max_length=7", "--seed", "1", "--seed=2", "--temperatures", "0.5", "2")
    assert (settings.max_length, settings.seed, settings.temperatures) == (7, 2, (0.5, 2.0))
    assert parsed("--temperatures").temperatures == ()
    assert parsed("--oracle-file=--a_b=c", "--oracle", "published").oracle_file == Path("--a_b=c")


def test_none_is_a_text_where_any_text_is_a_value():
    assert parse(TEXT_PRESETS, ["--column", "None"]).column == "None"
    assert read_flags(SampleSettings, SampleSettings(), ["--prefix", "None"]).prefix == "None"
    assert (
        read_flags(SampleSettings, SampleSettings(), ["--temperature", "None"]).temperature is None
    )


def test_a_switch_can_be_turned_on_and_off():
    assert parse(SPEECH_PRESETS, []).lowercase and not parse(TEXT_PRESETS, []).lowercase
    assert not parse(SPEECH_PRESETS, ["--no-lowercase"]).lowercase
    assert parse(TEXT_PRESETS, ["--lowercase"]).lowercase
    assert parse(TEXT_PRESETS, ["--lowercase", "--no-lowercase", "--lowercase"]).lowercase


@dataclasses.dataclass(frozen=True)
class Plain:
    """Prints things. In a way."""

    folders: Annotated[tuple[Path, ...], tyro.conf.Positional] = (Path("runs"),)
    """Folders to print."""
    parts: tuple[Literal["a", "b"], ...] = ("a",)
    """Parts to print."""
    quick: bool = False
    """Print less."""


@dataclasses.dataclass(frozen=True)
class One:
    """Prints one thing."""

    folder: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")] = Path("runs")
    """Folder to print."""


def test_a_positional_argument_that_is_not_given_has_its_default():
    assert read_flags(One, One(), []) == One(Path("runs"))
    assert read_flags(One, One(), ["x"]) == One(Path("x"))


@pytest.mark.parametrize(
    "arguments",
    ["--quick x y", "x --quick y", "x y --quick", "x --parts=a --quick y", "--quick -- x y"],
)
def test_flags_may_stand_between_positional_arguments(arguments):
    given = read_flags(Plain, Plain(), arguments.split())
    assert given == Plain((Path("x"), Path("y")), quick=True)


def test_two_hyphens_precede_positional_arguments_that_begin_with_one():
    assert read_flags(Plain, Plain(), ["--quick", "--", "-x", "y"]).folders == (
        Path("-x"),
        Path("y"),
    )
    assert read_flags(One, One(), ["--", "--folder"]) == One(Path("--folder"))


def test_an_unknown_flag_among_positional_arguments_is_named():
    assert refused(Plain, "x", "--quik", "y") == (
        "there is no flag --quik. Did you mean --quick? See --help."
    )
    assert refused(One, "x", "y") == "'y' belongs to no flag. See --help."


def test_a_file_without_its_flag_is_taken_for_a_corpus(tmp_path):
    file = tmp_path / "my lines.txt"
    file.touch()
    with pytest.raises(UsageError) as caught:
        parse(TEXT_PRESETS, [str(file)])
    assert f"belongs to no flag. Did you mean --corpus '{file}'? See --help." in str(caught.value)


def test_a_flag_that_resembles_none_gets_no_suggestion():
    assert refused(Plain, "--temperature", "2") == "there is no flag --temperature. See --help."


def test_a_dataclass_without_options_has_flags_and_positional_arguments(capsys):
    assert read_flags(Plain, Plain(), []) == Plain()
    given = read_flags(Plain, Plain(), ["--parts", "b", "a", "--quick", "x", "y"])
    assert given == Plain((Path("x"), Path("y")), ("b", "a"), True)
    given = read_flags(Plain, Plain(), ["x", "--parts=b"])
    assert given == Plain((Path("x"),), ("b",))
    assert refused(Plain, "--parts", "c") == "--parts is 'c', expected a or b. See --help."
    with pytest.raises(SystemExit) as stop:
        read_flags(Plain, Plain(), ["--help"], prog="print.py")
    printed = capsys.readouterr().out
    assert stop.value.code == 0
    for text in ("usage: print.py", "Prints things.", "Folders to print.", "--quick", "{a,b}"):
        assert text in printed


# --help


def help_of(presets, *arguments: str) -> dict[str, str]:
    """The boxes of `--help` by title."""
    screen = io.TextIOWrapper(io.BytesIO(), "utf-8")
    with contextlib.redirect_stdout(screen), pytest.raises(SystemExit) as stop:
        parse(presets, [*arguments, "--help"], prog="train_x.py")
    assert stop.value.code == 0
    screen.seek(0)
    boxes = re.findall(r"^╭─ (.+?) ─+╮$(.+?)^╰─+╯$", screen.read(), re.MULTILINE | re.DOTALL)
    return dict(boxes)


@pytest.fixture(autouse=True)
def narrow_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")


def flags_of(box: str) -> list[str]:
    return re.findall(r"^│ (--[a-z0-9-]+)", box, re.MULTILINE)


@pytest.mark.parametrize("presets", ALL_PRESETS, ids=lambda p: type(p["quick"]).__name__)
def test_help_has_a_titled_box_for_each_group(presets):
    boxes = help_of(presets)
    assert list(boxes) == ["options", *(f"{group} options" for group in GROUPS)]
    for group in GROUPS:
        names = [n for n, meant in options_of(presets["quick"]).items() if meant.group == group]
        shown = [each.replace("--no-", "--") for each in flags_of(boxes[f"{group} options"])]
        assert shown == [flag(name).replace("--no-", "--") for name in names]


@pytest.mark.parametrize("presets", ALL_PRESETS, ids=lambda p: type(p["quick"]).__name__)
def test_help_begins_with_the_flags_in_most_use(presets):
    flags = [f for box in help_of(presets).values() for f in flags_of(box)]
    run = ["--preset", "--algorithm", "--seed", "--out", "--resume", "--pretrained"]
    data = "--oracle" if presets is ORACLE_PRESETS else "--corpus"
    assert flags[:7] == [*run, data]


@pytest.mark.parametrize("presets", ALL_PRESETS, ids=lambda p: type(p["quick"]).__name__)
def test_help_offers_the_presets_of_its_own_script_and_says_what_they_are(presets):
    box = " ".join(help_of(presets)["Run options"].replace("│", " ").split())
    assert f"--preset {{{','.join(presets)}}}" in box
    for name, purpose in PURPOSES.items():
        assert (f"{name}: {purpose}." in box) == (name in presets)
        if name not in presets:
            with pytest.raises(UsageError, match=f"--preset is '{name}', expected one of"):
                parse(presets, ["--preset", name])


def test_help_shows_the_values_of_the_preset_that_is_named():
    assert (
        "Epochs of pre-training. (default: 35)"
        in help_of(ORACLE_PRESETS)["Maximum likelihood options"]
    )
    smoke = help_of(ORACLE_PRESETS, "--preset", "smoke")
    assert "Epochs of pre-training. (default: 2)" in smoke["Maximum likelihood options"]


@pytest.mark.parametrize("preset", ["best", "quick"])
def test_help_shows_both_forms_of_a_switch_that_the_preset_turns_on(preset):
    box = help_of(TEXT_PRESETS, "--preset", preset)["Evaluation options"]
    shown = re.search(r"^│ (--\S*tune-temperature[^│]*?) +│$", box, re.MULTILINE).group(1)
    both = "--tune-temperature, --no-tune-temperature"
    assert shown == (both if preset == "best" else "--tune-temperature")


@pytest.mark.parametrize(
    "wrong", [["--preset", "none"], ["--bogus"], ["--seed", "x"], ["--resume"]]
)
def test_help_comes_before_any_error(wrong):
    assert help_of(ORACLE_PRESETS, *wrong) == help_of(ORACLE_PRESETS)
