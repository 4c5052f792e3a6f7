"""What accounts ask for: reasoning laid bare, grading, tasks to train on; against what comparable accounts ask for."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
import polars as pl

from distillscan.detect.base import Candidate, Finding, percent, rates, trait
from distillscan.detect.detectors.template_uniformity import comparable
from distillscan.detect.stats import group_bits
from distillscan.parameters import ExtractionIntent
from distillscan.population.accounts import Floats, Ints, Mask, Population, memoized
from distillscan.population.graph import SIGNALS
from distillscan.profile.text.intents import CAPABILITIES, HARVEST, INTENTS
from distillscan.result import Family

#: What members do who show an intent.
_DO: Final = MappingProxyType(
    {
        "reasoning_trace": "ask for reasoning that is hidden or lies behind a finished answer",
        "rubric_grading": "have answers graded by criteria",
        "preference_comparison": "have answers compared, to say which one is better",
        "inline_reasoning": "have reasoning written into the answer, set apart from it",
        "refusal_rewrite": "have what was refused rewritten until it passes",
        "task_synthesis": "have tasks made up together with their solutions",
        "trace_cleaning": "send reasoning in to be cleaned",
        "replayed_reasoning": "have sealed or earlier reasoning told again, or in another script",
    }
)
#: Intents with everyday causes: evaluation, judges of models, teachers and authors of tests.
_ORDINARY: Final = frozenset({"rubric_grading", "preference_comparison", "task_synthesis"})
#: Capabilities of a report: those of prompts, and grading, which is two intents.
_GRADING: Final = ("rubric_grading", "preference_comparison")


@dataclass(frozen=True, slots=True)
class Asked:
    """What each account's sampled prompts ask for.

    Attributes:
        prompts: Distinct sampled prompts of each account.
        sent: Requests with these prompts.
        shares: By intent, and for ``grading``: share of an account's distinct sampled prompts (0 without prompts).
        counts: By intent: requests with such prompts.
        systems: By intent: share of the requests with a system prompt whose system prompt has it (0 without any).
        with_system: Requests with a system prompt.
    """

    prompts: Floats
    sent: Floats
    shares: Mapping[str, Floats]
    counts: Mapping[str, Floats]
    systems: Mapping[str, Floats]
    with_system: Floats


def _sums(numbers: Ints, values: Floats, size: int) -> Floats:
    """The sum of the values of each account."""
    return np.bincount(numbers, weights=values, minlength=size).astype(np.float64)


def _bits() -> dict[str, int]:
    masks = {name: 1 << k for k, name in enumerate(INTENTS)}
    return {**masks, "grading": sum(masks[name] for name in _GRADING)}


@memoized
def asked(population: Population) -> Asked:
    """Return what accounts ask for."""
    rows = population.profile.prompts.select("account", "requests", "intents")
    numbers, size = population.numbers(rows["account"]), population.size
    intents, requests = rows["intents"].to_numpy(), rows["requests"].to_numpy().astype(np.float64)
    prompts = _sums(numbers, np.ones(numbers.size), size)
    shares, counts = {}, {}
    for name, bits in _bits().items():
        has = ((intents & np.uint32(bits)) != 0).astype(np.float64)
        shares[name] = _sums(numbers, has, size) / np.maximum(prompts, 1)
        counts[name] = _sums(numbers, has * requests, size)
    systems, with_system = _systems(population)
    return Asked(prompts, _sums(numbers, requests, size), shares, counts, systems, with_system)


def _systems(population: Population) -> tuple[dict[str, Floats], Floats]:
    """The intents of system prompts, weighted as these are used; and how many requests have one."""
    known = population.profile.systems.select(pl.col("system_prompt").alias("entity"), "intents")
    used = population.links("system_prompt").join(known, on="entity", how="left")
    intents = used["intents"].fill_null(0).to_numpy()
    numbers, requests = used["number"].to_numpy(), used["requests"].to_numpy().astype(np.float64)
    total = _sums(numbers, requests, population.size)
    shares = {}
    for k, name in enumerate(INTENTS):
        has = (intents & np.uint32(1 << k)) != 0
        shares[name] = _sums(numbers, has * requests, population.size) / np.maximum(total, 1)
    return shares, total


def showing(population: Population, intent: str, p: ExtractionIntent) -> tuple[Mask, Mask]:
    """Return the accounts that show an intent, in prompts or system prompts, and those of which it can be told."""
    found = asked(population)
    prompts, systems = found.sent >= p.enough, found.with_system >= p.enough
    by_prompt = prompts & (found.counts[intent] >= p.least) & (found.shares[intent] >= p.share)
    by_system = systems & (found.systems[intent] >= p.system_share)
    return by_prompt | by_system, prompts | systems


def narrow(population: Population, capability: str, p: ExtractionIntent) -> tuple[Mask, Mask]:
    """Return the accounts that ask for hardly anything but one capability, and those of which it can be told."""
    found = asked(population)
    able = found.prompts >= p.narrow_prompts
    return able & (found.shares[capability] >= p.narrow_share), able


def capability_shares(candidate: Candidate) -> dict[str, float]:
    """Return the share of the typical member's sampled prompts that exercise each capability, largest first.

    A prompt may exercise several or none; the mean is over members with sampled prompts, so that a busy one does not
    speak for all.
    """
    found = asked(candidate.population)
    able = candidate.members[found.prompts[candidate.members] > 0]
    if able.size == 0:
        return {}
    shares = {name: float(found.shares[name][able].mean()) for name in (*CAPABILITIES, "grading")}
    return dict(sorted(((name, share) for name, share in shares.items() if share > 0), key=lambda item: -item[1]))


class Detector:
    """Intents of harvesting, and traffic that keeps to one capability, by accounts against comparable ones."""

    name = "extraction_intent"
    version = "2"
    summary = "requests for hidden reasoning, grading, training tasks; one capability only; against comparable accounts"
    family: Family = "content"
    needs = ("prompt|system_prompt",)
    parameters = ExtractionIntent()

    def signals(self, population: Population, parameters: ExtractionIntent) -> pl.DataFrame:
        """Return a trait for every intent an account shows: it joins nobody, but tells members from others."""
        parts = [
            trait(population, "intent", 1 + INTENTS.index(name), *showing(population, name, parameters))
            for name in HARVEST
        ]
        return pl.concat([SIGNALS.to_frame(), *parts])

    def assess(self, candidate: Candidate, parameters: ExtractionIntent) -> list[Finding]:
        """Weigh each intent by the members that show it; all of them together weigh no more than one may."""
        found = [finding for name in HARVEST if (finding := _intent(candidate, name, parameters)) is not None]
        found.sort(key=lambda finding: -finding.bits)
        left, kept = parameters.cap, [_accord(found, parameters)]
        for finding in found:
            # One pipeline elicits, cleans and grades: its intents are no independent evidence.
            bits = min(finding.bits, left)
            left -= bits
            kept.append(Finding(finding.family, finding.axis, bits, finding.summary, finding.details))
        focus = [_focus(candidate, name, parameters) for name in (*CAPABILITIES, "grading")]
        best = max((finding for finding in focus if finding is not None), key=lambda f: f.bits, default=None)
        return [finding for finding in (*kept, best) if finding is not None and finding.bits > 0]


def _accord(found: list[Finding], p: ExtractionIntent) -> Finding | None:
    """Members that ask for the same thing that hardly anybody asks for, in whatever words: a little for one hand."""
    rare = [finding for finding in found if finding.details["intent"] not in _ORDINARY]
    if not rare:
        return None
    bits = p.accord_cap * min(1.0, rare[0].bits / p.cap)
    return Finding("content", "coordination", bits, f"in whatever words: {rare[0].summary}", rare[0].details)


def _intent(candidate: Candidate, name: str, p: ExtractionIntent) -> Finding | None:
    shows, able = showing(candidate.population, name, p)
    others, basis = comparable(candidate, able, p.comparable, p.main_client)
    inside, trials, outside = rates(candidate, shows, able, others)
    cap = p.ordinary_cap if name in _ORDINARY else p.cap
    bits = group_bits(inside, trials, candidate.members.size, outside, cap)
    if bits <= 0:
        return None
    found = asked(candidate.population)
    showers = candidate.members[shows[candidate.members]]
    share = float(np.median(np.maximum(found.shares[name][showers], found.systems[name][showers])))
    numbers = {
        "intent": name,
        "members_showing": inside,
        "members_stating": trials,
        "rate_outside": outside,
        "compared_with": basis,
        "median_share_of_prompts": share,
    }
    text = f"{inside} of {trials} members {_DO[name]}, as {percent(outside)} of {basis} do"
    return Finding("content", "extraction", bits, text, numbers)


def _focus(candidate: Candidate, capability: str, p: ExtractionIntent) -> Finding | None:
    """Members that use the model for one thing, where comparable accounts use it for several."""
    shows, able = narrow(candidate.population, capability, p)
    others, basis = comparable(candidate, able, p.comparable, p.main_client)
    inside, trials, outside = rates(candidate, shows, able, others)
    bits = group_bits(inside, trials, candidate.members.size, outside, p.narrow_cap)
    if bits <= 0:
        return None
    numbers = {
        "capability": capability,
        "members_showing": inside,
        "members_stating": trials,
        "rate_outside": outside,
        "compared_with": basis,
    }
    text = f"{inside} of {trials} members ask for hardly anything but {capability}, as {percent(outside)} of {basis} do"
    return Finding("content", "extraction", bits, text, numbers)
