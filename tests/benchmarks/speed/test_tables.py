"""The tables of docs/performance.md say what was measured."""

from pathlib import Path
from typing import Any

from benchmarks.pages.page import DOCS
from benchmarks.speed.__main__ import FIGURES
from benchmarks.speed.figures import Entry, Figures, Part, PartName
from benchmarks.speed.plot import draw
from benchmarks.speed.processes import Run
from benchmarks.speed.tables import tables


def run(wall: float, peak: float = 1e9, report: str = "same", **phases: float) -> Run:
    return Run(wall, 2 * wall, int(peak), phases, report)


def entry(*runs: Run, **more: Any) -> Entry:
    return Entry({"tool": runs}, **more)


def lines(name: PartName, part: Part, baseline: str = "") -> list[str]:
    return tables(Figures("A machine.", baseline, {name: part})).splitlines()


def sizes() -> Part:
    ours = [
        run(30.0, 3e9, read=21.0, detect=2.0), run(20.0, 2e9, read=11.0, detect=4.0), run(25.0, 1e9, read=19, detect=3),
    ]  # fmt: skip
    small = run(1.0, read=0.5, detect=0.25)
    return {
        "16000000": Entry({"tool": ours, "duckdb": [run(50.0)], "scan": [run(5.0)]}, 16_000_000, 10_000_000_000),
        "500000": Entry({"tool": [small], "duckdb": [run(2.0)], "scan": [run(0.5)]}, 500_000, 300_000_000),
    }


def test_sizes_are_told_in_medians_and_ratios() -> None:
    text = lines("sizes", sizes())
    assert text[0] == "A machine."
    assert "| 0.5 M | 1.00 | 2.00 | 0.50 | 0.50 | 2.0 | 1.00 GB | 300 MB/s |" in text
    assert "| 16 M | 25.0 | 50.0 | 5.00 | 0.50 | 5.0 | 2.00 GB | 400 MB/s |" in text
    assert "| rows | read | detect | rest |" in text
    assert text.index("| 0.5 M | 0.50 | 0.25 | 0.25 |") < text.index("| 16 M | 19.0 | 3.00 | 3.00 |")


def test_reports_that_differ_between_threads_are_shouted_out() -> None:
    part = {"1": entry(run(4.0), rows=2_000_000), "8": entry(run(3.0), rows=2_000_000)}
    text = lines("threads", part)
    assert "Threads, 2 M rows (the reports are identical byte for byte):" in text
    assert "| 8 | 3.00 | 6.00 | 1.00 GB |" in text
    part["8"] = entry(run(3.0), run(3.0, report="other"))
    assert "Threads, 2 M rows (THE REPORTS DIFFER):" in lines("threads", part)


def test_shapes_formats_and_start_have_their_rows() -> None:
    shape = {"one row group": entry(run(2.0), rows=125_000, prompt_bytes=1_000_000_000)}
    assert "| one row group | 0.125 M | 2.00 | 1.00 GB | 500 MB/s |" in lines("shapes", shape)
    text = lines("formats", {"CSV": entry(run(15.0), rows=500_000)})
    assert "| format | rows | seconds | rows a minute | processor seconds |" in text
    assert "| CSV | 0.5 M | 15.0 | 2.0 M | 30.0 |" in text
    assert "| `--help` | 0.12 |" in lines("start", {"`--help`": entry(run(0.12))})


def test_an_earlier_version_stands_beside_this_one_with_the_ratio_of_processor_seconds() -> None:
    both = Entry({"tool": [run(3.0), run(1.0), run(2.0)], "baseline": [run(4.0), run(5.0), run(8.0)]}, 1_000_000)
    text = lines("formats", {"Parquet": both}, "0.1.0")
    assert "| format | rows | seconds | rows a minute | processor seconds | of 0.1.0 | ÷ 0.1.0 |" in text
    assert "| Parquet | 1 M | 2.00 | 30.0 M | 4.00 | 10.0 | 0.40 |" in text
    text = lines("first", {"first": both, "second": Entry({"tool": [run(1.0)], "baseline": [run(2.0)]})}, "0.1.0")
    assert "| second | 1.00 | 2.00 | 4.00 | 0.50 |" in text


def test_figures_are_read_as_they_were_written(tmp_path: Path) -> None:
    figures = Figures("A machine.", "0.1.0", {"sizes": sizes(), "start": {"`--help`": entry(run(0.12))}})
    figures.save(tmp_path / "figures.json")
    assert tables(Figures.load(tmp_path / "figures.json")) == tables(figures)
    assert Figures.load(tmp_path / "figures.json").parts["start"]["`--help`"].runs["tool"] == [run(0.12)]


def test_the_page_of_the_project_shows_the_figures_that_are_kept() -> None:
    kept = Figures.load(FIGURES)
    page = (DOCS / "performance.md").read_text(encoding="utf-8")
    assert tables(kept).partition("\n\n    python")[2] in page


def test_the_plot_is_drawn_or_it_is_said_why_not(tmp_path: Path, capsys: Any) -> None:
    plot = tmp_path / "plot.svg"
    draw(sizes(), plot)
    said = capsys.readouterr().err
    assert plot.read_text().startswith("<svg") if plot.exists() else "no plot: it needs altair" in said
