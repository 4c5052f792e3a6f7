"""Logs in object stores, against a local server that speaks S3; of the others, their addresses."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from distillscan.errors import InputError, UsageError
from distillscan.read import ReadOptions, open_log
from distillscan.read.inputs.remote import is_remote, matches, store_uri
from tests.support.lakehouse import (
    VECTOR,
    add,
    checkpoint_beside,
    commit,
    part,
    position_deletes,
    remove,
    snapshot,
    vector,
)
from tests.support.small_logs import TWO, csv_bytes, ndjson_bytes, parquet_bytes, read_all


def write_tables(folder: Path) -> list[Path]:
    """Tables of each kind in which a file was replaced; of one the log takes the package deltalake."""
    delta, marked, iceberg = (folder / name for name in ("delta", "marked", "iceberg"))
    for table in (delta, marked, iceberg):
        part(table, "data/old.parquet", "a", "b", "c")
        part(table, "data/new.parquet", "a", "b")
    for table in (delta, marked):
        commit(table, 0, add("data/old.parquet"))
        commit(table, 1, remove("data/old.parquet"), add("data/new.parquet"))
    checkpoint_beside(marked, 1, add("data/new.parquet", deleted=[0], rows=2))
    (marked / VECTOR).write_bytes(b"\x01" + vector(0))
    deletes = [position_deletes(iceberg, "data/deletes.parquet", "data/new.parquet", 1)]
    snapshot(iceberg, "v1", ["data/new.parquet"], deletes)
    return [delta, marked, iceberg]


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A bucket with logs, on a local server that Arrow finds by the environment, as it finds a real one."""
    moto = pytest.importorskip("moto.server", reason="moto[server] is not installed: no local S3 to test against")
    pafs = pytest.importorskip("pyarrow.fs")
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        }.items():
            patch.setenv(name, value)
        store = pafs.S3FileSystem(
            endpoint_override=f"{host}:{port}", scheme="http", region="us-east-1", allow_bucket_creation=True
        )
        store.create_dir("logs")
        for key, content in {
            "day=1/a b.parquet": parquet_bytes(TWO),
            "day=2/b#1.csv": csv_bytes(TWO),
            "day=2/deep/c.ndjson": ndjson_bytes(TWO),
            "day=2/c.labels.csv": b"x",
            "day=2/readme.txt": b"x",
            "day=2/_SUCCESS": b"x",
            "day=2/.hidden/d.csv": csv_bytes(TWO),
            "day=3/gateway.log": ndjson_bytes(TWO),
        }.items():
            with store.open_output_stream(f"logs/{key}") as out:
                out.write(content)
        for folder in write_tables(tmp_path_factory.mktemp("tables")):
            pafs.copy_files(str(folder), f"logs/tables/{folder.name}", destination_filesystem=store)
        yield "s3://logs"
    server.stop()


def labels(*paths: str) -> list[str]:
    with open_log(paths) as log:
        return [file.path.removeprefix("s3://logs/") for file in log.inputs]


def test_an_object_reads_as_the_file_would(bucket: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(csv_bytes(TWO))
    local = read_all([tmp_path / "a.csv"])
    with open_log([f"{bucket}/day=2/b#1.csv"]) as log:
        frames = [batch.frame for task in log.tasks() for batch in task()]
        digests = log.digests()
        assert [(file.path, file.format, file.bytes) for file in log.inputs] == [
            ("s3://logs/day=2/b#1.csv", "csv", len(csv_bytes(TWO)))
        ]
        fetched = log.fetch(frames[0], ["prompt"])["prompt"].to_list()
    assert frames[0].equals(local.frame)
    assert fetched == ["one", "two"]
    import hashlib

    assert digests == {"s3://logs/day=2/b#1.csv": hashlib.sha256(csv_bytes(TWO)).hexdigest()}


def test_folders_and_patterns(bucket: str) -> None:
    everything = ["day=1/a b.parquet", "day=2/b#1.csv", "day=2/deep/c.ndjson", "day=3/gateway.log"]
    assert [one for one in labels(f"{bucket}/") if not one.startswith("tables/")] == everything
    assert labels(f"{bucket}/day=2") == everything[1:3]
    assert labels(f"{bucket}/day=*/*.csv") == ["day=2/b#1.csv"]
    assert labels(f"{bucket}/**/*.ndjson") == ["day=2/deep/c.ndjson"]
    assert labels(f"{bucket}/day=[13]/*") == ["day=1/a b.parquet", "day=3/gateway.log"]


@pytest.mark.parametrize("path", ["", "/data", "/data/*.parquet", "/*/*.parquet"])
def test_tables_are_read_as_local_ones(bucket: str, path: str) -> None:
    assert read_all([f"{bucket}/tables/delta{path}"]).values("account_id") == ["a", "b"]
    assert read_all([f"{bucket}/tables/iceberg{path}"]).values("account_id") == ["a"]


def test_the_log_of_a_table_is_copied_for_deltalake(bucket: str) -> None:
    pytest.importorskip("deltalake", reason="the package deltalake is not installed")
    found = read_all([f"{bucket}/tables/marked"])
    assert list(zip(found.values("account_id"), found.values("row"), strict=True)) == [("b", 1)]
    assert "s3://logs/tables/marked: left out 1 row(s) of 1 file(s) that are marked as deleted" in found.notes


def test_path_keys_and_what_is_left_out(bucket: str) -> None:
    found = read_all([f"{bucket}/day=2/"], ReadOptions(mapping={"plan": "day"}))
    assert set(found.values("plan")) == {"2"}
    folder = "s3://logs/day=2/"
    assert [note for note in found.notes if "left out" in note] == [
        f"{folder}: left out 1 file(s) that hold labels ({folder}c.labels.csv); name a file to have it read",
        f"{folder}: left out 1 file(s) that look like no log ({folder}readme.txt); name a file to have it read",
    ]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/none.csv", "s3://logs/none.csv does not exist: check the address, and that the credentials in use may read"),
        ("/none*.csv", "s3://logs/none*.csv holds no log"),
        ("-other/x.csv", "s3://logs-other/x.csv"),
    ],
)
def test_what_is_not_there(bucket: str, path: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        open_log([bucket + path])
    assert message in str(caught.value)


def test_a_store_that_cannot_be_reached(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(uri: str) -> None:
        raise OSError("no route to host.\nmore")

    import pyarrow.fs as pafs

    class NoRoute:
        from_uri = staticmethod(broken)

    monkeypatch.setattr(pafs, "FileSystem", NoRoute)
    with pytest.raises(
        InputError, match=r"^s3://logs/a\.csv cannot be read \(no route to host\): check the address, the"
    ):
        open_log([f"{bucket}/a.csv"])


def test_addresses() -> None:
    assert [is_remote(path) for path in ("s3://b/k", "gs://b", "az://c/p", "abfss://c@a/p", "abfs://c/p")] == [True] * 5
    assert [is_remote(path) for path in ("s3:/b", "logs/s3://x", "http://x/y", "C:\\x", "-")] == [False] * 5
    assert store_uri("s3a", "b", {}) == "s3://b"
    assert store_uri("gcs", "b", {}) == "gs://b?retry_limit_seconds=30"
    assert store_uri("abfss", "c@a.dfs.core.windows.net", {}) == "abfss://c@a.dfs.core.windows.net"
    assert store_uri("az", "c", {"AZURE_STORAGE_ACCOUNT": "acc"}) == "abfss://c@acc.dfs.core.windows.net"
    with pytest.raises(UsageError, match=r"az://c: which storage account\? Set AZURE_STORAGE_ACCOUNT_NAME, or write"):
        store_uri("az", "c", {"AZURE_STORAGE_ACCOUNT_NAME": ""})
    with pytest.raises(UsageError, match="s3:///x: name the bucket"):
        open_log(["s3:///x"])


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        ("a/*.csv", "a/b.csv", "a/b/c.csv"),
        ("**/x", "x", "a/y"),
        ("a/**", "a/b/c", "b/a"),
        ("a?c", "abc", "a/c"),
        ("[ab]", "a", "c"),
        ("[!ab]", "c", "a"),
        ("a[b", "a[b", "ab"),
        ("a.b+", "a.b+", "axbb"),
    ],
)
def test_patterns(pattern: str, matching: str, other: str) -> None:
    assert matches(matching.split("/"), pattern.split("/"))
    assert not matches(other.split("/"), pattern.split("/"))
