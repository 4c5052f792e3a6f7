"""Files in folders: bodies beside a Bedrock log are no log, and what begins like one is read whatever its name."""

import gzip
from pathlib import Path

from tests.support.small_logs import T0, ndjson_bytes, parquet_bytes, read_all


def test_bodies_beside_a_bedrock_log_are_one_line(tmp_path: Path) -> None:
    hour = tmp_path / "AWSLogs/1/BedrockModelInvocationLogs/us-east-1/2026/01/02/12"
    (hour / "data").mkdir(parents=True)
    record = {"timestamp": T0, "modelId": "m", "schemaType": "ModelInvocationLog", "identity": {"arn": "a"}}
    (hour / "log.json.gz").write_bytes(gzip.compress(ndjson_bytes([record])))
    for at in range(12):
        body = gzip.compress(ndjson_bytes([{"messages": [{"role": "user", "content": "x"}]}]))
        (hour / f"data/req{at}_{'input' if at % 2 else 'output'}.json.gz").write_bytes(body)
    found = read_all([tmp_path])
    assert found.values("account_id") == ["a"]
    assert found.unread == ()
    (said,) = [note for note in found.notes if "left out" in note]
    assert ": left out 12 file(s) with bodies that Bedrock keeps apart (" in said


def test_files_with_any_name_that_begin_like_a_log_are_read(tmp_path: Path) -> None:
    row = {"timestamp": T0, "account_id": "a"}
    line = ndjson_bytes([row])
    files = {
        "stream-1-2026-01-02-12-00-00-6f1c": line,
        "000000.gz": gzip.compress(b"2026-01-02T12:00:00Z " + line),
        "part-0": parquet_bytes([row]),
        "0.log": b"2026-01-02T12:00:00Z stdout F starting\n2026-01-02T12:00:00Z stdout F " + line,
        "notes.txt": b"a, b\n",
        "broken.gz": gzip.compress(line)[:12],
        "picture": b"\x89PNG\r\n\x1a\n",
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    found = read_all([tmp_path], tmp=tmp_path.parent)
    assert found.values("account_id") == ["a"] * 4
    assert any("left out 3 file(s) with an unknown ending" in note for note in found.notes)
