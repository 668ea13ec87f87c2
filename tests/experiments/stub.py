"""A training of the poems that computes nothing: five steps, a checkpoint after each, then the result.

While the file `wait` lies in the current folder, a run of SeqGAN waits after its second step for a signal.
"""

import json
import time
from pathlib import Path

from training.errors import one_line_errors
from training.flags import parse
from training.presets import POEM_PRESETS
from training.stops import Stopped, after_step
from training.stored_settings import settings_to_json


def train() -> None:
    settings = parse(POEM_PRESETS, prog="train_poems.py")
    out = settings.out
    assert out is not None
    steps = out / "steps.txt"
    if not settings.resume:
        out.mkdir(parents=True)
        stored = {"settings": settings_to_json(settings), "threads": 1}
        (out / "config.json").write_text(json.dumps(stored))
        steps.write_text("")
    with after_step() as request:
        for step in range(len(steps.read_text().split()), 5):
            with steps.open("a") as file:
                file.write(f"{step}\n")
            while step == 1 and settings.algorithm == "seqgan" and Path("wait").exists():
                time.sleep(0.01)
                if request.number is not None:
                    break
            if request.number is not None:
                raise Stopped(request.number, f"stopped after step {step}")
    result = {"steps": steps.read_text().split(), "algorithm": settings.algorithm}
    (out / "result.json").write_text(json.dumps({**result, "seconds": {"mle": 60.0}}))


if __name__ == "__main__":
    with one_line_errors():
        train()
