"""Find the tables that files belong to, and leave out what these do not refer to any more."""

import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

import polars as pl

from distillscan.errors import InputError
from distillscan.read.inputs.tables import delta, iceberg
from distillscan.read.inputs.tables.model import Table, Version
from distillscan.read.notes import Notes
from distillscan.wording import number

#: Folders of metadata, by which a table is told.
FOLDERS: Final = (delta.LOG, delta.SIDECARS, iceberg.FOLDER)
_FOLDER: Final = re.compile(rf"\A(?P<prefix>(?:.*/)?)(?P<folder>{delta.LOG}|{iceberg.FOLDER})/", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Current:
    """Files that count, and of some the numbers of the rows that are marked as deleted."""

    files: Sequence[str]
    deleted: Mapping[str, pl.Series]


def is_metadata(name: str) -> bool:
    """Return whether a file, by its name, is metadata of a table, or says which rows are deleted."""
    return iceberg.METADATA.search(name) is not None or delta.VECTORS.search(name) is not None


def metadata_beside(names: Iterable[str]) -> Iterator[str]:
    """Yield the local files in folders of metadata beside Parquet files, or above them, and these folders."""
    for folder in sorted({folder for name in names if name.endswith(".parquet") for folder in Path(name).parents}):
        for place in (folder / one for one in FOLDERS):
            if place.is_dir():
                yield f"{place.as_posix()}/"
                for _, _, files in islice(os.walk(place), 1):
                    yield from ((place / file).as_posix() for file in files)


def leave_out_replaced(
    names: Sequence[str], metadata: Iterable[str], local: Callable[[str], Path], notes: Notes
) -> Current:
    """Return what counts of some files, and say how much is left out.

    Args:
        names: The files.
        metadata: Names among which are those of all that is in folders of metadata (``FOLDERS``).
        local: Where the bytes of a file are, by its name.
        notes: Receives what is left out.
    """
    outdated: set[str] = set()
    deleted: dict[str, pl.Series] = {}
    for table, read in _tables(names, metadata, local):
        try:
            version = read(table)
        except InputError as error:
            notes.add(f"{error}: all files below it are read, also those that were replaced")
            continue
        parquet = {name for name in table.files if name.endswith(".parquet")}
        if old := parquet - version.files:
            notes.add(f"{table.name}: left out {number(len(old))} file(s) that {version.outdated}")
        marked = {name: rows for name, rows in version.deleted.items() if name in parquet & version.files and len(rows)}
        if marked:
            rows = number(sum(map(len, marked.values())))
            notes.add(
                f"{table.name}: left out {rows} row(s) of {number(len(marked))} file(s) that are marked as deleted"
            )
        for remark in version.remarks:
            notes.add(f"{table.name}: {remark}")
        outdated |= old
        deleted |= marked
    return Current([name for name in names if name not in outdated], deleted)


def _tables(
    names: Sequence[str], metadata: Iterable[str], local: Callable[[str], Path]
) -> Iterator[tuple[Table, Callable[[Table], Version]]]:
    """The tables that some files belong to, and what reads each: of one in both formats its own log, Delta's."""
    found: defaultdict[str, defaultdict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for name in metadata:
        if match := _FOLDER.match(name):
            found[match["prefix"]][match["folder"]].append(name)
    for prefix, by_folder in sorted(found.items()):
        files = [name for name in names if name.startswith(prefix)]
        if log := by_folder[delta.LOG]:
            yield Table(prefix, log, files, local), delta.read_version
        elif any(map(iceberg.VERSION.search, by_folder[iceberg.FOLDER])):
            yield Table(prefix, by_folder[iceberg.FOLDER], files, local), iceberg.read_version
