"""JSON as it comes in logs: values as canonical text, and keys looked up in JSON text."""

import json
import re
from collections.abc import Sequence
from typing import Any, Final

import polars as pl

from distillscan.read.values import number_text

_SURROGATE: Final = re.compile("[\ud800-\udfff]")
#: What polars' JSON path writes in its own way: objects, lists, and numbers other than short whole ones.
_OWN_WAY: Final = r"^(?:[\[{]|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$)"
_SHORT_WHOLE: Final = r"^-?\d{1,18}$"
#: What it may take for broken JSON: half surrogate pairs, raw control characters.
_REFUSED: Final = r"(?i)\\ud[89a-f]|[\x00-\x1f]"
_PLAIN_KEY: Final = re.compile(r"[\w -]+")


def parse(text: str, *, first_of_twins: bool = False) -> Any:
    """Parse JSON leniently (raw control characters in strings are kept); ``ValueError`` when it is broken.

    Of a key that is there twice the last counts, or the first with ``first_of_twins``: polars' readers differ in that.
    """
    try:
        return json.loads(text, strict=False, object_pairs_hook=_first_of_twins if first_of_twins else None)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _first_of_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        record.update(reversed(pairs))
    return record


def follow(value: Any, keys: Sequence[str]) -> Any:
    """Follow object keys below a parsed value, into JSON text too; ``None`` where there is no such key."""
    for at, key in enumerate(keys):
        if isinstance(value, str):
            try:
                value = parse(value)
            except ValueError:
                return None
        if not isinstance(value, dict):
            return None
        if key not in value:
            # A key may itself contain dots ("a.b.c" below an object that has "b.c").
            joined = ".".join(keys[at:])
            return value.get(joined)
        value = value[key]
    return value


def value_text(value: Any) -> str | None:
    """Return a parsed JSON value as canonical text: numbers without exponent, objects and lists as compact JSON."""
    if value is None:
        return None
    if isinstance(value, str):
        return _whole(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return number_text(value)
    return _whole(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


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


def _whole(text: str) -> str:
    """Text with every half of a surrogate pair that stands alone, which no UTF-8 can hold, as U+FFFD."""
    if text.isascii() or _SURROGATE.search(text) is None:
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
