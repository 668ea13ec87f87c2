"""Settings that name a run and say how it starts: the first fields of `training.settings.Settings`."""

import dataclasses
from functools import partial
from pathlib import Path
from typing import Literal

from training.bounds import SEED
from training.options import option

run = partial(option, group="Run")


@dataclasses.dataclass(frozen=True)
class RunSettings:
    """What is trained, where it is kept, and from what it starts."""

    preset: str = run("quick", "Named set of default values.", after_pretraining=True)
    algorithm: Literal["random", "mle", "ss", "pg-bleu", "seqgan"] = run(
        "seqgan",
        "random: no training, evaluates the untrained controls. mle: maximum likelihood only. ss: scheduled sampling in place of maximum likelihood. pg-bleu: maximum likelihood, then policy gradient with a BLEU reward. seqgan: maximum likelihood, then adversarial training (Algorithm 1).",
        names_run=True,
        after_pretraining=True,
    )
    seed: int = run(1, "Random seed of the run.", bounds=SEED, names_run=True)
    out: Path | None = run(
        None,
        "Output folder. Default: runs/TASK-ALGORITHM-PRESET-seedN. The name also has the data and the reward where they are not the usual ones, and the settings that differ from the preset: runs/oracle-published-seqgan-num_rollouts_4-quick-seed1.",
        stored=False,
    )
    resume: bool = run(False, "Continue the run in --out from its latest checkpoint.", stored=False)
    pretrained: Path | None = run(
        None,
        "Start from this finished run of --algorithm mle instead of pre-training the generator. It must have the same seed, data, generator and maximum-likelihood settings.",
        stored=False,
        by_content=True,
    )
