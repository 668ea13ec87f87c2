"""The table of what discriminators know, by hand."""

from reports.discriminator_table import discriminator_table
from reports.grouping import make_sections
from reports.tables import make_tables
from tests.reports.fakes import result, runs, table_of


def measured(seed, accuracy, gain, error, **more):
    """A run whose discriminator was measured."""
    run = result(seed=seed, **more)
    run["metrics"] |= {
        "discriminator_accuracy": 0.75,
        "discriminator_validation_accuracy": accuracy,
        "discriminator_validation_loss": 0.7,
        "discriminator_gain": gain,
        "discriminator_gain_error": error,
        "discriminator_calibration_error": 0.125,
    }
    return run


def test_by_hand():
    small = {"changed": {"discriminator": "small"}}
    made = [
        measured(1, 0.5, -0.02, 0.002),
        measured(2, 0.52, -0.04, 0.004),
        measured(1, 0.63, 0.027, 0.003, **small),
    ]
    table = table_of(make_tables(make_sections(runs(*made)))["discriminator"])
    assert list(table) == ["SeqGAN", "discriminator small"]
    plain, other = table.values()
    assert plain["on unseen data"] == "0.510 ± 0.014"
    assert plain["gain"] == "-0.030 ± 0.014"
    assert plain["its error"] == "0.003"  # the mean of the two
    assert other["gain"] == "0.027" and other["accuracy in training"] == "0.750"
    assert other["calibration error"] == "0.125"


def test_older_results_make_no_such_table():
    sections = make_sections(runs(result(), result(seed=2)))
    assert discriminator_table(sections) == ""
    assert "discriminator" not in make_tables(sections)
