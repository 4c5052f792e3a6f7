"""The nine campaigns of the exam: what each sends, when, and how its operator runs the accounts."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import polars as pl
from polars import lit

from benchmarks.worlds.exam.scene import DAY, TOP, Scene, hexed, mixed
from benchmarks.worlds.exam.text import TEXTS, flattened
from benchmarks.worlds.text import Floats, Ints, choose, nulls

#: A text with variants: a list per slot, with its alternatives.
Slots: TypeAlias = list[list[str]]
#: Instructions by name.
_SAY: Final[dict[str, Slots]] = TEXTS["instructions"]


@dataclass(frozen=True)
class Evasion:
    """What an operator does to stay unseen."""

    proxied: bool = False
    varied: bool = False
    distinct_cards: bool = False
    staggered: bool = False
    jitter: bool = False
    cover: float = 0.0


@dataclass
class Draft:
    """A campaign's requests before accounts are chosen; ``lane`` where the campaign itself decides who sends what."""

    t: Floats
    prompt: pl.Series
    system: pl.Series | None = None
    response: pl.Series | None = None
    refused: Floats | None = None
    signature: Ints | None = None
    lane: Ints | None = None


@dataclass(frozen=True)
class Plan:
    """A campaign: what writes it, how often its accounts are replaced, and which ways it goes."""

    write: Callable[["Job"], Draft]
    generations: int = 1
    one_ban: bool = False
    pathways: tuple[str, ...] = ("api",)
    types: tuple[str, ...] = ("individual", "developer")
    kind: str = "cloud"
    pivot: bool = False


@dataclass(frozen=True)
class Job:
    """One campaign to be made: the scene, its size and its operator's caution."""

    scene: Scene
    rows: int
    lanes: int
    evasion: Evasion

    def flat(self, n: int, low: float = 0.0, high: float = 1.0) -> Floats:
        """Times of a job queue within a part of the log; the cautious follow a working day."""
        end = self.scene.days * DAY
        t = self.scene.rng.uniform(low * end, high * end, n)
        if self.evasion.jitter:
            human = np.floor(t / DAY) * DAY + (self.scene.hours(n, "human") - 8 * 3600) % DAY
            t = np.where((self.scene.rng.random(n) < 0.6) & (human > low * end) & (human < high * end), human, t)
        return np.sort(t)

    def told(self, slots: Slots, n: int, plain: int = 1) -> pl.Series:
        """The campaign's instruction in its wordings."""
        return self.scene.writer.pick(self.scene.writer.wordings(slots, self.evasion.varied, plain), n)

    def tasks(self, n: int, samples: int = 1) -> pl.DataFrame:
        """Payloads, each sent ``samples`` times, as pipelines do that keep the best of several answers."""
        each = self.scene.writer.tasks(-(-n // samples))
        return each[self.scene.rng.permutation(np.arange(n) % each.height)]

    def conversations(
        self, n: int, t: Floats, langs: list[str], words: int
    ) -> tuple[Ints, Floats, pl.Series, pl.Series]:
        """Whole conversations of 1 to 7 turns in order: conversation, time, text so far and answer of each request."""
        rng, writer = self.scene.rng, self.scene.writer
        turns = np.clip(rng.geometric(0.28, n), 1, 7)
        conv = np.repeat(np.arange(n), turns)[:n].astype(np.int64)
        start = np.sort(rng.choice(t, conv.max() + 1))[conv]
        fresh = np.concatenate([[True], conv[1:] != conv[:-1]])
        waited = np.cumsum(np.where(fresh, 0.0, rng.lognormal(4.6, 0.9, n)))
        at = np.maximum.accumulate(np.where(fresh, np.arange(n), 0))
        lang = rng.choice(np.array(langs), conv.max() + 1)[conv].tolist()
        ask = (
            writer.free(lang, np.clip(rng.lognormal(np.log(words), 0.7, n), 3, 150).astype(np.int64))
            .to_numpy()
            .astype(np.object_)
        )
        real = np.flatnonzero(fresh & (np.array(lang) == "en") & (rng.random(n) < 0.5))
        ask[real] = writer.deal(len(real)).to_numpy()
        reply = writer.free(lang, np.clip(rng.lognormal(3.4, 0.4, n), 5, 90).astype(np.int64))
        return conv, start + waited - waited[at], flattened(conv, pl.Series(ask, dtype=pl.String), reply), reply


def graders(job: Job) -> Draft:
    """Batches at the same seconds on all accounts: rubric grading, hindsight reasoning, safe rewrites."""
    n, rng = job.rows, job.scene.rng
    count = max(4, n // max(job.lanes, 8))
    starts = job.flat(count)
    spread = 900.0 if job.evasion.jitter else 12.0
    which = np.sort(rng.integers(0, count, n))
    work = job.tasks(n, 2)
    form = rng.choice(3, n, p=[0.5, 0.35, 0.15])
    writer = job.scene.writer
    public = writer.column("distill_ultrafeedback", "prompt", pl.col("template_id").str.contains("annotate"))
    body = "\n\n### Question\n" + work["task"] + "\n\n### Answer\n" + work["answer"]
    marked = job.told(_SAY["grade"], n, 2) + body if job.evasion.varied else writer.pick(public.head(2_200), n)
    prompt = choose(
        form == 0,
        marked,
        choose(form == 1, job.told(_SAY["hindsight"], n, 2) + body, job.told(_SAY["rewrite"], n) + "\n" + work["task"]),
    )
    return Draft(starts[which] + rng.exponential(spread, n), prompt)


def agentic(job: Job) -> Draft:
    """Trajectories of a tool-using worker, each step to whichever account and pathway is free."""
    n, rng = job.rows, job.scene.rng
    conv, t, told, reply = job.conversations(n, job.flat(n), ["en"], 25)
    goal = job.tasks(int(conv.max()) + 1)["task"].gather(conv)
    kind = pl.Series(np.array(["[screenshot attached] ", "", "", "data.csv loaded. "])[mixed(conv) % 4].tolist())
    lane = np.where(rng.random(n) < 0.65, mixed(conv, 5) % job.lanes, rng.integers(0, job.lanes, n))
    wording = job.told(_SAY["harness"], int(conv.max()) + 1, 2).gather(conv)
    return Draft(t, "GOAL: " + kind + goal + "\n" + told, system=wording, response=reply, lane=lane)


def pivoter(job: Job) -> Draft:
    """Self-instruct batches and code tasks by template, around the clock."""
    n, writer = job.rows, job.scene.writer
    if job.evasion.varied:
        prompt = job.told(_SAY["harness"], n) + "\n" + writer.english(n, 8) + "\nTask: " + job.tasks(n)["task"]
    else:
        names = ("distill_oss_instruct", "distill_alpaca_selfinstruct_batch", "distill_self_instruct")
        prompt = writer.pick(pl.concat([writer.column(x, "prompt").head(4_000) for x in names]), n)
    return Draft(job.flat(n), prompt)


def hydra(job: Job) -> Draft:
    """A reseller's network: four in ten requests are the campaign's, the others its unknowing customers'."""
    n, rng, writer = job.rows, job.scene.rng, job.scene.writer
    conv, t, told, reply = job.conversations(n, job.flat(n), ["en", "en", "zh", "es", "ko", "ru", "vi"], 18)
    own = rng.random(n) < 0.4
    table = "\n\nData:\n" + writer.english(n, 30) + "\n" + pl.Series(rng.integers(10, 99_999, n)).cast(pl.String)
    return Draft(
        t,
        choose(own, job.told(_SAY["analyst"], n, 3) + table, told),
        response=reply,
        lane=rng.integers(0, job.lanes, n),
        signature=mixed(conv, 41),
    )


def injected(job: Job) -> Draft:
    """Other people's varied requests, every one behind one instruction; the second pool takes over after the ban."""
    n, writer = job.rows, job.scene.writer
    varied = choose(job.scene.rng.random(n) < 0.5, job.tasks(n)["task"], writer.english(n, 45))
    return Draft(job.flat(n), job.told(_SAY["inline"], n) + "\n\n" + varied)


def relay(job: Job) -> Draft:
    """Real users of another assistant, whose conversations hop over the pool turn by turn."""
    n, rng = job.rows, job.scene.rng
    langs = ["zh", "zh", "zh", "en", "en", "ja", "ko", "ru", "es", "vi", "de", "ar", "pt", "fr", "hi"]
    conv, t, told, reply = job.conversations(
        n, np.sort(job.scene.hours(n, "human") - 8 * 3600 + rng.integers(1, int(job.scene.days), n) * DAY), langs, 16
    )
    front = choose(rng.random(n) < 0.5, pl.Series([TEXTS["front"]]), nulls(n))
    lane = rng.integers(0, job.lanes, n)
    return Draft(
        t, told, system=None if job.evasion.varied else front, response=reply, lane=lane, signature=mixed(conv, 42)
    )


def cleaner(job: Job) -> Draft:
    """A third harvests reasoning, the rest sends it back in to be cleaned, graded and tested."""
    n, rng, writer = job.rows, job.scene.rng, job.scene.writer
    t = job.flat(n)
    harvest = rng.random(n) < 0.34
    harvest[: max(3, n // 50)] = True
    trace = writer.english(n, 60, 0.3)
    before = np.maximum(np.cumsum(harvest) - 1 - rng.geometric(0.05, n), 0)
    captured = trace.gather(np.flatnonzero(harvest)[before])
    ask = job.told(_SAY["hindsight"], n) + "\n" + job.tasks(n)["task"]
    return Draft(
        t,
        choose(harvest, ask, job.told(_SAY["clean"], n, 3) + "\n\n" + captured),
        response=choose(harvest, trace, writer.english(n, 40)),
    )


def replay(job: Job) -> Draft:
    """Recorded coding sessions sent again from the hour a free trial ended, under the harness's public prompt."""
    n, rng, scene = job.rows, job.scene.rng, job.scene
    begin = 0.42 * scene.days * DAY
    t = np.minimum(begin + rng.exponential(0.16 * scene.days * DAY, n), scene.days * DAY - rng.uniform(60, 5 * DAY, n))
    conv, t, told, reply = job.conversations(n, np.sort(t), ["en", "en", "en", "zh"], 40)
    public = scene.writer.systems().gather(mixed(conv, 2) % 3)
    lane = np.where(rng.random(n) < 0.25, mixed(conv, 5) % job.lanes, rng.integers(0, job.lanes, n))
    return Draft(t, told, system=public, response=reply, lane=lane, signature=mixed(conv, 43))


def prober(job: Job) -> Draft:
    """A quarter tries thousands of wordings from few accounts and is mostly refused; what worked then runs at scale."""
    n, rng, writer = job.rows, job.scene.rng, job.scene.writer
    early = n // 4
    t = np.concatenate([job.flat(early, 0.0, 0.3), job.flat(n - early, 0.36, 1.0)])
    tries = writer.pick(writer.wordings(_SAY["probe"], True), early) + " " + writer.english(early, 14)
    scale = job.told(_SAY["inline"][:2] + _SAY["probe"][1:3], n - early) + "\n" + job.tasks(n - early)["task"]
    lane = np.concatenate([rng.integers(0, max(4, job.lanes // 3), early), rng.integers(0, job.lanes, n - early)])
    refused = np.where(np.arange(n) < early, 0.86, 0.03)
    return Draft(t, pl.concat([tries, scale]), refused=refused, lane=lane)


# fmt: off
CAMPAIGNS: dict[str, Plan] = {
    "synchronised_graders": Plan(graders),
    "mixed_pathways": Plan(
        agentic, pathways=("api", "cloud_a", "cloud_b", "console"),
        types=("education", "startup", "individual", "team", "developer"),
    ),
    "release_pivot": Plan(pivoter, pivot=True),
    "hydra_network": Plan(hydra, generations=3, pathways=("api", "cloud_a"), kind="home"),
    "injected_instruction": Plan(injected, generations=2, one_ban=True, kind="home"),
    "relay": Plan(relay, pathways=("gateway", "api"), kind="cloud"), "trace_cleaner": Plan(cleaner, generations=4),
    "session_replay": Plan(replay, pathways=("gateway",)), "probe_then_scale": Plan(prober, kind="vpn"),
}


def squad(scene: Scene, name: str, plan: Plan, size: int, evasion: Evasion, number: int) -> pl.DataFrame:
    """The operator's accounts, lane by lane and generation by generation."""
    rng, n = scene.rng, size
    user_agents = (
        scene.clients.filter(pl.col("family").is_in(["py", "http"]))["user_agent"].unique(maintain_order=True).to_list()
    )
    own = scene.own_client(
        user_agents[:6] if evasion.distinct_cards else [user_agents[number % len(user_agents)]], number,
        "http" if number % 4 == 3 else None,
    )
    holders = rng.integers(0, max(2, n // 5), n)
    card = mixed(np.arange(n) if evasion.distinct_cards else holders, number, 55)
    domains = ["gmail.com", "outlook.com", "hotmail.com"] + [
        str(x) for x in hexed(mixed(np.arange(3), number, 56), "", 8) + ".site"
    ]
    odds = [0.5, 0.25, 0.1, 0.05, 0.05, 0.05] if evasion.distinct_cards else [0.15, 0.08, 0.02, 0.25, 0.25, 0.25]
    paid = rng.random(n) < 0.75
    nets = np.unique(scene.networks(plan.kind, 3))
    f = scene.people(n, name, n)
    return f.with_columns(
        operator=lit(f"operator_{number}"), campaign=lit(name), client=pl.Series(rng.choice(own, n)),
        net=pl.Series(rng.choice(nets, n)), pool=lit(10**12 + number), v6=lit(False), alt=lit(0.0),
        pool_size=lit(4 if evasion.proxied else int(rng.integers(8, 24))), lease=lit(3.0 * DAY),
        fresh=lit(0.95 if evasion.proxied else 0.0), model=lit(TOP), moved=lit(0.5 if plan.pivot else 0.08),
        switch=pl.Series(scene.release + rng.uniform(0.05, 0.9 if plan.pivot else 6.0, n) * DAY),
        pathway=pl.Series(rng.choice(plan.pathways, n)), account_type=pl.Series(rng.choice(plan.types, n)),
        plan=pl.Series(rng.choice(["payg", "pro", "max"], n, p=[0.6, 0.3, 0.1])),
        email_domain=pl.Series(rng.choice(domains, n, p=odds)),
        payment_id=choose(paid, hexed(card, "card_", 12), nulls(n)),
    )
# fmt: on


def duty(job: Job, plan: Plan, n: int, t: Floats, lane: Ints) -> tuple[Ints, pl.Series, Floats]:
    """Which account of its lane serves each request, which requests fall into the hours of a hand-over, and starts."""
    rng, g = job.scene.rng, plan.generations
    end = job.scene.days * DAY
    cuts = np.sort(rng.uniform(0.08, 0.95, (job.lanes, g - 1)), axis=1) * end
    if plan.one_ban:
        cuts = np.full((job.lanes, g - 1), 0.55 * end) + rng.uniform(0, 1800, (job.lanes, g - 1))
    gaps = rng.uniform(0.3, 4.0, cuts.shape) * 3600
    generation = (t[:, None] >= cuts[lane]).sum(axis=1)
    silent = ((t[:, None] >= cuts[lane]) & (t[:, None] < (cuts + gaps)[lane])).any(axis=1)
    starts = np.concatenate([np.full((job.lanes, 1), -1.0), cuts + gaps], axis=1).reshape(-1)
    return (lane * g + generation).astype(np.int64), pl.Series(silent), starts[:n]


def created(job: Job, starts: Floats) -> Floats:
    """Sign-ups: waves of an hour before the log and hours before each later duty, or staggered over months."""
    rng, n = job.scene.rng, len(starts)
    if job.evasion.staggered:
        return np.minimum(starts, 0.0) - rng.exponential(50 * DAY, n)
    waves = -rng.uniform(0.5, 20, max(2, n // 20)) * DAY
    early = rng.choice(waves, n) + rng.exponential(2400, n)
    found: Floats = np.where(starts < 0, np.minimum(early, -60.0), starts - rng.uniform(600, 30 * 3600, n))
    return found


def covered(job: Job, draft: Draft) -> pl.Series:
    """The prompts, some replaced by ordinary ones that hide the purpose."""
    hidden = job.scene.rng.random(len(draft.t)) < job.evasion.cover
    prompt = draft.prompt.to_numpy().astype(np.object_)
    half = np.flatnonzero(hidden)
    prompt[half] = job.scene.writer.english(len(half), 16).to_numpy()
    return pl.Series(prompt, dtype=pl.String)


def campaign(
    scene: Scene, name: str, rows: int, accounts: int, evasion: Evasion, number: int
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """One campaign: its accounts and its requests."""
    plan, rng = CAMPAIGNS[name], scene.rng
    lanes = max(6, accounts // plan.generations)
    job = Job(scene, rows, lanes, evasion)
    draft = plan.write(job)
    weight = rng.gamma(2.0, 1.0, lanes) if evasion.jitter else np.ones(lanes)
    turned = (
        rng.choice(lanes, rows, p=weight / weight.sum())
        if evasion.jitter
        else (np.argsort(np.argsort(draft.t)) + rng.integers(0, 3, rows)) % lanes
    )
    lane = turned if draft.lane is None else draft.lane
    frame = squad(scene, name, plan, lanes * plan.generations, evasion, number)
    a, silent, starts = duty(job, plan, frame.height, draft.t, lane.astype(np.int64))
    frame = frame.with_columns(created=pl.Series(created(job, starts)))
    hour = np.floor(draft.t / 3600).astype(np.int64)
    requests = pl.DataFrame({"a": a, "t": draft.t, "sess": mixed(a, hour), "turn": np.zeros(rows, dtype=np.int64)})
    signature = mixed(rng.integers(0, 2**60, rows)) if draft.signature is None else draft.signature
    refused = np.full(rows, 0.02) if draft.refused is None else draft.refused
    placed = scene.placed(frame, requests).with_columns(
        prompt=covered(job, draft),
        system_prompt=nulls(rows) if draft.system is None else draft.system,
        response=scene.writer.english(rows, 30) if draft.response is None else draft.response,
        refused=pl.Series(rng.random(rows) < refused),
        signature=pl.Series(signature),
        pathway=frame["pathway"].gather(a),
    )
    late = pl.col("t") == pl.col("t").max().over("a")
    last = pl.Series((a % plan.generations) < plan.generations - 1)
    placed = placed.with_columns(last=last).filter(~silent & (pl.col("t") < scene.days * DAY) & (pl.col("t") >= 0))
    return frame, placed.with_columns(banned=late & pl.col("last")).drop("last")
