"""What a detector is: it names the tokens accounts carry, and weighs what a cluster's accounts have in common."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol, runtime_checkable

import numpy as np
import polars as pl

from distillscan.population.accounts import Ints, Mask, Population
from distillscan.population.graph import SIGNALS, SignalGraph
from distillscan.result import Axis, Evidence, Family


@dataclass(frozen=True)
class Candidate:
    """A set of accounts to be weighed.

    Attributes:
        members: Their numbers in the population, ascending.
        graph: Who carries which token.
    """

    members: Ints
    graph: SignalGraph

    @property
    def population(self) -> Population:
        """All accounts of the log."""
        return self.graph.population

    def characteristic(self, kind: str) -> Ints:
        """Columns of the tokens of this kind that mark the cluster (see ``SignalGraph.characteristic``)."""
        return self.graph.characteristic(kind, self.members)

    @property
    def mask(self) -> Mask:
        """True for members."""
        return self.population.mask(self.members)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a detector says of a candidate, before rounding."""

    family: Family
    axis: Axis
    bits: float
    summary: str
    details: Mapping[str, Any] = field(default_factory=dict)


@runtime_checkable
class Detector(Protocol):
    """A module that turns the profile into evidence: plain attributes and two pure functions."""

    @property
    def name(self) -> str:
        """Its name on the command line and in the report."""
        ...

    @property
    def version(self) -> str:
        """Raised whenever its answer may change."""
        ...

    @property
    def summary(self) -> str:
        """One sentence for the analyst."""
        ...

    @property
    def family(self) -> Family:
        """The evidence family it mainly speaks for."""
        ...

    @property
    def needs(self) -> tuple[str, ...]:
        """Canonical columns it needs; alternatives are joined by ``|``."""
        ...

    @property
    def parameters(self) -> Any:
        """A frozen dataclass; each field has ``metadata["help"]``."""
        ...

    def signals(self, population: Population, parameters: Any) -> pl.DataFrame:
        """Return the tokens accounts carry (``population.SIGNALS``)."""
        ...

    def assess(self, candidate: Candidate, parameters: Any) -> list[Finding]:
        """Return the evidence for or against a candidate being one operator, or harvesting."""
        ...


def evidence(detector: Detector, finding: Finding) -> Evidence:
    """Return a finding as it stands in the report: attributed, and rounded to what is meaningful."""
    return Evidence(
        detector=detector.name,
        family=finding.family,
        axis=finding.axis,
        bits=round(finding.bits, 2),
        summary=finding.summary,
        details={key: rounded(value) for key, value in finding.details.items()},
    )


def shared_entities(links: pl.DataFrame, kind: str) -> pl.DataFrame:
    """Return the entities that at least two accounts touch, as tokens (``population.SIGNALS``)."""
    return links.filter(pl.len().over("entity") >= 2).select(
        "account", pl.lit(kind).alias("kind"), pl.col("entity").alias("token"), pl.lit(1.0).alias("strength")
    )


def trait(population: Population, kind: str, token: int, shows: Mask, able: Mask) -> pl.DataFrame:
    """Return a trait of accounts by themselves as a token; ``able`` are those of which it can be told (see SIGNALS)."""
    told = np.flatnonzero(able)
    return pl.DataFrame(
        {
            "account": population.profile.accounts["account"].gather(told),
            "kind": pl.repeat(kind, told.size, eager=True, dtype=pl.String),
            "token": pl.repeat(token, told.size, eager=True, dtype=pl.UInt64),
            "strength": shows[told].astype(np.float64),
        },
        schema=SIGNALS,
    )


def rates(candidate: Candidate, shows: Mask, able: Mask, others: Mask | None = None) -> tuple[int, int, float]:
    """Return how many members show a trait, of how many of which it can be told, and the rate among others."""
    members = candidate.members
    others = able & ~candidate.mask if others is None else others
    outside = float(np.count_nonzero(shows & others) + 0.5) / (np.count_nonzero(others) + 1)
    return int(np.count_nonzero(shows[members] & able[members])), int(np.count_nonzero(able[members])), outside


def rounded(value: Any) -> Any:
    """Return a value with every float cut to four decimals, numpy scalars turned to Python's."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, Mapping):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(item) for item in value]
    return value


def percent(share: float) -> str:
    """Return a share as people read it: ``97 %``, with decimals below one per cent and where it would round to all."""
    if 0.995 <= share < 1:
        return f"{math.floor(share * 1000) / 10:.1f} %"
    if share >= 0.01 or share == 0:
        return f"{share * 100:.0f} %"
    return f"{Decimal(f'{share * 100:.2g}'):f} %"


def plural(number: int, thing: str) -> str:
    """Return a number with what it counts: ``1 burst``, ``3 bursts``."""
    ending = "" if number == 1 else "es" if thing.endswith("s") else "s"
    return f"{number:,} {thing}{ending}"
