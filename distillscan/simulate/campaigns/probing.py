"""Probe, then scale: thousands of differently worded attempts, mostly refused, then the one that worked."""

from dataclasses import dataclass, replace
from typing import ClassVar

import polars as pl

from distillscan.simulate import templates
from distillscan.simulate.campaigns.pool import Evasion, connect, enlist, hide, jobs, split
from distillscan.simulate.outcome import finish
from distillscan.simulate.world import Part, Size, Stage


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

    def build(self, stage: Stage, size: Size) -> Part:
        """Probes by a third of the accounts, harvest by the rest."""
        turn = size.first + int((size.last - size.first) * self.probe_time)
        early, late = split(size, self.probes)
        attempts = templates.wordings(stage.rng, "inline", "last", max(2, min(early.rows, 4_000)), 1, self.language)
        if size.accounts == 1:
            return self._phase(stage, size, attempts, self.refused)
        probe = self._phase(stage, replace(early, last=turn), attempts, self.refused)
        harvest = self._phase(stage, replace(late, first=turn), attempts[: self.paraphrase], 0.03)
        return Part(pl.concat([probe.people, harvest.people]), pl.concat([probe.requests, harvest.requests]))

    def _phase(self, stage: Stage, size: Size, library: list[templates.Template], refused: float) -> Part:
        rng, writer = stage.rng, stage.world.writer
        people = enlist(stage, size.accounts, size.first, self)
        lines = connect(stage, people, jobs(stage, people, size.rows, size.first, size.last, self), self)
        which = rng.permutation(size.rows) % len(library)
        slot = writer.ask(rng, size.rows, ("math", "code"), self.language)
        lines = lines.with_columns(**templates.fill(library, which, slot))
        refuses = pl.Series(rng.random(size.rows) < refused)
        stop = pl.when(refuses).then(pl.lit("refusal")).otherwise(pl.lit("end_turn"))
        return finish(stage, people, hide(stage, lines.with_columns(stop_reason=stop), self))
