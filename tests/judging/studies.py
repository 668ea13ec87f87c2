"""Small studies and their files, without a generator."""

import numpy as np

from judging import schema
from judging.database import Database
from judging.study import REAL, Source, make_study, tune_content

NASTY = "<script>alert('x')</script> & \"quoted\" </textarea>"
POEM = "远水收残照，\n空山起暮钟。\n归人桥上立，\n独数两三峰。"


def sources(*kinds):
    """The real source and one for each algorithm."""
    runs = [Source(f"runs/{kind}", kind, {"digest": kind}) for kind in kinds]
    return [Source("real", REAL, {"corpus": "sample"}), *runs]


def text_study(num=3, kinds=("mle", "seqgan"), task="text", seed=1):
    """Texts that say, for the tests alone, where they came from."""
    contents = [
        [f"{source.kind} text {k} of a few words" for k in range(num)] for source in sources(*kinds)
    ]
    contents[0][0] = NASTY
    return make_study(task, seed, sources(*kinds), contents)


def poem_study(num=3):
    poems = [[f"{POEM[:-2]}{'一二三四五六七八九十'[k]}。" for k in range(num)] for _ in range(2)]
    return make_study("poems", 1, sources("seqgan"), poems)


def tune_study(num=2):
    random = np.random.default_rng(0)
    tunes = [[tune_content(random.integers(30, 60, 32)) for _ in range(num)] for _ in range(2)]
    return make_study("music", 1, sources("seqgan"), tunes)


def database(folder, study=None):
    """The open file of a study."""
    path = folder / "judge.sqlite"
    schema.create(path, study or text_study())
    return Database(path)
