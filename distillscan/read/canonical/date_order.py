"""Whether the dates of a log are written day first or month first: decided once, from all of them."""

from collections.abc import Iterable, Sequence
from datetime import date
from threading import Lock
from typing import Final, Literal, NamedTuple

import polars as pl

from distillscan.columns import READABLE, TIMESTAMP
from distillscan.read.canonical.related import chunks_up_to_break
from distillscan.read.formats.chunks import Source
from distillscan.read.notes import Notes
from distillscan.read.schema.shape import shape
from distillscan.read.values.dates import EITHER, DateOrder
from distillscan.read.values.timestamps import SERIALS, serial_numbers

_TIMES: Final = tuple(name for name, dtype in READABLE.items() if dtype == TIMESTAMP)
#: Dates as they stand, first number, second number, year: one row for each that is different.
_DATES: Final = pl.Schema({"column": pl.String(), "one": pl.Int64(), "two": pl.Int64(), "year": pl.Int64()})
#: So many times longer has one reading to make the log, to be the wrong one.
_LONGER: Final = 3
_TOLD: Final = {"day-first": "the day first", "month-first": "the month first"}


class Decision(NamedTuple):
    """In which order a log writes its dates, ``None`` if it cannot be told, and by what."""

    order: DateOrder | None
    reason: Literal["stated", "numbers", "span", "contradiction", "nothing"]


class DateOrders:
    """Decides when it is first asked, which a log with other dates never does: that reads all times of the log again.

    Args:
        sources: The files of the log.
        batch_rows: Most rows to read at once.
        stated: What the analyst said.
    """

    def __init__(self, sources: Sequence[Source], batch_rows: int, stated: DateOrder | None) -> None:
        self._sources, self._batch_rows, self._stated = sources, batch_rows, stated
        self._lock = Lock()
        self._decision: Decision | None = None
        self._serial: dict[str, bool] = {}
        self._example: str | None = None

    def __call__(self) -> DateOrder | None:
        """Return the order of day and month; may be asked from several threads at once."""
        with self._lock:
            if self._decision is None:
                self._decision = Decision(self._stated, "stated") if self._stated else self._decide()
            return self._decision.order

    def _decide(self) -> Decision:
        parts = [pl.DataFrame(schema=_DATES)]
        for text in self._texts():
            dates = text.filter(text.str.contains(EITHER))
            if len(dates):
                first = str(dates.min()).partition("(")[0].strip()  # what is in brackets may be anything
                self._example = min(first, self._example or first)
                found = dates.str.extract_groups(EITHER).struct.unnest().select("one", "two", "year").unique()
                parts.append(found.cast(pl.Int64).select(pl.lit(text.name).alias("column"), pl.all()))
        return decide(pl.concat(parts).unique().iter_rows())

    def _texts(self) -> Iterable[pl.Series]:
        """The columns of times of the whole log that are text."""
        return (one for one in self._times(_TIMES) if one.dtype == pl.String)

    def _times(self, names: Sequence[str]) -> Iterable[pl.Series]:
        """Columns of times of the whole log."""
        for one in self._sources:
            chosen = one.resolution.only(names)
            for chunk in chunks_up_to_break(one, chosen, self._batch_rows):
                given = shape(chosen, chunk.with_constants(chosen.constants).columns, Notes(), (one.number, 0))
                yield from (given[name].alias(name) for name in names if name in given)

    def are_serial(self, name: str) -> bool:
        """Return whether all numbers of a column of times are such as spreadsheets write dates; asked by any thread."""
        with self._lock:
            if name not in self._serial:
                times = self._times((name,))
                numbers = (serial_numbers(one) for one in times if one.dtype == pl.String or one.dtype.is_numeric())
                low, high = SERIALS
                self._serial[name] = all(((one >= low) & (one < high)).drop_nulls().all() for one in numbers)
            return self._serial[name]

    @property
    def note(self) -> str | None:
        """What to say of the decision; ``None`` if none was needed."""
        if self._decision is None or self._decision.order is None:
            return self.failure(quote=False)
        why = {
            "stated": "as --date-order says",
            "numbers": "in all of the log, no number beyond 12 stands in the month's place",
            "span": "read the other way, they would be spread over months with all days in between missing",
        }
        return f"dates with slashes or dashes are read with {_TOLD[self._decision.order]}: {why[self._decision.reason]}"

    def failure(self, *, quote: bool) -> str | None:
        """What to say if the order could not be told; with one of the dates if that may be shown."""
        if self._decision is None or self._decision.order is not None:
            return None
        example = f", such as {self._example}," if quote and self._example else ""
        why = (
            "numbers beyond 12 stand in both places: are there logs of several countries? Analyse them apart, or"
            if self._decision.reason == "contradiction"
            else "nothing in the log tells whether the day or the month comes first:"
        )
        return (
            f"dates with slashes or dashes{example} were not understood: {why} say --date-order day-first or "
            'month-first (or write their format into a schema: format = "%d/%m/%Y %H:%M")'
        )


def decide(dates: Iterable[tuple[str, int, int, int]]) -> Decision:
    """Decide from all dates of a log: column, first number, second number and year.

    A number beyond 12 is a day, wherever it stands. Else the reading counts that makes the log much shorter: requests
    come on days in succession, not on the same day of every month.
    """
    found = list(dates)
    day_first, month_first = any(one > 12 for _, one, _, _ in found), any(two > 12 for _, _, two, _ in found)
    if day_first and month_first:
        return Decision(None, "contradiction")
    if day_first or month_first:
        return Decision("day-first" if day_first else "month-first", "numbers")
    times = [(one, two, year) for column, one, two, year in found if column == _TIMES[0] and one and two]
    day_span = _span(date(year % 100 + 2000, two, one) for one, two, year in times)
    month_span = _span(date(year % 100 + 2000, one, two) for one, two, year in times)
    if all(one == two for one, two, _ in times) or _LONGER * day_span < month_span:
        return Decision("day-first", "span")
    return Decision("month-first", "span") if _LONGER * month_span < day_span else Decision(None, "nothing")


def _span(days: Iterable[date]) -> int:
    known = sorted(days)
    return (known[-1] - known[0]).days if known else 0
