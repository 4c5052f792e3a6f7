"""People at work: a class, an event, a team."""

from typing import Final

from distillscan.detect.base import percent
from distillscan.detect.claims import Claim, DailyRhythmFacts, NoRestFacts
from distillscan.score.explanations.base import InnocentExplanation, Outcome, View

#: Share of the busy members who never rest below which the members are people.
_RESTING: Final = 0.2
#: How strictly members keep to a part of the day from which they are people, as a multiple of what other accounts do.
_USUAL_RHYTHM: Final = 0.75


class PeopleAtWork(InnocentExplanation):
    """People rest: the busy ones at night, or taken one by one as strictly as other accounts do."""

    text = "people at work: a class, an event, a team"
    explains = frozenset({Claim.NO_REST, Claim.DAILY_RHYTHM})

    def test(self, view: View) -> Outcome:
        """Return whether the members rest."""
        rest, rhythm = view.first_facts(NoRestFacts), view.first_facts(DailyRhythmFacts)
        if rest is not None and rest.share < _RESTING:
            return Outcome("holds", f"{percent(1 - rest.share)} of the busy members rest at night")
        if rest is not None:
            return Outcome("fails", f"{percent(rest.share)} of the busy members never rest")
        if rhythm is None:
            return Outcome("not tested", "too few requests an account to see a daily rhythm")
        reason = f"members keep to a part of the day {percent(rhythm.strictness)} as strictly as other accounts do"
        return Outcome("holds" if rhythm.strictness >= _USUAL_RHYTHM else "fails", reason)
