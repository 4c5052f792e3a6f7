"""Which source a file is taken for."""

from pathlib import Path

import pytest

from distillscan.read import ReadOptions
from distillscan.read.formats.open import recognise
from distillscan.read.schema.model import Column, Recognise, Schema, presets
from distillscan.read.schema.resolve import SourceColumn
from tests.support.small_logs import csv_bytes, ndjson_bytes, read_bytes

T = "2026-01-02T12:00:00Z"


def schema(name: str, **signs: tuple[str, ...]) -> Schema:
    return Schema(name, "s", {"account_id": Column(("u",))}, recognise=Recognise(**signs))


def chosen(names: list[str], *schemas: Schema) -> str | None:
    found = recognise([SourceColumn(name) for name in names], schemas)
    return None if found is None else found.name


def test_the_schema_that_asks_for_most_wins_and_of_equals_the_first_by_name() -> None:
    one, two, three = (
        schema("one", all=("a",)),
        schema("two", all=("a",), any=("b", "c")),
        schema("three", all=("a", "c")),
    )
    assert chosen(["a"], one, two, three) == "one"
    assert chosen(["a", "b"], one, two, three) == "two"
    assert chosen(["a", "c"], one, two, three) == "three"
    assert chosen(["b"], one, two, three) is None
    assert chosen(["a", "x"], schema("b", all=("a",)), schema("a", all=("x",))) == "a"


def test_columns_that_must_not_be_there_and_schemas_that_are_never_told() -> None:
    assert chosen(["a"], schema("one", all=("a",), none=("b",))) == "one"
    assert chosen(["a", "b"], schema("one", all=("a",), none=("b",))) is None
    assert chosen(["a"], schema("one")) is None
    assert chosen(["a"], schema("one", any=("b",))) is None


def test_canonical_columns_need_no_schema() -> None:
    assert chosen(["a", "timestamp", "account_id"], schema("one", all=("a",))) is None
    assert chosen(["a", "timestamp"], schema("one", all=("a",))) == "one"


def test_paths_are_looked_for_where_they_can_be_known() -> None:
    columns = [SourceColumn("a", nested=True, inner=frozenset({"b"})), SourceColumn("t")]
    assert recognise(columns, [schema("one", all=("a.b",))]) is not None
    assert recognise(columns, [schema("one", all=("a.c",))]) is None
    assert recognise(columns, [schema("one", all=("t.c",))]) is not None  # text: it may hold JSON


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
