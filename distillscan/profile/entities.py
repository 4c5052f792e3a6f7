"""Which entities a request touches: columns as they are, and values derived from addresses, clients and domains."""

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
import polars as pl

from distillscan.profile.kernels.arrays import U64, Bools
from distillscan.profile.store.index import Index
from distillscan.profile.text.hashes import texts_of

_COLON = pl.col("text").str.contains(":", literal=True)
_FOUR = pl.col("text").str.strip_chars().str.to_lowercase()
_SIX = _FOUR.str.replace(r"^::ffff:(\d+\.)", "${1}")
_LINK = pl.col("text").str.contains("^fe[89ab]")
_GROUPS = pl.col("text").str.split("::").list.first().str.split(":").list.head(4).list.join(":")
_NETWORK_FOUR = pl.col("text").str.replace(r"\.[^.]*$", ".0/24")
_GLOBAL_SIX = pl.col("text").str.strip_suffix("::/64").str.split(":").list.head(3).list.join(":") + "::/48"
_NETWORK_SIX = pl.when(_LINK).then(pl.lit("fe80::/64")).otherwise(_GLOBAL_SIX)


def _derived(texts: pl.Series, expression: pl.Expr) -> pl.Series:
    """Work out an expression of the column ``text``: one call for all its steps, since most calls see few texts."""
    return pl.select(texts.alias("text")).select(expression).to_series().alias(texts.name)


def _has_six(texts: pl.Series) -> bool:
    return bool(texts.str.contains(":", literal=True).any())


def hosts(addresses: pl.Series) -> pl.Series:
    """Addresses as one subscriber has them: IPv4 whole, IPv6 by its /64 (hosts rotate the rest, RFC 8981).

    Link-local addresses are whole as well: all of them are in one /64.
    """
    if not _has_six(addresses):
        return _derived(addresses, _FOUR)
    subscriber = pl.when(_COLON & ~_LINK).then(_GROUPS + "::/64").otherwise(pl.col("text"))
    return _derived(_derived(addresses, _SIX), subscriber)


def address(column: str = "ip") -> pl.Expr:
    """The host (see ``hosts``) of each address in a column."""
    return pl.col(column).map_batches(hosts, return_dtype=pl.String)


def networks(addresses: pl.Series) -> pl.Series:
    """The networks that hosts (see ``hosts``) are announced in, roughly: IPv4 /24, IPv6 /48."""
    if not _has_six(addresses):
        return _derived(addresses, _NETWORK_FOUR)
    return _derived(addresses, pl.when(_COLON).then(_NETWORK_SIX).otherwise(_NETWORK_FOUR))


def _from_address(texts: pl.Series) -> dict[str, pl.Series]:
    found = hosts(texts)
    return {"ip": found, "ip_prefix": networks(found)}


def _from_user_agent(texts: pl.Series) -> dict[str, pl.Series]:
    return {"user_agent": texts, "client": texts.str.replace_all(r"\d+", "#")}


def _from_mail(texts: pl.Series) -> dict[str, pl.Series]:
    return {"email_domain": _derived(texts, _FOUR)}


Derive = Callable[[pl.Series], Mapping[str, pl.Series]]

#: Column to the entity kind that it states as it is.
STATED: Final[Mapping[str, str]] = {
    "asn": "asn",
    "country": "country",
    "tls_fingerprint": "tls",
    "device_id": "device",
    "payment_id": "payment",
    "org_id": "org",
    "plan": "plan",
    "account_type": "account_type",
    "pathway": "pathway",
    "api_key_id": "api_key",
    "session_id": "session",
    "system_prompt": "system_prompt",
    "reasoning_signature": "reasoning_signature",
}
#: Column to the function that derives the values of entity kinds from it.
DERIVED: Final[Mapping[str, Derive]] = {"ip": _from_address, "user_agent": _from_user_agent, "email_domain": _from_mail}

#: Distinct texts whose derived hashes are remembered; with more than that they are forgotten.
_REMEMBERED = 1 << 18


class DerivedHashes:
    """Hashes of the values that a function derives from texts, worked out once for every distinct text."""

    def __init__(self, derive: Derive) -> None:
        self._derive = derive
        self._index = Index()
        self._hashes: dict[str, U64] = {}

    def hashes(self, column: pl.Series, texts: U64, wanted: Bools) -> dict[str, U64]:
        """Return the hash of the value derived from each text, by entity kind.

        Args:
            column: The texts.
            texts: Their hashes.
            wanted: Which of them count.
        """
        if self._index.count > _REMEMBERED:
            self._index, self._hashes = Index(), {}
        numbers, new = self._index.add(texts, wanted)
        if new.size:
            for kind, values in self._derive(column.gather(new)).items():
                known = self._hashes.get(kind, np.zeros(0, np.uint64))
                self._hashes[kind] = np.concatenate([known, texts_of(values).hashes()])
        return {kind: hashes[numbers] for kind, hashes in self._hashes.items()}
