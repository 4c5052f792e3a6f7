"""Columns that hold bodies of requests and answers, in a log that no schema is for, are read as prompts and answers."""

import json
from pathlib import Path
from typing import Any

import pytest

from distillscan.read import ReadOptions, open_log
from tests.support.small_logs import T0, Outcome, csv_bytes, ndjson_bytes, parquet_bytes, read_bytes

ASKED = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": 'Is "it"?'}]
REQUESTS: dict[str, Any] = {
    "chat": {"model": "m", "messages": ASKED},
    "Anthropic": {"system": "Be kind.", "messages": ASKED[1:], "model": "m"},
    "Responses": {"instructions": "Be kind.", "input": 'Is "it"?'},
    "prompt": {"prompt": 'Is "it"?', "system": "Be kind."},
    "Gemini": {
        "contents": [{"role": "user", "parts": [{"text": 'Is "it"?'}]}],
        "systemInstruction": {"parts": [{"text": "Be kind."}]},
    },
    "inside": {"method": "POST", "body": {"messages": ASKED}},
    "messages": ASKED,
}
ANSWER = {"choices": [{"message": {"role": "assistant", "content": "Yes."}}]}


def row(**columns: Any) -> dict[str, Any]:
    return {"timestamp": T0, "account_id": "a", **columns}


def read(tmp_path: Path, *rows: dict[str, Any]) -> Outcome:
    return read_bytes(tmp_path, "log.csv", csv_bytes([row(**columns) for columns in rows]))


@pytest.mark.parametrize("times", [1, 2, 3])
@pytest.mark.parametrize("body", REQUESTS)
def test_bodies_are_read_as_prompt_and_answer(tmp_path: Path, body: str, times: int) -> None:
    request, answer = REQUESTS[body], ANSWER
    for _ in range(times):
        request, answer = json.dumps(request), json.dumps(answer)  # type: ignore[assignment]
    found = read(tmp_path, {"request_body": request, "response_body": answer})
    assert found.values("prompt") == ['Is "it"?']
    assert found.values("system_prompt") == ["Be kind."]
    assert found.values("response") == ["Yes."]
    assert "column request_body is read as prompt: its cells are bodies of requests" in found.notes
    assert "column response_body is read as response: its cells are bodies of answers" in found.notes


@pytest.mark.parametrize("name", ["request", "Request-Body", "body", "payload", "requestJson", "raw_request"])
def test_such_columns_have_many_names_in_every_format(tmp_path: Path, name: str) -> None:
    rows = [row(**{name: REQUESTS["chat"]})]
    texts = [row(**{name: json.dumps(REQUESTS["chat"])})]
    for file, data in {
        "a.json": ndjson_bytes(rows),
        "b.json": ndjson_bytes(texts),
        "c.parquet": parquet_bytes(rows),
    }.items():
        found = read_bytes(tmp_path, file, data)
        assert (found.values("prompt"), found.values("system_prompt")) == (['Is "it"?'], ["Be kind."])


def test_an_answer_encoded_twice_in_its_own_column_is_read(tmp_path: Path) -> None:
    assert read(tmp_path, {"response": json.dumps(json.dumps(ANSWER))}).values("response") == ["Yes."]


@pytest.mark.parametrize(
    "cell",
    [
        "GET /v1/models",
        '{"message": "user logged in"}',
        '{"amount": 12, "plan": "x"}',
        "[1, 2, 3, 4, 5]",
        '{"prompt": ""}',
    ],
)
def test_a_column_is_not_taken_by_its_name_alone(tmp_path: Path, cell: str) -> None:
    found = read(tmp_path, {"request": cell})
    assert "prompt" not in found.columns
    mostly = read(tmp_path, {"request": cell}, {"request": cell}, {"request": json.dumps(REQUESTS["chat"])})
    assert "prompt" not in mostly.columns


def test_a_column_of_prompts_wins(tmp_path: Path) -> None:
    found = read(tmp_path, {"prompt": "own", "request": json.dumps(REQUESTS["chat"])})
    assert (found.values("prompt"), "system_prompt" in found.columns) == (["own"], False)


def test_of_several_columns_the_first_with_bodies_is_read(tmp_path: Path) -> None:
    found = read(tmp_path, {"request": "POST /v1/messages", "body": json.dumps(REQUESTS["chat"])})
    assert found.values("prompt") == ['Is "it"?']


def test_cells_that_are_no_bodies_stay_as_they_are(tmp_path: Path) -> None:
    body = json.dumps(REQUESTS["chat"])
    found = read(tmp_path, {"request": body}, {"request": "NULL"}, {"request": '{"a": 1}'}, {"request": body[:60]})
    assert found.values("prompt") == ['Is "it"?', None, '{"a": 1}', body[:60]]


def test_an_error_is_no_answer(tmp_path: Path) -> None:
    cells = [{"response_body": json.dumps(one)} for one in (ANSWER, {"error": {"type": "overloaded"}})]
    assert read(tmp_path, *cells).values("response") == ["Yes.", None]


def test_single_rows_are_read_in_the_same_way(tmp_path: Path) -> None:
    found = read(tmp_path, {"request": json.dumps(REQUESTS["chat"])})
    with open_log([str(tmp_path / "log.csv")], ReadOptions()) as log:
        assert log.fetch(found.frame, ["system_prompt"])["system_prompt"].to_list() == ["Be kind."]
        assert log.fetch(found.frame, ["prompt"])["prompt"].to_list() == ['Is "it"?']
