"""Traffic that moves to a newly released model within a day, against accounts that used the same before."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from distillscan.detect.base import ENOUGH_PEERS, Candidate, Detector, Finding, commonest, percent
from distillscan.detect.claims import Claim, PivotFacts
from distillscan.population.accounts import Floats, Hashes, Mask, Population, Release, memoized
from distillscan.population.graph import SIGNALS
from distillscan.population.kinds import PIVOT, Kind
from distillscan.profile.text.hashes import hash_text
from distillscan.settings import threshold

_LEAST_MEMBERS: Final = 3  #: accounts that were active below which nothing can be said
_BEFORE_DAYS: Final = 7  #: days before the release that say what an account did until then
_LEAST_REQUESTS: Final = 3  #: requests before the release, and in the window, without which nothing can be said
_JUDGED_APART: Final = 0.25  #: share of members with enough requests below which all count
_EXTRACTION_PART: Final = 0.5  #: bits for harvesting for each bit of the move of active members
_MOVED_FULL: Final = 0.5  #: share of active members that moved from which it weighs in full


@dataclass(frozen=True)
class ReleasePivotParameters:
    """Parameters of ``release_pivot``."""

    cap: float = threshold(4.0, "bits", "at most: early adopters and client defaults move too")
    extraction_cap: float = threshold(1.5, "bits", "at most for harvesting: everybody else wants a new model too")
    window_hours: int = threshold(24, "hours", "after a release; the disclosed pivot took less than a day")
    moved: float = threshold(0.3, "share", "of the new model in the window from which an account has moved")


@memoized
def move(population: Population, release: Release, window_hours: int, least: int) -> tuple[Floats, Hashes]:
    """Return what every account did around one release.

    Returns:
        The share of the new model in the window after its release, NaN for accounts with fewer than ``least`` requests
        before or in it; and the model used most in the week before, 0 for none.
    """
    hour, requests = int(release.at.timestamp()) // 3600, pl.col("requests")
    near = population.profile.activity.filter(
        pl.col("hour") >= hour - 24 * _BEFORE_DAYS, pl.col("hour") < hour + window_hours
    )
    near = population.numbered(near)
    past, after = near.filter(pl.col("hour") < hour), near.filter(pl.col("hour") >= hour)
    totals = past.group_by("number", "model").agg(requests.sum())
    main = totals.sort("requests", "model", descending=[True, False]).unique(
        "number", keep="first", maintain_order=True
    )
    known = past.group_by("number").agg(requests.sum()).filter(requests >= least)
    new = requests.filter(pl.col("model") == hash_text(release.model)).sum() / requests.sum()
    usable = after.group_by("number").agg(requests.sum(), share=new).filter(requests >= least)
    usable = usable.join(known, on="number", how="semi")
    share, before = np.full(population.size, np.nan), np.zeros(population.size, np.uint64)
    share[usable["number"].to_numpy()] = usable["share"].to_numpy()
    before[main["number"].to_numpy()] = main["model"].to_numpy()
    return share, before


@memoized
def moved(population: Population, release: Release, p: ReleasePivotParameters, least: int) -> tuple[Mask, Mask]:
    """Return the accounts that moved to a released model, and those of which it can be told (see ``move``)."""
    share, _ = move(population, release, p.window_hours, least)
    return np.nan_to_num(share) >= p.moved, ~np.isnan(share)


@memoized
def _used_before(population: Population, release: Release, p: ReleasePivotParameters, least: int, model: int) -> Mask:
    used: Mask = move(population, release, p.window_hours, least)[1] == np.uint64(model)
    return used


class ReleasePivotDetector(Detector):
    """Share of traffic moved to a new model within a day of its release; a difference to comparable accounts."""

    name = "release_pivot"
    version = "2"
    summary = "traffic moved to a newly released model within a day, beyond what comparable accounts moved"
    family = "timing"
    needs = ("model",)
    # Nothing tells of whom a pivot is known: who did not move may not have been active, and not moving is what nearly
    # everybody does.
    kinds = (Kind("pivot", PIVOT),)
    parameters = ReleasePivotParameters()

    def signals(self, population: Population, parameters: ReleasePivotParameters) -> pl.DataFrame:
        parts = [SIGNALS.to_frame()]
        for release in population.releases:
            share, _ = move(population, release, parameters.window_hours, _LEAST_REQUESTS)
            token = pl.lit(hash_text(release.model), pl.UInt64)
            every = population.profile.accounts.select(
                "account", pl.lit("pivot").alias("kind"), token.alias("token"), strength=pl.Series(share)
            )
            parts.append(every.filter(pl.Series(np.nan_to_num(share) >= parameters.moved)))
        return pl.concat(parts)

    def assess(self, candidate: Candidate, parameters: ReleasePivotParameters) -> list[Finding]:
        releases = candidate.population.releases
        return [finding for release in releases for finding in _pivot(candidate, release, parameters)]


def _pivot(candidate: Candidate, release: Release, p: ReleasePivotParameters) -> list[Finding]:
    population, members = candidate.population, candidate.members
    least = _LEAST_REQUESTS
    if np.count_nonzero(moved(population, release, p, least)[1][members]) < _JUDGED_APART * members.size:
        # Of a quiet pool, whatever little each did counts: together that says how the pool moved.
        least = 1
    has_moved, observable = moved(population, release, p, least)
    if np.count_nonzero(observable[members]) < _LEAST_MEMBERS:
        return []
    among, name = _matched(candidate, release, p, least)
    compared = candidate.compare_among(has_moved, observable, among, name)
    bits = compared.group_bits(p.cap)
    if compared.others == 0 or bits <= 0:
        return []
    mean = float(np.nanmean(move(population, release, p.window_hours, least)[0][members]))
    summary = (
        f"{compared} active around the release of {release.model} moved to it within {p.window_hours} h "
        f"(mean share {percent(mean)}), as {compared.usual} did"
    )
    details = {
        "model": release.model,
        "released": release.at.isoformat().replace("+00:00", "Z"),
        **compared.details("members_moved", "members_active"),
        "mean_share": mean,
        "compared_with": compared.others_name,
    }
    facts = PivotFacts(compared.base_rate, compared.others_name)
    # Whether those who were active moved says how the pool is used, however few they are of it.
    wanted = _EXTRACTION_PART * compared.share_bits(p.cap)
    wanted = min(p.extraction_cap, wanted * min(1.0, compared.shown / compared.observable / _MOVED_FULL))
    return [
        Finding(Claim.PIVOT, "timing", "coordination", bits, summary, details, facts),
        Finding(Claim.PIVOT, "timing", "extraction", wanted, summary, details, facts),
    ]


def _matched(
    candidate: Candidate, release: Release, p: ReleasePivotParameters, least: int
) -> tuple[tuple[Mask, ...], str]:
    """Whom to compare with: those of the same client and earlier model if enough, else same model, else all."""
    population, observable = candidate.population, moved(candidate.population, release, p, least)[1]
    # Members of whom nothing can be said have no say in whom the others are compared with.
    members = candidate.members[observable[candidate.members]]
    client, _ = commonest(population.client[members])
    model, _ = commonest(move(population, release, p.window_hours, least)[1][members])
    same_model = (observable, _used_before(population, release, p, least, model))
    both = (*same_model, population.main_users("client", client))
    if client != 0 and candidate.count_others(*both) >= ENOUGH_PEERS:
        return both, "accounts with the same client and earlier model"
    if candidate.count_others(*same_model) >= ENOUGH_PEERS:
        return same_model, "accounts with the same earlier model"
    return (observable,), "all other accounts"
