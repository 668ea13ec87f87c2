"""Reading result files."""

import json
from pathlib import Path
from typing import Any

Result = dict[str, Any]


def find_results(paths: list[Path]) -> tuple[list[Result], list[str]]:
    """Complete results under the paths, and what was left out, in words.

    A path is a `result.json`, a run folder, or a folder to search for files named `*.json` that are
    results. The same run found twice counts once.
    """
    results, left_out = [], []
    for path in paths:
        if not path.exists():
            left_out.append(f"{path}: there is no such file or folder")
            continue
        incomplete = path.is_dir() and (path / "config.json").exists()
        if incomplete and not (path / "result.json").exists():
            left_out.append(f"{path}: the run is not complete; go on with it by --resume")
        for file in sorted(path.rglob("*.json")) if path.is_dir() else [path]:
            try:
                result = json.loads(file.read_text(encoding="utf-8"))
            except (OSError, ValueError) as error:
                left_out.append(f"{file}: cannot be read ({error})")
                continue
            if not isinstance(result, dict) or "metrics" not in result:
                if file == path:
                    left_out.append(f"{file}: is no result file")
            elif not result.get("complete"):
                left_out.append(f"{file}: is not marked complete")
            elif result not in results:
                results.append(result)
    return results, left_out
