"""Traffic that moves to a newly released model within a day, against accounts that used the same before."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from distillscan.detect.base import Candidate, Detector, Finding, percent
from distillscan.detect.claims import Claim, PivotFacts
from distillscan.detect.releases import ReleaseParameters
from distillscan.population.accounts import Floats, Hashes, Mask, Population, Release, memoized
from distillscan.population.graph import SIGNALS
from distillscan.population.kinds import PIVOT, Kind
from distillscan.profile.text.hashes import hash_text
from distillscan.settings import threshold


@dataclass(frozen=True)
class ReleasePivotParameters(ReleaseParameters):
    """Parameters of ``release_pivot``."""

    cap: float = threshold(4.0, "bits", "at most: early adopters and client defaults move too")
    extraction_cap: float = threshold(1.5, "bits", "at most for harvesting: everybody else wants a new model too")
    judged_apart: float = threshold(0.25, "share", "of members with enough requests below which all count")
    extraction_part: float = threshold(0.5, "bits", "for harvesting for each bit of the move of active members")
    moved_full: float = threshold(0.5, "share", "of active members that moved from which it weighs in full")
    least_members: int = threshold(3, "accounts", "that were active below which nothing can be said")
    comparable: int = threshold(30, "accounts", "of the same client or earlier model needed to compare with")
    window_hours: int = threshold(24, "hours", "after a release; the disclosed pivot took less than a day")
    before_days: int = threshold(7, "days", "before the release that say what an account did until then")
    min_before: int = threshold(3, "requests", "before the release without which nothing can move")
    min_after: int = threshold(3, "requests", "within the window without which nothing can be said")
    moved: float = threshold(0.3, "share", "of the new model in the window from which an account has moved")


@dataclass(frozen=True, slots=True)
class Move:
    """What every account did around one release; ``share`` of the new model is NaN where nothing can be said."""

    share: Floats
    before: Hashes  # model used most before


@memoized
def move(
    population: Population, release: Release, p: ReleasePivotParameters, least: tuple[int, int] | None = None
) -> Move:
    """Return each account's share of the new model in the window after its release.

    Args:
        population: The accounts.
        release: The new model.
        p: The window, and the requests before and in it without which nothing is said of an account.
        least: Other such numbers.
    """
    least_before, least_after = least or (p.min_before, p.min_after)
    hour = int(release.at.timestamp()) // 3600
    model = hash_text(release.model)
    activity = population.profile.activity
    near = activity.filter(pl.col("hour") >= hour - 24 * p.before_days, pl.col("hour") < hour + p.window_hours)
    near = near.with_columns(pl.Series("number", population.numbers(near["account"])))
    past = near.filter(pl.col("hour") < hour)
    totals = past.group_by("number", "model").agg(pl.col("requests").sum())
    main = totals.sort(["requests", "model"], descending=[True, False]).unique(
        "number", keep="first", maintain_order=True
    )
    after = (
        near.filter(pl.col("hour") >= hour)
        .group_by("number")
        .agg(
            pl.col("requests").sum().alias("all"),
            pl.col("requests").filter(pl.col("model") == model).sum().alias("new"),
        )
        .filter(pl.col("all") >= least_after)
    )
    known = totals.group_by("number").agg(pl.col("requests").sum()).filter(pl.col("requests") >= least_before)
    usable = after.join(known.select("number"), on="number", how="semi")
    share = np.full(population.size, np.nan)
    share[usable["number"].to_numpy()] = (usable["new"] / usable["all"]).to_numpy()
    before = np.zeros(population.size, np.uint64)
    before[main["number"].to_numpy()] = main["model"].to_numpy()
    return Move(share, before)


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
        """Return a token for accounts that moved at a release."""
        parts = []
        for release in population.releases:
            share = move(population, release, parameters).share
            moved = np.flatnonzero(np.nan_to_num(share) >= parameters.moved)
            parts.append(
                pl.DataFrame(
                    {
                        "account": population.profile.accounts["account"][moved.tolist()],
                        "kind": pl.repeat("pivot", moved.size, eager=True, dtype=pl.String),
                        "token": pl.repeat(hash_text(release.model), moved.size, eager=True, dtype=pl.UInt64),
                        "strength": share[moved],
                    }
                )
            )
        return pl.concat([SIGNALS.to_frame(), *(part.cast(SIGNALS) for part in parts)])

    def assess(self, candidate: Candidate, parameters: ReleasePivotParameters) -> list[Finding]:
        """Weigh, for each release, the share of members that moved against that of comparable accounts."""
        releases = candidate.population.releases
        return [finding for release in releases for finding in _pivot(candidate, release, parameters)]


def _moves_of(candidate: Candidate, release: Release, p: ReleasePivotParameters) -> Move:
    """What accounts did; of a quiet pool, whatever little each did: together that says how the pool moved."""
    moves = move(candidate.population, release, p)
    told = int(np.count_nonzero(~np.isnan(moves.share[candidate.members])))
    if told >= p.judged_apart * candidate.members.size:
        return moves
    return move(candidate.population, release, p, least=(1, 1))


def _pivot(candidate: Candidate, release: Release, p: ReleasePivotParameters) -> list[Finding]:
    moves = _moves_of(candidate, release, p)
    observable = ~np.isnan(moves.share)
    if np.count_nonzero(observable[candidate.members]) < p.least_members:
        return []
    moved = np.nan_to_num(moves.share) >= p.moved
    compared = candidate.compare(moved, observable, peers=matched(candidate, moves, observable, p.comparable))
    bits = compared.group_bits(p.cap)
    if compared.others == 0 or bits <= 0:
        return []
    share = float(np.nanmean(moves.share[candidate.members]))
    summary = (
        f"{compared} active around the release of {release.model} moved to it within {p.window_hours} h "
        f"(mean share {percent(share)}), as {compared.usual} did"
    )
    details = {
        "model": release.model,
        "released": release.at.isoformat().replace("+00:00", "Z"),
        **compared.details("members_moved", "members_active"),
        "mean_share": share,
        "compared_with": compared.others_name,
    }
    facts = PivotFacts(compared.base_rate, compared.others_name)
    # Whether those who were active moved says how the pool is used, however few they are of it.
    wanted = p.extraction_part * compared.share_bits(p.cap)
    wanted = min(p.extraction_cap, wanted * min(1.0, compared.shown / compared.observable / p.moved_full))
    return [
        Finding(Claim.PIVOT, "timing", "coordination", bits, summary, details, facts),
        Finding(Claim.PIVOT, "timing", "extraction", wanted, summary, details, facts),
    ]


def matched(candidate: Candidate, moves: Move, able: Mask, enough: int) -> tuple[Mask, str]:
    """Return whom to compare with: those of the same client and earlier model if enough, else same model, else all."""
    population, members = candidate.population, candidate.members
    others = able & ~candidate.mask
    # Members of whom nothing can be said have no say in whom the others are compared with.
    members = members[able[members]]
    models, model_counts = np.unique(moves.before[members], return_counts=True)
    same_model = others & (moves.before == models[np.argmax(model_counts)])
    clients, client_counts = np.unique(population.client[members], return_counts=True)
    main = clients[np.argmax(client_counts)]
    both = same_model & (population.client == main)
    if main != 0 and np.count_nonzero(both) >= enough:
        return both, "accounts with the same client and earlier model"
    if np.count_nonzero(same_model) >= enough:
        return same_model, "accounts with the same earlier model"
    return others, "all other accounts"
