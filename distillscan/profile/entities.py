"""Which entities a request touches: columns as they are, and what is made of addresses, clients and mail domains."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import polars as pl

from distillscan.profile.index import Bools, Index
from distillscan.profile.kernel import I64, U64
from distillscan.profile.strings import texts_of


def address(column: str = "ip") -> pl.Expr:
    """An address as one subscriber has it: IPv4 whole, IPv6 by its /64 (hosts rotate the rest, RFC 8981)."""
    text = pl.col(column).str.strip_chars().str.to_lowercase().str.replace(r"^::ffff:(\d+\.)", "${1}")
    groups = text.str.split("::").list.first().str.split(":").list.head(4).list.join(":")
    return pl.when(text.str.contains(":", literal=True)).then(groups + "::/64").otherwise(text)


def prefix(column: str = "ip") -> pl.Expr:
    """The network an address is announced in, roughly: IPv4 /24, IPv6 /48."""
    text = address(column)
    six = text.str.strip_suffix("::/64").str.split(":").list.head(3).list.join(":") + "::/48"
    four = text.str.replace(r"\.[^.]*$", ".0/24")
    return pl.when(text.str.contains(":", literal=True)).then(six).otherwise(four)


def client(column: str = "user_agent") -> pl.Expr:
    """The program behind a user agent: its text without version numbers."""
    return pl.col(column).str.replace_all(r"\d+", "#")


#: Entity kind to the column that states it and to what is made of the column (``None``: it is taken as it is).
STATED: Final[Mapping[str, tuple[str, pl.Expr | None]]] = {
    "ip": ("ip", address()),
    "ip_prefix": ("ip", prefix()),
    "asn": ("asn", None),
    "country": ("country", None),
    "tls": ("tls_fingerprint", None),
    "user_agent": ("user_agent", None),
    "client": ("user_agent", client()),
    "device": ("device_id", None),
    "payment": ("payment_id", None),
    "email_domain": ("email_domain", pl.col("email_domain").str.strip_chars().str.to_lowercase()),
    "org": ("org_id", None),
    "plan": ("plan", None),
    "account_type": ("account_type", None),
    "pathway": ("pathway", None),
    "api_key": ("api_key_id", None),
    "session": ("session_id", None),
    "system_prompt": ("system_prompt", None),
    "reasoning_signature": ("reasoning_signature", None),
}

#: Texts of which a translation is remembered; with more than that it begins anew.
_REMEMBERED = 1 << 18


class Translation:
    """Hashes of what an expression makes of texts, worked out once for every distinct text."""

    def __init__(self, expression: pl.Expr) -> None:
        self._expression = expression
        self._index = Index()
        self._hashes: U64 = np.zeros(0, np.uint64)

    def hashes(self, column: pl.Series, texts: U64, asked: Bools) -> U64:
        """Return the hash of the translation of each text.

        Args:
            column: The texts, under the name that the expression uses.
            texts: Their hashes.
            asked: Which of them count.
        """
        if self._index.count > _REMEMBERED:
            self._index, self._hashes = Index(), np.zeros(0, np.uint64)
        codes, fresh = self._index.add(texts, asked)
        if fresh.size:
            translated = self.values(column, fresh)
            self._hashes = np.concatenate([self._hashes, texts_of(translated).hashes()])
        return self._hashes[codes]

    def values(self, column: pl.Series, rows: I64) -> pl.Series:
        """Return the translations of the texts at some rows."""
        return column.gather(rows).to_frame().select(self._expression.alias("value"))["value"]
