"""Running detectors: what is skipped, what fails alone, and what becomes of a detector that fails later."""

from dataclasses import dataclass
from typing import Any

import polars as pl
import pytest

from distillscan.detect.base import Candidate, Detector, Finding
from distillscan.detect.run import Detection, detect, failure, missing, without
from distillscan.population.accounts import Population
from distillscan.population.graph import SIGNALS
from distillscan.population.kinds import Kind
from distillscan.result import DetectorRun, Family
from tests.support.populations import KINDS, population_of, signal_graph


@dataclass
class Stub(Detector):
    """A detector that hands out what it was given, or raises it."""

    name: str
    gives: pl.DataFrame | Exception
    needs: tuple[str, ...] = ()
    version: str = "7"
    summary: str = "a stub"
    family: Family = "content"
    kinds: tuple[Kind, ...] = (KINDS["ip"], KINDS["email_domain"])
    parameters: Any = None

    def signals(self, population: Population, parameters: Any) -> pl.DataFrame:  # noqa: ARG002
        if isinstance(self.gives, Exception):
            raise self.gives
        return self.gives

    def assess(self, candidate: Candidate, parameters: Any) -> list[Finding]:  # noqa: ARG002
        return []


@pytest.fixture(scope="module")
def population() -> Population:
    return population_of([{"account_id": name, "ip": "10.0.0.1", "model": None} for name in "abc"])


def tokens(population: Population, *rows: tuple[int, str, int, float]) -> pl.DataFrame:
    accounts = population.profile.accounts["account"]
    return pl.DataFrame([(accounts[k], kind, token, s) for k, kind, token, s in rows], schema=SIGNALS, orient="row")


def run(population: Population, *detectors: Stub) -> Detection:
    return detect(population, detectors, {d.name: None for d in detectors})


@pytest.mark.parametrize(
    ("needs", "columns", "lacking"),
    [
        ((), set(), []),
        (("ip",), {"ip"}, []),
        (("ip|model", "prompt"), {"model"}, ["prompt"]),
        (("ip|model", "prompt"), {"ip_prefix"}, ["ip|model", "prompt"]),
    ],
)
def test_alternatives_are_met_by_either(needs: tuple[str, ...], columns: set[str], lacking: list[str]) -> None:
    assert missing(needs, frozenset(columns)) == lacking


def test_signals_are_joined_and_sorted_whatever_the_order_of_detectors(population: Population) -> None:
    one = Stub("one", tokens(population, (2, "ip", 5, 1.0), (0, "ip", 9, 0.5)))
    two = Stub("two", tokens(population, (1, "email_domain", 1, 1.0), (0, "ip", 3, 1.0)))
    found = run(population, one, two)
    assert found.signals.cast(SIGNALS).equals(
        tokens(population, (1, "email_domain", 1, 1.0), (0, "ip", 3, 1.0), (0, "ip", 9, 0.5), (2, "ip", 5, 1.0))
    )
    assert found.signals.schema == pl.Schema({**SIGNALS, "kind": pl.Enum(["email_domain", "ip"])})
    assert found.working == (one, two)
    assert found.runs == (
        DetectorRun("one", "7", "ok", "", (), "a stub"),
        DetectorRun("two", "7", "ok", "", (), "a stub"),
    )
    assert run(population, two, one).signals.equals(found.signals)


def test_narrower_types_are_widened(population: Population) -> None:
    frame = tokens(population, (0, "ip", 5, 1.0)).with_columns(
        pl.col("token").cast(pl.Int32), pl.col("strength").cast(pl.Float32)
    )
    assert run(population, Stub("one", frame)).signals.cast(SIGNALS).equals(tokens(population, (0, "ip", 5, 1.0)))


def test_a_detector_without_its_columns_is_skipped_and_names_them(population: Population) -> None:
    lacking = Stub("lacking", ValueError("must not run"), needs=("ip|asn", "model", "prompt|system_prompt"))
    found = run(population, lacking)
    # The model column is there but has no value, which is the same as none.
    assert found.runs == (
        DetectorRun(
            "lacking",
            "7",
            "skipped",
            "needs model; prompt or system_prompt",
            ("ip|asn", "model", "prompt|system_prompt"),
            "a stub",
        ),
    )
    assert found.working == ()
    assert found.signals.is_empty()


def test_no_detector_no_signals(population: Population) -> None:
    found = detect(population, (), {})
    assert (found.runs, found.working, found.signals.columns, found.signals.height) == ((), (), list(SIGNALS), 0)


def test_one_that_fails_is_reported_and_the_others_run(population: Population) -> None:
    broken = Stub("broken", RuntimeError("no luck"))
    fine = Stub("fine", tokens(population, (0, "ip", 5, 1.0)))
    found = run(population, broken, fine)
    assert [(r.name, r.status) for r in found.runs] == [("broken", "error"), ("fine", "ok")]
    assert found.runs[0].reason.startswith("RuntimeError: no luck (in signals, line ")
    assert found.working == (fine,)
    assert found.signals.height == 1


@pytest.mark.parametrize("column", ["kind", "token"])
def test_signals_without_a_column_are_an_error_of_the_detector(population: Population, column: str) -> None:
    found = run(population, Stub("short", tokens(population, (0, "ip", 5, 1.0)).drop(column)))
    assert [r.status for r in found.runs] == ["error"]
    assert found.working == ()


def test_tokens_that_are_no_hashes_are_an_error_of_the_detector(population: Population) -> None:
    frame = tokens(population, (0, "ip", 5, 1.0)).with_columns(pl.lit(-1).alias("token"))
    assert [r.status for r in run(population, Stub("minus", frame)).runs] == ["error"]


@pytest.mark.parametrize("odd", ["one column more", "another order"])
def test_signals_with_other_columns_do_not_end_the_run(population: Population, odd: str) -> None:
    frame = tokens(population, (0, "ip", 5, 1.0))
    frame = frame.with_columns(note=pl.lit("x")) if odd == "one column more" else frame.select(sorted(frame.columns))
    fine = Stub("fine", tokens(population, (1, "ip", 6, 1.0)))
    found = run(population, Stub("odd", frame), fine)
    assert [r.name for r in found.runs] == ["odd", "fine"]
    assert fine in found.working


@pytest.mark.parametrize("column", ["account", "kind", "token", "strength", "a stranger"])
def test_signals_that_name_no_account_or_nothing_are_an_error_of_the_detector(
    population: Population, column: str
) -> None:
    frame = tokens(population, (0, "ip", 5, 1.0))
    if column == "a stranger":
        frame = frame.with_columns(pl.lit(12345, pl.UInt64).alias("account"))
    else:
        frame = frame.with_columns(pl.lit(None, SIGNALS[column]).alias(column))
    found = run(population, Stub("odd", frame))
    signal_graph(population, found.signals)
    assert [r.status for r in found.runs] == ["error"]


def test_tokens_of_a_kind_it_does_not_declare_are_an_error_of_the_detector(population: Population) -> None:
    (run_,) = run(population, Stub("odd", tokens(population, (0, "ip", 5, 1.0), (1, "tls", 5, 1.0)))).runs
    assert (run_.status, run_.reason.partition(" (in ")[0]) == (
        "error",
        "ValueError: signals are of kinds that are not declared: tls",
    )


@pytest.mark.parametrize("strength", [float("nan"), float("inf"), -1.0])
def test_a_strength_that_is_no_share_is_an_error_of_the_detector(population: Population, strength: float) -> None:
    found = run(population, Stub("odd", tokens(population, (0, "ip", 5, strength))))
    assert [r.status for r in found.runs] == ["error"]


def raised(error: Exception) -> Exception:
    try:
        raise error
    except Exception as caught:
        return caught


def test_a_failure_says_what_and_where_without_paths() -> None:
    text = failure(raised(KeyError("x")))
    first = raised.__code__.co_firstlineno
    assert text == f"KeyError: 'x' (in raised, line {first + 2})"


def test_a_failure_is_one_line() -> None:
    text = failure(raised(ValueError("first\n\nResolved plan until failure:\n\tFAILED HERE")))
    assert "\n" not in text
    assert text.startswith("ValueError: first")


def test_a_detector_that_failed_later_is_left_out_of_the_rest(population: Population) -> None:
    one, two = (Stub(name, tokens(population, (0, "ip", 5, 1.0))) for name in ("one", "two"))
    before = run(population, one, two)
    after = without(before, "one", raised(ValueError("late")))
    assert [(r.name, r.status) for r in after.runs] == [("one", "error"), ("two", "ok")]
    assert after.runs[0].reason.startswith("ValueError: late (in raised, line ")
    assert after.runs[1] == before.runs[1]
    assert after.working == (two,)
    assert after.signals is before.signals
    assert without(before, "two", None).runs[1].reason == "failed"


def test_a_failure_that_was_never_raised_has_no_place() -> None:
    # What ``score`` chains when a weight is not finite has no traceback.
    assert failure(ValueError("a finding has no finite weight")) == "ValueError: a finding has no finite weight"
