"""The tables of docs/performance.md say what was measured, and the page is written between its markers."""

import importlib
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner

from tests.support.places import ROOT

FOLDER = ROOT / "benchmarks" / "speed"


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(FOLDER))

    def load(name: str) -> ModuleType:
        return importlib.import_module(name)

    return load


def run(wall: float, peak: float = 1e9, report: str = "same", **seconds: float) -> dict[str, Any]:
    return {"wall": wall, "cpu": 2 * wall, "peak": int(peak), "stats": {"seconds": seconds}, "report": report}


def sizes() -> dict[str, Any]:
    ours = [
        run(30.0, 3e9, read=21.0, detect=2.0),
        run(20.0, 2e9, read=11.0, detect=4.0),
        run(25.0, 1e9, read=19, detect=3),
    ]
    return {
        "16000000": {"tool": ours, "baseline": [run(50.0)], "limit": [run(5.0)], "prompt_bytes": 10_000_000_000},
        "500000": {
            "tool": [run(1.0, read=0.5, detect=0.25)],
            "baseline": [run(2.0)],
            "limit": [run(0.5)],
            "prompt_bytes": 300_000_000,
        },
    }


def test_sizes_are_told_in_medians_and_ratios(bench: Any) -> None:
    lines = bench("speed_tables").tables({"machine": "A machine.", "sizes": sizes()}).splitlines()
    assert lines[0] == "A machine."
    assert "| 0.5 M | 1.00 | 2.00 | 0.50 | 0.50 | 2.0 | 1.00 GB | 300 MB/s |" in lines
    assert "| 16 M | 25.0 | 50.0 | 5.00 | 0.50 | 5.0 | 2.00 GB | 400 MB/s |" in lines
    assert "| 0.5 M | 0.50 | 0.25 | 0.25 |" in lines
    assert "| 16 M | 19.0 | 3.00 | 3.00 |" in lines


def test_reports_that_differ_between_threads_are_shouted_out(bench: Any) -> None:
    tables = bench("speed_tables").tables
    runs = {"1": [run(4.0)], "8": [run(3.0, report="same")]}
    text = tables({"machine": "", "threads": {"rows": 2_000_000, "runs": runs}})
    assert "Threads, 2 M rows (the reports are identical byte for byte):" in text
    assert "| 8 | 3.00 | 6.00 | 1.00 GB |" in text
    runs["8"].append(run(3.0, report="other"))
    assert "THE REPORTS DIFFER" in tables({"machine": "", "threads": {"rows": 1, "runs": runs}})


def test_shapes_formats_and_start_have_their_rows(bench: Any) -> None:
    text = bench("speed_tables").tables(
        {
            "machine": "",
            "shapes": {"one row group": {"rows": 125_000, "runs": [run(2.0)], "prompt_bytes": 1_000_000_000}},
            "formats": {"CSV": {"rows": 500_000, "runs": [run(15.0)]}},
            "start": {"`--help`": [run(0.12)]},
        }
    )
    assert "| one row group | 0.125 M | 2.00 | 1.00 GB | 500 MB/s |" in text
    assert "| CSV | 0.5 M | 15.0 | 2.0 M |" in text
    assert "| `--help` | 0.12 |" in text


def test_a_process_is_timed_with_what_the_tool_says_of_itself(bench: Any, tmp_path: Path) -> None:
    runs = bench("speed_runs")
    script = (
        f"import pathlib; p = pathlib.Path({str(tmp_path)!r}); (p / 'report.json').write_text('x'); "
        """(p / 'stats.json').write_text('{"seconds": {"read": 1}}')"""
    )
    found = runs.in_turn({"one": runs.Command([sys.executable, "-c", script], {}, tmp_path)}, 2)
    assert len(found["one"]) == 2
    assert found["one"][0]["stats"] == {"seconds": {"read": 1}}
    assert found["one"][0]["report"].startswith("2d711642b726b044")
    assert 0 < found["one"][0]["cpu"] < 60
    assert found["one"][0]["peak"] > 1_000_000
    with pytest.raises(Exception, match="ended with 3: no luck"):
        runs.timed(runs.Command([sys.executable, "-c", "import sys; sys.stderr.write('no luck'); sys.exit(3)"]))


def test_the_page_is_written_between_its_markers(bench: Any, tmp_path: Path) -> None:
    module = bench("speed_run")
    page = tmp_path / "performance.md"
    page.write_text(f"# Title\n\n{module.BEGIN}\n\nold\n\n{module.END}\n\nEnd.\n")
    module.write({"machine": "New.", "sizes": sizes()}, page)
    text = page.read_text()
    assert text.startswith(f"# Title\n\n{module.BEGIN}\n\nNew.\n\n")
    assert text.endswith(f"|\n\n{module.END}\n\nEnd.\n")
    assert "old" not in text
    plot = page.with_suffix(".svg")
    assert not plot.exists() or plot.read_text().startswith("<svg")
    page.write_text("nothing")
    with pytest.raises(Exception, match="the figures go between them"):
        module.write({"machine": ""}, page)


def test_the_page_of_the_project_has_its_markers(bench: Any) -> None:
    module = bench("speed_run")
    text = module.PAGE.read_text()
    assert text.index(module.BEGIN) < text.index(module.END)


def test_missing_timing_scripts_are_said(bench: Any, tmp_path: Path) -> None:
    result = CliRunner().invoke(bench("speed_run").main, ["--bench-dir", str(tmp_path)])
    assert result.exit_code == 2
    assert "has no make_log.py: say with --bench-dir where the timing scripts are" in " ".join(result.output.split())


MAKE = """
import sys, polars as pl
rows, path, seed = int(sys.argv[1]), sys.argv[2], sys.argv[3]
prompts = [f"{seed}-{k};" for k in range(rows)]
pl.DataFrame({"account_id": [f"a{k % 3}" for k in range(rows)], "prompt": prompts}).write_parquet(path)
"""


def test_logs_of_every_shape_hold_the_same_requests(bench: Any, tmp_path: Path) -> None:
    (tmp_path / "make_log.py").write_text(MAKE)
    made = bench("speed_logs")
    logs = made.Logs(tmp_path / "logs", tmp_path)
    log = pl.read_parquet(logs.ordinary(64))
    assert pl.read_parquet(logs.one_group(64)).equals(log)
    assert pl.read_parquet(sorted(logs.files(64, 10).iterdir())).equals(log)
    assert len(list(logs.files(64, 10).iterdir())) == 10
    assert pl.read_csv(logs.text(64, "csv")).equals(log)
    assert json.loads(logs.text(64, "ndjson").read_text().splitlines()[5]) == {"account_id": "a2", "prompt": "1-5;"}
    first, second = logs.twice(64)
    assert (pl.read_parquet(first)["account_id"].equals(pl.read_parquet(second)["account_id"]), first == second) == (
        True,
        False,
    )
    long = pl.read_parquet(logs.long_prompts(4))
    assert long["prompt"].to_list() == ["".join(log["prompt"][at : at + 16]) for at in range(0, 64, 16)]
    assert made.prompt_bytes([first, second]) == 2 * log["prompt"].str.len_bytes().sum()
