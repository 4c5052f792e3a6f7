"""The file of rejected rows."""

import json
from pathlib import Path

import polars as pl
import pytest

from distillscan.errors import UsageError
from distillscan.read import REJECTS, LogFile
from distillscan.report.rejects import write_rejects


def rejects(*rows: tuple[int, int, str, str | None]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=REJECTS, orient="row")


def inputs(*paths: str) -> list[LogFile]:
    return [LogFile(number, path, Path(path), "csv", None, 1) for number, path in enumerate(paths)]


ROWS = rejects((0, 5, "no time", "c"), (1, 2, "no account", None), (1, 7, "no time", '{"a": "\u00e9\u2028"}'))


def test_a_line_for_each_row(tmp_path: Path) -> None:
    path = tmp_path / "rejects.ndjson"
    write_rejects(path, ROWS, inputs("one.csv", "two.csv"))
    assert [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n")[:-1]] == [
        {"path": "one.csv", "row": 5, "reason": "no time", "record": "c"},
        {"path": "two.csv", "row": 2, "reason": "no account", "record": None},
        {"path": "two.csv", "row": 7, "reason": "no time", "record": '{"a": "\u00e9\u2028"}'},
    ]


def test_what_must_not_be_shown_is_not(tmp_path: Path) -> None:
    path = tmp_path / "rejects.ndjson"
    write_rejects(path, ROWS, inputs("secret/1", "secret/2"), lambda paths: ["a", "b"], records=False)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(line["path"], line["record"]) for line in lines] == [("a", None), ("b", None), ("b", None)]


def test_a_file_name_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "rejects.ndjson"
    write_rejects(path, ROWS[:1], inputs("caf\udce9.csv"))
    assert json.loads(path.read_text())["path"] == "caf\\udce9.csv"


def test_without_rejects_the_file_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "rejects.ndjson"
    write_rejects(path, rejects(), inputs("one.csv"))
    assert path.read_text() == ""


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=rf"^cannot write {tmp_path}: "):
        write_rejects(tmp_path, rejects(), [])
