"""In place of compare.py: a line for each run."""

import json
import sys
from pathlib import Path

folders = sys.argv[1 : sys.argv.index("--json")]
for folder in folders:
    result = json.loads(Path(folder, "result.json").read_text())
    print(Path(folder).name, result["algorithm"], *result["steps"])
