"""Principals: accounts that openly belong together count as one.

Employees of one company share its cards, addresses and applications, and need hide it from nobody. If each of them
counted, a company would look like a pool of strangers that share everything, and any two companies that use the same
application like one pool. So clusters are sought among principals, of which most are a single account.
"""

from functools import cached_property
from typing import Final

import numpy as np
import polars as pl

from distillscan.population.accounts import Floats, Hashes, Ints, Mask, Population, memoized

#: Share of all accounts above which an organisation declares nothing: it is the gateway's own and stands in every row.
EVERYBODY: Final = 0.5


class Principals(Population):
    """The principals of a population, numbered in the order of their first accounts.

    Accounts are one principal if they state the same organisation, unless most accounts of the log state it. A payer
    and a mail domain in common do not suffice: pools are bought with cards and domains of their own in groups, and
    thirty accounts of one taken for five principals are no longer one pool.

    Attributes:
        population: The accounts.
        principal: The number of each account's principal.
        accounts: How many accounts each has.
    """

    def __init__(self, population: Population) -> None:
        super().__init__(population.profile, population.releases)
        self.population = population
        _, first, group = np.unique(_declared(population), return_index=True, return_inverse=True)
        order = np.argsort(first)
        rank = np.empty(order.size, np.int64)
        rank[order] = np.arange(order.size)
        self.principal: Ints = rank[group]
        self.size = order.size
        self.accounts: Ints = np.bincount(self.principal, minlength=self.size)
        self._first = first[order]

    @property
    def declared(self) -> tuple[int, int]:
        """How many accounts belong together with others, and how many principals they are."""
        several = self.accounts[self.accounts > 1]
        return int(several.sum()), several.size

    def members(self, numbers: Ints) -> Ints:
        """Return the accounts (ascending) of some principals (ascending)."""
        return np.flatnonzero(self.mask(numbers)[self.principal])

    def numbers(self, accounts: pl.Series) -> Ints:
        """Return the numbers of the principals of accounts given by hash."""
        return self.principal[self.population.numbers(accounts)]

    @memoized
    def states(self, kind: str, *others: str) -> Mask:
        """Return True for principals of which any account states an entity of one of these kinds."""
        return self._any(self.population.states(kind, *others))

    @memoized
    def dominant(self, kind: str) -> Hashes:
        """Return the entity of this kind that the first account of each principal uses most."""
        return self.population.dominant(kind)[self._first]

    @cached_property
    def active_hours(self) -> tuple[Floats, Floats]:
        """Hours since 1970 of the first and last request of any account of each principal."""
        first, last = self.population.active_hours
        begin, end = np.full(self.size, np.inf), np.full(self.size, -np.inf)
        np.minimum.at(begin, self.principal, first)
        np.maximum.at(end, self.principal, last)
        return begin, end

    @cached_property
    def turned_away(self) -> Mask:
        """True for principals of which every account was stopped."""
        return ~self._any(~self.population.turned_away)

    def _any(self, mask: Mask) -> Mask:
        return self.mask(self.principal[mask])


def _declared(population: Population) -> Hashes:
    """What each account declares to belong to: an organisation, else itself."""
    org, alone = population.dominant("org"), np.arange(population.size, dtype=np.uint64)
    _, place, accounts = np.unique(org, return_inverse=True, return_counts=True)
    return np.where((org != 0) & (accounts[place] <= EVERYBODY * population.size), org, alone)
