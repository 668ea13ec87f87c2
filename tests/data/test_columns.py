"""One column of CSV files and of JSON lines, and files that look like tables."""

import gzip
import json

import pytest

from data.columns import looks_like, read_column
from data.text import load_text
from files.errors import DataError

RECORDS = [{"id": k, "text": f"Line {k}, of it", "note": None} for k in range(20)]
JSON_LINES = "".join(json.dumps(record) + "\n" for record in RECORDS)
CSV = "id,text,note\n" + "".join(f'{r["id"]},"{r["text"]}",\n' for r in RECORDS)
TSV = "id\ttext\n" + "".join(f"{r['id']}\t{r['text']}\n" for r in RECORDS)
TEXTS = [record["text"] for record in RECORDS]


@pytest.fixture
def write(tmp_path):
    def write(content, name="table.csv"):
        path = tmp_path / name
        content = content if isinstance(content, bytes) else content.encode()
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        return path

    return write


def texts(path, column="text"):
    return [text for _, text in read_column(path, column)]


def failure(call, *arguments, **options):
    with pytest.raises(DataError) as caught:
        call(*arguments, **options)
    message = str(caught.value)
    assert len(message.splitlines()) == 1 and len(message) < 1000
    return message


@pytest.mark.parametrize(
    "content, name",
    [
        (CSV, "table.csv"),
        (CSV.replace("\n", "\r\n"), "TABLE.CSV"),
        ("\ufeff" + CSV, "table.csv.gz"),
        ("id;text\n" + "".join(f"{k};{text}\n" for k, text in enumerate(TEXTS)), "table.csv"),
        (TSV, "table.tsv"),
        (JSON_LINES, "table.jsonl"),
        (JSON_LINES, "table.json.gz"),
        ("\n" + JSON_LINES.replace("\n", "\n\n"), "table.ndjson"),
        (CSV, "table.txt"),  # by its content
        (JSON_LINES, "table"),
    ],
)
def test_a_column_is_read(write, content, name):
    assert texts(write(content, name)) == TEXTS


def test_a_record_over_several_lines(write):
    path = write('text,id\n"one\n\ntwo ""2""",5\n\nthree\n,4\n"four",\n')
    assert list(read_column(path, "text")) == [
        (4, 'one two "2"'),
        (6, "three"),
        (7, ""),
        (8, "four"),
    ]
    assert texts(path, "id") == ["5", "", "4", ""]
    assert texts(write('{"text": "one\\r\\ntwo"}\n{"id": 1}\n', "a.jsonl")) == ["one two", ""]


def test_quotes_of_tab_separated_values_are_text_unless_they_enclose_a_field(write):
    """Data sets are often written without quoting: a quote took in the lines up to the next one."""
    lines = ['"Never," he said', 'A 5" nail', '"Left open', "next", 'the "last" one', '"odd']
    path = write("id\ttext\n" + "".join(f"{k}\t{line}\n" for k, line in enumerate(lines)), "a.tsv")
    assert list(read_column(path, "text")) == list(enumerate(lines, start=2))
    assert texts(path, "id") == list("012345")
    # Two quotes around a tab, each in a field of its own.
    assert texts(write('text\tid\n"one\ttwo"\n', "a.tsv")) == ['"one']
    # A quote that is never closed, before more text than a field may have.
    rest = [f"line {k}" for k in range(20_000)]
    path = write("text\tid\n" + "".join(f"{line}\t1\n" for line in ['"open', *rest]), "a.tsv")
    assert texts(path) == ['"open', *rest]


def test_quoted_tab_separated_values_are_unquoted(write):
    path = write('id\ttext\n1\t"one\n\ntwo ""2"""\n2\t"tab\tin it"\n3\t"three"\n', "a.tsv")
    assert list(read_column(path, "text")) == [(4, 'one two "2"'), (5, "tab\tin it"), (6, "three")]


@pytest.mark.parametrize(
    "content",
    [
        'text,id\nfine,1\n"open,2\nx,3\ny,4\n',
        'text,id\nfine,1\n"open,2\nx,3\n"y",4\n',
        'text,id\nfine,1\n"the file ends in a rec',
    ],
    ids=["to the end", "to the next quote", "in the last line"],
)
def test_a_quote_that_is_not_closed_takes_in_no_lines_in_silence(write, content):
    message = failure(texts, write(content))
    assert "record that is not valid CSV" in message and "from line 3 on" in message


@pytest.mark.parametrize("record", ["1,Good film, really", '1, "hello, you"', "1,a,,b"])
def test_a_record_with_more_fields_than_the_header_is_not_cut_in_silence(write, record):
    path = write(f"id,text\n0,well\n{record}\n", "lines.csv")
    with pytest.raises(DataError, match=r"has a record of \d fields in line 3, expected 2 as its"):
        list(read_column(path, "text"))
    path = write("id,text\n0,well,,\n", "lines.csv")  # as spreadsheets end lines
    assert [text for _, text in read_column(path, "text")] == ["well"]


@pytest.mark.parametrize("name", ['"Was it (good; fair; poor; bad)?"', '"Tags|a|b|c"'])
def test_separators_in_quoted_names_part_no_columns(write, name):
    assert texts(write(f"id,{name},text\n1,good,hello\n", "table.csv")) == ["hello"]


@pytest.mark.parametrize("end", ["csv", "tsv", "jsonl"])
def test_a_text_is_as_long_as_a_line_may_be(write, end):
    long = "word " * 60_000 + "end"
    table = {"csv": f'text,id\n"{long}",1\n', "tsv": f"text\tid\n{long}\t1\n"}
    table["jsonl"] = json.dumps({"text": long, "id": 1}) + "\n"
    assert texts(write(table[end], f"table.{end}")) == [long]


def test_accents_are_composed(write):
    content = 'cafe\u0301,b\n"cafe\u0301",1\n'
    assert texts(write(content), "café") == texts(write(content), "cafe\u0301") == ["café"]
    path = write('{"text": "cafe\\u0301"}\n', "a.jsonl")
    assert texts(path) == ["café"]


@pytest.mark.parametrize(
    "content, name, said",
    [
        (CSV, "a.csv", r"--column is 'body', expected a column of .*: 'id', 'text', 'note'"),
        (
            JSON_LINES,
            "a.jsonl",
            r"--column is 'body', expected a column of .*: 'id', 'text', 'note'",
        ),
        ("".join(f"c{k}," for k in range(99)), "a.csv", r"'c9', \.\.\.\."),
        ("a cat in a bowl, asleep.\n" * 3, "a.txt", "is a text without columns, expected CSV or"),
        (f"id,{'n' * 99}\n", "a.csv", rf"'id', '{'n' * 33}\.\.\.'\.$"),
        ('{"body": 5}\n', "a.jsonl", "in line 1 as 'body' a value of type int, expected text"),
        ('{"body": {"a": 1}}\n', "a.jsonl", "a value of type dict"),
        ('{"body": "a"}\n[1]\n', "a.jsonl", r"in line 2 no JSON object.*jq -c"),
        (json.dumps(RECORDS, indent=1), "a.json", r"in line 1 no JSON object.*jq -c"),
        ("[" * 100_000, "a.json", "in line 1 no JSON object"),
        ('{"body": ' + "9" * 5000 + "}", "a.json", "in line 1 no JSON object"),
        ('{"body": "\\ud800"}\n', "a.jsonl", r"in line 1 the character U\+D800"),
        ('{"body": "a\\u0000"}\n', "a.jsonl", r"in line 1 the character U\+0000"),
        (
            'body,b\n1,2\n"' + ("word " * 50_000 + "\n") * 6,
            "a.csv",
            r"by line \d a record .* \(field lar",
        ),
        (b"body\ncaf\xe9\n", "a.csv", "byte 0xe9 at offset 8, in line 2"),
    ],
)
def test_what_has_no_such_column(write, content, name, said):
    path = write(content, name)
    with pytest.raises(DataError, match=said) as caught:
        list(read_column(path, "body"))
    assert len(str(caught.value).splitlines()) == 1 and len(str(caught.value)) < 1000


def test_a_column_of_nulls_is_not_called_missing(write):
    lines = '{"text": null, "id": "a"}\n' * 3
    with pytest.raises(DataError) as caught:
        texts(write(lines, "a.jsonl"))
    said = str(caught.value)
    assert said.startswith("--column is 'text', which has no text in ") and "only null" in said
    assert said.endswith("give another --column, of 'text', 'id'.")
    # The names are those of the first line; a later one may have the column.
    with pytest.raises(DataError, match="only null"):
        texts(write('{"id": "a"}\n' + lines, "a.jsonl"))


def test_nothing_in_it(write):
    assert texts(write("")) == texts(write("\n \n")) == []
    assert texts(write("text\n")) == []


@pytest.mark.parametrize(
    "content, name, form, columns",
    [
        (CSV, "a.csv", "CSV", ["id", "text", "note"]),
        (CSV, "a.csv.gz", "CSV", ["id", "text", "note"]),
        (CSV, "a.txt", "CSV", ["id", "text", "note"]),
        (CSV * 9, "a.txt", "CSV", ["id", "text", "note"]),
        (TSV, "a.tsv", "TSV", ["id", "text"]),
        (TSV, "a.txt", "TSV", ["id", "text"]),
        ("文本,标签\n春雨,一\n", "a.csv", "CSV", ["文本", "标签"]),
        (JSON_LINES, "a.jsonl", "JSON lines", ["id", "text", "note"]),
        (JSON_LINES, "a.txt", "JSON lines", ["id", "text", "note"]),
        (json.dumps(RECORDS), "a.txt", "JSON", []),
        (json.dumps(RECORDS, indent=1), "a.txt", "JSON", []),
        ("<!DOCTYPE html>\n<p>One\n", "a.txt", "HTML", []),
        ("{\\rtf1\\ansi One\\par}\n", "a.txt", "RTF", []),
        ("\n".join(f"c{k}" for k in range(30)).replace("\n", ",") + "\n1\n", "a.csv", "CSV", None),
    ],
)
def test_a_table_is_noticed(write, content, name, form, columns):
    found = looks_like(write(content, name))
    columns = [f"c{k}" for k in range(10)] if columns is None else columns
    assert found == {"format": form, "columns": columns}


@pytest.mark.parametrize(
    "content",
    [
        "",
        "\n",
        "One, two\nthree, four\nfive, six\n",  # a space behind each comma
        "床前明月光,疑是地上霜\n举头望明月,低头思故乡\n春眠不觉晓,处处闻啼鸟\n",
        "Hello,you\nand,you,too\nall\n",
        "[Applause]\nThank you.\n",
        "{curly} words\nand more\n",
        "a|b\n",
        "one\ntwo\nthree\n",
    ],
)
def test_plain_text_is_no_table(write, content):
    assert looks_like(write(content, "a.txt")) is None


def test_a_column_as_a_corpus(write):
    whole = load_text(write(CSV)).provenance
    assert whole["looks_like"] == {"format": "CSV", "columns": ["id", "text", "note"]}
    assert whole["lines"] == 21 and "column" not in whole
    column = load_text(write(CSV), column="text")
    assert column.provenance["column"] == "text" and "looks_like" not in column.provenance
    assert column.provenance["lines"] == 20
    decoded = {" ".join(column.vocabulary.decode(row)) for row in column.train}
    assert decoded < {text.replace(",", " ,") for text in TEXTS}
    assert (
        column.provenance["split_hash"]
        == (load_text(write(JSON_LINES, "a.jsonl"), column="text").provenance["split_hash"])
    )
