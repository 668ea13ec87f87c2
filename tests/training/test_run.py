"""The run folder: steps are counted, checkpoints are whole, what is there is never overwritten."""

import csv
import dataclasses
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from files.errors import UsageError
from tests.faults import crash
from tests.helpers import REPOSITORY
from training import lock, stops
from training.checkpoints import checkpoints
from training.errors import RunFailed, TrainingDiverged
from training.journal import Measurement
from training.numerics import Finite
from training.presets import ORACLE_PRESETS
from training.provenance import intra_op_threads
from training.run import Run
from training.seeds import counted_seed


def settings(**changes):
    return dataclasses.replace(ORACLE_PRESETS["smoke"], **{"checkpoint_seconds": 0.0, **changes})


@contextmanager
def opened(folder, units=1, **changes):
    """A run of one layer."""
    layer = keras.layers.Dense(units, use_bias=False, kernel_initializer="zeros")
    layer.build((None, 2))
    with Run(folder, "oracle", settings(**changes)) as run:
        run.attach(layer=layer)
        yield run, layer


def count(run, layer, stage, total, at=None, do=None):
    """A stage that adds 1 to every weight at every step, and does `do` in step `at`, from 1."""
    for index in run.loop(stage, total):
        layer.kernel.assign_add(tf.ones_like(layer.kernel))
        if index + 1 == at:
            do()
        run.log(stage, index + 1, {"mle_loss": float(index)}, total)


def weight(layer):
    (value,) = set(layer.kernel.numpy().ravel().tolist())
    return value


def weight_of(folder, **changes):
    """What a resumed run begins with."""
    with opened(folder, resume=True, **changes) as (_, layer):
        return weight(layer)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "run"


def rows(folder):
    with (folder / "metrics.csv").open() as file:
        return [(row["stage"], int(row["step"])) for row in csv.DictReader(file)]


def names(folder):
    return sorted(path.name for path in (folder / "checkpoints").iterdir())


def one_line(error):
    message = str(error.value)
    assert "\n" not in message
    return message


# Counting and saving


def test_a_stopped_stage_goes_on_where_its_last_checkpoint_was(folder):
    def fail():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), opened(folder) as (run, layer):
        count(run, layer, "mle", 5, at=3, do=fail)
    assert rows(folder) == [("mle", 1), ("mle", 2)]
    with (folder / "metrics.csv").open("a") as file:
        file.write("mle,3,0.1\nmle,4")  # of steps that were not saved
    with opened(folder, resume=True) as (run, layer):
        assert weight(layer) == 2
        assert rows(folder) == [("mle", 1), ("mle", 2)]  # what was not saved is taken back
        count(run, layer, "mle", 5)
        assert weight(layer) == 5
    assert rows(folder) == [("mle", step) for step in range(1, 6)]


@pytest.mark.parametrize("name", ["a[1]", "a*b", "what?", "back\\slash", "it's {new} \u65b0"])
def test_a_folder_of_any_name_is_resumed(tmp_path, name):
    folder = tmp_path / name / "run"
    with opened(folder) as (run, layer):
        count(run, layer, "mle", 3)
    with opened(folder, resume=True) as (run, layer):
        assert weight(layer) == 3
        count(run, layer, "mle", 4)
        assert len(list(run.folder.path.glob("events.out.tfevents.*"))) == 1
    assert rows(folder) == [("mle", step) for step in range(1, 5)]


def test_a_folder_whose_name_is_not_utf_8_is_refused_at_the_start(tmp_path):
    folder = tmp_path / os.fsdecode(b"r\xff")
    with pytest.raises(UsageError, match=r"name is not UTF-8\. Give a folder"), opened(folder):
        pass
    assert not list(tmp_path.iterdir())


# Inputs


def prepared(folder, inputs, resume=False, steps=0, **changes):
    """A run that starts or resumes with these inputs and does `steps` steps."""
    layer = keras.layers.Dense(1, use_bias=False)
    layer.build((None, 2))
    with Run(folder, "oracle", settings(resume=resume, **changes)) as run:
        run.prepare(inputs, ())
        run.attach(layer=layer)
        count(run, layer, "mle", steps)


def test_a_changed_input_is_refused_at_resume(folder):
    prepared(folder, {"corpus": "0" * 64})
    assert json.loads((folder / "config.json").read_text())["inputs"] == {"corpus": "0" * 64}
    prepared(folder, {"corpus": "0" * 64}, resume=True)
    with pytest.raises(
        UsageError, match=r"the corpus is not the one .* \(SHA-256 1{16} now"
    ) as error:
        prepared(folder, {"corpus": "1" * 64}, resume=True)
    assert "Restore the original" in one_line(error)
    with pytest.raises(UsageError, match=r"the test corpus is not the one .*, none then"):
        prepared(folder, {"corpus": "0" * 64, "test corpus": "2" * 64}, resume=True)
    with pytest.raises(UsageError, match="none now"):
        prepared(folder, {}, resume=True)


@pytest.mark.parametrize("steps", [0, 1])
def test_a_run_that_pretrains_itself_takes_no_other_start_at_resume(folder, steps):
    prepared(folder, {"corpus": "0" * 64}, steps=steps)
    with pytest.raises(UsageError, match=r"is other, but the run in .* its own") as error:
        prepared(folder, {"corpus": "0" * 64}, resume=True, pretrained=Path("other"))
    assert "Leave the flag out" in one_line(error)


def test_a_run_of_an_older_version_resumes_with_a_warning(folder, capfd):
    prepared(folder, {"corpus": "0" * 64})
    config = json.loads((folder / "config.json").read_text())
    del config["inputs"]
    (folder / "config.json").write_text(json.dumps(config))
    prepared(folder, {"corpus": "1" * 64}, resume=True)
    assert "did not record its inputs" in capfd.readouterr().err


def test_a_finished_stage_is_not_done_again(folder):
    with opened(folder) as (run, layer):
        count(run, layer, "mle", 2)
        count(run, layer, "mle", 2)
    with opened(folder, resume=True) as (run, layer):
        count(run, layer, "mle", 2)
        assert weight(layer) == 2


def test_the_newest_two_checkpoints_are_kept(folder):
    with opened(folder) as (run, layer):
        count(run, layer, "mle", 5)
    assert names(folder) == ["000004", "000005"]


def test_checkpoints_wait_for_their_time_but_not_at_the_end_of_a_stage(folder):
    with opened(folder, checkpoint_seconds=1e9) as (run, layer):
        count(run, layer, "mle", 5)
        count(run, layer, "adversarial", 5)
    assert names(folder) == ["000001", "000002"]


def test_there_is_one_file_of_events_however_often_a_run_is_resumed(folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    for number in range(3):
        with opened(folder, resume=number > 0) as (run, layer):
            count(run, layer, f"stage {number}", 2)
    assert len(list(folder.glob("events.out.tfevents.*"))) == 1
    events = EventAccumulator(str(folder), size_guidance={"tensors": 0}).Reload()
    for number in range(3):
        of_stage = events.Tensors(f"stage {number}/mle_loss")
        assert [event.step for event in of_stage] == [1, 2]
        assert [float(tf.make_ndarray(event.tensor_proto)) for event in of_stage] == [0, 1]


def test_the_result_has_what_was_kept_and_no_run_is_complete_before(folder):
    with opened(folder) as (run, _):
        run.keep(Measurement({"nll_oracle": 2.0}, {"nll_oracle": np.arange(3.0)}), suffix="_mle")
        run.keep(Measurement({"nll_oracle": 1.5}, {"nll_oracle": np.arange(4.0)}))
        assert not (folder / "result.json").exists()
        run.finish(tests={"p_value": 0.5})
        assert run.folder.score_names() == ["nll_oracle", "nll_oracle_mle"]
        np.testing.assert_array_equal(run.folder.scores("nll_oracle"), np.arange(4.0))
    result = json.loads((folder / "result.json").read_text())
    assert result["metrics"] == {"nll_oracle_mle": 2.0, "nll_oracle": 1.5}
    assert result["complete"] is True and result["tests"] == {"p_value": 0.5}
    assert "numerics_checked" not in result


def test_counted_seeds_depend_on_everything_and_on_nothing_else():
    seeds = [
        tuple(counted_seed(seed, stage, *steps))
        for seed in (0, 1)
        for stage in ("mle", "policy")
        for steps in ((0,), (1,), (0, 0), (0, 1), (1, 0))
    ]
    assert len(set(seeds)) == len(seeds)
    # A literal value: the same in every process, whatever PYTHONHASHSEED is.
    assert counted_seed(1, "mle", 0).tolist() == [-1022286016, -459738759]
    assert counted_seed(1, "mle", 0).dtype == np.int32


PEAK = """
import tensorflow  # as every run
from files.platform import peak_memory_mb
before = peak_memory_mb()
block = b"1" * 200_000_000
assert 150 < peak_memory_mb() - before < 250, (before, peak_memory_mb())
print(before)
"""


@pytest.mark.slow
def test_the_peak_of_memory_is_that_of_the_run_and_not_of_what_started_it():
    block = b"1" * 1_000_000_000
    done = subprocess.run(
        [sys.executable, "-c", PEAK], cwd=REPOSITORY, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert 100 < float(done.stdout) < len(block) / 1e6


# Ends of the process


def whole(run, layer):
    """A run from start to end, in small."""
    count(run, layer, "mle", 2)
    for _ in run.loop("measure", 1):
        run.keep(Measurement({"nll_test": weight(layer)}, {"nll_test": np.arange(2.0)}))
    count(run, layer, "adversarial", 1)
    run.finish()


def outcome(folder):
    result = json.loads((folder / "result.json").read_text())
    kept = {name: result[name] for name in ("metrics", "sequences", "temperatures")}
    return kept, rows(folder), weight_in(folder), names(folder)


def weight_in(folder):
    reader = tf.train.load_checkpoint(str(checkpoints(folder)[-1] / "variables"))
    return reader.get_tensor("layer/_kernel/.ATTRIBUTES/VARIABLE_VALUE").tolist()


def crashed_before(folder, number):
    """Whether a run came to its operation `number` on files in `folder`, and ended there."""
    crash.before(folder, lambda seen, what: seen == number, crash.crash)
    run = None
    try:
        layer = keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")
        layer.build((None, 2))
        resume = (folder / "config.json").exists()
        run = Run(folder, "oracle", settings(resume=resume))
        run.attach(layer=layer)
        whole(run, layer)
    except crash.Crash:
        return True
    finally:
        crash.never()
        if run is not None:
            run._open.close()
            run.folder._lock._close()  # as the system does for a dead process: the file stays
    return False


@pytest.mark.slow
def test_an_end_before_any_operation_leaves_what_goes_on_to_the_same_end(tmp_path, monkeypatch):
    monkeypatch.setattr(Finite, "first_that_is_not", lambda self: None)  # traced for each run
    assert not crashed_before(tmp_path / "unbroken", 0)
    expected, number = outcome(tmp_path / "unbroken"), 0
    while True:
        number += 1
        folder = tmp_path / str(number)
        folder.mkdir()
        if not crashed_before(folder, number):
            break
        if number % 4 == 0:  # and once more, at another place of what goes on
            crashed_before(folder, 1 + number % 7)
        assert (folder / "result.json").exists() or not crashed_before(folder, 0)
        assert outcome(folder) == expected, number
        shutil.rmtree(folder)
    assert number > 40


def test_a_half_written_checkpoint_is_cleared_away(folder):
    with opened(folder) as (run, layer):
        count(run, layer, "mle", 3)
    half = folder / "checkpoints" / "writing-000004"
    half.mkdir()
    (half / "variables.index").write_bytes(b"half")
    (folder / "writing-generator").mkdir()
    (folder / "metrics.csv.tmp").write_text("half")
    with opened(folder, resume=True) as (_, layer):
        assert weight(layer) == 3
        assert names(folder) == ["000002", "000003"]
        assert not list(folder.glob("writing-*")) and not list(folder.glob("*.tmp"))


def test_a_fresh_folder_with_what_an_end_before_the_settings_leaves_is_empty(folder):
    folder.mkdir()
    (folder / ".lock").write_text("process 1")
    (folder / "config.json.tmp").write_text("{")
    with opened(folder) as (run, layer):
        count(run, layer, "mle", 1)
    assert weight_of(folder) == 1


# Damage


def damage(checkpoint, name, how):
    file = checkpoint / name
    content = file.read_bytes()
    if how == "gone":
        file.unlink()
    elif how == "cut":
        file.write_bytes(content[: len(content) // 2])
    else:
        file.write_bytes(content[:-9] + bytes([content[-9] ^ 1]) + content[-8:])


@pytest.mark.slow
@pytest.mark.parametrize("how", ["gone", "cut", "altered"])
@pytest.mark.parametrize(
    "name", ["variables.index", "variables.data-00000-of-00001", "state.json", "checksums.json"]
)
def test_a_damaged_checkpoint_is_set_aside_for_the_one_before(folder, name, how, capfd):
    if name == "checksums.json" and how == "gone":
        pytest.skip("is one of an older version, see below")
    with opened(folder) as (run, layer):
        count(run, layer, "mle", 3)
    damage(folder / "checkpoints" / "000003", name, how)
    capfd.readouterr()
    with opened(folder, resume=True) as (run, layer):
        warning, resuming = capfd.readouterr().err.splitlines()
        assert warning.startswith("warning: ") and "000003 is damaged" in warning
        assert "now damaged-000003" in warning and "000002" in resuming
        assert weight(layer) == 2
        assert names(folder) == ["000002", "damaged-000003"]
        count(run, layer, "mle", 3)
    assert names(folder) == ["000002", "000003", "damaged-000003"]
    damage(folder / "checkpoints" / "000003", "state.json", "cut")  # one of this number is there
    assert weight_of(folder) == 2


def test_where_no_checkpoint_is_whole_nothing_begins_anew(folder):
    with opened(folder) as (run, layer):
        count(run, layer, "mle", 3)
    for checkpoint in checkpoints(folder):
        damage(checkpoint, "state.json", "altered")
    for _ in range(2):  # the first try moves nothing that the second would miss
        with pytest.raises(UsageError, match=r"no checkpoint in .* intact.*another --out") as error:
            weight_of(folder)
        one_line(error)
        assert names(folder) == ["000002", "000003"]
    for checkpoint in checkpoints(folder):
        checkpoint.rename(checkpoint.with_name(f"damaged-{checkpoint.name}"))
    with pytest.raises(UsageError, match=r"all checkpoints in .* are damaged"):
        weight_of(folder)


def test_a_run_without_a_checkpoint_begins_anew(folder):
    with opened(folder):
        pass
    assert weight_of(folder) == 0


def test_checkpoints_of_older_versions_are_read_with_a_warning(folder, capfd):
    with opened(folder) as (run, layer):
        count(run, layer, "mle", 2)
    for checkpoint in checkpoints(folder):
        (checkpoint / "checksums.json").unlink()
    assert weight_of(folder) == 2
    assert "warning: " in capfd.readouterr().err
    damage(folder / "checkpoints" / "000002", "variables.data-00000-of-00001", "cut")
    assert weight_of(folder) == 1


def test_a_checkpoint_of_other_code_is_one_line(folder):
    with opened(folder) as (run, layer):
        count(run, layer, "mle", 2)
    with pytest.raises(UsageError, match="not compatible with this version") as error:
        weight_of(folder, units=2)
    one_line(error)
    assert names(folder) == ["000001", "000002"]  # nothing is damaged


def test_other_threads_are_told_for_the_bits_depend_on_them(folder, capfd, monkeypatch):
    with opened(folder) as (run, layer):
        count(run, layer, "mle", 1)
    threads = intra_op_threads()
    assert json.loads((folder / "config.json").read_text())["threads"] == threads
    assert weight_of(folder) == 1 and "warning" not in capfd.readouterr().err
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", str(threads + 1))
    assert weight_of(folder) == 1
    warning = capfd.readouterr().err.splitlines()[0]
    assert f"began with {threads} threads and has {threads + 1} now" in warning
    assert f"set TF_NUM_INTRAOP_THREADS={threads}." in warning


# Whose folder it is


def test_a_folder_with_a_run_is_refused_and_without_one_cannot_be_resumed(folder):
    with opened(folder):
        pass
    with pytest.raises(UsageError, match=r"--resume.*another --out"), opened(folder):
        pass
    with pytest.raises(UsageError, match="there is no run"), opened(folder / "x", resume=True):
        pass


def test_a_second_run_in_a_folder_is_refused_until_the_first_lets_go(folder):
    with opened(folder) as (run, layer):
        count(run, layer, "mle", 1)
        with pytest.raises(UsageError, match=rf"in use by process {os.getpid()} on .*--out"):
            weight_of(folder)
    assert not (folder / ".lock").exists()
    assert weight_of(folder) == 1


def test_a_dead_process_holds_no_lock(folder):
    with opened(folder) as (run, layer):
        count(run, layer, "mle", 1)
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(folder)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert holder.stdout.readline() == b"held\n"
    with pytest.raises(UsageError, match=f"in use by process {holder.pid} "):
        weight_of(folder)
    holder.kill()
    holder.communicate()
    assert (folder / ".lock").exists()
    assert weight_of(folder) == 1


_HOLD = """
import sys, time
from pathlib import Path
from training.lock import FolderLock
lock = FolderLock(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(600)
"""


def test_without_locks_in_the_file_system_there_is_a_warning(folder, monkeypatch, capfd):
    def none(*_):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(lock, "lock_file", none)
    with opened(folder) as (run, layer):
        count(run, layer, "mle", 1)
    assert "has no locks" in capfd.readouterr().err


def test_a_folder_that_was_removed_stays_away(folder):
    with opened(folder) as (run, layer):
        with pytest.raises(RunFailed, match="was removed or replaced") as error:
            count(run, layer, "mle", 5, at=3, do=lambda: shutil.rmtree(folder))
        one_line(error)
    assert not folder.exists()


def test_a_folder_that_took_its_place_is_left_alone(folder):
    def replace():
        folder.rename(folder.with_name("elsewhere"))
        folder.mkdir()
        (folder / "config.json.tmp").write_text("another run's")

    with opened(folder) as (run, layer), pytest.raises(RunFailed, match="removed or replaced"):
        count(run, layer, "mle", 5, at=3, do=replace)
    assert [path.name for path in folder.iterdir()] == ["config.json.tmp"]
    folder.joinpath("config.json.tmp").unlink()
    folder.rmdir()
    folder.with_name("elsewhere").rename(folder)
    assert weight_of(folder) == 2


# No room


@contextmanager
def files_of_at_most(num_bytes):
    """A full disk, as far as files that would grow can tell."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def size(path):
    return path.stat().st_size


@pytest.mark.slow
@pytest.mark.parametrize("what", ["checkpoints", "metrics.csv", "events.out.tfevents", "scores"])
def test_no_room_is_one_line_and_the_last_good_checkpoint_stays(folder, what, capfd):
    units = 20_000  # a checkpoint is larger than the tables
    with opened(folder, units=units) as (run, layer):
        count(run, layer, "mle", 8)  # events take more than the rows of the table
        events = next(folder.glob("events.out.tfevents.*"))
        most = {
            "checkpoints": 20_000,
            "metrics.csv": size(folder / "metrics.csv"),
            "events.out.tfevents": size(events),
            "scores": 100,
        }[what]
        assert size(events) > size(folder / "metrics.csv") + 30
        capfd.readouterr()
        with files_of_at_most(most), pytest.raises(RunFailed) as error:
            if what == "scores":
                run.keep(Measurement({}, {"nll": np.zeros(1000)}))
            count(run, layer, "mle", 11)
    message = one_line(error)
    assert message.startswith(f"cannot write {folder / what} (File too large)")
    assert f"`python train_oracle.py --resume --out {folder}` continues from checkpoint 000008" in (
        message
    )
    assert names(folder) == ["000007", "000008"]
    with opened(folder, units=units, resume=True) as (run, layer):
        count(run, layer, "mle", 11)
        assert weight(layer) == 11
    assert rows(folder) == [("mle", step) for step in range(1, 12)]


def test_no_room_for_the_result_leaves_no_half_of_it(folder):
    with opened(folder) as (run, layer):
        count(run, layer, "mle", 1)
        large = {"note": "x" * 100_000}  # where the events find room
        limit = files_of_at_most(50_000)
        with limit, pytest.raises(RunFailed, match=r"result\.json \(File too la"):
            run.finish(**large)
    assert not list(folder.glob("result.json*"))
    with opened(folder, resume=True) as (run, _):
        run.finish()
    assert (folder / "result.json").exists()


def test_no_room_for_the_settings_is_one_line(folder):
    with files_of_at_most(100), pytest.raises(RunFailed, match="same command again") as error:
        with opened(folder):
            pass
    assert "config.json (File too large) before the first step" in one_line(error)
    with opened(folder):  # the folder is as good as empty
        pass


def test_a_place_that_cannot_be_written_is_one_line(folder):
    with opened(folder) as (run, layer):
        count(run, layer, "mle", 1)
        (folder / "checkpoints").rename(folder / "elsewhere")
        (folder / "checkpoints").write_text("a file")
        with pytest.raises(RunFailed, match=r"cannot write .*checkpoints \(") as error:
            count(run, layer, "mle", 2)
    one_line(error)


# Numbers


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_figure_that_is_not_finite_stops_the_run(folder, value):
    with opened(folder) as (run, layer):
        count(run, layer, "mle", 2)
        with pytest.raises(TrainingDiverged) as error:
            run.log("adversarial", 3, {"policy_loss": 1.0, "mean_reward": value}, 9)
    message = one_line(error)
    assert f"mean_reward is {value} in stage adversarial, round 3. " in message
    assert f"{folder}/checkpoints/000002" in message
    assert f"--resume --out {folder} --check-numerics" in message
    assert rows(folder) == [("mle", 1), ("mle", 2)]


@pytest.mark.parametrize("value", [float("nan"), float("-inf")])
def test_a_weight_that_is_not_finite_stops_the_run_at_once(folder, value):
    with opened(folder, checkpoint_seconds=1e9) as (run, layer):
        count(run, layer, "mle", 1)
        with pytest.raises(
            TrainingDiverged,
            match=r"kernel of layer is not finite in stage adversarial, round 2\. .*000001",
        ):
            for index in run.loop("adversarial", 5):
                assert index < 2
                if index == 1:
                    layer.kernel.assign([[value], [0.0]])
    assert weight_of(folder) == 1


def test_a_huge_weight_is_finite():
    variable = keras.Variable([3e38, 3e38])

    class Holder:
        variables = (variable, keras.Variable([1, 2], dtype="int32"))

    watch = Finite({"it": Holder})
    assert watch.first_that_is_not() is None
    variable.assign([3e38, np.inf])
    assert watch.first_that_is_not() == f"{variable.path} of it"


# Stops


@pytest.fixture
def soon(monkeypatch):
    """Signals count however soon they follow one another."""
    monkeypatch.setattr(stops, "TOGETHER_SECONDS", 0.0)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_run_after_its_step(folder, number):
    with pytest.raises(stops.Stopped) as error, opened(folder, checkpoint_seconds=1e9) as (run, _):
        for index in run.loop("mle", 5):
            if index == 2:
                signal.raise_signal(number)
                run.log("mle", 3, {"mle_loss": 0.0}, 5)  # the step goes on to its end
    assert error.value.number == number
    assert one_line(error) == (
        f"stopped after stage mle, epoch 3. `python train_oracle.py --resume --out {folder}` "
        "continues from checkpoint 000001."
    )
    with opened(folder, resume=True) as (run, _):
        assert list(run.loop("mle", 5)) == [3, 4]


def test_a_second_signal_stops_the_run_at_once(folder, soon):
    with pytest.raises(stops.Stopped) as error, opened(folder) as (run, _):
        for index in run.loop("mle", 5):
            if index == 1:
                signal.raise_signal(signal.SIGINT)
                signal.raise_signal(signal.SIGTERM)
                raise AssertionError("it goes on")
    assert error.value.number == signal.SIGTERM
    assert one_line(error).startswith("stopped in stage mle, epoch 2. `python train_oracle.py")
    assert names(folder) == ["000001"]


def test_a_signal_between_stages_stops_the_run_at_once(folder):
    with pytest.raises(stops.Stopped) as error, stops.at_once(), opened(folder) as (run, layer):
        count(run, layer, "mle", 1)
        signal.raise_signal(signal.SIGTERM)
        raise AssertionError("it goes on")
    assert "stopped after stage mle. " in one_line(error) and "000001" in str(error.value)


WATCHED = ("run.py", "run_folder.py", "run_state.py", "checkpoints.py", "progress.py", "writing.py")


def signalled_at(folder, number, signal_number, resume=False):
    """Whether a run came to its call `number` of the loop and its writers, and was signalled there."""
    calls = 0

    def profile(frame, event, argument):
        nonlocal calls
        if event == "call" and Path(frame.f_code.co_filename).name in WATCHED:
            calls += 1
            if calls == number:
                signal.raise_signal(signal_number)

    layer = keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")
    layer.build((None, 2))
    try:
        with stops.at_once(), Run(folder, "oracle", settings(resume=resume)) as run:
            sys.setprofile(profile)
            run.attach(layer=layer)
            whole(run, layer)
            sys.setprofile(None)
    except stops.Stopped as error:
        assert error.number == signal_number
        begun = (folder / "config.json").exists()
        assert "--resume" in str(error) or "run is complete" in str(error) or not begun
        return True
    finally:
        sys.setprofile(None)
    assert number == 0 or calls < number, "the signal was lost"
    return False


@pytest.mark.slow
@pytest.mark.parametrize(
    ("signal_number", "first", "stride"),
    [
        (signal.SIGINT, 1, 14),
        (signal.SIGTERM, 8, 14),
        pytest.param(signal.SIGTERM, 1, 1, marks=pytest.mark.faults),  # every call: two minutes
    ],
)
def test_a_signal_in_any_call_of_the_loop_or_of_a_writer_stops_the_run(
    tmp_path, monkeypatch, soon, signal_number, first, stride
):
    monkeypatch.setattr(Finite, "first_that_is_not", lambda self: None)  # traced for each run
    assert not signalled_at(tmp_path / "unbroken", 0, signal_number)
    expected = outcome(tmp_path / "unbroken")[:3]  # a stop makes one more checkpoint
    number = first
    while True:
        folder = tmp_path / str(number)
        if not signalled_at(folder, number, signal_number):
            break
        if not (folder / "result.json").exists():
            resume = (folder / "config.json").exists()
            assert not signalled_at(folder, 0, signal_number, resume)
        assert outcome(folder)[:3] == expected, number
        shutil.rmtree(folder)
        number += stride
    assert number > 100


def test_a_folder_in_which_nothing_was_begun_says_so(folder):
    with pytest.raises(stops.Stopped, match="same command again"), stops.at_once():
        with Run(folder, "oracle", settings()):
            signal.raise_signal(signal.SIGINT)
    with opened(folder):
        pass
