"""compare.py: what it prints and writes, and how it refuses."""

import json
import os
import subprocess
import sys

import pytest

from compare import MAKER, main, with_tables
from files.errors import UsageError
from reports.markdown import marks
from tests.helpers import REPOSITORY
from tests.reports.fakes import mle, poems, result, steps, write


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "results"
    folder.mkdir()
    for seed in (1, 2):
        write(folder, f"seqgan{seed}", result(seed=seed, nll=8.5 + seed / 4), steps([9.0], [8.8]))
        write(folder, f"mle{seed}", mle(seed=seed, nll=9.0 + seed / 10))
    return folder


def test_prints_tables_and_says_what_is_left_out(folder, capsys):
    write(folder, "partial", result(seed=9, complete=False))
    main([str(folder)])
    said = capsys.readouterr()
    assert "| SeqGAN | 1, 2 | 8.875 ± 0.177 | 8.736 |" in said.out
    assert "partial.json: is not marked complete" in said.err


def test_one_run_folder(tmp_path, capsys):
    run = tmp_path / "run"
    run.mkdir()
    (run / "result.json").write_text(json.dumps(result()))
    (run / "config.json").write_text("{}")
    main([str(run)])
    said = capsys.readouterr()
    assert "| SeqGAN | 1 | 8.700 |" in said.out and said.err == ""


def test_tables_without_marks_are_skipped_and_named():
    start, end = marks("oracle", MAKER)
    text, without = with_tables(f"{start}\n{end}", {"oracle": "new", "significance": "more"})
    assert text == f"{start}\nnew\n{end}" and without == ["significance"]
    for broken in ("no mark", start, f"{end}\n{start}"):
        with pytest.raises(UsageError, match="--write needs a file with the lines"):
            with_tables(broken, {"oracle": "new", "significance": "more"})
    # Half of the marks of any table is a mistake, not the wish to leave it out.
    half = f"{start}\n{end}\n{marks('significance', MAKER)[0]}"
    with pytest.raises(UsageError, match="significance"):
        with_tables(half, {"oracle": "new", "significance": "more"})


def test_the_ends_of_lines_are_kept(folder, tmp_path, capsys):
    page = tmp_path / "page.md"
    page.write_bytes("\r\n".join(["a", *marks("oracle", MAKER), "b", ""]).encode())
    main([str(folder), "--write", str(page)])
    written = page.read_bytes()
    assert written.startswith(b"a\r\n<!--") and written.endswith(b"-->\r\nb\r\n")
    assert b"| SeqGAN |" in written and written.count(b"\n") == written.count(b"\r\n")


def test_what_cannot_be_written_is_said_before_anything_is(folder, tmp_path, capsys):
    (tmp_path / "page.md").write_text("mine")
    for flags, said in (
        (["--write", tmp_path / "none.md"], "none.md, which does not exist. Name a Markdown"),
        (["--write", tmp_path], "which is not a file. Name a Markdown file"),
        (["--write", tmp_path / "page.md"], "--write needs a file with the lines"),
        (["--json", tmp_path], "is a folder, expected a file to write"),
        (["--json", tmp_path / "none" / "a.json"], "there is no folder .*none for a.json"),
        (["--figures", tmp_path / "page.md"], "page.md, which is a file. Name a folder"),
    ):
        with pytest.raises(UsageError, match=said):
            main([str(folder), "--json", str(tmp_path / "new.json"), *map(str, flags)])
        assert capsys.readouterr().out == ""
    assert not (tmp_path / "new.json").exists()


def test_files_are_written_though_nobody_reads_the_tables_to_their_end(folder, tmp_path):
    """As with `| head`: the reader of the pipe has gone."""
    given = [sys.executable, "compare.py", str(folder), "--json", str(tmp_path / "all.json")]
    reading, writing = os.pipe()
    os.close(reading)
    try:
        subprocess.run(given, cwd=REPOSITORY, stdout=writing, stderr=subprocess.DEVNULL)
    finally:
        os.close(writing)
    assert "oracle" in (tmp_path / "all.json").read_text()


def test_write_twice_gives_the_same(folder, tmp_path, capsys):
    page = tmp_path / "page.md"
    page.write_text("a\n" + "\n".join(marks("oracle", MAKER)) + "\nb\n", encoding="utf-8")
    main([str(folder), "--write", str(page)])
    once = page.read_text(encoding="utf-8")
    assert "8.875 ± 0.177" in once and once.startswith("a\n") and once.endswith("\nb\n")
    assert "no marks of the significance table" in capsys.readouterr().err
    main([str(folder), "--write", str(page)])
    assert page.read_text(encoding="utf-8") == once


def test_json_holds_what_the_tables_show(folder, tmp_path):
    write(folder, "poems", poems(temperatures={"final": [{"temperature": 1.0, "bleu_2": 0.7}]}))
    write(folder, "few", result(changed={"num_rollouts": 1}))
    file = tmp_path / "all.json"
    main([str(folder), "--json", str(file)])
    first, second = json.loads(file.read_text(encoding="utf-8"))
    assert [first["title"], second["title"]] == [
        "Published oracle, preset quick", "Poems, preset quick",
    ]  # fmt: skip
    mle_row, seqgan = first["rows"]
    assert mle_row["label"] == "MLE" and mle_row["seeds"] == [1, 2]
    figure = seqgan["figures"]["nll_oracle"]
    assert figure["by_seed"] == {"1": 8.75, "2": 9.0}
    assert figure["mean"] == 8.875 and figure["sd"] == pytest.approx(0.25 / 2**0.5)
    assert seqgan["published_nll_oracle"] == 8.736 and seqgan["files"] == [
        "seqgan1.json", "seqgan2.json",
    ]  # fmt: skip
    assert seqgan["minutes"] == 4.0 and seqgan["peak_memory_gb"] == 1.502  # the larger
    (ablation,) = first["ablations"]
    assert ablation["changed"] == {"num_rollouts": 1}
    assert ablation["figures"]["nll_oracle"]["sd"] is None
    tested = {one["figure"]: one for one in first["tests"]}
    assert 0 < tested["nll_oracle"]["over_seeds"]["p_value"] < 1
    assert tested["nll_oracle"]["difference"] == pytest.approx(8.875 - 9.15)
    assert tested["nll_oracle"]["num_seeds"] == [2, 2]
    # Two constants have no p-value, and JSON has no "not a number".
    assert tested["nll_test"]["over_seeds"]["p_value"] is None
    assert second["temperatures"]["SeqGAN"][0]["figures"]["bleu_2"]["mean"] == 0.7
    assert second["published"] == {"bleu_2": {"mle": 0.667, "seqgan": 0.7389}}
    assert second["real_held_out_data"]["bleu_2"] == 0.748


def test_figures(folder, tmp_path, capsys):
    (folder / "seqgan2.csv").write_text("stage\nmle\n")
    main([str(folder), "--figures", str(tmp_path / "figures")])
    assert not list((tmp_path / "figures").glob("*curves*"))
    assert "not drawn: curves-rounds of Published oracle" in capsys.readouterr().err
    (folder / "seqgan2.csv").unlink()
    main([str(folder), "--figures", str(tmp_path / "figures")])
    assert [path.name for path in sorted((tmp_path / "figures").iterdir())] == [
        "oracle-published-curves-minutes.png", "oracle-published-curves-rounds.png",
    ]  # fmt: skip
    assert capsys.readouterr().err == ""


def test_nothing_to_draw_is_said(tmp_path, capsys):
    write(tmp_path, "alone", result())
    main([str(tmp_path), "--figures", str(tmp_path / "figures")])
    assert "not drawn: no run has a metrics.csv next to its result" in capsys.readouterr().err


def test_names_that_are_not_utf8_are_escaped_in_the_files(tmp_path):
    name = os.fsdecode(b"seqgan\xff")
    try:
        write(tmp_path, name, poems(seed=1))
    except OSError:
        pytest.skip("this file system refuses the name")
    page, file = tmp_path / "page.md", tmp_path / "all.json"
    page.write_text("\n".join(marks("corpus", MAKER)))
    main([str(tmp_path / f"{name}.json"), "--json", str(file), "--write", str(page)])
    (section,) = json.loads(file.read_text(encoding="utf-8"))
    assert section["rows"][1]["files"] == [f"{name}.json"]
    assert "BLEU-2" in page.read_text(encoding="utf-8")


def test_errors_are_of_use(folder, tmp_path):
    with pytest.raises(UsageError, match=r"no complete run in .*none\. Name folders"):
        main([str(tmp_path / "none")])
    binary = tmp_path / "binary.md"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="not UTF-8 text"):
        main([str(folder), "--write", str(binary)])


@pytest.mark.parametrize("content", ["a line\n", '{"rows": []}', "[1]"])
def test_json_replaces_nothing_but_a_report(folder, tmp_path, content):
    file = tmp_path / "mine.txt"
    file.write_text(content)
    with pytest.raises(UsageError, match=r"mine\.txt, which holds something else than a report"):
        main([str(folder), "--json", str(file)])
    assert file.read_text() == content
    report = tmp_path / "report.json"
    for _ in range(2):
        main([str(folder), "--json", str(report)])
    assert json.loads(report.read_text())


def run_script(*arguments):
    return subprocess.run(
        [sys.executable, *arguments], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )


def test_bad_input_is_one_line_and_exit_code_2(tmp_path):
    done = run_script("compare.py", str(tmp_path))
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.count("\n") == 1 and done.stderr.startswith("error: no complete run in")


def test_tables_need_neither_tensorflow_nor_matplotlib(folder):
    code = (
        f"import sys, compare; compare.main([{str(folder)!r}]); "
        "print(sorted({'tensorflow', 'keras', 'matplotlib'} & set(sys.modules)))"
    )
    assert run_script("-c", code).stdout.endswith("\n[]\n")
