"""What may leave the tool under ``--pseudonymize``: pseudonyms under a key, and no original inside any other text.

A profile is veiled once it is complete: its names of accounts and entities become pseudonyms before any detector sees
them, so that everything made from it afterwards, summaries and third parties' details included, cannot hold them.
"""

import hashlib
import hmac
import re
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

import polars as pl

from distillscan.errors import InputError, UsageError
from distillscan.profile.entities import address
from distillscan.profile.tables import ENTITIES, MODELS, Profile
from distillscan.read.canonical.values import canonical_text
from distillscan.read.schema.hints import HINTS, normalise

#: Kinds whose values leave as pseudonyms only, with what each pseudonym begins with.
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
#: The canonical column of each kind; networks are made from addresses.
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
#: Characters from which an original is looked for inside other text: shorter ones are words and numbers as well.
SHORTEST_VALUE: Final = 6
BLOTTED: Final = "{...}"

_MAIL_ADDRESS: Final = r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)*"
#: After a letter and a slash four numbers are a version: ``Chrome/120.0.0.0``.
_IPV4: Final = r"(^|[\s(\[<{=,;:\"'|@]|//)\d{1,3}(?:\.\d{1,3}){3}\b"
_IPV6: Final = (
    r"\b(?:[0-9A-Fa-f]{0,3}\d[0-9A-Fa-f]{0,3}(?::[0-9A-Fa-f]{1,4})*::(?:[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{1,4})*)?"
    r"|(?:[0-9A-Fa-f]{1,4}:){5,7}[0-9A-Fa-f]{1,4})"
)
_SEGMENT: Final = re.compile(r"[^/\s]+")
_HIDDEN_NAMES: Final = frozenset(name for column in COLUMNS for name in HINTS[column])
#: Kinds after which clusters may be named as they are: their hashes are of wording.
_OF_WORDING: Final = ("template", "system-template")


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """Keyed pseudonyms: the same value has the same one under the same key, and nobody without the key can try values.

    Attributes:
        key: The secret.

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
    """Read a key file: its bytes, white space at the ends left out.

    Returns:
        The pseudonyms, and what should be said about the file.

    Raises:
        UsageError: There is no such file, it cannot be read, or what is in it is no key.
    """
    make = f"make a key with  (umask 077; openssl rand -hex 32 > {path})"
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(path.stat().st_mode)
            content = file.read(LONGEST_KEY + 1)
    except FileNotFoundError:
        raise UsageError(f"--pseudonymize {path}: there is no such file; {make}") from None
    except OSError as error:
        raise UsageError(f"--pseudonymize {path}: cannot be read ({error.strerror})") from error
    key = content.strip()
    if not key:
        raise UsageError(f"--pseudonymize {path}: the file is empty; {make}")
    if len(content) > LONGEST_KEY:
        raise UsageError(f"--pseudonymize {path}: more than {LONGEST_KEY} bytes are no key; {make}")
    if len(key) < SHORTEST_KEY:
        raise UsageError(f"--pseudonymize {path}: {len(key)} bytes, {SHORTEST_KEY} is the least; {make}")
    if mode & stat.S_IROTH:
        return Pseudonyms(key), (f"{path} can be read by everybody on this machine: chmod 600 {path}",)
    return Pseudonyms(key), ()


@dataclass(frozen=True)
class Veil:
    """A profile as detectors and reports may see it; without pseudonyms, as it is.

    Attributes:
        profile: The profile, its names replaced.
    """

    profile: Profile
    _pseudonyms: Pseudonyms | None = None
    _originals: pl.Series = field(default_factory=lambda: pl.Series("value", [], pl.String))

    def texts(self, texts: Sequence[str]) -> list[str]:
        """Return texts that came from outside without mail addresses, IP addresses and originals in them.

        All at once: every call looks through all originals.
        """
        if self._pseudonyms is None or not texts:
            return list(texts)
        return [_SEGMENT.sub(_partition, text) for text in blot(pl.Series("text", texts), self._originals)]

    def said(self, *texts: Iterable[str]) -> dict[str, str]:
        """Return each of the texts with what ``texts`` makes of it."""
        given = list(dict.fromkeys(text for some in texts for text in some))
        return dict(zip(given, self.texts(given), strict=True))

    def cluster_id(self, name: str) -> str:
        """Return a cluster's name as it may be shown."""
        return name if self._pseudonyms is None else self._pseudonyms.cluster_id(name)


def veil(profile: Profile, pseudonyms: Pseudonyms | None) -> Veil:
    """Replace the names in a profile by pseudonyms; hashes, by which everything is compared, stay as they are."""
    if pseudonyms is None:
        return Veil(profile)
    hidden = profile.entities.filter(pl.col("kind").cast(pl.String).is_in(list(PREFIXES)))
    shown = profile.entities.filter(~pl.col("kind").cast(pl.String).is_in(list(PREFIXES)))
    names = [profile.accounts["account_id"].rename("value"), hidden["value"]]
    originals = pl.concat(names).drop_nulls().unique().sort()
    originals = originals.filter(originals.str.len_chars() >= SHORTEST_VALUE)
    parts = [
        rows.with_columns(pseudonyms.column(str(kind), rows["value"]))
        for (kind,), rows in hidden.partition_by("kind", as_dict=True).items()
    ]
    open_ = shown.with_columns(blot(shown["value"], originals))
    order = profile.entities.select("kind", "entity")
    entities = pl.concat([ENTITIES.to_frame(), open_, *parts])
    veiled = replace(
        profile,
        accounts=profile.accounts.with_columns(pseudonyms.column("account", profile.accounts["account_id"])),
        entities=order.join(entities, on=["kind", "entity"], how="left", maintain_order="left").select(*ENTITIES),
        models=profile.models.with_columns(blot(profile.models["name"], originals)).select(*MODELS),
    )
    return Veil(veiled, pseudonyms, originals)


def rename(table: pl.DataFrame, pseudonyms: Pseudonyms, *, keep: bool = False) -> pl.DataFrame:
    """Replace the columns of a table that hold identities, recognised by their canonical names, as ``veil`` does.

    Args:
        table: Text columns.
        pseudonyms: The key.
        keep: Whether the originals stay, and the pseudonyms go beside them (``account_id_pseudonym``).

    Raises:
        InputError: No column has such a name.
    """
    found = [name for name in table.columns if name in COLUMNS]
    if not found:
        raise InputError(f"no column to replace: there are {', '.join(table.columns)}; known are {', '.join(COLUMNS)}")
    for name in found:
        raw = canonical_text(name, table[name])
        plain = raw.to_frame("ip").select(address()).to_series() if name == "ip" else raw
        if name == "email_domain":
            plain = plain.str.strip_chars().str.to_lowercase()
        made = pseudonyms.column(COLUMNS[name], plain)
        table = table.with_columns(made.alias(f"{name}_pseudonym" if keep else name))
    return table


def blot(texts: pl.Series, originals: pl.Series) -> pl.Series:
    """Replace mail addresses, IP addresses and every occurrence of an original by ``{...}``, whatever its case."""
    frame = texts.rename("text").to_frame().lazy()
    found = (
        frame.select(
            pl.col("text")
            .str.replace_all(_MAIL_ADDRESS, BLOTTED)
            .str.replace_all(_IPV4, "${1}" + BLOTTED)
            .str.replace_all(_IPV6, BLOTTED)
        )
        .collect()
        .to_series()
    )
    grams = {
        text[at : at + SHORTEST_VALUE].lower()
        for text in found.drop_nulls().unique()
        for at in range(len(text) - SHORTEST_VALUE + 1)
    }
    # Among millions of originals only those can occur whose beginning and end do.
    known = pl.Series(list(grams), dtype=pl.String).implode()
    near = originals.filter(originals.str.head(SHORTEST_VALUE).str.to_lowercase().is_in(known))
    near = near.filter(near.str.tail(SHORTEST_VALUE).str.to_lowercase().is_in(known))
    if near.len():
        ordered = near.to_frame("value").sort(pl.col("value").str.len_chars(), "value", descending=[True, False])
        patterns = ordered["value"].to_list()
        found = found.str.replace_many(patterns, [BLOTTED] * len(patterns), ascii_case_insensitive=True, leftmost=True)
    return found.rename(texts.name)


def _partition(match: re.Match[str]) -> str:
    """``account_id=x/`` in a path tells what the column tells."""
    name, equals, _ = match[0].partition("=")
    return f"{name}={BLOTTED}" if equals and normalise(name) in _HIDDEN_NAMES else match[0]
