"""Signs that traffic is harvested rather than used: no night, volume, one model, prompts that hardly ever repeat."""

import math

import numpy as np
import polars as pl

from distillscan.detect.base import Candidate, Finding, percent, plural
from distillscan.detect.stats import share_bits
from distillscan.parameters import OutputHarvest
from distillscan.population.accounts import PROMPTS, Floats, Mask, Population, memoized
from distillscan.population.graph import SIGNALS
from distillscan.profile.tables import PROMPTS_KEPT
from distillscan.result import Family


@memoized
def hours_of_day(population: Population) -> Floats:
    """Return the requests of every account in each hour of the day (UTC): accounts by 24."""
    rows = population.profile.activity
    numbers = population.numbers(rows["account"])
    hours = (rows["hour"].to_numpy() % 24).astype(np.int64)
    table = np.bincount(numbers * 24 + hours, weights=rows["requests"].to_numpy(), minlength=population.size * 24)
    return table.reshape(population.size, 24).astype(np.float64)


def quiet_share(table: Floats, enough: int) -> Floats:
    """Return each row's share of requests in its quietest eight hours of the day (NaN with fewer than ``enough``).

    A person sleeps somewhere, whatever the time zone: the share is near 0. A machine, or many people behind one
    account, comes near one third.
    """
    total = table.sum(axis=1)
    around = np.concatenate([table, table[:, :7]], axis=1).cumsum(axis=1)
    windows = around[:, 7:].copy()
    windows[:, 1:] -= around[:, :23]
    share: Floats = windows.min(axis=1) / np.maximum(total, 1)
    share[total < enough] = np.nan
    return share


@memoized
def main_model_share(population: Population, enough: int) -> Floats:
    """Return the share of each account's requests that go to its main model (NaN with fewer than ``enough``)."""
    rows = population.profile.activity.filter(pl.col("model") != 0)
    best = (
        rows.group_by("account", "model")
        .agg(pl.col("requests").sum())
        .group_by("account")
        .agg(pl.col("requests").max().alias("most"), pl.col("requests").sum().alias("all"))
        .filter(pl.col("all") >= enough)
    )
    share = np.full(population.size, np.nan)
    share[population.numbers(best["account"])] = (best["most"] / best["all"]).to_numpy()
    return share


@memoized
def distinct_share(population: Population, enough: int) -> Floats:
    """Return distinct prompts per request with a prompt (NaN with fewer than ``enough``); estimated if sampled."""
    counted = population.profile.prompts.group_by("account").agg(
        pl.len().alias("kept"), pl.col("prompt").max().alias("largest")
    )
    distinct = counted["kept"].to_numpy().astype(np.float64)
    full = distinct >= PROMPTS_KEPT
    distinct[full] = (PROMPTS_KEPT - 1) / (counted["largest"].to_numpy()[full].astype(np.float64) / 2.0**64)
    found = np.zeros(population.size)
    found[population.numbers(counted["account"])] = distinct
    sent = population.profile.accounts["with_prompt"].to_numpy().astype(np.float64)
    share: Floats = np.minimum(1.0, found / np.maximum(sent, 1))
    share[sent < enough] = np.nan
    return share


class Detector:
    """Round-the-clock use, volume, concentration on one model and prompts without repeats."""

    name = "output_harvest"
    version = "3"
    summary = "round-the-clock use, volume, one model, prompts without repeats: harvesting rather than use"
    family: Family = "timing"
    needs = ()
    parameters = OutputHarvest()

    def signals(self, population: Population, parameters: OutputHarvest) -> pl.DataFrame:
        """Return no tokens: working around the clock links nobody."""
        return SIGNALS.to_frame()

    def assess(self, candidate: Candidate, parameters: OutputHarvest) -> list[Finding]:
        """Weigh how the cluster uses the model against how other accounts do."""
        found = [_rhythm(candidate, parameters), _volume(candidate, parameters)]
        found.append(_against(candidate, "model", parameters))
        found.append(_against(candidate, "distinct", parameters))
        found.append(_long(candidate, parameters))
        return [finding for finding in found if finding is not None]


def _rhythm(candidate: Candidate, p: OutputHarvest) -> Finding | None:
    population = candidate.population
    table = hours_of_day(population)
    mine = quiet_share(table[candidate.members], p.enough)
    mine = mine[~np.isnan(mine)]
    if mine.size < p.busy_members:
        together = quiet_share(table[candidate.members].sum(axis=0, keepdims=True), p.enough)[0]
        return _together(together, p) or _loosely(candidate, p)
    sleepless = float(np.mean(mine >= p.sleepless))
    bits = p.rhythm_cap * (2.0 * min(1.0, sleepless / p.sleepless_full) - 1.0)
    text = (
        f"{percent(sleepless)} of {mine.size} members with {p.enough} requests or more never rest: "
        f"their quietest eight hours hold {percent(float(np.median(mine)))} of their requests (an even spread: 33 %)"
    )
    numbers = {
        "specific": False,
        "sleepless": sleepless,
        "median_quiet_share": float(np.median(mine)),
        "members": int(mine.size),
    }
    return Finding("timing", "extraction", bits, text, numbers)


def _together(quiet: float, p: OutputHarvest) -> Finding | None:
    """Members too quiet to be judged one by one: if all of them rest in the same hours, they are people of one place.

    The other way round says nothing: people of all time zones together never rest.
    """
    if np.isnan(quiet) or quiet >= p.asleep:
        return None
    text = f"all rest in the same eight hours of the day ({percent(quiet)} of the requests), as people of one place do"
    numbers = {"specific": False, "sleepless": 0.0, "quiet_share_together": quiet}
    return Finding("timing", "extraction", -p.rhythm_cap, text, numbers)


def concentration(table: Floats) -> tuple[Floats, Floats]:
    """Return how far each row's requests keep to one part of the day (0 evenly spread, 1 always the same hour).

    Returns:
        The squared mean resultant length of the hours on the clock's circle, corrected for the number of requests so
        that it is right on average even for two (NaN below two); and how many pairs of requests it rests on. Source:
        Mardia and Jupp, "Directional Statistics" (2000), chapter 2.
    """
    angle = 2 * np.pi * np.arange(24) / 24
    total = table.sum(axis=1)
    pairs: Floats = total * (total - 1) / 2
    resultant = (table @ np.cos(angle)) ** 2 + (table @ np.sin(angle)) ** 2
    squared: Floats = np.where(pairs > 0, (resultant - total) / np.maximum(2 * pairs, 1), np.nan)
    return squared, pairs


@memoized
def concentrations(population: Population) -> tuple[Floats, Floats]:
    """Return ``concentration`` of every account."""
    return concentration(hours_of_day(population))


def _loosely(candidate: Candidate, p: OutputHarvest) -> Finding | None:
    """Members with few requests each: whether these keep to a part of the day as those of other accounts do.

    Each account is held against itself, so people of all time zones together still show their nights.
    """
    squared, pairs = concentrations(candidate.population)
    weight = np.minimum(pairs, p.loose_pairs)
    inside, others = candidate.mask & (pairs > 0), ~candidate.mask & (pairs > 0)
    known = float(weight[inside].sum())
    if known < p.loose_enough or not np.any(others):
        return None
    usual = float(np.average(squared[others], weights=weight[others]))
    mine = max(0.0, float(np.average(squared[inside], weights=weight[inside])))
    if usual <= p.loose_usual:
        return None
    flat = min(1.0, max(0.0, 1.0 - mine / usual))
    certainty = min(1.0, known / (p.loose_certain * p.loose_enough))
    bits = p.rhythm_cap * (2.0 * min(1.0, flat / p.flat_full) - 1.0) * certainty
    text = (
        f"taken one by one, members keep to a part of the day {percent(mine / usual)} as strictly as other accounts do"
        f" ({plural(int(inside.sum()), 'member')} with two requests or more)"
    )
    numbers = {
        "specific": False,
        "daily_rhythm": mine / usual,
        "members": int(inside.sum()),
        "pairs_of_requests": known,
    }
    return Finding("timing", "extraction", bits, text, numbers)


def _volume(candidate: Candidate, p: OutputHarvest) -> Finding:
    population = candidate.population
    requests = int(population.requests[candidate.members].sum())
    output = int(population.profile.accounts["output_tokens"].to_numpy()[candidate.members].sum())
    bits = max(p.volume_floor, min(p.volume_cap, p.volume_slope * math.log2(max(1, requests) / p.volume_zero)))
    share = requests / max(1, int(population.requests.sum()))
    text = f"{requests:,} requests ({percent(share)} of the log), {output:,} output tokens"
    return Finding(
        "timing",
        "extraction",
        bits,
        text,
        {"specific": False, "requests": requests, "share": share, "output_tokens": output},
    )


def _long(candidate: Candidate, p: OutputHarvest) -> Finding | None:
    """Whether the typical member gets longer answers than the typical account outside."""
    accounts = candidate.population.profile.accounts
    answers = accounts["with_output"].to_numpy().astype(np.float64)
    able = answers >= p.enough_answers
    mean = accounts["output_tokens"].to_numpy() / np.maximum(answers, 1)
    inside, others = mean[able & candidate.mask], mean[able & ~candidate.mask]
    if inside.size < p.busy_members or others.size < p.busy_members:
        return None
    mine, usual = float(np.median(inside)), float(np.median(others))
    times = math.log2(max(mine, 1.0) / max(usual, 1.0))
    # Each member is held against the others' median: a few verbose ones do not speak for all.
    share = float(np.mean(inside > usual))
    bits = p.long_cap * min(1.0, max(0.0, times) / p.long_full) * max(0.0, 2 * share - 1)
    if bits <= 0:
        return None
    text = f"the typical member gets {mine:,.0f} tokens an answer, the typical other account {usual:,.0f}"
    numbers = {"specific": True, "median_inside": mine, "median_outside": usual, "members": int(inside.size)}
    return Finding("content", "extraction", bits, text, numbers)


def _against(candidate: Candidate, what: str, p: OutputHarvest) -> Finding | None:
    population = candidate.population
    if what == "model":
        cap, limit = p.model_cap, p.one_model
        share = main_model_share(population, p.enough)
    else:
        cap, limit = p.distinct_cap, p.unrepeated
        share = distinct_share(population, p.enough)
    able: Mask = ~np.isnan(share)
    high = able & (np.nan_to_num(share) >= limit)
    trials = int(np.count_nonzero(able[candidate.members]))
    others = able & ~candidate.mask
    if trials < p.least_members or not np.any(others):
        return None
    inside = int(np.count_nonzero(high[candidate.members]))
    outside = float(np.count_nonzero(high & others) + 0.5) / (np.count_nonzero(others) + 1)
    bits = share_bits(inside, trials, outside, cap)
    if bits <= 0:
        return None
    one = f"send {percent(p.one_model)} or more of their requests to one model"
    does = one if what == "model" else "hardly ever repeat a prompt"
    text = f"{inside} of {trials} members {does}, as {percent(outside)} of other accounts do"
    return Finding(
        "timing" if what == "model" else "content",
        "extraction",
        bits,
        text,
        {
            "specific": what == "model" and not _readable(candidate, p),
            "members": inside,
            "members_with_enough_requests": trials,
            "rate_outside": outside,
        },
    )


def _readable(candidate: Candidate, p: OutputHarvest) -> bool:
    """Whether most members' prompts are in the log: harvesting would then show in what they ask for.

    A ring that sells or spams keeps to one model as well. Where nothing can be read the one model has to stand for it.
    """
    population = candidate.population
    return bool(np.mean(population.states(PROMPTS)[candidate.members]) >= p.readable)
