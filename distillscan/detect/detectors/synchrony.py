"""Accounts that work in step, and accounts that are dealt their requests evenly, as a load balancer does."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from distillscan.detect.base import Candidate, Detector, Finding, percent, present, strongest, supporting
from distillscan.detect.claims import Claim
from distillscan.detect.tokens import masks_of, trait_tokens
from distillscan.population.accounts import Floats, Ints, Mask, Population, memoized, runs, spans
from distillscan.population.kinds import DEALING, Kind
from distillscan.settings import threshold

_SURROGATES: Final = 16  #: copies of a cluster with every account's days exchanged, to compare with
_MOST_MEMBERS: Final = 400  #: members (of smallest hash) on whom step is tested: more take long and say no more
_COMPARED_REQUESTS: Final = 3  #: requests from which an account can show everybody's hours
_ENOUGH_STEP: Final = 60  #: hours of activity in all below which step cannot be told
_STEP_FULL: Final = 0.6  #: doublings of common hours beyond those of others that weigh in full
_EVEN_DAYS: Final = 5  #: days of activity from which their evenness can be told


@dataclass(frozen=True)
class SynchronyParameters:
    """Parameters of ``synchrony``."""

    enough_pairs: float = threshold(3.0, "pairs", "in one hour expected at random below which nothing can be told")
    scattered: float = threshold(2.0, "times", "the expected pairs up to which requests arrive evenly")
    scattered_hours: int = threshold(48, "hours", "from first to last request below which it is a sitting or two")
    even_requests: int = threshold(15, "requests", "from which the evenness of days can be told")
    even: float = threshold(1.3, "times", "the mean up to which the variance of daily requests is even")
    dealt_cap: float = threshold(3.0, "bits", "at most of requests that arrive evenly: cron jobs' do as well")
    significant: float = threshold(4.0, "deviations", "from exchanged days from which members work in step")
    step_cap: float = threshold(3.0, "bits", "at most of working in step: courses and outages do the same")


@memoized
def hourly(population: Population) -> pl.DataFrame:
    """Return the requests of each account in each hour: ``number``, ``hour`` since 1970, ``requests``; sorted."""
    rows = population.numbered(population.profile.activity)
    number, hour, requests = (rows[name].to_numpy() for name in ("number", "hour", "requests"))
    # Rows are by account, model and hour: of most accounts in order already, which makes this sort a fast one.
    order = np.argsort((number << 32) + hour, kind="stable")
    number, hour, requests = number[order], hour[order].astype(np.int64), requests[order].astype(np.float64)
    starts, _ = runs(number, hour)
    return pl.DataFrame({"number": number[starts], "hour": hour[starts], "requests": np.add.reduceat(requests, starts)})


def _hours(population: Population) -> tuple[Ints, Ints, Floats]:
    """The columns of ``hourly``."""
    rows = hourly(population)
    return rows["number"].to_numpy(), rows["hour"].to_numpy(), rows["requests"].to_numpy()


@memoized
def _begins(population: Population) -> Ints:
    """Where the hours of each account begin in ``hourly``; at last, where those of the last one end."""
    return np.searchsorted(_hours(population)[0], np.arange(population.size + 1))


@memoized
def scattered(population: Population, p: SynchronyParameters) -> tuple[Mask, Mask]:
    """Return the accounts whose requests fall evenly over the hours, and those of which it can be told.

    People send several requests in a sitting. Counted are pairs of requests in the same hour, against those expected if
    the requests fell anywhere between the account's first and last hour: Morisita's index of dispersion (1959).
    """
    number, hour, requests = _hours(population)
    starts, ends = runs(number)
    span, total = hour[ends] - hour[starts] + 1, np.add.reduceat(requests, starts)
    pairs, expected = np.add.reduceat(requests * (requests - 1), starts), total * (total - 1) / span
    told = (expected >= p.enough_pairs) & (span >= p.scattered_hours)
    return masks_of(population, number[starts], pairs <= p.scattered * expected, told)


@memoized
def even(population: Population, p: SynchronyParameters) -> tuple[Mask, Mask]:
    """Return the accounts with much the same number of requests each day, and those of which it can be told.

    Fisher's index of dispersion (variance over mean) of the days between first and last: 1 for requests at random, less
    for an equal share a day, well above for people, who have busy days and idle ones.
    """
    number, hour, requests = _hours(population)
    starts, _ = runs(number, hour // 24)
    number, day, requests = number[starts], hour[starts] // 24, np.add.reduceat(requests, starts)
    starts, ends = runs(number)
    # The first and the last day are cut off somewhere.
    requests[starts] = requests[ends] = 0
    days, total = day[ends] - day[starts] - 1, np.add.reduceat(requests, starts)
    told = (days >= _EVEN_DAYS) & (total >= p.even_requests)
    squares, mean = np.add.reduceat(requests * requests, starts), total / np.maximum(days, 1)
    is_even = (squares - days * mean * mean) / np.maximum(days - 1, 1) <= p.even * mean
    return masks_of(population, number[starts], is_even, told)


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
        measured = {token: measure(population, parameters) for token, (_, measure) in _DEALT.items()}
        return pl.concat(trait_tokens(population, "dealt", token, *masks) for token, masks in measured.items())

    def assess(self, candidate: Candidate, parameters: SynchronyParameters) -> list[Finding]:
        dealt = strongest(*(_dealt(candidate, what, measure, parameters) for what, measure in _DEALT.values()))
        return present(dealt, _in_step(candidate, parameters))


def _dealt(candidate: Candidate, what: str, measure: Any, p: SynchronyParameters) -> Finding | None:
    compared = candidate.compare(*measure(candidate.population, p))
    bits = compared.group_bits(p.dealt_cap)
    summary = f"requests of {compared} arrive evenly {what}, as from a load balancer; so do those of {compared.usual}"
    details = {"kind": what, **compared.details()}
    return supporting(Finding(Claim.LOAD_BALANCED, "timing", "coordination", bits, summary, details))


def _weekend(days: Ints) -> Ints:
    """1 for days since 1970 (a Thursday) that are a Saturday or Sunday, 0 for others."""
    return ((days + 3) % 7 >= 5).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Diary:
    """Which account (numbered from 0) was active in which hours since 1970, with the days each could have been.

    Attributes:
        account: Account of each active hour, ascending.
        hour: The hours.
        owner: Account of each day between its first and its last, ascending.
        day: These days since 1970.
    """

    account: Ints
    hour: Ints
    owner: Ints
    day: Ints

    @classmethod
    def of(cls, population: Population, members: Ints) -> "Diary":
        """Return the diary of the given accounts."""
        begins = _begins(population)
        hour = _hours(population)[1][spans(begins, members)]
        owner = np.repeat(np.arange(members.size), np.diff(begins)[members])
        day, (starts, ends) = hour // 24, runs(owner)
        # On its first and its last day an account is active by definition: these are not exchanged for others.
        first, last = np.zeros((2, members.size), np.int64)
        first[owner[starts]], last[owner[starts]] = day[starts] + 1, day[ends]
        inner = (day >= first[owner]) & (day < last[owner])
        active, account = np.unique(owner[inner], return_inverse=True)
        days = [np.zeros(0, np.int64), *(np.arange(first[k], last[k]) for k in active)]
        each = np.repeat(np.arange(active.size), (last - first)[active])
        return cls(account, hour[inner], each, np.concatenate(days))

    def common_hours(self) -> float:
        """Return how many pairs of accounts are active in the same hour, over all hours."""
        _, counts = np.unique(self.hour, return_counts=True)
        return float((counts * (counts - 1)).sum()) / 2

    def expected(self) -> float:
        """Return the mean of ``common_hours`` over all exchanges of days."""
        if self.day.size == 0:
            return 0.0
        # How often each account is active in each hour of a working day and of a day of the weekend.
        kind = (self.owner, _weekend(self.day))
        active, possible = np.zeros((int(self.owner[-1]) + 1, 2, 24)), np.zeros((int(self.owner[-1]) + 1, 2, 1))
        np.add.at(active, (self.account, _weekend(self.hour // 24), self.hour % 24), 1.0)
        np.add.at(possible, kind, 1.0)
        chance = (active / np.maximum(possible, 1.0))[kind]
        day = self.day - self.day.min()
        total, squares = np.zeros((2, int(day.max()) + 1, 24))
        np.add.at(total, day, chance)
        np.add.at(squares, day, chance**2)
        return float((total**2 - squares).sum()) / 2

    def exchanged(self, seed: int) -> "Diary":
        """Return a diary with every account's days exchanged among each other, working days and weekends apart.

        Each account keeps its span of days, its hours of the day and its kind of week: what is left in common is habit.
        """
        if self.day.size == 0:
            return self
        kind = self.owner * 2 + _weekend(self.day)
        moved = np.empty_like(self.day)
        mixed = np.lexsort((np.random.default_rng(seed).random(self.day.size), kind))
        moved[np.lexsort((self.day, kind))] = self.day[mixed]
        begins = np.searchsorted(self.owner, np.arange(int(self.owner[-1]) + 1))
        entry = begins[self.account] + self.hour // 24 - self.day[begins[self.account]]
        return Diary(self.account, moved[entry] * 24 + self.hour % 24, self.owner, self.day)


def step(population: Population, members: Ints) -> tuple[float, float, int]:
    """Return how far accounts work in step.

    Returns:
        log2 of the common hours over their mean with days exchanged; its distance from that mean in standard
        deviations of such exchanges (0 if the first is not above 0); the hours in which the accounts are active in all.
        Source: surrogate data, Theiler et al., Physica D 58 (1992).
    """
    diary = Diary.of(population, members[:_MOST_MEMBERS])
    active, common = diary.hour.size, diary.common_hours()
    mean = diary.expected() if active >= _ENOUGH_STEP else 0.0
    if mean <= 0:
        return 0.0, 0.0, active
    excess = float(np.log2(max(common, 0.5) / mean))
    if excess <= 0:
        return excess, 0.0, active
    made = np.array([diary.exchanged(seed).common_hours() for seed in range(_SURROGATES)])
    return excess, (common - mean) / max(float(made.std(ddof=1)), 1e-9), active


@memoized
def usual_step(population: Population) -> float:
    """Return how far accounts from all over the log (hashes are spread evenly) work in step, 0 at least."""
    busy = np.flatnonzero(population.requests >= _COMPARED_REQUESTS)
    taken = np.linspace(0, busy.size - 1, min(busy.size, _MOST_MEMBERS)).astype(np.int64)
    return max(0.0, step(population, busy[taken])[0])


def _in_step(candidate: Candidate, p: SynchronyParameters) -> Finding | None:
    excess, deviations, hours = step(candidate.population, candidate.members)
    if deviations < p.significant:
        return None
    # Outages and holidays set the pace of everybody: the same measure on other accounts is taken off.
    usual = usual_step(candidate.population)
    bits = p.step_cap * min(1.0, (excess - usual) / _STEP_FULL)
    summary = (
        f"members are active in the same hours {percent(2.0**excess - 1)} more often than if their days were exchanged "
        f"({deviations:.0f} standard deviations); accounts from all over the log {percent(2.0**usual - 1)} more often"
    )
    details = {"excess": excess, "usual_excess": usual, "standard_deviations": deviations, "active_hours": hours}
    return supporting(Finding(Claim.IN_STEP, "timing", "coordination", bits, summary, details))
