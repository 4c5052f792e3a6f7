"""What of a log may be shown under ``--pseudonymize``: no original inside any text.

A profile is redacted once it is complete: its names of accounts and entities become pseudonyms before any detector sees
them, so that everything made from it afterwards, summaries and third parties' details included, cannot hold them.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import polars as pl

from distillscan.privacy.pseudonyms import COLUMNS, PREFIXES, Pseudonyms
from distillscan.profile.tables import ENTITIES, MODELS, Profile
from distillscan.read.schema.hints import HINTS, normalise

#: Characters from which an original is looked for inside other text: shorter ones are words and numbers as well.
SHORTEST_VALUE: Final = 6
REDACTED: Final = "{...}"

_MAIL_ADDRESS: Final = r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)*"
#: After a letter and a slash four numbers are a version: ``Chrome/120.0.0.0``.
_IPV4: Final = r"(^|[\s(\[<{=,;:\"'|@]|//)\d{1,3}(?:\.\d{1,3}){3}\b"
_IPV6: Final = (
    r"\b(?:[0-9A-Fa-f]{0,3}\d[0-9A-Fa-f]{0,3}(?::[0-9A-Fa-f]{1,4})*::(?:[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{1,4})*)?"
    r"|(?:[0-9A-Fa-f]{1,4}:){5,7}[0-9A-Fa-f]{1,4})"
)
_SEGMENT: Final = re.compile(r"[^/\s]+")
_HIDDEN_NAMES: Final = frozenset(name for column in COLUMNS for name in HINTS[column])


@dataclass(frozen=True)
class Redaction:
    """A profile as detectors and reports may see it, and how texts may be shown; without pseudonyms, as they are."""

    profile: Profile
    _pseudonyms: Pseudonyms | None = None
    _originals: pl.Series = field(default_factory=lambda: pl.Series("value", [], pl.String))

    def texts(self, texts: Sequence[str]) -> list[str]:
        """Return texts that came from outside without mail addresses, IP addresses and originals in them.

        All at once: every call looks through all originals.
        """
        if self._pseudonyms is None or not texts:
            return list(texts)
        return [_SEGMENT.sub(_partition, text) for text in redact_texts(pl.Series("text", texts), self._originals)]

    def by_text(self, *texts: Iterable[str]) -> dict[str, str]:
        """Return each of the texts with the form in which it may be shown."""
        given = list(dict.fromkeys(text for some in texts for text in some))
        return dict(zip(given, self.texts(given), strict=True))

    def cluster_id(self, name: str) -> str:
        """Return a cluster's name as it may be shown."""
        return name if self._pseudonyms is None else self._pseudonyms.cluster_id(name)


def redact(profile: Profile, pseudonyms: Pseudonyms | None) -> Redaction:
    """Replace the names in a profile by pseudonyms; hashes, by which everything is compared, stay as they are."""
    if pseudonyms is None:
        return Redaction(profile)
    is_identity = pl.col("kind").cast(pl.String).is_in(list(PREFIXES))
    hidden, shown = profile.entities.filter(is_identity), profile.entities.filter(~is_identity)
    names = pl.concat([profile.accounts["account_id"].rename("value"), hidden["value"]])
    originals = names.filter(names.str.len_chars() >= SHORTEST_VALUE).unique().sort()
    parts = [
        rows.with_columns(pseudonyms.column(str(kind), rows["value"]))
        for (kind,), rows in hidden.partition_by("kind", as_dict=True).items()
    ]
    open_ = shown.with_columns(redact_texts(shown["value"], originals))
    order = profile.entities.select("kind", "entity")
    entities = pl.concat([ENTITIES.to_frame(), open_, *parts])
    redacted = replace(
        profile,
        accounts=profile.accounts.with_columns(pseudonyms.column("account", profile.accounts["account_id"])),
        entities=order.join(entities, on=["kind", "entity"], how="left", maintain_order="left").select(*ENTITIES),
        models=profile.models.with_columns(redact_texts(profile.models["name"], originals)).select(*MODELS),
    )
    return Redaction(redacted, pseudonyms, originals)


def redact_texts(texts: pl.Series, originals: pl.Series) -> pl.Series:
    """Replace mail addresses, IP addresses and every occurrence of an original by ``{...}``, whatever its case."""
    found = texts.str.replace_all(_MAIL_ADDRESS, REDACTED).str.replace_all(_IPV4, "${1}" + REDACTED)
    found = found.str.replace_all(_IPV6, REDACTED)
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
        found = found.str.replace_many(patterns, [REDACTED] * len(patterns), ascii_case_insensitive=True, leftmost=True)
    return found


def _partition(match: re.Match[str]) -> str:
    """``account_id=x/`` in a path tells what the column tells."""
    name, equals, _ = match[0].partition("=")
    return f"{name}={REDACTED}" if equals and normalise(name) in _HIDDEN_NAMES else match[0]
