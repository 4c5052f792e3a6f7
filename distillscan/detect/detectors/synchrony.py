"""Accounts that work in step, and accounts that are dealt their requests evenly, as a load balancer does."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from distillscan.detect.base import Candidate, Detector, Finding, percent, present, strongest, supporting
from distillscan.detect.claims import Claim
from distillscan.detect.tokens import masks_of, trait_tokens
from distillscan.population.accounts import Ints, Mask, Population, memoized
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
    grouped = rows.group_by("number", pl.col("hour").cast(pl.Int64))
    return grouped.agg(pl.col("requests").cast(pl.Float64).sum()).sort("number", "hour")


@memoized
def scattered(population: Population, p: SynchronyParameters) -> tuple[Mask, Mask]:
    """Return the accounts whose requests fall evenly over the hours, and those of which it can be told.

    People send several requests in a sitting. Counted are pairs of requests in the same hour, against those expected if
    the requests fell anywhere between the account's first and last hour: Morisita's index of dispersion (1959).
    """
    hour, requests, total = pl.col("hour"), pl.col("requests"), pl.col("requests").sum()
    span = hour.max() - hour.min() + 1
    accounts = (
        hourly(population)
        .group_by("number")
        .agg(span=span, pairs=(requests * (requests - 1)).sum(), expected=total * (total - 1) / span)
    )
    told = accounts.filter(pl.col("expected") >= p.enough_pairs, pl.col("span") >= p.scattered_hours)
    return masks_of(population, told, pl.col("pairs") <= p.scattered * pl.col("expected"))


@memoized
def even(population: Population, p: SynchronyParameters) -> tuple[Mask, Mask]:
    """Return the accounts with much the same number of requests each day, and those of which it can be told.

    Fisher's index of dispersion (variance over mean) of the days between first and last: 1 for requests at random, less
    for an equal share a day, well above for people, who have busy days and idle ones.
    """
    day, requests = pl.col("day"), pl.col("requests")
    daily = hourly(population).group_by("number", day=pl.col("hour") // 24).agg(requests.sum())
    # The first and the last day are cut off somewhere.
    inner = requests.filter(day.is_between(day.min(), day.max(), closed="none"))
    accounts = daily.group_by("number").agg(
        days=day.max() - day.min() - 1, total=inner.sum(), squares=(inner * inner).sum()
    )
    days, mean = pl.col("days"), pl.col("total") / pl.col("days")
    told = accounts.filter(days >= _EVEN_DAYS, pl.col("total") >= p.even_requests)
    return masks_of(population, told, (pl.col("squares") - days * mean * mean) / (days - 1) <= p.even * mean)


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
        day = pl.col("hour") // 24
        rows = hourly(population).filter(pl.col("number").is_in(pl.Series(members).implode()))
        rows = rows.with_columns(first=day.min().over("number"), last=day.max().over("number"))
        # On its first and its last day an account is active by definition: these are not exchanged for others.
        rows = rows.filter(day > pl.col("first"), day < pl.col("last"))
        rows = rows.with_columns(account=pl.col("number").rank("dense").cast(pl.Int64) - 1)
        days = (
            rows.unique("account", keep="first", maintain_order=True)
            .select("account", day=pl.int_ranges(pl.col("first") + 1, "last"))
            .explode("day")
        )
        return cls(*(column.to_numpy() for column in (rows["account"], rows["hour"], days["account"], days["day"])))

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
