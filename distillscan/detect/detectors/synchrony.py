"""Accounts that work in step, and accounts that are dealt their requests evenly, as a load balancer does."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from distillscan.detect.base import Candidate, Detector, Finding, percent, present, trait_tokens
from distillscan.detect.claims import Claim
from distillscan.population.accounts import Floats, Ints, Mask, Population, memoized
from distillscan.population.kinds import DEALING, Kind
from distillscan.settings import threshold

_EPOCH_WEEKDAY: Final = 3
_WEEKEND: Final = 5
#: Copies of a cluster with every account's days exchanged, to compare with.
_SURROGATES: Final = 16
#: Members, those with the smallest hashes, on whom working in step is tested: more take long and say no more.
_MOST_MEMBERS: Final = 400


@dataclass(frozen=True)
class SynchronyParameters:
    """Parameters of ``synchrony``."""

    enough_pairs: float = threshold(3.0, "pairs", "in one hour expected at random below which nothing can be told")
    scattered: float = threshold(2.0, "times", "the expected pairs up to which requests arrive evenly")
    scattered_hours: int = threshold(48, "hours", "from first to last request below which it is a sitting or two")
    even_days: int = threshold(5, "days", "of activity from which their evenness can be told")
    even_requests: int = threshold(15, "requests", "from which the evenness of days can be told")
    even: float = threshold(1.3, "times", "the mean up to which the variance of daily requests is even")
    dealt_cap: float = threshold(3.0, "bits", "at most of requests that arrive evenly: cron jobs' do as well")
    compared_requests: int = threshold(3, "requests", "from which an account can show everybody's hours")
    enough_step: int = threshold(60, "hours", "of activity in all below which step cannot be told")
    significant: float = threshold(4.0, "deviations", "from exchanged days from which members work in step")
    step_cap: float = threshold(3.0, "bits", "at most of working in step: courses and outages do the same")
    step_full: float = threshold(0.6, "doublings", "of common hours beyond those of others that weigh in full")


@memoized
def hourly(population: Population) -> tuple[Ints, Ints, Floats]:
    """Return account number, hour since 1970 and requests, one entry an account and active hour, in that order."""
    rows = population.profile.activity
    numbers, hours = population.numbers(rows["account"]), rows["hour"].to_numpy().astype(np.int64)
    key, entry = np.unique(numbers * (1 << 32) + hours, return_inverse=True)
    requests = np.bincount(entry, weights=rows["requests"].to_numpy(), minlength=key.size)
    return key >> 32, key & ((1 << 32) - 1), requests.astype(np.float64)


@memoized
def scattered(population: Population, p: SynchronyParameters) -> tuple[Mask, Mask]:
    """Return the accounts whose requests fall evenly over the hours, and those of which it can be told.

    People send several requests in a sitting. Counted are pairs of requests in the same hour, against those expected if
    the requests fell anywhere between the account's first and last hour: Morisita's index of dispersion (1959).
    """
    number, hour, requests = hourly(population)
    size = population.size
    total = np.bincount(number, weights=requests, minlength=size)
    pairs = np.bincount(number, weights=requests * (requests - 1), minlength=size)
    first, last = np.full(size, np.iinfo(np.int64).max), np.zeros(size, np.int64)
    np.minimum.at(first, number, hour)
    np.maximum.at(last, number, hour)
    span = np.maximum(1, last - first + 1)
    expected = total * (total - 1) / span
    able = (expected >= p.enough_pairs) & (span >= p.scattered_hours)
    return able & (pairs <= p.scattered * expected), able


@memoized
def even(population: Population, p: SynchronyParameters) -> tuple[Mask, Mask]:
    """Return the accounts with much the same number of requests each day, and those of which it can be told.

    Fisher's index of dispersion (variance over mean) of the days between first and last: 1 for requests at random, less
    for an equal share a day, well above for people, who have busy days and idle ones.
    """
    number, hour, requests = hourly(population)
    size = population.size
    day = hour // 24
    key, entry = np.unique(number * (1 << 32) + day, return_inverse=True)
    daily = np.bincount(entry, weights=requests)
    who, when = key >> 32, key & ((1 << 32) - 1)
    first, last = np.full(size, np.iinfo(np.int64).max), np.zeros(size, np.int64)
    np.minimum.at(first, who, when)
    np.maximum.at(last, who, when)
    # The first and the last day are cut off somewhere.
    inner = (when > first[who]) & (when < last[who])
    days = np.maximum(0, last - first - 1)
    total = np.bincount(who[inner], weights=daily[inner], minlength=size)
    squares = np.bincount(who[inner], weights=daily[inner] ** 2, minlength=size)
    mean = total / np.maximum(1, days)
    variance = (squares - days * mean**2) / np.maximum(1, days - 1)
    able = (days >= p.even_days) & (total >= p.even_requests)
    return able & (variance <= p.even * mean), able


_DEALT = {1: ("over the hours", scattered), 2: ("from day to day", even)}


class SynchronyDetector(Detector):
    """Work in step against copies of the same accounts with their days exchanged; requests dealt out evenly."""

    name = "synchrony"
    version = "2"
    summary = "accounts that work in the same hours beyond their habits, or are dealt an even share of the requests"
    family = "timing"
    kinds = (Kind("dealt", DEALING, crossed_with=("tls", "user_agent", "voices", "intent")),)
    parameters = SynchronyParameters()

    def signals(self, population: Population, parameters: SynchronyParameters) -> pl.DataFrame:
        """Return a token for each of the two ways in which an account's requests look dealt out."""
        parts = []
        for token, (_, measure) in _DEALT.items():
            parts.append(trait_tokens(population, "dealt", token, *measure(population, parameters)))
        return pl.concat(parts)

    def assess(self, candidate: Candidate, parameters: SynchronyParameters) -> list[Finding]:
        """Weigh how many members are dealt their requests, and how far they work in step."""
        return present(_dealt(candidate, parameters), _in_step(candidate, parameters))


def _dealt(candidate: Candidate, p: SynchronyParameters) -> Finding | None:
    best: Finding | None = None
    for what, measure in _DEALT.values():
        compared = candidate.compare(*measure(candidate.population, p))
        bits = compared.group_bits(p.dealt_cap)
        if bits > 0 and (best is None or bits > best.bits):
            summary = (
                f"requests of {compared} arrive evenly {what}, as from a load balancer; so do those of {compared.usual}"
            )
            details = {"kind": what, **compared.details()}
            best = Finding(Claim.LOAD_BALANCED, "timing", "coordination", bits, summary, details)
    return best


@dataclass(frozen=True, slots=True)
class Diary:
    """Which account (numbered from 0) was active in which hours since 1970, with the days each could have been.

    Attributes:
        account: Account of each active hour, ascending.
        hour: The hours.
        days: All days between each account's first and last: ``account``, ``day`` and ``weekend``.
    """

    account: Ints
    hour: Ints
    days: tuple[Ints, Ints, Mask]

    @classmethod
    def of(cls, population: Population, members: Ints) -> "Diary":
        """Return the diary of the given accounts."""
        number, hour, _ = hourly(population)
        first, last = np.full(population.size, np.iinfo(np.int64).max), np.zeros(population.size, np.int64)
        np.minimum.at(first, number, hour // 24)
        np.maximum.at(last, number, hour // 24)
        # On its first and its last day an account is active by definition: these are not exchanged for others.
        inner = (hour // 24 > first[number]) & (hour // 24 < last[number])
        chosen = np.isin(number, members) & inner
        names, account = np.unique(number[chosen], return_inverse=True)
        hour = hour[chosen]
        spans = last[names] - first[names] - 1
        owner = np.repeat(np.arange(names.size), spans)
        day = np.arange(owner.size) - np.repeat(np.cumsum(spans) - spans, spans) + first[names][owner] + 1
        return cls(account, hour, (owner, day, (day + _EPOCH_WEEKDAY) % 7 >= _WEEKEND))

    def common_hours(self) -> float:
        """Return how many pairs of accounts are active in the same hour, over all hours."""
        _, counts = np.unique(self.hour, return_counts=True)
        return float((counts * (counts - 1)).sum()) / 2

    def expected(self) -> float:
        """Return the mean of ``common_hours`` over all exchanges of days."""
        owner, day, weekend = self.days
        if owner.size == 0:
            return 0.0
        slots = (int(owner[-1]) + 1, 2, 24)
        on_weekend = (self.hour // 24 + _EPOCH_WEEKDAY) % 7 >= _WEEKEND
        active, possible = np.zeros(slots), np.zeros(slots[:2])
        np.add.at(active, (self.account, on_weekend.astype(np.int64), self.hour % 24), 1.0)
        np.add.at(possible, (owner, weekend.astype(np.int64)), 1.0)
        chance = (active / np.maximum(possible, 1.0)[:, :, None])[owner, weekend.astype(np.int64)]
        day = day - int(day.min())
        total, squares = np.zeros((int(day.max()) + 1, 24)), np.zeros((int(day.max()) + 1, 24))
        np.add.at(total, day, chance)
        np.add.at(squares, day, chance**2)
        return float((total**2 - squares).sum()) / 2

    def exchanged(self, seed: int) -> "Diary":
        """Return a diary with every account's days exchanged among each other, working days and weekends apart.

        Each account keeps its span of days, its hours of the day and its kind of week: what is left in common is habit.
        """
        owner, day, weekend = self.days
        if owner.size == 0:
            return self
        kind = owner * 2 + weekend
        plain = np.lexsort((day, kind))
        mixed = np.lexsort((np.random.default_rng(seed).random(owner.size), kind))
        moved = np.empty_like(day)
        moved[plain] = day[mixed]
        begins = np.searchsorted(owner, np.arange(int(owner[-1]) + 1))
        entry = begins[self.account] + self.hour // 24 - day[begins[self.account]]
        return Diary(self.account, moved[entry] * 24 + self.hour % 24, self.days)


def step(population: Population, members: Ints, p: SynchronyParameters) -> tuple[float, float, int]:
    """Return how far accounts work in step.

    Returns:
        log2 of the common hours over their mean with days exchanged; its distance from that mean in standard
        deviations of such exchanges (0 if the first is not above 0); the hours in which the accounts are active in all.
        Source: surrogate data, Theiler et al., Physica D 58 (1992).
    """
    diary = Diary.of(population, members[:_MOST_MEMBERS])
    active = int(diary.hour.size)
    mean = diary.expected() if active >= p.enough_step else 0.0
    if mean <= 0:
        return 0.0, 0.0, active
    excess = float(np.log2(max(diary.common_hours(), 0.5) / mean))
    if excess <= 0:
        return excess, 0.0, active
    made = np.array([diary.exchanged(seed).common_hours() for seed in range(_SURROGATES)])
    return excess, (diary.common_hours() - mean) / max(float(made.std(ddof=1)), 1e-9), active


def _in_step(candidate: Candidate, p: SynchronyParameters) -> Finding | None:
    population = candidate.population
    excess, deviations, hours = step(population, candidate.members, p)
    if deviations < p.significant:
        return None
    # Outages and holidays set the pace of everybody: the same measure on other accounts is taken off.
    usual = usual_step(population, p)
    beyond = excess - usual
    if beyond <= 0:
        return None
    bits = p.step_cap * min(1.0, beyond / p.step_full)
    summary = (
        f"members are active in the same hours {percent(2.0**excess - 1)} more often than if their days were exchanged "
        f"({deviations:.0f} standard deviations); accounts from all over the log {percent(2.0**usual - 1)} more often"
    )
    details = {"excess": excess, "usual_excess": usual, "standard_deviations": deviations, "active_hours": hours}
    return Finding(Claim.IN_STEP, "timing", "coordination", bits, summary, details)


@memoized
def usual_step(population: Population, p: SynchronyParameters) -> float:
    """Return how far accounts from all over the log work in step (see ``step``), 0 at least."""
    return max(0.0, step(population, _everywhere(population, p), p)[0])


def _everywhere(population: Population, p: SynchronyParameters) -> Ints:
    """Accounts from all over the log (hashes are spread evenly), as many as are looked at in a cluster."""
    busy = np.flatnonzero(population.requests >= p.compared_requests)
    take = np.linspace(0, busy.size - 1, min(busy.size, _MOST_MEMBERS)).astype(np.int64) if busy.size else busy
    chosen: Ints = np.unique(busy[take]) if busy.size else busy
    return chosen
