"""Counting what is read: per input, per reason, from several threads; and the file of rejected rows."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from distillscan.errors import UsageError
from distillscan.read import REJECTS, Batch, ReadOptions, open_log
from distillscan.read.tally import Tally, counted
from tests.support.handmade import at, canonical


def batch(source: int, usable: int, *rejects: tuple[int, str, str]) -> Batch:
    rows = [{"timestamp": at(k), "account_id": "a"} for k in range(usable)]
    frame = canonical(rows or [{"timestamp": at(0), "account_id": "a"}], source)[:usable]
    rejected = pl.DataFrame([(source, *r) for r in rejects], schema=REJECTS, orient="row")
    return Batch(frame=frame, read=usable + len(rejects), bytes=10, rejects=rejected)


def log_of(*paths: str) -> Any:
    return SimpleNamespace(inputs=[SimpleNamespace(source=k, path=path) for k, path in enumerate(paths)])


def test_records_are_counted_per_input_and_reasons_over_all() -> None:
    tally = Tally(keep_rejects=False)
    tally.count(batch(0, 3, (3, "no time", "{}")))
    tally.count(batch(1, 0, (0, "no account", "{}"), (1, "no time", "{}")))
    tally.count(batch(0, 2))
    assert [tally.rows(source) for source in range(3)] == [6, 2, 0]
    assert tally.rejected.rows == 3
    assert dict(tally.rejected.reasons) == {"no time": 2, "no account": 1}


def test_reasons_come_most_frequent_first_then_by_name() -> None:
    tally = Tally(keep_rejects=False)
    tally.count(batch(0, 0, (0, "b", ""), (1, "a", ""), (2, "c", ""), (3, "c", "")))
    assert list(tally.rejected.reasons) == ["c", "a", "b"]


def test_nothing_counted_is_nothing_rejected() -> None:
    tally = Tally(keep_rejects=True)
    tally.count(batch(0, 0))
    assert tally.rows(0) == 0
    assert (tally.rejected.rows, dict(tally.rejected.reasons)) == (0, {})


def test_threads_do_not_lose_counts() -> None:
    tally = Tally(keep_rejects=True)
    batches = [batch(k % 4, 2, (k, "r", "x")) for k in range(400)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(tally.count, batches))
    assert [tally.rows(source) for source in range(4)] == [300] * 4
    assert dict(tally.rejected.reasons) == {"r": 400}


def test_batches_pass_through_and_are_counted_as_they_come() -> None:
    tally = Tally(keep_rejects=False)
    batches = [batch(0, 2), batch(0, 1)]
    passing = counted(lambda: iter(batches), tally)  # type: ignore[arg-type]
    assert tally.rows(0) == 0
    assert next(passing) is batches[0]
    assert tally.rows(0) == 2
    assert list(passing) == [batches[1]]
    assert tally.rows(0) == 3


def test_rejects_are_written_in_the_order_of_the_input(tmp_path: Path) -> None:
    tally = Tally(keep_rejects=True)
    tally.count(batch(1, 1, (7, "no time", '{"a": "é\u2028"}'), (2, "no account", "b")))
    tally.count(batch(0, 0, (5, "no time", "c")))
    path = tmp_path / "rejects.ndjson"
    tally.write_rejects(path, log_of("one.csv", "two.csv"))
    assert [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n")[:-1]] == [
        {"path": "one.csv", "row": 5, "reason": "no time", "record": "c"},
        {"path": "two.csv", "row": 2, "reason": "no account", "record": "b"},
        {"path": "two.csv", "row": 7, "reason": "no time", "record": '{"a": "é\u2028"}'},
    ]


@pytest.mark.parametrize("keep", [True, False])
def test_without_rejects_the_file_is_empty(tmp_path: Path, keep: bool) -> None:
    tally = Tally(keep)
    tally.count(batch(0, 2) if keep else batch(0, 2, (2, "not kept", "x")))
    path = tmp_path / "rejects.ndjson"
    tally.write_rejects(path, log_of("one.csv"))
    assert path.read_text() == ""


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        Tally(keep_rejects=True).write_rejects(tmp_path, log_of())
    assert str(caught.value) == f"cannot write {tmp_path}: it is a folder; name a file in it"


def test_it_counts_what_reading_gives(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("timestamp,account_id\n2026-04-01T00:00:00Z,a\nnever,b\n")
    (tmp_path / "b.csv").write_text("timestamp,account_id\nnever,\n,b\n2026-04-01T00:00:00Z,c\n")
    tally = Tally(keep_rejects=True)
    with open_log([str(tmp_path)], ReadOptions(keep_rejects=True)) as log:
        usable = sum(found.frame.height for task in log.tasks() for found in counted(task, tally))
        tally.write_rejects(tmp_path / "rejects", log)
        names = {file.source: Path(file.path).name for file in log.inputs}
    assert usable == 2
    assert {names[k]: tally.rows(k) for k in names} == {"a.csv": 2, "b.csv": 3}
    assert tally.rejected.rows == 3
    written = [json.loads(line) for line in (tmp_path / "rejects").read_text().splitlines()]
    assert [(Path(w["path"]).name, w["row"]) for w in written] == [("a.csv", 1), ("b.csv", 0), ("b.csv", 1)]
