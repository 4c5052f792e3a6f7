"""Delta tables: their log is read by the package deltalake, or without it as far as it is a plain one.

The protocol: https://github.com/delta-io/delta/blob/master/PROTOCOL.md.
"""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from urllib.parse import unquote

import msgspec
import polars as pl

from distillscan.errors import InputError
from distillscan.read.inputs.remote import is_remote
from distillscan.read.inputs.tables.model import Table, Version
from distillscan.wording import number

LOG: Final = "_delta_log"
SIDECARS: Final = f"{LOG}/_sidecars"
VECTORS: Final = re.compile(r"(?:^|/)deletion_vector_[^/]+\.bin$")
_OUTDATED: Final = "this Delta table does not refer to any more"
_INSTALL: Final = "pip install 'distillscan[deltalake]'"


class _File(msgspec.Struct, rename="camel"):
    path: str
    deletion_vector: object = None


class _Action(msgspec.Struct):
    """A line of the log; what else it may hold is of no concern here."""

    add: _File | None = None
    remove: _File | None = None
    sidecar: object = None


_DECODE: Final = msgspec.json.Decoder(_Action).decode


def read_version(table: Table) -> Version:
    """Read what the latest version of a Delta table refers to.

    Raises:
        InputError: If its log is broken or incomplete, or takes the package deltalake, which is not installed.
    """
    try:
        from deltalake.exceptions import DeltaError
    except ImportError:
        return _replay(table, f"; {_INSTALL} to have them read", f"{_INSTALL} to have them left out")
    # What the package refuses may be a feature that does not change what the log says of files.
    try:
        return _read_with_library(table)
    except (DeltaError, OSError, ValueError):
        return _replay(table, "", "REORG TABLE ... APPLY (PURGE) takes them out")


def _read_with_library(table: Table) -> Version:
    from deltalake import DeltaTable

    with _folder(table) as folder:
        delta = DeltaTable(folder)
        files = frozenset(_named(table, path) for path in pl.DataFrame(delta.get_add_actions())["path"])
        marks = "deletionVectors" in (delta.protocol().reader_features or ())
        deleted = _deleted(delta, table.prefix, folder) if marks else {}
    if deleted is not None and deleted.keys() <= files:
        return Version(files, _OUTDATED, deleted)
    remark = (
        "rows of this Delta table that are marked as deleted, if there are any, are read as well: the deletion vectors "
        "cannot be read; REORG TABLE ... APPLY (PURGE) takes the rows out"
    )
    return Version(files, _OUTDATED, remarks=(remark,))


def _deleted(delta: Any, prefix: str, folder: Path) -> dict[str, pl.Series] | None:
    """The rows of a table in a folder that are marked as deleted, by file; ``None`` if that cannot be read."""
    from deltalake.exceptions import DeltaError

    try:
        vectors = pl.DataFrame(delta.deletion_vectors().read_all())
    except DeltaError:
        return None
    root = f"file://{folder.resolve().as_posix()}/"
    names = [prefix + unquote(address).removeprefix(root) for address in vectors["filepath"]]
    rows = [(~kept).arg_true().cast(pl.UInt64) for kept in vectors["selection_vector"]]
    return dict(zip(names, rows, strict=True))


@contextmanager
def _folder(table: Table) -> Iterator[Path]:
    """Where a table is a local folder: for a remote one a copy of what counts of its log, and of deletion vectors."""
    if not is_remote(table.prefix):
        yield Path(table.prefix)
        return
    with TemporaryDirectory(prefix="distillscan-") as folder:
        beside = (one for one in table.metadata if one.startswith(f"{table.prefix}{SIDECARS}/"))
        for name in (*_since_checkpoint(table), *beside, *filter(VECTORS.search, table.files)):
            place = Path(folder, name.removeprefix(table.prefix))
            if ".." not in place.parts:
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.move(table.local(name), place)
        yield Path(folder)


def _replay(table: Table, sidecars: str, deleted: str) -> Version:
    """Read a log that is plain: commits, and checkpoints that name the files of the table themselves.

    Args:
        table: The table.
        sidecars: What to do if the checkpoint does not name the files itself.
        deleted: What to do if rows are marked as deleted.
    """
    live: dict[str, bool] = {}
    for name in _since_checkpoint(table):
        try:
            actions = _actions(table.local(name), name)
        except (OSError, ValueError, pl.exceptions.PolarsError) as error:
            raise InputError(f"{table.name}: the log of this Delta table cannot be read") from error
        if actions is None:
            raise InputError(f"{table.name}: this Delta table names its files beside its log (sidecars){sidecars}")
        for added, path, in_part in actions:
            live.pop(_named(table, path), None)
            live |= {_named(table, path): in_part} if added else {}
    marked = sum(live.get(name, False) for name in table.files)
    remark = (
        f"{number(marked)} file(s) of this Delta table hold rows that are marked as deleted (deletion vectors): these "
        f"are read as well; {deleted}"
    )
    return Version(frozenset(live), _OUTDATED, remarks=(remark,) if marked else ())


def _since_checkpoint(table: Table) -> list[str]:
    """The latest checkpoint, and the commits after it, in their order; what is missing would be taken for deleted."""
    by_version: dict[int, list[str]] = {}
    for name in table.metadata:
        version = name.rpartition("/")[2].partition(".")[0]
        if version.isdigit() and name.endswith((".json", ".parquet")):
            by_version.setdefault(int(version), []).append(name)
    start = max((at for at, names in by_version.items() if any(".checkpoint" in name for name in names)), default=-1)
    first = [name for name in by_version.get(start, ()) if ".checkpoint" in name]
    later = {at: names for at, names in sorted(by_version.items()) if at > start}
    if not by_version or list(later) != list(range(start + 1, start + 1 + len(later))):
        raise InputError(f"{table.name}: the log of this Delta table is not complete")
    commits = [name for names in later.values() for name in names]
    return sorted(first) + [name for name in commits if name.endswith(".json") and ".checkpoint" not in name]


def _actions(path: Path, name: str) -> list[tuple[bool, str, bool]] | None:
    """The files removed and added, in this order: a file that is rewritten in place stays.

    Each with whether it is added, its path, and whether some of its rows are deleted. ``None`` if the files are named
    in files of their own.
    """
    if name.endswith(".parquet"):
        table = pl.read_parquet(path)
        if "sidecar" in table.columns and table["sidecar"].null_count() < table.height:
            return None
        files = [one for one in table["add"].to_list() if one is not None and one["path"] is not None]
        return [(True, one["path"], _marks_rows(one.get("deletionVector"))) for one in files]
    lines = [_DECODE(line) for line in path.read_bytes().splitlines() if line.strip()]
    if any(line.sidecar is not None for line in lines):
        return None
    removed = [(False, line.remove.path, False) for line in lines if line.remove is not None]
    added = [(True, line.add.path, line.add.deletion_vector is not None) for line in lines if line.add is not None]
    return removed + added


def _named(table: Table, path: str) -> str:
    path = unquote(path)
    return path if "://" in path else table.prefix + path


def _marks_rows(vector: dict[str, object] | None) -> bool:
    """Whether a deletion vector is one: polars reads an object that is not there as one of nothing but nulls."""
    return vector is not None and any(value is not None for value in vector.values())
