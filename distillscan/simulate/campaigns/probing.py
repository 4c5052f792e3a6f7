"""Probing, then scaling: thousands of differently worded attempts, mostly refused, then the one that worked."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

import polars as pl

from distillscan.simulate import templates
from distillscan.simulate.blocks import by_time
from distillscan.simulate.campaigns.pool import (
    Evasion,
    add_cover_traffic,
    draw_jobs,
    make_pool,
    make_requests,
    split_size,
)
from distillscan.simulate.outcome import finish
from distillscan.simulate.world import Context, Part, Size


@dataclass(frozen=True, slots=True)
class Probing(Evasion):
    """A few accounts look for a wording that is not refused; then the whole pool uses it."""

    #: Share of requests spent on probing.
    probes: float = 0.3
    #: Share of the campaign's days spent on probing.
    probe_time: float = 0.3
    #: Share of probes that are refused.
    refused: float = 0.85

    kind: ClassVar[str] = "probing"
    rate: ClassVar[float] = 20.0
    limits: ClassVar[tuple[int, int]] = (30, 10_000)

    def build(self, context: Context, size: Size) -> Iterator[Part]:
        """Let a third of the accounts probe, and the others use the wording that worked."""
        turn = size.first + int((size.last - size.first) * self.probe_time)
        early, late = split_size(size, self.probes)
        attempts = templates.wordings(context.rng, "inline", "last", max(2, min(early.rows, 4_000)), 1, self.language)
        if size.accounts == 1:
            yield from self._phase(context, size, attempts, self.refused)
            return
        yield from self._phase(context, replace(early, last=turn), attempts, self.refused)
        yield from self._phase(context.apart(), replace(late, first=turn), attempts[: self.paraphrase], 0.03)

    @by_time
    def _phase(self, context: Context, size: Size, library: list[templates.Template], refused: float) -> Part:
        rng, writer = context.rng, context.world.writer
        people = make_pool(context, size.accounts, size.first, self)
        lines = make_requests(context, people, draw_jobs(context, people, size.rows, size.first, size.last, self), self)
        which = rng.permutation(size.rows) % len(library)
        slot = writer.ask(rng, size.rows, ("math", "code"), self.language)
        lines = lines.with_columns(**templates.fill_templates(library, which, slot))
        refuses = pl.Series(rng.random(size.rows) < refused)
        stop = pl.when(refuses).then(pl.lit("refusal")).otherwise(pl.lit("end_turn"))
        return finish(context, people, add_cover_traffic(context, lines.with_columns(stop_reason=stop), self))
