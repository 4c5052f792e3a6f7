"""One conversation in several accounts, several people in one account: what relays of other people's requests leave."""

from functools import partial

import numpy as np
import polars as pl

from distillscan.detectors.base import (
    Candidate,
    Context,
    Finding,
    percent,
    rates,
    shared_entities,
    trait,
)
from distillscan.parameters import ConversationSharing
from distillscan.population import SIGNALS, Mask, Population
from distillscan.result import Family
from distillscan.weigh import group_bits


def conversations(population: Population, p: ConversationSharing) -> pl.DataFrame:
    """Return links to beginnings of prompts that a few accounts share; what many share is an application's preamble."""
    links = population.links("conversation")
    return links.filter(pl.len().over("entity").is_between(2, p.most_accounts))


def languages(population: Population, p: ConversationSharing) -> tuple[Mask, Mask]:
    """Return the accounts whose sampled prompts are in many languages, and those of which it can be told."""
    told = population.profile.prompts.filter(pl.col("language") > 0)
    counted = (
        told.group_by("account", "language")
        .len()
        .group_by("account")
        .agg(pl.col("len").sum().alias("prompts"), (pl.col("len") >= 2).sum().alias("languages"))
        .filter(pl.col("prompts") >= p.enough)
    )
    numbers = population.numbers(counted["account"])
    many = numbers[(counted["languages"] >= p.languages).to_numpy()]
    return population.mask(many), population.mask(numbers)


def programs(population: Population, p: ConversationSharing) -> tuple[Mask, Mask]:
    """Return the accounts that use many client programs, and those of which it can be told."""
    able = population.states("client") & (population.requests >= p.enough)
    return able & (population.distinct("client") >= p.clients), able


_VOICES = {1: ("languages", languages), 2: ("client programs", programs)}


class Detector:
    """Conversations and signed reasoning that go on in other accounts; accounts with many languages or programs."""

    name = "conversation_sharing"
    version = "1"
    summary = "one conversation continued from several accounts, signed reasoning replayed, many people in one account"
    family: Family = "content"
    needs = ("prompt|reasoning_signature|user_agent",)
    parameters = ConversationSharing()

    def signals(self, population: Population, parameters: ConversationSharing, context: Context) -> pl.DataFrame:
        """Return tokens for shared conversations and signatures, and for accounts with many voices."""
        parts = [
            shared_entities(conversations(population, parameters), "conversation"),
            shared_entities(population.links("reasoning_signature"), "signature"),
        ]
        for token, (_, measure) in _VOICES.items():
            shows, able = population.once((measure, parameters), partial(measure, population, parameters))
            parts.append(trait(population, "voices", token, shows, able))
        return pl.concat([part.cast(SIGNALS) for part in parts])

    def assess(self, candidate: Candidate, parameters: ConversationSharing) -> list[Finding]:
        """Weigh shared conversations and signatures against how often others share any, then the voices."""
        shared = _shared(candidate, "conversation", parameters.cap)
        signed = _shared(candidate, "signature", parameters.signature_cap)
        voices = _voices(candidate, parameters)
        relayed = max(
            shared.bits / parameters.cap if shared is not None else 0.0,
            voices.bits / parameters.voices_cap if voices is not None else 0.0,
        )
        found = [shared, signed, voices]
        if relayed > 0:
            text = "conversations of many people are spread over the accounts, as a relay does that stands between them"
            bits = parameters.relay_cap * min(1.0, relayed)
            found.append(Finding("content", "extraction", bits, text, {"effort": min(1.0, relayed)}))
        if signed is not None:
            text = "signed reasoning comes back from accounts it was not given to: a replay, as harvesting needs"
            bits = parameters.replay_cap * signed.bits / parameters.signature_cap
            found.append(Finding("content", "extraction", bits, text, {"members": signed.details["members_sharing"]}))
        return [finding for finding in found if finding is not None]


_SHARED = {
    "conversation": ("conversation", "conversations that go on in other members' accounts", "conversations"),
    "signature": ("reasoning_signature", "reasoning signatures that other members send as well", "signatures"),
}
#: A signature is handed to one account, like a ticket: to have another's says who holds the accounts, not what is said.
_FAMILY: dict[str, Family] = {"conversation": "content", "signature": "identity"}


def _shared(candidate: Candidate, kind: str, cap: float) -> Finding | None:
    graph, population, members = candidate.graph, candidate.population, candidate.members
    tokens = candidate.characteristic(kind)
    if tokens.size == 0:
        return None
    entity, text, things = _SHARED[kind]
    carriers = graph.touching(kind, tokens)
    able = population.states(entity)
    # What sharing is worth depends on how usual it is: people have second accounts, and hand over to colleagues.
    sharing = graph.sharing(kind)
    _, trials, outside = rates(candidate, sharing, able)
    inside = int(np.count_nonzero(carriers[members]))
    each = graph.matrix(kind)[members][:, tokens].sum(axis=1)
    concentration = inside / max(1, int(np.count_nonzero(carriers)))
    # One text on many accounts is a task that was handed out; conversations are about as many as those who hold them.
    variety = min(1.0, tokens.size / max(1, inside))
    bits = group_bits(inside, trials, members.size, min(0.9, outside), cap) * concentration * variety
    numbers = {
        "members_sharing": inside,
        "members_stating": trials,
        things: int(tokens.size),
        "median_shared_by_a_member": float(np.median(np.asarray(each).ravel())),
        "accounts_on_them": int(np.count_nonzero(carriers)),
        "sharing_outside": outside,
    }
    summary = (
        f"{inside} of {trials} members have {text} ({tokens.size} seen); "
        f"{percent(outside)} of other accounts share any with anyone"
    )
    return Finding(_FAMILY[kind], "coordination", bits, summary, numbers)


def _voices(candidate: Candidate, p: ConversationSharing) -> Finding | None:
    """Accounts that several people seem to use, whatever languages or programs these are."""
    population = candidate.population
    best: Finding | None = None
    for what, measure in _VOICES.values():
        shows, able = population.once((measure, p), partial(measure, population, p))
        inside, trials, outside = rates(candidate, shows, able)
        bits = group_bits(inside, trials, candidate.members.size, outside, p.voices_cap)
        if bits > 0 and (best is None or bits > best.bits):
            least = p.languages if measure is languages else p.clients
            text = (
                f"{inside} of {trials} members use {least} or more {what} in one account, "
                f"as {percent(outside)} of other accounts do"
            )
            numbers = {"kind": what, "members": inside, "members_stating": trials, "rate_outside": outside}
            best = Finding("content", "coordination", bits, text, numbers)
    return best
