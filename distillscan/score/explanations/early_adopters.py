"""Early adopters, or a client that changed its default model."""

from collections.abc import Sequence
from dataclasses import dataclass

from distillscan.detect.base import Finding, percent
from distillscan.detect.claims import Claim, PivotFacts
from distillscan.score.explanations.base import InnocentExplanation, Outcome, View, first_facts
from distillscan.settings import threshold


@dataclass(frozen=True)
class AdopterParameters:
    """When a move to a new model is everybody's."""

    adopters: float = threshold(0.2, "share", "of comparable accounts that moved from which it is the fashion")


class EarlyAdopters(InnocentExplanation):
    """A move to a new model that comparable accounts made as well."""

    text = "early adopters, or a client that changed its default model"
    explains = frozenset({Claim.PIVOT})

    def test(self, view: View, findings: Sequence[Finding], p: AdopterParameters) -> Outcome | None:
        """Return whether others moved as well, None if the members did not move."""
        pivot = first_facts(findings, PivotFacts)
        if pivot is None:
            return None
        reason = f"{percent(pivot.base_rate)} of {pivot.compared_with} moved as well"
        return Outcome("holds" if pivot.base_rate > p.adopters else "fails", reason)
