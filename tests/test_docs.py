"""The documents say what the code does: links, commands, options, detectors, exit codes, and the scoring figures."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from distillscan.cli import cli
from distillscan.detect.registry import builtin
from distillscan.score import ScoreParameters
from tests.support.places import ROOT
from tests.support.populations import KINDS

PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
COMMAND = re.compile(
    r"distillscan ((?:analyze|render|detectors|simulate|evaluate|verify|pseudonymize|report-schema)\b[^\n|#`]*)"
)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_commands_and_options_exist(page: Path) -> None:
    text = re.sub(r"\$\([^)]*\)", "x", page.read_text())
    for words in (match.split() for match in COMMAND.findall(text)):
        known = {name for parameter in cli.commands[words[0]].params for name in parameter.opts}
        unknown = {word for word in words if word.startswith("-") and len(word) > 1} - known
        assert not unknown, f"{page.name}: {' '.join(words)}"


def test_every_detector_has_its_section() -> None:
    text = (ROOT / "docs" / "detectors.md").read_text()
    for detector in builtin():
        section = text.partition(f"## {detector.name}\n")[2].partition("\n## ")[0]
        assert all(f"**{part}.**" in section for part in ("Measures", "Weighs", "Fooled by", "Source")), detector.name


def test_exit_codes_are_those_of_the_help() -> None:
    shown = CliRunner().invoke(cli, ["analyze", "--help"]).output
    codes = re.findall(r"^ +(\d+) {2,}\S", shown.partition("Exit codes:")[2], flags=re.MULTILINE)
    table = re.findall(r"^\| (\d+) \|", (ROOT / "README.md").read_text(), flags=re.MULTILINE)
    assert codes == table != []


def test_the_scoring_page_states_the_parameters_in_force() -> None:
    text = (ROOT / "docs" / "scoring.md").read_text()
    p = ScoreParameters()
    assert f"prior (−{-p.prior_coordination:.0f})" in text
    assert f"prior (−{-p.prior_extraction})" in text
    assert f"min({p.family_cap:.0f}, content)" in text
    assert f"min({p.timing_cap:.0f}, timing)" in text
    assert f"coordination ≥ {p.high_coordination}, extraction ≥ {p.high_extraction}" in text
    assert f"score ≥ {p.critical_score}" in text
    assert f"{p.critical_requests:,} requests" in text
    assert f"No sum may exceed {p.ceiling:.0f} bits" in text
    assert f"Below {p.calibrated_from:.0f} bits the `calibration` line" in text
    assert f"count for {p.unspecific_cap:g} bits" in text
    for kind in KINDS.values():
        assert f"| {kind.cause.name} |" in text


def test_nothing_names_this_machine_or_a_registry() -> None:
    hosts = re.compile(r"pypi\.org|pythonhosted|npmjs|(?<![\w.])/(?:work|root)/")
    for file in [*PAGES, ROOT / "pyproject.toml", ROOT / ".ci" / "run", *(ROOT / "sample_logs").glob("*.md")]:
        assert not hosts.search(file.read_text()), file.name
