"""Settings from the command line, message by message; and that every parameter gives its reason."""

import re
from dataclasses import asdict, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest

import distillscan
from distillscan.cluster import ClusterParameters
from distillscan.detect.detectors.account_fanout import AccountFanoutDetector, AccountFanoutParameters
from distillscan.detect.detectors.release_pivot import ReleasePivotDetector, ReleasePivotParameters
from distillscan.detect.registry import builtin
from distillscan.errors import UsageError
from distillscan.parameters import Parameters, PrivacyParameters
from distillscan.score import ScoreParameters
from distillscan.settings import threshold

DETECTORS = (ReleasePivotDetector(), AccountFanoutDetector())
PARAMETERS = Parameters.of(DETECTORS)


def test_settings_change_one_value_each_and_nothing_else() -> None:
    settings = {
        "cluster.min_accounts": "8",
        "cluster.lift": "5",
        "score.prior_coordination": "-12.5",
        "release_pivot.cap": "1e0",
        "release_pivot.window_hours": " 48 ",
    }
    changed = Parameters.of(DETECTORS, settings)
    assert changed.cluster == ClusterParameters(min_accounts=8, lift=5.0)
    assert type(changed.cluster.lift) is float
    assert changed.score == ScoreParameters(prior_coordination=-12.5)
    assert changed.detectors == {
        "release_pivot": ReleasePivotParameters(cap=1.0, window_hours=48),
        "account_fanout": AccountFanoutParameters(),
    }
    # What was given is not changed in place.
    assert PARAMETERS.cluster == ClusterParameters()
    assert PARAMETERS.detectors["release_pivot"] == ReleasePivotParameters()


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        (
            "pivot.cap",
            "1",
            "--set pivot.cap: there is no group 'pivot'; did you mean release_pivot?",
        ),
        (
            "cap",
            "1",
            "--set cap: there is no group ''; groups are cluster, score, privacy, release_pivot, account_fanout",
        ),
        (
            "release_pivot.speed",
            "1",
            "--set release_pivot.speed: release_pivot has no parameter 'speed'; it has "
            + ", ".join(parameter.name for parameter in fields(ReleasePivotParameters)),
        ),
        (
            "cluster.min_acounts",
            "8",
            "--set cluster.min_acounts: cluster has no parameter 'min_acounts'; did you mean min_accounts?",
        ),
        (
            "cluster.min_accounts",
            "2.5",
            "--set cluster.min_accounts=2.5: '2.5' is not a number of type int",
        ),
        ("score.ceiling", "high", "--set score.ceiling=high: 'high' is not a number of type float"),
        ("score.ceiling", "", "--set score.ceiling=: '' is not a number of type float"),
    ],
)
def test_a_wrong_setting_says_what_there_is(key: str, value: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        Parameters.of(DETECTORS, {key: value})
    assert str(caught.value) == message


@pytest.mark.parametrize("value", ["nan", "inf", "-Infinity"])
def test_what_is_no_finite_number_is_refused(value: str) -> None:
    with pytest.raises(UsageError, match=r"--set score\.ceiling="):
        Parameters.of(DETECTORS, {"score.ceiling": value})


@dataclass(frozen=True)
class Switches:
    strict: bool = threshold(True, "switch", "of a detector of somebody else")


class Theirs(ReleasePivotDetector):
    name = "theirs"
    parameters: Any = Switches()


def test_a_switch_can_be_turned_off() -> None:
    changed = Parameters.of((Theirs(),), {"theirs.strict": "false"})
    assert changed.detectors["theirs"].strict is False


@pytest.mark.parametrize(("text", "expected"), [("TRUE", True), ("False", False)])
def test_a_switch_is_true_or_false_however_it_is_written(text: str, expected: bool) -> None:
    changed = Parameters.of((Theirs(),), {"theirs.strict": text})
    assert changed.detectors["theirs"].strict is expected


def test_a_switch_that_is_neither_is_said() -> None:
    with pytest.raises(UsageError) as caught:
        Parameters.of((Theirs(),), {"theirs.strict": "on"})
    assert str(caught.value) == "--set theirs.strict=on: 'on' is neither true nor false"


def test_the_report_has_every_parameter_by_group() -> None:
    stated = Parameters.of(DETECTORS, {"release_pivot.moved": "0.5"}).to_dict()
    assert list(stated) == ["cluster", "score", "privacy", "detectors", "kinds"]
    assert stated["cluster"] == asdict(ClusterParameters())
    assert stated["score"]["declared_bits"] == -20.0
    assert list(stated["detectors"]) == ["account_fanout", "release_pivot"]
    assert list(stated["kinds"]) == ["payment", "device", "api_key", "session", "signup", "email_domain", "pivot"]
    assert stated["kinds"]["session"] == {"cause": "holder", "family": "identity", "cap": 9.0, "seeding": 0.5}
    assert stated["detectors"]["release_pivot"] == {**asdict(ReleasePivotParameters()), "moved": 0.5}


@pytest.mark.parametrize(
    "group", [ClusterParameters(), ScoreParameters(), PrivacyParameters(), *(d.parameters for d in builtin())]
)
def test_every_parameter_is_a_number_with_a_reason(group: object) -> None:
    assert is_dataclass(group)
    for parameter in fields(group):
        assert type(getattr(group, parameter.name)) in (int, float), parameter.name
        assert len(parameter.metadata["help"]) > 15, parameter.name


def test_no_parameter_is_without_effect() -> None:
    folder = Path(distillscan.__file__).parent
    code = "".join(file.read_text() for file in folder.rglob("*.py"))
    groups = [ClusterParameters(), ScoreParameters(), PrivacyParameters(), *(d.parameters for d in builtin())]
    names = {parameter.name for group in groups for parameter in fields(group)}
    assert {name for name in names if not re.search(rf"\.{name}\b", code)} == set()
