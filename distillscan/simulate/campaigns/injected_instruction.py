"""One fixed instruction in every otherwise varied request; when the first pool is banned, a second takes over."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np
import polars as pl

from distillscan.simulate import ids, templates
from distillscan.simulate.blocks import by_time
from distillscan.simulate.campaigns.pool import (
    Evasion,
    add_cover_traffic,
    ban,
    draw_jobs,
    make_pool,
    make_requests,
    split_size,
)
from distillscan.simulate.clock import HOUR, MINUTE
from distillscan.simulate.outcome import finish
from distillscan.simulate.people import NEVER
from distillscan.simulate.world import Context, Part, Size

Position = Literal["mixed", "prefix", "suffix", "system"]


@dataclass(frozen=True, slots=True)
class InjectedInstruction(Evasion):
    """Varied real-looking requests that all carry the same demand to write the reasoning into the answer."""

    residential: bool = True
    distinct_payments: bool = True
    #: Where the instruction goes: prefix, suffix, system, or mixed (an account keeps to one).
    position: Position = "mixed"
    #: Whether an account keeps to one of the wordings or takes another for every request.
    reworded: Literal["account", "request"] = "account"
    #: Share of the requests that the first pool sends before it is banned; 1: there is no ban.
    banned_after: float = 0.6
    #: Hours until the second pool works.
    takeover_hours: float = 2.0

    kind: ClassVar[str] = "injected_instruction"
    rate: ClassVar[float] = 40.0
    limits: ClassVar[tuple[int, int]] = (30, 20_000)

    def build(self, context: Context, size: Size) -> Iterator[Part]:
        """Make two pools, the second after the ban of the first, with the same instruction."""
        demand = templates.reasoning_instructions(context.rng, self.paraphrase, self.language)
        if self.banned_after >= 1 or size.accounts == 1:
            yield from self._pool(context, size, demand, NEVER)
            return
        end = size.first + int((size.last - size.first) * self.banned_after)
        before, after = split_size(size, self.banned_after)
        before = replace(before, last=end)
        after = replace(after, first=end + int(self.takeover_hours * HOUR))
        yield from self._pool(context, before, demand, end)
        yield from self._pool(context.apart(), after, demand, NEVER)

    @by_time
    def _pool(self, context: Context, size: Size, demand: pl.Series, ban: int) -> Part:
        """One pool, which is banned at this time."""
        rng, writer = context.rng, context.world.writer
        people = make_pool(context, size.accounts, size.first, self)
        lines = make_requests(context, people, draw_jobs(context, people, size.rows, size.first, size.last, self), self)
        person = lines["person"].to_numpy()
        turn = np.zeros(lines.height, np.int64)
        asked = writer.ordinary(rng, lines["language"].to_numpy(), lines["interest"].to_numpy(), turn)
        wording = context.once("wordings", lambda: rng.integers(0, len(demand), people.height))[person]
        if self.reworded == "request":
            wording = rng.integers(0, len(demand), lines.height)
        said = demand.gather(wording)
        place = context.once("places", lambda: self._places(rng, people.height))[person]
        prefix, suffix = ids.concatenate([said, "\n\n", asked]), ids.concatenate([asked, "\n\n", said])
        at = pl.Series(place)
        lines = lines.with_columns(
            prompt=pl.when(at == 0).then(prefix).when(at == 1).then(suffix).otherwise(asked),
            system_prompt=pl.when(at == 2).then(said),
        )
        lines = add_cover_traffic(context, lines, self)
        return finish(context, people, _end(lines, rng) if size.last == ban else lines)

    def _places(self, rng: np.random.Generator, count: int) -> np.typing.NDArray[np.int64]:
        names = ("prefix", "suffix", "system")
        if self.position == "mixed":
            return rng.choice(3, count, p=[0.6, 0.25, 0.15])
        return np.full(count, names.index(self.position))


def _end(lines: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Let the last request of every account get a 403, within an hour."""
    last = lines["time"].max()
    final = lines.select(pl.col("session") == pl.col("session").max().over("person")).to_series()
    delay = pl.Series((rng.random(lines.height) * 50 * MINUTE).astype(np.int64))
    late = pl.when(final).then(pl.lit(last, pl.Int64) + delay).otherwise("time")
    return ban(lines.with_columns(time=late), final)
