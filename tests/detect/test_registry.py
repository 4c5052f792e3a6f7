"""Which detectors there are, how others join, and what is said of a name that none has."""

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from distillscan.columns import CANONICAL
from distillscan.detect import registry
from distillscan.detect.base import Detector
from distillscan.detect.detectors import output_harvest
from distillscan.detect.registry import GROUP, available, builtin, choose
from distillscan.errors import UsageError
from distillscan.population.kinds import EGRESS, Cause, Kind
from distillscan.result import FAMILIES

NAMES = [
    "template_uniformity",
    "account_fanout",
    "infrastructure_overlap",
    "conversation_sharing",
    "synchrony",
    "succession",
    "release_pivot",
    "extraction_intent",
    "output_harvest",
]


class Theirs(output_harvest.OutputHarvestDetector):
    """A detector as a third party may write one."""

    name = "theirs"


@dataclass(frozen=True)
class Entry:
    """What stands for an entry point of an installed package."""

    name: str
    made: Any
    value: str = "their_package:Detector"

    def load(self) -> Any:
        if isinstance(self.made, Exception):
            raise self.made
        return self.made


Register = Callable[..., None]


@pytest.fixture(autouse=True)
def register(monkeypatch: pytest.MonkeyPatch) -> Register:
    """Register entries; none are at first, whatever is installed where the tests run."""

    def install(*entries: Entry | EntryPoint) -> None:
        def listed(*, group: str) -> tuple[Entry | EntryPoint, ...]:
            assert group == "distillscan.detectors"
            return entries

        monkeypatch.setattr(registry, "entry_points", listed)

    install()
    return install


class Nothing:
    name = "nothing"


def refuse() -> object:
    raise RuntimeError("needs a licence")


def test_the_built_in_ones_are_complete_and_in_order() -> None:
    found = builtin()
    assert [d.name for d in found] == NAMES
    for detector in found:
        assert isinstance(detector, Detector)
        assert detector.family in FAMILIES
        assert detector.version
        assert detector.summary
        assert {column for need in detector.needs for column in need.split("|")} <= set(CANONICAL)
        assert all(f.metadata["help"] for f in fields(detector.parameters))


def test_others_follow_the_built_in_ones_by_the_name_of_their_entry(register: Register) -> None:
    class Second(Theirs):
        name = "second"

    register(Entry("zeta", Theirs), Entry("alpha", Second))
    assert [d.name for d in available()] == [*NAMES, "second", "theirs"]
    register()
    assert [d.name for d in available()] == NAMES


def test_a_real_entry_point_is_loaded(register: Register) -> None:
    register(EntryPoint("x", f"{Theirs.__module__}:Theirs", GROUP))
    found = available()[-1]
    assert (type(found).__name__, found.name) == ("Theirs", "theirs")


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (
            ImportError("No module named 'their_package'"),
            "detector x (their_package:Detector) cannot be loaded: No module named 'their_package'",
        ),
        (refuse, "detector x (their_package:Detector) cannot be loaded: needs a licence"),
        (5, "detector x (their_package:Detector) cannot be loaded: 'int' object is not callable"),
        (
            Nothing,
            "detector x (their_package:Detector) cannot be used: "
            "it lacks version, summary, family, needs, kinds, parameters, signals, assess "
            "(see docs/adding-a-detector.md)",
        ),
        (
            output_harvest.OutputHarvestDetector,
            "detector x (their_package:Detector): the name 'output_harvest' is taken; give it another",
        ),
    ],
)
def test_what_is_registered_wrongly_is_said(register: Register, made: object, message: str) -> None:
    register(Entry("x", made))
    with pytest.raises(UsageError) as caught:
        available()
    assert str(caught.value) == message


@dataclass(frozen=True)
class Unexplained:
    limit: int = 3
    label: str = field(default="x", metadata={"help": "a text"})


@dataclass
class Loose:
    limit: int = field(default=3, metadata={"help": "a limit"})


@pytest.mark.parametrize(
    ("members", "wrong"),
    [
        ({"name": "my detector"}, "name must be of letters, digits and _, for --set NAME.parameter, not 'my detector'"),
        ({"version": 2}, "version must be a text, not 2"),
        ({"summary": ""}, "summary must be a text, not ''"),
        ({"family": "habits"}, "family must be one of content, identity, network, timing, not 'habits'"),
        ({"needs": "ip"}, "needs must be a tuple of columns, alternatives joined by |"),
        ({"needs": ("ip|adress",)}, f"needs names adress, but canonical columns are {', '.join(CANONICAL)}"),
        ({"kinds": ("ip",)}, "kinds must be a tuple of Kind, empty for a detector that makes no tokens"),
        (
            {"kinds": (Kind("own", Cause("zeal", "timing", 0.0)),)},
            "the cause of kind 'own' needs a family of content, identity, network, timing and a cap above 0",
        ),
        (
            {"parameters": Loose()},
            "parameters must be an instance of a frozen dataclass (one without fields if it has none)",
        ),
        (
            {"parameters": Unexplained},
            "parameters must be an instance of a frozen dataclass (one without fields if it has none)",
        ),
        (
            {"parameters": Unexplained()},
            "parameter limit needs a reason: threshold(default, unit, help); "
            "parameter label must be an int, a float or a bool",
        ),
        ({"signals": lambda self, population: None}, "signals must be a function signals(population, parameters)"),
        ({"assess": 5}, "assess must be a function assess(candidate, parameters)"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_breaks_the_contract_is_said_at_once(register: Register, members: dict[str, Any], wrong: str) -> None:
    register(Entry("x", type("Odd", (Theirs,), members)))
    with pytest.raises(UsageError) as caught:
        available()
    assert str(caught.value) == (
        f"detector x (their_package:Detector) cannot be used: {wrong} (see docs/adding-a-detector.md)"
    )


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (
            Kind("ip", EGRESS),
            "detectors infrastructure_overlap and theirs declare the kind 'ip' differently: "
            "rename it in one of them, or declare the same in both",
        ),
        (
            Kind("licence", replace(EGRESS, cap=1.0)),
            "detector theirs: the kind 'licence' has a cause 'egress' that differs from that of distillscan: "
            "use the same or rename it",
        ),
        (
            Kind("licence", EGRESS, crossed_with=("tls", "moon")),
            "detector theirs: the kind 'licence' is crossed with 'moon', which no detector declares; kinds are "
            "template, system_template, conversation, signature, returned, payment, device, api_key, session, ip, "
            "ip_prefix, licence, rotation, stack, signup, email_domain, dealt, intent, voices, tls, user_agent, pivot",
        ),
    ],
)
def test_kinds_that_contradict_others_are_said_at_once(register: Register, kind: Kind, message: str) -> None:
    register(Entry("x", type("Odd", (Theirs,), {"kinds": (kind,)})))
    with pytest.raises(UsageError) as caught:
        available()
    assert str(caught.value) == message


def test_two_of_others_may_not_share_a_name_either(register: Register) -> None:
    register(Entry("b", Theirs, "b:D"), Entry("a", Theirs, "a:D"))
    with pytest.raises(UsageError, match=r"^detector b \(b:D\): the name 'theirs' is taken; give it another$"):
        available()


@pytest.mark.parametrize("name", ["cluster", "score"])
def test_the_names_of_parameter_groups_are_taken(register: Register, name: str) -> None:
    register(Entry("x", type("Odd", (Theirs,), {"name": name})))
    with pytest.raises(UsageError, match=f"the name {name!r} is taken"):
        available()


@pytest.mark.parametrize(
    ("names", "without", "chosen"),
    [
        ((), (), NAMES),
        (("release_pivot", "account_fanout"), (), ["account_fanout", "release_pivot"]),
        ((), ("output_harvest", "account_fanout"), [n for n in NAMES if n not in ("output_harvest", "account_fanout")]),
        (("release_pivot", "account_fanout"), ("release_pivot",), ["account_fanout"]),
        (("release_pivot", "release_pivot"), (), ["release_pivot"]),
        (("release_pivot",), ("release_pivot",), []),
    ],
)
def test_detectors_are_chosen_by_name_in_their_own_order(
    names: tuple[str, ...], without: tuple[str, ...], chosen: list[str]
) -> None:
    assert [d.name for d in choose(names, without)] == chosen


def test_a_registered_one_can_be_chosen(register: Register) -> None:
    register(Entry("x", Theirs))
    assert [d.name for d in choose(("theirs",), ())] == ["theirs"]
    assert [d.name for d in choose((), ("theirs",))] == NAMES


@pytest.mark.parametrize(("names", "without"), [(("zzz",), ()), ((), ("zzz",)), (("release_pivot", "zzz"), ())])
def test_a_name_that_none_has_is_said_with_those_there_are(names: tuple[str, ...], without: tuple[str, ...]) -> None:
    with pytest.raises(UsageError) as caught:
        choose(names, without)
    assert str(caught.value) == f"there is no detector 'zzz'; detectors are {', '.join(NAMES)}"


def test_a_misspelt_name_is_said_with_the_closest() -> None:
    with pytest.raises(UsageError, match=r"^there is no detector 'fanout'; did you mean account_fanout\?$"):
        choose(("fanout",), ())
