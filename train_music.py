#!/usr/bin/env python
"""Folk tunes: SeqGAN on melodies, one pitch every 0.4 s (Table 4 of Yu et al., 2017).

python train_music.py                       # downloads the Nottingham tunes once
python train_music.py --corpus sample       # small, no download
python train_music.py --corpus my_midi/     # a folder, or a zip, of MIDI files
python train_music.py --help                # every flag
"""

import files.script_start  # noqa: F401  # first, since it checks Python and its packages

# isort: split
from training.presets import MUSIC_PRESETS
from training.script import run_script
from training.task_settings import MusicSettings


def make_task(settings: MusicSettings):
    """The tunes, the measures of Table 4, and samples as MIDI files."""
    from data.music_export import write_audio, write_midi
    from metrics.pitch import histogram_mse, interval_histogram_mse, paired_mse
    from training.corpus_task import corpus_task
    from training.task_corpora import load_corpus

    corpus = load_corpus(settings)

    def pitch_figures(samples, references):
        paired = paired_mse(samples, references, seed=0)
        return {
            "pitch_mse": paired.random,
            "pitch_mse_nearest": paired.nearest,
            "pitch_histogram_mse": histogram_mse(samples, references),
            "interval_histogram_mse": interval_histogram_mse(samples, references),
        }

    def write_samples(folder, samples):
        (folder / "samples").mkdir(exist_ok=True)
        for number, sequence in enumerate(samples, start=1):
            write_midi(sequence, folder / "samples" / f"{number:03d}.mid")
            if settings.audio:
                write_audio(sequence, folder / "samples" / f"{number:03d}.wav")

    vocabulary = {"task": "music", "level": "key", "size": corpus.vocab_size}
    options = {"pad_token": 0, "blocked_tokens": (0,)}  # all windows have T keys
    return corpus_task(corpus, vocabulary, settings, write_samples, options, pitch_figures)


if __name__ == "__main__":
    run_script("music", MUSIC_PRESETS, make_task)
