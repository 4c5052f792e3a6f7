"""What innocents send: the prompt and system prompt of every request of a cohort."""

from collections.abc import Callable
from typing import Final

import numpy as np
import polars as pl

from benchmarks.worlds.held_out.scene import Scene, lengths
from benchmarks.worlds.held_out.words import LANGUAGES, TEXTS, mix, pick, uniform
from benchmarks.worlds.text import Numbers, choose, grow, nulls

#: Turns after which clients that send whole conversations start over with a summary.
COMPACT: Final = 14
_TEMPLATES: Final = TEXTS["templates"]


def _words(scene: Scene, rows: pl.DataFrame, median: float, sigma: float = 1.1, most: int = 500) -> Numbers:
    return lengths(scene.rng, len(rows), median, sigma, most)


def _fill(template: pl.Series, **slots: pl.Series) -> pl.Series:
    frame = pl.DataFrame({"t": template, **slots})
    text = pl.col("t")
    for name in slots:
        text = text.str.replace("{" + name + "}", pl.col(name), literal=True)
    return frame.select(text)["t"]


def _per(scene: Scene, key: Numbers, words: tuple[int, int]) -> pl.Series:
    """One text for each distinct key, repeated for its rows."""
    distinct, place = np.unique(key, return_inverse=True)
    size = words[0] + (uniform(distinct, 13) * (words[1] - words[0])).astype(np.int64)
    return scene.text.prose(scene.rng, size, distinct).gather(place)


def flatten(scene: Scene, rows: pl.DataFrame, said: pl.Series, reply_words: float = 35.0) -> pl.Series:
    """Whole conversations as an API client sends them, with made-up replies; rows in order of conversations."""
    replies = scene.text.prose(scene.rng, _words(scene, rows, reply_words, 0.7, 150), rows["key"].to_numpy())
    turn = rows["turn"].to_numpy() % COMPACT
    asked = "Human: " + said
    return grow(choose(turn > 0, "Assistant: " + replies.shift(1) + "\n\n" + asked, asked), turn)


def chat(scene: Scene, rows: pl.DataFrame, langs: Numbers | None = None) -> pl.Series:
    """What people type: mostly their own words, now and then pasted text, fillers and prompts that went round."""
    rng, key = scene.rng, rows["key"].to_numpy()
    said = scene.text.say(rng, rows["lang"].to_numpy() if langs is None else langs, _words(scene, rows, 16), key)
    pasted = rng.random(len(rows)) < 0.12
    if pasted.any():
        paste = scene.text.prose(rng, lengths(rng, int(pasted.sum()), 120, 0.9, 900), key[pasted])
        extra = np.full(len(rows), "", dtype=object)
        extra[pasted] = ("\n\n" + paste).to_list()
        said = said + pl.Series(extra.tolist(), dtype=pl.String)
    filler = rng.random(len(rows)) < np.where(rows["turn"].to_numpy() > 0, 0.10, 0.05)
    said = choose(filler, pick(rng, pl.Series(TEXTS["fillers"]), len(rows)), said)
    popular = rng.random(len(rows)) < 0.015
    rank = np.minimum(rng.pareto(0.9, len(rows)) * 8, len(scene.text.corpus.tasks) - 1).astype(np.int64)
    said = choose(popular, scene.text.corpus.tasks.gather(rank), said)
    # For two days everybody tries the prompt of a post that went round, with something of one's own in it.
    passed = rows["seconds"].to_numpy() / scene.end
    viral = (passed > 0.4) & (passed < 0.52) & (rng.random(len(rows)) < 0.04)
    post = scene.text.prose(np.random.default_rng(scene.rows), np.array([45]), np.array([5]))[0]
    return choose(viral, post + "\n\n" + said.str.slice(0, 60), said)


def _over_api(scene: Scene, rows: pl.DataFrame, said: pl.Series) -> pl.Series:
    """The same through the application (last message) or through an API client (whole conversation)."""
    app = (rows["pathway"] == "app").to_numpy()
    return said if app.all() else choose(app, said, flatten(scene, rows, said))


def agent_system(scene: Scene, rows: pl.DataFrame) -> pl.Series:
    """The client's long system prompt with its version of the week, then the user's environment."""
    pool = scene.text.corpus.agents
    upgraded = rows["seconds"].to_numpy() > scene.release + uniform(rows["key"].to_numpy(), 3) * 3 * 86_400
    which = (mix(rows["client"].to_numpy()) % np.uint64(len(pool))).astype(np.int64)
    folder = _per(scene, mix(rows["key"].to_numpy(), 4), (1, 2))
    note = pl.Series(np.where(upgraded, "\nAsk before running commands.", ""))
    day = (rows["seconds"] // 86_400).cast(pl.Int64).cast(pl.String)
    environment = (
        "\n\n<env>\nWorking directory: /home/u/" + folder + "\nPlatform: linux\nToday: day " + day + "\n</env>"
    )
    return pool.gather(which) + note + environment


def coding(scene: Scene, rows: pl.DataFrame) -> pl.Series:
    """Turns of coding sessions: a request, then tool results and code."""
    rng, key = scene.rng, rows["key"].to_numpy()
    asked = scene.text.say(rng, rows["lang"].to_numpy(), _words(scene, rows, 22, 0.9, 200), key)
    tool = scene.text.code(rng, _words(scene, rows, 45, 0.8, 300), key)
    result = "<tool_result>\n" + tool + "\n</tool_result>"
    return choose((rows["turn"].to_numpy() % COMPACT == 0) | (rng.random(len(rows)) < 0.25), asked, result)


def _agent(scene: Scene, rows: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    return flatten(scene, rows, coding(scene, rows)), agent_system(scene, rows)


def _chat(scene: Scene, rows: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    return _over_api(scene, rows, chat(scene, rows)), nulls(len(rows))


def _assistant(scene: Scene, rows: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    return chat(scene, rows), _per(scene, rows["group"].to_numpy(), (40, 250))


def _shared(scene: Scene, rows: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    first = (rows["turn"].to_numpy() == 0) & (scene.rng.random(len(rows)) < 0.7)
    rank = np.minimum(scene.rng.pareto(0.8, len(rows)) * 6, len(scene.text.corpus.shared) - 1).astype(np.int64)
    return choose(first, scene.text.corpus.shared.gather(rank), chat(scene, rows)), nulls(len(rows))


def _given(scene: Scene, rows: pl.DataFrame, kinds: int, words: tuple[int, int], share: float) -> pl.Series:
    """Text handed out to a group, which its people paste before their own question."""
    number = mix(rows["group"].to_numpy(), scene.rng.integers(kinds, size=len(rows)))
    given, own = _per(scene, number, words), chat(scene, rows)
    return choose(scene.rng.random(len(rows)) < share, given + "\n\n" + own, own)


def _homework(scene: Scene, rows: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    return _given(scene, rows, 6, (30, 120), 0.45), nulls(len(rows))


def _hack(scene: Scene, rows: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    return flatten(scene, rows, _given(scene, rows, 3, (60, 200), 0.3)), nulls(len(rows))


def _batch(scene: Scene, rows: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    """One's own template for one's own data; for a fifth of the accounts of nearly constant length."""
    key = rows["key"].to_numpy()
    template = _per(scene, mix(key, 1 + scene.rng.integers(2, size=len(key))), (12, 90))
    usual = 10 + 150 * uniform(key, 14) ** 2
    spread = np.where(uniform(key, 15) < 0.2, 0.03, 0.7)
    size = np.clip(usual * np.exp(scene.rng.normal(0, 1, len(key)) * spread), 2, 700).astype(np.int64)
    data = scene.text.prose(scene.rng, size, key)
    in_system = uniform(key, 16) < 0.4
    together = choose(uniform(key, 17) < 0.75, template + "\n\n" + data, data + "\n\n" + template)
    return choose(in_system, data, together), choose(in_system, template, nulls(len(rows)))


def _template(scene: Scene, rows: pl.DataFrame, pool: list[str], own: float) -> pl.Series:
    """Popular templates of open-source programs, changed by a part of their users."""
    key = rows["key"].to_numpy()
    which = (mix(key, 18) % np.uint64(len(pool))).astype(np.int64)
    template = pl.Series(pool).gather(which)
    mine = _per(scene, mix(key, 19), (10, 40))
    return choose(uniform(key, 20) < own, mine + "\n" + template, template)


def _rag(scene: Scene, rows: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    key = rows["key"].to_numpy()
    context = scene.text.prose(scene.rng, _words(scene, rows, 150, 0.6, 500), key)
    question = scene.text.say(scene.rng, rows["lang"].to_numpy(), _words(scene, rows, 11, 0.5, 40), key)
    return _fill(_template(scene, rows, _TEMPLATES["rag"], 0.4), c=context, q=question), nulls(len(rows))


def _exam(scene: Scene, rows: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    pool = scene.text.corpus.exams
    half = len(pool) // 2
    start = np.where(uniform(rows["key"].to_numpy(), 23) < 0.5, 0, half)
    question = pool.gather(start + scene.rng.integers(half, size=len(rows)))
    return _fill(_template(scene, rows, _TEMPLATES["exam"], 0.3), q=question), nulls(len(rows))


def _judge(scene: Scene, rows: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    key = rows["key"].to_numpy()
    question = scene.text.say(scene.rng, rows["lang"].to_numpy(), _words(scene, rows, 14, 0.8, 80), key)
    answer = scene.text.prose(scene.rng, _words(scene, rows, 80, 0.7, 300), key)
    return _fill(_template(scene, rows, _TEMPLATES["judge"], 0.5), q=question, c=answer), nulls(len(rows))


def _pipeline(scene: Scene, rows: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    """Open-source recipes for synthetic data, run as they are or with one's own topic."""
    recipe = pick(scene.rng, scene.text.corpus.pipelines, len(rows))
    topic = scene.text.prose(scene.rng, _words(scene, rows, 12, 0.3, 30), rows["key"].to_numpy())
    own = uniform(rows["key"].to_numpy(), 24) < 0.5
    return choose(own, recipe + "\n" + topic, recipe), nulls(len(rows))


def _desk(scene: Scene, rows: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    rule = _per(scene, mix(rows["group"].to_numpy(), 2), (25, 60))
    return rule + "\n\nCustomer wrote:\n" + chat(scene, rows) + "\n\nDraft a reply.", nulls(len(rows))


def _campaigns(scene: Scene, rows: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    """An agency's house template with a part for each client."""
    house = _per(scene, mix(rows["group"].to_numpy(), 3), (50, 90))
    client = _per(scene, mix(rows["key"].to_numpy(), 3), (15, 50))
    return house + "\n\n" + client + "\n\n" + chat(scene, rows), nulls(len(rows))


def _many_langs(scene: Scene, rows: pl.DataFrame) -> Numbers:
    share = np.array([0.55, 0.08, 0.06, 0.09, 0.07, 0.06, 0.05, 0.04])
    return np.asarray(np.array(LANGUAGES, dtype=object)[scene.rng.choice(len(LANGUAGES), p=share, size=len(rows))])


def _saas(scene: Scene, rows: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    """A product's end users behind one key and one system prompt."""
    text = flatten(scene, rows, chat(scene, rows, _many_langs(scene, rows)))
    return text, _per(scene, mix(rows["key"].to_numpy(), 6), (60, 400))


def _byok(scene: Scene, rows: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    """A hosted tool to which people bring their own keys: its system prompt, their words."""
    pool = scene.text.corpus.assistants
    return flatten(scene, rows, chat(scene, rows)), pool[:1].new_from_index(0, len(rows))


def _resold(scene: Scene, rows: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    """A declared reseller's customers: all languages, all kinds of programs."""
    pool = scene.text.corpus.assistants
    which = (mix(rows["session"].to_numpy(), 8) % np.uint64(len(pool))).astype(np.int64)
    system = choose(uniform(rows["session"].to_numpy(), 9) < 0.5, pool.gather(which), nulls(len(rows)))
    return flatten(scene, rows, chat(scene, rows, _many_langs(scene, rows))), system


def _ci(scene: Scene, rows: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    key = rows["key"].to_numpy()
    job = _per(scene, mix(key, 25), (20, 50))
    diff = scene.text.code(scene.rng, _words(scene, rows, 90, 0.7, 500), key)
    task = job + "\n\n```diff\n" + diff
    said = choose(rows["turn"].to_numpy() % COMPACT == 0, task, coding(scene, rows))
    return flatten(scene, rows, said), agent_system(scene, rows)


def _abuse(scene: Scene, rows: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    known = pick(scene.rng, scene.text.corpus.abuse, len(rows))
    return choose(scene.rng.random(len(rows)) < 0.5, known, chat(scene, rows)), nulls(len(rows))


_KINDS: Final[dict[str, Callable[[Scene, pl.DataFrame], tuple[pl.Series, pl.Series]]]] = {
    "chat": _chat, "agent": _agent, "assistant": _assistant, "shared": _shared, "homework": _homework, "hack": _hack,
    "batch": _batch, "rag": _rag, "exam": _exam, "judge": _judge, "pipeline": _pipeline, "desk": _desk,
    "campaigns": _campaigns, "saas": _saas, "byok": _byok, "resold": _resold, "ci": _ci, "abuse": _abuse,
}  # fmt: skip


def speak(scene: Scene, kind: str, rows: pl.DataFrame) -> pl.DataFrame:
    """``prompt`` and ``system_prompt`` for requests that are in order of conversations."""
    prompt, system = _KINDS[kind](scene, rows)
    return pl.DataFrame({"prompt": prompt, "system_prompt": system})
