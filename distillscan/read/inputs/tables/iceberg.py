"""Iceberg tables: their metadata is JSON and Avro, which polars reads.

``polars.scan_iceberg`` and pyiceberg read a table where it was written only: its metadata has absolute addresses. Here
they are found again in the folder that the table was copied to.

The specification: https://iceberg.apache.org/spec/.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
import polars as pl

from distillscan.errors import InputError
from distillscan.read.inputs.detect import detect_compression
from distillscan.read.inputs.stream import ByteStream
from distillscan.read.inputs.tables.model import Table, Version
from distillscan.wording import number

FOLDER: Final = "metadata"
#: A version of a table, and whatever else it has beside its data.
VERSION: Final = re.compile(r"(?:^|/)metadata/v?(?P<number>\d*+)[^/]*\.metadata\.json(?:\.gz)?$")
METADATA: Final = re.compile(r"(?:^|/)metadata/[^/]+(?:\.metadata\.json(?:\.gz)?|\.avro|\.stats)$|\.puffin$")
#: Bytes of a version's metadata that are read; a table with 10,000 snapshots has some 10 MB.
_MOST: Final = 256 << 20
#: What is read of an entry of a manifest, and how entries and files are numbered there.
_FILE: Final = pl.Schema(
    {
        "content": pl.Int64(),
        "file_path": pl.String(),
        "file_format": pl.String(),
        "record_count": pl.Int64(),
        "referenced_data_file": pl.String(),
        "content_offset": pl.Int64(),
        "content_size_in_bytes": pl.Int64(),
    }
)
_REMOVED: Final = 2
_DATA, _EQUALITY_DELETES = 0, 2
#: Before the bitmap of a deletion vector its size and a magic number, after it a checksum.
_MAGIC: Final = bytes.fromhex("d1d33964")
_BROKEN: Final = (OSError, ValueError, KeyError, pl.exceptions.PolarsError, pl.exceptions.PanicException)


class _Snapshot(msgspec.Struct, rename="kebab"):
    snapshot_id: int
    manifest_list: str | None = None
    manifests: list[str] = []


class _Metadata(msgspec.Struct, rename="kebab"):
    last_updated_ms: int
    current_snapshot_id: int | None = None
    snapshots: list[_Snapshot] = []

    @property
    def current(self) -> _Snapshot | None:
        """The current snapshot; a table without rows may have none."""
        if self.current_snapshot_id in (None, -1):
            return None
        return next(one for one in self.snapshots if one.snapshot_id == self.current_snapshot_id)


@dataclass(frozen=True, slots=True)
class _Finder:
    """Finds the files of a table by the addresses that its metadata has, wherever it was copied to."""

    table: Table
    names: frozenset[str]

    def find(self, address: str) -> str | None:
        """Return the file whose name ends like an address, the longest such."""
        parts = address.split("/")
        names = (self.table.prefix + "/".join(parts[at:]) for at in range(len(parts)))
        return next((name for name in names if name in self.names), None)

    def local(self, address: str) -> Path:
        """Return where a file is; raises ``KeyError`` if it is not in the folder."""
        name = self.find(address)
        if name is None:
            raise KeyError(address)
        return self.table.local(name)


def read_version(table: Table) -> Version:
    """Read what the current snapshot of an Iceberg table refers to.

    Raises:
        InputError: If its metadata is broken or incomplete.
    """
    finder = _Finder(table, frozenset((*table.metadata, *table.files)))
    try:
        name, metadata = _newest(table)
        entries = _entries(metadata.current, finder)
    except (*_BROKEN, StopIteration) as error:
        raise InputError(
            f"{table.name}: the metadata of this Iceberg table cannot be read (to read its current snapshot only, "
            "export that, as with polars.scan_iceberg(METADATA).sink_parquet(FILE))"
        ) from error
    data = {finder.find(address) for address in entries.filter(pl.col("content") == _DATA)["file_path"]}
    deleted, remarks = _deleted(entries.filter(pl.col("content") != _DATA), finder)
    outdated = f"hold no rows of the current snapshot of this Iceberg table ({name})"
    return Version(frozenset(one for one in data if one), outdated, deleted, tuple(remarks))


def _newest(table: Table) -> tuple[str, _Metadata]:
    """The newest metadata of a table, by the number in its name; of those with the same number the last written."""
    versions = [(int(match["number"] or -1), name) for name in table.metadata if (match := VERSION.search(name))]
    newest = max(versions)[0]
    read = [(name, _read_metadata(table.local(name), name)) for number, name in versions if number == newest]
    return max(read, key=lambda one: (one[1].last_updated_ms, one[0]))


def _read_metadata(path: Path, name: str) -> _Metadata:
    with ByteStream(path, name, detect_compression(path, name)) as stream:
        return msgspec.json.decode(stream.read(_MOST), type=_Metadata)


def _entries(snapshot: _Snapshot | None, finder: _Finder) -> pl.DataFrame:
    """The files that the manifests of a snapshot name (``_FILE``)."""
    if snapshot is None:
        return pl.DataFrame(schema=_FILE)
    manifests = snapshot.manifests
    if snapshot.manifest_list is not None:
        manifests = pl.read_avro(finder.local(snapshot.manifest_list))["manifest_path"].to_list()
    return pl.concat([pl.DataFrame(schema=_FILE), *(_live(finder.local(manifest)) for manifest in manifests)])


def _live(manifest: Path) -> pl.DataFrame:
    entries = pl.read_avro(manifest)
    files = entries.filter(pl.col("status") != _REMOVED)["data_file"].struct.unnest()
    there = (pl.col(name) if name in files.columns else pl.lit(None).alias(name) for name in _FILE)
    found = files.select(there).cast(_FILE)
    if found["file_path"].null_count():
        raise ValueError("an entry without a file")
    # The first version of the format has no kinds of files: all hold data.
    return found.with_columns(pl.col("content").fill_null(_DATA), pl.col("file_format").fill_null(""))


def _deleted(entries: pl.DataFrame, finder: _Finder) -> tuple[Mapping[str, pl.Series], list[str]]:
    """The rows that deletes by position take out, by file, and what to say of deletes that are not applied."""
    parts: defaultdict[str, list[pl.Series]] = defaultdict(list)
    missed: defaultdict[str, int] = defaultdict(int)
    for entry in entries.iter_rows(named=True):
        if entry["content"] == _EQUALITY_DELETES:
            missed["compact the table (rewrite_data_files) or export it to have them left out"] += 1
            continue
        try:
            for address, rows in _positions(entry, finder):
                if (name := finder.find(address)) is not None:
                    parts[name].append(rows)
        except ImportError:
            missed["pip install 'distillscan[iceberg]' to have them left out"] += 1
        except (*_BROKEN, TypeError):  # a deletion vector needs numbers that other files of deletes do not have
            missed["the files of these deletes cannot be read"] += 1
    remarks = [
        f"{number(count)} file(s) of deletes of this Iceberg table: the rows they take out are read as well; {why}"
        for why, count in missed.items()
    ]
    return {name: pl.concat(rows).unique().sort() for name, rows in parts.items()}, remarks


def _positions(entry: Mapping[str, Any], finder: _Finder) -> Iterator[tuple[str, pl.Series]]:
    """The deleted rows that a file of deletes names, by the address of the file that they are in."""
    path = finder.local(entry["file_path"])
    if entry["file_format"].upper() == "PUFFIN":
        yield entry["referenced_data_file"], _vector(path, entry)
        return
    rows = pl.read_parquet(path, columns=["file_path", "pos"])
    for (address,), group in rows.group_by("file_path"):
        yield str(address), group["pos"].cast(pl.UInt64)


def _vector(path: Path, entry: Mapping[str, Any]) -> pl.Series:
    """The rows of a deletion vector, a bitmap inside a file."""
    from pyroaring import BitMap64

    with path.open("rb") as file:
        file.seek(entry["content_offset"])
        blob = file.read(entry["content_size_in_bytes"])
    rows = BitMap64.deserialize(blob[8:-4])
    if blob[4:8] != _MAGIC or len(rows) != entry["record_count"]:
        raise ValueError("not the deletion vector that the manifest names")
    return pl.Series(list(rows), dtype=pl.UInt64)
