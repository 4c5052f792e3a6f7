"""A test kit for detectors: logs made by hand, a planted campaign, and what a detector makes of them; without pytest.

A log is a list of rows, each a dict of canonical columns (docs/columns.md). Columns that no row names are absent.
"""

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import polars as pl

from distillscan.cluster import find_candidates
from distillscan.columns import CANONICAL, ROW, SOURCE
from distillscan.detect.base import Candidate, Detector, Finding
from distillscan.detect.contract import violations
from distillscan.detect.registry import builtin
from distillscan.detect.run import checked_signals, detect
from distillscan.parameters import Parameters
from distillscan.population.accounts import Ints, Population, Release
from distillscan.population.graph import SignalGraph
from distillscan.profile import merge, profile_batch
from distillscan.result import Evidence, Explanation, Severity
from distillscan.score import score_candidates

__all__ = ["START", "FoundCluster", "Row", "accounts", "assess", "at", "campaign", "candidate_of", "canonical"]
__all__ += ["check_detector", "find_clusters", "numbers_of", "ordinary", "population_of", "tokens"]

Row = Mapping[str, Any]

#: When hand-made logs begin.
START: Final = datetime(2026, 4, 1, tzinfo=UTC)
_DAYS = 14
_WORDS = "river tax chess sorting poem enzyme trade orbit bread sail map wool stone rain glass letter garden bridge"


def at(hours: float) -> datetime:
    """Return a time so many hours after ``START``."""
    return START + timedelta(hours=hours)


def accounts(count: int, name: str, *, requests: int = 1, **columns: Any) -> list[Row]:
    """Return rows of ``count`` accounts ``name0``, ``name1``, ..., with so many ``requests`` each.

    A column is a value for all rows, or a function of the account's number and the request's number (both from 0).
    """

    def row(k: int, turn: int) -> Row:
        given = {column: value(k, turn) if callable(value) else value for column, value in columns.items()}
        return {"account_id": f"{name}{k}", **given}

    return [row(k, turn) for k in range(count) for turn in range(requests)]


def ordinary(count: int = 300, name: str = "home", *, seed: int = 0, **columns: Any) -> list[Row]:
    """Return rows of people who have nothing to do with each other, over two weeks.

    Each has a card, an address and a day of sign-up of its own, works in sittings by day, and words every prompt anew.
    ``columns`` add to that or replace it (see ``accounts``).
    """
    rng = random.Random(seed)
    sittings = [[24 * rng.randrange(_DAYS) + rng.uniform(8, 20) for _ in range(4)] for _ in range(count)]
    given = {
        "timestamp": lambda k, turn: at(sittings[k][turn % 4] + turn / 60),
        "ip": lambda k, _: f"100.{k // 200}.{k % 200}.9",
        "payment_id": lambda k, _: f"{name}-card-{k}",
        "account_created_at": lambda k, _: at(-24.0 * (3 + k % 90) - k % 24),
        "prompt": lambda k, turn: f"{name} {k} {turn} " + " ".join(rng.choices(_WORDS.split(), k=8)),
    }
    return accounts(count, name, requests=20, **{**given, **columns})


def campaign(count: int = 12, name: str = "camp", *, seed: int = 0, **columns: Any) -> list[Row]:
    """Return rows of accounts of one operator that share next to nothing but what ``columns`` say.

    Each has a card, an address and words of its own; but they signed up within an hour, and send an even share of
    requests around the clock. That alone is too little for a cluster of the report: what a detector finds beyond it
    decides.
    """
    rng = random.Random(seed)
    given = {
        "timestamp": lambda _, turn: at(24.0 * _DAYS * (turn + rng.random()) / 60),
        "ip": lambda k, _: f"192.{k}.7.1",
        "payment_id": lambda k, _: f"{name}-card-{k}",
        "account_created_at": lambda k, _: at(-100 + k / 60),
        "prompt": lambda k, turn: f"{name} {k} {turn} " + " ".join(rng.choices(_WORDS.split(), k=8)),
    }
    return accounts(count, name, requests=60, **{**given, **columns})


def canonical(rows: Sequence[Row], source: int = 0) -> pl.DataFrame:
    """Return rows as the canonical frame that reading gives; columns that no row names are absent."""
    names = [name for name in CANONICAL if any(name in row for row in rows)]
    data = {name: [row.get(name) for row in rows] for name in names}
    frame = pl.DataFrame(data, schema={name: CANONICAL[name] for name in names})
    row = pl.int_range(pl.len(), dtype=pl.UInt64).alias(ROW)
    return frame.select(pl.lit(source, pl.UInt32).alias(SOURCE), row, pl.all())


def population_of(rows: Sequence[Row], releases: tuple[Release, ...] = ()) -> Population:
    """Return the population of a log; rows without a ``timestamp`` are at ``START``."""
    return Population(merge([profile_batch(canonical([{"timestamp": START, **row} for row in rows]))]), releases)


def numbers_of(population: Population, *prefixes: str) -> Ints:
    """Return the numbers of the accounts whose names begin with one of the prefixes."""
    names = population.profile.accounts["account_id"]
    wanted = pl.Series([name.startswith(prefixes) for name in names], dtype=pl.Boolean)
    return wanted.arg_true().to_numpy().astype("int64")


def tokens(detector: Detector, population: Population) -> pl.DataFrame:
    """Return the tokens that a detector makes (``plugin.SIGNALS``), sorted.

    Raises:
        ValueError: They are not what a detector may make.
    """
    signals = checked_signals(detector, detector.signals(population, detector.parameters), population)
    return signals.sort("kind", "account", "token")


def candidate_of(detector: Detector, population: Population, *prefixes: str) -> Candidate:
    """Return the accounts whose names begin with one of the prefixes, with the tokens of one detector."""
    graph = SignalGraph(population, tokens(detector, population), Parameters.of([detector]).kinds)
    return Candidate(numbers_of(population, *prefixes), graph)


def assess(detector: Detector, rows: Sequence[Row], *prefixes: str) -> list[Finding]:
    """Return what a detector says of the accounts of a log whose names begin with one of the prefixes."""
    return detector.assess(candidate_of(detector, population_of(rows), *prefixes), detector.parameters)


@dataclass(frozen=True, slots=True)
class FoundCluster:
    """A cluster that would be reported: the names of its accounts, and what is said of them."""

    accounts: frozenset[str]
    severity: Severity
    coordination: float
    extraction: float
    evidence: tuple[Evidence, ...]
    explanations: tuple[Explanation, ...]


def find_clusters(rows: Sequence[Row], *detectors: Detector) -> list[FoundCluster]:
    """Return the clusters that the built-in detectors and the given ones find in a log, best first."""
    population, every = population_of(rows), (*builtin(), *detectors)
    parameters = Parameters.of(every)
    detection = detect(population, every, parameters.detectors)
    graph = SignalGraph(population, detection.signals, parameters.kinds, parameters.cluster)
    candidates = find_candidates(graph, parameters.cluster)
    scored = score_candidates(candidates, detection.working, parameters.detectors, parameters.score)
    names = population.profile.accounts["account_id"]
    return [
        FoundCluster(
            accounts=frozenset(names.gather(cluster.candidate.members)),
            severity=cluster.severity,
            coordination=cluster.probabilities.coordination,
            extraction=cluster.probabilities.extraction,
            evidence=cluster.evidence,
            explanations=cluster.explanations,
        )
        for cluster in scored
    ]


def check_detector(detector: Detector, rows: Sequence[Row], *prefixes: str) -> None:
    """Check the contract of a detector: what it declares, and what it makes of a log and of an empty one.

    Args:
        detector: The detector.
        rows: A log that has the columns it needs.
        prefixes: What the names of accounts begin with that it should have findings about.

    Raises:
        AssertionError: It breaks the contract; the message says how.
        UsageError: One of its kinds contradicts a built-in one.
    """
    if wrong := [*violations(detector), *_misbehaviour(detector, rows, prefixes)]:
        raise AssertionError(f"{type(detector).__name__} breaks the contract of a detector: {'; '.join(wrong)}")


def _misbehaviour(detector: Detector, rows: Sequence[Row], prefixes: Sequence[str]) -> Iterator[str]:
    Parameters.of((*builtin(), detector))
    if not tokens(detector, population_of([])).is_empty():
        yield "it makes tokens of an empty log"
    population = population_of(rows)
    made = tokens(detector, population)
    if not made.equals(tokens(detector, population)) or not made.equals(tokens(detector, population_of(rows[::-1]))):
        yield "its tokens change from call to call or with the order of the rows"
    candidate = candidate_of(detector, population, *prefixes)
    findings = detector.assess(candidate, detector.parameters)
    if not findings:
        yield f"it has nothing to say of the accounts {', '.join(prefixes)}"
    if not all(isinstance(finding, Finding) and math.isfinite(finding.bits) for finding in findings):
        yield "it does not return findings with finite bits"
    if findings != detector.assess(candidate, detector.parameters):
        yield "what it says changes from call to call"
