"""Records wrapped in lists, OTLP attributes, and lines of plain text."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distillscan.errors import InputError
from distillscan.read import ReadOptions, open_log
from distillscan.read.formats import lines as schema_lines
from distillscan.read.formats import records as schema_records
from distillscan.read.formats.records import RecordsReader, plain
from distillscan.read.schema.model import Schema, parse_schema
from distillscan.read.schema.resolve import Resolution, SourcePath
from tests.support.small_logs import ndjson_bytes, read_bytes

T = "2026-01-02T12:00:00Z"
WRAPPED = parse_schema(
    'name = "w"\nsummary = "s"\nrecords = ["a.b", "c"]\n[columns]\ntimestamp = "ts"\naccount_id = "user"', "w"
)


def records(tmp: Path, text: bytes, schema: Schema = WRAPPED) -> list[dict[str, Any]]:
    """What the reader takes for records, told by two of their columns."""
    path = tmp / "x.ndjson"
    path.write_bytes(text)
    reader = RecordsReader(path, "x", None, schema)
    resolution = Resolution({name: SourcePath(name) for name in ("ts", "user", "up")}, (), ())
    chunks = [chunk for unit in reader.units(resolution, batch_rows=9, records=True) for chunk in unit.read()]
    assert sum(chunk.bytes for chunk in chunks) <= len(text)
    return [
        {"row": row, **{name: chunk.columns[name][at] for name in chunk.columns}}
        for chunk in chunks
        for at, row in enumerate(chunk.rows)
    ]


def test_wrapped_and_bare_records(tmp_path: Path) -> None:
    lines = [
        {"up": 1, "a": [{"b": [{"ts": T, "user": "u1"}, {"ts": T, "user": "u2", "up": 2}, "odd"]}, "odd", {"b": 7}]},
        {"c": [{"ts": T, "user": "u3"}], "up": 3},
        {"ts": T, "user": "u4"},
        {"c": []},
    ]
    text = b"\xef\xbb\xbf" + b"\r\n\n".join(json.dumps(line).encode() for line in lines)
    assert records(tmp_path, text) == [
        {"row": 0, "ts": T, "user": "u1", "up": "1"},
        {"row": 1, "ts": T, "user": "u2", "up": "2"},
        {"row": 2, "ts": T, "user": "u3", "up": "3"},
        {"row": 3, "ts": T, "user": "u4", "up": None},
    ]


def test_broken_lines_cost_themselves_only_and_are_numbered(tmp_path: Path) -> None:
    schema = tmp_path / "w.toml"
    schema.write_text('name = "w"\nsummary = "s"\n[columns]\ntimestamp = "ts"\naccount_id = "user"')
    text = b'{"ts": "%s", "user": "u1"}\n{"ts": \n[1]\n{"ts": "%s", "user": "u2"}\n' % (T.encode(), T.encode())
    found = read_bytes(tmp_path, "x.ndjson", text, ReadOptions(schema=str(schema), keep_rejects=True))
    assert found.frame["row"].to_list() == [0, 3]
    assert [(row, why, text) for _, row, why, text in found.rejects] == [
        (1, "malformed record", '"{\\"ts\\": "'),
        (2, "malformed record", '"[1]"'),
    ]


def test_an_object_that_only_late_records_have_is_read(tmp_path: Path) -> None:
    base = {"startTime": 1767355200, "custom_llm_provider": "x", "litellm_call_id": "i", "user": "u"}
    rows = [dict(base) for _ in range(2_500)] + [{**base, "metadata": {"user_agent": "curl"}}]
    found = read_bytes(tmp_path, "log.ndjson", ndjson_bytes(rows), ReadOptions(schema="litellm"))
    assert found.frame["user_agent"].drop_nulls().to_list() == ["curl"]


def test_small_blocks_read_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = b"".join(json.dumps({"c": [{"ts": T, "user": f"u{at}"}]}).encode() + b"\n" for at in range(40))
    whole = records(tmp_path, text)
    monkeypatch.setattr(schema_records, "_BLOCK", 37)
    assert records(tmp_path, text) == whole
    assert len(whole) == 40


def test_a_line_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema_records, "_BLOCK", 1 << 10)
    monkeypatch.setattr(schema_records, "_LONGEST", 1 << 20)
    with pytest.raises(InputError, match="x: a line is longer than 1 MB: is it one JSON object per line"):
        records(tmp_path, b'{"ts": "' + b"x" * (2 << 20))


ATTRIBUTES = [
    {"key": "s", "value": {"stringValue": "x"}},
    {"key": "i", "value": {"intValue": "5"}},
    {"key": "b", "value": {"boolValue": True}},
    {"key": "d", "value": {"doubleValue": 0.5}},
    {"key": "l", "value": {"arrayValue": {"values": [{"stringValue": "y"}, {"intValue": "6"}]}}},
    {"key": "e", "value": {"arrayValue": {"values": []}}},
    {"key": "o", "value": {"kvlistValue": {"values": [{"key": "k", "value": {"stringValue": "z"}}]}}},
    {"key": "n", "value": {}},
    {"key": 7, "value": {"stringValue": "no name"}},
]
PLAIN = {"s": "x", "i": "5", "b": True, "d": 0.5, "l": ["y", "6"], "e": [], "o": {"k": "z"}, "n": {}}


def test_otlp_attributes() -> None:
    span = {"name": "n", "attributes": ATTRIBUTES, "resource": {"attributes": ATTRIBUTES[:1]},
            "events": [{"name": "e", "attributes": ATTRIBUTES[:1]}, "odd"]}  # fmt: skip
    assert plain(span) == {
        "name": "n",
        "attributes": PLAIN,
        "resource": {"attributes": {"s": "x"}},
        "events": [{"name": "e", "attributes": {"s": "x"}}, "odd"],
    }
    assert plain({"attributes": {"already": "plain"}, "resource": "odd", "events": 7}) == {
        "attributes": {"already": "plain"}, "resource": "odd", "events": 7,
    }  # fmt: skip


def test_numbered_messages_are_gathered_in_their_order() -> None:
    flat = {"gen_ai.prompt.10.content": "c", "gen_ai.prompt.2.content": "b", "gen_ai.prompt.2.role": "user", "x": 1}
    gathered = plain(flat)
    assert gathered["gen_ai.prompt"] == [{"content": "b", "role": "user"}, {"content": "c"}]
    assert plain({"attributes": flat})["attributes"] == gathered


@settings(max_examples=200, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=4),
        lambda inner: st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["key", "value", "stringValue", "arrayValue", "kvlistValue", "values", "attributes", "a",
                             "events", "resource", "b", "c", "gen_ai.prompt.0.content"]), inner, max_size=4),
        max_leaves=30,
    )
)  # fmt: skip
def test_no_json_makes_the_reader_fail(value: Any) -> None:
    schema = parse_schema(
        'name = "w"\nsummary = "s"\nrecords = ["a.b"]\nattributes = true\n[columns]\naccount_id = "c"', "w"
    )
    reader = RecordsReader.__new__(RecordsReader)
    reader._wrappers = [("a", "b")]
    reader._attributes = schema.attributes
    found = list(reader._records([json.dumps(value).encode()]))
    assert all(isinstance(one, dict | bytes) for one in found)
    assert found or isinstance(value, dict)


def test_deep_json_is_no_way_to_stop_a_run(tmp_path: Path) -> None:
    deep = b'{"attributes":' * 300 + b"[" * 150 + b"]" * 150 + b"}" * 300
    list_deep = b'{"attributes":[{"key":"k","value":' + b'{"arrayValue":{"values":[' * 200 + b"]}}" * 200 + b"}]}"
    schema = tmp_path / "w.toml"
    schema.write_text(
        'name = "w"\nsummary = "s"\nattributes = true\n[columns]\ntimestamp = "ts"\naccount_id = ["user", "attributes"]'
    )
    text = b"\n".join([deep, list_deep, b'{"ts": "%s", "user": "u"}' % T.encode()])
    found = read_bytes(tmp_path, "x.ndjson", text, ReadOptions(schema=str(schema)))
    assert found.values("account_id") == ["u"]
    assert len(found.rejects) == 2


LINE = '203.0.113.7 - - [17/May/2026:10:05:03 +0000] "GET / HTTP/1.1" 200 1 "-" "agent"\n'


def test_lines_in_small_blocks_read_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "".join(LINE.replace("113.7", f"113.{at}") for at in range(50)).encode()
    whole = read_bytes(tmp_path, "access.log", text)
    monkeypatch.setattr(schema_lines, "_BLOCK", 53)
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
    with pytest.raises(InputError, match="no column for timestamp"):
        open_log([str(tmp_path / "b.csv")])
    for asked in (ReadOptions(schema="none"), ReadOptions(format="csv")):
        with pytest.raises(InputError):
            open_log([str(tmp_path / "c.log")], asked)


def test_a_line_of_text_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema_lines, "_BLOCK", 1 << 10)
    monkeypatch.setattr(schema_lines, "_LONGEST", 1 << 20)
    (tmp_path / "a.log").write_text(LINE + "x" * (2 << 20))
    with open_log([str(tmp_path / "a.log")]) as log:
        list(next(log.tasks())())
        assert "a line is longer than 1 MB: is it a log of lines" in log.outcomes({})[0].reason
