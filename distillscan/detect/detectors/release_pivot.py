"""Traffic that moves to a newly released model within a day, against accounts that used the same before."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from distillscan.detect.base import Candidate, Finding, percent
from distillscan.detect.stats import group_bits, share_bits
from distillscan.parameters import ReleasePivot
from distillscan.population.accounts import Floats, Mask, Population, Release, memoized
from distillscan.population.graph import SIGNALS
from distillscan.profile.text.strings import hash_text
from distillscan.result import Family


@dataclass(frozen=True, slots=True)
class Move:
    """What every account did around one release; ``share`` of the new model is NaN where nothing can be said."""

    share: Floats
    before: npt.NDArray[np.uint64]  # model used most before


@memoized
def move(population: Population, release: Release, p: ReleasePivot, least: tuple[int, int] | None = None) -> Move:
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


class Detector:
    """Share of traffic moved to a new model within a day of its release; a difference to comparable accounts."""

    name = "release_pivot"
    version = "2"
    summary = "traffic moved to a newly released model within a day, beyond what comparable accounts moved"
    family: Family = "timing"
    needs = ("model",)
    parameters = ReleasePivot()

    def _moves_of(self, candidate: Candidate, release: Release, p: ReleasePivot) -> Move:
        """What accounts did; of a quiet pool, whatever little each did: together that says how the pool moved."""
        moves = move(candidate.population, release, p)
        told = int(np.count_nonzero(~np.isnan(moves.share[candidate.members])))
        if told >= p.judged_apart * candidate.members.size:
            return moves
        return move(candidate.population, release, p, least=(1, 1))

    def signals(self, population: Population, parameters: ReleasePivot) -> pl.DataFrame:
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

    def assess(self, candidate: Candidate, parameters: ReleasePivot) -> list[Finding]:
        """Weigh, for each release, the share of members that moved against that of comparable accounts."""
        findings = []
        for release in candidate.population.releases:
            moves = self._moves_of(candidate, release, parameters)
            able = ~np.isnan(moves.share)
            trials = int(np.count_nonzero(able[candidate.members]))
            if trials < parameters.least_members:
                continue
            moved = able & (np.nan_to_num(moves.share) >= parameters.moved)
            inside = int(np.count_nonzero(moved[candidate.members]))
            others, basis = matched(candidate, moves, able, parameters.comparable)
            if not np.any(others):
                continue
            outside = float(np.count_nonzero(moved & others) + 0.5) / (np.count_nonzero(others) + 1)
            share = float(np.nanmean(moves.share[candidate.members]))
            bits = group_bits(inside, trials, candidate.members.size, outside, parameters.cap)
            if bits <= 0:
                continue
            text = (
                f"{inside} of {trials} members active around the release of {release.model} moved to it within "
                f"{parameters.window_hours} h (mean share {percent(share)}), as {percent(outside)} of {basis} did"
            )
            numbers = {
                "model": release.model,
                "released": release.at.isoformat().replace("+00:00", "Z"),
                "members_moved": inside,
                "members_active": trials,
                "mean_share": share,
                "rate_outside": outside,
                "compared_with": basis,
            }
            findings.append(Finding("timing", "coordination", bits, text, numbers))
            # Whether those who were about moved says how the pool is used, however few they are of it.
            asked_for = parameters.extraction_part * share_bits(inside, trials, outside, parameters.cap)
            asked_for *= min(1.0, inside / trials / parameters.moved_full)
            findings.append(Finding("timing", "extraction", min(parameters.extraction_cap, asked_for), text, numbers))
        return findings


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
