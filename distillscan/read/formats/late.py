"""Keys that only later lines of an NDJSON file have: found while it is read, and read as their names say."""

import json
from collections.abc import Iterable, Mapping
from typing import Final

import polars as pl

from distillscan.columns import CANONICAL
from distillscan.read.canonical.values import decode_bytes
from distillscan.read.schema.hints import HINTS, MAY_NEST, normalise
from distillscan.read.schema.resolve import SourcePath

#: Between a canonical column and the number of a late key that may stand for it.
_MARK: Final = "\0"


def unescaped(key: bytes) -> str:
    """Return a key as it is meant, from how it is written in the file."""
    text = decode_bytes(key)
    try:
        return str(json.loads(f'"{text}"'))
    except ValueError:
        return text


def late_paths(keys: Iterable[bytes], known: frozenset[str], taken: Iterable[str]) -> dict[str, SourcePath]:
    """Return places for the canonical columns that new keys stand for, by name or by hint; of several all, best first.

    Args:
        keys: Keys as they are written.
        known: Keys that were seen beforehand, which were decided on then.
        taken: Canonical columns that have a place already.
    """
    found: list[tuple[str, int, str]] = []
    for name in {unescaped(key) for key in keys} - known:
        for canonical in set(CANONICAL).difference(taken):
            if name == canonical:
                found.append((canonical, -1, name))
            elif (plain := normalise(name)) in HINTS[canonical]:
                found.append((canonical, HINTS[canonical].index(plain), name))
    return {f"{canonical}{_MARK}{at}": SourcePath(name) for at, (canonical, _, name) in enumerate(sorted(found))}


def settle(columns: Mapping[str, pl.Series]) -> dict[str, pl.Series]:
    """Return columns with those of late keys under their canonical names: row by row the first that has a value."""
    settled: dict[str, pl.Series] = {}
    for slot, values in columns.items():
        canonical, mark, _ = slot.partition(_MARK)
        if mark and canonical not in MAY_NEST:
            # What turns out to be an object or a list is not what the name made one think.
            values = values.set(values.str.contains(r"^[\[{]").fill_null(value=False), None)
        known = settled.get(canonical)
        settled[canonical] = values.alias(canonical) if known is None else known.fill_null(values)
    return settled


def late_notes(paths: Mapping[str, SourcePath], label: str) -> tuple[str, ...]:
    """Return what to say of late keys that are read."""
    return tuple(
        f"{label}: key {path.column}, which only later lines have, is read as {slot.partition(_MARK)[0]}"
        for slot, path in paths.items()
        if path.column != slot.partition(_MARK)[0]
    )
