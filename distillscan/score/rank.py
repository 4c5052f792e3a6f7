"""Score candidates with all detectors and put them in order."""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from distillscan.detect.base import Candidate, Detector, Finding, evidence
from distillscan.result import Evidence, Explanation, Severity
from distillscan.score.combine import Probabilities, combine, severity
from distillscan.score.explanations import explain
from distillscan.score.explanations.base import ExplanationParameters
from distillscan.settings import threshold

#: Share of members on a token from which it may name the cluster.
_NAMING_SHARE: Final = 0.2


@dataclass(frozen=True)
class ScoreParameters(ExplanationParameters):
    """How evidence becomes probabilities and severity, and which clusters are reported."""

    report_coordination: float = threshold(0.5, "probability", "below which a cluster is not reported")


@dataclass(frozen=True, slots=True)
class ScoredCluster:
    """A candidate that is worth reporting, with its evidence, probabilities and name."""

    cluster_id: str
    candidate: Candidate
    evidence: tuple[Evidence, ...]
    probabilities: Probabilities
    severity: Severity
    explanations: tuple[Explanation, ...]
    requests: int


class DetectorFailedError(Exception):
    """A detector could not weigh a candidate; the cause is chained.

    Attributes:
        detector: Its name.
    """

    def __init__(self, detector: str) -> None:
        super().__init__(f"{detector} failed")
        self.detector = detector


def core_tokens(candidate: Candidate) -> list[str]:
    """Return the tokens that hold a candidate together: of each kind the one most members carry, by priority."""
    graph, members, core = candidate.graph, candidate.members, []
    naming = [kind for kind in graph.kinds.values() if kind.id_priority]
    for kind in sorted(naming, key=lambda kind: kind.id_priority):
        columns = candidate.characteristic(kind.name)
        if columns.size == 0:
            continue
        inside = graph.carriers_among(kind.name, members)[columns]
        if inside.max() / members.size >= _NAMING_SHARE:
            tokens = graph.tokens(kind.name)[columns]
            best = int(tokens[np.lexsort((tokens, -inside))[0]])
            core.append(f"{kind.name.replace('_', '-')}-{best & 0xFFFFFFFFFF:010x}")
    first = int(candidate.population.profile.accounts["account"][int(members[0])])
    return [*core, f"accounts-{first & 0xFFFFFFFFFF:010x}"]


def cluster_ids(candidates: Sequence[Candidate]) -> list[str]:
    """Return a name for each candidate, made of its core evidence.

    It does not change when members join or rows are shuffled, as long as the same things hold the cluster together.
    Candidates with the same core token (two operators of one published pipeline) are told apart by their next one.
    """
    cores = [core_tokens(candidate) for candidate in candidates]
    names = [core[0] for core in cores]
    for used in range(2, 1 + max(map(len, cores), default=0)):
        shared = {name for name, count in Counter(names).items() if count > 1}
        names = ["+".join(core[:used]) if name in shared else name for name, core in zip(names, cores, strict=True)]
    return names


def _findings(candidate: Candidate, detector: Detector, parameters: Any) -> list[Finding]:
    """What a detector says of a candidate, with bits to the hundredth as they stand in the report."""
    try:
        findings = detector.assess(candidate, parameters)
    except Exception as error:
        raise DetectorFailedError(detector.name) from error
    if not isinstance(findings, list) or not all(_is_weighed(finding) for finding in findings):
        raise DetectorFailedError(detector.name) from ValueError("a finding has no finite weight")
    return [replace(finding, bits=round(finding.bits, 2)) for finding in findings]


def _is_weighed(finding: Any) -> bool:
    return isinstance(finding, Finding) and isinstance(finding.bits, int | float) and math.isfinite(finding.bits)


def _score(
    candidate: Candidate, detectors: Sequence[Detector], settings: Mapping[str, Any], p: ScoreParameters
) -> ScoredCluster | None:
    """The candidate as a cluster without a name, None if it is not worth reporting."""
    said = [(d.name, finding) for d in detectors for finding in _findings(candidate, d, settings[d.name])]
    findings = tuple(finding for _, finding in said)
    unexplained = combine(findings, (), p)
    # Explanations only take off: what is too little without them need not be explained.
    if unexplained.coordination < p.report_coordination:
        return None
    explained = explain(candidate, findings, unexplained.families, p)
    sums = combine(findings, explained.weights, p, explained.idle)
    if sums.coordination < p.report_coordination:
        return None
    requests = int(candidate.population.requests[candidate.members].sum())
    # What weighs nothing explains, but is not listed.
    listed = tuple(evidence(name, finding) for name, finding in said if finding.bits != 0)
    level = severity(sums, requests, p)
    return ScoredCluster("", candidate, listed, sums, level, explained.explanations, requests)


def score_candidates(
    candidates: Sequence[Candidate],
    detectors: Sequence[Detector],
    settings: Mapping[str, Any],
    p: ScoreParameters,
    advance: Callable[[int], None] = lambda _: None,
) -> list[ScoredCluster]:
    """Return the candidates worth reporting by score, then requests, then name: the same for every order of the input.

    The parameters of each detector are in ``settings`` by its name; ``advance`` is told of each candidate that is done.

    Raises:
        DetectorFailedError: A detector failed; the caller decides whether to go on without it.
    """
    scored = []
    for candidate in candidates:
        cluster = _score(candidate, detectors, settings, p)
        if cluster is not None:
            scored.append(cluster)
        advance(1)
    names = cluster_ids([cluster.candidate for cluster in scored])
    named = [replace(cluster, cluster_id=name) for name, cluster in zip(names, scored, strict=True)]
    return sorted(named, key=lambda cluster: (-cluster.probabilities.score, -cluster.requests, cluster.cluster_id))
