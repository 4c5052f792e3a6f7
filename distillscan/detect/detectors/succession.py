"""Accounts that start when others stop, and accounts that probe before the rest work at scale."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from distillscan.detect.base import Candidate, Detector, Finding, percent, present, supporting
from distillscan.detect.claims import Claim
from distillscan.population.accounts import Floats, Ints, Mask, Population, memoized
from distillscan.population.stats import group_bits
from distillscan.settings import threshold

_CHANCE_FLOOR: Final = 0.02  #: least share of stops that a start is taken to follow by chance
_ENOUGH: Final = 5  #: accounts that stopped below which nothing can be said
_CAP: Final = 4.0  #: bits at most of accounts that start when others stop
_REFUSED_REQUESTS: Final = 5  #: requests below which the share of refusals says nothing
_MARGIN_HOURS: Final = 48  #: hours from an end of the log in which a start or stop may be its own
_REFUSED_MEMBERS: Final = 5  #: accounts refused below which they may be a few broken clients


@dataclass(frozen=True)
class SuccessionParameters:
    """Parameters of ``succession``."""

    hours: int = threshold(12, "hours", "after a stop within which a start counts as a succession")
    involved_full: float = threshold(0.5, "ends", "or starts a member from which they speak for all members")
    refused: float = threshold(0.2, "share", "of requests refused from which an account probes; users see 1 %")
    probing_cap: float = threshold(2.0, "bits", "at most for harvesting of probing: testers of safety probe too")


def starts_near(stops: Floats, starts: Floats, hours: float) -> Ints:
    """Return how many of the starts (hours, ascending) come within ``hours`` after each stop, before it if negative."""
    begin, end = _windows(stops, hours)
    counts: Ints = np.searchsorted(starts, end, "right") - np.searchsorted(starts, begin, "right")
    return counts


def with_start(begin: Floats, end: Floats, starts: Floats) -> int:
    """Count the windows (ascending, of one length) in which one of the starts (ascending) lies: later than the begin.

    It takes a look-up for each start, not for each window.
    """
    # Windows that hold a start stand next to each other; those that held an earlier one were counted with that.
    first, stop = np.searchsorted(end, starts), np.searchsorted(begin, starts)
    return int((stop - np.maximum(first, np.append(0, stop[:-1]))).clip(0).sum())


def _windows(stops: Floats, hours: float) -> tuple[Floats, Floats]:
    return np.minimum(stops, stops + hours), np.maximum(stops, stops + hours)


@memoized
def starts_and_stops(population: Population, hours: float) -> tuple[Mask, Mask, Floats, Floats]:
    """Return the accounts that start after the log does; those that stop before its end; windows after these stops.

    The windows are given by begin and end (hours since 1970), ascending.
    """
    first, last = population.active_hours
    stopping = last < last.max() - _MARGIN_HOURS
    return first > first.min() + _MARGIN_HOURS, stopping, *_windows(np.sort(last[stopping]), hours)


@memoized
def probing(population: Population, refused: float) -> tuple[Mask, Mask]:
    """Return the accounts of whose requests such a share is refused, and those of which it can be told."""
    refusals = population.profile.accounts["refused"].to_numpy().astype(np.float64)
    return refusals >= refused * population.requests, population.requests >= _REFUSED_REQUESTS


class SuccessionDetector(Detector):
    """Members that begin when others fall silent, above all after a ban; and probing before scale."""

    name = "succession"
    version = "3"
    summary = "accounts that start within hours of others' ends, above all after a ban; probing before scale-up"
    family = "timing"
    parameters = SuccessionParameters()

    def assess(self, candidate: Candidate, parameters: SuccessionParameters) -> list[Finding]:
        return present(_replacement(candidate, parameters), _probing(candidate, parameters))


def _replacement(candidate: Candidate, p: SuccessionParameters) -> Finding | None:
    population, members = candidate.population, candidate.members
    first, last = (hours[members] for hours in population.active_hours)
    starting, stopping, begin, end = starts_and_stops(population, p.hours)
    later, mine = starting[members], stopping[members]
    starts = np.sort(first[later])
    banned = mine & population.turned_away[members]
    # Where enough members were turned away, only these ends count: the others may just have been done.
    ends = banned if np.count_nonzero(banned) >= _ENOUGH else mine
    stops = last[ends]
    if stops.size < _ENOUGH or starts.size == 0:
        return None
    # Nobody replaces anybody if members start as often after strangers' ends, or as often before their own: at an event
    # all come and all go. An account's own start is no other's.
    own = later[ends] & (first[ends] > stops - p.hours)
    ahead = float(np.mean(starts_near(stops, starts, -p.hours) > own))
    by_strangers = with_start(begin, end, starts) - np.count_nonzero(starts_near(last[mine], starts, p.hours))
    by_chance = int(by_strangers) / max(1, begin.size - int(np.count_nonzero(mine)))
    chance = max(_CHANCE_FLOOR, ahead, by_chance)
    after = int(np.count_nonzero(starts_near(stops, starts, p.hours)))
    bits = group_bits(after, stops.size, stops.size, chance, _CAP)
    why = "were turned away (401, 403)" if ends is banned else "fell silent"
    summary = (
        f"{after} of {stops.size} members that {why} were followed by a new member within {p.hours} hours; "
        f"{percent(chance)} expected"
    )
    details = {
        "stopped": stops.size,
        "turned_away": int(np.count_nonzero(banned)),
        "followed": after,
        "started_later": starts.size,
        "expected_share": chance,
    }
    # A few ends among many members speak for these few: the rest need not be anybody's successors.
    involved = min(1.0, float(min(stops.size, starts.size)) / members.size / p.involved_full)
    return supporting(Finding(Claim.SUCCESSION, "timing", "coordination", bits * involved, summary, details))


def _probing(candidate: Candidate, p: SuccessionParameters) -> Finding | None:
    probes, observable = probing(candidate.population, p.refused)
    compared = candidate.compare(probes, observable)
    if compared.shown < _REFUSED_MEMBERS:
        return None
    first = candidate.population.active_hours[0][candidate.members]
    early = probes[candidate.members] & observable[candidate.members]
    ahead = float(np.median(first[~early]) - np.median(first[early])) if np.any(early) and not np.all(early) else 0.0
    summary = f"{compared} are refused {percent(p.refused)} of their requests or more; {compared.usual} are"
    if ahead > 24:
        summary += f"; they began {ahead / 24:.0f} days before the others"
    details = {**compared.details("members_refused", "members"), "hours_ahead": ahead}
    bits = compared.share_bits(p.probing_cap)
    return supporting(Finding(Claim.PROBING, "content", "extraction", bits, summary, details))
