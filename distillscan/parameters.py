"""All parameters of a run: each group is declared beside the code that uses it, and gathered here for the report."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from distillscan.cluster import ClusterParameters
from distillscan.detect.base import Detector
from distillscan.errors import UsageError, did_you_mean
from distillscan.population.kinds import Kinds
from distillscan.score import ScoreParameters
from distillscan.settings import threshold, with_setting


@dataclass(frozen=True)
class PrivacyParameters:
    """What of prompts a report may show."""

    shared_by: int = threshold(5, "accounts", "with a word of a prompt for a skeleton to show it; 2 at least")

    def __post_init__(self) -> None:
        if self.shared_by < 2:
            least = "2 is the least, or one customer's own words are shown"
            raise UsageError(f"--set privacy.shared_by={self.shared_by}: {least}")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter as people look it up; unit and help are empty if a third party's detector does not say."""

    group: str
    name: str
    default: Any
    unit: str
    help: str


@dataclass(frozen=True, slots=True)
class Parameters:
    """All parameters of a run, those of detectors by the detector's name, and the kinds of token these declare."""

    cluster: ClusterParameters = field(default_factory=ClusterParameters)
    score: ScoreParameters = field(default_factory=ScoreParameters)
    privacy: PrivacyParameters = field(default_factory=PrivacyParameters)
    detectors: Mapping[str, Any] = field(default_factory=dict)
    kinds: Kinds = field(default_factory=Kinds)

    @classmethod
    def of(cls, detectors: Iterable[Detector], settings: Mapping[str, str] | None = None) -> "Parameters":
        """Return the parameters of a run with these detectors, ``group.name=value`` settings applied.

        Raises:
            UsageError: An unknown group or name, or a value of the wrong type.
        """
        detectors = tuple(detectors)
        kinds = Kinds.declared((detector.name, detector.kinds) for detector in detectors)
        parameters = cls(detectors={detector.name: detector.parameters for detector in detectors}, kinds=kinds)
        for key, text in (settings or {}).items():
            parameters = parameters._with(key, text)
        return parameters

    @property
    def groups(self) -> dict[str, Any]:
        """The dataclass of every group by its name, detectors in the order they were given."""
        return {"cluster": self.cluster, "score": self.score, "privacy": self.privacy, **self.detectors}

    def listing(self) -> tuple[Parameter, ...]:
        """Return every parameter, in the order of the groups and as they are declared."""
        return tuple(
            Parameter(group, one.name, getattr(values, one.name), *(one.metadata.get(k, "") for k in ("unit", "help")))
            for group, values in self.groups.items()
            for one in fields(values)
        )

    def _with(self, key: str, text: str) -> "Parameters":
        group, groups = key.rpartition(".")[0], self.groups
        if group not in groups:
            raise UsageError(f"--set {key}: there is no group {group!r}; {did_you_mean(group, groups, 'groups are')}")
        changed = with_setting(groups[group], key, text)
        if group in self.detectors:
            return replace(self, detectors={**self.detectors, group: changed})
        return replace(self, **{group: changed})

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for the report."""
        return {
            **{group: asdict(self.groups[group]) for group in ("cluster", "score", "privacy")},
            "detectors": {name: asdict(p) for name, p in sorted(self.detectors.items())},
            "kinds": {name: kind.weights() for name, kind in self.kinds.items()},
        }
