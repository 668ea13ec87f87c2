"""The run of a worker that is not the chief."""

from pathlib import Path
from typing import Any

from files.errors import UsageError
from training.run import Measurement, Run


class Helper(Run):
    """Takes every step of a run and writes nothing: the folder is the chief's.

    TensorFlow's guide lets all workers save and throws the others' files away, for a variable that is
    added up over the workers when it is saved. Here none is: each worker has all of every variable.
    """

    def _claim_folder(self) -> None:
        pass  # nor look at what is there, for the chief may be ahead

    def _newest(self) -> Path | None:
        number = int(self.distribution.of_workers(0)[0, 0])
        newest = self.folder / "checkpoints" / f"{number:06d}"
        if number and not newest.is_dir():
            raise UsageError(
                f"there is no {newest} here, from which the chief goes on. Give an --out that is one "
                "folder for all workers."
            )
        return newest if number else None

    def _write_config(self) -> None:
        pass

    def _start_tables(self) -> None:
        pass

    def _drop_old(self) -> None:
        pass

    def _copy_scores(self, source: Path) -> None:
        pass

    def save(self) -> None:
        """Leaves that to the chief."""

    def _write_row(self, row: dict[str, Any]) -> None:
        pass

    def keep(self, measurement: Measurement, suffix: str = "") -> None:
        """There is nothing to keep: the chief measures."""
