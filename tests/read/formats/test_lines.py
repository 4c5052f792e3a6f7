"""Lines of plain text, read with a schema's regular expression."""

import gzip
from pathlib import Path

import pytest

from distillscan.errors import InputError
from distillscan.read import ReadOptions, open_log
from distillscan.read.formats import record_texts
from tests.support.small_logs import read_bytes

LINE = '203.0.113.7 - - [17/May/2026:10:05:03 +0000] "GET / HTTP/1.1" 200 1 "-" "agent"\n'


def test_lines_in_small_blocks_read_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "".join(LINE.replace("113.7", f"113.{at}") for at in range(50)).encode()
    whole = read_bytes(tmp_path, "access.log", text)
    monkeypatch.setattr(record_texts, "BLOCK", 53)
    parts = read_bytes(tmp_path, "access.log", text)
    assert parts.frame.equals(whole.frame)
    assert whole.values("ip") == [f"203.0.113.{at}" for at in range(50)]


def test_lines_keep_rejects_and_windows_line_ends(tmp_path: Path) -> None:
    text = (LINE.replace("\n", "\r\n") + '\r\nno "match"\x1b\r\n').encode() + b"\xff\xfe\n"
    found = read_bytes(tmp_path, "access.log", text, ReadOptions(keep_rejects=True))
    assert found.values("user_agent") == ["agent"]
    assert [(row, record) for _, row, _, record in found.rejects] == [
        (1, '"no \\"match\\"\\u001b"'),
        (2, '"ÿþ"'),
    ]


def test_lines_can_be_compressed_and_asked_for(tmp_path: Path) -> None:
    assert read_bytes(tmp_path, "a.log.gz", gzip.compress(LINE.encode())).values("ip") == ["203.0.113.7"]
    asked = read_bytes(tmp_path, "b.csv", LINE.encode(), ReadOptions(schema="access_log"))
    assert (asked.values("ip"), asked.notes) == (["203.0.113.7"], ())


def test_lines_are_told_by_the_first_one_only_where_the_name_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("time,user\n1,2\n")
    (tmp_path / "b.csv").write_text(LINE + LINE)
    (tmp_path / "c.log").write_text(LINE)
    with open_log([str(tmp_path / "a.log")]) as log:
        assert log.inputs[0].format == "csv"
    with pytest.raises(InputError, match="has no header: its first line holds values"):
        open_log([str(tmp_path / "b.csv")])
    for asked in (ReadOptions(schema="none"), ReadOptions(format="csv")):
        with pytest.raises(InputError):
            open_log([str(tmp_path / "c.log")], asked)


def test_a_line_of_text_without_end_costs_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_texts, "BLOCK", 1 << 10)
    monkeypatch.setattr(record_texts, "LONGEST", 1 << 20)
    content = (LINE + "x" * (2 << 20) + "\n" + LINE).encode()
    found = read_bytes(tmp_path, "a.log", content, ReadOptions(keep_rejects=True))
    assert found.frame["row"].to_list() == [0, 2]
    assert found.rejects == [(0, 1, "malformed record", None)]
    assert "a.log: a line is longer than 1 MB: counted as malformed record" in found.notes
