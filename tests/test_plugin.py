"""The plugin API: its names are promised, its test kit finds what is wrong, and its page tells the example as it is."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl
import pytest

from distillscan import plugin, testing
from distillscan.detect.detectors.account_fanout import AccountFanoutDetector
from distillscan.detect.detectors.output_harvest import OutputHarvestDetector
from distillscan.errors import UsageError
from distillscan.plugin import EGRESS, SIGNALS, Candidate, Claim, Detector, Finding, Kind, Population, trait_tokens
from distillscan.testing import campaign, check_detector, find_clusters, numbers_of, ordinary, population_of, tokens
from tests.support.places import ROOT

PAGE = (ROOT / "docs" / "adding-a-detector.md").read_text()
EXAMPLE = ROOT / "examples" / "plugin"

NAMES = """
CONVERSATION CREATED DEALING EGRESS HOLDER INTENT PIVOT PROMPTS REGISTRATION RETURNED ROTATION SIGNALS SIGNATURE
SOFTWARE STACK VOICES WORDING Axis Candidate Cause Claim Comparison DailyRhythmFacts Detector Family Finding Floats
Hashes Ints Kind Mask NoRestFacts OwnDomainFacts PivotFacts Population Release SharedHolderFacts SharedPoolFacts
SignalGraph bernoulli_kl group_bits memoized percent plural poisson_llr present probability saturate share_bits
shared_entities smoothed_rate threshold trait_tokens
""".split()  # noqa: SIM905 - read as a list of names

KIT = """
START FoundCluster Row accounts assess at campaign candidate_of canonical check_detector find_clusters numbers_of
ordinary population_of tokens
""".split()  # noqa: SIM905


class TestPromise:
    """A name may be added to these lists; one that goes breaks detectors that we have never seen."""

    @pytest.mark.parametrize(("module", "names"), [(plugin, NAMES), (testing, KIT)], ids=["plugin", "testing"])
    def test_the_names_are_those_promised_and_each_is_there(self, module: Any, names: list[str]) -> None:
        assert sorted(module.__all__) == sorted(names)
        assert [name for name in names if not hasattr(module, name)] == []

    def test_every_fact_of_a_claim_can_be_imported(self) -> None:
        from distillscan.detect.claims import FACTS

        assert {kind.__name__ for kind in FACTS.values()} <= set(NAMES)

    def test_every_cause_can_be_imported(self) -> None:
        from distillscan.population.kinds import CAUSES

        assert {cause for name in NAMES if isinstance(cause := getattr(plugin, name), plugin.Cause)} == set(CAUSES)


class TestPlantedLogs:
    def test_accounts_have_what_is_given_and_functions_tell_who_and_when(self) -> None:
        rows = testing.accounts(2, "a", requests=2, model="m1", ip=lambda k, turn: f"10.0.{k}.{turn}")
        assert rows == [
            {"account_id": f"a{k}", "model": "m1", "ip": f"10.0.{k}.{turn}"} for k in range(2) for turn in range(2)
        ]

    def test_neither_people_nor_the_bare_campaign_are_a_cluster(self) -> None:
        log = [*ordinary(), *campaign()]
        assert find_clusters(log) == []
        assert find_clusters(ordinary(seed=1)) == []

    def test_with_something_in_common_the_campaign_is_one(self) -> None:
        asks = "number the steps of your reasoning about {} and grade every one of them from a to f at the end"
        log = [*ordinary(), *campaign(prompt=lambda k, turn: asks.format(60 * k + turn))]
        (cluster,) = find_clusters(log)
        assert cluster.accounts == {f"camp{k}" for k in range(12)}
        detectors = {evidence.detector for evidence in cluster.evidence}
        assert detectors >= {"account_fanout", "synchrony", "template_uniformity"}

    def test_the_same_seed_is_the_same_log(self) -> None:
        assert campaign(seed=3) == campaign(seed=3) != campaign(seed=4)
        assert ordinary(seed=3) == ordinary(seed=3)


@dataclass
class Theirs(Detector):
    """A detector of a third party: every account with an address has a trait, and everybody is said to."""

    name: str = "theirs"
    version: str = "1"
    summary: str = "a stub"
    family: plugin.Family = "network"
    kinds: tuple[Kind, ...] = (Kind("theirs", EGRESS, ("ip",)),)
    parameters: Any = field(default_factory=lambda: AccountFanoutDetector.parameters)
    bits: Iterator[float] = field(default_factory=lambda: iter(()))

    def signals(self, population: Population, parameters: Any) -> pl.DataFrame:  # noqa: ARG002
        stated = population.states("ip")
        return trait_tokens(population, "theirs", 1, stated, stated)

    def assess(self, candidate: Candidate, parameters: Any) -> list[Finding]:  # noqa: ARG002
        return [Finding(Claim.OTHER, "network", "coordination", next(self.bits, 1.0), "said")]


class Unsteady(Theirs):
    def signals(self, population: Population, parameters: Any) -> pl.DataFrame:
        # Another number for every population, though the log is the same.
        return super().signals(population, parameters).with_columns(token=pl.lit(id(population), pl.UInt64))


class Eager(Theirs):
    def signals(self, population: Population, parameters: Any) -> pl.DataFrame:
        if population.size:
            return super().signals(population, parameters)
        return pl.DataFrame([(1, "theirs", 1, 1.0)], schema=SIGNALS, orient="row")


LOG = testing.accounts(6, "m", ip="10.0.0.1") + testing.accounts(6, "x", ip=lambda k, _: f"10.1.{k}.1")


class TestCheck:
    def test_one_that_keeps_the_contract_passes(self) -> None:
        check_detector(Theirs(), LOG, "m")

    @pytest.mark.parametrize("detector", [AccountFanoutDetector(), OutputHarvestDetector()], ids=lambda d: d.name)
    def test_so_do_built_in_ones_but_for_their_names(self, detector: Any) -> None:
        check_detector(detector, [*ordinary(30), *campaign(payment_id="card")], "camp")

    @pytest.mark.parametrize(
        ("detector", "said"),
        [
            (Theirs(version=""), "version must be a text, not ''"),
            (Unsteady(), "its tokens change from call to call or with the order of the rows"),
            (Theirs(bits=iter([float("nan")])), "it does not return findings with finite bits"),
            (Theirs(bits=iter([2.0])), "what it says changes from call to call"),
        ],
    )
    def test_what_breaks_it_is_said(self, detector: Detector, said: str) -> None:
        with pytest.raises(AssertionError, match=re.escape(f"{type(detector).__name__} breaks the contract")) as caught:
            check_detector(detector, LOG, "m")
        assert said in str(caught.value)

    def test_tokens_of_nobody_and_of_kinds_not_declared_are_no_tokens(self) -> None:
        with pytest.raises(ValueError, match="name accounts that are not in the profile"):
            check_detector(Eager(), LOG, "m")
        with pytest.raises(ValueError, match="of kinds that are not declared: theirs"):
            tokens(Theirs(kinds=()), population_of(LOG))

    def test_having_nothing_to_say_is_said(self) -> None:
        with pytest.raises(AssertionError, match="it has nothing to say of the accounts m"):
            check_detector(AccountFanoutDetector(), LOG, "m")

    def test_a_kind_that_contradicts_a_built_in_one_is_said(self) -> None:
        with pytest.raises(UsageError, match="declare the kind 'ip' differently"):
            check_detector(Theirs(kinds=(Kind("ip", EGRESS),)), LOG, "m")

    def test_what_it_makes_can_be_looked_at(self) -> None:
        population = population_of(LOG)
        assert tokens(Theirs(), population).height == 12
        candidate = testing.candidate_of(AccountFanoutDetector(), population, "m")
        assert candidate.members.tolist() == numbers_of(population, "m").tolist()
        (finding,) = testing.assess(Theirs(), LOG, "m")
        assert replace(finding, bits=0.0).summary == "said"


class TestPage:
    """docs/adding-a-detector.md is the example in examples/plugin, told."""

    files = {  # noqa: RUF012
        "python": [
            EXAMPLE / "src" / "network_operators" / "__init__.py",
            EXAMPLE / "tests" / "test_network_operators.py",
        ],
        "toml": [EXAMPLE / "pyproject.toml"],
    }

    @pytest.mark.parametrize("language", ["python", "toml"])
    def test_every_block_stands_in_the_example(self, language: str) -> None:
        texts = [file.read_text() for file in self.files[language]]
        blocks = re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.DOTALL)
        assert blocks
        for block in blocks:
            assert any(block in text for text in texts), block

    def test_it_shows_the_whole_detector(self) -> None:
        shown = "".join(re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL))
        source = self.files["python"][0].read_text()
        code = [line for line in source.splitlines() if line.strip() and not line.startswith('"""')]
        assert [line for line in code if line not in shown.splitlines()] == []
