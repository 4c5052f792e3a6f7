"""What all detectors start from: traits and rates, and numbers as findings say them."""

import numpy as np
import pytest

from distillscan.detectors import account_fanout
from distillscan.detectors.base import Finding, evidence, percent, plural, rounded


def test_evidence_is_rounded_and_attributed() -> None:
    made = evidence(
        account_fanout.Detector(), Finding("identity", "coordination", 1.23456, "text", {"a": np.float64(0.123456)})
    )
    assert made.detector == "account_fanout"
    assert made.bits == 1.23
    assert made.details == {"a": 0.1235}
    assert type(made.details["a"]) is float


def test_rounded_goes_into_lists_and_maps() -> None:
    assert rounded({"a": [np.int64(3), (1.00009,)], "b": "x"}) == {"a": [3, [1.0001]], "b": "x"}


@pytest.mark.parametrize(
    ("share", "text"), [(1.0, "100 %"), (0.974, "97 %"), (0.004567, "0.46 %"), (0.0, "0 %"), (0.01, "1 %")]
)
def test_percent_is_readable(share: float, text: str) -> None:
    assert percent(share) == text


def test_nearly_all_is_not_said_as_all() -> None:
    assert percent(0.9996) == "99.9 %"


def test_very_small_shares_are_written_out() -> None:
    assert percent(0.5 / 1_000_001) == "0.00005 %"


@pytest.mark.parametrize(
    ("share", "text"), [(0.995, "99.5 %"), (0.9949, "99 %"), (0.00999, "1 %"), (0.000012, "0.0012 %")]
)
def test_decimals_are_shown_where_they_matter(share: float, text: str) -> None:
    assert percent(share) == text


@pytest.mark.parametrize(("number", "text"), [(0, "0 bursts"), (1, "1 burst"), (2, "2 bursts"), (1234, "1,234 bursts")])
def test_numbers_are_said_with_what_they_count(number: int, text: str) -> None:
    assert plural(number, "burst") == text
