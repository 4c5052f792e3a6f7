"""Score candidates with all detectors and put them in order."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from distillscan.cluster.refine import Refined
from distillscan.detect.base import Candidate, Detector, evidence
from distillscan.parameters import Parameters, ScoreParameters
from distillscan.population.graph import SignalGraph
from distillscan.population.kinds import NAMING
from distillscan.result import Evidence, Explanation, Severity
from distillscan.score.combine import Verdict, combine, severity
from distillscan.score.explanations import explain


@dataclass(frozen=True, slots=True)
class Scored:
    """A candidate with its evidence, verdict and name."""

    cluster_id: str
    candidate: Candidate
    evidence: tuple[Evidence, ...]
    verdict: Verdict
    severity: Severity
    explanations: tuple[Explanation, ...]
    requests: int


def core_tokens(candidate: Candidate, p: ScoreParameters) -> list[str]:
    """Return the tokens that hold a candidate together: of each kind the one most members carry, most telling first."""
    found = []
    for kind in NAMING:
        tokens = candidate.characteristic(kind)
        if tokens.size == 0:
            continue
        inside = candidate.graph.carriers_among(kind, candidate.members)[tokens]
        if inside.max() / candidate.members.size >= p.naming_share:
            names = candidate.graph.tokens(kind)[tokens]
            best = int(names[np.lexsort((names, -inside))[0]])
            found.append(f"{kind.replace('_', '-')}-{best & 0xFFFFFFFFFF:010x}")
    first = int(candidate.population.profile.accounts["account"][int(candidate.members[0])])
    return [*found, f"accounts-{first & 0xFFFFFFFFFF:010x}"]


def cluster_ids(candidates: Sequence[Candidate], p: ScoreParameters) -> list[str]:
    """Return a name for each candidate, made of its core evidence.

    It does not change when members join or rows are shuffled, as long as the same things hold the cluster together.
    Candidates with the same core token (two operators of one published pipeline) are told apart by their next one.
    """
    cores = [core_tokens(candidate, p) for candidate in candidates]
    used = 1
    names = [core[0] for core in cores]
    while len(set(names)) < len(names) and used < len(NAMING) + 1:
        names = [
            "+".join(core[: used + 1]) if names.count(name) > 1 else name
            for name, core in zip(names, cores, strict=True)
        ]
        used += 1
    return names


class DetectorFailedError(Exception):
    """A detector could not weigh a candidate; the cause is chained.

    Attributes:
        detector: Its name.
    """

    def __init__(self, detector: str) -> None:
        super().__init__(f"{detector} failed")
        self.detector = detector


def _assess(candidate: Candidate, detectors: Sequence[Detector], settings: Mapping[str, Any]) -> tuple[Evidence, ...]:
    found: list[Evidence] = []
    for detector in detectors:
        try:
            findings = detector.assess(candidate, settings[detector.name])
        except Exception as error:
            raise DetectorFailedError(detector.name) from error
        if not all(math.isfinite(finding.bits) for finding in findings):
            raise DetectorFailedError(detector.name) from ValueError("a finding has no finite weight")
        found += [evidence(detector, finding) for finding in findings]
    return tuple(found)


def score_candidates(
    candidates: Sequence[Refined],
    graph: SignalGraph,
    detectors: Sequence[Detector],
    parameters: Parameters,
    advance: Callable[[int], None] = lambda _: None,
) -> list[Scored]:
    """Return the candidates worth reporting, best first.

    Order: score, then requests, then name; so that it is the same for every order of the input.

    Raises:
        DetectorFailedError: A detector failed; the caller decides whether to go on without it.
    """
    scored = []
    for refined in candidates:
        candidate = Candidate(refined.members, graph)
        found = _assess(candidate, detectors, parameters.detectors)
        first = combine(found, (), parameters.score)
        declared, explanations, idle = explain(candidate, found, first.families, parameters.score)
        verdict = combine(found, declared, parameters.score, idle)
        requests = int(graph.population.requests[refined.members].sum())
        advance(1)
        if verdict.coordination < parameters.score.report_coordination:
            continue
        level = severity(verdict, requests, parameters.score)
        # What weighs nothing explains, but is not listed.
        weighty = tuple(e for e in found if e.bits != 0)
        scored.append(Scored("", candidate, weighty, verdict, level, explanations, requests))
    named = zip(cluster_ids([s.candidate for s in scored], parameters.score), scored, strict=True)
    result = [replace(one, cluster_id=name) for name, one in named]
    return sorted(result, key=lambda s: (-s.verdict.score, -s.requests, s.cluster_id))
