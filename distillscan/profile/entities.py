"""Which entities a request touches: columns as they are, and what is made of addresses, clients and mail domains."""

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
import polars as pl

from distillscan.profile.index import Bools, Index
from distillscan.profile.kernel import U64
from distillscan.profile.strings import texts_of


def hosts(addresses: pl.Series) -> pl.Series:
    """Addresses as one subscriber has them: IPv4 whole, IPv6 by its /64 (hosts rotate the rest, RFC 8981)."""
    text = addresses.str.strip_chars().str.to_lowercase()
    six = text.str.contains(":", literal=True)
    if not six.any():
        return text
    text = text.str.replace(r"^::ffff:(\d+\.)", "${1}")
    groups = text.str.split("::").list.first().str.split(":").list.head(4).list.join(":")
    return _either(text.str.contains(":", literal=True), groups + "::/64", text)


def address(column: str = "ip") -> pl.Expr:
    """The host (see ``hosts``) of each address in a column."""
    return pl.col(column).map_batches(hosts, return_dtype=pl.String)


def networks(addresses: pl.Series) -> pl.Series:
    """The networks that hosts (see ``hosts``) are announced in, roughly: IPv4 /24, IPv6 /48."""
    four = addresses.str.replace(r"\.[^.]*$", ".0/24")
    is_six = addresses.str.contains(":", literal=True)
    if not is_six.any():
        return four
    six = addresses.str.strip_suffix("::/64").str.split(":").list.head(3).list.join(":") + "::/48"
    return _either(is_six, six, four)


def _either(condition: pl.Series, yes: pl.Series, no: pl.Series) -> pl.Series:
    return pl.select(pl.when(condition).then(yes).otherwise(no)).to_series()


def _of_address(texts: pl.Series) -> dict[str, pl.Series]:
    found = hosts(texts)
    return {"ip": found, "ip_prefix": networks(found)}


def _of_user_agent(texts: pl.Series) -> dict[str, pl.Series]:
    return {"user_agent": texts, "client": texts.str.replace_all(r"\d+", "#")}


def _of_mail(texts: pl.Series) -> dict[str, pl.Series]:
    return {"email_domain": texts.str.strip_chars().str.to_lowercase()}


Maker = Callable[[pl.Series], Mapping[str, pl.Series]]

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
#: Column to what makes the values of entity kinds of it.
MADE: Final[Mapping[str, Maker]] = {"ip": _of_address, "user_agent": _of_user_agent, "email_domain": _of_mail}

#: Texts of which a translation is remembered; with more than that it begins anew.
_REMEMBERED = 1 << 18


class Translation:
    """Hashes of what is made of texts, worked out once for every distinct text.

    Attributes:
        values: Makes the values of entity kinds of texts.
    """

    def __init__(self, maker: Maker) -> None:
        self.values = maker
        self._index = Index()
        self._hashes: dict[str, U64] = {}

    def hashes(self, column: pl.Series, texts: U64, asked: Bools) -> dict[str, U64]:
        """Return the hash of what is made of each text, by entity kind.

        Args:
            column: The texts.
            texts: Their hashes.
            asked: Which of them count.
        """
        if self._index.count > _REMEMBERED:
            self._index, self._hashes = Index(), {}
        codes, fresh = self._index.add(texts, asked)
        if fresh.size:
            for kind, values in self.values(column.gather(fresh)).items():
                known = self._hashes.get(kind, np.zeros(0, np.uint64))
                self._hashes[kind] = np.concatenate([known, texts_of(values).hashes()])
        return {kind: hashes[codes] for kind, hashes in self._hashes.items()}
