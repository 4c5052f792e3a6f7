"""Addresses, networks and client fingerprints that accounts share beyond chance, and proxies rotated over a pool."""

import numpy as np
import polars as pl

from distillscan.detect.base import Candidate, Finding, percent, plural, rates, shared_entities, trait
from distillscan.detect.stats import group_bits
from distillscan.parameters import InfrastructureOverlap
from distillscan.population.accounts import Floats, Mask, Population, memoized
from distillscan.population.graph import SIGNALS
from distillscan.profile.tables import LINKS_KEPT
from distillscan.result import Family

_SHARED = ("ip", "ip_prefix", "tls", "user_agent")


@memoized
def rotating(population: Population, p: InfrastructureOverlap) -> Mask:
    """Return True for accounts whose requests come from ever new networks, not just new addresses of one carrier.

    Where the log names the operators of the networks there must be several: machines hired by the minute get ever new
    addresses as well, but from one cloud or two.
    """
    networks, operators = population.distinct("ip_prefix"), population.distinct("asn")
    several = operators >= p.rotation_operators
    share = np.where(several, p.rotation_sticky, p.rotation_share)
    enough = (networks >= p.rotation_networks) & (several | ~population.states("asn"))
    return able_to_rotate(population, p) & enough & (networks >= share * with_address(population))


def with_address(population: Population) -> Floats:
    """Return how many requests of each account state an address; all of them where the profile holds a sample only."""
    links = population.links("ip_prefix")
    number = links["number"].to_numpy()
    stated = np.bincount(number, weights=links["requests"].to_numpy(), minlength=population.size)
    full = np.bincount(number, minlength=population.size) >= LINKS_KEPT
    return np.where(full, population.requests, stated)


def stacks(population: Population, p: InfrastructureOverlap) -> pl.DataFrame:
    """Return links to TLS fingerprints behind which many client programs are said to be, and none mainly."""
    links = population.links("tls")
    client = pl.Series("client", population.client[links["number"].to_numpy()])
    named = links.with_columns(client).filter(pl.col("client") != 0)
    spread = (
        named.group_by("entity", "client")
        .agg(pl.col("number").n_unique().alias("accounts"))
        .group_by("entity")
        .agg(pl.len().alias("clients"), (pl.col("accounts").max() / pl.col("accounts").sum()).alias("main"))
        .filter(pl.col("clients") >= p.stack_clients, pl.col("main") <= p.stack_main)
    )
    return named.join(spread.select("entity"), on="entity", how="semi")


def able_to_rotate(population: Population, p: InfrastructureOverlap) -> Mask:
    """Return True for accounts with addresses and requests enough to tell whether they rotate."""
    return with_address(population) >= p.rotation_requests


class Detector:
    """Shared addresses, prefixes, TLS fingerprints and agents; rotation. Shared egress is explained, not counted."""

    name = "infrastructure_overlap"
    version = "2"
    summary = "addresses, networks and fingerprints shared beyond chance; proxies rotated over a pool of accounts"
    family: Family = "network"
    needs = ("ip|tls_fingerprint|user_agent",)
    parameters = InfrastructureOverlap()

    def signals(self, population: Population, parameters: InfrastructureOverlap) -> pl.DataFrame:
        """Return tokens for shared network entities, and one for accounts that rotate."""
        parts = [shared_entities(population.links(kind), kind) for kind in _SHARED]
        parts.append(shared_entities(stacks(population, parameters), "stack"))
        parts.append(
            trait(population, "rotation", 1, rotating(population, parameters), able_to_rotate(population, parameters))
        )
        return pl.concat([part.cast(SIGNALS) for part in parts])

    def assess(self, candidate: Candidate, parameters: InfrastructureOverlap) -> list[Finding]:
        """Weigh the pool of addresses, the rotation, and the client fingerprints."""
        software = [
            f for kind in ("stack", "tls", "user_agent") if (f := _software(candidate, kind, parameters)) is not None
        ]
        # Agent and fingerprint are two sides of one program: the stronger speaks for both.
        best = max(software, key=lambda f: f.bits, default=None)
        pool, rotation = _pool(candidate, parameters), _rotation(candidate, parameters)
        found = [pool, rotation, best, _concealment(pool, rotation, parameters)]
        return [finding for finding in found if finding is not None]


def _pool(candidate: Candidate, p: InfrastructureOverlap) -> Finding | None:
    graph, population, members = candidate.graph, candidate.population, candidate.members
    tokens = candidate.characteristic("ip")
    prefixes = candidate.characteristic("ip_prefix")
    kind, chosen = ("ip", tokens) if tokens.size else ("ip_prefix", prefixes)
    if chosen.size == 0:
        return None
    known = population.states("ip")
    carriers = graph.habitual_carriers(kind, chosen)
    trials = int(np.count_nonzero(known[members]))
    inside = int(np.count_nonzero(carriers[members]))
    on_them = int(np.count_nonzero(carriers | graph.carriers(kind, chosen)))
    concentration = inside / max(1, on_them)
    others = known & ~candidate.mask
    sharing = graph.carries_any(kind)
    outside = float(np.count_nonzero(sharing & others) + 0.5) / (np.count_nonzero(others) + 1)
    site = _largest_home(candidate) / max(1, trials)
    one_site = site >= p.site_share
    cap = p.site_cap if one_site else p.pool_cap
    # Strangers on the same addresses are the sign of a carrier or VPN; sharing at all is usual for some.
    bits = group_bits(inside, trials, members.size, min(p.usual_most, outside), cap) * concentration
    places = plural(int(chosen.size), "address" if kind == "ip" else "network")
    where = (
        f"one network serves {percent(site)} of them"
        if one_site
        else f"{places} in {plural(int(prefixes.size), 'network')}"
    )
    text = (
        f"{inside} of {trials} members meet on shared addresses ({where}); {percent(concentration)} of the accounts "
        f"on these are members, and {percent(outside)} of other accounts share an address with anyone"
    )
    numbers = {
        "members_sharing": inside,
        "members_with_address": trials,
        "addresses": int(tokens.size),
        "networks": int(prefixes.size),
        "largest_network_share": site,
        "accounts_on_them": on_them,
        "sharing_outside": outside,
    }
    return Finding("network", "coordination", bits, text, numbers)


def _concealment(pool: Finding | None, rotation: Finding | None, p: InfrastructureOverlap) -> Finding | None:
    """A pool or rotation takes effort that ordinary customers have no reason for: it speaks for harvesting as well."""
    effort = 0.0
    if pool is not None and pool.details["largest_network_share"] < p.site_share:
        effort = pool.bits / p.pool_cap
    if rotation is not None:
        effort = max(effort, rotation.bits / p.rotation_cap)
    if effort <= 0:
        return None
    text = "requests are spread over a pool of addresses or ever new networks, for which ordinary use has no reason"
    return Finding("network", "extraction", p.concealment_cap * effort, text, {"specific": False, "effort": effort})


def _largest_home(candidate: Candidate) -> int:
    """Members whose requests come mostly from the same network as those of most others: an office, not a pool."""
    population = candidate.population
    home = population.dominant("ip_prefix")[candidate.members]
    _, counts = np.unique(home[home != 0], return_counts=True)
    return int(counts.max()) if counts.size else 0


def _rotation(candidate: Candidate, p: InfrastructureOverlap) -> Finding | None:
    population, members = candidate.population, candidate.members
    turning = rotating(population, p)
    inside, trials, outside = rates(candidate, turning, able_to_rotate(population, p))
    bits = group_bits(inside, trials, members.size, outside, p.rotation_cap)
    if bits <= 0:
        return None
    text = f"{inside} of {trials} members come from ever new networks; {percent(outside)} of other accounts do"
    numbers = {"members_rotating": inside, "members_with_enough_requests": trials, "rate_outside": outside}
    return Finding("network", "coordination", bits, text, numbers)


_PROGRAMS = {
    "stack": ("tls", "one network stack (TLS fingerprint) under the names of many client programs"),
    "tls": ("tls", "TLS fingerprints"),
    "user_agent": ("user_agent", "user agents"),
}


def _software(candidate: Candidate, kind: str, p: InfrastructureOverlap) -> Finding | None:
    tokens = candidate.characteristic(kind)
    if tokens.size == 0:
        return None
    entity, what = _PROGRAMS[kind]
    carriers = candidate.graph.habitual_carriers(kind, tokens)
    inside, trials, outside = rates(candidate, carriers, candidate.population.states(entity))
    cap = p.stack_cap if kind == "stack" else p.software_cap
    bits = group_bits(inside, trials, candidate.members.size, outside, cap)
    text = f"{inside} of {trials} members use {what} that {percent(outside)} of other accounts use"
    numbers = {
        "kind": kind,
        "members": inside,
        "members_stating": trials,
        "values": int(tokens.size),
        "rate_outside": outside,
    }
    return Finding("network", "coordination", bits, text, numbers)
