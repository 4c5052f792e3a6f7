"""Users of one popular public prompt that asks for the reasoning."""

from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from distillscan.simulate import ids, templates
from distillscan.simulate.blocks import by_accounts
from distillscan.simulate.outcome import finish
from distillscan.simulate.people import make_accounts
from distillscan.simulate.traffic import make_traffic
from distillscan.simulate.world import Context, Part, Size


@dataclass(frozen=True, slots=True)
class PublicPrompt:
    """Strangers who paste the same "explain your reasoning step by step", or keep it as their standing instruction."""

    #: Share of conversations of the others that begin with it.
    pasted: float = 0.6
    #: Share of people who keep it as their standing instruction, sent with every request.
    standing: float = 0.4

    kind: ClassVar[str] = "public_prompt"
    rate: ClassVar[float] = 0.5
    limits: ClassVar[tuple[int, int]] = (40, 1_000_000)

    @by_accounts
    def build(self, context: Context, size: Size) -> Part:
        """Make ordinary consumers with nothing else in common."""
        rng, count = context.rng, size.accounts
        people = make_accounts(context, count, "consumer")
        lines = make_traffic(context, people, size.rows)
        public = context.once("prompt", lambda: _published(context))
        keeps = pl.Series(rng.random(count) < self.standing).gather(lines["person"])
        pastes = pl.Series((lines["turn"].to_numpy() == 0) & (rng.random(lines.height) < self.pasted))
        pasted = ids.concatenate([f"{public}\n\n", lines["prompt"]])
        lines = lines.with_columns(
            prompt=pl.when(pastes & ~keeps).then(pasted).otherwise("prompt"),
            system_prompt=pl.when(keeps).then(pl.lit(public)),
        )
        return finish(context, people, lines)


def _published(context: Context) -> str:
    asked = context.world.writer.text(context.rng, "popular_prompt", 1).item()
    return f"{asked} {templates.reasoning_instructions(context.rng, 1).item()}"
