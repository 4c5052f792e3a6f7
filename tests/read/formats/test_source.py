"""Which source a file is taken for: never for one as which it could not be read, where its own names would do."""

import json
from pathlib import Path
from typing import Any

import pytest

from distillscan.errors import InputError
from distillscan.read import ReadOptions
from distillscan.read.schema.model import presets
from tests.support.small_logs import csv_bytes, ndjson_bytes, read_bytes

T = "2026-07-01T03:00:00Z"
ROW = {"userId": "u1", "startTime": T, "prompt": "Hi"}


def read(tmp: Path, rows: list[dict[str, Any]], name: str = "a.csv", **options: Any) -> tuple[list[str], str]:
    """The accounts that were read, and the notes."""
    content = csv_bytes(rows) if name.endswith(".csv") else ndjson_bytes(rows)
    found = read_bytes(tmp, name, content, ReadOptions(**options))
    return found.values("account_id"), " ".join(found.notes)


@pytest.mark.parametrize(
    "others",
    [
        {"modelId": "gpt", "input": "Hi"},
        {"modelId": "gpt", "input": '{"text": "Hi"}', "output": "{}"},
        {"trace_id": "t", "input": "Hi", "type": "chat"},
        {"attributes": '{"x": 1}', "ai": "yes"},
        {"accountId": "7", "region": "x", "modelId": "gpt"},
    ],
)
def test_own_logs_with_a_few_names_of_a_source_are_none_of_it(tmp_path: Path, others: dict[str, str]) -> None:
    accounts, notes = read(tmp_path, [ROW | others])
    assert accounts == ["u1"] or "accountId" in others
    assert "read with the schema" not in notes


def test_what_text_holds_tells_a_source(tmp_path: Path) -> None:
    bedrock = {
        "timestamp": T,
        "modelId": "m",
        "identity": '{"arn": "a1"}',
        "input": '{"inputBodyJson": {"prompt": "P"}}',
    }
    accounts, notes = read(tmp_path, [bedrock])
    assert accounts == ["a1"]
    assert "read with the schema bedrock" in notes


def test_names_win_where_the_schema_finds_less(tmp_path: Path) -> None:
    rows = [ROW | {"CorrelationId": "c", "DeploymentName": "d"}]
    accounts, notes = read(tmp_path, rows)
    assert accounts == ["u1"]
    assert (
        "columns are read by name: the file has signs of Azure API Management: ApiManagementGatewayLlmLog, but nothing "
        "for timestamp and account_id where that has it; --schema azure_apim reads it as such"
    ) in notes
    with pytest.raises(InputError, match="read with the schema azure_apim, there is nothing for timestamp"):
        read(tmp_path, rows, schema="azure_apim")


@pytest.mark.parametrize("name", ["a.csv", "a.ndjson"])
def test_names_win_where_the_schema_leaves_out_every_row(tmp_path: Path, name: str) -> None:
    row = {"user_id": "u1", "start_time": T, "trace_id": "t", "type": "chat", "usage_details": "x", "input": "Hi"}
    accounts, notes = read(tmp_path, [row, row], name)
    assert accounts == ["u1", "u1"]
    assert "but none of its first rows is a request there (no request to a model: an observation that is no" in notes
    accounts, notes = read(tmp_path, [row, row | {"type": "GENERATION"}], name)
    assert accounts == ["u1"]
    assert "read with the schema langfuse" in notes


def test_what_else_it_may_be_is_said(tmp_path: Path) -> None:
    row = {"start_time": T, "gen_ai.request.model": "m", "openinference.span.kind": "LLM", "user.id": "u1"}
    accounts, notes = read(tmp_path, [row])
    assert accounts == ["u1"]
    assert notes.endswith(f"it may also be {presets()['otel'].summary}: --schema otel")


def attributes(**values: str) -> list[dict[str, Any]]:
    return [{"key": key.replace("__", "."), "value": {"stringValue": value}} for key, value in values.items()]


SPAN = {"spanId": "s", "startTimeUnixNano": "1782874800000000000"}
OTEL = attributes(gen_ai__request__model="m", user__id="u1", gen_ai__prompt__0__content="Hi")
PHOENIX = attributes(openinference__span__kind="LLM", user__id="u1", llm__input_messages__0__message__content="Hi")
TAGS = [{"key": one["key"], "type": "string", "value": one["value"]["stringValue"]} for one in OTEL]


@pytest.mark.parametrize(
    ("value", "schema"),
    [
        ({"resourceSpans": [{"scopeSpans": [{"spans": [SPAN | {"attributes": OTEL}]}]}]}, "otel"),
        ({"resourceSpans": [{"scopeSpans": [{"spans": [SPAN | {"attributes": PHOENIX}]}]}]}, "openinference"),
        ({"batches": [{"scopeSpans": [{"spans": [SPAN | {"attributes": PHOENIX}]}]}]}, "openinference"),
        ({"data": [{"spans": [{"spanID": "s", "startTime": 1782874800000000, "tags": TAGS}]}]}, "otel"),
        ({"data": [SPAN | {"attributes": PHOENIX}], "next_cursor": None}, "openinference"),
        (SPAN | {"attributes": OTEL}, "otel"),
    ],
)
def test_spans_in_whatever_they_are_wrapped(tmp_path: Path, value: Any, schema: str) -> None:
    found = read_bytes(tmp_path, "a.json", json.dumps(value).encode())
    assert (found.values("account_id"), found.values("prompt")) == (["u1"], ["Hi"])
    assert found.frame["timestamp"].dt.to_string("%F %T").to_list() == ["2026-07-01 03:00:00"]
    assert any(note.startswith(f"read with the schema {schema} ") for note in found.notes)
