"""What accounts ask for: reasoning laid bare, grading, tasks to train on; against what comparable accounts ask for."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import polars as pl

from distillscan.detect.base import Candidate, Comparison, Detector, Finding, present, strongest, supporting
from distillscan.detect.claims import Claim
from distillscan.detect.tokens import trait_tokens
from distillscan.population import kinds
from distillscan.population.accounts import Floats, Ints, Mask, Population, memoized, runs
from distillscan.profile.text.intents import CAPABILITIES, HARVEST, INTENTS
from distillscan.settings import threshold

#: What members do who show an intent.
_DO: Final = {
    "reasoning_trace": "ask for reasoning that is hidden or lies behind a finished answer",
    "rubric_grading": "have answers graded by criteria",
    "preference_comparison": "have answers compared, to say which one is better",
    "inline_reasoning": "have reasoning written into the answer, set apart from it",
    "refusal_rewrite": "have what was refused rewritten until it passes",
    "task_synthesis": "have tasks made up together with their solutions",
    "trace_cleaning": "send reasoning in to be cleaned",
    "replayed_reasoning": "have sealed or earlier reasoning told again, or in another script",
}
#: Intents with everyday causes: evaluation, judges of models, teachers and authors of tests.
_ORDINARY: Final = frozenset({"rubric_grading", "preference_comparison", "task_synthesis"})
_ACCORD_CAP: Final = 2.9  #: bits at most for one operator who asks the same rare thing: no family by itself
#: The bits of each intent in ``intents``; grading, as reports have it, is two intents.
_MASKS: Final = {
    **{name: 1 << k for k, name in enumerate(INTENTS)},
    "grading": sum(1 << INTENTS.index(name) for name in ("rubric_grading", "preference_comparison")),
}
#: Capabilities of a report: those of prompts, and grading.
_CAPABILITIES: Final = (*CAPABILITIES, "grading")
_NARROW_PROMPTS: Final = 6  #: prompts that differ below which one capability cannot be told
_NARROW_SHARE: Final = 0.8  #: share of sampled prompts from which an account keeps to a capability


@dataclass(frozen=True)
class ExtractionIntentParameters:
    """Parameters of ``extraction_intent``."""

    enough: int = threshold(3, "requests", "below which what an account asks for cannot be told")
    least: int = threshold(2, "requests", "with an intent that an account must have to show it: one is curiosity")
    share: float = threshold(0.2, "share", "of sampled prompts from which an account shows an intent")
    system_share: float = threshold(0.5, "share", "of requests under a system prompt from which its intent counts")
    cap: float = threshold(4.0, "bits", "at most for harvesting of all intents: research asks for the same")
    ordinary_cap: float = threshold(2.5, "bits", "at most of grading and making up tasks: teachers do so as well")
    narrow_cap: float = threshold(1.5, "bits", "at most of keeping to one capability: most products do")


@dataclass(frozen=True, slots=True)
class IntentCounts:
    """Prompts or requests of each account.

    Attributes:
        total: All of them.
        counts: The accounts that have any with an intent (or ``grading``), ascending, and how many; by intent.
    """

    total: Floats
    counts: Mapping[str, tuple[Ints, Ints]]

    def count(self, intent: str) -> Floats:
        """Return how many with the intent each account has."""
        count = np.zeros(self.total.size)
        numbers, counts = self.counts[intent]
        count[numbers] = counts
        return count

    def share(self, intent: str, accounts: Ints | slice = slice(None)) -> Floats:
        """Return the share of those with the intent, 0 where there are none at all."""
        share: Floats = self.count(intent)[accounts] / np.maximum(self.total[accounts], 1)
        return share


@memoized
def intent_counts(population: Population) -> tuple[IntentCounts, IntentCounts, IntentCounts]:
    """Return what accounts ask for: distinct sampled prompts, requests with these, requests with a system prompt."""
    sampled = population.numbered(population.profile.prompts.select("account", "requests", "intents"))
    known = population.profile.systems.select("intents", entity="system_prompt")
    systems = population.links("system_prompt").join(known, on="entity", how="left", maintain_order="left")
    systems = systems.with_columns(pl.col("intents").fill_null(0))
    prompts, requests, with_system = (
        _count(population.size, texts) for texts in (sampled.with_columns(requests=1), sampled, systems)
    )
    return prompts, requests, with_system


def _count(size: int, texts: pl.DataFrame) -> IntentCounts:
    """What is asked for in texts (``number`` of the account, ascending, ``requests``, ``intents``)."""
    numbers, intents, requests = (texts[name].to_numpy() for name in ("number", "intents", "requests"))

    def count(chosen: Ints) -> tuple[Ints, Ints]:
        starts, _ = runs(numbers[chosen])
        return numbers[chosen][starts], np.add.reduceat(requests[chosen].astype(np.int64), starts)

    counts = {name: count(np.flatnonzero(intents & mask)) for name, mask in _MASKS.items()}
    return IntentCounts(np.bincount(numbers, requests, size).astype(np.float64), counts)


@memoized
def showing(population: Population, intent: str, p: ExtractionIntentParameters) -> tuple[Mask, Mask]:
    """Return the accounts that show an intent, in prompts or system prompts, and those of which it can be told."""
    prompts, requests, systems = intent_counts(population)
    by_prompt = (requests.count(intent) >= p.least) & (prompts.share(intent) >= p.share)
    told, by_system = requests.total >= p.enough, systems.share(intent) >= p.system_share
    told_of_systems = systems.total >= p.enough
    return (told & by_prompt) | (told_of_systems & by_system), told | told_of_systems


@memoized
def narrow(population: Population, capability: str) -> tuple[Mask, Mask]:
    """Return the accounts that ask for hardly anything but one capability, and those of which it can be told."""
    prompts, _, _ = intent_counts(population)
    able = prompts.total >= _NARROW_PROMPTS
    return able & (prompts.share(capability) >= _NARROW_SHARE), able


def capability_shares(candidate: Candidate) -> dict[str, float]:
    """Return the share of the typical member's sampled prompts that exercise each capability, largest first.

    A prompt may exercise several or none; the mean is over members with sampled prompts, so that a busy one does not
    speak for all.
    """
    prompts, _, _ = intent_counts(candidate.population)
    able = candidate.members[prompts.total[candidate.members] > 0]
    if able.size == 0:
        return {}
    shares = {name: float(prompts.share(name, able).mean()) for name in _CAPABILITIES}
    return dict(sorted(((name, share) for name, share in shares.items() if share > 0), key=lambda item: -item[1]))


class ExtractionIntentDetector(Detector):
    """Intents of harvesting, and traffic that keeps to one capability, by accounts against comparable ones."""

    name = "extraction_intent"
    version = "2"
    summary = "requests for hidden reasoning, grading, training tasks; one capability only; against comparable accounts"
    family = "content"
    needs = ("prompt|system_prompt",)
    kinds = (kinds.Kind("intent", kinds.INTENT, crossed_with=("tls", "user_agent")),)
    parameters = ExtractionIntentParameters()

    def signals(self, population: Population, parameters: ExtractionIntentParameters) -> pl.DataFrame:
        shown = {1 + INTENTS.index(name): showing(population, name, parameters) for name in HARVEST}
        return pl.concat(trait_tokens(population, "intent", token, *masks) for token, masks in shown.items())

    def assess(self, candidate: Candidate, parameters: ExtractionIntentParameters) -> list[Finding]:
        intents = {name: _intent(candidate, name, parameters) for name in HARVEST}
        rarest = strongest(*(finding for name, finding in intents.items() if name not in _ORDINARY))
        left, findings = parameters.cap, [_accord(rarest, parameters)]
        for finding in sorted(present(*intents.values()), key=lambda finding: -finding.bits):
            # One pipeline elicits, cleans and grades: its intents are no independent evidence.
            findings.append(replace(finding, bits=min(finding.bits, left)))
            left -= min(finding.bits, left)
        findings.append(strongest(*(_focus(candidate, name, parameters) for name in _CAPABILITIES)))
        return [finding for finding in present(*findings) if finding.bits > 0]


def _accord(rarest: Finding | None, p: ExtractionIntentParameters) -> Finding | None:
    """Members that ask for the same rare thing, however they word it: a little evidence for one operator."""
    if rarest is None:
        return None
    bits = _ACCORD_CAP * min(1.0, rarest.bits / p.cap)
    return replace(rarest, axis="coordination", bits=bits, summary=f"regardless of wording, {rarest.summary}")


def _compare(candidate: Candidate, shows: Mask, observable: Mask) -> tuple[Comparison, dict[str, object]]:
    """The comparison with peers, and the details that findings have in common."""
    compared = candidate.compare_with_peers(shows, observable)
    return compared, {**compared.details("members_showing"), "compared_with": compared.others_name}


def _intent(candidate: Candidate, name: str, p: ExtractionIntentParameters) -> Finding | None:
    shows, observable = showing(candidate.population, name, p)
    compared, details = _compare(candidate, shows, observable)
    bits = compared.group_bits(p.ordinary_cap if name in _ORDINARY else p.cap)
    if bits <= 0:
        return None
    prompts, _, systems = intent_counts(candidate.population)
    showing_it = candidate.members[shows[candidate.members]]
    share = np.maximum(prompts.share(name, showing_it), systems.share(name, showing_it))
    details = {"intent": name, **details, "median_share_of_prompts": float(np.median(share))}
    summary = f"{compared} {_DO[name]}, as {compared.usual} do"
    return Finding(Claim.INTENT, "content", "extraction", bits, summary, details)


def _focus(candidate: Candidate, capability: str, p: ExtractionIntentParameters) -> Finding | None:
    """Members that use the model for one thing, where comparable accounts use it for several."""
    compared, details = _compare(candidate, *narrow(candidate.population, capability))
    bits = compared.group_bits(p.narrow_cap)
    summary = f"{compared} ask for hardly anything but {capability}, as {compared.usual} do"
    details = {"capability": capability, **details}
    return supporting(Finding(Claim.ONE_CAPABILITY, "content", "extraction", bits, summary, details))
