"""Campaigns of a held-out log, one for each row of the disclosed table."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

import numpy as np
import polars as pl

from benchmarks.worlds.held_out.cohorts import Shares
from benchmarks.worlds.held_out.operators import (
    Guise,
    Ring,
    conversations,
    dispatch,
    feed,
    leave_from,
    programs,
    recruit,
    retried,
)
from benchmarks.worlds.held_out.prompts import agent_system, chat, coding, flatten
from benchmarks.worlds.held_out.scene import DAY, NEW_LARGE, OLD_LARGE, Scene, hexes, lengths
from benchmarks.worlds.held_out.wording import instruct, variants
from benchmarks.worlds.held_out.words import LANGUAGES, mix, pick, uniform
from benchmarks.worlds.text import Numbers, choose, nulls

_API: Final = (("api", 1.0),)
_PEOPLE: Final = (("individual", 1.0),)
_PAYG: Final = (("payg", 0.8), ("pro", 0.2))


@dataclass(frozen=True)
class Campaign:
    """One disclosed way to harvest: how much an account does, when, what, and by which ways.

    ``each`` is the number of requests an account makes in this log, ``least`` the smallest pool, ``window`` the part
    of the log in which the campaign runs, ``turns`` the mean length of its conversations.
    """

    name: str
    each: int
    least: int
    window: tuple[float, float]
    turns: float = 1.0
    pathways: Shares = _API
    kinds: Shares = _PEOPLE
    plans: Shares = _PAYG
    nations: tuple[int, ...] = ()


CAMPAIGNS: Final = (
    Campaign("grader", 60, 16, (0.1, 0.9)),
    Campaign(
        "agentic", 30, 24, (0.05, 0.95), 6.0,
        pathways=(("api", 0.5), ("cloud_a", 0.2), ("cloud_b", 0.15), ("app", 0.15)),
        kinds=(("individual", 0.5), ("education", 0.2), ("startup", 0.2), ("research", 0.1)),
        plans=(("payg", 0.4), ("pro", 0.3), ("max", 0.2), ("edu", 0.1)),
    ),
    Campaign("pivot", 60, 16, (0.0, 1.0), 4.0),
    Campaign("hydra", 40, 24, (0.0, 1.0), 2.5),
    Campaign("swe_harvest", 50, 16, (0.0, 1.0), 5.0, plans=(("payg", 0.3), ("pro", 0.4), ("max", 0.3))),
    Campaign("injected", 60, 20, (0.25, 0.8), 2.0),
    Campaign("relay", 45, 20, (0.1, 0.85), 3.0, nations=(5, 7)),
    Campaign("cleaner", 100, 10, (0.15, 0.9)),
    Campaign("replay", 60, 16, (0.6, 0.9), 6.0),
    Campaign("probing", 50, 16, (0.1, 0.9)),
)  # fmt: skip
NAMES: Final = tuple(campaign.name for campaign in CAMPAIGNS)


@dataclass
class Work:
    """The requests of a campaign before accounts take them: ``rows`` with keys of tasks or customers."""

    scene: Scene
    guise: Guise
    rows: pl.DataFrame

    def words(self, median: float, sigma: float = 0.8, most: int = 400) -> Numbers:
        """Lengths for one text a request."""
        return lengths(self.scene.rng, len(self.rows), median, sigma, most)

    def pairs(self, name: str, samples: float) -> pl.Series:
        """Put an instruction to questions with answers; some are asked ``samples`` times on average."""
        rng, corpus = self.scene.rng, self.scene.text.corpus
        item = rng.integers(max(1, int(len(self.rows) / samples)), size=len(self.rows))
        which = mix(item, len(self.rows))
        question = corpus.tasks.gather((which % np.uint64(len(corpus.tasks))).astype(np.int64))
        answer = corpus.answers.gather((mix(which) % np.uint64(len(corpus.answers))).astype(np.int64))
        return instruct(rng, name, self.guise.wording, "[Question]\n" + question + "\n\n[Answer]\n" + answer)

    def system(self, name: str) -> pl.Series:
        """A harness's system prompt; a rewording operator has one for every conversation."""
        ways = pl.Series(variants(self.scene.rng, name, self.guise.wording))
        tools = self.scene.text.code(self.scene.rng, np.array([160]), np.array([self.scene.rng.integers(1 << 40)]))[0]
        place = (mix(self.rows["session"].to_numpy(), 5) % np.uint64(len(ways))).astype(np.int64)
        return ways.gather(place) + ("" if self.guise.wording == "reworded" else "\n\n" + tools)


Content: TypeAlias = Callable[[Work], pl.DataFrame]


def _texts(prompt: pl.Series, system: pl.Series | None = None) -> pl.DataFrame:
    return pl.DataFrame({"prompt": prompt, "system_prompt": nulls(len(prompt)) if system is None else system})


def _one_of(roll: Numbers, edges: tuple[float, ...], texts: list[pl.Series]) -> pl.Series:
    frame = pl.DataFrame({str(i): text for i, text in enumerate(texts)} | {"n": np.searchsorted(np.array(edges), roll)})
    chosen: Any = pl.when(pl.col("n") == 0).then(pl.col("0"))
    for i in range(1, len(texts)):
        chosen = chosen.when(pl.col("n") == i).then(pl.col(str(i)))
    return frame.select(chosen.alias("t"))["t"]


def _grader(work: Work) -> pl.DataFrame:
    roll = work.scene.rng.random(len(work.rows))
    known = pick(work.scene.rng, work.scene.text.corpus.judged, len(work.rows))
    doubt = work.scene.text.say(
        work.scene.rng, work.rows["lang"].to_numpy(), work.words(25), work.rows["key"].to_numpy()
    )
    soft = instruct(work.scene.rng, "soften", work.guise.wording, doubt)
    own, back = work.pairs("rubric", 1.6), work.pairs("backward", 1.2)
    if work.guise.wording == "reworded":
        known = own
    return _texts(_one_of(roll, (0.55, 0.7, 0.9), [own, known, back, soft]))


def _agentic(work: Work) -> pl.DataFrame:
    rng = work.scene.rng
    said = coding(work.scene, work.rows)
    number = hexes(mix(np.arange(len(work.rows)), 4), 4)
    picture = "[image sha256:" + number + " 1280x800]\nWhere to click next?"
    said = choose(rng.random(len(work.rows)) <= 0.8, said, picture)
    return _texts(flatten(work.scene, work.rows, said), work.system("analyst"))


def _engineer(work: Work) -> pl.DataFrame:
    return _texts(flatten(work.scene, work.rows, coding(work.scene, work.rows)), work.system("engineer"))


def _varied(work: Work) -> pl.Series:
    """Questions of a harvester: seeds of public corpora and newly written ones."""
    rng = work.scene.rng
    new = work.scene.text.say(rng, work.rows["lang"].to_numpy(), work.words(30), work.rows["key"].to_numpy())
    public = rng.random(len(work.rows)) <= 0.5
    return choose(public, pick(rng, work.scene.text.corpus.tasks, len(work.rows)), new)


def _injected(work: Work) -> pl.DataFrame:
    text = instruct(work.scene.rng, "inline", work.guise.wording, _varied(work))
    return _texts(flatten(work.scene, work.rows, text))


def _customers(work: Work) -> pl.DataFrame:
    """Real users' conversations, in their languages, through their programs."""
    said = chat(work.scene, work.rows)
    agents = uniform(work.rows["customer"].to_numpy(), 8) < 0.3
    text = choose(agents, coding(work.scene, work.rows), said)
    system = choose(agents, agent_system(work.scene, work.rows), nulls(len(work.rows)))
    return _texts(flatten(work.scene, work.rows, text), system)


def _hydra(work: Work) -> pl.DataFrame:
    """A reseller's customers, and among them the harvest."""
    own = uniform(work.rows["session"].to_numpy(), 12) < 0.45
    others = _customers(work)
    mine = instruct(work.scene.rng, "analyst", work.guise.wording, _varied(work))
    return _texts(choose(own, mine, others["prompt"]), choose(own, nulls(len(work.rows)), others["system_prompt"]))


def _cleaner(work: Work) -> pl.DataFrame:
    """Reasoning is asked for, and hours later sent back by other accounts, to be cleaned."""
    rng, rows = work.scene.rng, work.rows
    trace = work.scene.text.prose(rng, work.words(110, 0.4), rows["key"].to_numpy())
    asked = instruct(rng, "inline", work.guise.wording, _varied(work))
    order = np.argsort(rows["seconds"].to_numpy(), kind="stable")
    early = np.zeros(len(rows), dtype=bool)
    early[order] = rng.random(len(rows)) < np.linspace(0.9, 0.05, len(rows))
    source = order[early[order]]
    when = rows["seconds"].to_numpy()
    # The newest traces that are at least an hour old, each cleaned about twice.
    until = np.searchsorted(when[source], when - 3_600)
    back = np.maximum(until - 1 - rng.integers(0, 40, size=len(rows)), 0)
    captured = trace.gather(source[np.minimum(back, len(source) - 1)])
    cleaned = instruct(rng, "clean", work.guise.wording, captured)
    logged = early & (rng.random(len(rows)) < 0.4)
    reply = choose(logged, trace, nulls(len(rows)))
    return _texts(choose(early, asked, cleaned)).with_columns(reply.alias("reply"))


def _replay(work: Work) -> pl.DataFrame:
    """Own users' coding sessions played again."""
    return _texts(flatten(work.scene, work.rows, coding(work.scene, work.rows)), agent_system(work.scene, work.rows))


def _probing(work: Work) -> pl.DataFrame:
    """First every attempt is worded differently and mostly refused; then the one that worked is used at scale."""
    rng, seconds = work.scene.rng, work.rows["seconds"].to_numpy()
    early = seconds < np.quantile(seconds, 0.4)
    tries = _one_of(
        rng.random(len(work.rows)), (0.4, 0.6, 0.8),
        [instruct(rng, name, "reworded", _varied(work)) for name in ("inline", "backward", "clean", "rubric")],
    )  # fmt: skip
    winner = instruct(rng, "inline", work.guise.wording, _varied(work))
    refused = np.where(early, 0.85, 0.04) > rng.random(len(work.rows))
    stop = choose(refused, pl.Series(["refusal"]), nulls(len(work.rows)))
    return _texts(choose(early, tries, winner)).with_columns(stop.alias("stop"))


_CONTENT: Final[dict[str, Content]] = {
    "grader": _grader, "agentic": _agentic, "pivot": _engineer, "hydra": _hydra, "swe_harvest": _engineer,
    "injected": _injected, "relay": _customers, "cleaner": _cleaner, "replay": _replay, "probing": _probing,
}  # fmt: skip


def _work(scene: Scene, guise: Guise, campaign: Campaign, count: int) -> Work:
    """The stream of tasks, each with the customer or work item it comes from."""
    rng = scene.rng
    start, end = (part * scene.end for part in campaign.window)
    if campaign.name == "replay":
        start = np.floor(start / 3600) * 3600
    turns = np.minimum(rng.geometric(1 / campaign.turns, size=max(1, round(count / campaign.turns))), 14)
    begin = feed(scene, guise, len(turns), start, end)
    if campaign.name == "replay":
        # Hardest in the first day, when the trial has just ended.
        begin = start + np.minimum(rng.exponential(0.35 * (end - start), len(turns)), (end - start) * 0.99)
    rows = conversations(scene, begin, turns, 25.0)
    if campaign.name in ("relay", "hydra"):
        rows = _by_customers(scene, rows, count)
    else:
        langs = np.where(rng.random(len(rows)) < 0.8, "en", "zh").astype(object)
        items = mix(rows["session"].to_numpy(), int(rng.integers(1 << 40)))
        rows = rows.with_columns(
            pl.Series("customer", items), pl.Series("key", items), pl.Series("lang", langs.tolist(), dtype=pl.String)
        )
    client = scene.clients.choose(rng, (("agent", 1.0),), 64)
    return Work(
        scene,
        guise,
        rows.with_columns(pl.Series("client", client[(rows["customer"].to_numpy() % np.uint64(64)).astype(np.int64)])),
    )


def _by_customers(scene: Scene, rows: pl.DataFrame, count: int) -> pl.DataFrame:
    """Give each conversation to a customer, who has a language and matters of his own."""
    rng = scene.rng
    pool = scene.keys(max(20, count // 8))
    share = np.array([0.3, 0.3, 0.08, 0.07, 0.06, 0.07, 0.06, 0.06])
    speaks = rng.choice(len(LANGUAGES), p=share, size=len(pool))
    place = rng.integers(len(pool), size=int(rows["session"].max()) + 1)[rows["session"].to_numpy()]  # type: ignore[arg-type]
    langs = np.array(LANGUAGES, dtype=object)[speaks][place]
    return rows.with_columns(
        pl.Series("customer", pool[place]),
        pl.Series("key", pool[place]),
        pl.Series("lang", langs.tolist(), dtype=pl.String),
    )


def _models(scene: Scene, campaign: Campaign, rows: pl.DataFrame) -> Numbers:
    """The model that is harvested: the largest; some stay on the one their pipeline was built for."""
    rng, seconds = scene.rng, rows["seconds"].to_numpy()
    large = np.full(len(rows), OLD_LARGE)
    if campaign.name == "pivot":
        # Nearly half within a day, most of the rest in the days after.
        passed = (seconds - scene.release) / 86_400
        share = np.clip(np.where(passed < 1, 0.55 * np.sqrt(np.maximum(passed, 0)) + 0.1, 0.5 + 0.15 * passed), 0, 0.95)
        return np.where((passed > 0.05) & (rng.random(len(rows)) < share), NEW_LARGE, large)
    if campaign.name == "replay":
        return np.where(seconds > scene.release + 7_200, NEW_LARGE, large)
    side = rng.random(len(rows)) < 0.04
    return np.where(side, 2, large)


def _replayed_signatures(scene: Scene, campaign: Campaign, rows: pl.DataFrame) -> pl.Series:
    """Signed reasoning saved from one conversation and sent in others, twice each, whatever account they go to."""
    count = len(rows)
    pair = scene.rng.permutation(count) // 2
    chosen = (uniform(pair, 44, count) < 0.05) & (campaign.name == "relay")
    saved = hexes(mix(pair, int(scene.rng.integers(1 << 40))), 8)
    return choose(chosen, saved, nulls(count))


def run(scene: Scene, campaign: Campaign, guise: Guise, count: int, label: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Accounts of one campaign, and its ``count`` requests or so."""
    work = _work(scene, guise, campaign, round(count / (1 + guise.cover)))
    accounts = max(campaign.least, round(count / campaign.each))
    rows = pl.concat([work.rows, _CONTENT[campaign.name](work)], how="horizontal")
    rows = rows.with_columns(
        pl.Series("model_number", _models(scene, campaign, rows)),
        _replayed_signatures(scene, campaign, rows).alias("signature"),
        pl.lit(None, pl.Int64).alias("status"),
        *[pl.lit(None, pl.String).alias(name) for name in ("stop", "reply") if name not in rows.columns],
    )
    rows = rows.with_columns(pl.Series("who", dispatch(scene, guise, rows, accounts)))
    ring = Ring(label, guise, programs(scene, guise), campaign.pathways, campaign.kinds, campaign.plans)
    pool = recruit(scene, ring, accounts, campaign.window[0] * scene.end)
    rows = retried(scene, rows, accounts, guise.retries)
    if campaign.name == "injected":
        pool, rows = _taken_over(scene, ring, campaign, pool, rows)
    elif campaign.name == "hydra":
        pool, rows = _replaced(scene, ring, pool, rows)
    rows = _signed(pool, rows)
    nations = np.array(campaign.nations or tuple(scene.rng.choice(15, size=6, replace=False)))
    rows = pl.concat(
        [rows, leave_from(scene, guise, int(scene.rng.integers(1 << 30)), rows, nations)], how="horizontal"
    )
    if guise.cover:
        rows = pl.concat([rows, _cover(scene, guise, pool, rows, nations)], how="diagonal")
    return pool, rows


def _signed(pool: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Put the accounts' own columns in place of the customers'."""
    return pl.concat([rows.drop("key", "lang", "client"), pool[rows["who"].to_numpy()]], how="horizontal")


def _banned(scene: Scene, rows: pl.DataFrame, when: Numbers) -> pl.DataFrame:
    """End accounts at ``when``: the relay's next attempts are refused with 403 until it notices, then silence."""
    rng = scene.rng
    end = pl.Series(when[rows["who"].to_numpy()])
    before = rows.filter(pl.col("seconds") < end)
    last = before.sort("seconds").group_by("who", maintain_order=True).last()
    tries = rng.integers(2, 6, size=len(last))
    again = last[np.repeat(np.arange(len(last)), tries)].select(before.columns)
    seconds = when[again["who"].to_numpy()] + rng.exponential(240, len(again))
    refused = again.with_columns(pl.Series("seconds", seconds), pl.lit(403, pl.Int64).alias("status"))
    return pl.concat([before, refused.filter(pl.col("seconds").is_finite() & (pl.col("seconds") < scene.end))])


def _taken_over(
    scene: Scene, ring: Ring, campaign: Campaign, pool: pl.DataFrame, rows: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The first pool is banned within an hour; a second one, signed up beforehand, goes on within hours."""
    rng, first = scene.rng, len(pool)
    start, end = (part * scene.end for part in campaign.window)
    ban = start + (end - start) * rng.uniform(0.4, 0.6)
    second = recruit(scene, ring, max(8, first * 2 // 3), ban)
    later = rows.filter(pl.col("seconds") > ban + rng.uniform(0.5, 4) * 3600)
    later = later.with_columns((pl.col("who") * 7 // 3 % len(second) + first).alias("who"))
    before = _banned(scene, rows, ban + rng.uniform(0, 3_600, first))
    return pl.concat([pool, second]), pl.concat([before, later])


def _replaced(scene: Scene, ring: Ring, pool: pl.DataFrame, rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Accounts are banned one by one; each is replaced within the hour by a fresh one, which takes its place."""
    rng, first = scene.rng, len(pool)
    ends = np.where(rng.random(first) < 0.4, rng.uniform(0.15, 0.85, first) * scene.end, np.inf)
    ends[0] = scene.end / 2
    heirs = np.flatnonzero(np.isfinite(ends))
    fresh = recruit(scene, ring, len(heirs), 0.0)
    born = ends[heirs] - rng.uniform(0.05, 0.5, len(heirs)) * (20 * DAY if ring.guise.staggered else DAY)
    resume = np.full(first, np.inf)
    resume[heirs] = ends[heirs] + rng.uniform(120, 3_600, len(heirs))
    heir = np.zeros(first, dtype=np.int64)
    heir[heirs] = first + np.arange(len(heirs))
    who = rows["who"].to_numpy()
    later = rows.with_columns(pl.Series("who", heir[who])).filter(pl.Series(rows["seconds"].to_numpy() > resume[who]))
    return pl.concat([pool, fresh.with_columns(pl.Series("created", born))]), pl.concat(
        [_banned(scene, rows, ends), later]
    )


def _cover(scene: Scene, guise: Guise, pool: pl.DataFrame, work: pl.DataFrame, nations: Numbers) -> pl.DataFrame:
    """Ordinary requests that make accounts look like people: short talks, from sign-up until the account's end."""
    rng = scene.rng
    total = round(len(work) * guise.cover)
    talks = max(1, round(total / 3))
    who = rng.integers(len(pool), size=talks)
    first = np.maximum(pool["created"].to_numpy(), 0.0)
    last = np.zeros(len(pool))
    np.maximum.at(last, work["who"].to_numpy(), work["seconds"].to_numpy())
    start = first[who] + rng.random(talks) * np.maximum(last - first, 0.0)[who]
    rows = conversations(scene, start, np.minimum(rng.geometric(1 / 3, talks), 9), 70.0)
    who = who[rows["session"].to_numpy()]
    rows = rows.with_columns(pl.Series("who", who), pl.col("session") + (1 << 32))
    rows = pl.concat([rows, pool[who]], how="horizontal")
    spoken = _texts(flatten(scene, rows, chat(scene, rows)))
    where = leave_from(scene, replace(guise, network="sticky"), int(rng.integers(1 << 30)), rows, nations)
    model = np.where(rng.random(len(rows)) < 0.5, 2, OLD_LARGE)
    spent: pl.DataFrame = pl.concat([rows, spoken, where, pl.DataFrame({"model_number": model})], how="horizontal")
    return spent
