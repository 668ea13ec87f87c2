"""README, docs/ and the other pages: their length, links and commands; words of pages and code."""

import ast
import dataclasses
import json
import re
import shlex

import pytest

import train_text
from docs import make_architecture
from experiments.jobs import PRESETS
from tests.helpers import REPOSITORY
from training import sample_settings, task_settings
from training.flags import parse
from training.options import flag

PAGES = [REPOSITORY / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")] + sorted(
    (REPOSITORY / "docs").glob("*.md")
)
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
by_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def read(page):
    return page.read_text(encoding="utf-8")


def prose(page):
    """The text outside of code blocks."""
    return FENCED.sub("", read(page))


# The README.


def test_the_readme_has_at_most_900_words():
    assert 300 < len(prose(REPOSITORY / "README.md").split()) <= 900


def test_the_readme_comes_to_the_point():
    text = read(REPOSITORY / "README.md")
    parts = [
        "](results/figures/",
        "headline table",
        "make demo",
        "```text",
        "train_text.py --corpus my",
    ]
    parts += ["```python", "## Speed", "## Repository layout", "## Documentation", "```bibtex"]
    places = [text.index(part) for part in parts]
    assert places == sorted(places)
    assert text.count("![") == 1


def test_the_readme_quotes_the_measured_speed():
    measured = json.loads(read(REPOSITORY / "results" / "speed.json"))
    stages = {record["stage"]: record for record in measured["stages"]["records"]}
    rewards, round_ = stages["rewards of one batch"], stages["a round of the published schedule"]
    minutes = [one["minutes"] for one in measured["quality"]["by_seed"].values()]
    assert len(minutes) == 3 and {round(number) for number in minutes} == {3}
    for text in (
        "3 minutes until the paper's NLL-oracle is reached, in each of three seeds",
        f"{rewards['ours'] / 1000:.1f} s for the rewards of a batch",
        f"a naive implementation would take {rewards['literal'] / 60_000:.0f} minutes",
        f"{round_['ours'] / 1000:.0f} s for a round of the published schedule",
        f"in plain Keras take {round_['keras'] / 1000:.0f} s",
    ):
        assert text in read(REPOSITORY / "README.md")


# Links.


def anchors(page):
    """What GitHub makes of the headings."""
    headings = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@by_page
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"https?://", target):
            continue
        file, _, anchor = target.partition("#")
        path = (page.parent / file) if file else page
        assert path.exists(), target
        assert not anchor or anchor in anchors(path), target


@by_page
def test_files_that_are_named_exist(page):
    """Paths in code spans that begin with a folder of the repository."""
    folders = "|".join(path.name for path in REPOSITORY.iterdir() if path.is_dir())
    for path in re.findall(rf"`((?:{folders})/[\w./-]+)`", prose(page)):
        if not path.startswith((".venv", "runs/", "checkpoints/")):
            assert (REPOSITORY / path).exists(), path


def test_the_index_names_every_page_once():
    index = read(REPOSITORY / "docs" / "README.md")
    named = re.findall(r"^\| \[(\S+)\]\((\S+)\)", index, re.MULTILINE)
    assert all(text == target for text, target in named)
    pages = [page.name for page in (REPOSITORY / "docs").glob("*.md") if page.name != "README.md"]
    assert sorted(target for _, target in named) == sorted(pages)


# Commands.

EXAMPLE = "train_digits.py"  # which docs/how-to-add.md writes
TRAINERS = {
    "train_oracle.py": task_settings.OracleSettings,
    "train_poems.py": task_settings.PoemSettings,
    "train_speeches.py": task_settings.SpeechSettings,
    "train_music.py": task_settings.MusicSettings,
    "train_text.py": task_settings.TextSettings,
}


def settings_of(script):
    """The dataclass whose fields are the flags of a script."""
    if script in TRAINERS:
        return TRAINERS[script]
    if script == "sample.py":
        return sample_settings.SampleSettings
    module = __import__(script.removesuffix(".py"))
    (kind,) = [
        value
        for name, value in vars(module).items()
        if name.endswith("Settings") and getattr(value, "__module__", "") == module.__name__
    ]
    return kind


def flags_of(script):
    names = {flag(field.name) for field in dataclasses.fields(settings_of(script))}
    return names | {name.replace("--", "--no-", 1) for name in names} | {"--help"}


def commands(page):
    """Lines that call a script, in code blocks and spans: its name, and its arguments."""
    code = [block for _, block in FENCED.findall(read(page))]
    code += re.findall(r"`([^`\n]+)`", prose(page))
    text = "\n".join(code).replace("\\\n", " ")
    for call in re.findall(r"python ((?:train_\w+|sample|score|compare|judge)\.py[^|>&\n]*)", text):
        script, *arguments = shlex.split(call, comments=True)
        if script != EXAMPLE:
            yield script, arguments


@by_page
def test_flags_of_commands_exist(page):
    for script, arguments in commands(page):
        assert (REPOSITORY / script).is_file(), script
        given = {a.split("=")[0] for a in arguments if a.startswith("--")}
        assert given <= flags_of(script), (script, arguments)


@by_page
def test_commands_that_train_are_accepted(page):
    for script, arguments in commands(page):
        if script in TRAINERS and not {"--resume", "--help"} & {*arguments}:
            text = script == "train_text.py"
            parse(train_text.presets(arguments) if text else PRESETS[script], arguments)


def test_commands_of_make_have_flags_that_exist():
    found = re.findall(r"/python (\w+\.py) (.*)", read(REPOSITORY / "Makefile"))
    assert {"train_text.py", "sample.py"} <= {script for script, _ in found}
    for script, arguments in found:
        assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", arguments)) <= flags_of(script)


def test_commands_are_found():
    scripts = {script for page in PAGES for script, _ in commands(page)}
    assert scripts == {*TRAINERS, "sample.py", "score.py", "compare.py", "judge.py"}


# Flags of pip, docker, saved_model_cli and of python -m benchmarks.* and experiments/*.sh, which are not looked at here.
FOREIGN = ("experiments/", "pip", "docker", "saved_model_cli", "curl", "benchmarks", "pytest")


@by_page
def test_flags_that_are_named_belong_to_a_script(page):
    scripts = [*TRAINERS, "sample.py", "score.py", "compare.py", "judge.py"]
    known = set().union(*(flags_of(script) for script in scripts))
    for span in re.findall(r"`([^`\n]+)`", prose(page)):
        if not any(word in span for word in FOREIGN):
            assert set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", span)) <= known, span


@by_page
def test_targets_of_make_exist(page):
    makefile = read(REPOSITORY / "Makefile")
    code = [block for _, block in FENCED.findall(read(page))]
    code += re.findall(r"`([^`\n]+)`", prose(page))
    for target in re.findall(r"^make ([a-z][\w-]*)", "\n".join(code), re.MULTILINE):
        named = re.search(rf"^{target}\b.*:", makefile, re.MULTILINE)
        assert (
            named or target in re.search(r"^TABLES := (.*)$", makefile, re.MULTILINE)[1].split()
        ), target


@by_page
def test_python_on_the_pages_parses(page):
    for language, block in FENCED.findall(read(page)):
        if language == "python":
            compile(block, page.name, "exec")


# Words.

# Phrases that read as translated, each with what to write instead.
RETIRED = {
    r"by heart": "overfitting",
    r"stand(s)? in the training set": "copied verbatim from the training set",
    r"not what does it": "the gain does not come from",
    r"read literally|literal reading": "naive implementation",
    r"of one's own": "your own",
    r"\bat rest\b": "fixed",
    r"\bmend\b": "fix",
    r"\bas ever\b": "always",
    r"nobody vouches": "untrusted",
    r"\bgo(es|ing)? on with\b": "continue",
    r"\bon its way\b": "in transit",
    r"in a file of its own|files of its own|a test of its own": "a separate file or test",
    r"the same numbers again": "reproducibility",
}


@by_page
def test_words(page):
    """Tables made from result files are left out: their words are those of the code."""
    made = re.compile(r"<!-- .*? made by .*?<!-- end of .*?-->", re.DOTALL)
    text = " ".join(made.sub("", prose(page)).split())
    for phrase, better in RETIRED.items():
        found = re.search(phrase, text, re.IGNORECASE)
        assert not found, f"{page.name}: {found[0]!r}: write {better!r}"


def test_words_of_the_code():
    """The docstrings, messages and help texts of all packages and scripts."""
    tests = REPOSITORY / "tests"
    files = [path for path in REPOSITORY.rglob("*.py") if tests not in path.parents]
    files = [p for p in files if not p.relative_to(REPOSITORY).as_posix().startswith(".")]
    assert len(files) > 150
    for path in files:
        nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        strings = [node.value for node in nodes if isinstance(node, ast.Constant)]
        text = " ".join(" ".join(s for s in strings if isinstance(s, str)).split())
        for phrase, better in RETIRED.items():
            found = re.search(phrase, text, re.IGNORECASE)
            assert not found, f"{path.name}: {found[0]!r}: write {better!r}"


# The picture, the version and the citation.


def test_the_picture_of_the_architecture_is_up_to_date():
    """If not: `python -m docs.make_architecture`."""
    assert make_architecture.PICTURE.read_text(encoding="utf-8") == make_architecture.picture()


def test_layers_of_the_architecture():
    made = make_architecture.layers({"a": {"b", "c"}, "b": {"d"}, "c": set(), "d": set()})
    assert made == {"a": 2, "b": 1, "c": 1, "d": 0}
    with pytest.raises(ValueError, match="a, b import one another"):
        make_architecture.layers({"a": {"b"}, "b": {"a"}, "c": set()})
    assert make_architecture.shortest({"a": {"b", "c"}, "b": {"c"}, "c": set()})["a"] == {"b"}
    with pytest.raises(ValueError, match=r"no Generator\.forget"):
        make_architecture.check_function("models/generator.py", "Generator.forget")


def test_the_version_and_its_date_are_the_same_everywhere():
    changes = re.search(r"^## (\d+\.\d+\.\d+) \((\d{4}-\d\d-\d\d)\)$", read(PAGES[2]), re.MULTILINE)
    citation = (REPOSITORY / "CITATION.cff").read_text(encoding="utf-8")
    assert set(re.findall(r"^ *version: (\S+)$", citation, re.MULTILINE)) == {changes[1]}
    assert set(re.findall(r"^ *date-released: (\S+)$", citation, re.MULTILINE)) == {changes[2]}
    readme = read(REPOSITORY / "README.md")
    assert f"version = {{{changes[1]}}}" in readme and f"date    = {{{changes[2]}}}" in readme
