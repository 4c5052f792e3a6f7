"""Of an Iceberg table only what its current snapshot refers to counts, wherever its folder was copied to."""

import gzip
import importlib.util
import json
import shutil
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from distillscan.cli import cli
from tests.support.lakehouse import accounts, add, commit, part, position_deletes, snapshot, vector
from tests.support.places import FIXTURES
from tests.support.small_logs import read_all

needs_pyroaring = pytest.mark.skipif(
    importlib.util.find_spec("pyroaring") is None, reason="the package pyroaring is not installed"
)
UNREADABLE = (
    "t: the metadata of this Iceberg table cannot be read (to read its current snapshot only, export that, as with "
    "polars.scan_iceberg(METADATA).sink_parquet(FILE)): all files below it are read, also those that were replaced"
)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Two files that were compacted into one, and one file in a folder with a blank in its name."""
    table = tmp_path / "t"
    for name, account in (("a.parquet", "a"), ("b.parquet", "b"), ("ab.parquet", "ab"), ("d=x y/c.parquet", "c")):
        part(table, f"data/{name}", *account)
    snapshot(table, "00001-6f1c", ["data/a.parquet", "data/b.parquet", "data/d=x y/c.parquet"])
    snapshot(table, "00002-7a2d", ["data/ab.parquet", "data/d=x y/c.parquet"], removed=["data/a.parquet"])
    return table


def vector_entry(table: Path, rows: int, content: bytes) -> dict[str, object]:
    """Write a deletion vector for the file of two rows between other bytes, and return its entry."""
    (table / "data/6f1c.puffin").write_bytes(b"PFA1" + content + b"PFA1")
    place = {"content_offset": 4, "content_size_in_bytes": len(content), "record_count": rows}
    path = {"file_path": "s3://lake/t/data/6f1c.puffin", "referenced_data_file": "s3://lake/t/data/ab.parquet"}
    return {"content": 1, "file_format": "PUFFIN", **path, **place}


def test_replaced_files_of_an_iceberg_table_are_left_out_and_counted(table: Path) -> None:
    found = read_all([table], tmp=table.parent)
    assert (sorted(found.values("account_id")), found.unread) == (["a", "b", "c"], ())
    assert (
        "t: left out 2 file(s) that hold no rows of the current snapshot of this Iceberg table "
        "(t/metadata/00002-7a2d.metadata.json)"
    ) in found.notes
    assert any("t: left out 6 file(s) with metadata of a table (" in note for note in found.notes)
    assert accounts(table / "data") == ["a", "b", "c"]
    assert accounts(table / "data/*.parquet") == ["a", "b"]
    assert accounts(table.parent) == ["a", "b", "c"]
    assert accounts(table / "data/a.parquet") == ["a"]


def test_a_table_as_pyiceberg_wrote_it() -> None:
    """Three rows in two partitions, of which one was deleted: format 2, pyiceberg 0.12, in ``s3://lake/requests``."""
    found = read_all([FIXTURES / "iceberg"])
    assert sorted(found.values("account_id")) == ["a", "c"]
    assert any("left out 1 file(s) that hold no rows of the current snapshot" in note for note in found.notes)


def test_the_newest_version_counts_by_number_then_by_time(table: Path) -> None:
    snapshot(table, "v10", ["data/a.parquet"], changed=2)
    snapshot(table, "v9", ["data/b.parquet"], changed=3)
    assert accounts(table) == ["a"]
    snapshot(table, "00010-8b3e", ["data/b.parquet"], changed=3)
    assert accounts(table) == ["b"]


def test_metadata_that_is_compressed(table: Path) -> None:
    for number, ending in ((3, ".gz.metadata.json"), (4, ".metadata.json.gz")):
        snapshot(table, f"v{number}", ["data/a.parquet"] * (number == 4))
        plain = table / f"metadata/v{number}.metadata.json"
        (table / f"metadata/v{number}{ending}").write_bytes(gzip.compress(plain.read_bytes()))
        plain.unlink()
    assert accounts(table) == ["a"]


def test_a_table_of_the_first_format(table: Path) -> None:
    """No kinds of files in manifests, and the manifests listed in the metadata itself."""
    import polars as pl

    entries = {"status": [0, 2], "data_file": [{"file_path": f"file:/x/t/data/{one}.parquet"} for one in ("a", "b")]}
    pl.DataFrame(entries).write_avro(table / "metadata/m.avro")
    snapshots = [{"snapshot-id": 1, "manifests": ["file:/x/t/metadata/m.avro"]}]
    version = {"last-updated-ms": 1, "current-snapshot-id": 1, "snapshots": snapshots}
    (table / "metadata/v3.metadata.json").write_text(json.dumps(version))
    assert accounts(table) == ["a"]


def test_rows_that_are_deleted_by_position_are_left_out(table: Path) -> None:
    part(table, "data/def.parquet", "d", "e", "f")
    deletes = [
        position_deletes(table, "data/1-deletes.parquet", "data/def.parquet", 0, 2),
        position_deletes(table, "data/2-deletes.parquet", "data/def.parquet", 2),
        position_deletes(table, "data/3-deletes.parquet", "data/a.parquet", 0),
    ]
    snapshot(table, "00003-8b3e", ["data/ab.parquet", "data/def.parquet"], deletes)
    found = read_all([table], tmp=table.parent)
    rows = list(zip(found.values("account_id"), found.values("row"), strict=True))
    assert rows == [("a", 0), ("b", 1), ("e", 1)]
    assert "t: left out 2 row(s) of 1 file(s) that are marked as deleted" in found.notes
    assert any("t: left out 6 file(s) that hold no rows of the current snapshot" in note for note in found.notes)


@needs_pyroaring
def test_rows_of_deletion_vectors_are_left_out_with_pyroaring(table: Path) -> None:
    snapshot(table, "00003-8b3e", ["data/ab.parquet"], [vector_entry(table, 1, vector(1))])
    assert accounts(table) == ["a"]


@needs_pyroaring
@pytest.mark.parametrize(
    ("rows", "content"), [(2, vector(1)), (1, vector(1)[:20]), (1, b"\0" * 4 + b"xxxx" + vector(1)[8:])]
)
def test_a_deletion_vector_that_is_broken_is_said(table: Path, rows: int, content: bytes) -> None:
    snapshot(table, "00003-8b3e", ["data/ab.parquet"], [vector_entry(table, rows, content)])
    found = read_all([table], tmp=table.parent)
    assert found.values("account_id") == ["a", "b"]
    assert (
        "t: 1 file(s) of deletes of this Iceberg table: the rows they take out are read as well; the files of these "
        "deletes cannot be read"
    ) in found.notes


def test_deletes_that_are_not_applied_are_said(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyroaring", None)
    equality = {"content": 2, "file_path": "s3://lake/t/data/x.parquet", "file_format": "PARQUET", "record_count": 1}
    missing = equality | {"content": 1}
    deletes = [equality, equality, missing, vector_entry(table, 1, vector(1))]
    snapshot(table, "00003-8b3e", ["data/ab.parquet"], deletes)
    done = CliRunner().invoke(cli, ["analyze", str(table), "--format", "json"])
    report = json.loads(done.stdout)
    assert (done.exit_code, report["population"]["requests"]) == (0, 2)
    said = [text.partition("t: ")[2] for text in report["limitations"] if "deletes of this Iceberg table" in text]
    read = "file(s) of deletes of this Iceberg table: the rows they take out are read as well"
    assert said == [
        f"1 {read}; pip install 'distillscan[iceberg]' to have them left out",
        f"1 {read}; the files of these deletes cannot be read",
        f"2 {read}; compact the table (rewrite_data_files) or export it to have them left out",
    ]


@pytest.mark.parametrize(
    "broken",
    [
        lambda table: (table / "metadata/00003.metadata.json").write_text("{"),
        lambda table: (table / "metadata/00003.metadata.json").write_text('{"snapshots": [{"timestamp-ms": 1}]}'),
        lambda table: (table / "metadata/00003.metadata.json").write_text(
            '{"last-updated-ms": 1, "current-snapshot-id": 5, "snapshots": []}'
        ),
        lambda table: (table / "metadata/00002-7a2d-m0.avro").unlink(),
        lambda table: (table / "metadata/snap-00002-7a2d.avro").write_bytes(b"Obj\x01"),
        lambda table: (table / "metadata/00002-7a2d-m0.avro").write_bytes(b""),
    ],
)
def test_metadata_that_is_broken_is_said_and_everything_read(table: Path, broken: object) -> None:
    assert callable(broken)
    broken(table)
    found = read_all([table], tmp=table.parent)
    assert sorted(found.values("account_id")) == ["a", "a", "b", "b", "c"]
    assert UNREADABLE in found.notes


def test_broken_metadata_ends_well_and_says_what_it_counts(table: Path) -> None:
    (table / "metadata/00002-7a2d.metadata.json").write_text("{")
    done = CliRunner().invoke(cli, ["analyze", str(table), "--format", "json"])
    report = json.loads(done.stdout)
    assert (done.exit_code, report["population"]["requests"]) == (0, 5)
    assert any("the metadata of this Iceberg table cannot be read" in text for text in report["limitations"])


def test_a_table_without_a_snapshot_says_what_it_left_out(table: Path) -> None:
    empty = {"last-updated-ms": 1, "current-snapshot-id": -1}
    (table / "metadata/00003-8b3e.metadata.json").write_text(json.dumps(empty))
    done = CliRunner().invoke(cli, ["analyze", str(table)])
    assert done.exit_code == 3
    assert "t: left out 4 file(s) that hold no rows of the current snapshot" in done.stderr.replace("\n", " ")


def test_a_table_that_is_delta_and_iceberg_is_read_as_delta(table: Path) -> None:
    commit(table, 0, add("data/b.parquet"))
    assert accounts(table) == ["b"]


@given(st.data())
def test_no_metadata_ends_a_run(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    table = tmp_path_factory.mktemp("t") / "t"
    shutil.copytree(FIXTURES / "iceberg", table)
    file = data.draw(st.sampled_from(sorted((table / "metadata").iterdir())))
    content = bytearray(file.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    file.write_bytes(content[: data.draw(st.integers(len(content) // 2, len(content)))])
    assert set(accounts(table)) <= {"a", "b", "c"}
