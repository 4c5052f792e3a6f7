"""One conversation or answer in several accounts, several people in one account: what relays and graders leave."""

from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
import polars as pl
from scipy import sparse
from scipy.sparse import csgraph

from distillscan.detect.base import Candidate, Detector, Finding, present, strongest, supporting
from distillscan.detect.claims import Claim
from distillscan.detect.tokens import masks_of, shared_entities, trait_tokens
from distillscan.population.accounts import Mask, Population, memoized, runs
from distillscan.population.kinds import CONVERSATION, RETURNED, SIGNATURE, VOICES, Kind
from distillscan.profile.tables import LINKS_KEPT
from distillscan.result import Family
from distillscan.settings import threshold

_BASE_RATE_LIMIT: Final = 0.9  #: share of others who share any that counts at most: in some logs all do
_SIGNATURE_CAP: Final = 9.0  #: bits at most of signed reasoning sent back by other accounts
_VOICES_CAP: Final = 4.0  #: bits at most of accounts of several people: translators have them too
_LANGUAGES: Final = 3  #: languages in the sampled prompts from which several people use an account
_LANGUAGE_PROMPTS: Final = 2  #: prompts in a language from which it is used: one may be quoted
_ENOUGH: Final = 8  #: prompts or requests below which languages and programs say nothing
_CLIENTS: Final = 4  #: programs from which several people use an account; one has two or three


@dataclass(frozen=True)
class ConversationSharingParameters:
    """Parameters of ``conversation_sharing``."""

    most_accounts: int = threshold(24, "accounts", "above which a beginning or line is an application's or a quote")
    cap: float = threshold(8.0, "bits", "at most of conversations that go on elsewhere: teams hand over")
    replay_cap: float = threshold(3.0, "bits", "at most for harvesting of signed reasoning sent back by others")
    circle: int = threshold(5, "accounts", "joined by answers passed on from which they are no small team")
    returned_cap: float = threshold(8.0, "bits", "at most of answers that others send in: colleagues pass them on")
    cleaning_cap: float = threshold(2.5, "bits", "at most for harvesting of answers that others send in: grading")
    relay_cap: float = threshold(1.5, "bits", "at most for harvesting of conversations spread over accounts")


def conversations(population: Population, p: ConversationSharingParameters) -> pl.DataFrame:
    """Return links to beginnings of prompts that a few accounts share; what many share is an application's preamble."""
    links = population.links("conversation")
    return links.filter(pl.len().over("entity").is_between(2, p.most_accounts))


def returned(population: Population, p: ConversationSharingParameters) -> pl.DataFrame:
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
    entity += account.max(initial=0)
    size = 1 + entity.max(initial=0)
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
def languages(population: Population) -> tuple[Mask, Mask]:
    """Return the accounts whose sampled prompts are in many languages, and those of which it can be told."""
    prompts = population.profile.prompts.select("account", "language").filter(pl.col("language") > 0)
    key = (population.numbers(prompts["account"]) << 8) + prompts["language"].to_numpy()
    spoken, count = np.unique(key, return_counts=True)
    starts, _ = runs(spoken >> 8)
    languages = np.add.reduceat((count >= _LANGUAGE_PROMPTS).astype(np.int64), starts)
    told = np.add.reduceat(count, starts) >= _ENOUGH
    return masks_of(population, spoken[starts] >> 8, languages >= _LANGUAGES, told)


@memoized
def programs(population: Population) -> tuple[Mask, Mask]:
    """Return the accounts that use many client programs, and those of which it can be told."""
    able = population.states("client") & (population.requests >= _ENOUGH)
    return able & (population.distinct("client") >= _CLIENTS), able


#: Token of each way in which an account seems to have several users: of what, how many at least, who has them.
_VOICES = {1: ("languages", _LANGUAGES, languages), 2: ("client programs", _CLIENTS, programs)}
#: What passes from account to account: the claim, its family, in words.
_PASSED: Final[dict[str, tuple[Claim, Family, str]]] = {
    "conversation": (Claim.CONVERSATIONS, "content", "conversations that others go on with"),
    # A signature is handed to one account, like a ticket: to have another's says who holds the accounts.
    "signature": (Claim.SIGNATURES, "identity", "signatures that others send too"),
    "returned": (Claim.RETURNED_ANSWERS, "content", "answers others send in as well"),
}
_REPLAYED = "signed reasoning comes back from accounts it was not given to: a replay, as harvesting needs"
_CLEANED = "answers given to one account are sent in by others: graded, cleaned or carried on, as harvesting does"
_KIND = partial(Kind, seeding=1.0, merge_strength="strong", low_degree=True)


class ConversationSharingDetector(Detector):
    """Conversations, signed reasoning and answers that go on in other accounts; accounts of several people."""

    name = "conversation_sharing"
    version = "3"
    summary = (
        "one conversation continued from several accounts, signed reasoning replayed, "
        "answers sent in by other accounts, many people in one account"
    )
    family = "content"
    needs = ("prompt|reasoning_signature|user_agent",)
    kinds = (
        # What passes from account to account changes with every batch: it holds a pool together, but gives a poor name.
        _KIND("conversation", CONVERSATION, ("conversation",), id_priority=8),
        _KIND("signature", SIGNATURE, ("reasoning_signature",), id_priority=3),
        _KIND("returned", RETURNED, ("output_line", "input_line"), id_priority=8),
        Kind("voices", VOICES),
    )
    parameters = ConversationSharingParameters()

    def signals(self, population: Population, parameters: ConversationSharingParameters) -> pl.DataFrame:
        measured = {token: measure(population) for token, (_, _, measure) in _VOICES.items()}
        return pl.concat(
            [
                shared_entities(conversations(population, parameters), "conversation"),
                shared_entities(population.links("reasoning_signature"), "signature"),
                shared_entities(returned(population, parameters), "returned"),
                *(trait_tokens(population, "voices", token, *masks) for token, masks in measured.items()),
            ]
        )

    def assess(self, candidate: Candidate, parameters: ConversationSharingParameters) -> list[Finding]:
        p = parameters
        shared = _shared(candidate, "conversation", p.cap)
        signed = _shared(candidate, "signature", _SIGNATURE_CAP)
        passed = _shared(candidate, "returned", p.returned_cap)
        voices = strongest(*(_voices(candidate, token) for token in _VOICES))
        replayed = _harvesting(signed, p.replay_cap, _SIGNATURE_CAP, _REPLAYED)
        cleaned = _harvesting(passed, p.cleaning_cap, p.returned_cap, _CLEANED)
        return present(shared, signed, passed, voices, _relay(shared, voices, p), replayed, cleaned)


def _shared(candidate: Candidate, kind: str, cap: float) -> Finding | None:
    graph, (claim, family, phrase) = candidate.graph, _PASSED[kind]
    columns = candidate.characteristic(kind)
    if columns.size == 0:
        return None
    carriers = graph.carriers(kind, columns)
    observable = candidate.population.states(*graph.declared[kind].observable_through)
    # What sharing is worth depends on how usual it is: people have second accounts, and hand over to colleagues.
    compared = candidate.compare(carriers, observable, elsewhere=graph.carries_any(kind))
    each = graph.matrix(kind)[candidate.members][:, columns].sum(axis=1)
    on_them = int(np.count_nonzero(carriers))
    # One text on many accounts is a task that was handed out; conversations are about as many as those who hold them.
    variety = min(1.0, columns.size / max(1, compared.shown))
    # Members were brought together by what they share: where most others share something too, that took no operator.
    part = compared.shown / max(1, on_them) * variety * (1.0 - compared.base_rate)
    details = {
        **compared.details("members_sharing", "members_stating", "sharing_outside"),
        "values": columns.size,
        "median_shared_by_a_member": float(np.median(np.asarray(each).ravel())),
        "accounts_on_them": on_them,
    }
    summary = f"{compared} have {phrase} ({columns.size:,} seen); {compared.usual} share any with anyone"
    return Finding(claim, family, "coordination", compared.group_bits(cap, _BASE_RATE_LIMIT) * part, summary, details)


def _voices(candidate: Candidate, token: int) -> Finding | None:
    """Accounts that several people seem to use, whatever languages or programs these are."""
    what, least, measure = _VOICES[token]
    compared = candidate.compare(*measure(candidate.population))
    bits = compared.group_bits(_VOICES_CAP)
    summary = f"{compared} use {least} or more {what} in one account, as {compared.usual} do"
    details = {"kind": what, **compared.details()}
    return supporting(Finding(Claim.MANY_USERS, "content", "coordination", bits, summary, details))


def _relay(shared: Finding | None, voices: Finding | None, p: ConversationSharingParameters) -> Finding | None:
    """Conversations or people spread over accounts: they are somebody else's customers."""
    effort = max(shared.bits / p.cap if shared else 0.0, voices.bits / _VOICES_CAP if voices else 0.0)
    summary = "conversations of many people are spread over the accounts, as by a relay between them and the model"
    return supporting(Finding(Claim.RELAY, "content", "extraction", p.relay_cap * effort, summary, {"effort": effort}))


def _harvesting(finding: Finding | None, most: float, cap: float, summary: str) -> Finding | None:
    """What a finding of at most ``cap`` bits says of harvesting, at most ``most`` bits."""
    if finding is None:
        return None
    details = {"members": finding.details["members_sharing"]}
    return Finding(finding.claim, "content", "extraction", most * finding.bits / cap, summary, details)
