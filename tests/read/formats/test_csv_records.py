"""Where records of CSV end, as Arrow's parser sees it; files cut there, or read in blocks, are the same files."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distillscan.read import ReadOptions, open_log
from distillscan.read.formats import csv as delimited
from distillscan.read.formats import record_texts
from distillscan.read.formats.csv_records import Range, RecordCounter, cut_ranges
from tests.support.small_logs import T0, csv_bytes, ndjson_bytes, read_bytes

COUNT = RecordCounter(",")
TEXT = st.lists(st.sampled_from([b'"', b'"', b",", b"\n", b"\n", b"\r", b"a", b" ", b"\0", b'""']), max_size=40)


def records_of_arrow(data: bytes) -> int:
    """How many records Arrow's parser finds, those with a wrong number of fields included."""
    broken: list[int] = []

    def keep(record: Any) -> str:
        broken.append(record.number)
        return "skip"

    try:
        table = pacsv.read_csv(
            io.BytesIO(data),
            read_options=pacsv.ReadOptions(use_threads=False, column_names=["x", "y"], block_size=1 << 16),
            parse_options=pacsv.ParseOptions(newlines_in_values=True, invalid_row_handler=keep),
            convert_options=pacsv.ConvertOptions(column_types={"x": pa.binary(), "y": pa.binary()}),
        )
    except pa.ArrowInvalid as error:
        if "Empty CSV" not in str(error):
            raise
        return len(broken)
    return int(table.num_rows) + len(broken)


@settings(max_examples=300)
@given(TEXT)
def test_csv_records_are_those_of_arrow(parts: Sequence[bytes]) -> None:
    data = b"".join(parts) + b"\n"
    count, end = COUNT(data)
    assert records_of_arrow(data[:end]) == count
    assert end == len(data) or data[end:].lstrip(b"\r\n").count(b'"') > 0


@given(TEXT, TEXT)
def test_csv_records_of_a_part_are_the_beginning_of_those_of_the_whole(one: list[bytes], two: list[bytes]) -> None:
    part, rest = b"".join(one), b"".join(two)
    count, end = COUNT(part)
    after, last = COUNT(part[end:] + rest)
    whole, last_of_all = COUNT(part + rest)
    # A line end may be cut in two: its second half is an empty line, and no record.
    assert (count + after, end + last) == (whole, last_of_all)


def count_lines(data: bytes) -> tuple[int, int]:
    whole, newline, _ = data.rpartition(b"\n")
    return len((whole + newline).splitlines()), len(whole + newline)


def cut(data: bytes, begin: int, size: int) -> list[Range]:
    return list(cut_ranges(lambda at, much: data[at : at + much], begin, len(data), count_lines, size))


def test_ranges_hold_whole_records() -> None:
    data = b"head\n" + b"".join(b"%03d\n" % at for at in range(100))
    found = cut(data, 5, 50)
    assert found[0] == Range(0, 53, 0, 12)
    assert found[-1].end_row is None
    assert [one.start for one in found[1:]] == [one.end for one in found[:-1]]
    for one in found[1:]:
        assert data[one.start : one.start + 3] == b"%03d" % one.first_row
    assert cut(data, 5, 1000) == [Range(0, 405, 0, None)]
    long = b"x" * 45 + b"\n" + b"y\n" * 30
    assert cut(long, 0, 20) == [Range(0, 80, 0, 18), Range(80, 100, 18, 28), Range(100, 106, 28, None)]
    assert cut(b"x" * 4000 + b"\n" + b"y\n" * 10, 0, 20) == [Range(0, 4021, 0, None)]


TEXTS = ('plain "quoted"', "two\nlines", "comma, \r\n", "", "é 漢", '"', "x" * 700)
ROWS = [{"timestamp": T0, "account_id": f"a{at}", "prompt": TEXTS[at * 7 % 11 % len(TEXTS)]} for at in range(400)]


@pytest.mark.parametrize("name", ["log.csv", "log.ndjson"])
def test_a_file_in_pieces_is_the_file(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if name == "log.csv":
        content = csv_bytes(ROWS[:200]) + b"\nbroken\n\n" + csv_bytes(ROWS[200:]).partition(b"\n")[2]
    else:
        content = ndjson_bytes(ROWS[:200]) + b"\n \nbroken\n\n" + ndjson_bytes(ROWS[200:])
    options = ReadOptions(keep_rejects=True)
    whole = read_bytes(tmp_path, name, content, options)
    assert whole.frame.height == 400
    assert whole.reasons == [(200, "malformed record")]
    monkeypatch.setattr(delimited, "RANGE", 3000)
    monkeypatch.setattr(delimited, "_BLOCK", 1000)
    monkeypatch.setattr(record_texts, "BLOCK", 1000)
    cut_up = read_bytes(tmp_path, name, content, options)
    assert (len(cut_up.batches) > 10) == (name == "log.csv")
    assert cut_up.frame.equals(whole.frame)
    assert cut_up.rejects == whole.rejects
    assert cut_up.notes == whole.notes
    with open_log([str(tmp_path / name)]) as log:
        pointers = whole.frame.select("source", "row").sample(5, seed=1)
        for _ in range(2):
            # First the file is cut, then it is known where.
            again = log.fetch(pointers, ["account_id"]).join(whole.frame, on=["source", "row"], how="left")
            assert again["account_id"].to_list() == again["account_id_right"].to_list()
            assert [task.source for task in log.tasks()] == [0] * len(list(log.tasks()))
