"""What joined logs know about each request, ready to be added to rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from distillscan.columns import POINTER, READABLE
from distillscan.read.notes import Notes
from distillscan.read.schema.plan import Plan
from distillscan.read.values.text import canonical_text

KEY: Final = "request_id"
_UNMATCHED: Final = "{count} rows have no partner in the joined log"
#: Nothing was joined at all: not what anybody wants.
NO_PARTNER: Final = (
    "none of {count} rows has a partner in the joined log: is it the right one, of the same days, "
    "and does it call requests by the same identifier?"
)


@dataclass(frozen=True, slots=True)
class Joined:
    """The values of joined logs by request.

    Attributes:
        keys: Hash of each request's identifier, and the place of its values.
        values: Each distinct combination of values once, in canonical types.
    """

    keys: pl.DataFrame
    values: pl.DataFrame

    @property
    def columns(self) -> frozenset[str]:
        """The canonical columns it can add."""
        return frozenset(self.values.columns)

    def fill(self, frame: pl.DataFrame, keys: pl.Series, notes: Notes, where: tuple[int, int]) -> pl.DataFrame:
        """Return rows with what the joined logs know about them; what a row says itself stays.

        Args:
            frame: Canonical columns.
            keys: Identifier of each row's request.
            notes: Receives how many rows have no partner.
            where: Source and first row of the batch.
        """
        found = hashed(keys).join(self.keys, on="key", how="left", maintain_order="left")["at"]
        notes.share(_UNMATCHED, NO_PARTNER, where, found.null_count(), len(found))
        added = []
        for name in self.values.columns:
            values = self.values[name].gather(found)
            added.append(frame[name].fill_null(values) if name in frame.columns else values)
        widened = frame.with_columns(added)
        order = [name for name in (*POINTER, *READABLE) if name in widened.columns]
        return widened.select(order)


def join_keys(columns: Mapping[str, pl.Series], frame: pl.DataFrame, plan: Plan | None) -> pl.Series | None:
    """Return what joined logs call ``request_id``, for each row; ``None`` if the log has nothing of the kind."""
    if plan is not None and plan.schema.join_key is not None:
        slot = plan.slots.get(plan.schema.join_key)
        return None if slot is None else canonical_text(KEY, columns[slot])
    return frame[KEY] if KEY in frame.columns else None


def hashed(keys: pl.Series) -> pl.DataFrame:
    """Return identifiers as hashes, in a frame with the one column ``key``."""
    return pl.DataFrame({"key": pl.select(pl.when(keys.is_not_null()).then(keys.hash())).to_series()})
