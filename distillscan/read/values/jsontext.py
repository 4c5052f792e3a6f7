"""JSON as it comes in logs: parsed, followed along paths, and turned into canonical text."""

import json
import re
from collections.abc import Sequence
from functools import cached_property
from typing import Any, Final

import msgspec
import polars as pl

from distillscan.read.values.numbered import numbered_lists
from distillscan.read.values.text import decode_bytes, number_text

_STEP: Final = re.compile(r"\[[^\]]*\]|[^.\[]+")
_BRACKETS: Final = re.compile(r"\[(?:\*|-?\d{1,9}|[^=]+=.*)\]", re.DOTALL)
_NOTHING: Final = type(None)

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


def is_deeper(value: Any, levels: int) -> bool:
    """Return whether a list or object has more than so many levels of lists and objects inside each other."""
    level = [value]
    for _ in range(levels):
        level = [
            below
            for one in level
            for below in (one.values() if isinstance(one, dict) else one)
            if isinstance(below, (dict, list))
        ]
        if not level:
            return False
    return True


def split_path(path: str) -> tuple[str, ...]:
    """Return the steps of a path: ``a.b[0].c`` is ``("a", "b", "[0]", "c")``.

    A step in brackets is a place in a list (``[0]``, ``[-1]``), the first item with a value under a key
    (``[key=value]``, dots allowed), or every item (``[*]``). A dot inside a key needs no escape: keys are also looked
    up with the steps that follow joined to them.

    Raises:
        ValueError: If the path or a step is empty, or brackets are not closed or hold something else.
    """
    steps = tuple(_STEP.findall(path))
    open_ended = "[" in _STEP.sub("", path)
    if open_ended or not all(_BRACKETS.fullmatch(step) for step in steps if step.startswith("[")):
        raise ValueError(f"{path!r}: write [0], [-1], [*] or [key=value] in brackets, and close them")
    if not path or join_path(steps) != path.replace(".[", "["):
        raise ValueError(f"{path!r}: a step is empty; write one dot between two steps")
    return steps


def join_path(steps: Sequence[str]) -> str:
    """Return steps as the path they were split from."""
    return "".join(step if step.startswith("[") or not at else f".{step}" for at, step in enumerate(steps))


def _item(items: Sequence[Any], step: str, rest: Sequence[str]) -> Any:
    """The item of a list that a step in brackets names; for ``[*]`` what ``rest`` finds below each."""
    inside = step[1:-1]
    if inside == "*":
        found = [follow(item, rest) for item in items]
        return [one for one in found if one is not None] or None
    name, equals, wanted = inside.partition("=")
    if not equals:
        place = int(inside)
        return items[place] if -len(items) <= place < len(items) else None
    return next((item for item in items if isinstance(item, dict) and value_text(item.get(name)) == wanted), None)


def follow(value: Any, keys: Sequence[str]) -> Any:
    """Follow steps of :func:`split_path` below a parsed value, into JSON text too; ``None`` where they lead nowhere."""
    at = 0
    while at < len(keys):
        key = keys[at]
        if isinstance(value, str):
            try:
                value = parse(value)
            except ValueError:
                return None
        if key.startswith("[") and isinstance(value, list):
            if key == "[*]":
                return _item(value, key, keys[at + 1 :])
            value = _item(value, key, ())
            at += 1
        elif isinstance(value, dict):
            size = _longer(value, keys[at:]) if key not in value else 1
            value = value.get(".".join(keys[at : at + size]))
            at += size
        else:
            return None
    return value


def _longer(value: dict[str, Any], keys: Sequence[str]) -> int:
    """How many of the keys joined by dots are one key of an object ("a.b.c" below an object that has "b.c")."""
    sizes = range(len(keys), 1, -1)
    return next((size for size in sizes if ".".join(keys[:size]) in value), 1)


def value_text(value: Any) -> str | None:
    """Return a parsed JSON value as canonical text: numbers without exponent, objects and lists as compact JSON."""
    if value is None:
        return None
    if isinstance(value, str):
        return whole(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
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
    """The object that a value holds as JSON text."""
    if not isinstance(value, str) or value.lstrip()[:1] != "{":
        return None
    try:
        found = parse(value)
    except ValueError:
        return None
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
