"""What logs write where they have no value: null markers of databases and languages, and words for withheld texts."""

from collections.abc import Collection, Iterator, Mapping
from typing import Final

import polars as pl

from distillscan.columns import READABLE
from distillscan.read.notes import Notes
from distillscan.read.schema.resolve import Resolution, slot

#: How databases, languages, spreadsheets and loggers write that there is no value.
UNMISTAKABLE: Final = frozenset(
    {
        "NULL",
        "Null",
        "null",
        "<null>",
        "<NULL>",
        "(null)",
        "[NULL]",
        "[null]",
        "\\N",
        "\\\\N",
        "None",
        "<none>",
        "<nil>",
    }
    | {"nan", "NaN", "NAN", "NaT", "<NA>", "N/A", "n/a", "#N/A", "undefined", "-", "--"}
)
#: The same, in words that somebody may have asked or been answered.
MARKERS: Final = UNMISTAKABLE | {"none", "nil", "NA"}
#: Columns of whole texts.
TEXTS: Final = ("prompt", "system_prompt", "response")
#: Values that look like a marker and are none: Namibia.
_MEANT: Final = {"country": frozenset({"NA"})}
#: What a source writes for the user of requests that have none: LiteLLM's administrator, the UUID of nothing.
_NOBODY: Final = {"account_id": frozenset({"default_user_id", "00000000-0000-0000-0000-000000000000"})}

#: What stands for a withheld text, once or for each message of a conversation, in whatever brackets.
_WITHHELD: Final = (
    r"(?i:^(?:[\s\[\](){}<>*_\"'`:.,-]*(?:this )?"
    r"(?:(?:content|text|prompt|message|input|output|response|data|value|pii)[ _-]*(?:was |is |has been )?)?"
    r"(?:redacted(?:[ _-]by[ _-][\w.-]+|[ _-]\w+)?|filtered|masked|scrubbed|withheld|omitted|hidden|removed"
    r"|not[ _-](?:logged|recorded|stored|captured)|(?:logging|capture)[ _-]disabled)"
    r"[\s\[\](){}<>*_\"'`:.,-]*)+$)"
)
_MASKED: Final = r"^[\s\[\](){}<>]*(?:\*{3,}|[xX]{6,}|•{3,}|█{3,})[\s\[\](){}<>]*$"
#: Lists and objects with nothing in them.
_EMPTY: Final = r"^\s*[\[{][\s\[\]{}\",]*[\]}]\s*$"
_STANDS_IN: Final = "|".join((_WITHHELD, _MASKED, _EMPTY))
_LONGEST: Final = 400


class Blanks:
    """Makes what means nothing null, and counts it for the notes: each marker in each column.

    Args:
        added: What means nothing beside the usual markers, in any column (``--null-values``).
    """

    def __init__(self, added: Collection[str] = ()) -> None:
        none: frozenset[str] = frozenset()
        self._markers = {
            name: pl.Series([*known - _MEANT.get(name, none) | _NOBODY.get(name, none), *added])
            for name in READABLE
            for known in (UNMISTAKABLE if name in ("prompt", "response") else MARKERS,)
        }
        self._asked: dict[tuple[str, str], pl.Expr] = {}

    def in_source(
        self, columns: Mapping[str, pl.Series], resolution: Resolution, notes: Notes, where: tuple[int, int]
    ) -> dict[str, pl.Series]:
        """Return a file's columns without markers, so that of several alternatives the next one counts.

        Bodies, and texts, are left as they are: see :meth:`in_text`.
        """
        uses = {name: use for name, use in _uses(resolution) if name in columns and columns[name].dtype == pl.String}
        # All columns at once: most have no marker, and to ask each by itself costs more than to look.
        frame = pl.DataFrame([columns[name].alias(name) for name in uses])
        hit = frame.select(self._any(name, use) for name, use in uses.items())
        found = {
            name: self._without_markers(use, columns[name], notes, where)
            for name, use in uses.items()
            if hit[name].any()
        }
        return {**columns, **found}

    def _any(self, name: str, use: str) -> pl.Expr:
        """Whether a column has a marker for a use; most values are longer than any."""
        if (name, use) not in self._asked:
            markers = self._markers[use]
            short = pl.col(name).filter(pl.col(name).str.len_bytes() <= markers.str.len_bytes().max())
            self._asked[name, use] = short.is_in(markers.implode()).any().alias(name)
        return self._asked[name, use]

    def in_text(self, name: str, text: pl.Series, notes: Notes, where: tuple[int, int]) -> pl.Series:
        """Return a canonical column of texts without markers and without what stands for a withheld text."""
        if text.dtype == pl.String and text.to_frame(name).select(self._any(name, name)).item():
            text = self._without_markers(name, text, notes, where)
        short = text.filter(text.str.len_bytes() <= _LONGEST)
        stands_in = short.filter(short.str.contains(_STANDS_IN)).unique()
        if stands_in.is_empty():
            return text
        found = text.is_in(stands_in.implode())
        notes.count(f"{name}: {{count}} rows hold words for a text that was withheld: no text", where, int(found.sum()))
        return text.set(found, None)

    def _without_markers(self, name: str, raw: pl.Series, notes: Notes, where: tuple[int, int]) -> pl.Series:
        found = raw.is_in(self._markers[name].implode()) if raw.dtype == pl.String else None
        if found is None or not found.any():
            return raw
        for marker, count in raw.filter(found).value_counts().iter_rows():
            escaped = marker.replace("{", "{{").replace("}", "}}")
            notes.count(f"{name}: {escaped} means no value, in {{count}} rows", where, count)
        return raw.set(found, None)


def _uses(resolution: Resolution) -> Iterator[tuple[str, str]]:
    """Columns of a chunk, and slots of its schema, that hold single values, with the canonical column they are for.

    None of lines of plain text: their schema says itself what means nothing.
    """
    if resolution.schema is not None and resolution.schema.lines is not None:
        return
    yield from ((name, name) for name in READABLE if name not in TEXTS)
    if resolution.schema is not None:
        for name, column in resolution.schema.columns.items():
            yield from ((slot(path), name) for path in column.paths if name not in TEXTS)
