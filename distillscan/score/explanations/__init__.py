"""Innocent explanations: one file each, in one explicit tuple; which hold, and what that takes off the sum."""

from dataclasses import dataclass
from typing import Final

from distillscan.detect.base import Candidate, Finding
from distillscan.result import Explanation, Family, Weight
from distillscan.score.explanations.base import ExplanationParameters, InnocentExplanation, View
from distillscan.score.explanations.declared_customer import DeclaredCustomer
from distillscan.score.explanations.early_adopters import EarlyAdopters
from distillscan.score.explanations.one_application import OneApplication
from distillscan.score.explanations.one_event import OneEvent
from distillscan.score.explanations.one_server import OneServer
from distillscan.score.explanations.people_at_work import PeopleAtWork
from distillscan.score.explanations.shared_egress import SharedEgress

#: All explanations, in the order of the report.
EXPLANATIONS: Final[tuple[InnocentExplanation, ...]] = (
    DeclaredCustomer(),
    OneEvent(),
    SharedEgress(),
    OneApplication(),
    OneServer(),
    PeopleAtWork(),
    EarlyAdopters(),
)


@dataclass(frozen=True, slots=True)
class Explained:
    """What came of testing all explanations.

    Attributes:
        explanations: Those that were tested, as they stand in the report.
        weights: The lines that they add to the sum.
        idle: Families that do not count towards those that high severity needs.
    """

    explanations: tuple[Explanation, ...]
    weights: tuple[Weight, ...]
    idle: frozenset[Family]


def explain(candidate: Candidate, findings: tuple[Finding, ...], families: int, p: ExplanationParameters) -> Explained:
    """Test the explanations on a candidate of which the detectors say ``findings``, and so many families count.

    An explanation is given those findings alone whose claims it explains or is refuted by, so findings that claim
    ``OTHER`` change no verdict.
    """
    tested = []
    for explanation in EXPLANATIONS:
        claims = explanation.explains | explanation.refuted_by
        relevant = tuple(finding for finding in findings if finding.claim in claims)
        outcome = explanation.test(View(candidate, relevant, findings, families, p))
        if outcome is not None:
            tested.append((explanation.text, outcome))
    return Explained(
        explanations=tuple(Explanation(text, outcome.verdict, outcome.reason) for text, outcome in tested),
        weights=tuple(outcome.weight for _, outcome in tested if outcome.weight is not None),
        idle=frozenset[Family]().union(*(outcome.idles for _, outcome in tested)),
    )
