"""Signs that traffic is harvested rather than used: no night, volume, one model, prompts that hardly ever repeat."""

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import polars as pl

from distillscan.detect.base import Candidate, Detector, Finding, percent, plural, present, supporting
from distillscan.detect.claims import Claim, DailyRhythmFacts, NoRestFacts
from distillscan.population.accounts import PROMPTS, Floats, Ints, Mask, Population, memoized
from distillscan.profile.tables import PROMPTS_KEPT
from distillscan.result import Family
from distillscan.settings import threshold

_ENOUGH: Final = 24  #: requests from which an account's habits can be told
_SLEEPLESS_FULL: Final = 0.5  #: share of busy members without rest that weighs in full; half, none
_LOOSE_USUAL: Final = 0.05  #: strictness (0 to 1) of others' days above which rhythm is judged
_VOLUME_CAP: Final = 2.0  #: bits at most for volume: a few answers do not copy a model
_VOLUME_FLOOR: Final = -1.0  #: bits at most against for lack of it: a campaign may have just begun
_ONE_MODEL: Final = 0.9  #: share of an account's requests to one model from which it keeps to it
_MODEL_CAP: Final = 2.0  #: bits at most for keeping to one model where others use several
_UNREPEATED: Final = 0.97  #: distinct prompts a request from which one hardly ever repeats
_DISTINCT_CAP: Final = 1.0  #: bits at most for prompts that hardly ever repeat
_LEAST_MEMBERS: Final = 3  #: accounts with enough requests below which nothing is said of all
_READABLE: Final = 0.5  #: share of members with prompts from which these would show harvesting
_LOOSE_PAIRS: Final = 15  #: pairs of requests that one quiet account counts for at most
_LOOSE_ENOUGH: Final = 60  #: pairs of requests from which the rhythm of quiet accounts is judged
_LOOSE_CERTAIN: Final = 5.0  #: times as many pairs from which that weighs in full
_FLAT_FULL: Final = 0.5  #: share looser than others that weighs in full; half of it, nothing
_VOLUME_SLOPE: Final = 0.5  #: bits a doubling: sixteen times volume_zero weighs in full
_ASLEEP: Final = 0.05  #: share of requests in the quietest 8 hours below which everybody sleeps


@dataclass(frozen=True)
class OutputHarvestParameters:
    """Parameters of ``output_harvest``."""

    sleepless: float = threshold(0.12, "share", "of requests in the quietest 8 hours from which one never rests")
    busy_members: int = threshold(5, "accounts", "with enough requests from which each is judged by itself")
    rhythm_cap: float = threshold(2.0, "bits", "at most for or against: people sleep, machines do not")
    volume_zero: int = threshold(200, "requests", "of a cluster at which volume says nothing")
    enough_answers: int = threshold(5, "answers", "below which their usual length cannot be told")
    long_cap: float = threshold(1.5, "bits", "at most for answers longer than others get: whole reasoning is")
    long_full: float = threshold(2.0, "doublings", "in length that weigh in full")


@memoized
def hours_of_day(population: Population) -> Floats:
    """Return the requests of every account in each hour of the day (UTC): accounts by 24."""
    rows = population.numbered(population.profile.activity)
    slot = rows.select(pl.col("number") * 24 + pl.col("hour").cast(pl.Int64) % 24).to_series().to_numpy()
    table = np.bincount(slot, weights=rows["requests"].to_numpy(), minlength=population.size * 24)
    return table.reshape(population.size, 24).astype(np.float64)


def quiet_share(table: Floats) -> Floats:
    """Return each row's share of requests in its quietest eight hours of the day (NaN where there are not enough).

    A person sleeps somewhere, whatever the time zone: the share is near 0. A machine, or many people behind one
    account, comes near one third.
    """
    total = table.sum(axis=1)
    around = np.concatenate([table, table[:, :7]], axis=1)
    quietest = np.lib.stride_tricks.sliding_window_view(around, 8, axis=1).sum(axis=2).min(axis=1)
    share: Floats = np.where(total >= _ENOUGH, quietest / np.maximum(total, 1), np.nan)
    return share


@memoized
def main_model_share(population: Population) -> Floats:
    """Return the share of each account's requests that go to its main model (NaN where there are not enough)."""
    requests = pl.col("requests")
    named = population.numbered(population.profile.activity).filter(pl.col("model") != 0)
    models = named.group_by("number", "model").agg(requests.sum())
    accounts = models.group_by("number").agg(requests.sum(), share=requests.max() / requests.sum())
    busy = accounts.filter(requests >= _ENOUGH)
    share = np.full(population.size, np.nan)
    share[busy["number"].to_numpy()] = busy["share"].to_numpy()
    return share


@memoized
def distinct_share(population: Population) -> Floats:
    """Return distinct prompts per request with a prompt (NaN where there are not enough); estimated if sampled."""
    counted = (
        population.numbered(population.profile.prompts)
        .group_by("number")
        .agg(pl.len().alias("kept"), pl.col("prompt").max().alias("largest"))
    )
    distinct = counted["kept"].to_numpy().astype(np.float64)
    full = distinct >= PROMPTS_KEPT
    distinct[full] = (PROMPTS_KEPT - 1) / (counted["largest"].to_numpy()[full].astype(np.float64) / 2.0**64)
    estimated = np.zeros(population.size)
    estimated[counted["number"].to_numpy()] = distinct
    sent = population.profile.accounts["with_prompt"].to_numpy().astype(np.float64)
    share: Floats = np.where(sent >= _ENOUGH, np.minimum(1.0, estimated / np.maximum(sent, 1)), np.nan)
    return share


@memoized
def to_one_model(population: Population) -> tuple[Mask, Mask]:
    """Return the accounts that keep to one model, and those of which it can be told."""
    share = main_model_share(population)
    return np.nan_to_num(share) >= _ONE_MODEL, ~np.isnan(share)


@memoized
def without_repeats(population: Population) -> tuple[Mask, Mask]:
    """Return the accounts that hardly ever repeat a prompt, and those of which it can be told."""
    share = distinct_share(population)
    return np.nan_to_num(share) >= _UNREPEATED, ~np.isnan(share)


class OutputHarvestDetector(Detector):
    """Round-the-clock use, volume, concentration on one model and prompts without repeats."""

    name = "output_harvest"
    version = "3"
    summary = "round-the-clock use, volume, one model, prompts without repeats: harvesting rather than use"
    family = "timing"
    parameters = OutputHarvestParameters()

    def assess(self, candidate: Candidate, parameters: OutputHarvestParameters) -> list[Finding]:
        model, distinct = to_one_model(candidate.population), without_repeats(candidate.population)
        keep = f"send {percent(_ONE_MODEL)} or more of their requests to one model"
        one_model = _habit(candidate, Claim.ONE_MODEL, model, _MODEL_CAP, keep)
        # A ring that sells or spams keeps to one model as well. Only where no prompts can be read, which would show
        # harvesting in what they ask for, the one model has to stand for it.
        if one_model and np.mean(candidate.population.states(PROMPTS)[candidate.members]) < _READABLE:
            one_model = replace(one_model, specific=True)
        repeats = "hardly ever repeat a prompt"
        no_repeats = _habit(candidate, Claim.NO_REPEATS, distinct, _DISTINCT_CAP, repeats)
        rhythm, volume = _rhythm(candidate, parameters), _volume(candidate, parameters)
        return present(rhythm, volume, one_model, no_repeats, _answer_length(candidate, parameters))


def _rhythm(candidate: Candidate, p: OutputHarvestParameters) -> Finding | None:
    """Whether busy members rest; where too few are busy, whether all rest together, or keep to their usual hours."""
    table = hours_of_day(candidate.population)[candidate.members]
    quiet = quiet_share(table)
    quiet = quiet[~np.isnan(quiet)]
    together = float(quiet_share(table.sum(axis=0, keepdims=True))[0])
    if quiet.size >= p.busy_members:
        sleepless, median = float(np.mean(quiet >= p.sleepless)), float(np.median(quiet))
        bits = p.rhythm_cap * (2.0 * min(1.0, sleepless / _SLEEPLESS_FULL) - 1.0)
        summary = (
            f"{percent(sleepless)} of {quiet.size} members with {_ENOUGH} requests or more never rest: "
            f"their quietest eight hours hold {percent(median)} of their requests (an even spread: 33 %)"
        )
        details = {"sleepless": sleepless, "median_quiet_share": median, "members": quiet.size}
    elif together < _ASLEEP:
        # All rest in the same hours. The other way round says nothing: people of all time zones together never rest.
        bits, sleepless = -p.rhythm_cap, 0.0
        share = percent(together)
        summary = f"all rest in the same eight hours of the day ({share} of the requests), as people of one place do"
        details = {"sleepless": 0.0, "quiet_share_together": together}
    else:
        return _sparse_rhythm(candidate, p)
    facts = NoRestFacts(sleepless)
    return Finding(Claim.NO_REST, "timing", "extraction", bits, summary, details, facts, specific=False)


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
def rhythms(population: Population) -> tuple[Floats, Floats]:
    """Return how far accounts keep to a part of the day, and the sums of that over all accounts.

    Returns:
        Three rows: 1 for accounts with a pair of requests, 0 for others; the weight of their pairs; that times their
        ``concentration``.
    """
    squared, pairs = concentration(hours_of_day(population))
    weight = np.minimum(pairs, _LOOSE_PAIRS)
    rows = np.stack([np.sign(pairs), weight, np.where(pairs > 0, squared, 0.0) * weight])
    return rows, rows.sum(axis=1)


def _sparse_rhythm(candidate: Candidate, p: OutputHarvestParameters) -> Finding | None:
    """Members with few requests each: whether these keep to a part of the day as those of other accounts do.

    Each account is held against itself, so people of all time zones together still show their nights.
    """
    rows, everybody = rhythms(candidate.population)
    inside = rows[:, candidate.members].sum(axis=1)
    (members, known, kept), (others, *others_kept) = inside, everybody - inside
    if known < _LOOSE_ENOUGH or others == 0:
        return None
    usual = float(others_kept[1] / others_kept[0])
    if usual <= _LOOSE_USUAL:
        return None
    strictness = max(0.0, float(kept / known)) / usual
    flat = min(1.0, max(0.0, 1.0 - strictness))
    certainty = min(1.0, float(known) / (_LOOSE_CERTAIN * _LOOSE_ENOUGH))
    bits = p.rhythm_cap * (2.0 * min(1.0, flat / _FLAT_FULL) - 1.0) * certainty
    summary = (
        f"taken one by one, members keep to a part of the day {percent(strictness)} as strictly as other accounts do"
        f" ({plural(int(members), 'member')} with two requests or more)"
    )
    details = {"daily_rhythm": strictness, "members": int(members), "pairs_of_requests": float(known)}
    facts = DailyRhythmFacts(strictness)
    return Finding(Claim.DAILY_RHYTHM, "timing", "extraction", bits, summary, details, facts, specific=False)


def _volume(candidate: Candidate, p: OutputHarvestParameters) -> Finding:
    population = candidate.population
    requests = int(population.requests[candidate.members].sum())
    output = int(population.profile.accounts["output_tokens"].to_numpy()[candidate.members].sum())
    bits = max(_VOLUME_FLOOR, min(_VOLUME_CAP, _VOLUME_SLOPE * math.log2(max(1, requests) / p.volume_zero)))
    share = requests / max(1, population.total_requests)
    summary = f"{requests:,} requests ({percent(share)} of the log), {output:,} output tokens"
    details = {"requests": requests, "share": share, "output_tokens": output}
    return Finding(Claim.VOLUME, "timing", "extraction", bits, summary, details, specific=False)


@memoized
def answer_lengths(population: Population, enough: int) -> tuple[Floats, Ints, Floats]:
    """Return the mean tokens of each account's answers, their place in ascending order, and all in that order.

    The place is -1 for accounts with fewer than ``enough`` answers, which have none in the order.
    """
    accounts = population.profile.accounts
    answers = accounts["with_output"].to_numpy().astype(np.float64)
    mean, able = accounts["output_tokens"].to_numpy() / np.maximum(answers, 1), np.flatnonzero(answers >= enough)
    order, place = able[np.argsort(mean[able], kind="stable")], np.full(population.size, -1)
    place[order] = np.arange(order.size)
    return mean, place, mean[order]


def median_without(ordered: Floats, left_out: Ints) -> float:
    """Return the median of ascending values but for some, given by their places, ascending; there must be others."""
    rest = ordered.size - left_out.size
    middle = np.array([(rest - 1) // 2, rest // 2])
    # So many values that are left stand before each that is left out.
    return float(ordered[middle + np.searchsorted(left_out - np.arange(left_out.size), middle, "right")].mean())


def _answer_length(candidate: Candidate, p: OutputHarvestParameters) -> Finding | None:
    """Whether the typical member gets longer answers than the typical account outside."""
    mean, place, ordered = answer_lengths(candidate.population, p.enough_answers)
    able = candidate.members[place[candidate.members] >= 0]
    inside, others = mean[able], ordered.size - able.size
    if inside.size < p.busy_members or others < p.busy_members:
        return None
    typical, usual = float(np.median(inside)), median_without(ordered, np.sort(place[able]))
    times = math.log2(max(typical, 1.0) / max(usual, 1.0))
    # Each member is held against the others' median: a few verbose ones do not speak for all.
    share = float(np.mean(inside > usual))
    bits = p.long_cap * min(1.0, max(0.0, times) / p.long_full) * max(0.0, 2 * share - 1)
    summary = f"the typical member gets {typical:,.0f} tokens an answer, the typical other account {usual:,.0f}"
    details = {"median_inside": typical, "median_outside": usual, "members": inside.size}
    return supporting(Finding(Claim.ANSWER_LENGTH, "content", "extraction", bits, summary, details))


def _habit(candidate: Candidate, claim: Claim, habit: tuple[Mask, Mask], cap: float, does: str) -> Finding | None:
    """Members with a habit (who has it, and of whom it can be told); no specific sign."""
    compared = candidate.compare(*habit)
    if compared.observable < _LEAST_MEMBERS or compared.others == 0:
        return None
    bits, summary = compared.share_bits(cap), f"{compared} {does}, as {compared.usual} do"
    details = compared.details(observable="members_with_enough_requests")
    family: Family = "timing" if claim is Claim.ONE_MODEL else "content"
    return supporting(Finding(claim, family, "extraction", bits, summary, details, specific=False))
