"""Tools and pictures: from bodies of every shape and from columns, and read only where somebody asks."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from distillscan.read import ReadOptions, open_log
from distillscan.read.bodies.tools import image_counts, listed_names, tool_names
from tests.support.small_logs import batches_of, ndjson_bytes

TOOL = {"type": "function", "function": {"name": "look", "description": "x"}}
PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("look", "look"),
        ("look, bash;read_file", "bash,look,read_file"),
        ('["look", "bash", "look"]', "bash,look"),
        (json.dumps([TOOL, {"name": "bash", "input_schema": {}}]), "bash,look"),
        (json.dumps({"tools": [{"toolSpec": {"name": "bash"}}]}), "bash"),
        (json.dumps([{"functionDeclarations": [{"name": "a"}, {"name": "b"}]}]), "a,b"),
        ("[]", None),
        ("[1, null]", None),
        ("[broken", None),
        ("[" * 100_000, None),
        (", ,", None),
        ("x" * 70_000, None),
        ('["' + "x" * 5_000_000 + '"]', None),
        ('["a,b\\u0000c", " web search "]', "a_b_c,web_search"),
    ],
)
def test_names_of_tools(value: str, names: str | None) -> None:
    assert tool_names(pl.Series([value, None, value])).to_list() == [names, None, names]


def test_names_in_lists_of_a_file() -> None:
    assert tool_names(pl.Series([["b", "a"], []])).to_list() == ["a,b", None]
    assert listed_names(()) is None


@pytest.mark.parametrize(
    ("values", "counts"),
    [
        ([True, False, None], [1, 0, None]),
        ([2, 0], [2, 0]),
        ([1.0, 2.9], [1, 2]),
        (["true", " No ", "3", "x", '["a", "b"]', "[broken", None], [1, 0, 3, None, 2, None, None]),
        ([["a"], []], [1, 0]),
    ],
)
def test_numbers_of_pictures(values: list[Any], counts: list[int | None]) -> None:
    assert image_counts(pl.Series(values)).to_list() == counts


def body(at: int) -> dict[str, Any]:
    content = [{"type": "text", "text": f"p{at}"}, *[PICTURE] * at]
    return {"messages": [{"role": "user", "content": content}], "tools": [TOOL] * (at % 2)}


@pytest.fixture
def log(tmp_path: Path) -> Path:
    (tmp_path / "mine.toml").write_text(
        'name = "mine"\nsummary = "s"\n[columns]\ntimestamp = "ts"\naccount_id = "u"\ntools = "offered"\n'
        '[body]\nrequest = "b"\n'
    )
    rows: list[dict[str, Any]] = [{"ts": 1767355200 + at, "u": "u", "b": body(at)} for at in range(3)]
    rows += [{"ts": 1767355210, "u": "u", "b": {}, "offered": ["own"]}, {"ts": 1767355211, "u": "u"}]
    (tmp_path / "log.ndjson").write_bytes(ndjson_bytes(rows))
    return tmp_path / "log.ndjson"


def test_bodies_give_them_and_batches_hold_them_only_if_asked(log: Path) -> None:
    options = ReadOptions(schema=str(log.parent / "mine.toml"))
    with open_log([str(log)], options) as opened:
        assert {"tools", "images"} <= opened.columns
        (batch,) = batches_of(opened)
        assert not {"tools", "images"} & set(batch.frame.columns)
        again = opened.fetch(batch.frame.select("source", "row"), ["prompt", "tools", "images"])
    assert again["prompt"].to_list() == ["p0", "p1", "p2", None, None]
    assert again["tools"].to_list() == [None, "look", None, "own", None]
    assert again["images"].to_list() == [0, 1, 2, None, None]
    with open_log([str(log)], ReadOptions(schema=options.schema, carried=True)) as opened:
        (whole,) = batches_of(opened)
    assert whole.frame.select("tools", "images").equals(again.select("tools", "images"))
    assert whole.frame.schema["images"] == pl.Int64


@pytest.mark.parametrize("kind", ["parquet", "ndjson"])
def test_columns_of_that_name_are_read_without_a_schema(tmp_path: Path, kind: str) -> None:
    frame = pl.DataFrame(
        {"timestamp": [1767355200], "account_id": ["u"], "tool_names": [["b", "a"]], "has_image": True}
    )
    path = tmp_path / f"log.{kind}"
    frame.write_parquet(path) if kind == "parquet" else frame.write_ndjson(path)
    with open_log([str(path)], ReadOptions(mapping={"images": "has_image"})) as opened:
        (batch,) = batches_of(opened)
        found = opened.fetch(batch.frame.select("source", "row"), ["tools", "images"])
        assert "column tool_names is read as tools" in opened.notes
    assert "tools" not in batch.frame.columns
    assert found.select("tools", "images").rows() == [("a,b", 1)]
