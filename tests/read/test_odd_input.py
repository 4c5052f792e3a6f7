"""Input that can be read and is odd all the same: every oddity of docs/input.md, from the file to the report."""

import gzip
import io
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner, Result

from distillscan import analyze
from distillscan.cli import cli
from distillscan.errors import InputError, UsageError
from distillscan.options import AnalyzeOptions, RunOptions
from distillscan.read import ReadOptions, open_log
from distillscan.read.formats import csv as delimited
from distillscan.read.formats import record_texts
from distillscan.report.finished import Report
from tests.support import planted

WHOLE = planted.log().drop("source", "row")
TEXT = WHOLE.with_columns(pl.col(pl.Datetime).dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ"))


def run(*arguments: str | Path, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(cli, ["analyze", *map(str, arguments)], input=stdin)


def findings(report: Report) -> dict[str, Any]:
    document = report.to_dict()
    return {key: document[key] for key in ("population", "clusters", "detectors", "rejected")}


def put(path: Path, content: bytes | str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    path = Path(os.environ.get("PYTEST_TMP", "/tmp")) / f"planted-{os.getpid()}.parquet"  # noqa: S108
    WHOLE.write_parquet(path)
    try:
        return findings(analyze(path))
    finally:
        path.unlink()


PARTS = (slice(999), slice(999, None))
SPELLINGS: dict[str, Callable[[], bytes]] = {
    "bom.csv": lambda: b"\xef\xbb\xbf" + TEXT.write_csv().encode(),
    "windows.csv": lambda: TEXT.write_csv(line_terminator="\r\n").encode(),
    "semicolons.csv": lambda: TEXT.write_csv(separator=";").encode(),
    "bom.ndjson": lambda: b"\xef\xbb\xbf" + TEXT.write_ndjson().replace("\n", "\r\n").encode(),
    "two members.csv.gz": lambda: b"".join(gzip.compress(TEXT.write_csv().encode()[part]) for part in PARTS),
}


@pytest.mark.parametrize("name", SPELLINGS)
def test_spellings_of_one_log(name: str, tmp_path: Path, expected: dict[str, Any]) -> None:
    assert findings(analyze(put(tmp_path / name, SPELLINGS[name]()))) == expected


def test_a_folder_of_days_with_other_columns_types_and_formats(tmp_path: Path, expected: dict[str, Any]) -> None:
    """Day by day the exporter changed its mind; what each file lacks is null there, what it has is read."""
    parts = [WHOLE.slice(at, -(-WHOLE.height // 5)) for at in range(0, WHOLE.height, -(-WHOLE.height // 5))]
    text = [TEXT.slice(at, -(-WHOLE.height // 5)) for at in range(0, WHOLE.height, -(-WHOLE.height // 5))]
    parts[0].write_parquet(tmp_path / "1.parquet")
    other_types = (pl.col("account_id").cast(pl.Categorical), pl.col("timestamp").dt.cast_time_unit("ns"))
    parts[1].with_columns(other_types).select(reversed(WHOLE.columns)).write_parquet(tmp_path / "2.parquet")
    text[2].with_columns(pl.lit("x").alias("new_column")).write_csv(tmp_path / "3.csv")
    text[3].rename({"timestamp": "time", "account_id": "userId"}).write_ndjson(tmp_path / "4.jsonl")
    parts[4].with_columns(pl.col("timestamp").dt.epoch("us")).write_csv(tmp_path / "5.csv")
    report = analyze(tmp_path)
    assert findings(report) == expected
    assert report.result.population.requests == WHOLE.height
    assert "column userId is read as account_id" in report.notes
    assert report.unread == ()


def test_order_decides_nothing(tmp_path: Path, expected: dict[str, Any]) -> None:
    WHOLE.sample(fraction=1, shuffle=True, seed=3).write_parquet(tmp_path / "log.parquet", row_group_size=777)
    assert findings(analyze(tmp_path)) == expected


def rows(*changed: dict[str, Any]) -> list[dict[str, Any]]:
    start = datetime(2026, 1, 2, tzinfo=UTC)
    usual = [
        {"timestamp": (start + timedelta(minutes=at)).isoformat(), "account_id": f"a{at % 40}", "prompt": f"text {at}"}
        for at in range(300)
    ]
    return [*usual, *({**usual[0], **one} for one in changed)]


def test_times_that_cannot_be(tmp_path: Path) -> None:
    odd = ["1970-01-01T00:00:00Z", "0001-01-01", "9999-12-31", 0, -1, 10**30, "now", None, "2099-01-01", "2001-09-09"]
    content = b"".join(json.dumps(row).encode() + b"\n" for row in rows(*({"timestamp": time} for time in odd)))
    report = analyze(put(tmp_path / "log.ndjson", content))
    assert report.result.rejected.reasons == {"timestamp not understood": 7, "timestamp missing": 1}
    assert report.result.population.requests == 302
    said = [text for text in report.result.limitations if "is a clock wrong?" in text]
    assert said == [
        "1 requests of 2001-09-09 are over 180 days away from all others, and counted: is a clock wrong?",
        "1 requests of 2099-01-01 are over 180 days away from all others, and counted: is a clock wrong?",
    ]


def test_requests_that_are_there_twice(tmp_path: Path) -> None:
    frame = pl.DataFrame(rows()).with_columns(pl.int_range(pl.len()).cast(pl.String).alias("request_id"))
    frame.write_csv(tmp_path / "monday.csv")
    pl.concat([frame.tail(30), frame.head(1).with_columns(pl.lit("other").alias("request_id"))]).write_csv(
        tmp_path / "overlap.csv"
    )
    (tmp_path / "copy.csv").write_bytes((tmp_path / "monday.csv").read_bytes())
    outcome = run(tmp_path, "-v")
    assert "note: 1 file(s) have the same content as another, and are not read again" in outcome.stderr
    result = analyze(tmp_path).result
    assert result.population.requests == 331
    assert [one.status for one in result.inputs] == ["read", "skipped", "read"]
    assert [text for text in result.limitations if "repeat" in text] == [
        "30 requests (9.1%) repeat request_id, account and time of another: each is counted; "
        "look for files that were exported twice"
    ]


def test_columns_of_nothing_are_no_columns(tmp_path: Path) -> None:
    frame = pl.DataFrame(rows())
    frame.write_parquet(tmp_path / "without.parquet")
    frame.with_columns(pl.lit(None, pl.String).alias("ip"), pl.lit(None).alias("payment_id")).write_parquet(
        tmp_path / "nulls.parquet"
    )
    without, nulls = (analyze(tmp_path / f"{name}.parquet") for name in ("without", "nulls"))
    assert findings(nulls) == findings(without)
    assert "no addresses: shared and rotated egress cannot be seen" in nulls.result.limitations


@pytest.mark.parametrize("column", ["timestamp", "account_id"])
def test_nothing_but_nulls_where_something_is_needed(column: str, tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    pl.DataFrame(rows()).with_columns(pl.lit(None, pl.String).alias(column)).write_parquet(path)
    outcome = run(path)
    assert (outcome.exit_code, outcome.stdout) == (3, "")
    assert f"error: no row could be used: 300 × {column} missing." in outcome.stderr


@pytest.mark.parametrize("name", ["log.csv", "log.parquet", "log.ndjson"])
def test_no_rows(name: str, tmp_path: Path) -> None:
    nothing = pl.DataFrame(rows()).clear()
    content = io.BytesIO()
    nothing.write_parquet(content)
    contents = {"log.csv": nothing.write_csv().encode(), "log.parquet": content.getvalue(), "log.ndjson": b"\n"}
    path = put(tmp_path / name, contents[name])
    outcome = run(path, "-f", "json")
    if name == "log.ndjson":
        assert (outcome.exit_code, outcome.stdout) == (3, "")
        assert "none of the lines looked at is a JSON object" in outcome.stderr
    else:
        assert outcome.exit_code == 0
        assert json.loads(outcome.stdout)["limitations"][0] == "the log holds no request"
    pl.DataFrame(rows()).write_csv(tmp_path / "more.csv")
    assert analyze([path, tmp_path / "more.csv"]).result.population.requests == 300


def test_text_that_is_not_utf8(tmp_path: Path) -> None:
    frame = pl.DataFrame(rows({"account_id": "jos\u00e9"}, {"account_id": "jos\u00e8"}))
    for name, text in (("log.csv", frame.write_csv()), ("log.ndjson", frame.write_ndjson())):
        result = analyze(put(tmp_path / name, text.encode("latin-1"))).result
        assert result.population.accounts == 42
        assert f"{tmp_path / name} is not UTF-8 throughout: other bytes are read as Windows-1252" in result.limitations
        wide = run(put(tmp_path / f"wide.{name}", text.encode("utf-16-le")))
        assert wide.exit_code == 3
        assert "is text in UTF-16: convert it to UTF-8 (iconv -f utf-16 -t utf-8)" in wide.stderr


def test_nul_and_lone_surrogates(tmp_path: Path) -> None:
    frame = pl.DataFrame(rows({"account_id": "a\0b"}))
    for name, text in (("log.csv", frame.write_csv()), ("log.ndjson", frame.write_ndjson())):
        assert analyze(put(tmp_path / name, text)).result.population.accounts == 41
    content = frame.write_ndjson() + '{"timestamp": "2026-01-02", "account_id": "\\ud800"}\n'
    assert analyze(put(tmp_path / "log.ndjson", content)).result.population.accounts == 42


@pytest.mark.parametrize(
    "record",
    [
        '{"timestamp": "2026-01-02", "account_id": "x", "deep": ' + "[" * 500 + "]" * 500 + "}",
        '{"timestamp": "2026-01-02", "account_id": "x", "deep": ' + '{"a":' * 100_000 + "1" + "}" * 100_000 + "}",
        "[" * 200_000,
        '{"timestamp": "2026-01-02", "account_id": "x", "n": ' + "9" * 5000 + "}",
        '{"timestamp": "2026-01-02", "account_id": "x"',
        "null",
    ],
    ids=["500 deep", "100,000 deep", "never closed", "a number of 5,000 digits", "cut off", "no object"],
)
def test_records_that_no_parser_should_be_asked_to_read(record: str, tmp_path: Path) -> None:
    text = pl.DataFrame(rows()).write_ndjson()
    result = analyze(put(tmp_path / "log.ndjson", text + record + "\n")).result
    assert (result.population.requests, result.rejected.reasons) == (300, {"malformed record": 1})


@pytest.mark.parametrize("value", ["NaN", "-Infinity", "1e999", "[" * 100 + "]" * 100, "9" * 300, '"\\u0000"'])
def test_odd_values_cost_nothing_but_themselves(value: str, tmp_path: Path) -> None:
    record = f'{{"timestamp": "2026-01-02", "account_id": "x", "input_tokens": {value}}}\n'
    result = analyze(put(tmp_path / "log.ndjson", pl.DataFrame(rows()).write_ndjson() + record)).result
    assert (result.population.requests, result.rejected.rows) == (301, 0)


def with_late(*late: str) -> str:
    """A log of 9 MB with lines in its middle, where no sample looks."""
    lines = pl.DataFrame(rows()).write_ndjson().splitlines(keepends=True)
    padding = [f'{{"timestamp": "2026-01-02", "account_id": "a{at % 9}", "x": "{"y" * 15000}"}}\n' for at in range(600)]
    return "".join([*lines, *padding[:305], *(f"{line}\n" for line in late), *padding[305:]])


@pytest.mark.parametrize("packed", [False, True])
def test_a_key_that_comes_late(packed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_texts, "_STREAMED", 1 << 16)
    text = with_late(
        '{"timestamp": "2026-01-02", "account_id": "x", "userAgent": "curl", "ua": "no", "more": 1, "org": {"a": 1}}',
        '{"timestamp": "2026-01-02", "account_id": "x", "u\\u0061": "wget", "country": "DE", "org": "o"}',
    )
    name, content = ("log.ndjson.gz", gzip.compress(text.encode(), 1)) if packed else ("log.ndjson", text.encode())
    path = put(tmp_path / name, content)
    with open_log([str(path)]) as log:
        frames = [batch.frame for task in log.tasks() for batch in task()]
        found = pl.concat(frames, how="diagonal").filter(pl.col("account_id") == "x")
        assert found.select("user_agent", "country", "org_id").rows() == [("curl", None, None), ("wget", "DE", "o")]
        assert f"{path}: key userAgent, which only later lines have, is read as user_agent" in log.notes
        assert not any("country" in note for note in log.notes)
        assert {"user_agent", "country", "org_id"} <= log.columns
        pointers = found.select("source", "row")
        assert log.fetch(pointers, ["user_agent"])["user_agent"].to_list() == ["curl", "wget"]


def test_a_late_key_that_is_asked_for_or_needed(tmp_path: Path) -> None:
    text = with_late('{"timestamp": "2026-01-02", "account_id": "x", "odd": {"name": "curl"}}')
    path = put(tmp_path / "log.ndjson", text)
    with open_log([str(path)], ReadOptions({"user_agent": "odd.name"})) as log:
        frame = pl.concat([batch.frame for task in log.tasks() for batch in task()])
    assert frame["user_agent"].drop_nulls().to_list() == ["curl"]
    with pytest.raises(UsageError, match=r"no input has a column old\.name; did you mean odd\.name\?"):
        open_log([str(path)], ReadOptions({"user_agent": "old.name"}))
    renamed = with_late('{"timestamp": "2026-01-02", "userId": "x"}').replace('"account_id"', '"who"')
    result = analyze(put(tmp_path / "log.ndjson", renamed), run=RunOptions(max_rejected=1.0)).result
    assert (result.population.requests, result.rejected.reasons) == (1, {"account_id missing": 901 - 1})


@pytest.mark.parametrize("name", ["log.csv", "log.ndjson", "log.parquet"])
def test_a_field_of_50_mb(name: str, tmp_path: Path) -> None:
    frame = pl.DataFrame(rows({"prompt": "long " * 10_000_000}, {"prompt": "after"}))
    content = io.BytesIO()
    write: Any = {"log.csv": frame.write_csv, "log.ndjson": frame.write_ndjson, "log.parquet": frame.write_parquet}
    write[name](content)
    result = analyze(put(tmp_path / name, content.getvalue())).result
    assert (result.population.requests, result.rejected.rows) == (302, 0)


PEAK = """
import resource, sys
from distillscan.read import open_log
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with open_log(sys.argv[2:3]) as log:
    before = peak()
    rows = sum(batch.read for task in log.tasks() for batch in task())
with open_log(sys.argv[1:2]) as log:
    before = peak()
    rows = sum(batch.read for task in log.tasks() for batch in task())
    print(rows, peak() - before)
"""


@pytest.mark.parametrize("name", ["log.csv.gz", "log.ndjson.gz"])
def test_what_is_packed_small_takes_no_more_memory_unpacked(name: str, tmp_path: Path) -> None:
    """160 MB in 1 MB: read in a stream, it takes no more than one of 40 MB did before (in kB)."""
    head, line = (
        ("timestamp,account_id,prompt\n", f"2026-01-02T00:00:00Z,a,{'x' * 4000}\n")
        if "csv" in name
        else ("", f'{{"timestamp":"2026-01-02T00:00:00Z","account_id":"a","prompt":"{"x" * 4000}"}}\n')
    )
    small, large = (
        put(tmp_path / f"{count}.{name}", gzip.compress((head + line * count).encode(), 1))
        for count in (10_000, 40_000)
    )
    assert large.stat().st_size < 1_600_000
    done = subprocess.run([sys.executable, "-c", PEAK, large, small], capture_output=True, text=True, check=True)
    count, more = map(int, done.stdout.split())
    assert count == 40_000
    assert more < 40_000


def test_a_file_that_grows_is_read_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = pl.DataFrame(rows()).write_ndjson()
    path = put(tmp_path / "log.ndjson", whole)
    before = analyze(path)
    from distillscan.read.formats.json import JsonReader

    units = JsonReader.units

    def growing(self: JsonReader, *rest: Any, **options: Any) -> Any:
        with path.open("a") as log:
            log.write(whole)
        return units(self, *rest, **options)

    monkeypatch.setattr(JsonReader, "units", growing)
    after = analyze(path)
    assert findings(after) == findings(before)
    (one,) = after.result.inputs
    assert (one.status, one.rows, one.sha256) == ("partial", 300, before.result.inputs[0].sha256)
    assert one.reason == f"{path} grew while it was read: what was added later is not counted"
    strict = run(path, "--strict")
    assert (strict.exit_code, one.reason in strict.stderr) == (3, True)


def test_a_file_that_is_written_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(tmp_path / "log.csv", pl.DataFrame(rows()).write_csv())
    from distillscan.read.formats.csv import CsvReader

    units = CsvReader.units

    def rewriting(self: CsvReader, *rest: Any, **options: Any) -> Any:
        path.write_text("timestamp,account_id\n2026-01-02,a\n")
        return units(self, *rest, **options)

    monkeypatch.setattr(CsvReader, "units", rewriting)
    other = put(tmp_path / "b.csv", pl.DataFrame(rows()).write_csv() + "2026-01-02,z,x\n")
    (one,) = (one for one in analyze([path, other]).result.inputs if one.path == str(path))
    assert one.status == "partial"
    assert one.reason == f"{path} was changed while it was read: analyse a copy that nobody writes to"


@pytest.mark.parametrize("name", ["log.csv", "log.ndjson"])
def test_a_file_that_is_cut_off_between_two_looks(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "RANGE", 2000)
    frame = pl.DataFrame(rows())
    text = frame.write_csv() if name == "log.csv" else frame.write_ndjson()
    path = put(tmp_path / name, text)
    with open_log([str(path)]) as log:
        tasks = list(log.tasks())
        path.write_text(text[:5000])
        read = sum(batch.frame.height for task in tasks for batch in task())
        (one,) = log.outcomes(log.digests())
    assert (len(tasks) > 5) == (name == "log.csv")
    assert 0 < read < 150
    assert (one.status, one.reason) == (
        "partial",
        f"{path} was changed while it was read: analyse a copy that nobody writes to",
    )


def test_files_that_are_no_files(tmp_path: Path) -> None:
    put(tmp_path / "log.csv", pl.DataFrame(rows()).write_csv())
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "loop.csv").symlink_to(tmp_path / "loop.csv")
    (tmp_path / "again").symlink_to(tmp_path)
    report = analyze(tmp_path)
    assert report.result.population.requests == 300
    assert {Path(one.path).name: one.reason.partition(": ")[0].partition(" ")[2] for one in report.result.inputs} == {
        "log.csv": "",
        "loop.csv": "cannot be read to its end (Too many levels of symbolic links)",
        "pipe.csv": "is no regular file",
    }


def test_a_file_name_that_is_no_text(tmp_path: Path) -> None:
    frame = pl.DataFrame(rows())
    for at, ending in enumerate((".csv", ".ndjson.gz", ".parquet")):
        content = io.BytesIO()
        frame.slice(100 * at, 100).write_parquet(content)
        contents = (frame.head(100).write_csv(), gzip.compress(frame.slice(100, 100).write_ndjson().encode()))
        name = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9\n" + ending.encode())
        put(Path(name), (*contents, content.getvalue())[at])
    outcome = run(tmp_path, "-f", "json")
    assert outcome.exit_code == 0
    document = json.loads(outcome.stdout)
    assert document["population"]["requests"] == 300
    assert {one["status"] for one in document["inputs"]} == {"read"}


def test_a_file_added_later_is_not_read(tmp_path: Path) -> None:
    put(tmp_path / "a.csv", pl.DataFrame(rows()).write_csv())
    with open_log([str(tmp_path)]) as log:
        put(tmp_path / "b.csv", pl.DataFrame(rows({"account_id": "late"})).write_csv())
        assert sum(batch.read for task in log.tasks() for batch in task()) == 300
        assert [Path(one.path).name for one in log.outcomes({})] == ["a.csv"]


LIMITED = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
from distillscan.cli import main
sys.argv = ["distillscan", *sys.argv[2:]]
main()
"""


@pytest.mark.parametrize("option", ["--output", "--rejects", "--stats"])
def test_a_full_disk_leaves_what_was_there(option: str, tmp_path: Path) -> None:
    """The limit on the size of files stands for the disk; the shortest output has more than 100 bytes."""
    broken = rows(*({"timestamp": "?" * 50} for _ in range(9)))
    path = put(tmp_path / "in" / "log.csv", pl.DataFrame(broken).write_csv())
    target = put(tmp_path / "out" / "report.json", "old")
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, "100", "analyze", path, option, target],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "NUMBA_DISABLE_JIT": "0"},
    )
    assert done.returncode == 2
    assert done.stderr.splitlines(keepends=True)[-1] == (
        f"error: cannot write {target}: File too large; what was there before is unchanged. Make room, or choose "
        "another place\n"
    )
    assert target.read_text() == "old"
    assert list(target.parent.iterdir()) == [target]


def test_no_room_for_a_copy_of_standard_input(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, "1000", "analyze", "-"],
        capture_output=True,
        input=pl.DataFrame(rows()).write_csv().encode(),
        check=False,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert done.returncode == 3
    assert done.stderr.decode() == (
        "error: there is no room for a temporary copy of -: set TMPDIR to a folder with more, or save the log as a "
        "file and name that\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_errors_about_standard_input_tell_no_temporary_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    noise = random.Random(5).randbytes(3000)
    for content in (b"PAR1" + noise, b"\x1f\x8b\x08\x00" + noise, b"\x28\xb5\x2f\xfd" + noise, noise, b"", b"{}\n"):
        outcome = run("-", stdin=content)
        assert outcome.exit_code == 3
        assert outcome.stderr.startswith("error: ")
        assert str(tmp_path) not in outcome.stderr


def test_a_log_that_cannot_be_opened_at_all(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.csv does not exist: check the path"):
        analyze([put(tmp_path / "a.csv", pl.DataFrame(rows()).write_csv()), tmp_path / "gone.csv"], AnalyzeOptions())
