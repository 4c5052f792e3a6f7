"""Accounts that start when others stop, and accounts that probe before the rest work at scale."""

import numpy as np
import polars as pl

from distillscan.detect.base import Candidate, Finding, percent, rates
from distillscan.detect.stats import group_bits, share_bits
from distillscan.parameters import Succession
from distillscan.population.accounts import Floats, Ints, Population
from distillscan.population.graph import SIGNALS
from distillscan.result import Family


def starts_near(stops: Floats, starts: Floats, hours: float) -> Ints:
    """Return how many of the starts (hours, ascending) come within ``hours`` after each stop, before it if negative."""
    begin, end = np.minimum(stops, stops + hours), np.maximum(stops, stops + hours)
    counts: Ints = np.searchsorted(starts, end, "right") - np.searchsorted(starts, begin, "right")
    return counts


def followed(stops: Floats, starts: Floats, hours: float) -> int:
    """Return after how many stops (hours) one of the starts (hours, ascending) comes within ``hours``."""
    return int(np.count_nonzero(starts_near(stops, starts, hours)))


class Detector:
    """Members that begin when others fall silent, above all after a ban; and probing before scale."""

    name = "succession"
    version = "3"
    summary = "accounts that start within hours of others' ends, above all after a ban; probing before scale-up"
    family: Family = "timing"
    needs = ()
    parameters = Succession()

    def signals(self, population: Population, parameters: Succession) -> pl.DataFrame:
        """Return no tokens: somebody always starts when somebody stops."""
        return SIGNALS.to_frame()

    def assess(self, candidate: Candidate, parameters: Succession) -> list[Finding]:
        """Weigh how often a member's start follows a member's stop, against how often it follows strangers' stops."""
        found = [_replacement(candidate, parameters), _probing(candidate, parameters)]
        return [finding for finding in found if finding is not None]


def _replacement(candidate: Candidate, p: Succession) -> Finding | None:
    population, members = candidate.population, candidate.members
    first, last = population.active_hours
    begin, end = float(first.min()), float(last.max())
    stopped = last < end - p.margin_hours
    later = first > begin + p.margin_hours
    starts = np.sort(first[members][later[members]])
    away = population.turned_away
    mine = stopped & candidate.mask
    banned = mine & away
    # Where enough members were turned away, only these ends count: the others may just have been done.
    ends = banned if np.count_nonzero(banned) >= p.enough else mine
    stops, others = last[ends], last[stopped & ~candidate.mask]
    if stops.size < p.enough or starts.size == 0:
        return None
    # Nobody replaces anybody if members start as often after strangers' ends, or as often before their own: at an event
    # all come and all go. An account's own start is no other's.
    own = later[ends] & (first[ends] > stops - p.hours)
    ahead = float(np.mean(starts_near(stops, starts, -p.hours) > own))
    chance = max(p.chance_floor, ahead, followed(others, starts, p.hours) / max(1, others.size))
    after = followed(stops, starts, p.hours)
    cap = p.ban_cap if ends is banned else p.cap
    bits = group_bits(after, int(stops.size), int(stops.size), chance, cap)
    if bits <= 0:
        return None
    why = "were turned away (401, 403)" if ends is banned else "fell silent"
    text = (
        f"{after} of {stops.size} members that {why} were followed by a new member within {p.hours} hours; "
        f"{percent(chance)} expected"
    )
    numbers = {
        "stopped": int(stops.size),
        "turned_away": int(np.count_nonzero(banned)),
        "followed": after,
        "started_later": int(starts.size),
        "expected_share": chance,
    }
    # A few ends among many members speak for these few: the rest need not be anybody's successors.
    involved = min(1.0, float(min(stops.size, starts.size)) / members.size / p.involved_full)
    return Finding("timing", "coordination", bits * involved, text, numbers)


def _probing(candidate: Candidate, p: Succession) -> Finding | None:
    population = candidate.population
    refused = population.profile.accounts["refused"].to_numpy().astype(np.float64)
    able = population.requests >= p.refused_requests
    shows = able & (refused >= p.refused * population.requests)
    inside, trials, outside = rates(candidate, shows, able)
    bits = share_bits(inside, trials, outside, p.probing_cap)
    if inside < p.refused_members or bits <= 0:
        return None
    first, _ = population.active_hours
    early = np.median(first[candidate.members[shows[candidate.members]]]) if inside else 0.0
    rest = candidate.members[~shows[candidate.members]]
    ahead = float(np.median(first[rest]) - early) if rest.size else 0.0
    text = (
        f"{inside} of {trials} members are refused {percent(p.refused)} of their requests or more; "
        f"{percent(outside)} of other accounts are"
    )
    if ahead > 24:
        text += f"; they began {ahead / 24:.0f} days before the others"
    numbers = {"members_refused": inside, "members": trials, "rate_outside": outside, "hours_ahead": ahead}
    return Finding("content", "extraction", bits, text, numbers)
