"""All parameters of a run: each group is declared beside the code that uses it, and gathered here for the report."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
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
            raise UsageError(
                f"--set privacy.shared_by={self.shared_by}: 2 is the least, or one customer's own words are shown"
            )


@dataclass(frozen=True, slots=True)
class Parameters:
    """All parameters of a run.

    Attributes:
        cluster: How accounts become candidates.
        score: How evidence becomes probabilities and severity.
        privacy: What of prompts a report may show.
        detectors: Those of each detector, by its name.
        kinds: The kinds of token that the detectors declare.
    """

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
        parameters = cls(
            detectors={detector.name: detector.parameters for detector in detectors},
            kinds=Kinds.declared((detector.name, detector.kinds) for detector in detectors),
        )
        for key, text in (settings or {}).items():
            parameters = parameters._with(key, text)
        return parameters

    def _with(self, key: str, text: str) -> "Parameters":
        group = key.rpartition(".")[0]
        groups: dict[str, Any] = {"cluster": self.cluster, "score": self.score, "privacy": self.privacy}
        if group in groups:
            return replace(self, **{group: with_setting(groups[group], key, text)})
        if group in self.detectors:
            changed = with_setting(self.detectors[group], key, text)
            return replace(self, detectors={**self.detectors, group: changed})
        hint = did_you_mean(group, [*groups, *sorted(self.detectors)], "groups are")
        raise UsageError(f"--set {key}: there is no group {group!r}; {hint}")

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for the report."""
        return {
            "cluster": asdict(self.cluster),
            "score": asdict(self.score),
            "privacy": asdict(self.privacy),
            "detectors": {name: asdict(p) for name, p in sorted(self.detectors.items())},
            "kinds": {name: kind.weights() for name, kind in self.kinds.items()},
        }
