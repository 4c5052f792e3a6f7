"""Columns out of logged bodies: what requests ask, and what models answer."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final, Literal

import polars as pl

from distillscan.read.bodies.request import asks, content, extract, load
from distillscan.read.bodies.response import answer
from distillscan.read.bodies.tools import listed_names
from distillscan.read.values.jsontext import value_text

Part = Literal["request", "system", "response"]

#: Canonical columns by the part of a schema's ``[body]`` they come from.
BODY_COLUMNS: Final[Mapping[Part, tuple[str, ...]]] = {
    "request": ("prompt", "system_prompt", "session_id", "reasoning_signature", "tools", "images"),
    "system": ("system_prompt",),
    "response": ("response", "stop_reason"),
}
#: In the struct of a body beside its columns: why something is missing.
PROBLEM: Final = "problem"
_READ: Final[Mapping[Part, Callable[[Any], Any]]] = {"request": extract, "system": content, "response": answer}
#: JSON that a source writes where it stored nothing.
NOTHING: Final = ("{}", "[]", "null", '""')


def body_slot(part: Part) -> str:
    """Return under which name a chunk has bodies that are read already; no other of its columns is called that."""
    return f"body.{part}"


def first_body(places: Sequence[Sequence[Any]]) -> list[Any]:
    """Return, row by row, the first of several parsed values that holds something; numbers as text."""
    first, *others = places
    found = [_body(value) for value in first]
    for other in others:
        for at, value in enumerate(other):
            if value is not None and found[at] is None:
                found[at] = _body(value)
    return found


def _body(value: Any) -> Any:
    if isinstance(value, str):
        return value if len(value) > 4 or (value and value.strip() not in NOTHING) else None
    if isinstance(value, (dict, list)):
        return value or None
    return value_text(value)


def is_request_body(text: str) -> bool:
    """Return whether a text is the body of a request to a model: JSON (encoded once or more) with what is asked."""
    value = load(text)[0]
    return asks(value) and extract(value).problem is None


def is_response_body(text: str) -> bool:
    """Return whether a text is the body of a model's answer: JSON (encoded once or more) with what it says."""
    value = load(text)[0]
    return isinstance(value, (dict, list)) and answer(value).response is not None


def read_bodies(part: Part, bodies: Sequence[Any], columns: Collection[str], *, last_turn: bool) -> pl.Series:
    """Read bodies as text or parsed, ``None`` where there is none.

    Args:
        part: What they are.
        bodies: One a row.
        columns: Which of the part's columns (``BODY_COLUMNS``) are wanted.
        last_turn: Whether ``prompt`` is the last user message alone, not the whole conversation.

    Returns:
        A struct a row: the wanted columns as text, and ``problem``.
    """
    found = [_READ[part](body) for body in bodies]
    wanted = [name for name in (*BODY_COLUMNS[part], PROBLEM) if name in columns or name == PROBLEM]
    values: dict[str, list[Any]] = {}
    for name in wanted:
        field = "last_user" if name == "prompt" and last_turn else name
        values[name] = [getattr(one, field) for one in found]
    if "tools" in values:
        values["tools"] = list(map(listed_names, values["tools"]))
    if "images" in values:  # None, not 0, where there is no body to tell
        counts = zip(bodies, values["images"], strict=True)
        values["images"] = [None if body is None else str(count) for body, count in counts]
    return pl.DataFrame(values, schema=dict.fromkeys(wanted, pl.String)).to_struct(part)


def read_body_texts(part: Part, texts: pl.Series, columns: Collection[str], *, last_turn: bool) -> pl.Series:
    """Return what :func:`read_bodies` does for a column of text, of which each distinct text is read once."""
    rows = texts.alias("text").to_frame()
    distinct = rows.unique(maintain_order=True).with_row_index("at")
    at = rows.join(distinct, on="text", how="left", nulls_equal=True, maintain_order="left")["at"]
    return read_bodies(part, distinct["text"].to_list(), columns, last_turn=last_turn).gather(at)
