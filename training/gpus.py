"""The GPUs of this machine: their memory, their names, and whether TensorFlow uses them."""

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

import tensorflow as tf

from files.platform import usable_cores

if TYPE_CHECKING:
    from training.distribution import Distribution

# What the driver of NVIDIA makes for the first GPU of a machine.
DRIVER_FILE = Path("/dev/nvidia0")


def grow_memory() -> None:
    """Lets TensorFlow take the memory of GPUs as it needs it, not all of it at the start.

    Call it before anything uses a device; later it does nothing. `TF_FORCE_GPU_ALLOW_GROWTH=false`
    overrides it.
    """
    # RuntimeError: the devices are in use. ValueError: the caller has split them into virtual ones.
    with contextlib.suppress(RuntimeError, ValueError):
        for gpu in tf.config.list_physical_devices("GPU"):
            tf.config.experimental.set_memory_growth(gpu, True)


def gpu_names() -> list[str]:
    """The model of each GPU that TensorFlow lists, such as `"NVIDIA A100-SXM4-40GB"`."""
    details = map(tf.config.experimental.get_device_details, tf.config.list_physical_devices("GPU"))
    return [each.get("device_name", "unknown model") for each in details]


def runs_on(distribution: "Distribution") -> str:
    """What a training runs on, in words: `"on 1 GPU (NVIDIA A100-SXM4-40GB)"`."""
    names = gpu_names()[: len(distribution.devices)]
    if not names:
        return f"{distribution}on the CPU ({_counted(usable_cores(), 'core')})"
    return f"{distribution}on {_counted(len(names), 'GPU')} ({', '.join(dict.fromkeys(names))})"


def unused_gpu() -> str | None:
    """A warning where the machine has a GPU that TensorFlow does not list; None where all is well."""
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1")  # by the user
    if hidden or not DRIVER_FILE.exists() or tf.config.list_physical_devices("GPU"):
        return None
    return (
        f"warning: this machine has a GPU ({DRIVER_FILE}), but TensorFlow cannot use it. Install its "
        "CUDA libraries with `pip install -r requirements-gpu.txt`, or set CUDA_VISIBLE_DEVICES=-1."
    )


def peak_gpu_memory_mb() -> float:
    """Peak memory of the GPU that used most in this process, MB (10^6 bytes); 0 without a GPU."""
    count = len(tf.config.list_physical_devices("GPU"))
    memory = (tf.config.experimental.get_memory_info(f"GPU:{number}") for number in range(count))
    return max((each["peak"] for each in memory), default=0) / 1e6


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"
