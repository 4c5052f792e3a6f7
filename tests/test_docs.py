"""The documents say what the code does: links, commands, references, glossary, detectors and scoring figures."""

import re
import shutil
import tomllib
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import distillscan
from distillscan.cli import cli
from distillscan.detect.registry import builtin
from distillscan.errors import UsageError
from distillscan.read.schema.model import parse_schema
from distillscan.report.views import FORMATS, SUFFIXES
from distillscan.score import ScoreParameters
from docs.generate import stale_pages
from tests.support.documented import PAGES, anchors, commands, key_tables, links, page_name, parse
from tests.support.places import DOCS, ROOT, SAMPLES
from tests.support.populations import KINDS

pages = pytest.mark.parametrize("page", PAGES, ids=page_name)


@pages
def test_links_lead_somewhere(page: Path) -> None:
    for target, anchor in links(page):
        assert target.exists(), target
        assert not anchor or anchor in anchors(target), f"{target}#{anchor}"


@pages
def test_commands_and_options_exist(page: Path) -> None:
    for command in commands(page):
        try:
            parse(cli, command.arguments)
        except (click.MissingParameter, click.exceptions.NoArgsIsHelpError):
            assert not command.whole, command.arguments  # a command that a sentence only names


def test_commands_on_sample_logs_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(SAMPLES, tmp_path / "sample_logs")
    monkeypatch.chdir(tmp_path)
    printed = [command.arguments for command in commands(DOCS / "first-report.md") if command.whole]
    assert len(printed) > 4
    for arguments in printed:
        ended = CliRunner().invoke(cli, list(arguments))
        assert ended.exit_code == 0, (arguments, ended.output)


@pytest.mark.parametrize("page", [ROOT / "README.md", DOCS / "log-schemas.md", DOCS / "report.md"], ids=page_name)
def test_commands_that_need_no_log_run(page: Path) -> None:
    needless = {
        ("detectors",),
        ("parameters",),
        ("schema", "list"),
        ("schema", "show", "access_log"),
        ("report-schema",),
    }
    printed = {command.arguments for command in commands(page)} & needless
    assert printed
    for arguments in printed:
        assert CliRunner().invoke(cli, list(arguments)).exit_code == 0, arguments


def test_the_readme_says_how_to_call_the_command_before_it_calls_it() -> None:
    text = (ROOT / "README.md").read_text()
    fences = re.findall(r"^```(\w.*)$", text, flags=re.MULTILINE)
    assert fences[:2] == ["bash try", "bash test"]  # what a machine runs stands first
    before = text.partition("\n$ distillscan ")[0]
    for way in ("source .venv/bin/activate", "pipx install .", "uv tool install ."):
        assert way in before
    suffixes = {name: [suffix for suffix in SUFFIXES if SUFFIXES[suffix] == name] for name in FORMATS}
    assert all(any(suffix in text for suffix in some) for some in suffixes.values())


def test_generated_pages_say_what_the_code_says() -> None:
    assert stale_pages() == [], "run python docs/generate.py"


def test_every_page_is_in_the_navigation_and_in_the_overview() -> None:
    def leaves(entry: object) -> list[str]:
        if isinstance(entry, str):
            return [entry]
        inner = entry.values() if isinstance(entry, dict) else entry if isinstance(entry, list) else []
        return [leaf for item in inner for leaf in leaves(item)]

    shown = leaves(tomllib.loads((ROOT / "zensical.toml").read_text())["project"]["nav"])
    assert sorted(shown) == sorted({*shown})
    assert set(shown) == {page_name(page) for page in PAGES}
    overview = {target.resolve() for target, _ in links(DOCS / "index.md")}
    assert overview >= {page for page in DOCS.glob("*.md") if page.name != "index.md"}


def test_the_configuration_page_lists_the_keys_of_schema_files() -> None:
    keys = key_tables(DOCS / "configuration.md")
    tables = {
        "Top of the file": 'MISSPELT = 1\n[columns]\nip = "a"',
        "[columns]": '[columns]\nip = { from = "a", MISSPELT = 1 }',
        "[body]": '[columns]\nip = "a"\n[body]\nMISSPELT = 1',
        "[recognise]": '[columns]\nip = "a"\n[recognise]\nMISSPELT = 1',
        "[[keep]]": '[columns]\nip = "a"\n[[keep]]\nfrom = "a"\nwhy = "b"\nMISSPELT = 1',
        "[[refuse]]": '[columns]\nip = "a"\n[[refuse]]\nfrom = "a"\npattern = "b"\nmessage = "c"\nMISSPELT = 1',
        "[newest]": '[columns]\nip = "a"\n[newest]\nkey = "a"\norder = "b"\nMISSPELT = 1',
        "[parts]": '[columns]\nip = "a"\n[parts]\nkey = "a"\norder = "b"\nMISSPELT = 1',
        "[join]": '[columns]\nip = "a"\n[join]\nkey = "a"\nMISSPELT = 1',
    }
    for heading, text in tables.items():
        with pytest.raises(UsageError, match="MISSPELT is not known; known are ") as refused:
            parse_schema(f'name = "a"\nsummary = "b"\n{text}', "x")
        assert keys[heading] == set(str(refused.value).partition("known are ")[2].split(", ")), heading


def test_the_places_that_contributors_are_sent_to_exist() -> None:
    named = re.findall(r"`((?:distillscan|tests|docs|benchmarks)/[^`\s]*)`", (ROOT / "CONTRIBUTING.md").read_text())
    assert len(named) > 20
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_every_word_of_the_glossary_is_used() -> None:
    glossary = DOCS / "glossary.md"
    words = re.findall(r"\*\*(.+?)\*\*", glossary.read_text("utf-8"))
    assert len(words) == len({*words}) > 40
    written = " ".join(page.read_text("utf-8").lower() for page in PAGES if page != glossary)
    assert [word for word in words if not re.search(rf"\b{word.removesuffix('y')}", written)] == []


def test_the_version_stands_in_one_place_and_has_its_changes() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert "version" not in project["project"]
    assert project["project"]["dynamic"] == ["version"]
    assert project["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "distillscan.__version__"}
    assert f"## {distillscan.__version__}\n" in (ROOT / "CHANGELOG.md").read_text()
    assert (
        CliRunner().invoke(cli, ["--version"], prog_name="distillscan").output
        == f"distillscan {distillscan.__version__}\n"
    )


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
    hosts = re.compile(r"pypi\.org|pythonhosted|npmjs|(?<![\w.])/(?:work|root|home|Users)/")
    scripts = [ROOT / name for name in ("pyproject.toml", "noxfile.py", "zensical.toml", ".pre-commit-config.yaml")]
    for file in [*PAGES, *scripts, *(ROOT / ".ci").iterdir(), DOCS / "generate.py"]:
        if file.is_file():
            assert not hosts.search(file.read_text("utf-8")), file.name
