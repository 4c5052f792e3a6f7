"""What a request carried beside its words: names of tools and numbers of pictures, in whatever form a log has them."""

import re
from collections.abc import Iterable
from typing import Any, Final

import polars as pl

from distillscan.read.bodies.request import extract
from distillscan.read.values.jsontext import parse, whole
from distillscan.read.values.text import to_text, to_whole

#: Names are listed with a comma between them; what would end a name, or hide it, does not stand inside one.
_BETWEEN: Final = ","
_NOT_IN_NAMES: Final = re.compile(r"[\s,\x00-\x1f\x7f]+")
_SEPARATORS: Final = re.compile(r"[,;|\n]")
#: Text that is cut into names, and JSON that is parsed: what is longer is no list of names, or of definitions.
_LONGEST: Final = 64 << 10
_LONGEST_JSON: Final = 4 << 20
_YES: Final = ("true", "t", "yes", "y")
_NO: Final = ("false", "f", "no", "n", "")


def listed_names(names: Iterable[str]) -> str | None:
    """Return names as one text: each once, in order, with a comma between them; ``None`` when there is none."""
    clean = {_NOT_IN_NAMES.sub("_", whole(name).strip()) for name in names}
    return _BETWEEN.join(sorted(clean - {""})) or None


def tool_names(raw: pl.Series) -> pl.Series:
    """Return the names of tools in a column: lists of names or of definitions, JSON of either, or names with commas."""
    return _each(to_text(raw), _names, pl.String())


def image_counts(raw: pl.Series) -> pl.Series:
    """Return how many pictures a column tells of: a number, yes or no as 1 or 0, or a list of them by its length."""
    if raw.dtype == pl.Boolean:
        return raw.cast(pl.Int64)
    if raw.dtype.is_numeric():
        return to_whole(raw)
    return _each(to_text(raw), _count, pl.Int64())


def _each(texts: pl.Series, make: Any, dtype: pl.DataType) -> pl.Series:
    """Each different text once: tools are the same from one request of a program to the next."""
    distinct = texts.drop_nulls().unique(maintain_order=True)
    made = pl.Series([make(text) for text in distinct], dtype=dtype)
    return texts.replace_strict(distinct, made, default=None, return_dtype=dtype)


def _names(text: str) -> str | None:
    if text.lstrip()[:1] not in ("[", "{"):
        return None if len(text) > _LONGEST else listed_names(_SEPARATORS.split(text))
    value = _parsed(text)
    items = value if isinstance(value, list) else [value]
    plain = [item for item in items if isinstance(item, str)]
    body = value if isinstance(value, dict) and "tools" in value else {"tools": items}
    return listed_names([*plain, *extract(body).tools])


def _count(text: str) -> int | None:
    text = text.strip()
    if text.lower() in (*_YES, *_NO):
        return int(text.lower() in _YES)
    if text[:1] == "[":
        value = _parsed(text)
        return len(value) if isinstance(value, list) else None
    number: int | None = to_whole(pl.Series([text]))[0]
    return number


def _parsed(text: str) -> Any:
    """The value of JSON text; ``None`` if it is broken, or too long for a list of names."""
    try:
        return parse(text) if len(text) <= _LONGEST_JSON else None
    except ValueError:
        return None
