"""Lists that were flattened into numbered keys, put together again."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from distillscan.read.values.jsontext import Level
from tests.support.small_logs import read_all

FLAT: dict[str, Any] = {
    "m.10.content": "c", "m.2.content": "b", "m.2.role": "user", "m.2.parts.0.type": "text", "m.2.parts.0.text": "p",
    "m.2.tags.0": "x", "m.2.tags.1": "y", "mm.0.content": "other", "m.x": 1,
}  # fmt: skip
LIST = [
    {"content": "b", "role": "user", "parts": [{"type": "text", "text": "p"}], "tags": ["x", "y"]},
    {"content": "c"},
]


@pytest.mark.parametrize("steps", [("m",), ("a", "m"), ("a.b", "m")])
def test_numbered_keys_are_a_list_in_the_order_of_their_numbers(steps: tuple[str, ...]) -> None:
    record: dict[str, Any] = FLAT
    for step in reversed(steps[:-1]):
        record = {step: record}
    assert Level([record, {}, None]).at(steps) == [LIST, None, None]


def test_a_list_that_is_there_is_taken_as_it_is() -> None:
    assert Level([{"m": ["own"], "m.0.content": "b"}]).at(("m",)) == [["own"]]


@pytest.mark.parametrize("key", ["m.1", "m.1.0.0.0.0.0", "m." + "0." * 149 + "x", "m.0." + "9" * 400])
def test_nothing_of_the_kind_is_ever_too_much(key: str) -> None:
    assert isinstance(Level([{key: 1, "m.0.a": 2}]).at(("m",))[0], list)


FLAT_SPAN = {"llm.input_messages.0.message.role": "user", "llm.input_messages.0.message.content": "Hi", "user.id": "u"}


@pytest.mark.parametrize("dtype", [pl.Map(pl.String, pl.String), None])
def test_numbered_keys_of_maps_and_objects_in_parquet(tmp_path: Path, dtype: Any) -> None:
    frame = pl.DataFrame(
        {"Timestamp": ["2026-07-01T03:00:00Z"], "attributes": [{**FLAT_SPAN, "openinference.span.kind": "LLM"}]},
        schema_overrides={} if dtype is None else {"attributes": dtype},
    )
    frame.write_parquet(tmp_path / "a.parquet")
    found = read_all([tmp_path / "a.parquet"])
    assert (found.values("account_id"), found.values("prompt")) == (["u"], ["Hi"])
