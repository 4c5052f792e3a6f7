"""Weigh one cause: log2 likelihood ratios of showing what marks a set of accounts, and of not showing it.

Nothing is worked out for every account: those that show the marks are listed, and strangers are counted as the totals
of the log less the members. So a seed costs as much as its marks have carriers, however many accounts the log has.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from distillscan.cluster.seeds import SeedParameters
from distillscan.detect.base import Candidate
from distillscan.population.accounts import Floats, Ints, Mask
from distillscan.population.graph import Marks, SignalGraph
from distillscan.population.kinds import Cause
from distillscan.population.stats import smoothed_rate
from distillscan.settings import threshold


@dataclass(frozen=True)
class RefineParameters(SeedParameters):
    """Who belongs to a candidate."""

    member_bits: float = threshold(3.0, "bits", "of log2 odds from which an account is a member: 8 to 1")
    typical_part: float = threshold(0.5, "share", "of the typical member's coverage from which one uses a template")


def within(numbers: Ints, others: Ints) -> Mask:
    """Return which of some account numbers are among others; both ascending, the former without repeats."""
    if numbers.size == 0 or others.size == 0:
        return np.zeros(numbers.size, np.bool_)
    if numbers.size < others.size:
        return np.asarray(others[np.minimum(np.searchsorted(others, numbers), others.size - 1)] == numbers)
    places = np.minimum(np.searchsorted(numbers, others), numbers.size - 1)
    found = np.zeros(numbers.size, np.bool_)
    found[places[numbers[places] == others]] = True
    return found


def union(sets: Sequence[Ints]) -> Ints:
    """Return the account numbers of all sets, ascending, each once."""
    numbers = np.sort(np.concatenate([np.zeros(0, np.int64), *sets]))
    distinct: Ints = numbers[np.diff(numbers, prepend=-1) != 0]
    return distinct


def _count(mask: Mask) -> int:
    return int(np.count_nonzero(mask))


class Unclaimed:
    """The accounts that no cluster has claimed: totals over them, worked out once for all seeds.

    Attributes:
        graph: Who carries which token.
        claimed: True for accounts that are settled in clusters, None if none is: they are no strangers to compare with.
        settled: What came of sets of accounts that were refined among these, by their digest.
    """

    def __init__(self, graph: SignalGraph, claimed: Mask | None = None) -> None:
        self.graph = graph
        self.claimed = claimed
        self.settled: dict[bytes, Candidate | None] = {}
        self._totals: dict[tuple[Cause, tuple[str, ...]], int] = {}

    def among(self, numbers: Ints) -> Ints:
        """Return those of the accounts that no cluster has claimed."""
        return numbers if self.claimed is None else numbers[~self.claimed[numbers]]

    def known(self, cause: Cause) -> int:
        """Return of how many accounts anything is known about a cause."""
        return self._total(cause)

    def known_sharing(self, cause: Cause, kinds: tuple[str, ...]) -> int:
        """Return how many of these carry any token of the kinds."""
        return self._total(cause, kinds)

    def _total(self, cause: Cause, kinds: tuple[str, ...] = ()) -> int:
        if (cause, kinds) not in self._totals:
            counted = self.graph.known(cause)
            if kinds:
                counted = counted & np.logical_or.reduce([self.graph.carries_any(kind) for kind in kinds])
            self._totals[cause, kinds] = _count(counted if self.claimed is None else counted & ~self.claimed)
        return self._totals[cause, kinds]


@dataclass(frozen=True, slots=True)
class CauseBits:
    """Log2 likelihood ratios of one cause.

    Attributes:
        joined: Accounts (ascending) whom the marks join to enough members, and the bits that this weighs.
        apart: Accounts who share them with a few, as households do, and the bits.
        known: True for accounts that could show the marks, and the bits of not showing them.
    """

    joined: tuple[Ints, float]
    apart: tuple[Ints, float]
    known: tuple[Mask, float]

    @property
    def most(self) -> float:
        """The most bits that any account can have."""
        return max(self.joined[1], self.apart[1], self.known[1], 0.0)

    @property
    def size(self) -> int:
        """How many accounts can have bits above 0."""
        return sum(numbers.size for numbers, bits in (self.joined, self.apart) if bits > 0)

    def carriers(self) -> Ints:
        """Return the accounts that can have bits above 0, not in order."""
        return np.concatenate([numbers for numbers, bits in (self.joined, self.apart) if bits > 0])

    def of(self, numbers: Ints) -> Floats:
        """Return the bits of some accounts (ascending)."""
        bits = np.where(self.known[0][numbers], self.known[1], 0.0)
        for carriers, weight in (self.joined, self.apart):
            bits[within(numbers, carriers)] = weight
        return bits


@dataclass(frozen=True, slots=True)
class _Odds:
    """Counts that odds are made of: members and strangers of whom the trait is known, and strangers who share."""

    members: int
    strangers: int
    cap: float

    def bits(self, shown_inside: int, shown_outside: int) -> tuple[float, float]:
        """Log2 likelihood ratios of showing a trait and of not showing it, at most ``cap`` bits either way."""
        rate_in, rate_out = smoothed_rate(shown_inside, self.members), smoothed_rate(shown_outside, self.strangers)
        present, absent = float(np.log2(rate_in / rate_out)), float(np.log2((1 - rate_in) / (1 - rate_out)))
        return min(self.cap, present), max(-self.cap, absent)


def cause_bits(
    others: Unclaimed, cause: Cause, chosen: Mapping[str, Marks], members: Ints, p: RefineParameters
) -> CauseBits | None:
    """Return what a cause says, given the marks of its kinds; None if they speak for nobody."""
    graph, kinds = others.graph, tuple(chosen)
    known = graph.known(cause)
    carriers = _users_of_any(graph, chosen, members, p)
    shown = joined_carriers(graph, chosen, carriers, members, min(p.min_accounts, members.size))
    joined, apart = carriers[shown], carriers[~shown]
    # Who carries a mark is known to, whatever the log says of him.
    inside = others.among(members)
    inside = inside[known[inside] | within(inside, carriers)]
    also_known = _count(~known[others.among(carriers)])
    odds = _Odds(inside.size, others.known(cause) + also_known - inside.size, cause.cap)
    joined_inside = _count(within(inside, joined))
    present, absent = odds.bits(joined_inside, others.among(joined).size - joined_inside)
    apart_inside, aside = _count(within(inside, apart)), 0.0
    low_degree = all(graph.kinds[kind].low_degree for kind in chosen)
    if low_degree or apart_inside:
        sharing_inside = _count(np.logical_or.reduce([graph.carries_any(kind)[inside] for kind in kinds]))
        sharing_outside = others.known_sharing(cause, kinds) + also_known - sharing_inside
        if low_degree and odds.strangers:
            # Where most others share such a thing with somebody as well, it may be by accident.
            present *= 1.0 - sharing_outside / odds.strangers
        if apart_inside:
            # To share with a few is what households do: it counts as far as members do so more often than others.
            aside = max(0.0, odds.bits(apart_inside, sharing_outside)[0])
    found = CauseBits((joined, max(0.0, present)), (apart, aside), (known, absent if present > 0 else 0.0))
    return found if found.size else None


def _users_of_any(graph: SignalGraph, chosen: Mapping[str, Marks], members: Ints, p: RefineParameters) -> Ints:
    """Accounts (ascending) of whose use of any kind its marks make up a good part."""
    users = [_users(graph, kind, marks.tokens, members, p) for kind, marks in chosen.items()]
    return users[0] if len(users) == 1 else union(users)


def _users(graph: SignalGraph, kind: str, tokens: Ints, members: Ints, p: RefineParameters) -> Ints:
    """Accounts of whose use of a kind the tokens make up a good part; of templates, as good a part as of a member's.

    One prompt in three that happens to be worded like a template is no sign of a pool that words everything so.
    """
    users, used = graph.habitual_use(kind, tokens)
    if not graph.kinds[kind].is_share:
        return users
    inside = within(users, members)
    return users[used >= p.typical_part * float(np.median(used[inside]))] if inside.any() else users


def joined_carriers(
    graph: SignalGraph, chosen: Mapping[str, Marks], carriers: Ints, members: Ints, wanted: int
) -> Mask:
    """Return which carriers the tokens join to at least ``wanted`` members, themselves included.

    A household shares card, address and mail domain: that joins its members to each other and to nobody else.
    """
    enough = {kind: marks.inside >= (2 if graph.kinds[kind].low_degree else wanted) for kind, marks in chosen.items()}
    few = {kind: chosen[kind].tokens[~reached] for kind, reached in enough.items() if not reached.all()}
    if not few:
        return np.ones(carriers.size, np.bool_)
    joined = np.zeros(carriers.size, np.bool_)
    for kind, reached in enough.items():
        joined |= within(carriers, np.sort(graph.carrying(kind, chosen[kind].tokens[reached])[0]))
    rest = carriers[~joined]
    if rest.size:
        joined[~joined] = _members_met(graph, few, rest, members) + ~within(rest, members) >= wanted
    return joined


def _members_met(graph: SignalGraph, few: Mapping[str, Ints], rest: Ints, members: Ints) -> Ints:
    """How many members each of the rest meets on the tokens, itself included if it is one."""
    theirs, ours = (_carried(graph, few, numbers) for numbers in (rest, members))
    met: Ints = np.diff((theirs @ ours.T).tocsr().indptr)
    return met


def _carried(graph: SignalGraph, tokens: Mapping[str, Ints], numbers: Ints) -> Any:
    """Accounts by tokens of several kinds: 1 for who carries what."""
    rows, columns, width = [], [], 0
    for kind, chosen in tokens.items():
        accounts, token = graph.carrying(kind, chosen)
        place = np.minimum(np.searchsorted(numbers, accounts), numbers.size - 1)
        carried = numbers[place] == accounts
        rows.append(place[carried])
        columns.append(token[carried] + width)
        width += chosen.size
    entries = np.concatenate(rows), np.concatenate(columns)
    return sparse.csr_array((np.ones(entries[0].size), entries), shape=(numbers.size, width))
