"""Many accounts, one hand: shared payments, devices and keys, sign-up bursts, mail domains."""

import numpy as np
import polars as pl

from distillscan.detect.base import Candidate, Finding, percent, plural, shared_entities
from distillscan.detect.mail_providers import provider_entities
from distillscan.detect.stats import group_bits
from distillscan.parameters import AccountFanout
from distillscan.population.accounts import CREATED, Ints, Population
from distillscan.population.graph import SIGNALS
from distillscan.result import Family

_HOLDERS = ("payment", "device", "api_key", "session")
_PLURAL = {"payment": "payment methods", "device": "devices", "api_key": "API keys", "session": "sessions"}
_ONE = {"payment": "payment method", "device": "device", "api_key": "API key", "session": "session"}


def own_domains(population: Population, p: AccountFanout) -> pl.DataFrame:
    """Links to mail domains that are not those of mail providers (by hash, or because so many accounts use them)."""
    links = population.links("email_domain")
    if links.is_empty():
        return links
    limit = max(p.common_domain_accounts, p.common_domain_share * population.size)
    providers = pl.Series(sorted(provider_entities()), dtype=pl.UInt64)
    return links.filter(~pl.col("entity").is_in(providers.implode()), pl.len().over("entity") <= limit)


def signup_bursts(population: Population, p: AccountFanout) -> pl.DataFrame:
    """Accounts created in windows with far more sign-ups than the weeks around: ``account``, ``token``.

    A window is a burst if its count is beyond the Poisson tail ``burst_p`` of the mean of the windows within
    ``burst_days`` on either side (itself and its neighbours left out); adjacent bursts are one.
    """
    # A date at the very beginning of the epoch was never set.
    dated = population.profile.accounts.filter(pl.col("created").dt.epoch("s") >= 86_400)
    created = dated.select("account", (pl.col("created").dt.epoch("s") // (3600 * p.burst_hours)).alias("window"))
    none = pl.Schema({"account": pl.UInt64(), "token": pl.UInt64()}).to_frame()
    if created.is_empty():
        return none
    counts = created.group_by("window").len().sort("window")
    window = counts["window"].to_numpy()
    filled = np.zeros(int(window[-1] - window[0]) + 1)
    filled[window - window[0]] = counts["len"].to_numpy()
    reach = p.burst_days * 24 // p.burst_hours
    total = np.concatenate([[0.0], np.cumsum(filled)])
    at = np.arange(filled.size)

    def around(width: int) -> tuple["np.ndarray[tuple[int], np.dtype[np.float64]]", Ints]:
        low, high = np.maximum(0, at - width), np.minimum(filled.size, at + width + 1)
        return total[high] - total[low], high - low

    wide, wide_n = around(reach)
    near, near_n = around(1)
    # Half an event is added: two weeks without sign-ups do not make the next pair a burst.
    mean = (wide - near + 0.5) / np.maximum(1, wide_n - near_n)
    burst = filled >= p.burst_min
    if np.any(burst):
        # Loading it takes as long as reading a small log.
        from scipy import special

        burst &= special.pdtrc(filled - 1, mean) < p.burst_p
    start = np.flatnonzero(burst & ~np.concatenate([[False], burst[:-1]]))
    label = np.where(burst, start[np.cumsum(np.isin(at, start)) - 1] if start.size else 0, -1)
    chosen = label[created["window"].to_numpy() - window[0]]
    return (
        created.with_columns(pl.Series("token", chosen))
        .filter(pl.col("token") >= 0)
        .select("account", (pl.col("token") + int(window[0])).cast(pl.UInt64))
    )


class Detector:
    """Payments, devices, keys, sign-ups and mail domains that many accounts share."""

    name = "account_fanout"
    version = "2"
    summary = "many accounts behind one payment, device, key, mail domain or sign-up burst"
    family: Family = "identity"
    needs = ("payment_id|device_id|api_key_id|session_id|email_domain|account_created_at",)
    parameters = AccountFanout()

    def signals(self, population: Population, parameters: AccountFanout) -> pl.DataFrame:
        """Return tokens for shared holders, own mail domains and sign-up bursts."""
        parts = [shared_entities(population.links(kind), kind) for kind in _HOLDERS]
        parts.append(shared_entities(own_domains(population, parameters), "email_domain"))
        bursts = signup_bursts(population, parameters)
        parts.append(bursts.select("account", pl.lit("signup").alias("kind"), "token", pl.lit(1.0).alias("strength")))
        return pl.concat([part.cast(SIGNALS) for part in parts])

    def assess(self, candidate: Candidate, parameters: AccountFanout) -> list[Finding]:
        """Weigh who holds the accounts, and when and where they signed up."""
        findings = [f for kind in _HOLDERS if (f := _holder(candidate, kind, parameters)) is not None]
        for kind, cap in (("email_domain", parameters.domain_cap), ("signup", parameters.signup_cap)):
            found = _registration(candidate, kind, cap)
            if found is not None:
                findings.append(found)
        return findings


def _holder(candidate: Candidate, kind: str, p: AccountFanout) -> Finding | None:
    graph, population, members = candidate.graph, candidate.population, candidate.members
    tokens = candidate.characteristic(kind)
    if tokens.size == 0:
        return None
    known = population.states(kind)
    trials = int(np.count_nonzero(known[members]))
    inside = int(np.count_nonzero(graph.habitual_carriers(kind, tokens)[members]))
    others = known & ~candidate.mask
    # What sharing is worth depends on how usual it is to share at all: families and teams do.
    sharing = graph.carries_any(kind)
    outside = float(np.count_nonzero(sharing & others) + 0.5) / (np.count_nonzero(others) + 1)
    most = int(graph.carriers_among(kind, members)[tokens].max())
    single = most >= p.single_share * max(1, inside)
    cap = p.single_holder_cap if single else p.holder_cap
    bits = group_bits(inside, trials, members.size, outside, cap)
    name = f"one {_ONE[kind]}" if single else f"{tokens.size} {_PLURAL[kind]}"
    text = (
        f"{inside} of {trials} members with a known {_ONE[kind]} share {name}; "
        f"{percent(outside)} of other accounts share theirs"
    )
    numbers = {
        "kind": kind,
        "members_sharing": inside,
        "members_stating": trials,
        "values": int(tokens.size),
        "members_on_the_commonest": most,
        "sharing_outside": outside,
    }
    return Finding("identity", "coordination", bits, text, numbers)


def _registration(candidate: Candidate, kind: str, cap: float) -> Finding | None:
    graph, population, members = candidate.graph, candidate.population, candidate.members
    tokens = candidate.characteristic(kind)
    if tokens.size == 0:
        return None
    known = population.states(CREATED if kind == "signup" else kind)
    carriers = graph.habitual_carriers(kind, tokens)
    trials = int(np.count_nonzero(known[members]))
    inside = int(np.count_nonzero(carriers[members]))
    others = known & ~candidate.mask
    outside = float(np.count_nonzero(carriers & others) + 0.5) / (np.count_nonzero(others) + 1)
    bits = group_bits(inside, trials, members.size, outside, cap)
    what = "signed up in bursts" if kind == "signup" else "use mail domains of their own"
    spread = plural(int(tokens.size), "burst" if kind == "signup" else "domain")
    text = f"{inside} of {trials} members {what} ({spread}); {percent(outside)} of other accounts do the same"
    numbers = {
        "kind": kind,
        "members": inside,
        "members_stating": trials,
        "values": int(tokens.size),
        "rate_outside": outside,
    }
    return Finding("identity", "coordination", bits, text, numbers)
