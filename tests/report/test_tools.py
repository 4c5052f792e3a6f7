"""What looked-up requests carried, in the report: how many, whose names are shown, and what private runs leave out."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner

from distillscan import analyze
from distillscan.cli import cli
from distillscan.options import AnalyzeOptions
from distillscan.privacy.pseudonyms import Pseudonyms
from distillscan.report.tools import carried
from distillscan.report.views.json import to_json
from tests.support import planted


def rows(*tools: str | None, images: int = 0) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "account": [f"a{k}" for k in range(len(tools))],
            "pointer": range(len(tools)),
            "tools": pl.Series(tools, dtype=pl.String),
            "images": [images] * len(tools),
        }
    )


def test_names_that_few_accounts_share_are_left_out() -> None:
    found = carried(rows("bash,own", "bash", None, "bash,look"), 3, list)
    assert found == {
        "looked_up": {"requests": 4, "tools": 3, "pictures": 0},
        "tools_looked_up": {"distinct": 1, "top": [{"value": "bash", "accounts": 3}]},
    }


def test_one_account_counts_once_and_one_request_once() -> None:
    twice = rows("bash", "bash").with_columns(account=pl.lit("same"))
    assert "tools_looked_up" not in carried(twice, 2, list)
    same = rows("bash", "bash").with_columns(pointer=pl.lit(1))
    assert carried(same, 2, list)["looked_up"]["requests"] == 1


def test_what_the_log_does_not_tell_is_not_said() -> None:
    assert carried(rows(None, None).drop("images"), 1, list) == {}
    assert carried(rows(None, images=2).drop("tools"), 1, list) == {"looked_up": {"requests": 1, "pictures": 1}}


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("carried") / "log.parquet"
    camp = pl.col("account_id").str.starts_with("camp")
    frame = planted.log().drop("source", "row")
    frame.with_columns(
        tools=pl.when(camp).then(pl.format("bash,fetch,tool-of-{}", "account_id")),
        images=pl.when(camp).then(1).otherwise(0),
    ).write_parquet(path)
    return path


def capabilities(path: Path, **options: Any) -> dict[str, Any]:
    document = analyze(path, AnalyzeOptions(**options)).to_dict()
    assert {"tools", "images"} <= {one["name"] for one in document["columns"]}
    found: dict[str, Any] = document["clusters"][0]["capabilities"]
    return found


def test_a_report_tells_what_a_clusters_requests_carried(log: Path) -> None:
    found = capabilities(log)
    looked_up = found["looked_up"]
    assert looked_up["requests"] == looked_up["tools"] == looked_up["pictures"] >= 5
    assert [one["value"] for one in found["tools_looked_up"]["top"]] == ["bash", "fetch"]
    assert "tool-of-" not in json.dumps(found)


def test_private_runs_say_less(log: Path) -> None:
    assert "looked_up" not in capabilities(log, prompts=False)
    hidden = capabilities(log, pseudonyms=Pseudonyms(b"k" * 32), settings={"privacy.shared_by": "2"})
    assert "tool-of-camp" not in json.dumps(hidden)


def test_a_saved_report_can_be_shown_without_them(log: Path, tmp_path: Path) -> None:
    saved = tmp_path / "report.json"
    saved.write_text(to_json(analyze(log).result))
    assert "read_file" not in saved.read_text()
    assert '"fetch"' in saved.read_text()
    done = CliRunner().invoke(cli, ["render", str(saved), "--no-prompts", "-f", "json"])
    assert done.exit_code == 0
    assert "looked_up" not in done.stdout
    assert '"fetch"' not in done.stdout


def test_logs_without_them_say_nothing(tmp_path: Path) -> None:
    planted.log().drop("source", "row").write_parquet(tmp_path / "log.parquet")
    found = analyze(tmp_path / "log.parquet").to_dict()["clusters"][0]["capabilities"]
    assert not {"looked_up", "tools_looked_up"} & set(found)
