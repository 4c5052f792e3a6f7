"""A public collection of prompts from which unrelated people copy."""

from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from distillscan.simulate import templates
from distillscan.simulate.blocks import by_accounts
from distillscan.simulate.outcome import finish
from distillscan.simulate.people import make_accounts
from distillscan.simulate.traffic import make_traffic
from distillscan.simulate.world import Context, Part, Size


@dataclass(frozen=True, slots=True)
class PromptLibrary:
    """Consumers who paste a published persona now and then and go on in their own words."""

    #: Number of prompts in the collection.
    prompts: int = 40
    #: Share of conversations that begin with one of them.
    copied: float = 0.3

    kind: ClassVar[str] = "prompt_library"
    rate: ClassVar[float] = 0.4
    limits: ClassVar[tuple[int, int]] = (40, 1_000_000)

    @by_accounts
    def build(self, context: Context, size: Size) -> Part:
        """Make ordinary consumers; popular prompts of the collection are copied most."""
        rng = context.rng
        people = make_accounts(context, size.accounts, "consumer")
        lines = make_traffic(context, people, size.rows)
        library = context.once("library", lambda: templates.private_templates(rng, self.prompts))
        which = (self.prompts * rng.random(lines.height) ** 2).astype("int64")
        filled = templates.fill_templates(library, which, lines["prompt"])
        copied = (lines["turn"].to_numpy() == 0) & (rng.random(lines.height) < self.copied)
        text = pl.concat_str(pl.col("said").fill_null(""), pl.col("asked"), separator="\n")
        pasted = pl.DataFrame({"said": filled["system_prompt"], "asked": filled["prompt"]}).select(text).to_series()
        lines = lines.with_columns(prompt=pl.when(pl.Series(copied)).then(pasted.str.strip_chars()).otherwise("prompt"))
        return finish(context, people, lines)
