"""Run a scenario: size every part, build it, and join the parts into one labelled log."""

import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, TypeVar

import numpy as np
import polars as pl

from distillscan.errors import UsageError
from distillscan.simulate.background import Background
from distillscan.simulate.clock import DAY, SECOND
from distillscan.simulate.corpus import Corpus
from distillscan.simulate.ids import mint
from distillscan.simulate.scenario import Entry, Scenario
from distillscan.simulate.spool import Spool
from distillscan.simulate.world import Lineup, Part, Size, World
from distillscan.simulate.writer import make_writer

LABELS = ("account_id", "operator", "cohort", "campaign")
#: Blocks in a log that is made in memory, and slices of a larger one for each block.
_BLOCKS_IN_MEMORY: Final = 2
_SLICES_PER_BLOCK: Final = 3

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SimulatedLog:
    """A log and the truth about it.

    ``log`` has the canonical columns, sorted by time. ``labels`` has one row per account of the log: ``operator``
    (the account's own id unless somebody else runs it), ``cohort`` and ``campaign`` (null for the innocent).
    """

    log: pl.DataFrame
    labels: pl.DataFrame


class Simulation:
    """A labelled log of exactly ``rows`` requests; the same arguments give the same bytes.

    It is made block by block, and memory does not grow with its rows: see ``slices``.

    Args:
        scenario: What the log is made of.
        rows: Number of requests.
        seed: Where the random numbers begin.
        corpus: Real prompts in place of the built-in ones.

    Raises:
        UsageError: There are too few rows for the scenario, or an entry lies outside the log's days.
    """

    def __init__(self, scenario: Scenario, rows: int, seed: int, corpus: Corpus | None = None) -> None:
        first = int(scenario.start.timestamp()) * SECOND
        last = first + int(scenario.days * DAY) - 1
        lineup = Lineup(released=scenario.released, release_us=first + int(scenario.release_day * DAY))
        self._world = World(seed, rows, first, last, lineup, make_writer(corpus), scenario.responses)
        sized = [(entry, _size(scenario, self._world, entry)) for entry in scenario.entries]
        self._entries = [(entry, size) for entry, size in sized if size.rows]
        self._scenario, self._corpus = scenario, corpus
        self._ordinary = _rest(scenario, self._world, rows - sum(size.rows for _, size in self._entries))
        self._labels: list[pl.DataFrame] = []

    @property
    def sizes(self) -> dict[str, Size]:
        """Rows, accounts and time of every entry of the scenario that has rows, and of the background."""
        return {entry.name: size for entry, size in self._entries} | {Background.kind: self._ordinary}

    @property
    def labels(self) -> pl.DataFrame:
        """The labels of the log, as in ``SimulatedLog``; known once the first slice is."""
        return pl.concat(self._labels).unique("account_id").sort("account_id")

    @contextmanager
    def slices(self, folder: Path | None = None) -> Iterator[Iterator[pl.DataFrame]]:
        """Make the log, slice by slice in order of time.

        Args:
            folder: Where a log of several slices is kept, as a temporary folder in it, until its slices were taken.
        """
        if self._world.rows <= _BLOCKS_IN_MEMORY * self._world.block_rows:
            yield self._finished(iter([pl.concat(list(self._blocks()))]))
            return
        with TemporaryDirectory(prefix=".simulate-", dir=folder) as temporary:
            rows = self._world.block_rows // _SLICES_PER_BLOCK
            spool = Spool(Path(temporary), self._world.first, self._world.last, self._world.rows, rows)
            for requests in ahead(self._blocks()):
                spool.put(requests)
            yield ahead(self._finished(spool.take()))

    def _blocks(self) -> Iterator[pl.DataFrame]:
        """Build the requests of the parts one after the other, and collect their labels."""
        self._labels = []
        world = replace(self._world, writer=make_writer(self._corpus))
        for entry, size in self._entries:
            for part in entry.builder.build(world.context(entry.name), size):
                self._label(part, pl.lit(entry.builder.kind))
                yield part.requests
        for part in self._scenario.background.build(world.context(Background.kind), self._ordinary):
            self._label(part, pl.col("cohort"))
            yield part.requests

    def _label(self, part: Part, cohort: pl.Expr) -> None:
        people = part.people.with_columns(cohort=cohort).select(LABELS)
        self._labels.append(people.join(part.requests.select("account_id").unique(), on="account_id", how="semi"))

    def _finished(self, slices: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
        """The slices in order of time, with the identifiers of the requests."""
        rng = np.random.default_rng([self._world.seed, zlib.crc32(b"request_id")])
        for requests in slices:
            log = requests.sort("timestamp", "account_id", maintain_order=True)
            yield log.with_columns(mint(rng, "req", log.height).alias("request_id"))


def simulate(scenario: Scenario, rows: int, seed: int, corpus: Corpus | None = None) -> SimulatedLog:
    """Simulate a labelled log in memory; for the arguments and errors see ``Simulation``."""
    simulation = Simulation(scenario, rows, seed, corpus)
    with simulation.slices() as slices:
        log = pl.concat(list(slices))
    return SimulatedLog(log, simulation.labels)


def ahead(items: Iterator[T]) -> Iterator[T]:
    """Yield the items, each of which is made by another thread while the one before is used."""
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = thread.submit(next, items, None)
            yield item


def _rest(scenario: Scenario, world: World, rows: int) -> Size:
    """The size of the background, which has the rows that are left."""
    low, _ = Background.limits
    if rows < low:
        message = (
            f"{world.rows} rows are too few for {scenario.name}: {rows} are left for ordinary accounts, "
            f"{low} are needed."
        )
        raise UsageError(message)
    rate = scenario.background_rate or Background.rate
    return Size(rows, max(low, min(rows, round(rows / (rate * scenario.days)))), world.first, world.last)


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
