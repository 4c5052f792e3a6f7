"""Rows as Athena and Trino print them: ``{arn=arn:aws:iam::1:user/ann, tags=[a, b]}``."""

import json
import re
from typing import Any, Final

#: Longest text that is read, and fields of one row.
_LONGEST: Final = 8 << 20
_FIELDS: Final = 256
#: Values that are tried as JSON though they are none: each may cost a look at all that follows.
_TRIES: Final = 32
_BEGINNINGS: Final = ("{", "[", '"')
_KEY: Final = re.compile(r"\s*+([A-Za-z_]\w*+)=")
_MARK: Final = re.compile(r"[{}\[\]]|,\s*[A-Za-z_]\w*=")
_AFTER: Final = re.compile(r"\s*+(?:\}|,\s*+[A-Za-z_]\w*+=)")
_DECODER: Final = json.JSONDecoder(strict=False)


def parse_row(text: str) -> dict[str, Any] | None:
    """Return the fields of a printed row, ``None`` if a text is none.

    Nothing is quoted in it: a value ends where the next field begins, outside of brackets. JSON is parsed, a row inside
    the row stays text, ``null`` is none.
    """
    start = text[:64].lstrip()
    if not start.startswith("{") or len(text) > _LONGEST or not _KEY.match(start, 1):
        return None
    found: dict[str, Any] = {}
    at = text.index("{") + 1
    tries = _TRIES
    while (key := _KEY.match(text, at)) and len(found) < _FIELDS:
        maybe = tries > 0 and text[key.end() : key.end() + 1] in _BEGINNINGS
        parsed = _json(text, key.end()) if maybe else None
        tries -= maybe and parsed is None
        found[key[1]], at = parsed or _text(text, key.end())
        at += text[at : at + 1] == ","
    return found


def _json(text: str, at: int) -> tuple[Any, int] | None:
    """The JSON that begins somewhere, and where it ends; ``None`` if it is none, or more follows than another field."""
    try:
        value, end = _DECODER.raw_decode(text, at)
    except (ValueError, RecursionError):
        return None
    return (value, end) if _AFTER.match(text, end) else None


def _text(text: str, at: int) -> tuple[str | None, int]:
    """The text that begins somewhere, and where it ends."""
    depth = 0
    end = len(text)
    for mark in _MARK.finditer(text, at):
        if mark[0] in ("{", "["):
            depth += 1
        elif depth == 0:
            end = mark.start()
            break
        elif mark[0] in ("}", "]"):
            depth -= 1
    value = text[at:end]
    return (None if value == "null" else value), end
