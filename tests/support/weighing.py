"""What the tests of single detectors start from: accounts few enough to count by hand, and what is said of them."""

from typing import Any

import polars as pl

from distillscan import testing
from distillscan.detect.base import Candidate, Finding
from distillscan.population.accounts import Population, Release
from tests.support.handmade import at
from tests.support.populations import population_of

Rows = list[dict[str, Any]]


def tuned(detector: Any, parameters: Any) -> Any:
    """The detector with the parameters that the figures of a test are worked out for; the defaults may be tuned."""
    detector.parameters = parameters
    return detector


def candidate_of(population: Population, detector: Any, prefix: str) -> Candidate:
    """The accounts whose names begin with ``prefix``, with the signals of one detector."""
    return testing.candidate_of(detector, population, prefix)


def assess(rows: Rows, detector: Any, prefix: str = "m", releases: tuple[Release, ...] = ()) -> list[Finding]:
    """What a detector says of the accounts whose names begin with ``prefix``."""
    candidate = candidate_of(population_of(rows, releases), detector, prefix)
    found: list[Finding] = detector.assess(candidate, detector.parameters)
    return found


def ties(rows: Rows, detector: Any) -> list[Finding]:
    """What a detector says of coordination alone."""
    return [finding for finding in assess(rows, detector) if finding.axis == "coordination"]


def carried(
    population: Population, signals: pl.DataFrame, kind: str, strength: float | None = None
) -> dict[int, set[str]]:
    """Token to the names of the accounts that carry it, or of those it is stated of with this strength."""
    names = dict(population.profile.accounts.select("account", "account_id").iter_rows())
    rows = signals.filter(pl.col("kind") == kind)
    rows = rows.filter(pl.col("strength") > 0 if strength is None else pl.col("strength") == strength)
    out: dict[int, set[str]] = {}
    for account, token in rows.select("account", "token").iter_rows():
        out.setdefault(token, set()).add(names[account])
    return out


def each(count: int, **columns: Any) -> Rows:
    """That many accounts ``m0``, ``m1``, ...; a column may be a function of the number."""
    return [
        {"account_id": f"m{k}", **{name: value(k) if callable(value) else value for name, value in columns.items()}}
        for k in range(count)
    ]


def others(count: int, **columns: Any) -> Rows:
    return [{**row, "account_id": f"x{k}"} for k, row in enumerate(each(count, **columns))]


def used(account: str, *what: tuple[float, str | None, int], **columns: Any) -> Rows:
    """Requests of an account: hour, model, how many."""
    return [
        {"account_id": account, "timestamp": at(hour), "model": model, **columns}
        for hour, model, count in what
        for _ in range(count)
    ]
