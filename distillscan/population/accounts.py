"""The accounts of a profile as numpy arrays: what detectors compare a cluster with."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, wraps
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

from distillscan.profile.tables import LINKS_KEPT, Profile

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Hashes = npt.NDArray[np.uint64]

T = TypeVar("T")
P = ParamSpec("P")

#: Two facts of an account that can be stated like an entity: it has sampled prompts; its creation date is known.
PROMPTS: Final = "prompts"
CREATED: Final = "created"


@dataclass(frozen=True, slots=True)
class Release:
    """A model and the moment from which it could be used."""

    model: str
    at: datetime
    source: str  # "log" or "file"


def memoized(function: Callable[Concatenate["Population", P], T]) -> Callable[Concatenate["Population", P], T]:
    """Decorate ``function(population, ...)`` so that each population works each answer out once, for all candidates.

    Arguments must be hashable; answers are shared, so leave them as they are.
    """

    @wraps(function)
    def remembered(population: "Population", /, *args: P.args, **kwargs: P.kwargs) -> T:
        key = (function, args, tuple(sorted(kwargs.items())))
        if key not in population._memo:
            population._memo[key] = function(population, *args, **kwargs)
        answer: T = population._memo[key]
        return answer

    return remembered


class Population:
    """All accounts of a profile, numbered from 0 in the order of ``profile.accounts``.

    Attributes:
        profile: The profile.
        releases: Models that were released while the log ran, as far as known.
        size: How many accounts there are.
        requests: Requests of each account.
    """

    def __init__(self, profile: Profile, releases: tuple[Release, ...] = ()) -> None:
        self.profile = profile
        self.releases = releases
        self.size = profile.accounts.height
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

    @cached_property
    def _links_by_kind(self) -> Mapping[str, pl.DataFrame]:
        return {str(key[0]): rows for key, rows in self.profile.links.partition_by("kind", as_dict=True).items()}

    def links(self, kind: str) -> pl.DataFrame:
        """Return the links of one kind, with the account's ``number`` added."""
        return self.numbered(self._links_by_kind.get(kind, self.profile.links.clear()))

    def touched(self, kind: str) -> Floats:
        """Return how many entities of this kind each account has in the profile, shared or not."""
        return np.bincount(self.links(kind)["number"].to_numpy(), minlength=self.size).astype(np.float64)

    @memoized
    def states(self, kind: str) -> Mask:
        """Return True for accounts that state an entity of this kind (or ``PROMPTS``, ``CREATED``)."""
        if kind == PROMPTS:
            return self.mask(self.numbers(self.profile.prompts["account"].unique()))
        if kind == CREATED:
            return self.profile.accounts["created"].is_not_null().to_numpy()
        return self.mask(self.links(kind)["number"].unique().to_numpy())

    @memoized
    def dominant(self, kind: str) -> Hashes:
        """Return each account's entity of this kind with most requests (ties: smaller hash), 0 if it has none."""
        ranked = self.links(kind).sort(["requests", "entity"], descending=[True, False])
        best = ranked.unique("number", keep="first", maintain_order=True)
        out = np.zeros(self.size, np.uint64)
        out[best["number"].to_numpy()] = best["entity"].to_numpy()
        return out

    def distinct(self, kind: str) -> Floats:
        """Return how many distinct entities of this kind each account touched; estimated where the sample is full.

        The estimate is that of Bar-Yossef et al. (RANDOM 2002) for the k smallest hash values.
        """
        largest = self.links(kind).group_by("number").agg(pl.col("entity").max())
        kept, highest = self.touched(kind), np.zeros(self.size)
        highest[largest["number"].to_numpy()] = largest["entity"].to_numpy().astype(np.float64) / 2.0**64
        return np.divide(LINKS_KEPT - 1, highest, out=kept, where=kept >= LINKS_KEPT)

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
        wanted = pl.DataFrame({"entity": list(entities)}, schema={"entity": pl.UInt64})
        known = self.profile.entities.filter(pl.col("kind") == kind)
        texts = wanted.join(known, on="entity", how="left", maintain_order="left")["value"].to_list()
        return [text if text is not None else f"#{entity:016x}" for text, entity in zip(texts, entities, strict=True)]
