"""Copies and parts of requests, and logs joined by request."""

import gzip
import json
import random
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distillscan.errors import InputError
from distillscan.read import ReadOptions, open_log
from distillscan.read.canonical.related import join_parts
from tests.support.small_logs import csv_bytes, ndjson_bytes

T = "2026-01-02T12:00:0{}Z"
BASE = 'name = "mine"\nsummary = "s"\n[columns]\ntimestamp = "ts"\naccount_id = "user"\nrequest_id = "id"\n'
BODY = '[body]\nrequest = "body"\n'


def read(tmp: Path, files: dict[str, list[dict[str, Any]]], rest: str, **options: Any) -> tuple[pl.DataFrame, Any]:
    """Rows of several NDJSON files in the order of rows, and the log's notes and rejects."""
    (tmp / "mine.toml").write_text(BASE + rest)
    for name, rows in files.items():
        (tmp / name).write_bytes(ndjson_bytes(rows))
    chosen = ReadOptions(schema=str(tmp / "mine.toml"), **options)
    with open_log([str(tmp / name) for name in files], chosen) as log:
        batches = [batch for task in log.tasks() for batch in task()]
        frame = pl.concat([batch.frame for batch in batches], how="diagonal")
        rejects = [row[:3] for batch in batches for row in batch.rejects.rows()]
        fetched = log.fetch(frame, ["prompt"]) if "prompt" in frame.columns else None
        if fetched is not None:
            assert fetched["prompt"].to_list() == frame["prompt"].to_list()
        return frame, (log.notes, rejects)


NEWEST = '[newest]\nkey = "id"\norder = "updated"\n'


def row(at: int, **values: Any) -> dict[str, Any]:
    return {"ts": T.format(at % 10), "user": f"u{at}", **values}


def test_the_newest_copy_counts_across_files(tmp_path: Path) -> None:
    files = {
        "a.ndjson": [row(0, id="r1", updated=5), row(1, id="r2", updated="2026-01-01 00:00:00"), row(2, updated=1)],
        "b.ndjson": [row(3, id="r1", updated=10), row(4, id="r2", updated="2025-12-31 00:00:00"), row(5, id=None)],
    }  # fmt: skip
    frame, (_, rejects) = read(tmp_path, files, NEWEST)
    assert frame["account_id"].to_list() == ["u1", "u2", "u3", "u5"]
    assert rejects == [(0, 0, "older copy of a request"), (1, 1, "older copy of a request")]


def test_of_copies_without_a_time_the_first_counts(tmp_path: Path) -> None:
    files = {"a.ndjson": [row(0, id="r1"), row(1, id="r1", updated=""), row(2, id="r1", updated=None)]}
    frame, (_, rejects) = read(tmp_path, files, NEWEST)
    assert (frame["account_id"].to_list(), len(rejects)) == (["u0"], 2)
    with_one = {"a.ndjson": [*files["a.ndjson"], row(3, id="r1", updated=1)]}
    assert read(tmp_path, with_one, NEWEST)[0]["account_id"].to_list() == ["u3"]


def test_a_file_that_lacks_the_order_or_breaks_off(tmp_path: Path) -> None:
    """What can be told from the rows before the break counts; the reading says that there is one."""
    (tmp_path / "mine.toml").write_text(BASE + NEWEST)
    rows = [row(at, id=f"r{at % 500}", updated=at) for at in range(4000)]
    packed = gzip.compress(csv_bytes(rows), 1)
    (tmp_path / "a.csv.gz").write_bytes(packed[: len(packed) * 3 // 4])
    (tmp_path / "b.csv").write_bytes(csv_bytes([row(0, id="r1"), row(1, id="r1")]))
    options = ReadOptions(schema=str(tmp_path / "mine.toml"))
    with open_log([str(tmp_path / "a.csv.gz"), str(tmp_path / "b.csv")], options) as log:
        batches = [batch for task in log.tasks() for batch in task()]
        assert [one.status for one in log.outcomes({})] == ["partial", "read"]
    (broken, whole) = batches
    assert broken.frame.height == 500
    assert broken.rejects["reason"].unique().to_list() == ["older copy of a request"]
    assert (whole.frame.height, whole.rejects.height) == (2, 0)


PARTS = BODY + '[parts]\nkey = "id"\norder = "part"\n'


def test_parts_are_put_together_in_their_order_across_files(tmp_path: Path) -> None:
    whole = json.dumps({"messages": [{"role": "user", "content": "One two three four five six"}]})
    pieces = [whole[at : at + 20] for at in range(0, len(whole), 20)]
    parts = [row(at, id="r1", part=at, body=piece) for at, piece in enumerate(pieces)]
    parts[0]["user"] = None  # the second part says who it was
    random.Random(4).shuffle(parts)
    files = {"a.ndjson": [*parts[:2], row(7, id="r2", part=0, body="plain")], "b.ndjson": parts[2:]}
    frame, (notes, rejects) = read(tmp_path, files, PARTS)
    assert sorted(frame.select("account_id", "prompt").rows()) == [
        ("u1", "One two three four five six"),
        ("u7", "plain"),
    ]
    assert rejects == []
    assert f"{len(pieces) - 1} rows are further parts of requests: their texts were joined to the first part" in notes


def test_a_part_that_is_missing_leaves_no_prompt_and_is_counted(tmp_path: Path) -> None:
    files = {
        "a.ndjson": [row(0, id="r", part=0, body='[{"role":"user","content":"a'), row(1, id="r", part=2, body='c"')]
    }
    frame, (notes, _) = read(tmp_path, files, PARTS)
    assert frame["prompt"].to_list() == [None]
    assert "the request of 1 rows could not be read in full (broken JSON: cut off by the source?)" in notes


@pytest.mark.parametrize(
    ("parts", "whole"),
    [
        (["ab", "cd"], "abcd"),
        (['[{"a":1}', ',{"b":2}]'], '[{"a":1},{"b":2}]'),
        (['[{"a":1}]', '[{"b":2}]'], '[{"a":1},{"b":2}]'),
        (["[1]", "2"], "[1]2"),
        (["only"], "only"),
        ([None, "", "x"], "x"),
        ([None, ""], None),
    ],
)
def test_join_parts(parts: list[str | None], whole: str | None) -> None:
    assert join_parts(parts) == whole


@given(st.lists(st.text(min_size=1, max_size=5), max_size=6))
def test_parts_of_a_text_give_the_text(parts: list[str]) -> None:
    whole = join_parts(["(", *parts])
    assert whole == "(" + "".join(parts)


LOG = [{"timestamp": T.format(at), "account_id": f"a{at}", "request_id": f"r{at}"} for at in range(3)]


def joined(
    tmp: Path, log: list[dict[str, Any]], *sides: list[dict[str, Any]], **options: Any
) -> tuple[pl.DataFrame, Any]:
    (tmp / "log.csv").write_bytes(csv_bytes(log))
    for at, side in enumerate(sides):
        (tmp / f"side{at}.csv").write_bytes(csv_bytes(side))
    joins = tuple(str(tmp / f"side{at}.csv") for at in range(len(sides)))
    with open_log([str(tmp / "log.csv")], ReadOptions(joins=joins, **options)) as opened:
        batches = [batch for task in opened.tasks() for batch in task()]
        found = opened.notes
        assert [len(digest) for digest in opened.joined_digests().values()] == [64] * len(sides)
    return pl.concat([batch.frame for batch in batches], how="diagonal"), found


def test_a_joined_log_adds_what_is_missing(tmp_path: Path) -> None:
    side = [{"request_id": "r0", "ip": "192.0.2.1", "account_id": "other", "status_code": 200},
            {"request_id": "r2", "ip": "192.0.2.2", "account_id": "other", "status_code": 429},
            {"request_id": "r9", "ip": "192.0.2.9", "account_id": "other", "status_code": 500}]  # fmt: skip
    frame, notes = joined(tmp_path, LOG, side)
    assert frame.select("account_id", "ip", "status_code").rows() == [
        ("a0", "192.0.2.1", 200),
        ("a1", None, None),
        ("a2", "192.0.2.2", 429),
    ]
    assert set(notes) >= {"1 rows have no partner in the joined log", "3 requests in the joined log"}


def test_several_joined_logs_and_several_values(tmp_path: Path) -> None:
    first = [{"request_id": "r0", "ip": "", "client_ip": "192.0.2.1", "plan": ""}]
    second = [
        {"request_id": "r0", "ip": "192.0.2.2", "plan": "free"},
        {"request_id": "r0", "ip": "192.0.2.3", "plan": "x"},
    ]
    frame, notes = joined(tmp_path, LOG[:1], first, second)
    assert frame.select("ip", "plan").rows() == [("192.0.2.2", "free")]
    assert "1 requests are in the joined log several times: the first values count" in notes


def test_a_joined_log_can_have_the_accounts_and_times(tmp_path: Path) -> None:
    side = [{"request_id": "r0", "account_id": "a", "timestamp": T.format(0)}]
    log = [{"request_id": "r0", "model": "m"}, {"request_id": "r1", "model": "m"}]
    frame, _ = joined(tmp_path, log, side)
    assert frame.select("account_id", "model").rows() == [("a", "m")]
    assert str(frame["timestamp"][0]) == "2026-01-02 12:00:00+00:00"


def test_prompts_are_not_taken_from_a_joined_log(tmp_path: Path) -> None:
    frame, _ = joined(tmp_path, LOG, [{"request_id": "r0", "prompt": "p", "ip": "192.0.2.1"}])
    assert "prompt" not in frame.columns


@pytest.mark.parametrize(
    ("log", "side", "message"),
    [
        (
            LOG,
            [{"ip": "192.0.2.1", "x": "y"}],
            "side0.csv: no column for request_id, by which logs are joined. Columns",
        ),
        (LOG, [{"request_id": "r0", "prompt": "p"}], "side0.csv: has nothing to add to a log"),
        (
            [{"timestamp": T.format(0), "account_id": "a"}],
            [{"request_id": "r0", "ip": "192.0.2.1"}],
            "log.csv: no column for request_id, by which --join joins. Columns found: timestamp, account_id. Say which",
        ),
    ],
)
def test_logs_that_cannot_be_joined(tmp_path: Path, log: Any, side: Any, message: str) -> None:
    with pytest.raises(InputError) as caught:
        joined(tmp_path, log, side)
    assert message in str(caught.value)


def test_an_empty_or_absent_joined_log_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_bytes(csv_bytes(LOG))
    (tmp_path / "empty.csv").write_bytes(b"")
    for name, message in (("empty.csv", "empty"), ("none.csv", "does not exist")):
        with pytest.raises(InputError, match=message):
            open_log([str(tmp_path / "log.csv")], ReadOptions(joins=(str(tmp_path / name),)))


def test_the_mapping_names_columns_of_the_log_not_of_the_joined_one(tmp_path: Path) -> None:
    log = [{"timestamp": T.format(0), "account_id": "a", "trace": "r0"}]
    frame, _ = joined(tmp_path, log, [{"request_id": "r0", "ip": "192.0.2.1"}], mapping={"request_id": "trace"})
    assert frame["ip"].to_list() == ["192.0.2.1"]
