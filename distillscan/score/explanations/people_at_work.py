"""People at work: a class, an event, a team."""

from collections.abc import Sequence
from dataclasses import dataclass

from distillscan.detect.base import Finding, percent
from distillscan.detect.claims import Claim, DailyRhythmFacts, NoRestFacts
from distillscan.score.explanations.base import InnocentExplanation, Outcome, View, first_facts
from distillscan.settings import threshold


@dataclass(frozen=True)
class PeopleParameters:
    """When members rest as people do."""

    resting: float = threshold(0.2, "share", "of busy members who never rest below which they are people")
    usual_rhythm: float = threshold(0.75, "times", "others' strictness of days from which members are people")


class PeopleAtWork(InnocentExplanation):
    """People rest: the busy ones at night, or taken one by one as strictly as other accounts do."""

    text = "people at work: a class, an event, a team"
    explains = frozenset({Claim.NO_REST, Claim.DAILY_RHYTHM})

    def test(self, view: View, findings: Sequence[Finding], p: PeopleParameters) -> Outcome:
        """Return whether the members rest."""
        rest, rhythm = first_facts(findings, NoRestFacts), first_facts(findings, DailyRhythmFacts)
        if rest is not None and rest.share < p.resting:
            return Outcome("holds", f"{percent(1 - rest.share)} of the busy members rest at night")
        if rest is not None:
            return Outcome("fails", f"{percent(rest.share)} of the busy members never rest")
        if rhythm is not None:
            reason = f"members keep to a part of the day {percent(rhythm.strictness)} as strictly as other accounts do"
            return Outcome("holds" if rhythm.strictness >= p.usual_rhythm else "fails", reason)
        return Outcome("not tested", "too few requests an account to see a daily rhythm")
