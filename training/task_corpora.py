"""The data of a run, read as its settings say: for its training, and later to ask people about it."""

from typing import TYPE_CHECKING, overload

from training.task_settings import (
    MusicSettings,
    OracleSettings,
    PoemSettings,
    SpeechSettings,
    TextSettings,
)

if TYPE_CHECKING:
    from data.corpus import Corpus
    from data.music import MusicCorpus
    from models.oracle import Oracle


@overload
def load_corpus(settings: MusicSettings) -> "MusicCorpus": ...
@overload
def load_corpus(settings: PoemSettings | SpeechSettings | TextSettings) -> "Corpus": ...
def load_corpus(
    settings: PoemSettings | SpeechSettings | TextSettings | MusicSettings,
) -> "Corpus | MusicCorpus":
    """The corpus that the settings of a run name, split as they say.

    Raises:
        DataError: it is not there or cannot be used.
    """
    if isinstance(settings, PoemSettings):
        from data.poems import load_poems

        return load_poems(
            settings.corpus, skip_malformed=settings.skip_malformed, split_seed=settings.split_seed
        )
    if isinstance(settings, MusicSettings):
        from data.music import load_music

        return load_music(settings.corpus, split_seed=settings.split_seed)
    if isinstance(settings, SpeechSettings):
        from data.speeches import load_speeches

        return load_speeches(
            settings.corpus,
            max_length=settings.max_length,
            min_count=settings.min_count,
            max_vocab=settings.max_vocab,
            lowercase=settings.lowercase,
            unit=settings.unit,
            split_seed=settings.split_seed,
        )
    from data.text import load_text

    return load_text(
        settings.corpus,
        level=settings.level,
        max_length=settings.max_length,
        min_count=settings.min_count,
        max_vocab=settings.max_vocab,
        lowercase=settings.lowercase,
        truncate=settings.truncate,
        column=settings.column,
        split_seed=settings.split_seed,
    )


def load_oracle(settings: OracleSettings) -> "tuple[Oracle, dict[str, str]]":
    """The oracle that `--oracle` names, and the SHA-256 of its file, by input, where it has one."""
    from data.oracle import oracle_file, read_oracle_parameters
    from files.hashing import sha256
    from models.oracle import Oracle

    if settings.oracle == "published":
        path = settings.oracle_file or oracle_file()
        parameters = read_oracle_parameters(path)
        return Oracle.from_parameters(parameters, settings.max_length), {"oracle": sha256(path)}
    seed = int(settings.oracle.removeprefix("seed:"))
    return Oracle.from_seed(seed, settings.vocab_size, settings.max_length), {}
