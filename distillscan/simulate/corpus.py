"""Real prompts from a folder, in place of the built-in ones."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from distillscan.errors import InputError

_PIPELINES: Final = "distill_*.parquet"
_BENIGN: Final = "benign_prompts.parquet"
_TEMPLATES: Final = "p3_templates.parquet"
_SYSTEM: Final = "system_prompts.parquet"
_INSTRUCTIONS: Final = "alpaca_en.parquet"
#: Pipelines that hold answers or mixed corpora rather than what a teacher is asked.
_NOT_PROMPTS: Final = ("distill_corpora.parquet",)
#: Kinds of ``benign_prompts`` that are abuse of another sort, and so no ordinary customers.
_LEFT_OUT: Final = ("other_abuse",)
_LONGEST_PROMPT: Final = 20_000


@dataclass(slots=True)
class Deck:
    """Rows in random order, drawn without replacement: each is used once before any is used again."""

    cards: pl.DataFrame
    _order: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))

    def draw(self, rng: np.random.Generator, count: int) -> pl.DataFrame:
        """Draw ``count`` rows, in random order."""
        while self._order.size < count:
            self._order = np.concatenate([self._order, rng.permutation(self.cards.height)])
        taken, self._order = self._order[:count], self._order[count:]
        return self.cards[taken]

    def deal(self, rng: np.random.Generator, count: int) -> pl.Series:
        """Draw the prompts of ``count`` rows."""
        return self.draw(rng, count)["prompt"]


@dataclass(frozen=True, slots=True)
class Corpus:
    """Real prompts of a folder, by what they are used for."""

    ordinary: Deck
    instructions: Deck
    templates: tuple[pl.Series, ...]
    manuals: pl.Series
    pipelines: Mapping[str, Deck]

    def fresh(self) -> "Corpus":
        """Return the same prompts with no row drawn yet, so that a second simulation does not depend on a first."""
        decks = {name: Deck(deck.cards) for name, deck in self.pipelines.items()}
        return replace(
            self, ordinary=Deck(self.ordinary.cards), instructions=Deck(self.instructions.cards), pipelines=decks
        )

    def agent_prompt(self, rng: np.random.Generator, size: int) -> str:
        """Draw a real system prompt among the ten whose length is nearest to ``size`` bytes."""
        gap = (self.manuals.str.len_bytes().cast(pl.Int64) - size).abs()
        nearest = gap.arg_sort().head(10)
        return str(self.manuals[int(nearest[int(rng.integers(0, len(nearest)))])])

    def shuffled_templates(self, rng: np.random.Generator) -> npt.NDArray[np.int64]:
        """Return the real templates in random order, for ``batch_jobs``."""
        return rng.permutation(len(self.templates))

    def batch_jobs(
        self, rng: np.random.Generator, client: npt.NDArray[np.int64], template: npt.NDArray[np.int64],
        otherwise: Mapping[str, pl.Series],
    ) -> dict[str, pl.Series]:  # fmt: skip
        """Return real batch prompts for as many clients as there are real templates; the others keep what they have."""
        if not template.size:
            return dict(otherwise)
        texts = pl.concat(list(self.templates))
        sizes = np.array([len(group) for group in self.templates])
        starts = np.cumsum(sizes) - sizes
        real = client < template.size
        mine = template[np.minimum(client, template.size - 1)]
        drawn = texts.gather(starts[mine] + (rng.random(client.size) * sizes[mine]).astype(np.int64))
        mask = pl.Series(real)
        return {
            "prompt": pl.select(pl.when(mask).then(drawn).otherwise(otherwise["prompt"])).to_series(),
            "system_prompt": pl.select(pl.when(~mask).then(otherwise["system_prompt"])).to_series(),
        }

    def pipeline(self, *names: str) -> Deck:
        """Return the first of these pipelines (``template_id``, or file name without ``distill_``) that the folder has.

        Raises:
            InputError: None of them is there.
        """
        for name in names:
            if name in self.pipelines:
                return self.pipelines[name]
        known = ", ".join(sorted(self.pipelines)) or "none"
        message = f"The corpus has no distillation pipeline named {' or '.join(names)}; it has: {known}."
        raise InputError(message)


def load_corpus(folder: Path) -> Corpus:
    """Read a folder of real prompts.

    Campaigns take ``distill_*.parquet`` (columns ``template_id``, ``system``, ``prompt``); the innocent take
    ``benign_prompts.parquet`` (``kind``, ``prompt``), ``p3_templates.parquet`` (``template``, ``prompt``),
    ``system_prompts.parquet`` (``text``) and ``alpaca_en.parquet`` (``instruction``, ``input``).

    Raises:
        InputError: The folder, one of its files or one of their columns is missing.
    """
    pipelines = sorted(path for path in folder.glob(_PIPELINES) if path.name not in _NOT_PROMPTS)
    wanted = [folder / name for name in (_BENIGN, _TEMPLATES, _SYSTEM, _INSTRUCTIONS)]
    missing = [path.name for path in wanted if not path.is_file()] + ([] if pipelines else [_PIPELINES])
    if missing:
        message = (
            f"{folder} is not a usable corpus: missing {', '.join(missing)}. Give a folder that holds all of them."
        )
        raise InputError(message)
    benign = _read(folder / _BENIGN, ("kind", "prompt")).filter(~pl.col("kind").is_in(_LEFT_OUT))
    instructions = _read(folder / _INSTRUCTIONS, ("instruction", "input")).select(
        prompt=pl.col("instruction")
        + pl.when(pl.col("input") != "").then("\n\n" + pl.col("input")).otherwise(pl.lit(""))
    )
    groups = _read(folder / _TEMPLATES, ("template", "prompt")).group_by("template", maintain_order=True).agg("prompt")
    decks: dict[str, Deck] = {}
    for path in pipelines:
        cards = _read(path, ("template_id", "system", "prompt")).with_columns(pl.col("system").cast(pl.String))
        decks[path.stem.removeprefix("distill_")] = Deck(cards)
        for key, group in cards.group_by("template_id", maintain_order=True):
            decks[str(key[0])] = Deck(group)
    return Corpus(
        ordinary=Deck(pl.concat([_short(benign.select("prompt")), _short(instructions)])),
        instructions=Deck(_short(instructions)),
        templates=tuple(groups["prompt"]),
        manuals=_read(folder / _SYSTEM, ("text",))["text"],
        pipelines=decks,
    )


def _short(prompts: pl.DataFrame) -> pl.DataFrame:
    """The prompts without very long ones (whole books pasted), which would make a small log large."""
    return prompts.filter(pl.col("prompt").str.len_bytes() <= _LONGEST_PROMPT)


def _read(path: Path, columns: tuple[str, ...]) -> pl.DataFrame:
    try:
        frame = pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        message = f"{path} cannot be read as Parquet: {error}"
        raise InputError(message) from error
    absent = [name for name in columns if name not in frame.columns]
    if absent:
        message = f"{path} has no column {', '.join(absent)}; it has {', '.join(frame.columns)}."
        raise InputError(message)
    return frame.select(columns)
