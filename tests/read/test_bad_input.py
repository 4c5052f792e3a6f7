"""Input as it comes: what is broken costs itself only, is said on stderr and in the report, and ends as documented."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import polars as pl
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from distillscan import analyze
from distillscan.cli import cli
from distillscan.errors import InputError
from distillscan.options import RunOptions
from distillscan.report.document import schema
from tests.support import planted

WHOLE = planted.log().drop("source", "row")


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["analyze", *map(str, arguments)])


def days(folder: Path, parts: int = 20) -> list[Path]:
    """The planted log in Parquet files of equal size."""
    folder.mkdir(exist_ok=True)
    size = -(-WHOLE.height // parts)
    paths = [folder / f"{at:02}.parquet" for at in range(parts)]
    for at, path in enumerate(paths):
        WHOLE.slice(at * size, size).write_parquet(path, row_group_size=size // 4)
    return paths


def findings(document: dict[str, Any]) -> dict[str, Any]:
    return {key: document[key] for key in ("population", "clusters", "detectors", "rejected")}


BROKEN: dict[str, Callable[[bytes], bytes]] = {
    "cut.parquet": lambda good: good[:-1000],
    "text.parquet": lambda good: b"not found",
    "empty.parquet": lambda good: b"",
    "half.csv.gz": lambda good: gzip.compress(bytes(range(256)) * 300)[:60],
    "empty.ndjson.gz": lambda good: b"",
    "half.ndjson.zst": lambda good: b"\x28\xb5\x2f\xfd\x24",
    "columns.csv": lambda good: b"when,who\n1,2\n",
    "wide.csv": lambda good: "timestamp,account_id\n".encode("utf-16"),
    "list.json": lambda good: b'[{"timestamp": 1}]',
    "zip.csv": lambda good: b"PK\x03\x04",
    "words.ndjson": lambda good: b"no object\n",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("days")
    paths = days(folder)
    good = paths[0].read_bytes()
    for name, broken in BROKEN.items():
        (folder / name).write_bytes(broken(good))
    (folder / "nothing.csv").write_bytes(b"")
    (folder / "gone.csv").symlink_to(folder / "nowhere")
    return folder


def test_broken_files_do_not_lose_the_others(folder: Path, tmp_path: Path) -> None:
    clean = json.loads(run(*days(tmp_path), "-f", "json").stdout)
    outcome = run(folder, "-f", "json", "--fail-on", "high")
    document = json.loads(outcome.stdout)
    assert outcome.exit_code == 1
    assert findings(document) == findings(clean)
    jsonschema.validate(document, schema())
    skipped = {Path(one["path"]).name: one for one in document["inputs"] if one["status"] == "skipped"}
    assert set(skipped) == {*BROKEN, "nothing.csv", "gone.csv"}
    assert all(name in one["reason"] and one["rows"] == 0 for name, one in skipped.items())
    assert [one["status"] for one in document["inputs"]].count("read") == 20
    assert skipped["zip.csv"]["sha256"] != "" == skipped["gone.csv"]["sha256"]
    said = document["limitations"]
    assert said[0] == "12 of 33 inputs were not read whole"
    assert said[11] == "and 2 more files"
    assert outcome.stderr.splitlines() == [f"warning: {text}" for text in said[:12]]


def test_quiet_means_quiet_and_the_report_still_says_it(folder: Path) -> None:
    outcome = run(folder, "-f", "json", "-q")
    assert outcome.exit_code == 0
    assert outcome.stderr == ""
    assert json.loads(outcome.stdout)["limitations"][0] == "12 of 33 inputs were not read whole"


def test_strict_stops_before_anything_is_read(folder: Path) -> None:
    outcome = run(folder, "--strict")
    assert (outcome.exit_code, outcome.stdout) == (3, "")
    assert outcome.stderr.startswith("error: 12 of 33 inputs were not read whole\n  left out: ")


def test_strict_does_not_mind_empty_text_files(tmp_path: Path) -> None:
    paths = days(tmp_path, 2)
    (tmp_path / "nothing.csv").write_bytes(b"")
    assert run(*paths, tmp_path / "nothing.csv", "--strict").exit_code == 0


@pytest.mark.parametrize("name", BROKEN)
def test_alone_it_ends_with_its_reason_and_3(name: str, folder: Path) -> None:
    outcome = run(folder / name)
    assert (outcome.exit_code, outcome.stdout) == (3, "")
    assert name in outcome.stderr
    assert outcome.stderr.startswith("error: ")
    assert outcome.stderr.count("\n") == 1


def test_when_nothing_is_left_every_reason_is_said(folder: Path) -> None:
    outcome = run(folder / "zip.csv", folder / "text.parquet")
    assert outcome.exit_code == 3
    first, *reasons = (line.strip() for line in outcome.stderr.splitlines())
    assert first == "error: none of 2 files can be read:"
    assert "text.parquet is neither" in reasons[0] or "text.parquet is not a readable" in reasons[0]
    assert reasons[1].endswith("zip.csv is a zip archive or spreadsheet: unpack or export it as CSV")


def broken_group(path: Path, group: int) -> None:
    """Overwrite the pages of one row group of the planted log."""
    rows = -(-WHOLE.height // 8)
    WHOLE.write_parquet(path, row_group_size=rows)
    metadata = pq.ParquetFile(path).metadata
    column = metadata.row_group(group).column(metadata.schema.names.index("account_id"))
    start = min(at for at in (column.dictionary_page_offset, column.data_page_offset) if at)
    content = bytearray(path.read_bytes())
    content[start : start + column.total_compressed_size] = b"\xff" * column.total_compressed_size
    path.write_bytes(content)


def test_a_corrupt_row_group_costs_its_rows_only(tmp_path: Path) -> None:
    path, clean = tmp_path / "log.parquet", tmp_path / "clean.parquet"
    broken_group(path, 3)
    rows = -(-WHOLE.height // 8)
    pl.concat([WHOLE.head(3 * rows), WHOLE.slice(4 * rows)]).write_parquet(clean)
    expected = findings(analyze(clean).to_dict())
    for how in (RunOptions(threads=1), RunOptions(threads=4), RunOptions(rejects=tmp_path / "rejects")):
        report = analyze(path, run=how)
        document = report.to_dict()
        assert findings(document) == expected
        (one,) = document["inputs"]
        assert (one["status"], one["rows"]) == ("partial", WHOLE.height - rows)
        assert f"rows {3 * rows:,} to {4 * rows - 1:,} (row group 3) cannot be read (" in one["reason"]
        assert list(report.unread) == document["limitations"][:2]
    outcome = run(path, "--strict")
    assert (outcome.exit_code, outcome.stdout) == (3, "")
    assert "error: 1 of 1 input was not read whole\n  read in part: " in outcome.stderr


def test_a_text_file_that_breaks_off_keeps_what_came_before(tmp_path: Path) -> None:
    path = tmp_path / "log.ndjson.gz"
    packed = gzip.compress(WHOLE.write_ndjson().encode(), 1)
    path.write_bytes(packed[: len(packed) * 9 // 10])
    documents = [analyze(path, run=RunOptions(threads=threads)).to_dict() for threads in (1, 3)]
    assert documents[0] == documents[1]
    (one,) = documents[0]["inputs"]
    assert 0 < one["rows"] < WHOLE.height
    assert one["status"] == "partial"
    assert one["reason"].startswith(f"{path} cannot be read to its end (")
    assert documents[0]["population"]["requests"] == one["rows"] - documents[0]["rejected"]["rows"]


def test_nothing_left_of_the_only_file(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    WHOLE.write_parquet(path)
    content = bytearray(path.read_bytes())
    end = len(content) - int.from_bytes(content[-8:-4], "little") - 8
    content[4:end] = b"\xff" * (end - 4)
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"^no row could be read:\nread in part: .*log\.parquet: rows 0 to "):
        analyze(path)


def test_a_file_that_vanishes_while_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = days(tmp_path, 3)
    opened = pq.ParquetFile

    def vanishing(path: Any, *rest: Any, **options: Any) -> Any:
        if "metadata" in options and Path(path) == paths[1]:
            paths[1].unlink(missing_ok=True)
        return opened(path, *rest, **options)

    monkeypatch.setattr(pq, "ParquetFile", vanishing)
    document = analyze(tmp_path).to_dict()
    assert [one["status"] for one in document["inputs"]] == ["read", "partial", "read"]
    assert document["inputs"][1]["reason"] == f"{paths[1]} does not exist any more"
    assert document["inputs"][1]["rows"] == 0


def test_lost_rows_are_said_first(tmp_path: Path) -> None:
    good = ["2026-01-01T00:00:00Z,a"] * 98
    path = tmp_path / "log.csv"
    path.write_text("\n".join(["timestamp,account_id", *good, "2026-01-01T00:00:00Z,a,b", "x,a", ""]))
    table, markdown = run(path), run(path, "-f", "markdown")
    warning = "2 of 100 rows could not be used: 1 × malformed record; 1 × timestamp not understood."
    assert f"warning: {warning}" in table.stderr
    assert table.stdout.splitlines()[1] == "98 requests · 1 account · 2 rows not used (2 %)"
    assert "; 2 rows not used (2 %)" in markdown.stdout.splitlines()[2]
    assert any(text.startswith(warning) for text in json.loads(run(path, "-f", "json").stdout)["limitations"])
