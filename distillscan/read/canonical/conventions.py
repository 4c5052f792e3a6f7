"""How a log writes its values: what stands for nothing, and in which order its dates are."""

from collections.abc import Sequence
from dataclasses import dataclass

from distillscan.read.canonical.date_order import DateOrders
from distillscan.read.canonical.nothing import Blanks
from distillscan.read.formats.chunks import Source
from distillscan.read.options import ReadOptions


@dataclass(frozen=True, slots=True)
class Conventions:
    """How the values of a log are to be understood, the same for all of its files."""

    blanks: Blanks
    dates: DateOrders

    @classmethod
    def of(cls, sources: Sequence[Source], options: ReadOptions) -> "Conventions":
        """Return those of the log that consists of some files."""
        return cls(Blanks(options.null_values), DateOrders(sources, options.batch_rows, options.date_order))
