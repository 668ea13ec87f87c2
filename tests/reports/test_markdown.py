"""Tables as Markdown, and their places in documents."""

import pytest

from files.errors import UsageError
from reports.markdown import (
    Table,
    between_marks,
    insert,
    markdown,
    markdown_table,
    marks,
    read_page,
)

MAKER = "a.program"


def test_a_table_has_its_notes_below():
    table = Table(["", "b"], [["1", ""], ["2", "3"]], ["one", "two"])
    assert markdown(table) == "| | b |\n|---|---|\n| 1 | |\n| 2 | 3 |\n\n- one\n- two"


def test_a_name_with_a_bar_is_one_cell():
    assert markdown_table(["a", "b"], [["x|y", "|"]]).splitlines()[2] == r"| x\|y | \| |"


def test_only_the_text_between_the_marks_is_replaced():
    start, end = marks("oracle", MAKER)
    text = f"before\n{start}\nold\n{end}\nafter"
    once = between_marks(text, "oracle", "new", MAKER)
    assert once == f"before\n{start}\nnew\n{end}\nafter"
    assert between_marks(once, "oracle", "new", MAKER) == once


def test_the_ends_of_lines_of_a_document_are_kept(tmp_path):
    page, (start, end) = tmp_path / "page.md", marks("oracle", MAKER)
    page.write_bytes(f"before\r\n{start}\r\nold\r\n{end}\r\nafter".encode())
    written = between_marks(read_page(page), "oracle", "new\nlines", MAKER)
    assert written == f"before\r\n{start}\r\nnew\r\nlines\r\n{end}\r\nafter"


@pytest.mark.parametrize("kept", ["", "{0}", "{1}", "{1}{0}"])
def test_a_document_without_a_table_s_marks_in_order_is_refused(kept):
    start, end = marks("oracle", MAKER)
    text = kept.format(start, end)
    with pytest.raises(UsageError, match=f"--write needs a file with the lines {start} and {end}"):
        between_marks(text, "oracle", "new", MAKER)
    other = "\n".join(marks("oracle", "another.program"))
    with pytest.raises(UsageError, match=MAKER):
        between_marks(other, "oracle", "new", MAKER)


def test_each_table_has_a_place_of_its_own():
    tables = {name: Table([name], [], [name]) for name in ("b", "a")}
    text = "\n".join(mark for name in sorted(tables) for mark in marks(name, MAKER))
    written = insert(text, tables, MAKER)
    for name, table in tables.items():
        assert "\n".join((marks(name, MAKER)[0], markdown(table), marks(name, MAKER)[1])) in written
