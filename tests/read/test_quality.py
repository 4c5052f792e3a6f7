"""Requests that are there twice and times far from all others: counted, and said the same whatever the order."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from distillscan.columns import CANONICAL, POINTER, TIMESTAMP
from distillscan.read import quality as module
from distillscan.read.quality import Quality

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def frame(rows: Sequence[tuple[str | None, str, datetime]], first: int = 0) -> pl.DataFrame:
    ids, accounts, times = zip(*rows, strict=True)
    return pl.DataFrame(
        {"source": [0] * len(rows), "row": range(first, first + len(rows)), "timestamp": times, "account_id": accounts}
        | {"request_id": ids},
        schema={**POINTER, "timestamp": TIMESTAMP, "account_id": CANONICAL["account_id"], "request_id": pl.String()},
    )


def texts(*batches: pl.DataFrame) -> tuple[str, ...]:
    found = Quality()
    for batch in batches:
        found.add(batch)
    return found.notes()


def test_one_account_for_everything_is_asked_about() -> None:
    rows = [(None, "a", NOON + timedelta(seconds=at)) for at in range(100)]
    said = texts(frame(rows[:60]), frame(rows[60:], 60))
    assert said == (
        "all 100 requests have one and the same account_id: if it says whose log this is, and not who called, name the "
        "column that does with --map account_id=COLUMN",
    )
    assert texts(frame(rows[:99])) == ()
    assert texts(frame(rows), frame([(None, "b", NOON)], 100)) == ()


def test_the_same_request_twice() -> None:
    one = ("r1", "a", NOON)
    others = [("r1", "b", NOON), ("r1", "a", NOON + timedelta(microseconds=1)), ("r2", "a", NOON), (None, "a", NOON)]
    assert texts(frame([one, *others, (None, "a", NOON)])) == ()
    repeated = texts(frame([one, *others]), frame([one, one], 5))
    assert repeated == (
        "2 requests (33.3%) repeat request_id, account and time of another: each is counted; "
        "look for files that were exported twice",
    )


def test_batches_without_request_ids_and_empty_ones() -> None:
    batch = frame([("r", "a", NOON)])
    assert texts(batch.drop("request_id"), batch.head(0)) == ()


def test_a_batch_that_is_read_again_counts_once() -> None:
    batch = frame([("r", "a", NOON)])
    assert texts(batch, batch) == ()


def test_large_logs_are_judged_by_a_part_that_no_order_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [(f"r{at % 4000}", f"a{at % 2}", NOON) for at in range(5000)]
    exact = texts(frame(rows))
    assert exact[0].startswith("1,000 requests (20.0%) repeat")
    monkeypatch.setattr(module, "_SAMPLE", 1000)
    found = set()
    for seed in range(5):
        shuffled = random.Random(seed).sample(rows, len(rows))
        found.add(texts(*(frame(shuffled[at : at + 700], at) for at in range(0, 5000, 700))))
    ((text,),) = found
    about, amount, *_ = text.split()
    assert about == "about"
    assert 900 <= int(amount.replace(",", "")) <= 1100


def test_times_far_from_all_others() -> None:
    days = [(None, f"a{at % 2}", NOON + timedelta(days=at % 40)) for at in range(1000)]
    early, late = datetime(2001, 9, 9, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC)
    stray = [(None, "a", early), (None, "a", early), (None, "a", late), (None, "a", late + timedelta(days=9))]
    assert texts(frame([*days, *stray])) == (
        "2 requests of 2001-09-09 are over 180 days away from all others, and counted: is a clock wrong?",
        "2 requests between 2099-01-01 and 2099-01-10 are over 180 days away from all others, and counted: "
        "is a clock wrong?",
    )
    assert texts(frame([*days, *stray * 5]))[0].startswith("10 requests of 2001")
    assert texts(frame([*days, *stray * 6])) == ()
    assert texts(frame([*days, *[(None, "a", NOON + timedelta(days=39 + 180))] * 3])) == ()
    assert len(texts(frame([*days, *[(None, "a", NOON + timedelta(days=39 + 181))] * 3]))) == 1
