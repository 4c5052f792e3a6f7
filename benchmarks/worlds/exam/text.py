"""Text of the exam's logs: real prompts dealt out where the corpora are present, spliced or invented text elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
import pyarrow as pa

from benchmarks.worlds.text import Ints, choose, grow, join, load_texts

#: What is said in these logs and not made here.
TEXTS: Final = load_texts(__file__)


@dataclass(frozen=True)
class Chain:
    """Tokens of a corpus with, for each, where its other occurrences are: what splicing needs."""

    words: pl.Series
    codes: Ints
    order: Ints
    first: Ints
    count: Ints

    @classmethod
    def build(cls, tokens: pl.Series) -> "Chain":
        """Index the tokens of a corpus."""
        coded = pa.chunked_array([tokens.to_arrow().cast(pa.large_string())]).combine_chunks().dictionary_encode()
        words = pl.Series(pl.from_arrow(coded.dictionary))
        codes = coded.indices.to_numpy().astype(np.int64)
        count = np.bincount(codes, minlength=len(words)).astype(np.int64)
        first = np.cumsum(count) - count
        return cls(words, codes, np.argsort(codes, kind="stable").astype(np.int64), first, count)

    def walk(self, rng: np.random.Generator, lengths: Ints, jump: float) -> Ints:
        """Token codes of texts of given lengths, end to end; ``jump`` is how often a text changes its source."""
        at = rng.integers(0, len(self.codes) - 1, len(lengths))
        ends = np.cumsum(lengths)
        starts = ends - lengths
        out = np.zeros(int(ends[-1]) if len(ends) else 0, dtype=np.int64)
        for step in range(int(lengths.max(initial=0))):
            live = np.flatnonzero(lengths > step)
            here = at[live]
            code = self.codes[here]
            out[starts[live] + step] = code
            leap = rng.random(len(live)) < jump
            other = self.order[self.first[code] + (rng.random(len(live)) * self.count[code]).astype(np.int64)]
            at[live] = (np.where(leap, other, here) + 1) % len(self.codes)
        return out

    def tongue(self, lang: str) -> pl.Series:
        """The chain's vocabulary in an invented tongue; frequent words are short there too."""
        syllables = pl.Series(TEXTS["syllables"][lang].split())
        size = np.clip(np.round(4.2 - np.log10(self.count + 1.0)), 1, 4)
        word = pl.Series([""]).new_from_index(0, len(self.words))
        state = np.arange(len(self.words), dtype=np.int64) * 7919 + len(lang) * 31 + ord(lang[0])
        for step in range(4):
            state = (state * 6364136223 + 1442695041) % 2305843009213693951
            part = syllables.gather(np.where(size > step, (state >> 7) % len(syllables), 0))
            word = word + choose(size > step, part, pl.Series([""]))
        return word + self.words.str.extract(r"([.,?!:]\s*)$").fill_null("")


def combinations(slots: Sequence[Sequence[str]], n: int, rng: np.random.Generator) -> list[str]:
    """At most ``n`` distinct wordings of a text given as slots with alternatives."""
    every = [" ".join(part for part in choice if part) for choice in product(*slots)]
    return [every[0], *(every[i] for i in 1 + rng.permutation(len(every) - 1)[: n - 1])]


class Writer:
    """Writes every text of a log; holds the corpora and remembers which real prompts have been used."""

    def __init__(self, rng: np.random.Generator, folder: Path | None) -> None:
        self.rng = rng
        self.folder = folder
        self.chains: dict[str, Chain] = {}
        self.tongues: dict[str, pl.Series] = {}
        self._pools: dict[str, tuple[pl.Series, int]] = {}
        self._tasks = 0
        self._load()

    def table(self, name: str) -> pl.DataFrame | None:
        """A corpus by file name, or none if text is to be invented."""
        return None if self.folder is None else pl.read_parquet(self.folder / f"{name}.parquet")

    def _load(self) -> None:
        benign, plain, pairs = (self.table(n) for n in ("benign_prompts", "alpaca_en", "distill_corpora"))
        english: list[pl.Series] = []
        if plain is not None:
            english += [plain["output"].head(14_000), plain["instruction"]]
        if pairs is not None:
            english += [pairs["response"].head(6_000).str.head(700)]
        if benign is not None:
            english.append(benign.filter(pl.col("lang") == "en")["prompt"].str.head(1_500))
            for lang, split in (("zh", ""), ("ru", " ")):
                text = benign.filter(pl.col("lang") == lang)["prompt"].drop_nulls()
                if len(text):
                    self.chains[lang] = Chain.build(text.str.split(split).explode().drop_nulls())
            shuffled = benign.filter(pl.col("kind").is_in(["real_user", "human_written"]), lang="en")
            self._pools["real"] = (
                shuffled["prompt"].unique(maintain_order=True).sample(fraction=1.0, shuffle=True, seed=7),
                0,
            )
        if english:
            words = pl.concat([s.cast(pl.String).rename("t") for s in english]).drop_nulls().str.split(" ").explode()
            words = words.filter(words.str.len_bytes() > 0)
        else:
            words = self._invented(120_000)
        self.chains["en"] = Chain.build(words)

    def _invented(self, n: int) -> pl.Series:
        """A made-up English-looking corpus with Zipf's law, for machines without the real ones."""
        onsets = [*"bcdfghklmnprstvw", "st", "pr", "ch", "th"]
        cores = ["a", "e", "i", "o", "u", "ai", "er", "on"]
        bits = [a + b for a in onsets for b in cores]
        picks = self.rng.integers(0, len(bits), (9_000, 3))
        words = pl.Series(["".join(bits[i] for i in row[: 1 + k % 3]) for k, row in enumerate(picks.tolist())])
        zipf = np.minimum(self.rng.zipf(1.25, n) - 1, 8_999)
        stop = pl.Series(np.where(self.rng.random(n) < 0.09, ".", ""), dtype=pl.String)
        return words.gather(zipf) + stop

    def free(self, langs: Sequence[str] | pl.Series, words: Ints, jump: float = 0.22) -> pl.Series:
        """One new text per entry, in its language and of its length in words."""
        codes = pl.Series(langs, dtype=pl.String)
        out = np.empty(len(codes), dtype=np.object_)
        for lang in codes.unique(maintain_order=True).to_list():
            rows = np.flatnonzero((codes == lang).to_numpy())
            chain = self.chains.get(lang, self.chains["en"])
            lengths = np.maximum(words[rows] * (2 if lang == "zh" else 1), 1).astype(np.int64)
            vocabulary = chain.words
            if lang not in self.chains and lang in TEXTS["syllables"]:
                vocabulary = self.tongue(lang)
            walked = vocabulary.gather(chain.walk(self.rng, lengths, jump))
            out[rows] = join(walked, lengths, "" if lang in ("ja", "zh") else " ").to_numpy()
        return pl.Series(out, dtype=pl.String)

    def english(self, n: int, words: int, spread: float = 0.5) -> pl.Series:
        """New English texts of about so many words."""
        size = np.clip(self.rng.lognormal(np.log(words), spread, n), 3, 400).astype(np.int64)
        return self.free(["en"] * n, size)

    def tongue(self, lang: str) -> pl.Series:
        """English words in an invented tongue, made once."""
        if lang not in self.tongues:
            self.tongues[lang] = self.chains["en"].tongue(lang)
        return self.tongues[lang]

    def deal(self, n: int) -> pl.Series:
        """Real users' prompts, each given out once; new text when there are no more."""
        pool, used = self._pools.get("real", (pl.Series("t", [], dtype=pl.String), 0))
        got = pool[used : used + n]
        self._pools["real"] = (pool, used + len(got))
        return pl.concat([got.rename("t"), self.english(n - len(got), 30).rename("t")])

    def column(self, name: str, column: str, where: pl.Expr | None = None, n: int = 400) -> pl.Series:
        """A column of a corpus without nulls, or ``n`` new texts in its place."""
        frame = self.table(name)
        if frame is None:
            return self.english(n, 40)
        return (frame if where is None else frame.filter(where))[column].cast(pl.String).drop_nulls().str.head(3_000)

    def tasks(self, n: int) -> pl.DataFrame:
        """``n`` tasks with answers: columns ``task`` and ``answer``; none twice while the corpora last."""
        frame = self.table("distill_corpora")
        if frame is None:
            return pl.DataFrame({"task": self.english(n, 18), "answer": self.english(n, 60)})
        frame = frame.select(task=pl.col("prompt").str.head(700), answer=pl.col("response").str.head(900)).drop_nulls()
        shuffled = np.random.default_rng(11).permutation(frame.height)
        self._tasks += n
        return frame[shuffled[np.arange(self._tasks - n, self._tasks) % frame.height]]

    def systems(self) -> pl.Series:
        """Long public system prompts in a fixed order, the popular ones first."""
        found = self.column("system_prompts", "text", n=60)
        return found.filter(found.str.len_chars() > (900 if self.folder else 0)).sample(
            fraction=1.0, shuffle=True, seed=3
        )

    def wordings(self, slots: Sequence[Sequence[str]], varied: bool, plain: int = 1) -> list[str]:
        """The wordings a campaign uses: ``plain`` of them, or over 300 with every fourth in another tongue."""
        if not varied:
            return combinations(slots, plain, self.rng)
        found = combinations(slots, 340, self.rng)
        known = {word: code for code, word in enumerate(self.chains["en"].words)}
        for place in range(3, len(found), 4):
            words = pl.Series(found[place].split())
            codes = [known.get(word, strange % len(known)) for word, strange in zip(words, words.hash(5), strict=True)]
            tongue = self.tongue(("de", "es", "ja", "fr", "pt", "ko")[place // 4 % 6])
            found[place] = " ".join(tongue.gather(codes))
        return found

    def pick(self, options: Sequence[str] | pl.Series, n: int, skew: float = 0.0) -> pl.Series:
        """``n`` draws from options; a higher ``skew`` prefers the first ones, as popularity does."""
        weight = 1.0 / np.arange(1, len(options) + 1) ** skew
        chosen = self.rng.choice(len(options), n, p=weight / weight.sum())
        return pl.Series(options, dtype=pl.String).gather(chosen)


def flattened(conversation: Ints, message: pl.Series, reply: pl.Series) -> pl.Series:
    """Conversations as logged by sources that keep whole requests: rows of one, in order, repeat and grow."""
    fresh = np.concatenate([[True], conversation[1:] != conversation[:-1]])
    place = np.arange(len(fresh))
    turn = place - np.maximum.accumulate(np.where(fresh, place, 0))
    asked = "User: " + message
    return grow(choose(fresh, asked, "\n\nAssistant: " + reply.shift(1) + "\n\n" + asked), turn, "")
