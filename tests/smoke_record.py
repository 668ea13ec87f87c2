"""Results of smoke runs, recorded before the training code was last reorganized: what must not change.

python -m tests.smoke_record FOLDER   # writes the record of the runs in a folder, by their names
"""

import hashlib
import json
import platform
import sys
from pathlib import Path

import numpy as np

RECORD = Path(__file__).with_name("smoke_record.json")
# Sums are taken in another order with other threads; `make test` compiles with fewer optimizations.
ENVIRONMENT = {"TF_NUM_INTRAOP_THREADS": "1", "XLA_FLAGS": ""}
RUNS = {
    **{f"{task}-mle": (f"train_{task}.py", "--algorithm", "mle")
       for task in ("oracle", "poems", "speeches", "music", "text")},
    **{f"{task}-seqgan": (f"train_{task}.py",)
       for task in ("oracle", "poems", "speeches", "music", "text")},
    "oracle-ss": ("train_oracle.py", "--algorithm", "ss", "--ss-decay", "0.5"),
    "oracle-pg-bleu": ("train_oracle.py", "--algorithm", "pg-bleu"),
    "oracle-random": ("train_oracle.py", "--algorithm", "random"),
    "oracle-uniform": ("train_oracle.py", "--reward", "uniform", "--reward-baseline", "position"),
}  # fmt: skip


def machine() -> dict[str, str]:
    """What the last bits of a result depend on besides the settings and the number of threads."""
    import tensorflow as tf

    cpu = f"{platform.machine()} {platform.processor()}"
    information = Path("/proc/cpuinfo")
    if information.exists():
        first = information.read_text().split("\n\n")[0]  # of the first core
        pairs = (line.split(":", 1) for line in first.splitlines() if ":" in line)
        known = {name.strip(): value.strip() for name, value in pairs}
        names = ("model name", "cpu family", "model", "stepping")
        flags = hashlib.sha256(known.get("flags", "").encode()).hexdigest()
        cpu = " ".join(known.get(name, "") for name in names) + f" flags {flags:.12}"
    return {"cpu": cpu, "tensorflow": tf.__version__, "numpy": np.__version__}


def digest(folder: Path) -> str:
    """SHA-256 of a run's samples and of its NLL of each sequence."""
    samples = [folder / "samples.txt", *sorted((folder / "samples").glob("*.mid"))]
    total = hashlib.sha256()
    for path in (*samples, *sorted((folder / "scores").glob("nll_*.npy"))):
        if path.is_file():
            total.update(path.name.encode() + path.read_bytes())
    return total.hexdigest()


def likelihoods(folder: Path) -> dict[str, float]:
    """The run's final NLLs, by name."""
    metrics = json.loads((folder / "result.json").read_text())["metrics"]
    return {name: value for name, value in metrics.items() if name.startswith("nll_")}


def check(name: str, folder: Path) -> None:
    """The run is the recorded one: to the bit on the machine of the record, else within 2 %."""
    record = json.loads(RECORD.read_text())
    expected, found = record["runs"][name], likelihoods(folder)
    for figure, value in expected["likelihoods"].items():
        np.testing.assert_allclose(found[figure], value, rtol=0.02, err_msg=f"{name}: {figure}")
    if machine() == record["machine"]:
        assert digest(folder) == expected["digest"], name


if __name__ == "__main__":
    runs = {
        name: {"digest": digest(folder), "likelihoods": likelihoods(folder)}
        for name in RUNS
        if (folder := Path(sys.argv[1]) / name).is_dir()
    }
    RECORD.write_text(json.dumps({"machine": machine(), "runs": runs}, indent=1) + "\n")
