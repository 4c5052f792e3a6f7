"""Values under a schema: alternatives, times, patterns, bodies, rows that are no requests, and who wins."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from distillscan.errors import InputError, UsageError
from distillscan.read import ReadOptions, open_log
from distillscan.read.bodies.request import BROKEN
from tests.support.small_logs import Outcome, csv_bytes, ndjson_bytes, parquet_bytes, read_all, read_bytes

BASE = 'name = "mine"\nsummary = "a log"\n'
T0 = datetime(2026, 1, 2, 12, tzinfo=UTC)


def read(
    tmp: Path, columns: str, rows: Sequence[Mapping[str, Any]], rest: str = "", kind: str = "ndjson", **options: Any
) -> Outcome:
    """Read rows with a schema of one's own: lines of its [columns], and what comes after them."""
    schema = tmp / "mine.toml"
    schema.write_text(f"{BASE}[columns]\n{columns}\n{rest}")
    content = ndjson_bytes(rows) if kind == "ndjson" else csv_bytes(rows) if kind == "csv" else parquet_bytes(rows)
    return read_bytes(tmp, f"log.{kind}", content, ReadOptions(schema=str(schema), **options))


@pytest.mark.parametrize("kind", ["ndjson", "csv", "parquet"])
def test_the_first_alternative_that_is_not_empty_counts(tmp_path: Path, kind: str) -> None:
    rows = [
        {"ts": "2026-01-02T12:00:00Z", "user": "u", "key": "k", "n": "1", "m": "2"},
        {"ts": "2026-01-02T12:00:00Z", "user": "", "key": "k", "n": "", "m": "2"},
    ]
    columns = 'timestamp = "ts"\naccount_id = ["user", "none", "key"]\ninput_tokens = ["n", "m"]'
    found = read(tmp_path, columns, rows, kind=kind)
    assert (found.values("account_id"), found.values("input_tokens")) == (["u", "k"], [1, 2])


@pytest.mark.parametrize(
    ("how", "value", "expected"),
    [
        ('unit = "s"', 1767355200.25, T0 + timedelta(milliseconds=250)),
        ('unit = "s"', "946684800", datetime(2000, 1, 1, tzinfo=UTC)),
        ('unit = "ms"', 1767355200123, T0 + timedelta(milliseconds=123)),
        ('unit = "ms"', "1767355200123.5", T0 + timedelta(microseconds=123500)),
        ('unit = "us"', 1767355200000001, T0 + timedelta(microseconds=1)),
        ('unit = "ns"', "1767355200000001999", T0 + timedelta(microseconds=1)),
        ('unit = "ns"', 1767355200000001000.0, T0 + timedelta(microseconds=1)),
        ('format = "%d.%m.%Y %H:%M"', "02.01.2026 12:00", T0),
        ('format = "%d/%b/%Y:%H:%M:%S %z"', "02/Jan/2026:14:00:00 +0200", T0),
        ("pattern = 'at (.*)$'", "at 2026-01-02T12:00:00Z", T0),
    ],
)
def test_times(tmp_path: Path, how: str, value: Any, expected: datetime) -> None:
    columns = f'timestamp = {{ from = "ts", {how} }}\naccount_id = "user"'
    found = read(tmp_path, columns, [{"ts": value, "user": "u"}])
    assert found.values("timestamp") == [expected]


def test_times_in_either_of_two_columns(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"a": None, "b": 1767355200, "user": "u"},
        {"a": "2026-01-02 12:00:00", "b": 5, "user": "u"},
    ]
    found = read(tmp_path, 'timestamp = ["a", "b"]\naccount_id = "user"', rows)
    assert found.values("timestamp") == [T0, T0]
    assert found.notes == (
        "timestamp has no time zone: read as UTC",
        "timestamp is a number: read as epoch seconds",
    )


def test_numeric_times_of_parquet(tmp_path: Path) -> None:
    columns = 'timestamp = { from = "ts", unit = "s" }\naccount_id = "user"'
    rows = [{"ts": 1767355200.5, "user": "u"}]
    found = read(tmp_path, columns, rows, kind="parquet")
    assert found.values("timestamp") == [T0 + timedelta(milliseconds=500)]


def test_a_time_that_is_none_costs_its_row_only(tmp_path: Path) -> None:
    columns = 'timestamp = { from = "ts", unit = "s" }\naccount_id = "user"'
    found = read(tmp_path, columns, [{"ts": "soon", "user": "u"}, {"ts": 1767355200, "user": "v"}, {"user": "w"}])
    assert (found.values("account_id"), found.reasons) == (
        ["v"],
        [(0, "timestamp not understood"), (2, "timestamp missing")],
    )


def test_patterns_keep_their_group(tmp_path: Path) -> None:
    columns = (
        "timestamp = 'ts'\naccount_id = { from = 'arn', pattern = '/([^/]+)$' }\n"
        "ip = { from = 'ip', pattern = '^([0-9.]+)(?::[0-9]+)?$' }"
    )
    rows = [
        {"ts": "2026-01-02T12:00:00Z", "arn": "arn:role/dev/ann", "ip": "192.0.2.1:443"},
        {"ts": "2026-01-02T12:00:00Z", "arn": "no slash", "ip": "host"},
    ]
    found = read(tmp_path, columns, rows)
    assert (found.values("account_id"), found.values("ip")) == (["ann"], ["192.0.2.1"])
    assert found.reasons == [(1, "account_id missing")]


AT = 'timestamp = "ts"\naccount_id = "user"'
ROW = {"ts": "2026-01-02T12:00:00Z", "user": "u"}
ASKED = {"messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "A"},
                      {"role": "assistant", "content": "B"}, {"role": "user", "content": "C"}]}  # fmt: skip


@pytest.mark.parametrize("kind", ["ndjson", "csv", "parquet"])
def test_bodies(tmp_path: Path, kind: str) -> None:
    body: Any = json.dumps(ASKED) if kind == "csv" else ASKED
    found = read(tmp_path, AT, [{**ROW, "body": body}], '[body]\nrequest = "body"', kind)
    assert (found.values("system_prompt"), found.values("prompt")) == (["S"], ["A\n\nB\n\nC"])


def test_the_last_user_message_alone(tmp_path: Path) -> None:
    found = read(tmp_path, AT, [{**ROW, "body": ASKED}], '[body]\nrequest = "body"\nturns = "last"')
    assert found.values("prompt") == ["C"]


def test_a_system_prompt_apart_wins_where_it_is(tmp_path: Path) -> None:
    rows = [{**ROW, "body": ASKED, "sys": "Other"}, {**ROW, "body": ASKED, "sys": ""}]
    found = read(tmp_path, AT, rows, '[body]\nrequest = "body"\nsystem = "sys"')
    assert found.values("system_prompt") == ["Other", "S"]
    alone = read(tmp_path, AT, rows, '[body]\nsystem = "sys"')
    assert (alone.values("system_prompt"), "prompt" in alone.frame.columns) == (["Other", None], False)


def test_the_first_body_that_holds_something_counts(tmp_path: Path) -> None:
    pairs = [("{}", "one"), (None, "two"), (" []", "three"), ("four", "five"), ("{ }", "")]
    rows = [{**ROW, "a": a, "b": b} for a, b in pairs]
    found = read(tmp_path, AT, rows, '[body]\nrequest = ["a", "b"]')
    assert found.values("prompt") == ["one", "two", "three", "four", None]


def test_what_a_row_says_itself_wins_over_its_body(tmp_path: Path) -> None:
    body = {"prompt": "A", "metadata": {"session_id": "inside"}}
    said = {"choices": [{"message": {"content": "B"}, "finish_reason": "stop"}]}
    rows = [{**ROW, "body": body, "said": said, "sess": "own", "why": "own"},
            {**ROW, "body": body, "said": said, "sess": "", "why": ""}]  # fmt: skip
    columns = f'{AT}\nsession_id = "sess"\nstop_reason = "why"'
    found = read(tmp_path, columns, rows, '[body]\nrequest = "body"\nresponse = "said"')
    assert found.values("session_id") == ["own", "inside"]
    assert found.values("stop_reason") == ["own", "stop"]
    assert found.values("response") == ["B", "B"]


def test_a_mapping_wins_over_the_schema_and_canonical_names_fill_in(tmp_path: Path) -> None:
    rows = [{**ROW, "body": "A", "other": "v", "text": "T", "country": "NL", "organization": "o", "plan": "free"}]
    found = read(tmp_path, AT, rows, '[body]\nrequest = "body"', mapping={"account_id": "other", "prompt": "text"})
    assert (found.values("account_id"), found.values("prompt")) == (["v"], ["T"])
    assert (found.values("country"), found.values("plan")) == (["NL"], ["free"])
    assert "org_id" not in found.frame.columns  # no hints under a schema: it says what it means
    assert found.columns >= {"account_id", "timestamp", "prompt", "country", "plan"}


def test_bodies_that_cannot_be_read_are_counted(tmp_path: Path) -> None:
    rows = [{**ROW, "body": '{"messages":[{"role":"us'}, {**ROW, "body": '{"model":"m"}'}, {**ROW, "body": "fine"},
            {**ROW, "body": '{"model":"m"}', "said": '[{"role": "x'}]  # fmt: skip
    found = read(tmp_path, AT, rows, '[body]\nrequest = "body"\nresponse = "said"')
    assert found.values("prompt") == [None, None, "fine", None]
    assert found.notes == (
        f"the request of 1 rows could not be read in full ({BROKEN})",
        "the request of 2 rows could not be read in full (JSON without messages)",
        f"the response of 1 rows could not be read in full ({BROKEN})",
    )


def test_rows_that_are_no_requests_are_left_out_with_the_reason(tmp_path: Path) -> None:
    rest = (
        "[[keep]]\nfrom = 'type'\nvalues = ['chat']\nwhy = 'no chat'\n[[keep]]\nfrom = ['m', 'n']\nwhy = 'no model'\n"
    )
    rows = [{**ROW, "type": "chat", "m": "x"}, {**ROW, "type": "embed", "m": "x"}, {**ROW, "type": "chat", "n": "y"},
            {**ROW, "type": "chat"}, {**ROW, "m": ""}, {"type": "chat", "m": "x"}]  # fmt: skip
    found = read(tmp_path, AT, rows, rest, keep_rejects=True)
    assert found.frame["row"].to_list() == [0, 2]
    assert found.reasons == [(1, "no chat"), (3, "no model"), (4, "no chat"), (5, "timestamp missing")]
    assert json.loads(found.rejects[0][3]) == rows[1]


def test_what_is_refused_stops_the_run_even_late_in_the_file(tmp_path: Path) -> None:
    rest = "[[refuse]]\nfrom = 'body'\npattern = '^ENC'\nmessage = 'decrypt it first'\n"
    early = [{**ROW, "body": "ENCxx"}]
    with pytest.raises(InputError, match=r"log\.ndjson: decrypt it first"):
        read(tmp_path, AT, early, rest)
    filler = [{**ROW, "body": "x" * 5000}] * 2000  # more than one block
    with pytest.raises(InputError, match=r"log\.ndjson: decrypt it first"):
        read(tmp_path, AT, [*filler, *early], rest)


def test_required_columns_that_a_schema_does_not_find(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, 'timestamp = "ts"\naccount_id = "nobody"', [ROW])
    assert "read with the schema mine, there is nothing for account_id. --schema none reads" in str(caught.value)
    (tmp_path / "log.csv").write_text("ts\n1\n")
    (tmp_path / "mine.toml").write_text(f'{BASE}hint = "Ask Bob."\n[columns]\ntimestamp = "ts"')
    with pytest.raises(InputError, match=r"there is nothing for account_id\. Ask Bob\."):
        open_log([str(tmp_path / "log.csv")], ReadOptions(schema=str(tmp_path / "mine.toml")))


def test_lists_and_maps_of_parquet(tmp_path: Path) -> None:
    import pyarrow as pa

    table = {
        "ts": ["2026-01-02T12:00:00Z"],
        "tags": [[{"key": "user", "value": "u"}, {"key": "ip", "value": "192.0.2.1"}]],
        "attributes": pa.array([[("user.id", "u2"), ("a", "b")]], pa.map_(pa.string(), pa.string())),
    }
    (tmp_path / "mine.toml").write_text(
        f"{BASE}[columns]\ntimestamp = 'ts'\naccount_id = 'attributes.user.id'\n"
        "ip = 'tags[key=ip].value'\nplan = 'tags[0].value'\ncountry = 'attributes.a'\n"
    )
    found = read_bytes(tmp_path, "log.parquet", parquet_bytes(table), ReadOptions(schema=str(tmp_path / "mine.toml")))
    assert found.frame.select("account_id", "ip", "plan", "country").row(0) == ("u2", "192.0.2.1", "u", "b")
    # A place in what is no list leads nowhere.
    columns = "timestamp = 'ts'\naccount_id = 'u'\nip = 'a.b[0].c'\nplan = 'a[0]'\ncountry = 'l[0][0]'"
    rows = [{"ts": "2026-01-02T12:00:00Z", "u": "u", "a": {"b": {"c": "x"}}, "l": [["q"]]}]
    row = read(tmp_path, columns, rows, kind="parquet").frame.drop("source", "row", "timestamp").to_dicts()
    assert row == [{"account_id": "u", "country": "q"}]


def test_keys_that_only_late_lines_have_are_read(tmp_path: Path) -> None:
    rows = [ROW] * 2500 + [{**ROW, "m": {"x": "late"}, "ip": "192.0.2.1"}]
    found = read(tmp_path, f'{AT}\nip = "ip"', rows)
    assert found.values("ip")[-1] == "192.0.2.1"


def test_path_keys_can_be_columns(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(f"{BASE}[columns]\n{AT}\norg_id = 'team'\n")
    options = ReadOptions(schema=str(tmp_path / "mine.toml"))
    found = read_bytes(tmp_path, "country=NL/team=t1/log.csv", csv_bytes([ROW]), options)
    assert (found.values("org_id"), found.values("country")) == (["t1"], ["NL"])


def test_a_schema_is_not_used_when_columns_are_canonical_or_it_is_not_wanted(tmp_path: Path) -> None:
    litellm = {"startTime": "2026-01-02T12:00:00Z", "custom_llm_provider": "x", "litellm_call_id": "c", "user": "u"}
    as_it_is = {"timestamp": "2026-01-02T12:00:00Z", "account_id": "a", **litellm}
    assert read_bytes(tmp_path, "a.csv", csv_bytes([as_it_is])).values("account_id") == ["a"]
    by_name = read_bytes(tmp_path, "b.csv", csv_bytes([litellm]), ReadOptions(schema="none"))
    assert "column startTime is read as timestamp" in by_name.notes
    with pytest.raises(UsageError, match="there is no such schema"):
        read_bytes(tmp_path, "c.csv", csv_bytes([litellm]), ReadOptions(schema="litelm"))


def test_files_of_different_sources_in_one_folder(tmp_path: Path) -> None:
    first = {"startTime": "2026-01-02T12:00:00Z", "custom_llm_provider": "x", "litellm_call_id": "c", "user": "u"}
    second = {"timestamp": "2026-01-02T12:00:00Z", "account_id": "a"}
    (tmp_path / "a.csv").write_bytes(csv_bytes([first]))
    (tmp_path / "b.csv").write_bytes(csv_bytes([second]))
    assert read_all([tmp_path]).values("account_id") == ["u", "a"]


def test_batches_do_not_change_what_is_read(tmp_path: Path) -> None:
    rows = [{**ROW, "body": {"prompt": f"p{at % 7}"}, "m": at} for at in range(600)]
    whole = read(tmp_path, AT, rows, '[body]\nrequest = "body"', "parquet")
    options = ReadOptions(schema=str(tmp_path / "mine.toml"), batch_rows=50)
    parts = read_bytes(tmp_path, "log.parquet", parquet_bytes(rows, row_group_size=40), options)
    assert len(parts.batches) > len(whole.batches)
    assert parts.frame.equals(whole.frame)
    assert whole.frame["prompt"].n_unique() == 7
    assert isinstance(whole.frame.schema["prompt"], pl.String)
