"""Small tables of a lakehouse, written by hand: data files, logs, snapshots, and what marks rows as deleted."""

import json
import struct
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from tests.support.small_logs import T0, parquet_bytes, read_all

Action = Mapping[str, Any]

_MAGIC: Final = bytes.fromhex("d1d33964")
#: Where the hand-written deletion vector of a Delta table is: its name is the identifier in ``NO_UUID``.
VECTOR: Final = "deletion_vector_00000000-0000-0000-0000-000000000000.bin"
_NO_UUID: Final = "0" * 20
_FIELDS: Final[Sequence[Action]] = [
    {"name": n, "type": "string", "nullable": True, "metadata": {}} for n in ("timestamp", "account_id")
]
_VECTOR_TYPE: Final = pa.struct(
    {
        "storageType": pa.string(),
        "pathOrInlineDv": pa.string(),
        "offset": pa.int32(),
        "sizeInBytes": pa.int32(),
        "cardinality": pa.int64(),
    }
)
_ADD_TYPE: Final = pa.struct(
    {
        "path": pa.string(),
        "partitionValues": pa.map_(pa.string(), pa.string()),
        "size": pa.int64(),
        "modificationTime": pa.int64(),
        "dataChange": pa.bool_(),
        "stats": pa.string(),
        "deletionVector": _VECTOR_TYPE,
    }
)


def part(folder: Path, name: str, *accounts: str) -> None:
    """Write a data file with a request of each account."""
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(parquet_bytes([{"timestamp": T0, "account_id": one} for one in accounts]))


def accounts(*paths: Path | str) -> list[str]:
    return sorted(read_all(paths).values("account_id"))


def bitmap(*rows: int) -> bytes:
    """A 64-bit Roaring bitmap of a few small numbers, as both formats have it: https://github.com/RoaringBitmap."""
    one_container = struct.pack("<QIIIHHI", 1, 0, 12346, 1, 0, len(rows) - 1, 16)
    return one_container + struct.pack(f"<{len(rows)}H", *rows)


def vector(*rows: int) -> bytes:
    """A deletion vector: size, magic number, bitmap, checksum."""
    payload = _MAGIC + bitmap(*rows)
    return struct.pack(">I", len(payload)) + payload + struct.pack(">I", zlib.crc32(payload))


def protocol(*features: str) -> Action:
    named = {"readerFeatures": features, "writerFeatures": features} if features else {}
    return {"protocol": {"minReaderVersion": 3 if features else 1, "minWriterVersion": 7 if features else 2, **named}}


def metadata() -> Action:
    described = {
        "id": "00000000-0000-0000-0000-000000000001",
        "format": {"provider": "parquet", "options": {}},
        "schemaString": json.dumps({"type": "struct", "fields": _FIELDS}),
        "partitionColumns": [],
        "configuration": {},
        "createdTime": 1,
    }
    return {"metaData": described}


def add(path: str, deleted: Sequence[int] = (), rows: int = 9) -> Action:
    """The action that adds a file, with rows that the deletion vector of the table marks as deleted."""
    file = {"path": path, "partitionValues": {}, "size": 1, "modificationTime": 1, "dataChange": True}
    file["stats"] = json.dumps({"numRecords": rows})
    if deleted:
        size = len(vector(*deleted)) - 8
        told = {"storageType": "u", "pathOrInlineDv": _NO_UUID, "offset": 1, "sizeInBytes": size}
        file["deletionVector"] = {**told, "cardinality": len(deleted)}
    return {"add": file}


def remove(path: str) -> Action:
    return {"remove": {"path": path, "deletionTimestamp": 1, "dataChange": True}}


def commit(folder: Path, version: int, *actions: Action) -> None:
    """Write a version of a Delta table; the first one says what the table is."""
    log = folder / "_delta_log"
    log.mkdir(parents=True, exist_ok=True)
    lines = actions if version else (protocol(), metadata(), *actions)
    (log / f"{version:020}.json").write_text("\n".join(map(json.dumps, lines)))


def checkpoint(folder: Path, version: int, *added: Action, name: str = "checkpoint.parquet") -> None:
    """Write a checkpoint that names the files of a Delta table."""
    empty: Sequence[None] = [None] * (len(added) + 2)
    columns = {
        "protocol": pa.array([protocol()["protocol"], *empty[1:]]),
        "metaData": pa.array(
            [None, metadata()["metaData"], *empty[2:]],
            pa.struct(
                {
                    "id": pa.string(),
                    "format": pa.struct(
                        {"provider": pa.string(), "options": pa.map_(pa.string(), pa.string())},
                    ),
                    "schemaString": pa.string(),
                    "partitionColumns": pa.list_(pa.string()),
                    "configuration": pa.map_(pa.string(), pa.string()),
                    "createdTime": pa.int64(),
                }
            ),
        ),
        "add": _added(None, None, *added),
    }
    pq.write_table(pa.table(columns), folder / "_delta_log" / f"{version:020}.{name}")


def checkpoint_beside(folder: Path, version: int, *added: Action) -> None:
    """Write a checkpoint that names a file which names the files of a Delta table (a sidecar)."""
    beside = folder / "_delta_log" / "_sidecars" / "6f1c.parquet"
    beside.parent.mkdir()
    pq.write_table(pa.table({"add": _added(*added)}), beside)
    features = protocol("v2Checkpoint", "deletionVectors")
    sidecar = {"path": beside.name, "sizeInBytes": beside.stat().st_size, "modificationTime": 1}
    lines = ({"checkpointMetadata": {"version": version}}, features, metadata(), {"sidecar": sidecar})
    name = f"{version:020}.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.json"
    (folder / "_delta_log" / name).write_text("\n".join(map(json.dumps, lines)))


def _added(*actions: Action | None) -> pa.Array:
    files = [None if one is None else {**one["add"], "partitionValues": []} for one in actions]
    return pa.array(files, _ADD_TYPE)


def snapshot(
    folder: Path,
    name: str,
    data: Sequence[str],
    deletes: Sequence[Mapping[str, Any]] = (),
    removed: Sequence[str] = (),
    *,
    changed: int = 1,
) -> None:
    """Write a version of an Iceberg table, as if its folder were ``s3://lake/t``: metadata, manifests, their list.

    Args:
        folder: The table.
        name: Of the metadata, without its ending.
        data: Files with data that count.
        deletes: Entries of files of deletes.
        removed: Files that the manifest has as removed.
        changed: When this version was written.
    """
    below = folder / "metadata"
    below.mkdir(parents=True, exist_ok=True)
    manifests = []
    alive = [(1, {"content": 0, "file_path": f"s3://lake/t/{one}", "file_format": "PARQUET"}) for one in data]
    gone = [(2, {"content": 0, "file_path": f"s3://lake/t/{one}", "file_format": "PARQUET"}) for one in removed]
    for at, entries in enumerate((alive + gone, [(1, dict(one)) for one in deletes])):
        if entries:
            columns = {"status": [status for status, _ in entries], "data_file": [file for _, file in entries]}
            pl.DataFrame(columns, infer_schema_length=None).write_avro(below / f"{name}-m{at}.avro", "deflate")
            manifests.append(f"s3://lake/t/metadata/{name}-m{at}.avro")
    listed = pl.DataFrame({"manifest_path": manifests}, schema={"manifest_path": pl.String})
    listed.write_avro(below / f"snap-{name}.avro")
    written = {"snapshot-id": 7, "manifest-list": f"s3://lake/t/metadata/snap-{name}.avro"}
    version = {"format-version": 2, "location": "s3://lake/t", "last-updated-ms": changed, "current-snapshot-id": 7}
    text = json.dumps({**version, "snapshots": [{"snapshot-id": 6}, written]})
    (below / f"{name}.metadata.json").write_text(text)


def position_deletes(folder: Path, name: str, path: str, *rows: int) -> dict[str, Any]:
    """Write a file that deletes rows of another one by their number, and return its entry."""
    frame = pl.DataFrame({"file_path": [f"s3://lake/t/{path}"] * len(rows), "pos": rows})
    frame.write_parquet(folder / name)
    return {"content": 1, "file_path": f"s3://lake/t/{name}", "file_format": "PARQUET", "record_count": len(rows)}
