"""What a run says and records of GPUs, by fakes of what TensorFlow lists."""

import dataclasses
import json
import types
from unittest import mock

import pytest
import tensorflow as tf

from training import distribution, gpus, provenance, session
from training.discriminators import with_defaults
from training.distribution import ONE_DEVICE, make_distribution
from training.presets import ORACLE_PRESETS
from training.result import make_result
from training.run_state import RunState
from training.stored_settings import load_settings, settings_to_json

SETTINGS = ORACLE_PRESETS["smoke"]


@pytest.fixture
def listed(monkeypatch):
    """Models of the GPUs that TensorFlow lists; a test may change them."""
    names: list[str] = []
    config = tf.config
    monkeypatch.setattr(config, "list_physical_devices", lambda kind: list(names))
    monkeypatch.setattr(
        config.experimental,
        "get_device_details",
        lambda gpu: {"device_name": gpu} if gpu else {},
    )
    return names


@pytest.fixture
def driver(monkeypatch, tmp_path):
    """The file of NVIDIA's driver; no GPU is hidden."""
    file = tmp_path / "nvidia0"
    monkeypatch.setattr(gpus, "DRIVER_FILE", file)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return file


def test_memory_grows_before_the_first_use_of_a_device(listed, monkeypatch):
    listed += ["A", "B"]
    done = []
    monkeypatch.setattr(
        tf.config.experimental, "set_memory_growth", lambda gpu, grows: done.append((gpu, grows))
    )
    assert session.quiet(lambda: done.append("used") or "given") == "given"
    assert done == [("A", True), ("B", True), "used"]
    done.clear()
    monkeypatch.setattr(tf, "constant", lambda value: done.append("used"))
    session.quiet()  # as sample.py calls it
    assert done == [("A", True), ("B", True), "used"]


@pytest.mark.parametrize("error", [RuntimeError, ValueError])
def test_devices_in_use_or_split_by_the_caller_stay_as_they_are(listed, monkeypatch, error):
    listed.append("A")
    growth = mock.Mock(side_effect=error)
    monkeypatch.setattr(tf.config.experimental, "set_memory_growth", growth)
    gpus.grow_memory()
    growth.assert_called_once_with("A", True)


def test_a_run_says_what_it_runs_on(listed, monkeypatch):
    monkeypatch.setattr(gpus, "usable_cores", lambda: 2)
    assert gpus.runs_on(ONE_DEVICE) == "on the CPU (2 cores)"
    listed += ["NVIDIA A100", "NVIDIA A100", "NVIDIA T4"]
    assert gpus.runs_on(ONE_DEVICE) == "on 1 GPU (NVIDIA A100)"
    several = types.SimpleNamespace(devices=["GPU:0", "GPU:1", "GPU:2"])
    assert gpus.runs_on(several).endswith("on 3 GPUs (NVIDIA A100, NVIDIA T4)")
    listed[:] = [""]
    assert gpus.runs_on(ONE_DEVICE) == "on 1 GPU (unknown model)"


def test_workers_say_how_many_they_are(listed, monkeypatch):
    monkeypatch.setattr(gpus, "usable_cores", lambda: 1)
    workers = distribution.Distribution()
    workers.cluster = types.SimpleNamespace(tasks=(1, 2))
    assert gpus.runs_on(workers) == "2 workers, each on the CPU (1 core)"


def test_a_gpu_that_tensorflow_does_not_list_is_a_warning_with_the_fix(listed, driver, monkeypatch):
    assert gpus.unused_gpu() is None  # no driver
    driver.touch()
    warning = gpus.unused_gpu()
    assert warning.startswith("warning: ") and "pip install -r requirements-gpu.txt" in warning
    for hidden in ("", "-1"):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
        assert gpus.unused_gpu() is None
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    assert gpus.unused_gpu() == warning
    listed.append("A")
    assert gpus.unused_gpu() is None


def test_provenance_names_the_gpus(listed):
    assert provenance.hardware().endswith(", 0 GPU")
    listed += ["NVIDIA A100", "NVIDIA A100"]
    assert provenance.provenance()["hardware"].endswith(", 2 GPU (NVIDIA A100)")


def test_the_result_has_the_peak_of_the_gpu_that_used_most(listed, monkeypatch):
    peaks = {"GPU:0": 3_000_000, "GPU:1": 5_250_000}
    memory = tf.config.experimental
    monkeypatch.setattr(memory, "get_memory_info", lambda name: {"peak": peaks[name], "current": 1})

    def result(state):
        return make_result("oracle", SETTINGS, state, {}, {})

    state = RunState(tables={"temperatures": {"final": {}}})
    state.note_memory()
    assert state.peak_memory_mb > 50 and "peak_gpu_memory_mb" not in result(state)
    listed += ["A", "B"]
    state.note_memory()
    assert result(state)["peak_gpu_memory_mb"] == 5.2

    resumed = RunState.from_json(json.loads(json.dumps(state.to_json())))
    peaks["GPU:1"] = 1_000_000
    resumed.note_memory()
    assert result(resumed)["peak_gpu_memory_mb"] == 5.2
    assert resumed.as_start().peak_gpu_memory_mb == 5.25


def test_a_checkpoint_of_an_older_version_has_no_gpu():
    saved = RunState().to_json()
    del saved["peak_gpu_memory_mb"], saved["numerics_checked"]
    assert RunState.from_json(saved) == RunState()


# Devices


def test_several_gpus_are_used_only_when_asked_for(monkeypatch):
    two = [types.SimpleNamespace(name=f"/device:GPU:{number}") for number in range(2)]
    monkeypatch.setattr(
        tf.config, "list_logical_devices", lambda kind: two if kind == "GPU" else []
    )
    strategy = mock.Mock()
    monkeypatch.setattr(tf.distribute, "MirroredStrategy", strategy)
    for distribute in ("auto", "none"):
        alone = make_distribution(distribute, None, 64)
        assert alone.strategy is None and alone.num_replicas == 1
    strategy.assert_not_called()
    strategy.return_value.num_replicas_in_sync = 2
    strategy.return_value.extended.worker_devices = [each.name for each in two]
    assert make_distribution("mirrored", None, 64).num_replicas == 2
    strategy.assert_called_once_with([each.name for each in two])


# --deterministic


@pytest.mark.parametrize("deterministic", [False, True])
def test_deterministic_operations_are_chosen_before_devices_are(deterministic, monkeypatch):
    done = []
    monkeypatch.setattr(
        tf.config.experimental, "enable_op_determinism", lambda: done.append("determinism")
    )
    monkeypatch.setattr(
        tf.config.experimental,
        "enable_tensor_float_32_execution",
        lambda enabled: done.append(f"TF32 {enabled}"),
    )
    monkeypatch.setattr(
        distribution, "make_distribution", lambda *_: done.append("devices") or ONE_DEVICE
    )
    settings = dataclasses.replace(SETTINGS, deterministic=deterministic)
    assert session.join(settings, None) is ONE_DEVICE
    expected = ["determinism", "TF32 False", "devices"] if deterministic else ["devices"]
    assert done == expected


def test_runs_of_older_versions_had_neither_setting(tmp_path):
    assert settings_to_json(SETTINGS)["deterministic"] is False
    stored = settings_to_json(SETTINGS)
    del stored["deterministic"], stored["xla"]
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"settings": stored}))
    loaded = load_settings(config, type(SETTINGS))
    assert loaded == with_defaults(SETTINGS) and not loaded.deterministic and loaded.xla
