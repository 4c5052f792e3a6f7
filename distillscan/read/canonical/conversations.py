"""Columns of prompts and answers that hold whole conversations: messages as JSON, or as a program printed them."""

from typing import Final

import polars as pl

from distillscan.read.bodies.columns import BODY_COLUMNS, PROBLEM, Part, read_body_texts
from distillscan.read.bodies.request import MARKS, looks_like_messages
from distillscan.read.notes import Notes
from distillscan.read.schema.hints import BODY_NAMES, normalise
from distillscan.read.schema.resolve import Resolution
from distillscan.read.values.text import to_text
from distillscan.read.values.views import SPACES, begins_with_one_of

#: What such a text may begin with; of an answer also what follows, since a model may answer in JSON of its own.
_BEGINNINGS: Final[dict[Part, str]] = {
    "request": r"^(?:[\s\"'b\\]{0,8}[\[{]|array\(\[)",
    "response": (
        r"(?s)^[\s\"'b\\]{0,8}[\[{].{0,400}?[\"'](?:choices|candidates|role|stop_reason|finish_reason)\\{0,3}[\"']\s*:"
    ),
}
#: The first byte of any such text.
_FIRST: Final = b"[{\"'ab\\" + SPACES


def unfold(given: dict[str, pl.Series], resolution: Resolution, notes: Notes, where: tuple[int, int]) -> None:
    """Put in place what the conversations in columns hold: prompt, answer, and a system prompt where there is none.

    What a schema says is a body is read as one before; this is for columns that are texts by their names.
    """
    parts: tuple[tuple[Part, str], ...] = (("request", "prompt"), ("response", "response"))
    for part, name in parts:
        text = given.get(name)
        if text is None or name not in resolution.direct:
            continue
        of_bodies = _holds_bodies(name, resolution)
        if of_bodies or text.dtype.is_nested():
            text = given[name] = to_text(text)
        if text.dtype != pl.String:
            continue
        bodies = _bodies(part, text, of_bodies=of_bodies)
        if bodies.is_empty():
            continue
        wanted = resolution.wanted.intersection(BODY_COLUMNS[part])
        held = text.is_in(bodies.implode())
        rows = held.arg_true()
        read = read_body_texts(part, text.gather(rows), wanted, last_turn=False).struct.unnest()
        # What cannot be read stays as it is.
        understood = read[PROBLEM].is_null() | read[name].is_not_null()
        rows, read = rows.filter(understood), read.filter(understood)
        notes.count(f"{name}: {{count}} rows hold whole conversations, which are read as such", where, len(rows))
        for column in wanted:
            if column == name:
                given[name] = text.scatter(rows, read[name])
            elif column == "system_prompt":
                nothing = pl.Series(column, [None], pl.String).new_from_index(0, len(text))
                own = given.get(column, nothing)
                given[column] = own.fill_null(nothing.scatter(rows, read[column])) if own.dtype == pl.String else own


def _holds_bodies(name: str, resolution: Resolution) -> bool:
    """Whether a canonical column comes from one that was found to hold bodies: that its name alone does not say."""
    place = resolution.paths.get(name)
    return place is not None and normalise((place.column, *place.keys)[-1]) in BODY_NAMES[name]


def _bodies(part: Part, text: pl.Series, *, of_bodies: bool) -> pl.Series:
    """The texts that are conversations, each once; all JSON if the column is one ``of_bodies``."""
    maybe = text.filter(begins_with_one_of(text, _FIRST))
    found = maybe.filter(maybe.str.contains(_BEGINNINGS["request" if of_bodies else part])).unique()
    if of_bodies:
        return found
    if part == "request":
        found = found.filter(found.str.contains_any(list(MARKS)))
        found = found.filter(pl.Series(map(looks_like_messages, found), dtype=pl.Boolean))
    return found
