"""The accounts of a profile as numpy arrays: what detectors compare a cluster with."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, wraps
from typing import Any, Concatenate, Final, Literal, ParamSpec, TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

from distillscan.profile.tables import KINDS, LINKS_KEPT, Profile

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Hashes = npt.NDArray[np.uint64]

T = TypeVar("T")
P = ParamSpec("P")
S = TypeVar("S", bound="Population")

#: Two facts of an account that can be stated like an entity: it has sampled prompts; its creation date is known.
PROMPTS: Final = "prompts"
CREATED: Final = "created"


@dataclass(frozen=True, slots=True)
class Release:
    """A model and the moment from which it could be used."""

    model: str
    at: datetime
    source: str  # "log" or "file"


def memoized(function: Callable[Concatenate[S, P], T]) -> Callable[Concatenate[S, P], T]:
    """Decorate ``function(population, ...)`` so that each population works each answer out once, for all candidates.

    Arguments must be hashable. Answers are shared: arrays, and tuples of arrays, are made read-only.
    """

    @wraps(function)
    def remembered(population: S, /, *args: P.args, **kwargs: P.kwargs) -> T:
        key = (function, args, tuple(sorted(kwargs.items())))
        if key not in population._memo:
            population._memo[key] = _read_only(function(population, *args, **kwargs))
        answer: T = population._memo[key]
        return answer

    return remembered


def _read_only(answer: T) -> T:
    for part in answer if isinstance(answer, tuple) else (answer,):
        if isinstance(part, np.ndarray):
            part.flags.writeable = False
    return answer


def runs(*columns: npt.NDArray[Any]) -> tuple[Ints, Ints]:
    """Return the first and the last place of each run of equal rows in columns of the same length."""
    begins = np.ones(columns[0].size + 1, np.bool_)
    begins[1:-1] = np.logical_or.reduce([column[1:] != column[:-1] for column in columns])
    bounds = np.flatnonzero(begins)
    return bounds[:-1], bounds[1:] - 1


def spans(indptr: Ints, chosen: Ints) -> Ints:
    """Return where the entries of the chosen rows of a compressed sparse matrix stand, row by row."""
    starts = indptr[chosen].astype(np.int64)
    sizes = indptr[np.asarray(chosen) + 1].astype(np.int64) - starts
    return np.repeat(starts - (np.cumsum(sizes) - sizes), sizes) + np.arange(int(sizes.sum()))


class Population:
    """All accounts of a profile, numbered from 0 in the order of ``profile.accounts``.

    Attributes:
        profile: The profile.
        releases: Models that were released while the log ran, as far as known.
        size: How many accounts there are.
        accounts: How many accounts each number stands for: one (see ``principals``).
        requests: Requests of each account.
    """

    def __init__(self, profile: Profile, releases: tuple[Release, ...] = ()) -> None:
        self.profile = profile
        self.releases = releases
        self.size = profile.accounts.height
        self.accounts: Ints = np.ones(self.size, np.int64)
        self.requests: Ints = profile.accounts["requests"].to_numpy().astype(np.int64)
        self._memo: dict[object, Any] = {}
        self._ids = profile.accounts["account"].to_numpy()

    def numbers(self, accounts: pl.Series) -> Ints:
        """Return the numbers of accounts given by hash; every one must be in the profile."""
        return np.searchsorted(self._ids, accounts.to_numpy()).astype(np.int64)

    def numbered(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return rows that name an ``account`` by hash, with its ``number`` added."""
        return rows.with_columns(pl.Series("number", self.numbers(rows["account"]), dtype=pl.Int64))

    def mask(self, numbers: Ints) -> Mask:
        """Return True for the given account numbers."""
        chosen = np.zeros(self.size, np.bool_)
        chosen[numbers] = True
        return chosen

    def count(self, *masks: Mask) -> int:
        """Count the accounts for which all masks hold: once only if all of them are shared, that is read-only."""
        if any(mask.flags.writeable for mask in masks):
            return int(np.count_nonzero(np.logical_and.reduce(masks)))
        key = ("count", *map(id, masks))
        if key not in self._memo:
            # The masks are kept, so that no other gets their identity.
            self._memo[key] = (int(np.count_nonzero(np.logical_and.reduce(masks))), masks)
        number: int = self._memo[key][0]
        return number

    @cached_property
    def _entities_of_kind(self) -> Mapping[str, pl.DataFrame]:
        """The values of each kind, by entity: views of the profile's."""
        kinds = self.profile.entities["kind"].to_physical().to_numpy()
        bounds = np.searchsorted(kinds, np.arange(len(KINDS) + 1)).tolist()
        return {kind: self.profile.entities[bounds[k] : bounds[k + 1]] for k, kind in enumerate(KINDS)}

    def links(self, kind: str) -> pl.DataFrame:
        """Return the links of one kind, with the account's ``number`` added; by account, then entity."""
        # They are looked for anew each time: kept, they would take as much memory as the profile.
        known = kind in KINDS
        return self.numbered(self.profile.links.filter(pl.col("kind") == kind if known else False))

    @memoized
    def _begins(self, table: str) -> Ints:
        """Where the rows of each account begin in a table; at last, where those of the last one end."""
        accounts = getattr(self.profile, table)["account"].to_numpy()
        return np.append(np.searchsorted(accounts, self._ids), accounts.size)

    def rows_of(self, table: Literal["links", "prompts", "activity"], members: Ints) -> pl.DataFrame:
        """Return the rows of a table of the profile that belong to the given accounts."""
        rows: pl.DataFrame = getattr(self.profile, table)[spans(self._begins(table), members)]
        return rows

    @memoized
    def _carriers(self, kind: str) -> tuple[Hashes, Ints]:
        return np.unique(self.links(kind)["entity"].to_numpy(), return_counts=True)

    def count_carriers(self, kind: str, entities: Hashes) -> Ints:
        """Count the accounts that touch each of these entities, which some account must."""
        known, counts = self._carriers(kind)
        return counts[np.searchsorted(known, entities)]

    def touched(self, kind: str) -> Floats:
        """Return how many entities of this kind each account has in the profile, shared or not."""
        return np.bincount(self.links(kind)["number"].to_numpy(), minlength=self.size).astype(np.float64)

    @memoized
    def states(self, kind: str, *others: str) -> Mask:
        """Return True for accounts that state an entity of one of these kinds (or ``PROMPTS``, ``CREATED``)."""
        if others:
            return self.states(kind) | self.states(*others)
        if kind == PROMPTS:
            return self.mask(self.numbers(self.profile.prompts["account"].unique()))
        if kind == CREATED:
            return self.profile.accounts["created"].is_not_null().to_numpy()
        return self.mask(self.links(kind)["number"].unique().to_numpy())

    @memoized
    def dominant(self, kind: str) -> Hashes:
        """Return each account's entity of this kind with most requests (ties: smaller hash), 0 if it has none."""
        links = self.links(kind)
        number, entity, requests = (links[name].to_numpy() for name in ("number", "entity", "requests"))
        out = np.zeros(self.size, np.uint64)
        starts, ends = runs(number)
        most = np.repeat(np.maximum.reduceat(requests, starts), ends - starts + 1)
        best = np.flatnonzero(requests == most)
        best = best[runs(number[best])[0]]
        out[number[best]] = entity[best]
        return out

    @memoized
    def _dominant_counts(self, kind: str) -> tuple[Hashes, Ints]:
        return np.unique(self.dominant(kind), return_counts=True)

    def count_main_users(self, kind: str, entity: int) -> int:
        """Count the accounts of which this is the dominant entity of the kind."""
        entities, counts = self._dominant_counts(kind)
        place = int(np.searchsorted(entities, np.uint64(entity)))
        return int(counts[place]) if place < entities.size and entities[place] == entity else 0

    @memoized
    def main_users(self, kind: str, entity: int) -> Mask:
        """Return True for accounts of which this is the dominant entity of the kind."""
        users: Mask = self.dominant(kind) == np.uint64(entity)
        return users

    def distinct(self, kind: str) -> Floats:
        """Return how many distinct entities of this kind each account touched; estimated where the sample is full.

        The estimate is that of Bar-Yossef et al. (RANDOM 2002) for the k smallest hash values.
        """
        links, highest = self.links(kind), np.zeros(self.size)
        number = links["number"].to_numpy()
        kept = np.bincount(number, minlength=self.size).astype(np.float64)
        # Links of an account are by entity: its last is the largest.
        highest[number] = links["entity"].to_numpy().astype(np.float64) / 2.0**64
        return np.divide(LINKS_KEPT - 1, highest, out=kept, where=kept >= LINKS_KEPT)

    @cached_property
    def total_requests(self) -> int:
        """Requests of all accounts."""
        return int(self.requests.sum())

    @cached_property
    def active_hours(self) -> tuple[Floats, Floats]:
        """Hours since 1970 of each account's first and last request."""
        hours = self.profile.accounts.select(pl.col("first", "last").dt.epoch("s") / 3600)
        return hours["first"].to_numpy(), hours["last"].to_numpy()

    @cached_property
    def client(self) -> Hashes:
        """The client program (user agent without version numbers) each account uses most, 0 if unknown."""
        return self.dominant("client")

    @cached_property
    def turned_away(self) -> Mask:
        """True for accounts whose last requests were denied (401, 403): they stopped because they were stopped.

        Requests that were throttled (429) do not count: every busy account has some.
        """
        served, denied = pl.col("last_served"), pl.col("first_denied")
        ended = denied.is_not_null() & (served.is_null() | (served < pl.col("last")))
        return self.profile.accounts.select(ended.fill_null(False)).to_series().to_numpy()

    def values(self, kind: str, entities: Sequence[int]) -> list[str]:
        """Return the texts of entities, their hashes where the profile does not keep the text."""
        known = self._entities_of_kind.get(kind, self.profile.entities.clear())
        hashes, texts = known["entity"].to_numpy(), known["value"]
        places = np.searchsorted(hashes, np.array(entities, np.uint64)).tolist()
        found = [
            texts[k] if k < hashes.size and hashes[k] == e else None for k, e in zip(places, entities, strict=True)
        ]
        return [f"#{entity:016x}" if text is None else text for text, entity in zip(found, entities, strict=True)]
