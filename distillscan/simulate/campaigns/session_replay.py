"""Coding sessions captured elsewhere and replayed, with the signed reasoning of one session sent in others."""

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
import polars as pl

from distillscan.simulate.blocks import by_rows
from distillscan.simulate.campaigns.pool import Evasion, add_cover_traffic, make_pool, make_requests
from distillscan.simulate.clock import DAY, HOUR, rhythm
from distillscan.simulate.outcome import finish
from distillscan.simulate.people import make_accounts
from distillscan.simulate.replies import add_responses
from distillscan.simulate.traffic import draw_visits, move_conversations, prepend_history
from distillscan.simulate.world import Context, Part, Size
from distillscan.simulate.writer import INTERESTS

_TRIAL_ENDS: Final = 2 * DAY


@dataclass(frozen=True, slots=True)
class SessionReplay(Evasion):
    """Whole sessions of real users under a coding agent's prompt, each run again on other accounts."""

    distinct_payments: bool = True
    #: How many accounts run each session.
    copies: int = 2
    #: Share of later turns that carry reasoning signed in another session.
    replayed_signatures: float = 0.5
    #: Size of the agent's system prompt in bytes.
    system_bytes: int = 4_000
    #: Share of sessions run in the last two days, when a free trial ends.
    burst: float = 0.0

    kind: ClassVar[str] = "session_replay"
    rate: ClassVar[float] = 13.0
    limits: ClassVar[tuple[int, int]] = (30, 20_000)

    @by_rows
    def build(self, context: Context, size: Size) -> Part:
        """Write each session once, and let ``copies`` accounts send it at different times."""
        rng, world, count = context.rng, context.world, size.accounts
        people = make_pool(context, count, size.first, self).with_columns(whole=pl.lit(value=True))
        once = self._hurry(context, _captured(context, -(-size.rows // self.copies), size), size)
        text = world.writer.ordinary(
            rng, once["language"].to_numpy(), np.full(once.height, INTERESTS.index("code")), once["turn"].to_numpy()
        )
        once = add_responses(context, once.with_columns(prompt=text))
        once = prepend_history(once, np.full(once.height, fill_value=True))
        signed = context.mint("sig", once.height)
        again = np.concatenate([np.arange(once.height)] * self.copies)[: size.rows]
        copy = np.repeat(np.arange(self.copies), once.height)[: size.rows]
        session = once["session"].to_numpy()[again] + copy * once.height
        order = rng.permutation(count)
        # Copies go to accounts next to each other in the order, so that none sends the same session twice.
        person = order[(once["session"].to_numpy()[again] + copy) % count]
        person[: min(count, size.rows)] = order[: size.rows]
        delay = (copy * rng.exponential(5, size.rows)[session % size.rows] * HOUR).astype(np.int64)
        when = pl.DataFrame(
            {
                "person": person,
                "session": session,
                "turn": once["turn"].to_numpy()[again],
                "time": np.minimum(once["time"].to_numpy()[again] + delay, size.last),
            }
        )
        lines = make_requests(context, people, when, self).with_columns(prompt=once["prompt"].gather(again))
        later = pl.Series((when["turn"].to_numpy() > 0) & (rng.random(size.rows) < self.replayed_signatures))
        lines = lines.with_columns(
            system_prompt=pl.lit(context.once("manual", lambda: world.writer.agent_prompt(rng, self.system_bytes))),
            reasoning_signature=pl.when(later).then(signed.gather(again)),
        )
        return finish(context, people, add_cover_traffic(context, lines, self))

    def _hurry(self, context: Context, once: pl.DataFrame, size: Size) -> pl.DataFrame:
        if not self.burst:
            return once
        session, rng = once["session"].to_numpy(), context.rng
        late = (rng.random(int(session.max()) + 1) < self.burst)[session] & (once["turn"].to_numpy() == 0)
        when = size.last - (rng.random(once.height) * _TRIAL_ENDS).astype(np.int64)
        return move_conversations(context, once, late, when)


def _captured(context: Context, rows: int, size: Size) -> pl.DataFrame:
    """The original sessions, with the languages of their users."""
    users = make_accounts(context, max(2, rows // 12), "developer", arrivals=0.0).with_columns(
        first=pl.lit(size.first, pl.Int64),
        last=pl.lit(size.last, pl.Int64),
        turns=pl.lit(6.0),
        rhythm=pl.lit(rhythm("office"), pl.Int64),
    )
    counts = context.rng.multinomial(rows, np.full(users.height, 1 / users.height))
    when = draw_visits(context, users, counts, 40)
    return when.with_columns(language=users["language"].gather(when["person"].to_numpy()))
