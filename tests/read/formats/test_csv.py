"""CSV: values exactly as written, record numbers that can be looked up, one broken record costs one row."""

import gzip
import json
import re
from pathlib import Path

import pyarrow as pa
import pytest

from distillscan.errors import InputError
from distillscan.read import ReadOptions
from tests.support.small_logs import T0, T1, T2, TWO, csv_bytes, read_bytes

HEADER = b"timestamp,account_id,prompt\n"


def lines(*rows: bytes) -> bytes:
    return HEADER + b"".join(row + b"\n" for row in rows)


@pytest.mark.parametrize("separator", [",", "\t", ";", "|"])
def test_separators_are_recognised_by_the_header(tmp_path: Path, separator: str) -> None:
    rows = [{**TWO[0], "prompt": "a,b;c\td|e"}, TWO[1]]
    outcome = read_bytes(tmp_path, "log.csv", csv_bytes(rows, separator))
    assert outcome.values("prompt") == ["a,b;c\td|e", "two"]
    assert outcome.values("row") == [0, 1]
    assert outcome.notes == ()


def test_values_are_not_altered(tmp_path: Path) -> None:
    texts = [
        "two\nlines",
        "two\r\nlines",
        'a "quote"',
        " spaces ",
        "nul\0nul",
        "\r",
        "é 漢 😀",
        "'",
        "=cmd()",
        "\\n",
        ",",
        '"',
    ]
    rows = [{"timestamp": T0, "account_id": "a", "prompt": text} for text in texts]
    outcome = read_bytes(tmp_path, "log.csv", csv_bytes(rows))
    assert outcome.values("prompt") == texts
    assert outcome.notes == ()


@pytest.mark.parametrize(
    "content",
    [
        csv_bytes(TWO).replace(b"\r\n", b"\n"),
        csv_bytes(TWO).replace(b"\r\n", b"\r"),
        b"\xef\xbb\xbf" + csv_bytes(TWO),
        csv_bytes(TWO).rstrip(b"\r\n"),
        b"\n\n" + csv_bytes(TWO).replace(b"\r\n", b"\n\n"),
        csv_bytes(TWO).replace(b"timestamp,account_id", b'"timestamp", account_id '),
        gzip.compress(csv_bytes(TWO), mtime=0),
    ],
    ids=["lf", "cr", "bom", "no newline at the end", "blank lines", "header with spaces and quotes", "gzip"],
)
def test_spellings_of_the_same_file(tmp_path: Path, content: bytes) -> None:
    outcome = read_bytes(tmp_path, "log.csv", content)
    assert outcome.frame.rows() == read_bytes(tmp_path, "plain.csv", csv_bytes(TWO)).frame.rows()
    assert outcome.values("row") == [0, 1]


def test_a_line_end_in_the_header(tmp_path: Path) -> None:
    outcome = read_bytes(
        tmp_path,
        "log.csv",
        b'timestamp,"the\naccount",prompt\n' + f"{T0},a,one\n".encode(),
        ReadOptions({"account_id": "the\naccount"}),
    )
    assert outcome.values("account_id") == ["a"]


def test_broken_records_cost_themselves_and_keep_the_numbering(tmp_path: Path) -> None:
    content = lines(b"too,many,fields,here", f"{T0},a,one".encode(), b"few", b"", f"{T1},b,two".encode(), b"x", b"y")
    outcome = read_bytes(tmp_path, "log.csv", content, ReadOptions(keep_rejects=True))
    assert outcome.frame.select("row", "account_id").rows() == [(1, "a"), (3, "b")]
    assert outcome.rejects == [
        (0, 0, "malformed record", '"too,many,fields,here"'),
        (0, 2, "malformed record", '"few"'),
        (0, 4, "malformed record", '"x"'),
        (0, 5, "malformed record", '"y"'),
    ]


def test_broken_records_over_many_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("distillscan.read.formats.csv._BLOCK", 256)
    rows = [b"broken" if at % 5 == 0 else f"{T0},acct-{at},prompt {at}".encode() for at in range(200)]
    for batch_rows in (7, 1000):
        outcome = read_bytes(tmp_path, "log.csv", lines(*rows), ReadOptions(batch_rows=batch_rows))
        expected = [(at, f"acct-{at}") for at in range(200) if at % 5]
        assert outcome.frame.select("row", "account_id").rows() == expected
        assert outcome.reasons == [(at, "malformed record") for at in range(0, 200, 5)]
    assert len(outcome.batches) == 1


def test_reasons_and_records_of_rejected_rows(tmp_path: Path) -> None:
    content = b"ts,user,other\n,a,x\nsoon,b,\n" + f'{T0},,"q""\n"\n{T1},c,z\n'.encode()
    outcome = read_bytes(tmp_path, "log.csv", content, ReadOptions(keep_rejects=True))
    assert outcome.values("account_id") == ["c"]
    assert outcome.rejects == [
        (0, 0, "timestamp missing", '{"ts":"","user":"a","other":"x"}'),
        (0, 1, "timestamp not understood", '{"ts":"soon","user":"b","other":""}'),
        (0, 2, "account_id missing", f'{{"ts":"{T0}","user":"","other":"q\\"\\n"}}'),
    ]
    assert outcome.notes == ("column ts is read as timestamp", "column user is read as account_id")
    without = read_bytes(tmp_path, "log.csv", content)
    assert [record for *_, record in without.rejects] == [None, None, None]
    assert without.reasons == [(0, "timestamp missing"), (1, "timestamp not understood"), (2, "account_id missing")]


def test_text_that_is_not_utf8_keeps_its_row(tmp_path: Path) -> None:
    outcome = read_bytes(tmp_path, "log.csv", lines(f"{T0},a,caf".encode() + b"\xe9", f"{T1},b,fine".encode()))
    assert outcome.values("prompt") == ["café", "fine"]
    assert outcome.notes == ("log.csv is not UTF-8 throughout: other bytes are read as Windows-1252",)


def test_of_two_columns_with_one_name_the_first_is_read(tmp_path: Path) -> None:
    content = b"timestamp,account_id,account_id\n" + f"{T0},a,b\n".encode()
    for options in (ReadOptions(), ReadOptions(keep_rejects=True)):
        outcome = read_bytes(tmp_path, "log.csv", content, options)
        assert outcome.values("account_id") == ["a"]
        assert outcome.notes == ("log.csv: there are two columns account_id; the first is read",)


def test_keys_inside_a_column_of_json(tmp_path: Path) -> None:
    rows = [
        {"timestamp": T0, "meta": '{"user": {"id": 7}, "ip": "192.0.2.1"}'},
        {"timestamp": T1, "meta": '{"user": {"id": "b"}}'},
        {"timestamp": T2, "meta": "no json"},
    ]
    options = ReadOptions({"account_id": "meta.user.id", "ip": "meta.ip"})
    outcome = read_bytes(tmp_path, "log.csv", csv_bytes(rows), options)
    assert outcome.frame.select("account_id", "ip").rows() == [("7", "192.0.2.1"), ("b", None)]
    assert outcome.reasons == [(2, "account_id missing")]


def test_blocks_of_nothing_but_blank_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("distillscan.read.formats.csv._BLOCK", 20)
    content = lines(f"{T0},a,one".encode()) + b"\r\n" * 100 + f"{T1},b,two".encode() + b"\n" * 100
    outcome = read_bytes(tmp_path, "log.csv", content)
    assert outcome.frame.select("row", "account_id").rows() == [(0, "a"), (1, "b")]
    assert outcome.rejects == []


def test_what_arrow_refuses_ends_the_file_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise pa.ArrowInvalid("no reason\nat all")

    monkeypatch.setattr("pyarrow.csv.read_csv", refuse)
    outcome = read_bytes(tmp_path, "log.csv", lines(f"{T0},a,one".encode()))
    assert outcome.unread[1] == "read in part: log.csv cannot be read as CSV here (no reason)"


def test_columns_without_a_name(tmp_path: Path) -> None:
    content = b"timestamp,account_id,,\n" + f"{T0},a,x,y\n,b,x,y\n".encode()
    outcome = read_bytes(tmp_path, "log.csv", content, ReadOptions(keep_rejects=True))
    assert outcome.values("account_id") == ["a"]
    assert outcome.rejects == [(0, 1, "timestamp missing", '{"timestamp":"","account_id":"b"," ":"x"}')]


def test_broken_records_that_are_not_utf8_are_counted_like_others(tmp_path: Path) -> None:
    content = lines(b"caf\xe9", f"{T0},a,\u00e9".encode(), b"\xff,\xff", f"{T1},b,".encode() + b"\xe9")
    outcome = read_bytes(tmp_path, "log.csv", content, ReadOptions(keep_rejects=True))
    assert outcome.frame.select("row", "prompt").rows() == [(1, "é"), (3, "é")]
    assert outcome.rejects == [(0, 0, "malformed record", '"café"'), (0, 2, "malformed record", '"ÿ,ÿ"')]


def test_a_header_without_rows(tmp_path: Path) -> None:
    outcome = read_bytes(tmp_path, "log.csv", HEADER)
    assert outcome.frame.height == 0
    assert outcome.frame.columns == ["source", "row", "timestamp", "account_id", "prompt"]
    assert read_bytes(tmp_path, "log.csv", HEADER.rstrip()).frame.height == 0


@pytest.mark.parametrize("content", [b"\n\n", b"\xef\xbb\xbf\n", b'"timestamp,account_id\n', b"a" * (1 << 20)])
def test_a_file_without_a_header(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(InputError, match=r"log\.csv has no CSV header: the first line must name the columns$"):
        read_bytes(tmp_path, "log.csv", content)


def test_a_quotation_mark_that_is_never_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = lines(f"{T0},a,one".encode(), f'{T1},b,"two'.encode(), f"{T2},c,three".encode())
    outcome = read_bytes(tmp_path, "log.csv", content)
    assert outcome.values("account_id") == ["a"]
    assert outcome.rejects == [(0, 1, "malformed record", json.dumps(f'{T1},b,"two\n{T2},c,three\n'))]
    assert outcome.unread[1] == (
        "read in part: log.csv ends inside quotation marks that record 1 opens: it is not complete, and may hold "
        "records that came after it; look for the unbalanced quotation mark"
    )
    monkeypatch.setattr("distillscan.read.formats.csv._BLOCK", 1 << 18)
    monkeypatch.setattr("distillscan.read.formats.csv._LONGEST", 1 << 20)
    (_, message) = read_bytes(tmp_path, "log.csv", content + b"x" * (3 << 20)).unread
    assert message == (
        "read in part: log.csv: a record is longer than 1 MB, or a quotation mark is never closed: look for the "
        "unbalanced quotation mark, or export the log as Parquet (read up to there: 1 rows)"
    )


def test_a_quotation_mark_that_closes_at_the_very_end(tmp_path: Path) -> None:
    for end in (b'"two"', b'"two"\n', b'"tw""o"', b'""'):
        outcome = read_bytes(tmp_path, "log.csv", lines(f"{T0},a,one".encode()) + f"{T1},b,".encode() + end)
        assert outcome.values("account_id") == ["a", "b"]
        assert outcome.unread == ()


def test_a_file_cut_off_inside_gzip(tmp_path: Path) -> None:
    packed = gzip.compress(lines(*(f"{T0},acct-{at},{at * 7919}".encode() for at in range(5000))))
    outcome = read_bytes(tmp_path, "log.csv.gz", packed[: len(packed) // 2])
    assert 2000 < outcome.frame.height < 3500
    assert outcome.values("account_id") == [f"acct-{at}" for at in range(outcome.frame.height)]
    assert re.fullmatch(
        r"read in part: log\.csv\.gz cannot be read to its end \(Truncated compressed stream\): re-export it or "
        r"leave it out \(read up to there: [\d,]+ rows\)",
        outcome.unread[1],
    )
    with pytest.raises(
        InputError, match=r"log\.csv\.gz cannot be read to its end \(.*\): re-export it or leave it out$"
    ):
        read_bytes(tmp_path, "log.csv.gz", packed[:15])


def test_a_large_file_cut_off_inside_gzip_is_found_while_reading(tmp_path: Path) -> None:
    packed = gzip.compress(lines(*(f"{T0},acct-{at},{at * 7919 % 99991:0400}".encode() for at in range(6000))), 1)
    outcome = read_bytes(tmp_path, "log.csv.gz", packed[:-100])
    assert outcome.unread[1].startswith("read in part: log.csv.gz cannot be read to its end (Truncated")


def test_only_what_is_needed_is_gathered_into_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("distillscan.read.formats.csv._BLOCK", 200)
    content = lines(*(f"{T0},acct-{at},p".encode() for at in range(100)))
    sizes = [batch.read for batch in read_bytes(tmp_path, "log.csv", content, ReadOptions(batch_rows=20)).batches]
    assert sum(sizes) == 100
    assert max(sizes) <= 20
    assert len(sizes) < 15
