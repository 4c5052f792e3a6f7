"""Early adopters, or a client that changed its default model."""

from typing import Final

from distillscan.detect.base import percent
from distillscan.detect.claims import Claim, PivotFacts
from distillscan.score.explanations.base import InnocentExplanation, Outcome, View

#: Share of comparable accounts that moved above which the new model is the fashion.
_ADOPTERS: Final = 0.2


class EarlyAdopters(InnocentExplanation):
    """A move to a new model that comparable accounts made as well."""

    text = "early adopters, or a client that changed its default model"
    explains = frozenset({Claim.PIVOT})

    def test(self, view: View) -> Outcome | None:
        """Return whether others moved as well, None if the members did not move."""
        pivot = view.first_facts(PivotFacts)
        if pivot is None:
            return None
        reason = f"{percent(pivot.base_rate)} of {pivot.compared_with} moved as well"
        return Outcome("holds" if pivot.base_rate > _ADOPTERS else "fails", reason)
