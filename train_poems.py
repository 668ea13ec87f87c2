#!/usr/bin/env python
"""Chinese quatrains: SeqGAN on 20 characters a poem (Table 2 of Yu et al., 2017).

python train_poems.py                        # downloads the quatrains once
python train_poems.py --corpus sample        # small, no download
python train_poems.py --corpus my_poems.txt  # one quatrain a line
python train_poems.py --help                 # every flag
"""

import files.script_start  # noqa: F401  # first, since it checks Python and its packages

# isort: split
from training.presets import POEM_PRESETS
from training.script import run_script
from training.task_settings import PoemSettings


def make_task(settings: PoemSettings):
    """The quatrains, the measures of Table 2, and poems as four lines with punctuation."""
    from data.poems import format_poem
    from data.vocabulary import END, PAD, UNKNOWN
    from training.corpus_task import corpus_task
    from training.task_corpora import load_corpus

    corpus = load_corpus(settings)

    def write_samples(folder, samples):
        poems = [format_poem(corpus.vocabulary.decode(sequence)) for sequence in samples]
        (folder / "samples.txt").write_text("\n\n".join(poems) + "\n", encoding="utf-8")

    # All poems have T characters: none ends early.
    options = {"pad_token": PAD, "blocked_tokens": (PAD, END, UNKNOWN)}
    return corpus_task(corpus, corpus.vocabulary.to_json(), settings, write_samples, options)


if __name__ == "__main__":
    run_script("poems", POEM_PRESETS, make_task)
