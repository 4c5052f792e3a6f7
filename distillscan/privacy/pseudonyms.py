"""Pseudonyms under a key: what stands for an identity in a report that may leave the house."""

import hashlib
import hmac
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final

import polars as pl

from distillscan.errors import InputError, UsageError
from distillscan.files import why_unreadable
from distillscan.profile.entities import hosts
from distillscan.read.values.text import canonical_text

#: Kinds whose values leave as pseudonyms only, with what each pseudonym begins with; networks are made from addresses.
PREFIXES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "account": "acct",
        "org": "org",
        "ip": "ip",
        "ip_prefix": "net",
        "payment": "pay",
        "email_domain": "mail",
        "device": "dev",
        "api_key": "key",
        "session": "sess",
    }
)
#: Canonical columns that hold identities, with their kinds.
COLUMNS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "account_id": "account",
        "org_id": "org",
        "ip": "ip",
        "payment_id": "payment",
        "email_domain": "email_domain",
        "device_id": "device",
        "api_key_id": "api_key",
        "session_id": "session",
    }
)
METHOD: Final = "HMAC-SHA-256"
#: Hexadecimal digits of a pseudonym: 80 bits, so that no two of a thousand million values meet.
DIGITS: Final = 20
#: Bytes a key has at least, and at most: a longer file is no key but something else.
SHORTEST_KEY, LONGEST_KEY = 16, 4096
#: Kinds after which clusters may be named as they are: their hashes are of wording.
_OF_WORDING: Final = ("template", "system-template")


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """Keyed pseudonyms: the same value has the same one under the same key, and nobody without the key can try values.

    Raises:
        UsageError: The key is too short.
    """

    key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.key) < SHORTEST_KEY:
            raise UsageError(
                f"the key has {len(self.key)} bytes, {SHORTEST_KEY} is the least: make one with  openssl rand -hex 32"
            )

    def of(self, kind: str, value: str) -> str:
        """Return the pseudonym of a value of one of the kinds in ``PREFIXES``."""
        return f"{PREFIXES[kind]}_{self._digest(kind, value)[:DIGITS]}"

    def column(self, kind: str, values: pl.Series) -> pl.Series:
        """Return the pseudonyms of a column of text, null where it is null."""
        made = [None if value is None else self.of(kind, value) for value in values]
        return pl.Series(values.name, made, pl.String)

    @property
    def key_id(self) -> str:
        """What tells keys apart and reveals none; the report carries it."""
        return self._digest("key id", "")[:16]

    def cluster_id(self, name: str) -> str:
        """Return a cluster's name without the hashes of addresses and the like in it, from which they could be found.

        Templates keep theirs: they are hashes of wording.
        """
        parts = []
        for part in name.split("+"):
            kind, _, _ = part.rpartition("-")
            parts.append(part if kind in _OF_WORDING else f"{kind}-{self._digest('cluster', part)[:10]}")
        return "+".join(parts)

    def _digest(self, kind: str, value: str) -> str:
        message = f"{kind}\0{value}".encode("utf-8", "surrogatepass")
        return hmac.digest(self.key, message, hashlib.sha256).hex()


def read_key(path: Path) -> tuple[Pseudonyms, tuple[str, ...]]:
    """Read a key file (its bytes, without white space at the ends); with what should be said about the file.

    Raises:
        UsageError: There is no such file, it cannot be read, or what is in it is no key.
    """
    make = "make a key in another file, with  (umask 077; openssl rand -hex 32 > key)"
    try:
        with path.open("rb") as file:
            everybody = path.stat().st_mode & stat.S_IROTH
            content = file.read(LONGEST_KEY + 1)
    except FileNotFoundError:
        make = f"make a key with  (umask 077; openssl rand -hex 32 > {path})"
        raise UsageError(f"--pseudonymize {path}: there is no such file; {make}") from None
    except OSError as error:
        raise UsageError(f"--pseudonymize {path}: {why_unreadable(error)}") from error
    key = content.strip()
    if not key:
        raise UsageError(f"--pseudonymize {path}: the file is empty; {make}")
    if len(content) > LONGEST_KEY:
        raise UsageError(f"--pseudonymize {path}: more than {LONGEST_KEY} bytes are no key; {make}")
    if len(key) < SHORTEST_KEY:
        raise UsageError(f"--pseudonymize {path}: {len(key)} bytes, {SHORTEST_KEY} is the least; {make}")
    note = f"{path} can be read by everybody on this machine: chmod 600 {path}"
    return Pseudonyms(key), (note,) if everybody else ()


def replace_columns(table: pl.DataFrame, pseudonyms: Pseudonyms, *, keep: bool = False) -> pl.DataFrame:
    """Replace the text columns of a table that hold identities, by their canonical names, as ``redact`` does.

    With ``keep`` the originals stay, and the pseudonyms go beside them (``account_id_pseudonym``).

    Raises:
        InputError: No column has such a name.
    """
    found = [name for name in table.columns if name in COLUMNS]
    if not found:
        raise InputError(f"no column to replace: there are {', '.join(table.columns)}; known are {', '.join(COLUMNS)}")
    for name in found:
        plain = canonical_text(name, table[name])
        if name == "ip":
            plain = hosts(plain)
        elif name == "email_domain":
            plain = plain.str.strip_chars().str.to_lowercase()
        made = pseudonyms.column(COLUMNS[name], plain)
        table = table.with_columns(made.alias(f"{name}_pseudonym" if keep else name))
    return table
