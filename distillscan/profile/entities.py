"""Which entities a request touches: columns as they are, and values derived from addresses, clients and domains."""

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
import polars as pl

from distillscan.compiled import U64, Bools
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
    return texts.to_frame("text").select(expression.alias(texts.name)).to_series()


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


def networks(addresses: pl.Series) -> pl.Series:
    """The networks that hosts (see ``hosts``) are announced in, roughly: IPv4 /24, IPv6 /48."""
    if not _has_six(addresses):
        return _derived(addresses, _NETWORK_FOUR)
    return _derived(addresses, pl.when(_COLON).then(_NETWORK_SIX).otherwise(_NETWORK_FOUR))


#: Column of the kinds of entity that are not called as theirs.
COLUMN_OF: Final = {
    "ip_prefix": "ip",
    "tls": "tls_fingerprint",
    "client": "user_agent",
    "device": "device_id",
    "payment": "payment_id",
    "org": "org_id",
    "api_key": "api_key_id",
    "session": "session_id",
}
#: How entities are derived from the texts of their column; those of other kinds are the texts.
DERIVE: Final[Mapping[str, Callable[[pl.Series], pl.Series]]] = {
    "ip": hosts,
    "ip_prefix": lambda addresses: networks(hosts(addresses)),
    "client": lambda agents: agents.str.replace_all(r"\d+", "#"),
    "email_domain": lambda domains: _derived(domains, _FOUR),
}

#: Distinct texts whose derived hashes are remembered; with more than that they are forgotten.
_REMEMBERED = 1 << 18


class DerivedHashes:
    """Hashes of the entities of a kind in ``DERIVE``, worked out once for every distinct text."""

    def __init__(self, kind: str) -> None:
        self._derive = DERIVE[kind]
        self._index = Index()
        self._hashes: U64 = np.zeros(0, np.uint64)

    def of(self, column: pl.Series, texts: U64, wanted: Bools) -> U64:
        """Return the hash of the entity derived from each text.

        Args:
            column: The texts.
            texts: Their hashes.
            wanted: Which of them count.
        """
        if self._index.count > _REMEMBERED:
            self._index, self._hashes = Index(), np.zeros(0, np.uint64)
        numbers, new = self._index.add(texts, wanted)
        if new.size:
            derived = texts_of(self._derive(column.gather(new)))
            self._hashes = np.concatenate([self._hashes, derived.hashes()])
        return self._hashes[numbers]
