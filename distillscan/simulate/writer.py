"""Prompts: what ordinary people ask, turn by turn, from the built-in grammar or from a corpus of real prompts."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from distillscan.simulate.corpus import Corpus
from distillscan.simulate.grammar import LANGUAGES, Grammar, load_grammar

INTERESTS: Final = ("code", "explain", "write", "math", "data", "business_talk", "life", "words")

_SMALL_TALK_FIRST: Final = 0.025
_SMALL_TALK_LATER: Final = 0.06
_FOLLOW_UP: Final = 0.62
#: Share of questions that speakers of other languages ask in English.
_ENGLISH: Final = 0.12
_EN: Final = LANGUAGES.index("en")

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes prompts, a whole column at a time."""

    grammar: Grammar
    corpus: Corpus | None = None

    def ordinary(self, rng: np.random.Generator, language: Ints, interest: Ints, turn: Ints) -> pl.Series:
        """Draw what people type: a question first, then follow-ups, now and then only "hi" or "continue".

        Args:
            rng: Source of randomness.
            language: Position in ``LANGUAGES`` per row.
            interest: Position in ``INTERESTS`` per row.
            turn: Turn in the conversation, from 0.
        """
        rows = turn.size
        spoken = np.where(rng.random(rows) < _ENGLISH, _EN, language)
        draw = rng.random(rows)
        small = draw < np.where(turn == 0, _SMALL_TALK_FIRST, _SMALL_TALK_LATER)
        follow = ~small & (turn > 0) & (rng.random(rows) < _FOLLOW_UP)
        tables = self._symbols()
        symbols = tables["ask"][spoken, interest]
        symbols = np.where(follow, tables["followup"][spoken, 0], symbols)
        symbols = np.where(small, tables["smalltalk"][spoken, 0], symbols)
        text = self.grammar.expand_each(rng, symbols)
        if self.corpus is None:
            return text
        asks = ~small & ~follow
        real = self.corpus.ordinary.deal(rng, int(asks.sum()))
        return _put(text, asks, real)

    def ask(
        self, rng: np.random.Generator, rows: int, interests: tuple[str, ...] = INTERESTS, language: str = "en"
    ) -> pl.Series:
        """Draw first questions: in English on any of these interests, in another language, or each in any ("mixed")."""
        if self.corpus is not None:
            return self.corpus.instructions.deal(rng, rows)
        symbols = np.array([self.grammar.symbols[name] for name in interests])
        asked = symbols[rng.integers(0, symbols.size, rows)]
        if language != "en":
            foreign = np.array([self.grammar.symbols[f"{name}_ask"] for name in LANGUAGES[1:]])
            tongue = rng.integers(0, len(LANGUAGES), rows) if language == "mixed" else LANGUAGES.index(language)
            asked = np.where(tongue == _EN, asked, foreign[np.maximum(tongue, 1) - 1])
        return self.grammar.expand_each(rng, asked)

    def text(self, rng: np.random.Generator, symbol: str, rows: int) -> pl.Series:
        """Draw one text per row from any rule of the grammar."""
        return self.grammar.expand(rng, symbol, rows)

    def agent_prompt(self, rng: np.random.Generator, size: int) -> str:
        """Draw a coding agent's system prompt of about ``size`` bytes; with a corpus, a real one."""
        if self.corpus is not None:
            return self.corpus.agent_prompt(rng, size)
        opening = str(self.grammar.expand(rng, "agent_open", 1).item())
        lines = self.grammar.expand(rng, "system_line", max(2, size // 40))
        text = "\n".join([opening, *(f"- {line}" for line in lines)])
        return text.encode()[:size].decode(errors="ignore")

    def _symbols(self) -> dict[str, Ints]:
        """Symbol per language and interest; languages other than English have the same questions for all interests."""
        symbols = self.grammar.symbols

        def name(language: str, interest: str, kind: str) -> str:
            if language == "en":
                return interest if kind == "ask" else kind
            return f"{language}_{kind}"

        return {
            kind: np.array(
                [[symbols[name(language, interest, kind)] for interest in INTERESTS] for language in LANGUAGES]
            )
            for kind in ("ask", "followup", "smalltalk")
        }


def _put(text: pl.Series, where: npt.NDArray[np.bool_], values: pl.Series) -> pl.Series:
    """``text`` with ``values`` at the marked rows, in order."""
    position = np.where(where, np.cumsum(where) - 1, 0)
    taken = values.gather(position) if len(values) else text
    return pl.select(pl.when(pl.Series(where)).then(taken).otherwise(text)).to_series()


def make_writer(corpus: Corpus | None = None) -> Writer:
    """Return a writer that uses the packaged grammar and, if given, a corpus."""
    return Writer(load_grammar(), corpus.fresh() if corpus else None)
