"""Parquet: any column type, row groups as units, giant ones in pieces, broken files named."""

import errno
import re
import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from distillscan.columns import CANONICAL
from distillscan.errors import InputError, UsageError
from distillscan.read import ReadOptions, open_log
from distillscan.read.formats.arrow import to_series
from distillscan.read.formats.parquet import ParquetReader
from distillscan.read.schema.resolve import Resolution, SourcePath
from tests.support.small_logs import T0, TWO, parquet_bytes, read_bytes

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def log_of(count: int, **columns: Any) -> dict[str, Any]:
    return {
        "timestamp": pa.array([NOON] * count, pa.timestamp("us", "UTC")),
        "account_id": [f"acct-{at}" for at in range(count)],
        **columns,
    }


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (pa.array(["x", None, ""]), ["x", None, None]),
        (pa.array(["x", None, ""], pa.large_string()), ["x", None, None]),
        (pa.array(["x", None, ""], pa.string_view()), ["x", None, None]),
        (pa.array(["x", None, "x"]).dictionary_encode(), ["x", None, "x"]),
        (pa.array([b"x", b"\xff", None]), ["x", "ÿ", None]),
        (pa.array([1, None, 3], pa.int8()), ["1", None, "3"]),
        (pa.array([1.0, None, 0.5], pa.float32()), ["1", None, "0.5"]),
        (pa.array([Decimal("1.50"), None, Decimal("2.00")], pa.decimal128(9, 2)), ["1.5", None, "2"]),
        (pa.array([Decimal("1.50"), None, Decimal("2.00")], pa.decimal256(50, 2)), ["1.5", None, "2"]),
        (pa.array([True, None, False]), ["true", None, "false"]),
        (pa.array([[1], None, []], pa.list_(pa.int64())), ["[1]", None, None]),
        (pa.nulls(3), [None, None, None]),
    ],
    ids=lambda value: str(value.type) if isinstance(value, pa.Array) else "",
)
def test_text_from_every_type(tmp_path: Path, array: Any, expected: list[str | None]) -> None:
    outcome = read_bytes(tmp_path, "log.parquet", parquet_bytes(log_of(3, prompt=array)))
    assert outcome.values("prompt") == expected


@pytest.mark.parametrize(
    ("array", "note"),
    [
        (pa.array([NOON], pa.timestamp("us", "UTC")), ()),
        (pa.array([NOON], pa.timestamp("ns", "Europe/Paris")), ()),
        (pa.array([NOON], pa.timestamp("ms", "+05:30")), ()),
        (pa.array([NOON.replace(tzinfo=None)], pa.timestamp("s")), ("timestamp has no time zone: read as UTC",)),
        (pa.array([1767355200000], pa.int64()), ("timestamp is a number: read as epoch milliseconds",)),
        (pa.array([Decimal(1767355200)], pa.decimal128(20, 0)), ("timestamp is a number: read as epoch seconds",)),
        (pa.array([T0]), ()),
        (pa.array([T0]).dictionary_encode(), ()),
    ],
    ids=lambda value: str(value.type) if isinstance(value, pa.Array) else "",
)
def test_times_from_every_type(tmp_path: Path, array: Any, note: tuple[str, ...]) -> None:
    outcome = read_bytes(tmp_path, "log.parquet", parquet_bytes({"timestamp": array, "account_id": ["a"]}))
    assert outcome.values("timestamp") == [NOON]
    assert outcome.notes == note


def test_int96_times(tmp_path: Path) -> None:
    content = parquet_bytes(log_of(1), use_deprecated_int96_timestamps=True)
    assert read_bytes(tmp_path, "log.parquet", content).values("timestamp") == [NOON]


def test_times_that_are_no_times_are_rejected(tmp_path: Path) -> None:
    content = parquet_bytes({"timestamp": pa.array([1, None], pa.duration("s")), "account_id": ["a", "b"]})
    outcome = read_bytes(tmp_path, "log.parquet", content)
    assert outcome.reasons == [(0, "timestamp not understood"), (1, "timestamp missing")]


def test_types_that_mean_nothing_as_text_are_empty() -> None:
    assert to_series(pa.nulls(2, pa.month_day_nano_interval())).to_list() == [None, None]
    assert to_series(pa.nulls(2, pa.list_(pa.month_day_nano_interval()))).to_list() == [None, None]
    assert to_series(pa.array([], pa.dictionary(pa.int8(), pa.string()))).to_list() == []


def test_other_extension_types_are_what_they_are_stored_as() -> None:
    values = pa.array(['{"a":1}', None]).cast(pa.json_())
    assert to_series(values).to_list() == ['{"a":1}', None]


def test_uuids_are_spelt_as_usual(tmp_path: Path) -> None:
    one = uuid.UUID("12345678-1234-5678-9abc-123456789abc")
    array = pa.array([one.bytes, None], pa.binary(16)).cast(pa.uuid())
    assert to_series(array).to_list() == [str(one), None]
    outcome = read_bytes(tmp_path, "log.parquet", parquet_bytes({**log_of(2), "account_id": array}))
    assert outcome.values("account_id") == [str(one)]
    assert outcome.reasons == [(1, "account_id missing")]


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (pa.array([[b"x", None], None]), ['["x",null]', None]),
        (
            pa.array([{"a": b"x", "b": [datetime(2026, 1, 2)]}, None]),
            ['{"a":"x","b":["2026-01-02 00:00:00.000000"]}', None],
        ),
        (pa.array([[("k", b"v")], None], pa.map_(pa.string(), pa.binary())), ['{"k":"v"}', None]),
        (pa.array([[b"xy"], None], pa.list_(pa.binary(2), 1)), ['["xy"]', None]),
        (pa.array([[(7, "v")], None], pa.map_(pa.int32(), pa.string())), ['{"7":"v"}', None]),
        (pa.array([{"d": Decimal("1.50")}, None], pa.struct([("d", pa.decimal256(50, 2))])), ['{"d":"1.50"}', None]),
        (pa.array([timedelta(days=1), None]), ["PT86400S", None]),
        (pa.array([2**31 - 1, 0], pa.int32()).cast(pa.date32()), [None, "1970-01-01"]),
        (
            pa.array([2**63 - 1, -(2**63), 0], pa.int64()).cast(pa.timestamp("us"))[1:],
            [None, "1970-01-01 00:00:00.000000"],
        ),
    ],
    ids=lambda value: str(value.type) if isinstance(value, pa.Array) else "",
)
def test_text_from_unusual_types(tmp_path: Path, array: Any, expected: list[str | None]) -> None:
    for options in (ReadOptions(), ReadOptions(keep_rejects=True)):
        outcome = read_bytes(tmp_path, "log.parquet", parquet_bytes(log_of(2, prompt=array)), options)
        assert outcome.values("prompt") == expected


def test_views_of_lists_are_left_empty(tmp_path: Path) -> None:
    for kind in (pa.list_view(pa.int64()), pa.list_(pa.list_view(pa.int64()))):
        array = pa.array([[], None], kind)
        try:
            content = parquet_bytes(log_of(2, prompt=array))
        except pa.ArrowNotImplementedError:
            pytest.skip("this Arrow cannot write them")
        assert read_bytes(tmp_path, "log.parquet", content).values("prompt") == [None, None]


def test_a_time_inside_a_nested_value_that_no_calendar_shows(tmp_path: Path) -> None:
    wild = pa.array([2**63 - 1, 0], pa.int64()).cast(pa.timestamp("us"))
    odd = "<value out of range: 9223372036854775807>"
    for array, expected in (
        (pa.StructArray.from_arrays([wild], ["t"]), [f'{{"t":"{odd}"}}', '{"t":"1970-01-01 00:00:00.000000"}']),
        (pa.ListArray.from_arrays([0, 1, 2], wild), [f'["{odd}"]', '["1970-01-01 00:00:00.000000"]']),
        (
            pa.MapArray.from_arrays([0, 1, 2], pa.array(["a", "b"]), wild),
            [f'{{"a":"{odd}"}}', '{"b":"1970-01-01 00:00:00.000000"}'],
        ),
    ):
        assert read_bytes(tmp_path, "log.parquet", parquet_bytes(log_of(2, prompt=array))).values("prompt") == expected


def test_text_that_is_not_utf8_keeps_its_row(tmp_path: Path) -> None:
    raw = pa.array([b"caf\xe9", b"fine"])
    array = pa.StringArray.from_buffers(2, raw.buffers()[1], raw.buffers()[2])
    outcome = read_bytes(tmp_path, "log.parquet", parquet_bytes(log_of(2, prompt=array)))
    assert outcome.values("prompt") == ["café", "fine"]


_TEXTS = st.lists(
    st.one_of(
        st.none(),
        st.text(max_size=40).map("_".__add__),
        st.sampled_from(["same", "twelve bytes", "thirteen bytes", "中文"]),
    ),
    min_size=1,
    max_size=120,
)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=_TEXTS,
    compression=st.sampled_from(["zstd", "snappy", "gzip", "brotli", "lz4", "none"]),
    dictionary=st.booleans(),
    page=st.sampled_from([64, 1 << 20]),
    group=st.integers(1, 150),
    version=st.sampled_from(["1.0", "2.0"]),
    checksum=st.booleans(),
    batch=st.integers(1, 150),
)
def test_texts_are_those_that_were_written(
    tmp_path: Path,
    texts: list[str | None],
    compression: str,
    dictionary: bool,
    page: int,
    group: int,
    version: str,
    checksum: bool,
    batch: int,
) -> None:
    content = parquet_bytes(
        log_of(len(texts), prompt=pa.array(texts, pa.string())), compression=compression, use_dictionary=dictionary,
        data_page_size=page, row_group_size=group, data_page_version=version, write_page_checksum=checksum,
        write_batch_size=8,
    )  # fmt: skip
    outcome = read_bytes(tmp_path, "log.parquet", content, ReadOptions(batch_rows=batch))
    assert outcome.values("prompt") == texts
    assert outcome.values("row") == list(range(len(texts)))


def test_keys_of_objects_maps_and_json_text(tmp_path: Path) -> None:
    columns = {
        "timestamp": log_of(2)["timestamp"],
        "user": pa.array([{"id": 7, "net": {"ip": "192.0.2.1", "a.b": "x"}}, {"id": 8, "net": None}]),
        "tags": pa.array([[("plan", "pro"), ("n", "1")], None], pa.map_(pa.string(), pa.string())),
        "meta": ['{"session": {"id": 12.0}}', None],
        "user.id": ["flat", "names"],
    }
    mapping = {"ip": "user.net.ip", "country": "user.net.a.b", "plan": "tags.plan", "session_id": "meta.session.id"}
    for account, expected in (("user.id", ["flat", "names"]), ("user.net", ['{"ip":"192.0.2.1","a.b":"x"}'])):
        options = ReadOptions({**mapping, "account_id": account})
        outcome = read_bytes(tmp_path, "log.parquet", parquet_bytes(columns), options)
        assert outcome.values("account_id") == expected
        first = outcome.frame.row(0, named=True)
        assert {name: first[name] for name in mapping} == {
            "ip": "192.0.2.1",
            "country": "x",
            "plan": "pro",
            "session_id": "12",
        }
        assert outcome.notes == ()


def test_keys_that_lead_nowhere(tmp_path: Path) -> None:
    columns = {
        **log_of(2),
        "tags": pa.array([[("a.b", "x"), ("c", "y")], [("c", "z")]], pa.map_(pa.string(), pa.string())),
        "counts": pa.array([{"n": 1}, {"n": 2}]),
        "flat": pa.array([1, 2]),
        "many": pa.array([[{"k": "v"}], None]),
    }
    mapping = {"plan": "tags.a.b", "country": "tags.d.e", "ip": "flat.m", "org_id": "many[0].k", "asn": "tags.c"}
    outcome = read_bytes(tmp_path, "log.parquet", parquet_bytes(columns), ReadOptions(mapping))
    assert outcome.frame.select(*mapping).rows() == [("x", None, None, "v", "y"), (None, None, None, None, "z")]
    for gone in ("counts.gone", "counts.n.deeper"):
        with pytest.raises(UsageError, match=rf"no input has a column {gone}"):
            read_bytes(tmp_path, "log.parquet", parquet_bytes(columns), ReadOptions({**mapping, "asn": gone}))


def test_only_the_columns_in_question_are_read(tmp_path: Path) -> None:
    """A column that cannot be read harms nobody who does not ask for it; here: its pages are overwritten."""
    content = bytearray(parquet_bytes(log_of(1000, other=[f"{at:0400}" for at in range(1000)]), compression="none"))
    at = content.index(b"0" * 390)
    content[at : at + 300_000] = b"\xff" * 300_000
    assert read_bytes(tmp_path, "log.parquet", bytes(content)).frame.height == 1000
    outcome = read_bytes(tmp_path, "log.parquet", bytes(content), ReadOptions({"prompt": "other"}))
    assert outcome.frame.height == 0
    assert outcome.unread[1].startswith("read in part: log.parquet: rows 0 to 999 (row group 0) cannot be read (")


def test_row_groups_are_units_and_small_ones_go_together(tmp_path: Path) -> None:
    content = parquet_bytes(log_of(1000), row_group_size=100)
    outcome = read_bytes(tmp_path, "log.parquet", content, ReadOptions(batch_rows=250))
    assert [batch.read for batch in outcome.batches] == [200] * 5
    assert outcome.frame.select("row", "account_id").rows() == [(at, f"acct-{at}") for at in range(1000)]


def test_giant_row_groups_are_read_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = parquet_bytes(log_of(1000, system_prompt=["rules"] * 1000))
    whole = read_bytes(tmp_path, "log.parquet", content)
    assert [batch.read for batch in whole.batches] == [1000]
    by_rows = read_bytes(tmp_path, "log.parquet", content, ReadOptions(batch_rows=300))
    assert [batch.read for batch in by_rows.batches] == [300, 300, 300, 100]
    monkeypatch.setattr("distillscan.read.formats.parquet._AT_ONCE", 2000)
    by_bytes = read_bytes(tmp_path, "log.parquet", content, ReadOptions(batch_rows=400))
    assert len(by_bytes.batches) > 2
    assert by_rows.frame.equals(whole.frame)
    assert by_bytes.frame.equals(whole.frame)


@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 60), st.sets(st.integers(0, 70)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_rows_that_a_table_marks_as_deleted_are_not_read(
    tmp_path: Path, count: int, group: int, at_once: int, deleted: set[int]
) -> None:
    path = tmp_path / "log.parquet"
    path.write_bytes(parquet_bytes(log_of(count), row_group_size=group))
    reader = ParquetReader(path, "log.parquet", pl.Series(sorted(deleted), dtype=pl.UInt64))
    resolution = Resolution({"account_id": SourcePath("account_id")})
    found = [
        (row, account)
        for unit in reader.units(resolution, batch_rows=at_once, records=False)
        for chunk in unit.read()
        for row, account in zip(chunk.rows, chunk.columns["account_id"], strict=True)
    ]
    assert found == [(at, f"acct-{at}") for at in range(count) if at not in deleted]
    assert reader.rows == len(found)


def test_repeated_text_is_kept_once(tmp_path: Path) -> None:
    """A 13 kB system prompt on 20,000 rows would be 260 MB if each row had its own copy."""
    long = [f"{at} " + "rules " * 2000 for at in range(3)]
    prompts = [long[at % 3] if at % 10 else None for at in range(20_000)]
    for name in ("system_prompt", "prompt"):
        path = tmp_path / f"{name}.parquet"
        path.write_bytes(parquet_bytes(log_of(20_000, **{name: prompts})))
        with open_log([str(path)]) as log:
            (task,) = log.tasks()
            before = pa.total_allocated_bytes()
            frame = pl.concat([batch.frame for batch in task()])
            assert frame[name].to_list() == prompts
            assert pa.total_allocated_bytes() - before < 20_000_000


def test_the_schema_is_canonical_whatever_the_types(tmp_path: Path) -> None:
    columns = {
        "timestamp": pa.array(["2026-01-02"]),
        "account_id": pa.array([42], pa.int32()),
        "asn": pa.array([64496], pa.uint32()),
        "input_tokens": pa.array(["12"]),
        "status_code": pa.array([200.0]),
        "account_created_at": pa.array([NOON.date()]),
    }
    outcome = read_bytes(tmp_path, "log.parquet", parquet_bytes(columns))
    assert dict(outcome.frame.schema) == {"source": pl.UInt32(), "row": pl.UInt64()} | {
        name: CANONICAL[name] for name in CANONICAL if name in columns
    }
    midnight = NOON.replace(hour=0)
    assert outcome.frame.rows() == [(0, 0, midnight, "42", "64496", midnight, 12, 200)]


def test_an_account_creation_time_that_is_not_understood_is_counted_not_rejected(tmp_path: Path) -> None:
    columns = log_of(4, account_created_at=["soon", "2026-01-01", None, "later"])
    outcome = read_bytes(tmp_path, "log.parquet", parquet_bytes(columns, row_group_size=2), ReadOptions(batch_rows=2))
    assert outcome.values("account_created_at") == [None, datetime(2026, 1, 1, tzinfo=UTC), None, None]
    assert outcome.notes == (
        "account_created_at has no time zone: read as UTC",
        "account_created_at was not understood in 2 rows: left empty there",
    )
    with open_log([str(tmp_path / "log.parquet")]) as log:
        for _ in range(2):
            assert [batch.read for task in log.tasks() for batch in task()] == [4]
        assert log.notes[1] == "account_created_at was not understood in 2 rows: left empty there"


def test_records_of_rejected_rows_hold_every_column(tmp_path: Path) -> None:
    columns = {
        "timestamp": pa.array([NOON, None], pa.timestamp("us", "UTC")),
        "account_id": ["a", "b"],
        "other": pa.array([Decimal("1.5"), Decimal("2.5")]),
        "raw": pa.array([b"x", b"\xff"]),
        "list": pa.array([[1], [2]]),
    }
    outcome = read_bytes(tmp_path, "log.parquet", parquet_bytes(columns), ReadOptions(keep_rejects=True))
    record = '{"timestamp":null,"account_id":"b","other":"2.5","raw":"ÿ","list":[2]}'
    assert outcome.rejects == [(0, 1, "timestamp missing", record)]


def test_records_hold_times_and_dates(tmp_path: Path) -> None:
    columns = {**log_of(1), "account_id": pa.nulls(1), "day": pa.array([NOON.date()])}
    outcome = read_bytes(tmp_path, "log.parquet", parquet_bytes(columns), ReadOptions(keep_rejects=True))
    ((_, _, reason, record),) = outcome.rejects
    assert reason == "account_id missing"
    assert "2026-01-02" in record
    assert '"day":"2026-01-02"' in record


def test_of_two_columns_with_one_name_the_first_is_read(tmp_path: Path) -> None:
    columns = log_of(1)
    table = pa.Table.from_arrays(
        [columns["timestamp"], pa.array(["a"]), pa.array(["b"])], ["timestamp", "user", "user"]
    )
    pq.write_table(table, tmp_path / "log.parquet")
    outcome = read_bytes(tmp_path, "log.parquet", (tmp_path / "log.parquet").read_bytes())
    assert outcome.values("account_id") == ["a"]
    assert outcome.notes == (
        "column user is read as account_id",
        "log.parquet: there are two columns user; the first is read",
    )


def test_no_rows_and_no_row_groups(tmp_path: Path) -> None:
    outcome = None
    with open_log([_write(tmp_path, parquet_bytes(log_of(0)))]) as log:
        assert log.rows_hint == 0
        assert log.columns == {"timestamp", "account_id"}
        outcome = [batch.read for task in log.tasks() for batch in task()]
    assert sum(outcome) == 0
    with open_log([_write(tmp_path, parquet_bytes(log_of(5), row_group_size=2))]) as log:
        assert log.rows_hint == 5


def _write(tmp_path: Path, content: bytes, name: str = "log.parquet") -> str:
    path = tmp_path / name
    path.write_bytes(content)
    return str(path)


@pytest.mark.parametrize(
    "content",
    [parquet_bytes(TWO)[:-20], b"PAR1" + b"\0" * 40, b"not parquet at all", parquet_bytes(TWO) + b"tail"],
    ids=["cut off", "no footer", "text", "tail"],
)
def test_a_broken_footer_is_named(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(InputError) as caught, open_log([_write(tmp_path, content)]):
        pass
    message = str(caught.value)
    assert message.startswith(f"{tmp_path}/log.parquet is not a readable Parquet file (")
    assert message.endswith("): re-export it or leave it out")
    assert "\n" not in message


def test_broken_pages_are_named_when_they_are_read(tmp_path: Path) -> None:
    content = bytearray(parquet_bytes(log_of(5000), compression="zstd"))
    content[200:8000] = b"\xff" * 7800
    with open_log([_write(tmp_path, bytes(content))]) as log:
        (task,) = log.tasks()
        assert [batch.read for batch in task()] == [0]
        (outcome,) = log.outcomes({})
        assert outcome.status == "partial"
        assert re.fullmatch(
            r".*log\.parquet: rows 0 to 4,999 \(row group 0\) cannot be read \(.*\): re-export the file", outcome.reason
        )


def test_a_file_that_may_not_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    with open_log([_write(tmp_path, parquet_bytes(log_of(5)))]) as log:
        (task,) = log.tasks()
        monkeypatch.setattr(pq, "ParquetFile", refuse)
        assert list(task()) == []
        assert log.outcomes({})[0].reason == f"{tmp_path}/log.parquet cannot be opened: no permission to read it"


def test_a_file_that_disappears_is_named(tmp_path: Path) -> None:
    path = _write(tmp_path, parquet_bytes(log_of(5)))
    with open_log([path]) as log:
        (task,) = log.tasks()
        Path(path).unlink()
        assert list(task()) == []
        assert log.outcomes({})[0].reason == f"{path} does not exist any more"


def test_what_the_operating_system_refuses_is_not_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    def refuse(self: ParquetReader, groups: range, *_: object) -> Any:
        tried.append(groups)
        raise OSError(errno.EIO, "Input/output error")

    with open_log([_write(tmp_path, parquet_bytes(log_of(5), row_group_size=1))]) as log:
        (task,) = log.tasks()
        monkeypatch.setattr(ParquetReader, "_batches", refuse)
        assert list(task()) == []
        assert log.outcomes({})[0].reason.startswith(
            f"{tmp_path}/log.parquet cannot be read to its end (Input/output error)"
        )
    assert tried == [range(5)]


def test_rows_before_a_broken_page_are_kept_however_large_the_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    columns = {"timestamp": [T0] * 5000, "account_id": [f"{at:0300}" for at in range(5000)]}
    content = bytearray(parquet_bytes(columns, compression="none", use_dictionary=False, data_page_size=30_000))
    broken = content.index(b"%0300d" % 3210)
    content[broken - 40_000 : broken + 40_000] = b"\xff" * 80_000
    kept = set()
    for at_once in (1 << 30, 400_000, 70_000):
        monkeypatch.setattr("distillscan.read.formats.parquet._AT_ONCE", at_once)
        for options in (ReadOptions(), ReadOptions(keep_rejects=True), ReadOptions(batch_rows=700)):
            outcome = read_bytes(tmp_path, "log.parquet", bytes(content), options)
            kept.add((outcome.frame.height, *outcome.values("row")[-1:], outcome.unread[1].partition(" (row group")[0]))
            assert outcome.values("account_id") == [f"{at:0300}" for at in range(outcome.frame.height)]
    assert kept == {(3000, 2999, "read in part: log.parquet: rows 3,000 to 4,999")}


def test_an_index_behind_its_dictionary_is_broken_data() -> None:
    indices = pa.array([0, 7], pa.int32())
    with pytest.raises(pa.ArrowInvalid, match="an index points behind the end of its dictionary"):
        to_series(pa.DictionaryArray.from_arrays(indices, pa.array(["a"]), safe=False))
