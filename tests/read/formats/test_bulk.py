"""Action lines of Elasticsearch bulk files are other output between the records: neither records nor rejects."""

import json
from pathlib import Path
from typing import Any

import pytest

from distillscan.read.formats.bulk import is_action
from tests.support.small_logs import read_bytes

ROWS: list[dict[str, Any]] = [
    {"timestamp": f"2026-03-04T05:06:0{at}Z", "account_id": f"u{at}", "prompt": f"text {at}"} for at in range(3)
]
ACTIONS = ['{"index":{"_index":"logs"}}', ' { "create" : {"_index": "logs", "_id": "1"}}\r', '{"index":{}}']
#: One action line a record, and one that deletes.
LEFT_OUT = "4 lines of other output between the records are left out"


@pytest.mark.parametrize("name", ["log.ndjson", "log.json", "bulk", "log.txt"])
def test_action_lines_are_counted_and_no_rejects(name: str, tmp_path: Path) -> None:
    pairs = [f"{action}\n{json.dumps(row)}\n" for action, row in zip(ACTIONS, ROWS, strict=True)]
    content = "".join([*pairs, '{"delete":{"_index":"logs","_id":"2"}}\n']).encode()
    found = read_bytes(tmp_path, name, content)
    assert found.values("prompt") == [row["prompt"] for row in ROWS]
    assert found.frame["row"].to_list() == [0, 1, 2]
    assert (found.rejects, found.unread) == ([], ())
    assert LEFT_OUT in found.notes


def test_action_lines_before_wrapped_records_are_counted(tmp_path: Path) -> None:
    wrapped = [json.dumps({"@timestamp": row["timestamp"], "message": json.dumps(row)}) for row in ROWS]
    content = "".join(f"{action}\n{text}\n" for action, text in zip(ACTIONS, wrapped, strict=True))
    found = read_bytes(tmp_path, "a.ndjson", f'{content}{{"delete":{{"_id":"2"}}}}\n'.encode())
    assert found.values("prompt") == [row["prompt"] for row in ROWS]
    assert not found.rejects
    assert LEFT_OUT in found.notes


def test_a_broken_record_between_action_lines_is_a_reject(tmp_path: Path) -> None:
    content = f'{ACTIONS[0]}\n{{"timestamp": "20\n{ACTIONS[0]}\n{json.dumps(ROWS[0])}\n'.encode()
    found = read_bytes(tmp_path, "a.ndjson", content)
    assert found.reasons == [(0, "malformed record")]
    assert found.values("prompt") == ["text 0"]


@pytest.mark.parametrize(
    "text",
    [
        None,
        b'{"index": 1}',
        b'{"index": {"_index": "logs"}',
        b'{"index": {"_index": "logs"}, "account_id": "a"}',
        b'{"create": {"timestamp": "2026-03-04", "account_id": "a"}}',
        b'{"index": {"_id": "' + b"x" * 10_000 + b'"}}',
        b'[{"index": {}}]',
    ],
)
def test_what_says_more_than_an_action_is_a_record(text: bytes | None) -> None:
    assert not is_action(text)
