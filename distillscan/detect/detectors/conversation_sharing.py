"""One conversation or answer in several accounts, several people in one account: what relays and graders leave."""

import numpy as np
import polars as pl
from scipy import sparse
from scipy.sparse import csgraph

from distillscan.detect.base import (
    Candidate,
    Finding,
    percent,
    rates,
    shared_entities,
    trait,
)
from distillscan.detect.stats import group_bits
from distillscan.parameters import ConversationSharing
from distillscan.population.accounts import Mask, Population, memoized
from distillscan.population.graph import SIGNALS
from distillscan.profile.tables import LINKS_KEPT
from distillscan.result import Family


def conversations(population: Population, p: ConversationSharing) -> pl.DataFrame:
    """Return links to beginnings of prompts that a few accounts share; what many share is an application's preamble."""
    links = population.links("conversation")
    return links.filter(pl.len().over("entity").is_between(2, p.most_accounts))


def returned(population: Population, p: ConversationSharing) -> pl.DataFrame:
    """Return who is on lines of answers that come back: the one account that was given it, and those that send it in.

    A line counts if the log sees it first in an answer, to one account only (so a phrase of the model's, a question
    that an answer repeats and a text that goes round do not), and if a few others send it in that were not given it.
    Accounts count if such lines join enough of them, directly or over others: couples and small teams pass answers on
    as well.

    Returns:
        Columns ``account`` and ``entity`` (the line), sorted.
    """
    outputs, inputs = _whole_samples(population)
    given = (
        outputs.group_by("entity")
        .agg(pl.len(), pl.col("account").first().alias("giver"), pl.col("first").min().alias("given"))
        .filter(pl.col("len") == 1)
    )
    sent = inputs.join(given, on="entity")
    own, known = pl.col("account") == pl.col("giver"), pl.col("first") < pl.col("given")
    known |= own & (pl.col("first") == pl.col("given"))
    sent = sent.filter(~known.any().over("entity")).filter(~own)
    sent = sent.filter(pl.len().over("entity") < p.most_accounts)
    giving = sent.select(pl.col("giver").alias("account"), "entity").unique()
    links = pl.concat([giving, sent.select("account", "entity")]).sort("entity", "account")
    return links.filter(_circle_sizes(links) >= p.circle)


def _circle_sizes(links: pl.DataFrame) -> pl.Series:
    """How many accounts are joined to the account of each link by chains of entities, itself included."""
    account, entity = (links[name].rank("dense").to_numpy().astype(np.int64) for name in ("account", "entity"))
    # Accounts are numbered from 1 on, entities from where these end; a node 0 that nothing joins does no harm.
    entity += links["account"].n_unique()
    size = 1 + links["account"].n_unique() + links["entity"].n_unique()
    joined = sparse.coo_array((np.ones(links.height), (account, entity)), shape=(size, size))
    _, circle = csgraph.connected_components(joined, directed=False)
    return links.select(pl.col("account").n_unique().over(pl.Series(circle[account]))).to_series()


def _whole_samples(population: Population) -> list[pl.DataFrame]:
    """Links to lines of answers and of prompts, as far as both samples of the account are complete.

    A sample that is full has all lines up to its largest hash: only there can it be told that an account was not
    given a line, or did not send it in.
    """
    both = [population.links(kind) for kind in ("output_line", "input_line")]
    full = pl.concat(both).group_by("account", "kind").agg(pl.len(), pl.col("entity").max())
    full = full.filter(pl.col("len") >= LINKS_KEPT).group_by("account").agg(pl.col("entity").min().alias("bound"))
    everything = pl.col("bound").is_null()
    return [
        links.join(full, on="account", how="left").filter(everything | (pl.col("entity") <= pl.col("bound")))
        for links in both
    ]


@memoized
def languages(population: Population, p: ConversationSharing) -> tuple[Mask, Mask]:
    """Return the accounts whose sampled prompts are in many languages, and those of which it can be told."""
    told = population.profile.prompts.filter(pl.col("language") > 0)
    counted = (
        told.group_by("account", "language")
        .len()
        .group_by("account")
        .agg(pl.col("len").sum().alias("prompts"), (pl.col("len") >= p.language_prompts).sum().alias("languages"))
        .filter(pl.col("prompts") >= p.enough)
    )
    numbers = population.numbers(counted["account"])
    many = numbers[(counted["languages"] >= p.languages).to_numpy()]
    return population.mask(many), population.mask(numbers)


@memoized
def programs(population: Population, p: ConversationSharing) -> tuple[Mask, Mask]:
    """Return the accounts that use many client programs, and those of which it can be told."""
    able = population.states("client") & (population.requests >= p.enough)
    return able & (population.distinct("client") >= p.clients), able


_VOICES = {1: ("languages", languages), 2: ("client programs", programs)}


class Detector:
    """Conversations, signed reasoning and answers that go on in other accounts; accounts with many voices."""

    name = "conversation_sharing"
    version = "3"
    summary = (
        "one conversation continued from several accounts, signed reasoning replayed, "
        "answers sent in by other accounts, many people in one account"
    )
    family: Family = "content"
    needs = ("prompt|reasoning_signature|user_agent",)
    parameters = ConversationSharing()

    def signals(self, population: Population, parameters: ConversationSharing) -> pl.DataFrame:
        """Return tokens for shared conversations, signatures and answers, and for accounts with many voices."""
        parts = [
            shared_entities(conversations(population, parameters), "conversation"),
            shared_entities(population.links("reasoning_signature"), "signature"),
            shared_entities(returned(population, parameters), "returned"),
        ]
        for token, (_, measure) in _VOICES.items():
            shows, able = measure(population, parameters)
            parts.append(trait(population, "voices", token, shows, able))
        return pl.concat([part.cast(SIGNALS) for part in parts])

    def assess(self, candidate: Candidate, parameters: ConversationSharing) -> list[Finding]:
        """Weigh shared conversations, signatures and answers against how often others share any, then the voices."""
        shared = _shared(candidate, "conversation", parameters.cap, parameters)
        signed = _shared(candidate, "signature", parameters.signature_cap, parameters)
        passed = _shared(candidate, "returned", parameters.returned_cap, parameters)
        voices = _voices(candidate, parameters)
        relayed = max(
            shared.bits / parameters.cap if shared is not None else 0.0,
            voices.bits / parameters.voices_cap if voices is not None else 0.0,
        )
        found = [shared, signed, passed, voices]
        if relayed > 0:
            text = "conversations of many people are spread over the accounts, as a relay does that stands between them"
            bits = parameters.relay_cap * min(1.0, relayed)
            found.append(Finding("content", "extraction", bits, text, {"effort": min(1.0, relayed)}))
        if signed is not None:
            text = "signed reasoning comes back from accounts it was not given to: a replay, as harvesting needs"
            bits = parameters.replay_cap * signed.bits / parameters.signature_cap
            found.append(Finding("content", "extraction", bits, text, {"members": signed.details["members_sharing"]}))
        if passed is not None:
            text = (
                "answers given to one account are sent in by others: graded, cleaned or carried on, as harvesting does"
            )
            bits = parameters.cleaning_cap * passed.bits / parameters.returned_cap
            found.append(Finding("content", "extraction", bits, text, {"members": passed.details["members_sharing"]}))
        return [finding for finding in found if finding is not None]


_SHARED = {
    "conversation": (("conversation",), "conversations that go on in other members' accounts", "conversations"),
    "signature": (("reasoning_signature",), "reasoning signatures that other members send as well", "signatures"),
    "returned": (("output_line", "input_line"), "lines of answers that one was given and another sends in", "lines"),
}
#: A signature is handed to one account, like a ticket: to have another's says who holds the accounts, not what is said.
_FAMILY: dict[str, Family] = {"conversation": "content", "signature": "identity", "returned": "content"}


def _shared(candidate: Candidate, kind: str, cap: float, p: ConversationSharing) -> Finding | None:
    graph, population, members = candidate.graph, candidate.population, candidate.members
    tokens = candidate.characteristic(kind)
    if tokens.size == 0:
        return None
    entities, text, things = _SHARED[kind]
    carriers = graph.carriers(kind, tokens)
    able = np.logical_or.reduce([population.states(entity) for entity in entities])
    # What sharing is worth depends on how usual it is: people have second accounts, and hand over to colleagues.
    sharing = graph.carries_any(kind)
    _, trials, outside = rates(candidate, sharing, able)
    inside = int(np.count_nonzero(carriers[members]))
    each = graph.matrix(kind)[members][:, tokens].sum(axis=1)
    concentration = inside / max(1, int(np.count_nonzero(carriers)))
    # One text on many accounts is a task that was handed out; conversations are about as many as those who hold them.
    variety = min(1.0, tokens.size / max(1, inside))
    # Members were brought together by what they share: where most others share something too, that took no operator.
    part = concentration * variety * (1.0 - outside)
    bits = float(group_bits(inside, trials, members.size, min(p.usual_most, outside), cap) * part)
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
        shows, able = measure(population, p)
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
