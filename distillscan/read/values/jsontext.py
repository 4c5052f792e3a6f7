"""JSON as it comes in logs: parsed, followed along paths, and turned into canonical text."""

import json
import re
from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property
from typing import Any, Final

import msgspec
import polars as pl

from distillscan.read.values.notation import as_json
from distillscan.read.values.numbered import numbered_lists
from distillscan.read.values.rows import parse_row
from distillscan.read.values.text import decode_bytes, number_text

_STEP: Final = re.compile(r"\[[^\]]{0,1000}\]|[^.\[]+")
_BRACKETS: Final = re.compile(r"\[(?:\*|-?\d{1,9}|[^=]+=.*)\]", re.DOTALL)
_NOTHING: Final = type(None)
#: How Python prints a dictionary, and ClickHouse a map; and the longest one that is read.
_IN_SINGLE_QUOTES: Final = re.compile(r"\s{0,64}\{\s{0,64}'")
_LONGEST: Final = 8 << 20

_DECODE: Final = msgspec.json.Decoder().decode
_LENIENT: Final = json.JSONDecoder(strict=False)
_COMPACT: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def parse(text: str | bytes) -> Any:
    """Parse JSON as leniently as logs need; of a key that is there twice the last counts.

    What msgspec refuses, the standard library reads: NaN and infinity, numbers out of the range of a double, raw
    control characters, halves of surrogate pairs; and bytes that are not UTF-8 as Windows-1252.

    Raises:
        ValueError: If it is broken, nested too deeply, or holds a number of more than 4,300 digits.
    """
    try:
        return _DECODE(text)
    except (ValueError, RecursionError):
        pass
    try:
        return _LENIENT.decode(text if isinstance(text, str) else decode_bytes(text))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def parse_or_none(text: str) -> Any:
    """Parse JSON as :func:`parse` does; ``None`` if it cannot be."""
    try:
        return parse(text)
    except ValueError:
        return None


def is_deeper(value: Any, levels: int) -> bool:
    """Return whether a list or object has more than so many levels of lists and objects inside each other."""
    level = [value]
    for _ in range(levels):
        nested = [one for one in level if isinstance(one, (dict, list))]
        level = [below for one in nested for below in (one.values() if isinstance(one, dict) else one)]
    return any(isinstance(one, (dict, list)) for one in level)


def split_path(path: str) -> tuple[str, ...]:
    """Return the steps of a path: ``a.b[0].c`` is ``("a", "b", "[0]", "c")``.

    A step in brackets is a place in a list (``[0]``, ``[-1]``), the first item with a value under a key
    (``[key=value]``, dots allowed), or every item (``[*]``). A dot inside a key needs no escape: keys are also looked
    up with the steps that follow joined to them.

    Raises:
        ValueError: If the path or a step is empty, or brackets are not closed or hold something else.
    """
    steps = tuple(_STEP.findall(path))
    if "[" in _STEP.sub("", path) or not all(_BRACKETS.fullmatch(step) for step in steps if step.startswith("[")):
        raise ValueError(f"{path!r}: write [0], [-1], [*] or [key=value] in brackets, and close them")
    if not path or join_path(steps) != path.replace(".[", "["):
        raise ValueError(f"{path!r}: a step is empty; write one dot between two steps")
    return steps


def join_path(steps: Sequence[str]) -> str:
    """Return steps as the path they were split from."""
    return "".join(step if step.startswith("[") or not at else f".{step}" for at, step in enumerate(steps))


def _item(items: Sequence[Any], step: str) -> Any:
    """The item of a list that a step in brackets names."""
    name, equals, wanted = step[1:-1].partition("=")
    if equals:
        return next((item for item in items if isinstance(item, dict) and value_text(item.get(name)) == wanted), None)
    place = int(name)
    return items[place] if -len(items) <= place < len(items) else None


def parse_inside(text: str) -> Any:
    """Return what text holds that stands inside a record: JSON, a row that Athena printed, a map in single quotes."""
    found = parse_or_none(text)
    if found is None and _IN_SINGLE_QUOTES.match(text) and len(text) <= _LONGEST:
        with suppress(ValueError):
            return parse(as_json(text))
    return parse_row(text) if found is None else found


def follow(value: Any, steps: Sequence[str]) -> Any:
    """Follow steps of :func:`split_path` below a parsed value, into JSON text too; ``None`` where they lead nowhere."""
    if not steps:
        return value
    if isinstance(value, str):
        value = parse_inside(value)
    if steps[0].startswith("[") and isinstance(value, list):
        if steps[0] != "[*]":
            return follow(_item(value, steps[0]), steps[1:])
        found = [follow(item, steps[1:]) for item in value]
        return [one for one in found if one is not None] or None
    if not isinstance(value, dict):
        return None
    # The key may itself hold dots: "a.b.c" is also looked up in an object that has "a" and below it "b.c".
    sizes = (1, *range(len(steps), 1, -1))
    size = next((size for size in sizes if ".".join(steps[:size]) in value), 0)
    return follow(value[".".join(steps[:size])], steps[size:]) if size else None


def value_text(value: Any) -> str | None:
    """Return a parsed JSON value as canonical text: numbers without exponent, objects and lists as compact JSON."""
    if value is None:
        return None
    if isinstance(value, str):
        return whole(value)
    if isinstance(value, int):
        return str(value).lower()  # true and false are integers too
    if isinstance(value, float):
        return number_text(value)
    try:
        return whole(_COMPACT.encode(value))
    except RecursionError:
        return None  # nested up to the very limit of what could be parsed: nobody's log, and nothing to find in it


def to_text_column(values: Sequence[Any]) -> pl.Series:
    """Return parsed values as canonical text (:func:`value_text`), in one column."""
    if set(map(type, values)) <= {str, _NOTHING}:
        try:
            return pl.Series(values, dtype=pl.String)
        except UnicodeEncodeError:
            pass
    return pl.Series([value_text(value) for value in values], dtype=pl.String)


class Level:
    """Parsed values of many records at one place, followed along paths for all of them at once.

    What :func:`follow` gives for each value, but a key that no record has is looked for once, and JSON text is parsed
    once whatever the number of paths that lead into it.
    """

    def __init__(self, values: Sequence[Any]) -> None:
        self._values = values
        self._below: dict[str, Level] = {}

    @cached_property
    def _objects(self) -> list[dict[str, Any] | None]:
        return [value if type(value) is dict else _object(value) for value in self._values]

    @cached_property
    def keys(self) -> frozenset[str]:
        """The keys that any of the values has."""
        return frozenset().union(*filter(None, self._objects))

    def at(self, steps: Sequence[str]) -> Sequence[Any]:
        """Return what is at the steps of a path, for each record; ``None`` where they lead nowhere."""
        if not steps:
            return self._values
        if steps[0].startswith("["):
            return [follow(value, steps) for value in self._values]
        sizes = [size for size in range(1, len(steps) + 1) if ".".join(steps[:size]) in self.keys]
        if not sizes:
            return numbered_lists(self._objects, ".".join(steps), self.keys)
        if len(sizes) > 1:
            return [follow(value, steps) for value in self._objects]
        key = ".".join(steps[: sizes[0]])
        if key not in self._below:
            self._below[key] = Level([None if one is None else one.get(key) for one in self._objects])
        return self._below[key].at(steps[sizes[0] :])


def _object(value: Any) -> dict[str, Any] | None:
    """The object that a value holds as text."""
    found = parse_inside(value) if isinstance(value, str) and value.lstrip()[:1] == "{" else None
    return found if isinstance(found, dict) else None


def dig_json(values: pl.Series, keys: tuple[str, ...]) -> pl.Series:
    """Follow ``keys`` in a column of JSON text; text that is no JSON, or has no such key, gives null."""
    return to_text_column(Level(values.to_list()).at(keys)).alias(values.name)


def whole(text: str) -> str:
    """Return text with every half of a surrogate pair that stands alone, which no UTF-8 can hold, as U+FFFD."""
    try:
        text.isascii() or text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
