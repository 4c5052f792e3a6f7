"""Run a scenario: size every part, build it, and join the parts into one labelled log."""

import zlib
from dataclasses import dataclass

import numpy as np
import polars as pl

from distillscan.errors import UsageError
from distillscan.simulate.background import Background
from distillscan.simulate.clock import DAY, SECOND
from distillscan.simulate.corpus import Corpus
from distillscan.simulate.ids import mint
from distillscan.simulate.scenario import Entry, Scenario
from distillscan.simulate.world import Lineup, Part, Size, World
from distillscan.simulate.writer import make_writer

LABELS = ("account_id", "operator", "cohort", "campaign")


@dataclass(frozen=True, slots=True)
class SimulatedLog:
    """A log and the truth about it.

    ``log`` has the canonical columns, sorted by time. ``labels`` has one row per account of the log: ``operator``
    (the account's own id unless somebody else runs it), ``cohort`` and ``campaign`` (null for the innocent).
    """

    log: pl.DataFrame
    labels: pl.DataFrame


def simulate(scenario: Scenario, rows: int, seed: int, corpus: Corpus | None = None) -> SimulatedLog:
    """Simulate a labelled log of exactly ``rows`` requests; the same arguments give the same bytes.

    Raises:
        UsageError: There are too few rows for the scenario, or an entry lies outside the log's days.
    """
    first = int(scenario.start.timestamp()) * SECOND
    last = first + int(scenario.days * DAY) - 1
    lineup = Lineup(released=scenario.released, release_us=first + int(scenario.release_day * DAY))
    world = World(seed, rows, first, last, lineup, make_writer(corpus), scenario.responses)
    sized = [(entry, size) for entry in scenario.entries if (size := _size(scenario, world, entry)).rows]
    left = rows - sum(size.rows for _, size in sized)
    low, _ = Background.limits
    if left < low:
        message = (
            f"{rows} rows are too few for {scenario.name}: {left} are left for ordinary accounts, {low} are needed."
        )
        raise UsageError(message)
    parts = [_label(entry, entry.builder.build(world.context(entry.name), size)) for entry, size in sized]
    rate = scenario.background_rate or Background.rate
    accounts = max(low, min(left, round(left / (rate * scenario.days))))
    parts.append(scenario.background.build(world.context(Background.kind), Size(left, accounts, first, last)))
    return _join(seed, parts)


def _size(scenario: Scenario, world: World, entry: Entry) -> Size:
    days = scenario.days - entry.start_day if entry.days is None else entry.days
    if not 0 < days <= scenario.days - entry.start_day or entry.start_day < 0:
        message = (
            f"Scenario {scenario.name}: {entry.name} runs from day {entry.start_day:g} for {days:g} days, "
            f"outside the log's {scenario.days:g} days."
        )
        raise UsageError(message)
    rows = round(world.rows * entry.share)
    low, high = entry.builder.limits
    rate = entry.builder.rate if entry.rate is None else entry.rate
    wanted = entry.accounts or int(np.clip(round(rows / (rate * days)), low, high))
    first = world.day(entry.start_day)
    return Size(rows, max(1, min(wanted, rows)), first, first + int(days * DAY) - 1)


def _label(entry: Entry, part: Part) -> Part:
    people = part.people.with_columns(cohort=pl.lit(entry.builder.kind))
    return Part(people, part.requests)


def _join(seed: int, parts: list[Part]) -> SimulatedLog:
    log = pl.concat([part.requests for part in parts]).sort("timestamp", "account_id", maintain_order=True)
    rng = np.random.default_rng([seed, zlib.crc32(b"request_id")])
    log = log.with_columns(mint(rng, "req", log.height).alias("request_id"))
    labels = pl.concat([part.people.select(LABELS) for part in parts])
    seen = log.select("account_id").unique()
    return SimulatedLog(log, labels.join(seen, on="account_id", how="semi").sort("account_id"))
