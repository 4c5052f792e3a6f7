"""Many accounts, one hand: shared payments, devices and keys, sign-up bursts, mail domains."""

from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
import polars as pl
from scipy import special
from scipy.ndimage import convolve1d

from distillscan.detect.base import Candidate, Detector, Finding, plural, present
from distillscan.detect.claims import Claim, OwnDomainFacts, SharedHolderFacts
from distillscan.detect.mail_providers import provider_entities
from distillscan.detect.tokens import shared_entities
from distillscan.population.accounts import CREATED, Population
from distillscan.population.kinds import HOLDER, REGISTRATION, Kind
from distillscan.settings import threshold

#: What has one holder: its kind, and its name for one and for several.
_HOLDERS = {
    "payment": ("payment method", "payment methods"),
    "device": ("device", "devices"),
    "api_key": ("API key", "API keys"),
    "session": ("session", "sessions"),
}
_HOLDER_CAP: Final = 8.0  #: bits at most of several cards, devices or keys, each on several accounts
_SINGLE_SHARE: Final = 0.7  #: share of the carriers on one value from which it is a single one
_BURST_MIN: Final = 5  #: accounts that a burst has at least
_COMMON_DOMAIN_SHARE: Final = 0.01  #: share of all accounts above which a domain is a provider's
_COMMON_DOMAIN_ACCOUNTS: Final = 50  #: accounts that this is at least: small logs have few


@dataclass(frozen=True)
class AccountFanoutParameters:
    """Parameters of ``account_fanout``."""

    single_holder_cap: float = threshold(4.0, "bits", "at most of a single card or device: an agency or family has one")
    signup_cap: float = threshold(5.0, "bits", "at most of sign-up bursts: events and courses make them too")
    domain_cap: float = threshold(3.0, "bits", "at most of e-mail domains that few others use")
    burst_hours: int = threshold(6, "hours", "in a window in which sign-ups are counted")
    burst_p: float = threshold(1e-6, "probability", "in the Poisson tail below which a window is a burst")
    burst_days: int = threshold(14, "days", "on either side that tell what is usual: courses begin by the month")


def own_domains(population: Population) -> pl.DataFrame:
    """Return links to mail domains but those of mail providers (by hash, or because so many accounts use them)."""
    limit = max(_COMMON_DOMAIN_ACCOUNTS, _COMMON_DOMAIN_SHARE * population.size)
    providers = pl.Series(sorted(provider_entities()), dtype=pl.UInt64).implode()
    known = pl.col("entity").is_in(providers)
    return population.links("email_domain").filter(~known, pl.len().over("entity") <= limit)


def signup_bursts(population: Population, p: AccountFanoutParameters) -> pl.DataFrame:
    """Return accounts created in windows with far more sign-ups than the weeks around: ``account``, ``token``.

    A window is a burst if its count is beyond the Poisson tail ``burst_p`` of the mean of the windows within
    ``burst_days`` on either side (itself and its neighbours left out); adjacent bursts are one.
    """
    # A date at the very beginning of the epoch was never set.
    dated = population.profile.accounts.filter(pl.col("created").dt.epoch("s") >= 86_400)
    created = dated.select("account", token=(pl.col("created").dt.epoch("s") // (3600 * p.burst_hours)).cast(pl.UInt64))
    if created.is_empty():
        return created
    window = created["token"].to_numpy().astype(np.int64)
    first = window.min()
    counts = np.bincount(window - first).astype(np.float64)
    reach = p.burst_days * 24 // p.burst_hours
    around = (np.abs(np.arange(-reach, reach + 1)) > 1).astype(np.float64)
    sums, sizes = (convolve1d(each, around, mode="constant") for each in (counts, np.ones(counts.size)))
    # Half an event is added: two weeks without sign-ups do not make the next pair a burst.
    burst = (counts >= _BURST_MIN) & (special.pdtrc(counts - 1, (sums + 0.5) / np.maximum(1, sizes)) < p.burst_p)
    begins = burst & ~np.concatenate([[False], burst[:-1]])
    # The window in which the burst of each window begins.
    begin = first + np.maximum.accumulate(np.where(begins, np.arange(counts.size), 0))
    bursts = created.with_columns(pl.Series("token", begin[window - first], dtype=pl.UInt64))
    return bursts.filter(pl.Series(burst[window - first]))


_KIND = partial(Kind, cause=HOLDER, seeding=1.0, merge_strength="strong", id_priority=2)


class AccountFanoutDetector(Detector):
    """Payments, devices, keys, sign-ups and mail domains that many accounts share."""

    name = "account_fanout"
    version = "2"
    summary = "many accounts behind one payment, device, key, mail domain or sign-up burst"
    family = "identity"
    needs = ("payment_id|device_id|api_key_id|session_id|email_domain|account_created_at",)
    kinds = (
        # Each operator pays with its own cards. A session says little beyond the key or device it ran on.
        _KIND("payment", observable_through=("payment",), distinguishes_operators=True),
        _KIND("device", observable_through=("device",)),
        _KIND("api_key", observable_through=("api_key",)),
        _KIND("session", observable_through=("session",), seeding=0.5, low_degree=True),
        # A sign-up window or mail domain is weak alone.
        Kind(
            "signup",
            REGISTRATION,
            (CREATED,),
            seeding=0.5,
            merge_strength="weak",
            crossed_with=("tls", "user_agent", "email_domain", "dealt", "voices", "intent"),
            id_priority=6,
        ),
        Kind("email_domain", REGISTRATION, ("email_domain",), seeding=0.5, merge_strength="weak", id_priority=5),
    )
    parameters = AccountFanoutParameters()

    def signals(self, population: Population, parameters: AccountFanoutParameters) -> pl.DataFrame:
        parts = [shared_entities(population.links(kind), kind) for kind in _HOLDERS]
        parts.append(shared_entities(own_domains(population), "email_domain"))
        bursts = signup_bursts(population, parameters)
        parts.append(bursts.select("account", pl.lit("signup").alias("kind"), "token", pl.lit(1.0).alias("strength")))
        return pl.concat(parts)

    def assess(self, candidate: Candidate, parameters: AccountFanoutParameters) -> list[Finding]:
        holders = [_holder(candidate, kind, parameters) for kind in _HOLDERS]
        return present(*holders, *(_registration(candidate, kind, parameters) for kind in ("email_domain", "signup")))


def _holder(candidate: Candidate, kind: str, p: AccountFanoutParameters) -> Finding | None:
    # Families and teams share as well.
    sharing = candidate.sharing(kind, candidate.population.states(kind), with_anyone=True)
    if sharing is None:
        return None
    columns, compared = sharing
    commonest = int(candidate.graph.carriers_among(kind, candidate.members)[columns].max())
    single = commonest >= _SINGLE_SHARE * max(1, compared.shown)
    one, several = _HOLDERS[kind]
    what = f"one {one}" if single else f"{columns.size} {several}"
    summary = f"{compared} with a known {one} share {what}; {compared.usual} share theirs"
    details = {
        "kind": kind,
        **compared.details("members_sharing", "members_stating", "sharing_outside"),
        "values": columns.size,
        "members_on_the_commonest": commonest,
    }
    bits = compared.group_bits(p.single_holder_cap if single else _HOLDER_CAP)
    facts = SharedHolderFacts(kind, commonest)
    return Finding(Claim.SHARED_HOLDER, "identity", "coordination", bits, summary, details, facts)


def _registration(candidate: Candidate, kind: str, p: AccountFanoutParameters) -> Finding | None:
    signup = kind == "signup"
    sharing = candidate.sharing(kind, candidate.population.states(CREATED if signup else kind))
    if sharing is None:
        return None
    columns, compared = sharing
    what = "signed up in bursts" if signup else "use mail domains of their own"
    values = plural(columns.size, "burst" if signup else "domain")
    summary = f"{compared} {what} ({values}); {compared.usual} do the same"
    details = {"kind": kind, **compared.details(), "values": columns.size}
    claim, cap = (Claim.SIGNUP_BURST, p.signup_cap) if signup else (Claim.OWN_DOMAIN, p.domain_cap)
    facts = None if signup else OwnDomainFacts(compared.shown, columns.size)
    return Finding(claim, "identity", "coordination", compared.group_bits(cap), summary, details, facts)
