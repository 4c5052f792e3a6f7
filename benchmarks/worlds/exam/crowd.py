"""The innocents of the exam: ordinary accounts of every kind that looks, in one way or another, like a campaign."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl
from polars import lit

from benchmarks.worlds.exam.scene import DAY, MIDDLE, MINI, TOP, Scene, hexed, mixed
from benchmarks.worlds.exam.text import TEXTS, flattened
from benchmarks.worlds.text import Floats, Ints, choose, nulls

Spec = tuple[str, float, float, Callable[[Scene, pl.DataFrame], pl.DataFrame]]


@dataclass(frozen=True)
class Page:
    """What there is to write a prompt from: own words, the account's theme, the seconds since the log's start."""

    text: pl.Series
    theme: Ints
    when: Floats


def groups(scene: Scene, n: int, low: int, high: int) -> Ints:
    """Splits ``n`` accounts into groups of ``low`` to ``high``: each account's group number."""
    sizes = scene.rng.integers(low, high + 1, n // low + 1)
    return np.repeat(np.arange(len(sizes)), sizes)[:n].astype(np.int64)


def shared(frame: pl.DataFrame, scene: Scene, group: Ints, *, columns: list[str], name: str) -> pl.DataFrame:
    """Gives all accounts of a group the operator and the named columns of its first account."""
    first = np.unique(group, return_index=True)[1][group]
    number = pl.Series(group + scene.made * 1_000)
    return frame.with_columns(
        *[frame[c].gather(first) for c in columns],
        operator=lit(name + "_") + pl.Series(number).cast(pl.String),
        theme=pl.Series(group) + scene.made,
    )


def api(scene: Scene, f: pl.DataFrame, families: tuple[str, ...], cloud: float) -> pl.DataFrame:
    """Accounts that call the API with code: SDK, servers for some, no device."""
    n = f.height
    picked = scene.rng.choice(len(families), n)
    client = np.select([picked == k for k in range(len(families))], [scene.client(x, n) for x in families])
    hosted = scene.rng.random(n) < cloud
    net = np.where(hosted, scene.networks("cloud", n), f["net"].to_numpy())
    kind = pl.Series(scene.rng.choice(["individual", "developer", "startup"], n))
    same = {"pathway": lit("api"), "plan": lit("payg"), "v6": lit(False), "alt": lit(0.0)}
    return f.with_columns(client=client, net=net, account_type=kind, **same)


# fmt: off
def plain(_: Scene, f: pl.DataFrame) -> pl.DataFrame:
    """Individuals at a browser."""
    return f


def mobile(scene: Scene, f: pl.DataFrame) -> pl.DataFrame:
    """Phone users behind carrier NAT."""
    return f.with_columns(
        client=scene.client("phone", f.height), net=pl.col("alt_net"), pool=pl.col("alt_pool"), pool_size=lit(5),
        lease=lit(1e9), v6=lit(False),
    )


def vpn(scene: Scene, f: pl.DataFrame) -> pl.DataFrame:
    """Customers of VPN services: few exits, many strangers behind each."""
    exits = scene.networks("vpn", f.height)
    return f.with_columns(
        net=pl.Series(exits), pool=pl.Series(exits + 50), pool_size=lit(9), lease=lit(1e9), alt=lit(0.25), v6=lit(False)
    )


def traveller(scene: Scene, f: pl.DataFrame) -> pl.DataFrame:
    """People on the road: another network for many of their sessions."""
    return f.with_columns(
        alt_net=pl.Series(scene.networks("home", f.height)), alt_pool=pl.col("uid") + 5 * 10**9, alt_size=lit(12),
        alt=lit(0.6),
    )


def family(scene: Scene, f: pl.DataFrame) -> pl.DataFrame:
    """Households: one line, one card."""
    return shared(
        f, scene, groups(scene, f.height, 2, 4),
        columns=["net", "pool", "lease", "payment_id", "tz", "country", "lang", "v6"], name="family",
    )


def freelancer(scene: Scene, f: pl.DataFrame) -> pl.DataFrame:
    """Freelancers, some with a second account for work: same desk, same card."""
    f = shared(
        f, scene, groups(scene, f.height, 1, 2),
        columns=["net", "pool", "lease", "payment_id", "client", "tz", "country", "lang"], name="freelancer",
    )
    return f.with_columns(rhythm=lit("work"), burst=lit(6.0))


def company(scene: Scene, f: pl.DataFrame) -> pl.DataFrame:
    """Companies: one invoice, one egress, one mail domain; half of them rolled out within a few hours."""
    group = groups(scene, f.height, 8, 90)
    f = shared(f, scene, group, columns=["net", "pool", "tz", "country", "payment_id", "alt_net"], name="company")
    rollout = scene.rng.uniform(-90, scene.days - 2, group.max() + 1)[group] * DAY
    created = np.where(group % 2 == 0, rollout + scene.rng.exponential(2 * 3600, f.height), f["created"].to_numpy())
    name = hexed(mixed(group + scene.made, 9), "corp-", 6) + ".com"
    middlebox = scene.client("odd", int(group.max()) + 1)[group]  # some inspect TLS, so that all staff show one stack
    return f.with_columns(
        created=pl.Series(created), t0=pl.Series(np.maximum(created, 0.0)), t1=lit(scene.days * DAY),
        email_domain=name, org_id=hexed(mixed(group + scene.made, 8), "org_", 10),
        client=pl.Series(np.where(group % 3 == 0, middlebox, f["client"].to_numpy())), pool_size=lit(2), lease=lit(1e9),
        rhythm=lit("work"), account_type=lit("team"), plan=lit("team"), alt=lit(0.25), v6=lit(False),
        text=pl.Series(scene.rng.choice(["chat", "memo"], f.height)),
    )


def backend(scene: Scene, f: pl.DataFrame) -> pl.DataFrame:
    """Products with one key: one template, many users' data, day and night."""
    f = api(scene, f, ("py", "js", "http"), 1.0)
    return f.with_columns(
        rhythm=pl.Series(scene.rng.choice(["flat", "human"], f.height)), burst=lit(3.0), gap=lit(6.0),
        pool_size=pl.Series(scene.rng.choice([2, 6, 40], f.height)), lease=lit(1e9),
        text=lit("app"), theme=pl.col("uid"), account_type=lit("business"), plan=lit("scale"),
        email_domain=hexed(mixed(f["uid"].to_numpy(), 4), "", 8) + ".io",
    )


def ci(scene: Scene, f: pl.DataFrame) -> pl.DataFrame:
    """Build fleets: one key, hundreds of short-lived cloud addresses, round the clock."""
    f = api(scene, f, ("agent", "py"), 1.0)
    return f.with_columns(
        rhythm=lit("flat"), burst=lit(5.0), gap=lit(9.0), pool_size=lit(500), lease=lit(1e9), text=lit("code"),
        system=lit(0), account_type=lit("business"), plan=lit("scale"),
    )


def agent(scene: Scene, f: pl.DataFrame) -> pl.DataFrame:
    """Users of coding agents: one long system prompt for all; an upgrade moves most to the new model."""
    n = f.height
    late = scene.release + scene.rng.exponential(1.2 * DAY, n)
    moves = scene.rng.random(n) < 0.8
    return f.with_columns(
        client=scene.client("agent", n), client_next=scene.client("agent_new", n), upgrade=pl.Series(late),
        switch=pl.Series(np.where(moves, late, 1e12)), moved=lit(0.9), model=lit(TOP),
        pathway=pl.Series(scene.rng.choice(["api", "gateway"], n, p=[0.7, 0.3])),
        rhythm=pl.Series(scene.rng.choice(["work", "human"], n)), burst=lit(12.0), gap=lit(14.0),
        text=lit("code"), system=pl.Series(np.minimum(scene.rng.zipf(1.9, n) - 1, 11)), account_type=lit("developer"),
        plan=lit("max"),
    )


def student(scene: Scene, f: pl.DataFrame) -> pl.DataFrame:
    """Classes: a campus network, accounts made in the first lesson, the same homework the same evening."""
    group = groups(scene, f.height, 20, 60)
    f = shared(f, scene, group, columns=["net", "tz", "country", "lang"], name="class")
    day = np.floor(scene.rng.uniform(0, 5, group.max() + 1))[group]
    lesson = day * DAY + 10 * 3600 + scene.rng.exponential(900, f.height)
    return f.with_columns(
        operator=f["operator"] + "_" + f["uid"].cast(pl.String), created=pl.Series(lesson), t0=pl.Series(lesson),
        t1=lit(scene.days * DAY), pool=f["theme"] + 70_000, pool_size=lit(3), lease=lit(1e9),
        alt_pool=f["uid"] + 9 * 10**9, alt_size=lit(1), alt=lit(0.5),
        email_domain=hexed(mixed(group + scene.made, 6), "uni-", 4) + ".edu",
        account_type=lit("education"), plan=lit("edu"), payment_id=lit(None), text=lit("homework"), v6=lit(False),
    )


def hackathon(scene: Scene, f: pl.DataFrame) -> pl.DataFrame:
    """A hackathon: sign-ups within hours, the venue's address, a promotional code, a week-end of building."""
    begin = (5 + scene.rng.uniform(-0.1, 0.1)) * DAY + 14 * 3600
    return f.with_columns(
        created=pl.Series(begin + scene.rng.exponential(3600, f.height)), t0=lit(begin), t1=lit(begin + 2 * DAY),
        net=lit(int(scene.networks("home", 1, "DE")[0])), pool=lit(4242), lease=lit(1e9), tz=lit(2.0),
        country=lit("DE"), payment_id=lit(None), plan=lit("promo-credit"), client=scene.client("py", f.height),
        pathway=lit("api"), rhythm=lit("flat"), text=lit("hack"), alt=lit(0.1), v6=lit(False),
    )


def byok(scene: Scene, f: pl.DataFrame) -> pl.DataFrame:
    """Users of a hosted tool that calls the API with their own keys: its servers, its client, its system prompt."""
    return f.with_columns(
        client=scene.client("tool", f.height), net=lit(int(scene.networks("cloud", 1)[0])), pool=lit(31),
        pool_size=lit(14), lease=lit(1e9), alt=lit(0.0), v6=lit(False), pathway=lit("api"),
        plan=lit("payg"), account_type=lit("developer"), system=lit(40), text=lit("memo"),
    )


def agency(scene: Scene, f: pl.DataFrame) -> pl.DataFrame:
    """Agencies with an account per client: one card, one office, one team's working hours."""
    f = shared(
        f, scene, groups(scene, f.height, 35, 45),
        columns=["net", "pool", "tz", "country", "lang", "payment_id", "client", "email_domain"], name="agency",
    )
    return f.with_columns(
        rhythm=lit("work"), lease=lit(1e9), account_type=lit("team"), plan=lit("pro"), text=lit("memo"),
        payment_id=pl.coalesce("payment_id", "operator"), v6=lit(False),
    )


def reseller(scene: Scene, f: pl.DataFrame, declared: bool) -> pl.DataFrame:
    """A reseller: an account per customer, all through its gateway, in many languages, at human hours."""
    langs = pl.Series(scene.rng.choice(["en", "zh", "es", "ko", "vi", "ar"], f.height))
    own = scene.own_client(["oneapi-gateway/0.9" if declared else "Go-http-client/1.1"], 900 + declared)[0]
    return f.with_columns(
        operator=lit("reseller_" + str(declared)), lang=langs, client=lit(int(own)),
        net=lit(int(scene.networks("cloud", 1)[0])), pool=lit(60 + declared), pool_size=lit(3), lease=lit(1e9),
        alt=lit(0.0), v6=lit(False), pathway=lit("api"), plan=lit("partner" if declared else "payg"),
        account_type=lit("reseller" if declared else "individual"),
        payment_id=lit("inv_partner" if declared else "card_5be21"), org_id=lit("org_partner" if declared else None),
        email_domain=pl.Series(scene.rng.choice(["gmail.com", "outlook.com"], f.height)),
    )


def researcher(scene: Scene, f: pl.DataFrame) -> pl.DataFrame:
    """Academics who run public benchmarks and judge prompts in bursts, many of them on the new model's first days."""
    f = api(scene, f, ("py",), 0.4)
    return f.with_columns(
        rhythm=lit("human"), burst=lit(60.0), gap=lit(3.0),
        email_domain=hexed(mixed(f["uid"].to_numpy(), 6), "uni-", 4) + ".edu",
        account_type=pl.Series(scene.rng.choice(["education", "developer"], f.height)),
        switch=pl.Series(scene.release + scene.rng.exponential(0.8 * DAY, f.height)),
        text=pl.Series(scene.rng.choice(["bench", "judge"], f.height)),
        theme=pl.col("uid"), model=lit(TOP),
    )


def adopter(scene: Scene, f: pl.DataFrame) -> pl.DataFrame:
    """Enthusiasts who move to the new model in its first hours."""
    return f.with_columns(
        switch=pl.Series(scene.release + scene.rng.exponential(6 * 3600, f.height)), moved=lit(0.95), model=lit(TOP),
        plan=lit("max"),
    )


def cron(scene: Scene, f: pl.DataFrame) -> pl.DataFrame:
    """Scheduled jobs: the same minute every day, the same words around new data."""
    return api(scene, f, ("py", "http"), 0.8).with_columns(
        rhythm=lit("cron"), burst=lit(1.0), text=lit("cron"), theme=pl.col("uid"), t0=lit(0.0),
        t1=lit(scene.days * DAY), model=lit(MINI),
    )


def trial(scene: Scene, f: pl.DataFrame) -> pl.DataFrame:
    """People who signed up, tried twice and left."""
    begin = scene.rng.uniform(0, scene.days - 0.2, f.height) * DAY
    return f.with_columns(
        created=pl.Series(begin - scene.rng.exponential(300, f.height)), t0=pl.Series(begin),
        t1=pl.Series(begin + 3600), plan=lit("free"), payment_id=lit(None),
        n=pl.Series(scene.rng.integers(1, 4, f.height)),
    )


def ring(scene: Scene, f: pl.DataFrame) -> pl.DataFrame:
    """Fraud without harvest: a ring that farms free credit to write spam; one operator, no campaign."""
    wave = scene.rng.integers(0, 4, f.height)
    begin = (scene.rng.uniform(0, scene.days - 3, 4) * DAY)[wave] + scene.rng.exponential(1800, f.height)
    return f.with_columns(
        operator=lit("spam_ring"), created=pl.Series(begin), t0=pl.Series(begin), t1=pl.Series(begin + 3 * DAY),
        plan=lit("free"), payment_id=lit(None),
        email_domain=pl.Series(scene.rng.choice(["mailnova.top", "zipbox.click"], f.height)),
        client=lit(int(scene.own_client(["python-requests/2.31.0"], 801)[0])),
        net=lit(int(scene.networks("cloud", 1)[0])), pool=lit(66), pool_size=lit(6), lease=lit(2 * DAY), alt=lit(0.0),
        v6=lit(False), pathway=lit("api"), text=lit("spam"), rhythm=lit("flat"), model=lit(MIDDLE), lang=lit("en"),
    )
# fmt: on


def homework(scene: Scene, page: Page) -> pl.Series:
    """A class's assignment of the day, copied with a line of one's own."""
    task = mixed(page.theme, np.floor(page.when / (3 * DAY)).astype(np.int64)) % 3_000
    return scene.writer.english(3_000, 45).gather(task) + "\n" + page.text


def app(scene: Scene, page: Page) -> pl.Series:
    """A product's template with its users' data: real people's batch templates, or one of its own."""
    frame = scene.writer.table("p3_templates")
    number = np.unique(page.theme, return_inverse=True)[1]
    own = scene.writer.english(int(number.max()) + 1, 28).gather(number) + "\n\nInput: " + page.text
    if frame is None:
        return own
    jobs = frame.select("template", prompt=pl.col("prompt").str.head(1_500)).sort("template").with_row_index("i")
    spans = jobs.group_by("template", maintain_order=True).agg(low=pl.col("i").min(), size=pl.len())
    which = scene.rng.permutation(spans.height)[number % spans.height]
    at = spans["low"].to_numpy()[which] + scene.rng.integers(0, 2**40, len(which)) % spans["size"].to_numpy()[which]
    return choose(number % 2 == 0, jobs["prompt"].gather(at), own)


def bench(scene: Scene, page: Page) -> pl.Series:
    """Items of a public evaluation set, byte for byte and in order."""
    items = scene.writer.column("benign_prompts", "prompt", pl.col("kind") == "eval_set")
    frame = pl.DataFrame({"of": page.theme, "when": page.when})
    place = frame.select(pl.col("when").rank("ordinal").over("of"))["when"].to_numpy().astype(np.int64)
    return items.gather((mixed(page.theme, 2) % 5 * (len(items) // 5) + place) % len(items))


def judge(scene: Scene, page: Page) -> pl.Series:
    """A published judge prompt over somebody's answers; for some the rubric of a well-known public pipeline."""
    public = scene.writer.column("distill_ultrafeedback", "prompt", pl.col("template_id").str.contains("annotate"))
    done = scene.writer.tasks(len(page.theme))
    own = pl.select(pl.format(TEXTS["judge"], done["task"], done["answer"])).to_series()
    return choose(page.theme % 4 == 3, scene.writer.pick(public.tail(1_000), len(own)), own)


def library(scene: Scene, page: Page) -> pl.Series:
    """A prompt of a public collection with one's own matter below it."""
    shelf = scene.writer.column("benign_prompts", "prompt", pl.col("kind") == "shared_template")
    picked = np.minimum(scene.rng.zipf(1.35, len(page.theme)) - 1, len(shelf) - 1)
    return shelf.gather(picked).str.head(2_000) + "\n" + page.text


def viral(_: Scene, page: Page) -> pl.Series:
    """The prompt that is going round this week."""
    texts = TEXTS["viral"]
    return pl.Series(texts).gather((page.when / (5 * DAY)).astype(np.int64) % len(texts)) + page.text


def scheduled(_: Scene, page: Page) -> pl.Series:
    """A job's fixed words with today's data."""
    day = pl.Series((page.when / DAY).astype(np.int64)).cast(pl.String)
    jobs = TEXTS["scheduled_jobs"]
    return pl.Series(jobs).gather(page.theme % len(jobs)) + "day " + day + " " + page.text


def spam(scene: Scene, page: Page) -> pl.Series:
    """Product reviews and dating profiles by the hundred."""
    return scene.writer.pick(TEXTS["spam"], len(page.theme)) + page.text.str.head(60)


def memo(scene: Scene, page: Page) -> pl.Series:
    """Office work: a short order and a pasted document."""
    return (
        scene.writer.pick(TEXTS["office_orders"], len(page.theme), 0.4)
        + "\n"
        + page.text
        + "\n"
        + scene.writer.english(len(page.theme), 35)
    )


def code(scene: Scene, page: Page) -> pl.Series:
    """What a coding agent sends: an order, a tool's result, a fragment of somebody's source."""
    n = len(page.theme)
    name = hexed(scene.rng.integers(0, 2**60, n), " src/m_", 6)
    return (
        scene.writer.pick(TEXTS["coding_orders"], n, 0.5)
        + name
        + ".py\n"
        + page.text
        + "\n"
        + scene.writer.english(n, 25)
    )


def hack(scene: Scene, page: Page) -> pl.Series:
    """Teams with one deadline and similar wishes."""
    return scene.writer.pick(TEXTS["hackathon"], len(page.theme)) + page.text


# fmt: off
#: What writes the prompts of each kind of account; the rest chat.
KINDS: dict[str, Callable[[Scene, Page], pl.Series]] = {
    "homework": homework, "app": app, "bench": bench, "judge": judge, "library": library, "viral": viral,
    "cron": scheduled, "spam": spam, "memo": memo, "code": code, "hack": hack,
}
CHATTY = ("chat", "homework", "library", "viral")
# fmt: on


def prompts(scene: Scene, frame: pl.DataFrame, requests: pl.DataFrame) -> pl.Series:
    """What ordinary people ask; ``requests`` in order of session."""
    rng, writer, a = scene.rng, scene.writer, requests["a"].to_numpy()
    kind, turn, lang = frame["text"].gather(a), requests["turn"].to_numpy(), frame["lang"].gather(a)
    text = (
        writer.free(lang, np.clip(rng.lognormal(2.6, 0.8, len(a)), 2, 120).astype(np.int64))
        .to_numpy()
        .astype(np.object_)
    )
    chat = kind.is_in(list(CHATTY)).to_numpy()
    first = np.flatnonzero(
        (kind == "chat").to_numpy() & (turn == 0) & (lang == "en").to_numpy() & (rng.random(len(a)) < 0.35)
    )
    text[first] = writer.deal(len(first)).to_numpy()
    brief = np.flatnonzero(chat & (rng.random(len(a)) < np.where(turn > 0, 0.22, 0.02)))
    text[brief] = writer.pick(TEXTS["small_talk"], len(brief), 0.9).to_numpy()
    theme, when = frame["theme"].to_numpy()[a], requests["t"].to_numpy()
    for name, write in KINDS.items():
        rows = np.flatnonzero((kind == name).to_numpy() & ((turn == 0) | ~chat))
        if len(rows):
            text[rows] = write(scene, Page(pl.Series(text[rows], dtype=pl.String), theme[rows], when[rows])).to_numpy()
    return pl.Series(text, dtype=pl.String)


def written(scene: Scene, frame: pl.DataFrame, requests: pl.DataFrame) -> pl.DataFrame:
    """Gives the requests of ordinary accounts their prompts, system prompts and answers."""
    rng, writer, a, turn = scene.rng, scene.writer, requests["a"].to_numpy(), requests["turn"].to_numpy()
    systems = writer.systems()
    prompt = prompts(scene, frame, requests)
    pathway = frame["pathway"].gather(a)
    reply = writer.free(frame["lang"].gather(a), np.clip(rng.lognormal(3.1, 0.5, len(a)), 4, 90).astype(np.int64))
    told = flattened(requests["sess"].to_numpy() * 1_000 + turn // 6, prompt, reply)
    number = frame["system"].to_numpy()[a]
    newer = np.where(requests["family"].to_numpy() == "agent_new", number + 12, number) % len(systems)
    return requests.with_columns(
        prompt=choose(pathway == "gateway", told, prompt),
        system_prompt=choose(number >= 0, systems.gather(newer), nulls(len(a))),
        response=reply,
        refused=pl.Series(rng.random(len(a)) < 0.012),
        signature=pl.Series(mixed(requests["sess"].to_numpy(), turn // 2, 21)),
        banned=pl.Series(rng.random(len(a)) < 0.0008),
        pathway=pathway,
    )


# fmt: off
#: Cohort, share of the crowd's rows, share of its accounts, what makes it different.
COHORTS: tuple[Spec, ...] = (
    ("individual", 0.20, 0.36, plain), ("mobile", 0.08, 0.13, mobile), ("vpn", 0.03, 0.035, vpn),
    ("traveller", 0.01, 0.008, traveller), ("family", 0.02, 0.025, family),
    ("freelancer", 0.05, 0.045, freelancer), ("company", 0.10, 0.08, company), ("backend", 0.13, 0.006, backend),
    ("ci", 0.03, 0.002, ci), ("agent", 0.12, 0.09, agent),
    ("student", 0.025, 0.04, student), ("hackathon", 0.005, 0.007, hackathon), ("byok", 0.03, 0.025, byok),
    ("agency", 0.012, 0.008, agency), ("reseller_declared", 0.02, 0.006, lambda w, f: reseller(w, f, True)),
    ("reseller_quiet", 0.015, 0.006, lambda w, f: reseller(w, f, False)), ("researcher", 0.025, 0.004, researcher),
    ("library", 0.02, 0.03, lambda _, f: f.with_columns(text=lit("library"))),
    ("viral", 0.008, 0.03, lambda _, f: f.with_columns(text=lit("viral"))), ("early_adopter", 0.02, 0.02, adopter),
    ("cron", 0.02, 0.012, cron), ("abandoned_trial", 0.01, 0.07, trial), ("spam_ring", 0.012, 0.012, ring),
)
# fmt: on


def crowd(scene: Scene, rows: int, accounts: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """All innocents: their accounts, and their requests with everything but what is filled in at the end."""
    made = []
    for cohort, share, people, change in COHORTS:
        n = max(6, int(accounts * people))
        spread = 1.9 if cohort == "backend" else 1.3
        made.append(change(scene, scene.people(n, cohort, rows * share, spread)))
    frame = pl.concat([m.select(made[0].columns).cast(dict(made[0].schema)) for m in made])  # type: ignore[arg-type]
    end = scene.days * DAY
    frame = frame.with_columns(t0=pl.col("t0").clip(0.0, end - 7200.0)).with_columns(
        t1=pl.col("t1").clip(pl.col("t0") + 3600.0, end)
    )
    requests = scene.placed(frame, scene.schedule(frame).filter(pl.col("t") < end))
    return frame, written(scene, frame, requests)
