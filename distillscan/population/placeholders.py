"""Values that stand for no value: an ``unknown`` device, a default key. Accounts that share one share nothing."""

from dataclasses import dataclass, replace
from functools import cache
from typing import Final

import numpy as np
import polars as pl

from distillscan.profile import Profile
from distillscan.profile.text.hashes import hash_column
from distillscan.wording import counted

#: Kinds of entity that name somebody or something of theirs, and how the report calls them.
NAMING: Final = {
    "device": "device",
    "payment": "payment method",
    "api_key": "key",
    "session": "session",
    "org": "organisation",
    "email_domain": "mail domain",
    "tls": "TLS fingerprint",
    "user_agent": "user agent",
    "client": "client",
    "asn": "network operator",
    "country": "country",
    "ip": "address",
    "ip_prefix": "network",
}
#: Of these, those that belong to one holder: if strangers share one, it is none.
_HOLDERS: Final = ("device", "payment", "api_key", "session")
_WORDS: Final = (
    "unknown", "anonymous", "anon", "default", "default_user", "default-user", "default_user_id", "default_key",
    "default-key", "unspecified", "unavailable", "not set", "(not set)", "not_set", "not available", "not provided",
    "placeholder", "dummy", "empty", "missing", "void", "nobody", "guest", "tbd", "xx", "zz",
)  # fmt: skip
_OTHERS: Final = (
    *("0" * digits for digits in (1, 8, 10, 12, 15, 16, 20, 24, 32, 40, 64)),
    *("00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"),
    *("02:00:00:00:00:00", "00:00:00:00:00:00", "9774d56d682e549c"),  # what Android says where it says nothing
    *("0.0.0.0", "127.0.0.1", "::/64", "0.0.0.0/24", "127.0.0.0/24", "::/48"),  # noqa: S104 - no socket is bound
    *("example.com", "example.org", "example.net", "localhost", "localhost.localdomain", "invalid", "test.com"),
    *("placeholder.com", "noemail.com", "no-email.com", "nomail.com", "noreply.com", "none.com"),
)

#: Accounts that share a value from which it can be a placeholder by their number alone.
_FEWEST: Final = 30
#: Share of all accounts with one device, payment method, key or session: no operator has half of them.
_MOST: Final = 0.5
#: The same if these accounts use as many client programs as all others do, so that they are strangers.
_MANY: Final = 0.25
#: Client programs, counted by how evenly they are used, from which variety tells strangers from one operator; and how
#: much of the variety of all accounts the ones in question show.
_CLIENTS: Final = 4.0
_VARIETY: Final = 0.5


@dataclass(frozen=True, slots=True)
class Placeholders:
    """A profile without links to placeholders, and what to say of those."""

    profile: Profile
    notes: tuple[str, ...]


def without_placeholders(profile: Profile) -> Placeholders:
    """Drop links to values that stand for none: by their name, or since an implausible part of all accounts has them.

    Accounts with nothing else of that kind are then accounts of which nothing is known.
    """
    carried = profile.links.filter(pl.col("kind").is_in(list(NAMING)))
    carriers = carried.group_by("kind", "entity").agg(pl.len().alias("accounts"))
    named = carriers.filter(pl.col("entity").is_in(pl.Series(sorted(_named()), dtype=pl.UInt64).implode()))
    shared = _shared(profile, carriers.join(named, on=["kind", "entity"], how="anti"))
    found = pl.concat([named, shared])
    if found.is_empty():
        return Placeholders(profile, ())
    left = {
        name: getattr(profile, name).join(found, on=["kind", "entity"], how="anti", maintain_order="left")
        for name in ("links", "entities")
    }
    return Placeholders(replace(profile, **left), _notes(profile, found))


def _notes(profile: Profile, found: pl.DataFrame) -> tuple[str, ...]:
    total = profile.accounts.height
    known = found.join(profile.entities, on=["kind", "entity"], how="left").sort("kind", "accounts", "entity")
    return tuple(
        f"{NAMING[kind]}{'' if value is None else f' {value}'} is a placeholder and no evidence: "
        f"{counted(accounts, 'account')} of {total:,} have it"
        for kind, value, accounts in known.select("kind", "value", "accounts").iter_rows()
    )


@cache
def _named() -> frozenset[int]:
    """The hashes by which profiles know values that are placeholders by their name, in the usual spellings."""
    words = {spell(word) for word in _WORDS for spell in (str, str.title, str.upper, str.capitalize)}
    return frozenset(hash_column(pl.Series(sorted({*words, *_OTHERS}))).to_list())


def _shared(profile: Profile, carriers: pl.DataFrame) -> pl.DataFrame:
    """The values of one holder that so many accounts have that they cannot have one holder."""
    total = profile.accounts.height
    often = pl.col("kind").is_in(_HOLDERS) & (pl.col("accounts") >= max(_FEWEST, _MANY * total))
    clients = profile.links.filter(pl.col("kind") == "client").sort("account", "requests", "entity")
    main = clients.unique("account", keep="last").select("account", pl.col("entity").alias("client"))
    everybodys = _variety(main)
    chosen = [
        row
        for row in carriers.filter(often).sort("kind", "entity").iter_rows(named=True)
        if row["accounts"] >= _MOST * total
        or (everybodys >= _CLIENTS and _variety(_of(profile, row, main)) >= _VARIETY * everybodys)
    ]
    return pl.DataFrame(chosen, schema=carriers.schema)


def _of(profile: Profile, row: dict[str, object], main: pl.DataFrame) -> pl.DataFrame:
    """The main clients of the accounts that have a value."""
    links = profile.links.filter((pl.col("kind") == row["kind"]) & (pl.col("entity") == row["entity"]))
    return main.join(links, on="account", how="semi")


def _variety(clients: pl.DataFrame) -> float:
    """How many clients there are, by how evenly they are used: Simpson's reciprocal index (Nature 163, 1949)."""
    shares = clients["client"].value_counts()["count"].to_numpy() / max(1, clients.height)
    return float(1 / np.square(shares).sum()) if shares.size else 0.0
