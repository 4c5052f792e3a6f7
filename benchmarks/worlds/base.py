"""What a world is: something that makes logs of which it is known who sent what."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import polars as pl


class LabelledLog(NamedTuple):
    """Requests in the canonical columns, and one row an account: ``account_id, operator, cohort, campaign``."""

    log: pl.DataFrame
    labels: pl.DataFrame


@dataclass(frozen=True, slots=True)
class Scenario:
    """How a scenario is measured.

    Attributes:
        rows: Requests of its log unless a number is asked for.
        longer: Times the rows that are asked for, where campaigns are so rare that they need a longer log.
        ablated: Whether every detector and column is also left out in turn, to see what is lost.
    """

    rows: int
    longer: int = 1
    ablated: bool = False


class World(Protocol):
    """Makes labelled logs of named scenarios."""

    @property
    def name(self) -> str:
        """What the world is called on the command line."""
        ...

    @property
    def scenarios(self) -> Mapping[str, Scenario]:
        """Its scenarios, in the order of the tables."""
        ...

    @property
    def least_rows(self) -> int:
        """Requests below which a log has not all of its cohorts."""
        ...

    def make(self, scenario: str, rows: int, seed: int, corpus: Path | None) -> LabelledLog:
        """Make one log; the same arguments always give the same log.

        Args:
            scenario: One of ``scenarios``.
            rows: Requests, within a few per cent.
            seed: Which of the logs of this scenario.
            corpus: Folder of real prompts; text is invented if None.

        Raises:
            FileNotFoundError: The folder lacks a file. Figures with and without it are not comparable.
        """
        ...
