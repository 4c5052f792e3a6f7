"""Campaigns: one operator behind many accounts; one module each."""

from typing import Final

from distillscan.simulate.builder import Builder
from distillscan.simulate.campaigns.fanout_template import FanoutTemplate
from distillscan.simulate.campaigns.grader import Grader
from distillscan.simulate.campaigns.hydra import Hydra
from distillscan.simulate.campaigns.injected_instruction import InjectedInstruction
from distillscan.simulate.campaigns.probing import Probing
from distillscan.simulate.campaigns.relay import Relay
from distillscan.simulate.campaigns.release_pivot import ReleasePivot
from distillscan.simulate.campaigns.session_replay import SessionReplay
from distillscan.simulate.campaigns.synchronised import Synchronised

CAMPAIGNS: Final[tuple[type[Builder], ...]] = (
    FanoutTemplate,
    Grader,
    Hydra,
    InjectedInstruction,
    Probing,
    Relay,
    ReleasePivot,
    SessionReplay,
    Synchronised,
)
