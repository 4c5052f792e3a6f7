"""Delta tables: which of their files still count. Files that were replaced stay in the folder for days."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final
from urllib.parse import unquote

import msgspec
import polars as pl

from distillscan.errors import InputError

LOG: Final = "_delta_log"


class _File(msgspec.Struct):
    path: str


class _Action(msgspec.Struct):
    """A line of the log; what else it may hold is of no concern here."""

    add: _File | None = None
    remove: _File | None = None


_DECODE: Final = msgspec.json.Decoder(_Action).decode


def dead_files(root: str, logs: Iterable[str], names: Iterable[str], local: Callable[[str], Path]) -> list[str]:
    """Return those of some files below the root of a Delta table that its latest version does not refer to.

    Args:
        root: Folder or address of the table.
        logs: What is in its log, by any name that ends with that of the file.
        names: Files below the root.
        local: Where the bytes of a file of the log are.

    Raises:
        InputError: If the log is broken or incomplete.
    """
    live: set[str] = set()
    for name in _since_checkpoint(logs):
        try:
            actions = _actions(local(name), name)
        except (OSError, ValueError, pl.exceptions.PolarsError) as error:
            raise InputError(f"{root}: the log of this Delta table cannot be read") from error
        for action, path in actions:
            (live.add if action == "add" else live.discard)(_below(root, path))
    return [name for name in names if name.endswith(".parquet") and name not in live]


def _since_checkpoint(logs: Iterable[str]) -> list[str]:
    """The latest checkpoint, and the commits after it, in their order."""
    by_version: dict[int, list[str]] = {}
    for name in logs:
        version = name.rpartition("/")[2].partition(".")[0]
        if version.isdigit() and name.endswith((".json", ".parquet")):
            by_version.setdefault(int(version), []).append(name)
    start = max((at for at, names in by_version.items() if any(".checkpoint" in name for name in names)), default=-1)
    first = [name for name in by_version.get(start, ()) if ".checkpoint" in name]
    commits = [name for at, names in sorted(by_version.items()) if at > start for name in names]
    return sorted(first) + [name for name in commits if name.endswith(".json") and ".checkpoint" not in name]


def _actions(path: Path, name: str) -> list[tuple[str, str]]:
    """The files removed and added, in this order: a file that is rewritten in place stays."""
    if name.endswith(".parquet"):
        added = pl.read_parquet(path, columns=["add"])["add"].struct.field("path").drop_nulls()
        return [("add", one) for one in added]
    lines = [_DECODE(line) for line in path.read_bytes().splitlines() if line.strip()]
    removed = [("remove", line.remove.path) for line in lines if line.remove is not None]
    return removed + [("add", line.add.path) for line in lines if line.add is not None]


def _below(root: str, path: str) -> str:
    path = unquote(path)
    if "://" in path or "://" in root:
        return path if "://" in path else f"{root}/{path}"
    return Path(root, path).as_posix()
