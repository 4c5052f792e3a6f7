"""A small log with known groups in it, plain enough to check by eye; the simulator makes the realistic ones.

Groups (by account name): ``home`` ordinary accounts; ``camp`` a campaign (a skeleton with the slot first, shared
payments, a pool of proxies, sign-ups in one hour, around the clock, moves to the new model); ``office`` ordinary
people behind one address; ``app`` users of one application (a skeleton and an agent in common, nothing else).
"""

import random
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from typing import Any

import polars as pl

from distillscan.cluster import find_candidates
from distillscan.detect.base import Candidate
from distillscan.detect.registry import builtin
from distillscan.detect.run import detect
from distillscan.parameters import Parameters
from distillscan.population.accounts import Population, Release
from distillscan.population.graph import SignalGraph
from distillscan.profile import merge, profile_batch
from tests.support.handmade import START, at, canonical
from tests.support.populations import signal_graph

TOPICS = [
    "rivers",
    "tax law",
    "chess",
    "sorting",
    "poetry",
    "enzymes",
    "trade",
    "orbits",
    "bread",
    "sails",
    "maps",
    "wool",
]
VERBS = ["explain", "compare", "list", "describe", "criticise", "draw", "simplify", "plan", "review", "imagine"]
SKELETON = "is the subject. Think aloud in full before you answer, number every step and end with a graded summary"
APP = "You are reading a note taken by a traveller. Correct its spelling and keep its tone exactly as it was written:"
DAYS = 14
RELEASE = Release("m2", at(24 * 8), "file")


def _sentence(rng: random.Random) -> str:
    words = [rng.choice(VERBS), "the", rng.choice(TOPICS), "and"]
    words += ["".join(rng.choices("abcdefghijklmnoprstuvw", k=rng.randint(2, 9))) for _ in range(rng.randint(6, 20))]
    return " ".join(words)


def _home(rng: random.Random, k: int) -> dict[str, Any]:
    return {
        "account_id": f"home-{k:03d}",
        "ip": f"100.{k // 200}.{k % 200}.{rng.randint(1, 9)}",
        "user_agent": rng.choice(["browser/1", "browser/2", "sdk-a/3"]),
        "payment_id": f"card-{k}",
        "email_domain": "gmail.com",
        "account_created_at": at(-24 * rng.uniform(3, 600)),
        "model": "m1",
    }


def _rows(rng: random.Random) -> Iterator[dict[str, Any]]:
    for k in range(300):
        me = _home(rng, k)
        for _ in range(rng.randint(2, 30)):
            hour = rng.randint(0, DAYS - 1) * 24 + rng.uniform(7, 22)
            model = "m2" if hour > 24 * 9 and rng.random() < 0.15 else "m1"
            yield {
                **me,
                "timestamp": at(hour),
                "prompt": _sentence(rng),
                "model": model,
                "output_tokens": rng.randint(5, 900),
            }
    for k in range(40):
        me = {**_home(rng, k), "account_id": f"office-{k:03d}", "ip": "198.51.100.7", "payment_id": f"office-card-{k}"}
        for _ in range(rng.randint(5, 20)):
            hour = rng.randint(0, DAYS - 1) * 24 + rng.uniform(8, 18)
            yield {**me, "timestamp": at(hour), "prompt": _sentence(rng), "output_tokens": rng.randint(5, 900)}
    for k in range(60):
        me = {
            **_home(rng, 220 + k),
            "account_id": f"app-{k:03d}",
            "user_agent": "travel-notes/2.1",
            "payment_id": f"app-card-{k}",
        }
        me["ip"] = f"101.{k}.{k}.1"
        for _ in range(rng.randint(4, 15)):
            hour = rng.randint(0, DAYS - 1) * 24 + rng.uniform(7, 22)
            yield {
                **me,
                "timestamp": at(hour),
                "prompt": f"{APP} {_sentence(rng)}",
                "output_tokens": rng.randint(5, 900),
            }
    for k in range(50):
        me = {
            "account_id": f"camp-{k:03d}",
            "user_agent": "sdk-a/3",
            "payment_id": f"camp-card-{k % 8}",
            "email_domain": "gmail.com",
            "account_created_at": START - timedelta(days=3, minutes=k),
        }
        for _ in range(rng.randint(25, 40)):
            hour = rng.uniform(0, DAYS * 24)
            topic = f"{rng.choice(TOPICS)} {''.join(rng.choices('abcdefghij', k=6))}"
            proxy = rng.randint(0, 15)
            yield {
                **me,
                "timestamp": at(hour),
                "ip": f"192.0.{proxy}.{proxy + 1}",
                "prompt": f"{topic} {SKELETON}",
                "model": "m2" if hour > 24 * 8 and rng.random() < 0.6 else "m1",
                "output_tokens": rng.randint(800, 2000),
            }


@cache
def log() -> pl.DataFrame:
    """The planted log as a canonical frame."""
    return canonical(list(_rows(random.Random(7))))


@cache
def population() -> Population:
    """Its population."""
    return Population(merge([profile_batch(log())]), (RELEASE,))


PARAMETERS = Parameters.of(builtin())


@cache
def graph() -> SignalGraph:
    """Its signals."""
    found = detect(population(), builtin(), PARAMETERS.detectors)
    assert [run.status for run in found.runs] == ["ok"] * len(found.runs)
    return signal_graph(population(), found.signals)


def members(prefix: str) -> Candidate:
    """All accounts of a group as a candidate."""
    names = population().profile.accounts["account_id"]
    return Candidate(names.str.starts_with(prefix).arg_true().to_numpy().astype("int64"), graph())


@cache
def candidates() -> tuple[Candidate, ...]:
    """What clustering finds."""
    return tuple(find_candidates(graph(), PARAMETERS.cluster))


def names(numbers: Any) -> list[str]:
    """Account names of account numbers."""
    return sorted(population().profile.accounts[numbers.tolist()]["account_id"])
