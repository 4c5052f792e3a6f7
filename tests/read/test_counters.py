"""Counting what is read: per input, per reason, from several threads."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl

from distillscan.read import REJECTS, Batch, ReadOptions, open_log
from distillscan.read.counters import RowCounters, count_batches
from tests.support.handmade import at, canonical


def batch(source: int, usable: int, *rejects: tuple[int, str, str]) -> Batch:
    rows = [{"timestamp": at(k), "account_id": "a"} for k in range(usable)]
    frame = canonical(rows or [{"timestamp": at(0), "account_id": "a"}], source)[:usable]
    rejected = pl.DataFrame([(source, *r) for r in rejects], schema=REJECTS, orient="row")
    return Batch(frame=frame, read=usable + len(rejects), bytes=10, rejects=rejected)


def test_records_are_counted_per_input_and_reasons_over_all() -> None:
    counters = RowCounters(keep_rejects=False)
    counters.count(batch(0, 3, (3, "no time", "{}")))
    counters.count(batch(1, 0, (0, "no account", "{}"), (1, "no time", "{}")))
    counters.count(batch(0, 2))
    assert [counters.rows(source) for source in range(3)] == [6, 2, 0]
    assert counters.rejected.rows == 3
    assert dict(counters.rejected.reasons) == {"no time": 2, "no account": 1}


def test_reasons_come_most_frequent_first_then_by_name() -> None:
    counters = RowCounters(keep_rejects=False)
    counters.count(batch(0, 0, (0, "b", ""), (1, "a", ""), (2, "c", ""), (3, "c", "")))
    assert list(counters.rejected.reasons) == ["c", "a", "b"]


def test_nothing_counted_is_nothing_rejected() -> None:
    counters = RowCounters(keep_rejects=True)
    counters.count(batch(0, 0))
    assert counters.rows(0) == 0
    assert (counters.rejected.rows, dict(counters.rejected.reasons)) == (0, {})


def test_threads_do_not_lose_counts() -> None:
    counters = RowCounters(keep_rejects=True)
    batches = [batch(k % 4, 2, (k, "r", "x")) for k in range(400)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(counters.count, batches))
    assert [counters.rows(source) for source in range(4)] == [300] * 4
    assert dict(counters.rejected.reasons) == {"r": 400}


def test_batches_pass_through_and_are_counted_as_they_come() -> None:
    counters = RowCounters(keep_rejects=False)
    batches = [batch(0, 2), batch(0, 1)]
    passing = count_batches(lambda: iter(batches), counters)  # type: ignore[arg-type]
    assert counters.rows(0) == 0
    assert next(passing) is batches[0]
    assert counters.rows(0) == 2
    assert list(passing) == [batches[1]]
    assert counters.rows(0) == 3


def test_rejects_are_kept_in_the_order_of_the_input() -> None:
    counters = RowCounters(keep_rejects=True)
    assert counters.rejects.schema == REJECTS
    counters.count(batch(1, 1, (7, "no time", "a"), (2, "no account", "b")))
    counters.count(batch(0, 0, (5, "no time", "c")))
    assert counters.rejects.select("source", "row", "record").rows() == [(0, 5, "c"), (1, 2, "b"), (1, 7, "a")]


def test_rejects_that_nobody_wants_are_not_kept() -> None:
    counters = RowCounters(keep_rejects=False)
    counters.count(batch(0, 2, (2, "no time", "x")))
    assert counters.rejects.is_empty()


def test_it_counts_what_reading_gives(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("timestamp,account_id\n2026-04-01T00:00:00Z,a\nnever,b\n")
    (tmp_path / "b.csv").write_text("timestamp,account_id\nnever,\n,b\n2026-04-01T00:00:00Z,c\n")
    counters = RowCounters(keep_rejects=True)
    with open_log([str(tmp_path)], ReadOptions(keep_rejects=True)) as log:
        usable = sum(found.frame.height for task in log.tasks() for found in count_batches(task, counters))
        names = {file.source: Path(file.path).name for file in log.inputs}
    assert usable == 2
    assert {names[k]: counters.rows(k) for k in names} == {"a.csv": 2, "b.csv": 3}
    assert counters.rejected.rows == 3
    rejects = counters.rejects.select("source", "row").rows()
    assert [(names[source], row) for source, row in rejects] == [("a.csv", 1), ("b.csv", 0), ("b.csv", 1)]
