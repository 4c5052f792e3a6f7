"""A log in which every field that can hold text is hostile, through the real analysis and every output it has."""

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner, Result

from distillscan.cli import cli
from distillscan.evaluate.labels import LABELS
from distillscan.report.document import from_json
from distillscan.report.views import FORMATS
from tests.support import planted
from tests.support.hostile import HOSTILE, claims, is_harmless

#: What a string column can hold: UTF-8 without surrogates.
TEXTS = [text for text in HOSTILE if text.isprintable() or text.encode("utf-8", "ignore").decode() == text]
#: Columns of which a cluster's commonest values are shown; the campaign uses a few of each.
FIELDS = ("user_agent", "payment_id", "email_domain", "device_id", "tls_fingerprint", "asn", "country", "account_type")


def hostile_log(offset: int) -> pl.DataFrame:
    """The planted log, the campaign's text replaced: each of its accounts and values has its own hostile string."""
    frame = planted.log().drop("source", "row").with_columns(pl.col("account_id").str.starts_with("camp").alias("mine"))
    number = pl.col("account_id").str.extract(r"(\d+)$").cast(pl.Int64)
    chosen = pl.Series([TEXTS[(offset + k) % len(TEXTS)] for k in range(len(TEXTS))])

    def text(shift: int, spread: int) -> pl.Expr:
        at = (number % spread + shift * 7) % len(TEXTS)
        return at.replace_strict(list(range(len(TEXTS))), chosen.to_list(), return_dtype=pl.String)

    changes = [pl.when("mine").then(text(i, 8)).otherwise(None).alias(name) for i, name in enumerate(FIELDS)]
    return frame.with_columns(
        pl.when("mine").then(text(0, 50) + "~" + number.cast(pl.String)).otherwise("account_id").alias("account_id"),
        pl.when("mine").then(text(3, 4)).otherwise("model").alias("model"),
        pl.when("mine").then(pl.col("prompt") + " " + text(5, 1)).otherwise("prompt").alias("prompt"),
        pl.when("mine").then(text(6, 6)).otherwise("ip").alias("ip"),
        *changes,
    ).drop("mine")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments, prog_name="distillscan")


@pytest.fixture(scope="module", params=[0, 20, 40])
def report(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile") / "\x1b[2J\u202e=cmd <b>[bold](x) `y`|.d"
    folder.mkdir()
    hostile_log(request.param).write_parquet(folder / "a\r\nb.parquet")
    saved = folder.parent / "report.json"
    done = run("analyze", str(folder), "-o", str(saved), "-v")
    assert done.exit_code == 0, done.stderr
    assert is_harmless(done.stderr)
    assert claims(done.stderr) == []
    return saved


@pytest.mark.parametrize("name", FORMATS)
def test_no_output_of_a_hostile_log_acts_or_hides(report: Path, name: str) -> None:
    done = run("render", str(report), "-f", name, "-v")
    assert (done.exit_code, done.stderr) == (0, "")
    assert is_harmless(done.stdout)
    assert claims(done.stdout) == []
    if name == "csv":
        cells = [cell for row in csv.reader(io.StringIO(done.stdout)) for cell in row]
        assert len(cells) > 12
        assert not [cell for cell in cells if cell.lstrip().startswith(("=", "+", "-", "@"))]
    if name == "markdown":
        assert not re.search(r"<\w", re.sub(r"(`+).*?\1", "", done.stdout, flags=re.DOTALL))


def test_the_report_holds_the_hostile_values_as_they_were(report: Path) -> None:
    shown = report.read_text(encoding="utf-8")
    assert is_harmless(shown)
    clusters = [c for c in from_json(shown).clusters if "~" in "".join(c.account_ids)]
    named = {name.rpartition("~")[0] for cluster in clusters for name in cluster.account_ids}
    assert len(named) == 50
    assert named <= set(TEXTS)
    known = {text.strip().lower() for text in TEXTS}
    for kind in ("payment", "device", "user_agent", "tls"):
        values = {row["value"] for cluster in clusters for row in cluster.infrastructure[kind]["top"]}
        assert len(values) == 8, kind
        assert {value.strip().lower() for value in values} <= known


def test_rejected_rows_are_written_harmlessly(tmp_path: Path) -> None:
    log, rejects = tmp_path / "log.ndjson", tmp_path / "rejects.ndjson"
    rows: list[dict[str, Any]] = planted.log().drop("source", "row").head(200).to_dicts()
    lines = [json.dumps({**row, "timestamp": str(row["timestamp"])}, default=str) for row in rows]
    lines += [json.dumps({"account_id": text, "timestamp": text, "prompt": text}) for text in HOSTILE]
    lines += [text.replace("\n", " ").encode("utf-8", "ignore").decode() for text in HOSTILE[:20]]
    log.write_text("\n".join(lines) + "\n", encoding="utf-8")
    done = run("analyze", str(log), "--rejects", str(rejects), "-f", "json")
    assert done.exit_code == 0, done.stderr
    written = rejects.read_text(encoding="utf-8")
    assert is_harmless(written)
    assert is_harmless(done.stdout)
    records = [json.loads(line) for line in written.splitlines()]
    assert len(records) == json.loads(done.stdout)["rejected"]["rows"] >= len(HOSTILE)
    assert {"path", "row", "reason", "record"} == set(records[0])


@pytest.mark.parametrize("command", [("init",), ("check", "none"), ("check", "none", "-f", "json")], ids=" ".join)
@pytest.mark.parametrize("kind", ["ndjson", "csv"])
def test_what_is_said_of_a_hostile_log_and_its_columns_is_harmless(
    tmp_path: Path, command: tuple[str, ...], kind: str
) -> None:
    log = tmp_path / f"\x1b[2J[bold]log.{kind}"
    frame = hostile_log(0).filter(pl.col("account_id").str.contains("~")).head(100)
    odd = frame.with_columns(pl.col("prompt").alias(text) for text in TEXTS if len(text) < 100 and "\0" not in text)
    stamped = odd.with_columns(pl.col("timestamp").cast(pl.String))
    stamped.write_ndjson(log) if kind == "ndjson" else stamped.write_csv(log)
    first, *rest = command
    done = run("schema", first, *rest[:1], str(log), *rest[1:])
    assert done.exit_code == 0, done.output
    assert is_harmless(done.output)
    assert claims(done.output) == []


def test_an_evaluation_against_hostile_labels_is_harmless(report: Path, tmp_path: Path) -> None:
    accounts = [
        name for cluster in from_json(report.read_text(encoding="utf-8")).clusters for name in cluster.account_ids
    ]
    labels = tmp_path / "labels.parquet"
    columns = {
        name: [TEXTS[(k + i) % len(TEXTS)] for k in range(len(accounts))] for i, name in enumerate(list(LABELS)[1:])
    }
    pl.DataFrame({"account_id": accounts, **columns}).write_parquet(labels)
    for form in ((), ("--json",)):
        done = run("evaluate", str(report), str(labels), *form)
        assert done.exit_code == 0, done.output
        assert is_harmless(done.output)
        assert claims(done.output) == []
