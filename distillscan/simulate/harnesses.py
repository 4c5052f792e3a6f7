"""Client harnesses that everybody can install: coding agents and chat front ends with a system prompt of their own."""

import zlib
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import polars as pl

from distillscan.simulate.clients import fingerprint
from distillscan.simulate.world import World

#: Title, user agent, TLS stack, and size of the system prompt in bytes; the most used first.
_KNOWN: Final = (
    ("Tern Code", "tern-code/1.8.2 (cli)", "node", 7_000),
    ("Open Lathe", "openlathe/0.42.1", "openssl-httpx", 4_200),
    ("Quillpad Agent", "quillpad-agent/3.1.0 (editor)", "electron", 5_600),
    ("Patchwork", "patchwork-agent/0.9.7 go", "go", 3_000),
    ("Lantern Chat", "LanternChat/2.3.0", "electron", 900),
    ("Rove", "rove-runner/1.14.0", "rustls", 2_400),
)  # fmt: skip
MOST: Final = len(_KNOWN)


@dataclass(frozen=True, slots=True)
class Harnesses:
    """One entry per harness: what it sends as user agent and system prompt, and its TLS fingerprint."""

    agent: pl.Series
    tls: pl.Series
    system: pl.Series


def load_harnesses(world: World) -> Harnesses:
    """Return the harnesses of a world, the same for everybody who uses them."""
    rng = np.random.default_rng([world.seed, zlib.crc32(b"harnesses")])
    texts = [
        f"You are {title}, {_article(agent)}.\n{world.writer.agent_prompt(rng, size)}"
        for title, agent, _, size in _KNOWN
    ]
    return Harnesses(pl.Series([agent for _, agent, _, _ in _KNOWN]), _fingerprints(), pl.Series(texts))


def _article(agent: str) -> str:
    return f"the program that calls itself {agent.partition('/')[0]}"


@cache
def _fingerprints() -> pl.Series:
    return pl.Series([fingerprint(stack, 7) for _, _, stack, _ in _KNOWN])
