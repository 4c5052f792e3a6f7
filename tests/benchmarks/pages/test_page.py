"""Figures are written between their markers and nowhere else."""

from pathlib import Path

import click
import pytest

from benchmarks.pages.page import DOCS, Page, circumstances
from benchmarks.speed.__main__ import PAGE


def test_figures_replace_those_before_and_leave_the_prose(tmp_path: Path) -> None:
    page = Page(tmp_path / "page.md", "make figures")
    end = "<!-- figures: end -->"
    page.path.write_text(f"before\n\n{page.begin}\n\nold\n\n{end}\n\nafter\n", encoding="utf-8")
    page.write("\n\nnew\n")
    assert page.path.read_text(encoding="utf-8") == f"before\n\n{page.begin}\n\nnew\n\n{end}\n\nafter\n"


@pytest.mark.parametrize(
    "text", ["nothing", "<!-- figures: begin; written by make figures -->", "<!-- figures: end -->"]
)
def test_a_page_without_a_place_is_left_alone(tmp_path: Path, text: str) -> None:
    page = Page(tmp_path / "page.md", "make figures")
    page.path.write_text(text, encoding="utf-8")
    with pytest.raises(click.UsageError, match="has no lines <!-- figures: begin; written by make figures --> and"):
        page.write("new")
    assert page.path.read_text(encoding="utf-8") == text


def test_the_pages_of_the_project_have_their_places() -> None:
    for page in (PAGE, Page(DOCS / "evaluation.md", "python -m benchmarks.detection --world simulator")):
        head, tail = page.around()
        assert head.startswith("# ")
        assert tail.startswith("<!-- figures: end -->")


def test_circumstances_name_versions_machine_and_command() -> None:
    text = circumstances("make figures --all", "polars", details=", two minutes")
    assert text.startswith("distillscan ")
    assert "; Python 3." in text
    assert ", polars " in text
    assert text.endswith(" GiB, two minutes. Command:\n\n    make figures --all")
