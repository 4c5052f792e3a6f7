"""Columns inside of objects are found by the names that lead to them."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.small_logs import csv_bytes, parquet_bytes, read_bytes

MESSAGES = [{"role": "system", "content": "S"}, {"role": "user", "content": "U"}]
RECORD: dict[str, Any] = {
    "time": "2026-07-01T03:00:00Z",
    "user": {"id": "ann", "org": {"name": "x"}},
    "client": {"ip": "203.0.113.7", "headers": {"User-Agent": "app/1"}},
    "request": {"model": "m", "messages": MESSAGES},
    "response": {"choices": [{"message": {"role": "assistant", "content": "A"}}], "usage": {"prompt_tokens": 3}},
    "metadata": {"session_id": "s", "device": {"id": "d"}},
}
EXPECTED = {
    "account_id": "ann",
    "ip": "203.0.113.7",
    "user_agent": "app/1",
    "model": "m",
    "session_id": "s",
    "device_id": "d",
    "input_tokens": 3,
    "prompt": "U",
    "system_prompt": "S",
    "response": "A",
}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("log.ndjson", json.dumps(RECORD).encode()),
        ("log.parquet", parquet_bytes([RECORD])),
        (
            "log.csv",
            csv_bytes([{k: json.dumps(v) if isinstance(v, dict) else v for k, v in RECORD.items()} | {"user": "ann"}]),
        ),
    ],
)
def test_the_names_of_a_path_count_together(tmp_path: Path, name: str, content: bytes) -> None:
    found = read_bytes(tmp_path, name, content)
    assert {column: found.values(column)[0] for column in EXPECTED} == EXPECTED
    assert any("request.model is read as model" in note for note in found.notes)


def test_a_column_of_the_record_itself_comes_first(tmp_path: Path) -> None:
    found = read_bytes(tmp_path, "log.ndjson", json.dumps({**RECORD, "user_id": "bob", "ip": "203.0.113.9"}).encode())
    assert (found.values("account_id"), found.values("ip")) == (["bob"], ["203.0.113.9"])


def test_names_of_a_column_count_without_what_stands_around_them(tmp_path: Path) -> None:
    row = {"timestamp": "2026-07-01T03:00:00Z", "jsonPayload.user_id": "ann", "jsonPayload.client_ip": "203.0.113.7"}
    found = read_bytes(tmp_path, "log.csv", csv_bytes([row]))
    assert (found.values("account_id"), found.values("ip")) == (["ann"], ["203.0.113.7"])


def test_names_inside_of_other_things_do_not_count(tmp_path: Path) -> None:
    log = {"time": "2026-07-01T03:00:00Z", "user": "ann", "server": {"ip": "10.0.0.1"}, "error": {"model": "m"}}
    assert read_bytes(tmp_path, "log.ndjson", json.dumps(log).encode()).columns == {"timestamp", "account_id"}
