"""Draws docs/architecture.svg: the packages by their imports, and a batch's way through them.

    python -m docs.make_architecture

The packages, their layers and their arrows come from the import statements, their descriptions from the
first line of `__init__.py`. The steps of a batch name functions; one that is no longer there is an error.
"""

import ast
import sys
from collections.abc import Iterable
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PICTURE = Path(__file__).with_name("architecture.svg")

# Drawn: everything that a user runs or imports. "scripts" are the files in the top folder.
PACKAGES = ("scripts", "judging", "reports", "training", "models", "data", "metrics", "files")
# What happens in one adversarial round, with the function that does it.
BATCH = (
    ("data/corpus.py", "build_corpus", "real sequences, int32 [M, T]"),
    ("models/generator.py", "Generator.sample", "samples, int32 [B, T]"),
    ("models/rollout.py", "Rollout.action_values", "N roll-outs of every prefix"),
    ("models/judge.py", "Judge.probability_real", "a reward for each, [M]"),
    ("models/weighted_nll.py", "weighted_nll", "loss of Eq. (8), from action values [B, T]"),
    ("training/steps.py", "Steps.policy_gradient", "update of the generator"),
    ("training/steps.py", "Steps.discriminator_epoch", "update of the discriminator"),
    ("training/run.py", "Run.log", "metrics.csv, checkpoints"),
)

_BOX, _GAP, _ROW = (250, 58), 30, 112
_WIDTH, _MARGIN, _STEP = 940, 20, 44
_STYLE = (
    "text{font-family:sans-serif;fill:#222}.n{font-size:15px;font-weight:bold}.d{font-size:10.5px}"
    ".h{font-size:16px;font-weight:bold}.c{font-family:monospace;font-size:12.5px}"
    "rect{fill:#eef4fb;stroke:#3b6ea5}path{fill:none;stroke:#888}"
)


def imported(path: Path) -> set[str]:
    """Names of the modules that a file imports, wherever in it: `{"models.oracle", "numpy"}`."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            if node.level or node.module is None:
                raise ValueError(f"{path} has a relative import, expected the name of the package.")
            names.add(node.module)
    return names


def files_of(package: str) -> list[Path]:
    """Its Python files."""
    if package == "scripts":
        return sorted(ROOT.glob("*.py"))
    return sorted((ROOT / package).rglob("*.py"))


def arrows() -> dict[str, set[str]]:
    """For each package those that it imports."""
    found = {}
    for package in PACKAGES:
        tops = {name.split(".")[0] for path in files_of(package) for name in imported(path)}
        found[package] = (tops & set(PACKAGES)) - {package}
    return found


def layers(imports: dict[str, set[str]]) -> dict[str, int]:
    """0 for the lowest packages, else one more than the highest that a package imports.

    A package that imports none stands right below the lowest of those that import it.
    """
    level: dict[str, int] = {}
    while len(level) < len(imports):
        ready = [p for p in imports if p not in level and imports[p] <= level.keys()]
        if not ready:
            left = ", ".join(sorted(set(imports) - level.keys()))
            raise ValueError(f"{left} import one another, expected imports in one direction.")
        level |= {p: 1 + max((level[q] for q in imports[p]), default=-1) for p in ready}
    lowest = {p: min((level[q] for q in imports if p in imports[q]), default=1) for p in imports}
    return {p: level[p] if imports[p] else lowest[p] - 1 for p in imports}


def shortest(imports: dict[str, set[str]]) -> dict[str, set[str]]:
    """The imports without those that follow from others, so that few arrows are drawn."""

    def below(package: str) -> set[str]:
        return imports[package].union(*(below(other) for other in imports[package]))

    return {
        package: {p for p in found if not any(p in below(other) for other in found - {p})}
        for package, found in imports.items()
    }


def description(package: str) -> str:
    """The first line of the package's docstring."""
    if package == "scripts":
        return "train_*.py, sample.py, score.py, compare.py, …"
    text = (ROOT / package / "__init__.py").read_text(encoding="utf-8")
    return (ast.get_docstring(ast.parse(text)) or "").split("\n")[0]


def check_function(file: str, name: str) -> None:
    """Raises `ValueError` where the file has no such function or method."""
    body: Iterable[ast.stmt] = ast.parse((ROOT / file).read_text(encoding="utf-8")).body
    for part in name.split("."):
        found = [
            n for n in body if isinstance(n, ast.ClassDef | ast.FunctionDef) and n.name == part
        ]
        if not found:
            raise ValueError(
                f"{file} has no {name}, expected the function of a step: change BATCH."
            )
        body = found[0].body


def _lines(text: str, width: int) -> list[str]:
    """The text in two lines of at most `width` characters, cut where it is longer."""
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) + 1 > width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines[:2] if len(lines) < 3 else [lines[0], f"{lines[1]} …"]


def _text(x: float, y: float, kind: str, text: str, more: str = "") -> str:
    return f'<text x="{x:g}" y="{y:g}" class="{kind}"{more}>{escape(text)}</text>'


def picture() -> str:
    """The drawing as SVG."""
    imports = arrows()
    level = layers(imports)
    top = max(level.values())
    rows = [[p for p in PACKAGES if level[p] == row] for row in range(top, -1, -1)]
    width, height = _BOX
    below = shortest(imports)
    places: dict[str, tuple[float, float]] = {}
    for row, packages in reversed(list(enumerate(rows))):
        left = (_WIDTH - len(packages) * width - (len(packages) - 1) * _GAP) / 2
        if len(packages) == 1 and (under := [places[p][0] for p in below[packages[0]]]):
            left = sum(under) / len(under)  # a single box stands above what it imports
        for column, package in enumerate(packages):
            places[package] = (left + column * (width + _GAP), 50 + row * _ROW)
    drawn = [_text(_MARGIN, 30, "h", "Packages (an arrow points to what is imported)")]
    for package in PACKAGES:
        x, y = places[package]
        for other in sorted(below[package]):
            to_x, to_y = places[other]
            line = f"M{x + width / 2:g},{y + height:g} L{to_x + width / 2:g},{to_y - 4:g}"
            drawn.append(f'<path d="{line}" marker-end="url(#a)"/>')
    for package, (x, y) in places.items():
        drawn.append(f'<rect x="{x:g}" y="{y:g}" width="{width}" height="{height}" rx="6"/>')
        name = package if package == "scripts" else f"{package}/"
        drawn.append(_text(x + 10, y + 20, "n", name))
        drawn += [
            _text(x + 10, y + 36 + 14 * k, "d", line)
            for k, line in enumerate(_lines(description(package), 42))
        ]
    y = 50 + len(rows) * _ROW + 10
    drawn.append(
        _text(_MARGIN, y, "h", "A batch in one adversarial round (Algorithm 1: training/seqgan.py)")
    )
    for number, (file, name, what) in enumerate(BATCH, start=1):
        check_function(file, name)
        y += _STEP if number > 1 else 18
        drawn.append(
            f'<rect x="{_MARGIN}" y="{y:g}" width="{_WIDTH - 2 * _MARGIN}" height="30" rx="6"/>'
        )
        drawn.append(_text(_MARGIN + 12, y + 20, "n", str(number)))
        drawn.append(_text(_MARGIN + 40, y + 20, "c", f"{file}: {name}"))
        drawn.append(_text(_MARGIN + 560, y + 20, "c", what))
        if number < len(BATCH):
            drawn.append(f'<path d="M{_MARGIN + 17},{y + 30:g} v8" marker-end="url(#a)"/>')
    marker = '<marker id="a" markerWidth="8" markerHeight="8" refX="6" refY="3" orient="auto"><path d="M0,0 L6,3 L0,6" style="fill:#888"/></marker>'
    size = f'width="{_WIDTH}" height="{y + 50:g}" viewBox="0 0 {_WIDTH} {y + 50:g}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size}>',
            f"<style>{_STYLE}</style><defs>{marker}</defs>",
            '<rect width="100%" height="100%" style="fill:white;stroke:none"/>',
            *drawn,
            "</svg>\n",
        ]
    )


if __name__ == "__main__":
    PICTURE.write_text(picture(), encoding="utf-8")
    print(f"wrote {PICTURE}", file=sys.stderr)
