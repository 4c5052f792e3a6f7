"""What innocents send: the prompt and system prompt of every request of a cohort."""

from collections.abc import Callable
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl
from held_out_words import FILLERS, LANGUAGES, grow, mix, pick, uniform
from held_out_world import World, lengths

Numbers: TypeAlias = npt.NDArray[Any]

#: Turns after which clients that send whole conversations start over with a summary.
COMPACT: Final = 14
_RAG: Final = (
    "Use the pieces of context below to answer the question at the end. If you don't know, say so.\n\n{c}\n\n"
    "Question: {q}\nHelpful answer:",
    "Context information is below.\n---------------------\n{c}\n---------------------\n"
    "Given the context and no prior knowledge, answer the query.\nQuery: {q}\nAnswer: ",
    "<documents>\n{c}\n</documents>\n\nAnswer with citations. {q}",
    "You are an assistant for question-answering tasks. Use the retrieved context. Three sentences maximum.\n"
    "Question: {q}\nContext: {c}\nAnswer:",
)
_EXAM: Final = (
    "Answer the following question. The last line of your response should be 'ANSWER: $X'. Think step by step "
    "before answering.\n\n{q}",
    "Q: A farmer plants rows of trees. There were 15, after planting there are 21. How many did he plant?\n"
    "A: 21 - 15 = 6. The answer is 6.\n\nQ: {q}\nA:",
    "Question: {q}\nLet's think step by step.\nAnswer:",
)
_JUDGE: Final = (
    "Please act as an impartial judge of the response to the user question displayed below. Explain yourself "
    "shortly, then rate it from 1 to 10 as [[rating]].\n\n[Question]\n{q}\n\n[Answer]\n{c}\n",
    "You will be given a user_question and a system_answer. Rate on a scale of 1 to 4 how well the answer addresses "
    "the question. Feedback first, then the total rating.\n\nQuestion: {q}\nAnswer: {c}\n\nFeedback:",
)


def _words(world: World, rows: pl.DataFrame, median: float, sigma: float = 1.1, most: int = 500) -> Numbers:
    return lengths(world.rng, len(rows), median, sigma, most)


def _fill(template: pl.Series, **slots: pl.Series) -> pl.Series:
    frame = pl.DataFrame({"t": template, **slots})
    text = pl.col("t")
    for name in slots:
        text = text.str.replace("{" + name + "}", pl.col(name), literal=True)
    return frame.select(text)["t"]


def _choose(first: npt.NDArray[np.bool_], a: pl.Series, b: pl.Series) -> pl.Series:
    return pl.DataFrame({"f": first, "a": a, "b": b}).select(pl.when("f").then("a").otherwise("b"))["a"]


def _per(world: World, key: Numbers, words: tuple[int, int]) -> pl.Series:
    """One text for each distinct key, repeated for its rows."""
    distinct, place = np.unique(key, return_inverse=True)
    size = words[0] + (uniform(distinct, 13) * (words[1] - words[0])).astype(np.int64)
    return world.text.prose(world.rng, size, distinct).gather(place)


def flatten(world: World, rows: pl.DataFrame, said: pl.Series, reply_words: float = 35.0) -> pl.Series:
    """Whole conversations as an API client sends them, with made-up replies; rows in order of conversations."""
    replies = world.text.prose(world.rng, _words(world, rows, reply_words, 0.7, 150), rows["key"].to_numpy())
    turn = rows["turn"].to_numpy() % COMPACT
    frame = pl.DataFrame({"said": said, "reply": replies.shift(1).fill_null(""), "later": turn > 0})
    ask = pl.format("Human: {}", pl.col("said"))
    text = (
        pl.when("later").then(pl.format("Assistant: {}\n\nHuman: {}", pl.col("reply"), pl.col("said"))).otherwise(ask)
    )
    return grow(frame.select(text.alias("text"))["text"], turn)


def chat(world: World, rows: pl.DataFrame, langs: Numbers | None = None) -> pl.Series:
    """What people type: mostly their own words, now and then pasted text, fillers and prompts that went round."""
    rng, key = world.rng, rows["key"].to_numpy()
    said = world.text.say(rng, rows["lang"].to_numpy() if langs is None else langs, _words(world, rows, 16), key)
    pasted = rng.random(len(rows)) < 0.12
    if pasted.any():
        paste = world.text.prose(rng, lengths(rng, int(pasted.sum()), 120, 0.9, 900), key[pasted])
        extra = np.full(len(rows), "", dtype=object)
        extra[pasted] = ("\n\n" + paste).to_list()
        said = said + pl.Series(extra.tolist(), dtype=pl.String)
    filler = rng.random(len(rows)) < np.where(rows["turn"].to_numpy() > 0, 0.10, 0.05)
    said = _choose(filler, pick(rng, pl.Series(FILLERS), len(rows)), said)
    popular = rng.random(len(rows)) < 0.015
    rank = np.minimum(rng.pareto(0.9, len(rows)) * 8, len(world.text.corpus.tasks) - 1).astype(np.int64)
    said = _choose(popular, world.text.corpus.tasks.gather(rank), said)
    # For two days everybody tries the prompt of a post that went round, with something of one's own in it.
    passed = rows["seconds"].to_numpy() / world.end
    viral = (passed > 0.4) & (passed < 0.52) & (rng.random(len(rows)) < 0.04)
    post = world.text.prose(np.random.default_rng(world.rows), np.array([45]), np.array([5]))[0]
    return _choose(
        viral, pl.DataFrame({"s": said}).select(pl.lit(post + "\n\n") + pl.col("s").str.slice(0, 60))["literal"], said
    )


def _over_api(world: World, rows: pl.DataFrame, said: pl.Series) -> pl.Series:
    """The same through the application (last message) or through an API client (whole conversation)."""
    app = (rows["pathway"] == "app").to_numpy()
    return said if app.all() else _choose(app, said, flatten(world, rows, said))


def _none(rows: pl.DataFrame) -> pl.Series:
    return pl.Series([None], dtype=pl.String).new_from_index(0, len(rows))


def agent_system(world: World, rows: pl.DataFrame) -> pl.Series:
    """The client's long system prompt with its version of the week, then the user's environment."""
    pool = world.text.corpus.agents
    upgraded = rows["seconds"].to_numpy() > world.release + uniform(rows["key"].to_numpy(), 3) * 3 * 86_400
    which = (mix(rows["client"].to_numpy()) % np.uint64(len(pool))).astype(np.int64)
    frame = pl.DataFrame(
        {
            "base": pool.gather(which),
            "folder": _per(world, mix(rows["key"].to_numpy(), 4), (1, 2)),
            "note": pl.Series(upgraded).replace_strict({True: "\nAsk before running commands.", False: ""}),
            "day": (rows["seconds"] // 86_400).cast(pl.Int64).cast(pl.String),
        }
    )
    environment = pl.format(
        "{}{}\n\n<env>\nWorking directory: /home/u/{}\nPlatform: linux\nToday: day {}\n</env>",
        *(pl.col(name) for name in ("base", "note", "folder", "day")),
    )
    return frame.select(environment.alias("s"))["s"]


def coding(world: World, rows: pl.DataFrame) -> pl.Series:
    """Turns of coding sessions: a request, then tool results and code."""
    rng, key = world.rng, rows["key"].to_numpy()
    asked = world.text.say(rng, rows["lang"].to_numpy(), _words(world, rows, 22, 0.9, 200), key)
    tool = world.text.code(rng, _words(world, rows, 45, 0.8, 300), key)
    result = pl.DataFrame({"t": tool}).select(pl.format("<tool_result>\n{}\n</tool_result>", pl.col("t")).alias("t"))[
        "t"
    ]
    return _choose((rows["turn"].to_numpy() % COMPACT == 0) | (rng.random(len(rows)) < 0.25), asked, result)


def _agent(world: World, rows: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    return flatten(world, rows, coding(world, rows)), agent_system(world, rows)


def _chat(world: World, rows: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    return _over_api(world, rows, chat(world, rows)), _none(rows)


def _assistant(world: World, rows: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    return chat(world, rows), _per(world, rows["group"].to_numpy(), (40, 250))


def _shared(world: World, rows: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    first = (rows["turn"].to_numpy() == 0) & (world.rng.random(len(rows)) < 0.7)
    rank = np.minimum(world.rng.pareto(0.8, len(rows)) * 6, len(world.text.corpus.shared) - 1).astype(np.int64)
    return _choose(first, world.text.corpus.shared.gather(rank), chat(world, rows)), _none(rows)


def _given(world: World, rows: pl.DataFrame, kinds: int, words: tuple[int, int], share: float) -> pl.Series:
    """Text handed out to a group, which its people paste before their own question."""
    number = mix(rows["group"].to_numpy(), world.rng.integers(kinds, size=len(rows)))
    given, own = _per(world, number, words), chat(world, rows)
    pasted = pl.DataFrame({"g": given, "o": own}).select(pl.concat_str("g", "o", separator="\n\n"))["g"]
    return _choose(world.rng.random(len(rows)) < share, pasted, own)


def _homework(world: World, rows: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    return _given(world, rows, 6, (30, 120), 0.45), _none(rows)


def _hack(world: World, rows: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    return flatten(world, rows, _given(world, rows, 3, (60, 200), 0.3)), _none(rows)


def _batch(world: World, rows: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    """One's own template for one's own data; for a fifth of the accounts of nearly constant length."""
    key = rows["key"].to_numpy()
    template = _per(world, mix(key, 1 + world.rng.integers(2, size=len(key))), (12, 90))
    usual = 10 + 150 * uniform(key, 14) ** 2
    spread = np.where(uniform(key, 15) < 0.2, 0.03, 0.7)
    size = np.clip(usual * np.exp(world.rng.normal(0, 1, len(key)) * spread), 2, 700).astype(np.int64)
    data = world.text.prose(world.rng, size, key)
    body = pl.DataFrame({"t": template, "d": data}).select(pl.concat_str("t", "d", separator="\n\n"))["t"]
    other = pl.DataFrame({"t": template, "d": data}).select(pl.concat_str("d", "t", separator="\n\n"))["d"]
    in_system = uniform(key, 16) < 0.4
    text = _choose(in_system, data, _choose(uniform(key, 17) < 0.75, body, other))
    return text, _choose(in_system, template, _none(rows))


def _template(world: World, rows: pl.DataFrame, pool: tuple[str, ...], own: float) -> pl.Series:
    """Popular templates of open-source programs, changed by a part of their users."""
    key = rows["key"].to_numpy()
    which = (mix(key, 18) % np.uint64(len(pool))).astype(np.int64)
    template = pl.Series(pool).gather(which)
    mine = _per(world, mix(key, 19), (10, 40))
    changed = pl.DataFrame({"m": mine, "t": template}).select(pl.concat_str("m", "t", separator="\n"))["m"]
    return _choose(uniform(key, 20) < own, changed, template)


def _rag(world: World, rows: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    key = rows["key"].to_numpy()
    context = world.text.prose(world.rng, _words(world, rows, 150, 0.6, 500), key)
    question = world.text.say(world.rng, rows["lang"].to_numpy(), _words(world, rows, 11, 0.5, 40), key)
    return _fill(_template(world, rows, _RAG, 0.4), c=context, q=question), _none(rows)


def _exam(world: World, rows: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    pool = world.text.corpus.exams
    half = len(pool) // 2
    start = np.where(uniform(rows["key"].to_numpy(), 23) < 0.5, 0, half)
    question = pool.gather(start + world.rng.integers(half, size=len(rows)))
    return _fill(_template(world, rows, _EXAM, 0.3), q=question), _none(rows)


def _judge(world: World, rows: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    key = rows["key"].to_numpy()
    question = world.text.say(world.rng, rows["lang"].to_numpy(), _words(world, rows, 14, 0.8, 80), key)
    answer = world.text.prose(world.rng, _words(world, rows, 80, 0.7, 300), key)
    return _fill(_template(world, rows, _JUDGE, 0.5), q=question, c=answer), _none(rows)


def _pipeline(world: World, rows: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    """Open-source recipes for synthetic data, run as they are or with one's own topic."""
    recipe = pick(world.rng, world.text.corpus.pipelines, len(rows))
    topic = world.text.prose(world.rng, _words(world, rows, 12, 0.3, 30), rows["key"].to_numpy())
    mine = pl.DataFrame({"r": recipe, "t": topic}).select(pl.concat_str("r", "t", separator="\n"))["r"]
    return _choose(uniform(rows["key"].to_numpy(), 24) < 0.5, mine, recipe), _none(rows)


def _desk(world: World, rows: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    rule = _per(world, mix(rows["group"].to_numpy(), 2), (25, 60))
    message = chat(world, rows)
    text = pl.format("{}\n\nCustomer wrote:\n{}\n\nDraft a reply.", pl.col("r"), pl.col("m"))
    return pl.DataFrame({"r": rule, "m": message}).select(text.alias("t"))["t"], _none(rows)


def _campaigns(world: World, rows: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    """An agency's house template with a part for each client."""
    house = _per(world, mix(rows["group"].to_numpy(), 3), (50, 90))
    client = _per(world, mix(rows["key"].to_numpy(), 3), (15, 50))
    own = chat(world, rows)
    text = pl.concat_str("h", "c", "o", separator="\n\n")
    return pl.DataFrame({"h": house, "c": client, "o": own}).select(text.alias("t"))["t"], _none(rows)


def _many_langs(world: World, rows: pl.DataFrame) -> Numbers:
    share = np.array([0.55, 0.08, 0.06, 0.09, 0.07, 0.06, 0.05, 0.04])
    return np.asarray(np.array(LANGUAGES, dtype=object)[world.rng.choice(len(LANGUAGES), p=share, size=len(rows))])


def _saas(world: World, rows: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    """A product's end users behind one key and one system prompt."""
    text = flatten(world, rows, chat(world, rows, _many_langs(world, rows)))
    return text, _per(world, mix(rows["key"].to_numpy(), 6), (60, 400))


def _byok(world: World, rows: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    """A hosted tool to which people bring their own keys: its system prompt, their words."""
    pool = world.text.corpus.assistants
    return flatten(world, rows, chat(world, rows)), pool[:1].new_from_index(0, len(rows))


def _resold(world: World, rows: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    """A declared reseller's customers: all languages, all kinds of programs."""
    pool = world.text.corpus.assistants
    which = (mix(rows["session"].to_numpy(), 8) % np.uint64(len(pool))).astype(np.int64)
    system = _choose(uniform(rows["session"].to_numpy(), 9) < 0.5, pool.gather(which), _none(rows))
    return flatten(world, rows, chat(world, rows, _many_langs(world, rows))), system


def _ci(world: World, rows: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    key = rows["key"].to_numpy()
    job = _per(world, mix(key, 25), (20, 50))
    diff = world.text.code(world.rng, _words(world, rows, 90, 0.7, 500), key)
    task = pl.DataFrame({"j": job, "d": diff}).select(pl.concat_str("j", "d", separator="\n\n```diff\n"))["j"]
    said = _choose(rows["turn"].to_numpy() % COMPACT == 0, task, coding(world, rows))
    return flatten(world, rows, said), agent_system(world, rows)


def _abuse(world: World, rows: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    known = pick(world.rng, world.text.corpus.abuse, len(rows))
    return _choose(world.rng.random(len(rows)) < 0.5, known, chat(world, rows)), _none(rows)


_KINDS: Final[dict[str, Callable[[World, pl.DataFrame], tuple[pl.Series, pl.Series]]]] = {
    "chat": _chat,
    "agent": _agent,
    "assistant": _assistant,
    "shared": _shared,
    "homework": _homework,
    "hack": _hack,
    "batch": _batch,
    "rag": _rag,
    "exam": _exam,
    "judge": _judge,
    "pipeline": _pipeline,
    "desk": _desk,
    "campaigns": _campaigns,
    "saas": _saas,
    "byok": _byok,
    "resold": _resold,
    "ci": _ci,
    "abuse": _abuse,
}


def speak(world: World, kind: str, rows: pl.DataFrame) -> pl.DataFrame:
    """``prompt`` and ``system_prompt`` for requests that are in order of conversations."""
    prompt, system = _KINDS[kind](world, rows)
    return pl.DataFrame({"prompt": prompt, "system_prompt": system})
