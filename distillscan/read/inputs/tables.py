"""Delta tables: which of their files still count. Files that were replaced stay in the folder for days."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote

import msgspec
import polars as pl

from distillscan.errors import InputError

LOG: Final = "_delta_log"


class _File(msgspec.Struct, rename="camel"):
    path: str
    deletion_vector: object = None


class _Action(msgspec.Struct):
    """A line of the log; what else it may hold is of no concern here."""

    add: _File | None = None
    remove: _File | None = None
    sidecar: object = None


_SIDECARS: Final = "the files of the table are named in files of their own beside the checkpoint"
_DECODE: Final = msgspec.json.Decoder(_Action).decode


@dataclass(frozen=True, slots=True)
class Outdated:
    """What of a Delta table no longer counts.

    Attributes:
        files: Those of its files that its latest version does not refer to.
        in_part: How many of those that count hold rows that are marked as deleted (deletion vectors).
    """

    files: list[str]
    in_part: int


def outdated(root: str, logs: Iterable[str], names: Iterable[str], local: Callable[[str], Path]) -> Outdated:
    """Return what of a Delta table its latest version does not refer to.

    The protocol: https://github.com/delta-io/delta/blob/master/PROTOCOL.md.

    Args:
        root: Folder or address of the table.
        logs: What is in its log, by any name that ends with that of the file.
        names: Files below the root.
        local: Where the bytes of a file of the log are.

    Raises:
        InputError: If the log is broken or incomplete.
    """
    live: dict[str, bool] = {}
    for name in _since_checkpoint(root, logs):
        try:
            actions = _actions(local(name), name)
        except (OSError, ValueError, pl.exceptions.PolarsError) as error:
            raise InputError(f"{root}: the log of this Delta table cannot be read") from error
        for added, path, in_part in actions:
            live.pop(_below(root, path), None)
            live |= {_below(root, path): in_part} if added else {}
    files = [name for name in names if name.endswith(".parquet")]
    return Outdated([name for name in files if name not in live], sum(live.get(name, False) for name in files))


def _since_checkpoint(root: str, logs: Iterable[str]) -> list[str]:
    """The latest checkpoint, and the commits after it, in their order; what is missing would be taken for deleted."""
    by_version: dict[int, list[str]] = {}
    for name in logs:
        version = name.rpartition("/")[2].partition(".")[0]
        if version.isdigit() and name.endswith((".json", ".parquet")):
            by_version.setdefault(int(version), []).append(name)
    start = max((at for at, names in by_version.items() if any(".checkpoint" in name for name in names)), default=-1)
    first = [name for name in by_version.get(start, ()) if ".checkpoint" in name]
    later = {at: names for at, names in sorted(by_version.items()) if at > start}
    if list(later) != list(range(start + 1, start + 1 + len(later))):
        raise InputError(f"{root}: the log of this Delta table is not complete")
    commits = [name for names in later.values() for name in names]
    return sorted(first) + [name for name in commits if name.endswith(".json") and ".checkpoint" not in name]


def _actions(path: Path, name: str) -> list[tuple[bool, str, bool]]:
    """The files removed and added, in this order: a file that is rewritten in place stays.

    Each with whether it is added, its path, and whether some of its rows are deleted.

    Raises:
        ValueError: If it is no log, or one that keeps part of itself in other files (sidecars of a checkpoint).
    """
    if name.endswith(".parquet"):
        table = pl.read_parquet(path)
        if "sidecar" in table.columns and table["sidecar"].null_count() < table.height:
            raise ValueError(_SIDECARS)
        files = [one for one in table["add"].to_list() if one is not None and one["path"] is not None]
        return [(True, one["path"], _marks_rows(one.get("deletionVector"))) for one in files]
    lines = [_DECODE(line) for line in path.read_bytes().splitlines() if line.strip()]
    if any(line.sidecar is not None for line in lines):
        raise ValueError(_SIDECARS)
    removed = [(False, line.remove.path, False) for line in lines if line.remove is not None]
    added = [(True, line.add.path, line.add.deletion_vector is not None) for line in lines if line.add is not None]
    return removed + added


def _below(root: str, path: str) -> str:
    path = unquote(path)
    if "://" in path or "://" in root:
        return path if "://" in path else f"{root}/{path}"
    return Path(root, path).as_posix()


def _marks_rows(vector: dict[str, object] | None) -> bool:
    """Whether a deletion vector is one: polars reads an object that is not there as one of nothing but nulls."""
    return vector is not None and any(value is not None for value in vector.values())
