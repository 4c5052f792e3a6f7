"""Addresses, networks and client fingerprints that accounts share beyond chance, and proxies rotated over a pool."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from distillscan.detect.base import (
    Candidate,
    Detector,
    Finding,
    commonest,
    percent,
    plural,
    present,
    strongest,
    supporting,
)
from distillscan.detect.claims import Claim, SharedPoolFacts
from distillscan.detect.tokens import shared_entities, trait_tokens
from distillscan.population.accounts import Floats, Mask, Population, memoized
from distillscan.population.kinds import EGRESS, ROTATION, SOFTWARE, STACK, Kind
from distillscan.profile.tables import LINKS_KEPT
from distillscan.settings import threshold

_SHARED = ("ip", "ip_prefix", "tls", "user_agent")
_BASE_RATE_LIMIT: Final = 0.9  #: share of others on shared addresses that counts at most: behind one carrier all are
_ROTATION_CAP: Final = 6.0  #: bits at most of using a new network for most requests
_ROTATION_SHARE: Final = 0.5  #: networks a request from which an account rotates; phones stay below
_ROTATION_STICKY: Final = 0.25  #: networks a request, the same with several operators: proxies linger
_ROTATION_NETWORKS: Final = 5  #: networks below which an account does not rotate
_ROTATION_OPERATORS: Final = 4  #: operators (ASN) from which an account rotates; phones use two
_ROTATION_REQUESTS: Final = 8  #: requests below which rotation cannot be told from travel


@dataclass(frozen=True)
class InfrastructureOverlapParameters:
    """Parameters of ``infrastructure_overlap``."""

    pool_cap: float = threshold(8.0, "bits", "at most of a pool of addresses with few others on them")
    site_cap: float = threshold(3.0, "bits", "at most if one network explains it: offices and carriers do")
    site_share: float = threshold(0.6, "share", "of members mainly on one network from which it explains them")
    concealment_cap: float = threshold(1.5, "bits", "at most for harvesting: resellers and the careful rotate too")
    stack_clients: int = threshold(3, "programs", "that one TLS fingerprint claims to be if it is disguised")
    stack_main: float = threshold(0.6, "share", "of the commonest of these up to which it does not explain it")
    stack_cap: float = threshold(4.0, "bits", "at most of a disguised stack: company proxies break TLS open too")
    software_cap: float = threshold(1.5, "bits", "at most of rare client software: a small application is rare")


@memoized
def rotating(population: Population) -> tuple[Mask, Mask]:
    """Return the accounts that use a new network for most requests, and those of which it can be told.

    A new address of one carrier is none. Where the log names the operators of the networks there must be several:
    machines hired by the minute change addresses as well, but from one cloud or two.
    """
    networks, operators = population.distinct("ip_prefix"), population.distinct("asn")
    requests = with_address(population)
    several = operators >= _ROTATION_OPERATORS
    share = np.where(several, _ROTATION_STICKY, _ROTATION_SHARE)
    enough = (networks >= _ROTATION_NETWORKS) & (several | ~population.states("asn"))
    able = requests >= _ROTATION_REQUESTS
    return able & enough & (networks >= share * requests), able


def with_address(population: Population) -> Floats:
    """Return how many requests of each account state an address; all of them where the profile holds a sample only."""
    links = population.links("ip_prefix")
    number = links["number"].to_numpy()
    stated, touched = (
        np.bincount(number, weights, population.size) for weights in (links["requests"].to_numpy(), None)
    )
    return np.where(touched >= LINKS_KEPT, population.requests, stated)


def stacks(population: Population, p: InfrastructureOverlapParameters) -> pl.DataFrame:
    """Return links to TLS fingerprints behind which many client programs are said to be, and none mainly."""
    links = population.links("tls")
    client = pl.Series("client", population.client[links["number"].to_numpy()])
    named = links.with_columns(client).filter(pl.col("client") != 0)
    accounts = named.group_by("entity", "client").agg(pl.col("number").n_unique())
    main = pl.col("number").max() / pl.col("number").sum()
    spread = accounts.group_by("entity").agg(pl.len().alias("clients"), main=main)
    disguised = spread.filter(pl.col("clients") >= p.stack_clients, pl.col("main") <= p.stack_main)
    return named.join(disguised, on="entity", how="semi")


class InfrastructureOverlapDetector(Detector):
    """Shared addresses, prefixes, TLS fingerprints and agents; rotation. Shared egress is explained, not counted."""

    name = "infrastructure_overlap"
    version = "2"
    summary = "addresses, networks and fingerprints shared beyond chance; proxies rotated over a pool of accounts"
    family = "network"
    needs = ("ip|tls_fingerprint|user_agent",)
    kinds = (
        # Each operator rents its own addresses. A prefix repeats what its addresses say.
        Kind("ip", EGRESS, ("ip",), seeding=1.0, merge_strength="strong", distinguishes_operators=True, id_priority=4),
        Kind("ip_prefix", EGRESS, ("ip",), seeding=0.4, merge_strength="weak", id_priority=4),
        # What is too common to join accounts alone is crossed with other such traits.
        Kind(
            "rotation",
            ROTATION,
            ("ip",),
            crossed_with=("stack", "signup", "tls", "user_agent", "pivot", "dealt", "voices", "intent"),
        ),
        Kind("stack", STACK, ("tls",), crossed_with=("signup", "dealt", "voices", "intent")),
        Kind("tls", SOFTWARE, ("tls",), id_priority=7),
        Kind("user_agent", SOFTWARE, ("user_agent",), id_priority=7),
    )
    parameters = InfrastructureOverlapParameters()

    def signals(self, population: Population, parameters: InfrastructureOverlapParameters) -> pl.DataFrame:
        parts = [shared_entities(population.links(kind), kind) for kind in _SHARED]
        parts.append(shared_entities(stacks(population, parameters), "stack"))
        return pl.concat([*parts, trait_tokens(population, "rotation", 1, *rotating(population))])

    def assess(self, candidate: Candidate, parameters: InfrastructureOverlapParameters) -> list[Finding]:
        # Agent and fingerprint are two sides of one program: the stronger speaks for both.
        software = strongest(*(_software(candidate, kind, parameters) for kind in _PROGRAMS))
        pool, rotation = _pool(candidate, parameters), _rotation(candidate)
        return present(pool, rotation, software, _concealment(pool, rotation, parameters))


def _pool(candidate: Candidate, p: InfrastructureOverlapParameters) -> Finding | None:
    """The addresses, or where every address is an account's own the networks, that members share."""
    stated, prefixes = candidate.population.states("ip"), candidate.characteristic("ip_prefix")
    kind, sharing = "ip", candidate.sharing("ip", stated, with_anyone=True)
    if sharing is None:
        kind, sharing = "ip_prefix", candidate.sharing("ip_prefix", stated, with_anyone=True)
    if sharing is None:
        return None
    columns, compared = sharing
    # Strangers on the same addresses are the sign of a carrier or VPN.
    on_them = int(np.count_nonzero(candidate.graph.carriers(kind, columns)))
    concentration = compared.shown / max(1, on_them)
    # Members whose requests come mostly from one network are an office, not a pool.
    home = candidate.population.dominant("ip_prefix")[candidate.members]
    site = commonest(home[home != 0])[1] / max(1, compared.observable)
    one_site = site >= p.site_share
    bits = compared.group_bits(p.site_cap if one_site else p.pool_cap, _BASE_RATE_LIMIT) * concentration
    places = plural(columns.size, "address" if kind == "ip" else "network")
    where = f"{places} in {plural(prefixes.size, 'network')}"
    where = f"one network serves {percent(site)} of them" if one_site else where
    summary = (
        f"{compared} meet on shared addresses ({where}); {percent(concentration)} of the accounts on these are "
        f"members, and {compared.usual} share an address with anyone"
    )
    details = {
        **compared.details("members_sharing", "members_with_address", "sharing_outside"),
        "addresses": columns.size if kind == "ip" else 0,
        "networks": prefixes.size,
        "largest_network_share": site,
        "accounts_on_them": on_them,
    }
    facts = SharedPoolFacts(compared.shown, on_them, site, prefixes.size)
    return Finding(Claim.SHARED_POOL, "network", "coordination", bits, summary, details, facts)


def _rotation(candidate: Candidate) -> Finding | None:
    compared = candidate.compare(*rotating(candidate.population))
    bits = compared.group_bits(_ROTATION_CAP)
    summary = f"{compared} use a new network for most requests; {compared.usual} do"
    details = compared.details("members_rotating", "members_with_enough_requests")
    return supporting(Finding(Claim.ROTATION, "network", "coordination", bits, summary, details))


def _concealment(pool: Finding | None, rotation: Finding | None, p: InfrastructureOverlapParameters) -> Finding | None:
    """A pool or rotation takes effort that ordinary customers have no reason for: it speaks for harvesting as well."""
    effort = rotation.bits / _ROTATION_CAP if rotation else 0.0
    if pool and isinstance(pool.facts, SharedPoolFacts) and pool.facts.largest_network_share < p.site_share:
        effort = max(effort, pool.bits / p.pool_cap)
    summary = (
        "requests come from a pool of addresses or from one network after another, for which ordinary use has no reason"
    )
    bits, details = p.concealment_cap * effort, {"effort": effort}
    return supporting(Finding(Claim.CONCEALMENT, "network", "extraction", bits, summary, details, specific=False))


_PROGRAMS = {
    "stack": ("tls", "one network stack (TLS fingerprint) under the names of many client programs"),
    "tls": ("tls", "TLS fingerprints"),
    "user_agent": ("user_agent", "user agents"),
}


def _software(candidate: Candidate, kind: str, p: InfrastructureOverlapParameters) -> Finding | None:
    entity, what = _PROGRAMS[kind]
    sharing = candidate.sharing(kind, candidate.population.states(entity))
    if sharing is None:
        return None
    columns, compared = sharing
    summary = f"{compared} use {what} that {compared.usual} use"
    details = {"kind": kind, **compared.details(), "values": columns.size}
    claim, cap = (Claim.NETWORK_STACK, p.stack_cap) if kind == "stack" else (Claim.RARE_SOFTWARE, p.software_cap)
    return Finding(claim, "network", "coordination", compared.group_bits(cap), summary, details)
