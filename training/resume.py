"""Where a run continues: its own newest checkpoint, or the end of a finished MLE run; on the same data."""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

from files.errors import UsageError
from files.hashing import sha256
from files.plain_path import plain_path
from files.reading import read_json
from training.checkpoints import clear_half_written, newest_whole, read_state
from training.distribution import Distribution
from training.provenance import intra_op_threads
from training.run_state import RunState
from training.settings import Settings
from training.stored_settings import check_same_start, load_settings

Say = Callable[[str], None]
PRETRAINED = "run of --pretrained"  # its name among the inputs


def check_pretrained(source: Path, settings: Settings, say: Say) -> Path:
    """The checkpoint where the pre-training of the run in `source` ended.

    Raises:
        UsageError: a run of these settings cannot start from it.
    """
    fix = "Give --pretrained the folder of a finished MLE run of the same script."
    check_same_start(settings, load_settings(source / "config.json", type(settings), fix))
    if not (source / "result.json").is_file():
        raise UsageError(
            f"--pretrained is {source}, whose run is not complete. Continue it with --resume first."
        )
    newest = newest_whole(source, say, set_aside=False)
    if newest is None or "final" not in read_state(newest)["tables"]["temperatures"]:
        raise UsageError(
            f"--pretrained is {source}, which has no intact checkpoint of its end. Give another run."
        )
    return newest


def newest_for_all(folder: Path, distribution: Distribution, say: Say) -> Path | None:
    """The checkpoint that all workers continue from: the newest that the chief finds intact.

    Raises:
        UsageError: a worker does not see it.
    """
    number = 0
    if distribution.is_chief:
        clear_half_written(folder)
        found = newest_whole(folder, say, set_aside=True)
        number = int(found.name) if found else 0
    number = int(distribution.all_workers(number)[0, 0])
    newest = folder / "checkpoints" / f"{number:06d}"
    if number and not newest.is_dir():
        raise UsageError(
            f"there is no {newest} here, from which the chief continues. Give an --out that is "
            "one folder for all workers."
        )
    return newest if number else None


def restore(checkpoint: Path, objects: tf.train.Checkpoint) -> RunState:
    """Restores the variables and returns the state that a checkpoint holds.

    Raises:
        UsageError: it does not fit.
    """
    try:
        with plain_path(checkpoint) as folder:
            objects.read(str(folder / "variables")).assert_consumed()
        return RunState.from_json(read_state(checkpoint))
    except (AssertionError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{checkpoint} is not compatible with this version of the code "
            f"({str(error).splitlines()[0]:.200}). Continue with the version that config.json names, "
            "or start a new run with another --out."
        ) from None


def restore_generator(checkpoint: Path, generator: Any) -> RunState:
    """Restores the generator of an MLE run; returns the state of a run that starts from it."""
    objects = tf.train.Checkpoint(generator=generator)
    with plain_path(checkpoint) as folder:
        status = objects.read(str(folder / "variables"))
        status.expect_partial().assert_existing_objects_matched()
    return RunState.from_json(read_state(checkpoint)).as_start()


def checkpoint_digest(checkpoint: Path) -> str:
    """SHA-256 over the names and contents of a checkpoint's files: identifies the MLE run that a run starts from."""
    digest = hashlib.sha256()
    for path in sorted(path for path in checkpoint.iterdir() if path.is_file()):
        digest.update(f"{path.name} {sha256(path)}\n".encode())
    return digest.hexdigest()


def check_same_data(start: Path, inputs: Mapping[str, str]) -> str:
    """Checks that a run has read the same data as the MLE run that it starts from.

    Args:
        start: the checkpoint from `check_pretrained`.
        inputs: SHA-256 of what the run has read, by input.

    Returns:
        SHA-256 of the checkpoint, which becomes an input too.

    Raises:
        UsageError: the data differ.
    """
    source = start.parents[1]
    before = _recorded_inputs(source)
    if before is not None:
        known = {name: digest for name, digest in inputs.items() if name in before}
        _check_same(known, before, source, "Give the same data, or another --pretrained.")
    return checkpoint_digest(start)


def check_resumed(
    folder: Path, inputs: Mapping[str, str], pretrained: Path | None, say: Say
) -> dict[str, str]:
    """Checks that a resumed run reads the data that it began with; returns its inputs as recorded.

    Args:
        folder: of the run.
        inputs: SHA-256 of what the task has read now, by input. The content decides, not the path.
        pretrained: the run that `--pretrained` names now; None: it is not given.
        say: called with a warning for a run of an older version, which recorded no inputs.

    Raises:
        UsageError: an input has changed, or the run did not start from another one.
    """
    before = _recorded_inputs(folder)
    if before is None:
        say(
            f"warning: {folder} is of an older version, which did not record its inputs: a change of "
            "them would go unnoticed."
        )
        return dict(inputs)
    data = {name: digest for name, digest in before.items() if name != PRETRAINED}
    _check_same(
        inputs, data, folder, "Restore the original, or start a new run with another --out."
    )
    if pretrained is not None and PRETRAINED not in before:
        raise UsageError(
            f"--pretrained is {pretrained}, but the run in {folder} pre-trains its own generator. "
            "Leave the flag out to resume that run, or give another --out to start a new one."
        )
    return before


def recorded_start(folder: Path, settings: Settings, say: Say) -> Path | None:
    """The checkpoint of `--pretrained` that a run started from; None: it pre-trains itself.

    Raises:
        UsageError: it cannot be used, or has changed since.
    """
    config = read_json(folder / "config.json", "expected that of a run")
    recorded = config.get("pretrained")
    source = settings.pretrained or (Path(recorded) if isinstance(recorded, str) else None)
    if source is None:
        return None
    start = check_pretrained(source, settings, say)
    before = (_recorded_inputs(folder) or {}).get(PRETRAINED)
    if before is not None:
        fix = "Give the original with --pretrained, or start a new run with another --out."
        _check_same({PRETRAINED: checkpoint_digest(start)}, {PRETRAINED: before}, folder, fix)
    return start


def warn_of_other_threads(config: Mapping[str, Any], say: Say) -> None:
    """Warns where a run began with another number of threads, which changes how sums are rounded."""
    before, now = config.get("threads"), intra_op_threads()
    if isinstance(before, int) and before != now:
        say(
            f"warning: the run began with {before} threads and has {now} now: its numbers will be "
            f"rounded differently. For the same bits set TF_NUM_INTRAOP_THREADS={before}."
        )


def _check_same(now: Mapping[str, str], before: Mapping[str, str], of: Path, fix: str) -> None:
    """Raises `UsageError`, ending in `fix`, unless the inputs have the digests that `of` recorded."""
    for name in sorted({*now, *before}):
        digests = [each.get(name) for each in (now, before)]
        if digests[0] != digests[1]:
            given, recorded = (f"SHA-256 {digest:.16}" if digest else "none" for digest in digests)
            raise UsageError(
                f"the {name} is not the one that the run in {of} has read ({given} now, {recorded} "
                f"then). {fix}"
            )


def _recorded_inputs(folder: Path) -> dict[str, str] | None:
    """SHA-256 of what a run has read, by input; None for an older version that recorded none."""
    inputs = read_json(folder / "config.json", "expected that of a run").get("inputs")
    if isinstance(inputs, dict) and all(isinstance(digest, str) for digest in inputs.values()):
        return inputs
    result = folder / "result.json"
    data = read_json(result, "expected that of a run").get("data") if result.is_file() else None
    if isinstance(data, dict) and isinstance(data.get("sha256"), str):
        return {"corpus": data["sha256"]}
    return None
