"""A first schema for a log of an unknown source: guesses that read it, and nothing a file can say breaks the TOML."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from distillscan.errors import InputError
from distillscan.read import ReadOptions
from distillscan.read.authoring.guess import guess_schema
from distillscan.read.schema.model import parse_schema
from tests.support.places import FIXTURES
from tests.support.small_logs import csv_bytes, ndjson_bytes, parquet_bytes, read_bytes

ROW: dict[str, Any] = {
    "when": {"startedAt": "2026-01-02T12:00:00Z"},
    "caller": {"userId": "u1", "clientIp": "192.0.2.1", "note": "hi\x1b[31m"},
    "llm": {"request": {"messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "P"}]},
            "response": {"choices": [{"message": {"content": "A"}}]}},
    "usage": '{"prompt_tokens": 7, "completion_tokens": 2}',
    "cost": 0.5,
    "weird[0]": "x",
}  # fmt: skip


def guess(tmp: Path, content: bytes, name: str = "log.ndjson") -> str:
    (tmp / name).write_bytes(content)
    return guess_schema(tmp / name, name, "mine")


def test_guesses_by_names_and_contents(tmp_path: Path) -> None:
    text = guess(tmp_path, ndjson_bytes([ROW, {**ROW, "llm": {}}]))
    schema = parse_schema(text, "guess")
    found = {name: column.paths for name, column in schema.columns.items()}
    assert found == {
        "timestamp": ("when.startedAt",),
        "account_id": ("caller.userId",),
        "ip": ("caller.clientIp",),
        "input_tokens": ("usage.prompt_tokens",),
        "output_tokens": ("usage.completion_tokens",),
    }
    assert (schema.body.request, schema.body.response) == (("llm.request",), ("llm.response",))
    assert '# request_id = ""\n' in text
    assert "#   cost  0.5\n" in text
    assert "#   caller.note  hi\\x1b[31m\n" in text
    assert "weird" not in text
    assert "looks like" not in text


def test_the_guess_reads_the_log(tmp_path: Path) -> None:
    content = ndjson_bytes([ROW])
    (tmp_path / "guess.toml").write_text(guess(tmp_path, content))
    row = read_bytes(
        tmp_path, "log.ndjson", content, ReadOptions(schema=str(tmp_path / "guess.toml"))
    ).frame.to_dicts()[0]
    read = {
        "account_id": "u1",
        "ip": "192.0.2.1",
        "system_prompt": "S",
        "prompt": "P",
        "response": "A",
        "input_tokens": 7,
    }
    assert {name: row[name] for name in read} == read


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_other_formats_and_plain_texts(tmp_path: Path, kind: str) -> None:
    rows = [
        {"ts": "2026-01-02T12:00:00Z", "uid": "u", "question": "", "prompt_text": "P", "answer": "A", "system": "S"}
    ]
    make = csv_bytes if kind == "csv" else parquet_bytes
    schema = parse_schema(guess(tmp_path, make(rows), f"log.{kind}"), "guess")
    assert set(schema.columns) == {"timestamp", "account_id"}
    assert schema.body.request == ("prompt_text",)
    assert schema.body.system == ("system",)
    assert schema.body.response == ("answer",)


def test_known_sources_are_named_and_what_is_required_is_said(tmp_path: Path) -> None:
    fixture = FIXTURES / "openrouter.csv"
    text = guess_schema(fixture, "a.csv", "mine")
    assert "# The file looks like one that --schema openrouter reads already (OpenRouter activity export).\n" in text
    bare = guess(tmp_path, csv_bytes([{"a": "1", "b": "2"}]), "x.csv")
    assert '# timestamp = ""  # required: say where it is\n# account_id = ""  # required: say where it is\n' in bare


@pytest.mark.parametrize("content", [b"", b"\n\n"])
def test_nothing_to_guess_from(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(InputError, match=r"x\.ndjson"):
        guess(tmp_path, content, "x.ndjson")
    with pytest.raises(InputError, match="none does not exist, is empty, or is no file"):
        guess_schema(tmp_path / "none", "none", "mine")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(
        st.text(min_size=1, max_size=6),
        st.text(max_size=6) | st.integers() | st.just({"a": ["b"]}),
        min_size=1,
        max_size=5,
    )
)
def test_whatever_is_in_the_log_the_toml_can_be_read(tmp_path: Path, record: dict[str, Any]) -> None:
    record = {"user_id": "u", **record}
    try:
        text = guess(tmp_path, json.dumps(record).encode() + b"\n")
    except InputError:
        return  # a lone surrogate or the like: no JSON for the reader
    assert "account_id" in parse_schema(text, "guess").columns
