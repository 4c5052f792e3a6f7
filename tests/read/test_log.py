"""A log of several inputs: what it says about itself, its tasks, single rows again, hashes, clean-up."""

import errno
import hashlib
import io
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from distillscan.columns import CANONICAL, POINTER
from distillscan.errors import InputError, UsageError
from distillscan.read import REJECTS, LogFile, ReadOptions, open_log
from tests.support.small_logs import T0, T1, TWO, batches_of, csv_bytes, ndjson_bytes, parquet_bytes, read_all

HEADER_ONLY = b"timestamp,account_id\n"


def put(tmp_path: Path, **files: bytes) -> list[str]:
    """Write files; ``__`` in a name is a dot."""
    paths = [tmp_path / name.replace("__", ".") for name in files]
    for path, content in zip(paths, files.values(), strict=True):
        path.write_bytes(content)
    return [str(path) for path in paths]


def rows_of(account: str, count: int, **fields: str) -> list[dict[str, str]]:
    return [{"timestamp": T0, "account_id": f"{account}{at}", **fields} for at in range(count)]


def test_inputs_are_sorted_by_name_and_numbered(tmp_path: Path) -> None:
    paths = put(tmp_path, b__csv=csv_bytes(TWO), a__parquet=parquet_bytes(TWO), c__jsonl=ndjson_bytes(TWO))
    with open_log(paths) as log:
        a, b, c = log.inputs
        assert a == LogFile(0, paths[1], Path(paths[1]), "parquet", None, len(parquet_bytes(TWO)))
        assert [(one.source, one.path, one.format) for one in (b, c)] == [(1, paths[0], "csv"), (2, paths[2], "ndjson")]
        assert [batch.frame["source"].unique().to_list() for batch in batches_of(log)] == [[0], [1], [2]]
        assert [task.source for task in log.tasks()] == [0, 1, 2]
        assert [task.bytes for task in log.tasks()] == [one.bytes for one in log.inputs]
        assert log.rows_hint is None
        assert log.columns == {"timestamp", "account_id", "prompt"}
        assert log.notes == ()
    with open_log([paths[1]]) as log:
        assert log.rows_hint == 2


def test_schemas_of_frames_and_rejects(tmp_path: Path) -> None:
    (path,) = put(tmp_path, a__csv=csv_bytes([*TWO, {"timestamp": "", "account_id": "x", "prompt": ""}]))
    with open_log([path]) as log:
        (batch,) = batches_of(log)
    assert batch.frame.schema == {
        **POINTER,
        **{name: CANONICAL[name] for name in ("timestamp", "account_id", "prompt")},
    }
    assert batch.rejects.schema == REJECTS == {**POINTER, "reason": pl.String(), "record": pl.String()}
    assert batch.rejects.rows() == [(0, 2, "timestamp missing", None)]
    assert (batch.read, batch.bytes) == (3, log.inputs[0].bytes)


def test_each_file_has_its_own_columns(tmp_path: Path) -> None:
    paths = put(
        tmp_path,
        a__csv=csv_bytes([{"ts": T0, "user_id": 1, "ip": "192.0.2.1"}]),
        b__jsonl=ndjson_bytes([{"timestamp": T1, "account_id": 2, "model": "m"}]),
    )
    outcome = read_all(paths)
    assert outcome.columns == {"timestamp", "account_id", "ip", "model"}
    assert outcome.frame.select("account_id", "ip", "model").rows() == [("1", "192.0.2.1", None), ("2", None, "m")]
    assert outcome.notes == ("column ts is read as timestamp", "column user_id is read as account_id")


def test_a_file_without_a_required_column_is_named(tmp_path: Path) -> None:
    paths = put(tmp_path, a__csv=csv_bytes(TWO), b__jsonl=ndjson_bytes([{"timestamp": T0, "who": {"id": 1}}]))
    reason = (
        f"{paths[1]}: no column for account_id. Columns found: timestamp, who, who.id. "
        "Say which column it is, for example --map account_id=who.id"
    )
    with pytest.raises(InputError) as caught:
        open_log(paths[1:])
    assert str(caught.value) == reason
    outcome = read_all(paths)
    assert outcome.values("account_id") == ["a", "b"]
    assert outcome.unread == ("1 of 2 inputs were not read whole", f"left out: {reason}")


def test_a_mapping_that_fits_no_input_names_the_closest_column(tmp_path: Path) -> None:
    paths = put(tmp_path, a__csv=csv_bytes(TWO), b__jsonl=ndjson_bytes([{**TWO[0], "user": {"ident": 1}}]))
    with pytest.raises(UsageError) as caught:
        open_log(paths, ReadOptions({"org_id": "user.id"}))
    assert str(caught.value) == "--map org_id=user.id: no input has a column user.id; did you mean user.ident?"
    with pytest.raises(UsageError, match=r"no input has a column zz; columns found: account_id, prompt, timestamp$"):
        open_log(paths[:1], ReadOptions({"org_id": "zz"}))


def test_a_mapping_that_fits_some_inputs_only(tmp_path: Path) -> None:
    paths = put(
        tmp_path,
        a__csv=csv_bytes([{"timestamp": T0, "who": "a", "team": "t"}]),
        b__csv=csv_bytes([{"timestamp": T0, "account_id": "b"}]),
    )
    outcome = read_all(paths, ReadOptions({"account_id": "who", "org_id": "team"}), tmp_path)
    assert outcome.frame.select("account_id", "org_id").rows() == [("a", "t"), ("b", None)]
    assert outcome.notes == (
        "b.csv has no column team: org_id is left empty there",
        "b.csv has no column who: account_id is read as account_id there",
    )


def test_partition_keys_give_columns_but_override_none(tmp_path: Path) -> None:
    for plan, extra in (("free", {}), ("pro", {"plan": "inner"}), ("__HIVE_DEFAULT_PARTITION__", {})):
        folder = tmp_path / f"plan={plan}" / "country=XX"
        folder.mkdir(parents=True)
        (folder / "x.csv").write_bytes(csv_bytes(rows_of(plan[:1], 1, **extra)))
    outcome = read_all([tmp_path])
    assert outcome.frame.select("account_id", "plan", "country").rows() == [
        ("_0", None, "XX"),
        ("f0", "free", "XX"),
        ("p0", "inner", "XX"),
    ]
    with open_log([str(tmp_path)]) as log:
        pointers = pl.DataFrame({"source": [1, 2], "row": [0, 0]})
        assert log.fetch(pointers, ["plan"]).rows() == [(1, 0, "free"), (2, 0, "inner")]


def test_a_log_whose_columns_all_come_from_the_path(tmp_path: Path) -> None:
    folder = tmp_path / "date=2026-01-02" / "user=a"
    folder.mkdir(parents=True)
    (folder / "x.parquet").write_bytes(parquet_bytes({"other": [1, 2, 3]}))
    (folder / "y.csv").write_bytes(csv_bytes([{"other": 1}, {"other": 2}]))
    (folder / "z.jsonl").write_bytes(ndjson_bytes([{"other": 1}]))
    outcome = read_all([tmp_path])
    assert outcome.frame.rows() == [
        (source, row, datetime(2026, 1, 2, tzinfo=UTC), "a")
        for source, rows in enumerate((3, 2, 1))
        for row in range(rows)
    ]
    assert outcome.notes == (
        "path key date is read as timestamp",
        "path key user is read as account_id",
        "timestamp has no time zone: read as UTC",
    )


def test_empty_files_are_left_out(tmp_path: Path) -> None:
    paths = put(tmp_path, a__csv=b"", b__csv=csv_bytes(TWO), c__csv=HEADER_ONLY)
    outcome = read_all(paths, tmp=tmp_path)
    assert outcome.values("source") == [0, 0]
    assert outcome.notes == ("a.csv is empty: left out",)
    with pytest.raises(InputError, match=r"^nothing to read: .*a\.csv is empty$"):
        open_log(paths[:1])


def test_files_with_the_same_content_are_read_once(tmp_path: Path) -> None:
    for folder in ("a", "b", "plan=free"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.csv").write_bytes(csv_bytes(TWO))
    (tmp_path / "b" / "y.csv").write_bytes(csv_bytes(TWO).replace(b"one", b"uno"))
    outcome = read_all([tmp_path], tmp=tmp_path)
    assert outcome.frame.select("source", "account_id", "plan").rows() == [
        *((0, "a", None), (0, "b", None)),
        *((1, "a", None), (1, "b", None)),
        *((2, "a", "free"), (2, "b", "free")),
    ]
    assert outcome.notes == ("1 file(s) have the same content as another, and are not read again: b/x.csv",)
    assert outcome.unread == ()
    with open_log([str(tmp_path)]) as log:
        (twin,) = [one for one in log.outcomes(log.digests()) if one.status == "skipped"]
        assert twin.reason == f"{tmp_path}/b/x.csv has the same content as {tmp_path}/a/x.csv: it is read once"
        assert twin.sha256 == hashlib.sha256(csv_bytes(TWO)).hexdigest()


def test_standard_input(tmp_path: Path) -> None:
    for content, kind in ((csv_bytes(TWO), "csv"), (ndjson_bytes(TWO), "ndjson"), (parquet_bytes(TWO), "parquet")):
        with open_log(["-"], stdin=io.BytesIO(content)) as log:
            (file,) = log.inputs
            assert (file.path, file.format, file.bytes) == ("-", kind, len(content))
            assert [batch.frame["account_id"].to_list() for batch in batches_of(log)] == [["a", "b"]]
            assert log.digests() == {"-": hashlib.sha256(content).hexdigest()}
            assert file.local.exists()
        assert not file.local.exists()
        assert not file.local.parent.exists()


def test_nothing_is_left_behind_when_opening_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(InputError, match=r"^- has no CSV header"):
        open_log(["-"], ReadOptions(format="csv"), stdin=io.BytesIO(b"\n"))
    assert list(tmp_path.iterdir()) == []


def test_the_format_can_be_given(tmp_path: Path) -> None:
    (path,) = put(tmp_path, log__txt=csv_bytes(TWO))
    outcome = read_all([path], ReadOptions(format="csv"))
    assert outcome.values("account_id") == ["a", "b"]
    with pytest.raises(InputError, match="is not a readable Parquet file"):
        open_log([path], ReadOptions(format="parquet"))


def test_digests_are_those_of_the_stored_bytes(tmp_path: Path) -> None:
    contents = [csv_bytes(TWO), ndjson_bytes(TWO) * 50_000]
    paths = put(tmp_path, a__csv=contents[0], b__jsonl=contents[1])
    with open_log(paths) as log:
        digests = [hashlib.sha256(content).hexdigest() for content in contents]
        assert log.digests() == dict(zip(paths, digests, strict=True))
        Path(paths[0]).unlink()
        assert log.digests() == {paths[0]: "", paths[1]: digests[1]}
        assert [(one.status, one.reason) for one in log.outcomes(log.digests())] == [
            ("partial", f"{paths[0]} does not exist any more"),
            ("read", ""),
        ]


def test_tasks_may_run_on_threads_and_again(tmp_path: Path) -> None:
    rows = [{**row, "timestamp": "2026-01-02"} for row in rows_of("a", 500)]
    paths = put(
        tmp_path, a__parquet=parquet_bytes(rows, row_group_size=50), b__csv=csv_bytes(rows), c__jsonl=ndjson_bytes(rows)
    )
    with open_log(paths, ReadOptions(batch_rows=50)) as log:
        alone = [batch.frame for batch in batches_of(log)]
        with ThreadPoolExecutor(4) as pool:
            results = pool.map(lambda task: [batch.frame for batch in task()], log.tasks())
            together = [frame for frames in results for frame in frames]
        assert len(list(log.tasks())) == 12
        assert log.notes == ("timestamp has no time zone: read as UTC",)
    assert pl.concat(alone).equals(pl.concat(together))
    assert pl.concat(alone).height == 1500


def test_fetch_gives_the_same_rows_again_in_the_order_asked(tmp_path: Path) -> None:
    rows = [{"timestamp": T0, "account_id": at, "prompt": f"prompt {at}", "input_tokens": at} for at in range(300)]
    paths = put(
        tmp_path,
        a__parquet=parquet_bytes(rows, row_group_size=40),
        b__csv=csv_bytes(rows),
        c__jsonl=ndjson_bytes([{name: row[name] for name in ("timestamp", "account_id", "prompt")} for row in rows]),
    )
    pointers = pl.DataFrame({"source": [2, 0, 1, 0, 0, 2, 0], "row": [299, 5, 0, 250, 5, 7, 10_000], "extra": [0] * 7})
    with open_log(paths, ReadOptions(batch_rows=64)) as log:
        fetched = log.fetch(pointers, ["prompt", "input_tokens", "ip"])
        assert fetched.schema == {**POINTER, "prompt": pl.String(), "input_tokens": pl.Int64(), "ip": pl.String()}
        assert fetched.rows() == [
            (2, 299, "prompt 299", None, None),
            (0, 5, "prompt 5", 5, None),
            (1, 0, "prompt 0", 0, None),
            (0, 250, "prompt 250", 250, None),
            (0, 5, "prompt 5", 5, None),
            (2, 7, "prompt 7", None, None),
            (0, 10_000, None, None, None),
        ]
        assert log.fetch(pointers.head(0), ["prompt"]).rows() == []
        assert log.fetch(pointers.head(1), []).rows() == [(2, 299)]
        assert log.fetch(pointers[1:4], ["plan"]).rows() == [(0, 5, None), (1, 0, None), (0, 250, None)]
        assert log.fetch(pointers.head(1), ["timestamp"])["timestamp"].to_list() == [
            datetime(2026, 1, 2, 12, tzinfo=UTC)
        ]
        assert log.notes == ()


def test_fetch_reads_only_the_row_groups_in_question(tmp_path: Path) -> None:
    columns = {"timestamp": [T0] * 400, "account_id": [f"{at:0300}" for at in range(400)]}
    content = bytearray(parquet_bytes(columns, row_group_size=100, compression="none", use_dictionary=False))
    broken = content.index(b"%0300d" % 150)
    content[broken - 400 : broken + 400] = b"\xff" * 800
    (path,) = put(tmp_path, a__parquet=bytes(content))
    with open_log([path], ReadOptions(batch_rows=100)) as log:
        far = pl.DataFrame({"source": [0, 0], "row": [399, 3]})
        assert log.fetch(far, ["account_id"])["account_id"].to_list() == [f"{399:0300}", f"{3:0300}"]
        assert log.outcomes({})[0].status == "read"
        assert log.fetch(pl.DataFrame({"source": [0], "row": [120]}), ["account_id"]).rows() == [(0, 120, None)]
        assert "rows 100 to 199 (row group 1) cannot be read (" in log.outcomes({})[0].reason


def test_fetch_after_broken_records_finds_the_right_row(tmp_path: Path) -> None:
    (path,) = put(tmp_path, a__csv=f"timestamp,account_id\nbroken\n{T0},a\nbroken\n{T0},b\n".encode())
    with open_log([path]) as log:
        (batch,) = batches_of(log)
        again = log.fetch(batch.frame.select("source", "row"), ["account_id"])
    assert again.rows() == [(0, 1, "a"), (0, 3, "b")]


def test_fetch_stops_after_the_last_row_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("distillscan.read.formats.record_texts.BLOCK", 1000)
    (path,) = put(tmp_path, a__jsonl=ndjson_bytes(rows_of("a", 100)) + b'{"unreadable' + b"x" * 5000)
    monkeypatch.setattr("distillscan.read.formats.record_texts.LONGEST", 3000)
    with open_log([path]) as log:
        assert log.fetch(pl.DataFrame({"source": [0], "row": [3]}), ["account_id"]).rows() == [(0, 3, "a3")]
        assert log.outcomes({})[0].status == "read"
        before = log.notes
        assert before == ()
        assert sum(batch.frame.height for batch in batches_of(log)) == 100
        assert any("a line is longer than" in said for said in log.notes)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EFBIG, errno.EIO])
def test_a_copy_of_standard_input_that_cannot_be_made(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(io.RawIOBase):
        def read(self, _: int = -1) -> bytes:
            raise OSError(number, "it failed", "/tmp/copy")  # noqa: S108

    with pytest.raises(InputError) as caught:
        open_log(["-"], stdin=Broken())  # type: ignore[arg-type]
    if number == errno.EIO:
        message = "- cannot be read to its end (Input/output error): re-export it or leave it out"
    else:
        message = (
            "there is no room for a temporary copy of -: set TMPDIR to a folder with more, or save the log as a file "
            "and name that"
        )
    assert str(caught.value) == message
