"""JSON as it comes in logs: values as canonical text, and keys looked up in JSON text."""

import json
import re
from collections.abc import Sequence
from typing import Any, Final

import polars as pl

from distillscan.read.canonical.values import number_text

_SURROGATE: Final = re.compile("[\ud800-\udfff]")
#: What polars' JSON path writes in its own way: objects, lists, and numbers other than short whole ones.
_OWN_WAY: Final = r"^(?:[\[{]|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$)"
_SHORT_WHOLE: Final = r"^-?\d{1,18}$"
#: What it may take for broken JSON: half surrogate pairs, raw control characters.
_REFUSED: Final = r"(?i)\\ud[89a-f]|[\x00-\x1f]"
_PLAIN_KEY: Final = re.compile(r"[\w -]+")
_INDEX: Final = re.compile(r"-?\d{1,9}")


def _first_of_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        record.update(reversed(pairs))
    return record


#: Made once: making them is a good part of the time that short texts take.
_LAST: Final = json.JSONDecoder(strict=False)
_FIRST: Final = json.JSONDecoder(strict=False, object_pairs_hook=_first_of_twins)
_COMPACT: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def parse(text: str, *, first_of_twins: bool = False) -> Any:
    """Parse JSON leniently (raw control characters in strings are kept); ``ValueError`` when it is broken.

    Of a key that is there twice the last counts, or the first with ``first_of_twins``: polars' readers differ in that.
    """
    try:
        return (_FIRST if first_of_twins else _LAST).decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def split_path(path: str) -> tuple[str, ...]:
    """Return the steps of a path: ``a.b[0].c`` is ``("a", "b", "[0]", "c")``.

    A step in brackets is a place in a list (``[0]``, ``[-1]``), the first item with a value under a key
    (``[key=value]``, dots allowed), or every item (``[*]``). A dot inside a key needs no escape: keys are also looked
    up with the steps that follow joined to them.

    Raises:
        ValueError: If the path is empty, has an empty step, or brackets that are not closed or hold something else.
    """
    steps: list[str] = []
    at = 0
    while at < len(path):
        if path[at] == "[":
            end = path.find("]", at)
            inside = path[at + 1 : end] if end > 0 else ""
            if end < 0 or not (inside == "*" or _INDEX.fullmatch(inside) or ("=" in inside and inside[0] != "=")):
                raise ValueError(f"{path}: write [0], [-1], [*] or [key=value] in brackets, and close them")
            steps.append(path[at : end + 1])
            at = end + 1
        else:
            end = min(where for where in (path.find(".", at), path.find("[", at), len(path)) if where >= 0)
            steps.append(path[at:end])
            at = end
        if at < len(path) and path[at] == ".":
            at += 1
            if at == len(path):
                raise ValueError(f"{path}: ends with a dot")
    if not steps or not all(steps):
        raise ValueError(f"{path!r}: a step is empty" if path else "the path is empty")
    return tuple(steps)


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


def dig_json(values: pl.Series, keys: tuple[str, ...]) -> pl.Series:
    """Follow ``keys`` in a column of JSON text; text that is no JSON, or has no such key, gives null.

    Polars' JSON path does most rows; those it would write differently from :func:`value_text` are done one by one.
    """
    if not all(_PLAIN_KEY.fullmatch(key) for key in keys):
        return pl.Series(values.name, [_dig_one(value, keys) for value in values], pl.String)
    found = values.str.json_path_match("$" + "".join(f"['{key}']" for key in keys))
    own_way = found.str.contains(_OWN_WAY) & ~found.str.contains(_SHORT_WHOLE)
    again = own_way.fill_null(value=False) | values.str.contains(_REFUSED).fill_null(value=False)
    if len(keys) > 1:
        # A key with dots in it, or JSON text inside JSON text.
        again |= found.is_null() & values.is_not_null()
    if not again.any():
        return found
    return found.scatter(again.arg_true(), [_dig_one(value, keys) for value in values.filter(again)])


def _dig_one(text: str | None, keys: Sequence[str]) -> str | None:
    return None if text is None else value_text(follow(text, keys))


def whole(text: str) -> str:
    """Return text with every half of a surrogate pair that stands alone, which no UTF-8 can hold, as U+FFFD."""
    if text.isascii() or _SURROGATE.search(text) is None:
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
