"""Which source a file is taken for."""

from pathlib import Path

import pytest

from distillscan.read import ReadOptions
from distillscan.read.schema.model import Column, Recognise, Schema, presets
from distillscan.read.schema.recognise import recognise
from distillscan.read.schema.resolve import SourceColumn
from tests.support.small_logs import csv_bytes, ndjson_bytes, read_bytes

T = "2026-01-02T12:00:00Z"


def schema(name: str, *groups: tuple[str, ...], none: tuple[str, ...] = ()) -> Schema:
    return Schema(name, "s", {"account_id": Column(("u",))}, recognise=Recognise(groups, none))


def chosen(names: list[str], *schemas: Schema) -> str | None:
    found = recognise((schema, [SourceColumn(name) for name in names]) for schema in schemas)
    return found[0].name if found else None


def test_the_schema_that_asks_for_most_wins_then_most_signs_then_the_first_by_name() -> None:
    one, two, three = schema("one", ("a",)), schema("two", ("a",), ("b", "c")), schema("three", ("a",), ("c",))
    assert chosen(["a"], one, two, three) == "one"
    assert chosen(["a", "b"], one, two, three) == "two"
    assert chosen(["a", "b", "c"], one, two, three) == "two"
    assert chosen(["a", "c"], one, two, three) == "three"
    assert chosen(["b"], one, two, three) is None
    assert chosen(["a", "x"], schema("b", ("a",)), schema("a", ("x",))) == "a"


def test_columns_that_must_not_be_there_and_schemas_that_are_never_told() -> None:
    assert chosen(["a"], schema("one", ("a",), none=("b",))) == "one"
    assert chosen(["a", "b"], schema("one", ("a",), none=("b",))) is None
    assert chosen(["a"], schema("one")) is None
    assert chosen(["a"], schema("one", ("b",))) is None


def test_canonical_columns_need_no_schema() -> None:
    assert chosen(["a", "timestamp", "account_id"], schema("one", ("a",))) is None
    assert chosen(["a", "timestamp"], schema("one", ("a",))) == "one"


def test_what_is_inside_of_text_is_no_evidence_unless_it_was_looked_at() -> None:
    inside = SourceColumn("a", nested=True, inner=frozenset({"b"}))
    columns = [inside, SourceColumn("t"), SourceColumn("j", inner=frozenset({"c"})), SourceColumn("m", nested=True)]
    for path, fits in {"a.b": True, "a.c": False, "t": True, "t.c": False, "j.c": True, "m.c": True}.items():
        assert bool(recognise([(schema("one", (path,)), columns)])) == fits


@pytest.mark.parametrize(
    "columns",
    [
        ["ts", "user_id", "model", "messages", "response"],
        ["created_at", "user", "model", "prompt", "completion", "status"],
        ["time", "client_ip", "ua", "uid", "request", "metadata"],
        ["id", "created", "model", "choices", "usage", "user"],
        ["startTime", "endTime", "model", "user", "metadata"],
    ],
)
def test_logs_of_nobody_in_particular_are_read_by_name(columns: list[str]) -> None:
    assert chosen(columns, *presets().values()) is None


def test_records_inside_wrappers_tell_their_source(tmp_path: Path) -> None:
    inner = {"time": T, "CorrelationId": "c", "DeploymentName": "d", "RequestMessages": "p"}
    found = read_bytes(
        tmp_path, "a.json", ndjson_bytes([{"records": [inner]}]), ReadOptions(mapping={"account_id": "CorrelationId"})
    )
    assert found.values("prompt") == ["p"]
    unknown = [{"records": [{"x": 1}], "timestamp": T, "account_id": "a"}]
    assert read_bytes(tmp_path, "b.json", ndjson_bytes(unknown)).values("account_id") == ["a"]
    odd = [{"records": [{"x": 1}], "ts": T, "uid": "a"}]
    assert read_bytes(tmp_path, "c.json", ndjson_bytes(odd)).values("account_id") == ["a"]


def test_what_is_asked_for_needs_no_signs(tmp_path: Path) -> None:
    rows = [{"created_at": T, "user": "u", "model_permaslug": "m"}]
    found = read_bytes(tmp_path, "a.csv", csv_bytes(rows), ReadOptions(schema="openrouter"))
    assert (found.values("model"), found.notes) == (["m"], ())
