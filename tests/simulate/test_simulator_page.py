"""The page on the simulator names every scenario, kind and option there is."""

import re
from dataclasses import fields

import pytest

from distillscan.simulate import list_scenarios, parse_scenario
from distillscan.simulate.builder import Builder
from distillscan.simulate.campaigns import CAMPAIGNS
from distillscan.simulate.cohorts import COHORTS
from tests.support.places import DOCS

TEXT = (DOCS / "simulator.md").read_text(encoding="utf-8")


def section(name: str) -> str:
    return TEXT.partition(f"## {name}\n")[2].partition("\n## ")[0]


def first_cells(text: str) -> set[str]:
    return {name for row in re.findall(r"^\| (`[^|]+) \|", text, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}


def test_every_scenario_and_kind_has_its_row() -> None:
    assert first_cells(section("Scenarios")) == set(list_scenarios())
    assert first_cells(section("Campaigns")) == {builder.kind for builder in CAMPAIGNS}
    assert first_cells(section("Look-alikes")) == {builder.kind for builder in COHORTS}


@pytest.mark.parametrize("builder", CAMPAIGNS, ids=lambda builder: builder.kind)
def test_every_option_of_a_campaign_is_named(builder: type[Builder]) -> None:
    options = {field.name for field in fields(builder)}  # type: ignore[arg-type]  # every builder is a dataclass
    assert options <= set(re.findall(r"`(\w+)`", section("Campaigns")))


def test_the_example_is_a_scenario() -> None:
    example = re.search(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    assert example is not None
    scenario = parse_scenario("example", example[1])
    assert [entry.name for entry in scenario.entries if entry.campaign] == ["relay"]
