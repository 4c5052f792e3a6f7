"""The background: unrelated accounts of every segment with heavy-tailed volumes, small teams, production clients."""

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
import polars as pl

from distillscan.simulate import templates
from distillscan.simulate.blocks import by_accounts
from distillscan.simulate.clock import DAY
from distillscan.simulate.grammar import LANGUAGES
from distillscan.simulate.networks import load_networks
from distillscan.simulate.outcome import finish
from distillscan.simulate.people import domains, make_accounts
from distillscan.simulate.traffic import add_account_columns, add_prompts, divide_rows, draw_visits
from distillscan.simulate.world import Context, Ints, Part, Size

_TEAM: Final = 4
_PAYLOADS: Final = ("article", "context", "datablock", "codeblock", "logblock", "clause", "statement", "working")
_FIXED: Final = ("fixed_record", "fixed_code", "fixed_pair")


@dataclass(frozen=True, slots=True)
class Background:
    """Ordinary accounts; the first five options are the shares of accounts by segment."""

    consumer: float = 0.6
    developer: float = 0.22
    employee: float = 0.1
    student: float = 0.05
    server: float = 0.03
    #: Share of production clients whose prompts all have the same length.
    constant_length: float = 0.19
    #: Share of consumers who share a home with the account before them in the list.
    households: float = 0.05
    #: Share of people with a standing instruction of their own, sent as the system prompt of every request.
    habits: float = 0.03
    #: Share of accounts that are closed for reasons of no campaign: their last request gets a 403.
    closed: float = 0.004
    #: Share of production clients and standing instructions written in the language of their country.
    native: float = 0.0
    #: Whether production clients, unrelated as they are, ask for everything that campaigns ask for.
    wide: bool = False
    #: No single account sends more than this share of the background.
    largest: float = 0.08

    kind: ClassVar[str] = "ordinary"
    rate: ClassVar[float] = 0.75
    limits: ClassVar[tuple[int, int]] = (20, 10_000_000)

    @by_accounts
    def build(self, context: Context, size: Size) -> Part:
        """Make the accounts of every segment, their traffic, and a template for each production client."""
        shares = np.array([self.consumer, self.developer, self.employee, self.student, self.server])
        names = ("consumer", "developer", "employee", "student", "server")
        heads = np.maximum(1, np.round(shares / shares.sum() * size.accounts)).astype(np.int64)
        sorts = np.repeat(np.arange(len(names)), heads)
        groups = [make_accounts(context, int(count), name) for name, count in zip(names, heads, strict=True)]
        groups[0] = _households(context, groups[0], self.households)
        groups[2] = _teams(context, groups[2])
        people = pl.concat(groups).with_columns(sort=pl.Series(sorts))
        counts = divide_rows(context.rng, people["volume"].to_numpy(), size.rows, min(1.0, self.largest * size.blocks))
        people, counts = people.filter(pl.Series(counts > 0)), counts[counts > 0]
        lines = add_prompts(context, add_account_columns(context, people, draw_visits(context, people, counts)))
        servers = (people["sort"] == names.index("server")).to_numpy()
        lines = _instruct(context, lines, people, self.habits, self.native)
        lines = self._produce(context, lines, people, np.flatnonzero(servers))
        shut = pl.Series(context.rng.random(people.height) < self.closed).gather(lines["person"])
        final = pl.col("time") == pl.col("time").max().over("person")
        return finish(context, people, lines.with_columns(status_code=pl.when(final & shut).then(pl.lit(403))))

    def _produce(self, context: Context, lines: pl.DataFrame, people: pl.DataFrame, servers: Ints) -> pl.DataFrame:
        """Replace the prompts of production clients by their own template around changing content."""
        tongues = _tongues(context, people["language"].gather(servers), self.native)
        rank = np.full(int(lines["person"].max()) + 1 if lines.height else 0, -1)  # type: ignore[arg-type]
        rank[servers] = np.arange(servers.size)
        mine = rank[lines["person"].to_numpy()]
        rows = np.flatnonzero(mine >= 0)
        columns = production_prompts(context, mine[rows], servers.size, self.constant_length, tongues, wide=self.wide)
        place = np.full(lines.height, -1)
        place[rows] = np.arange(rows.size)
        here = pl.Series(place >= 0)
        at = np.maximum(place, 0)
        return lines.with_columns(
            prompt=pl.when(here).then(columns["prompt"].gather(at) if rows.size else None).otherwise(pl.col("prompt")),
            system_prompt=pl.when(here)
            .then(columns["system_prompt"].gather(at) if rows.size else None)
            .otherwise(pl.col("system_prompt")),
        )


def production_prompts(
    context: Context,
    client: Ints,
    clients: int,
    constant_length: float = 0.0,
    tongues: list[str] | None = None,
    *,
    wide: bool = False,
) -> dict[str, pl.Series]:
    """Return ``prompt`` and ``system_prompt`` of production clients, each with a template of its own.

    Args:
        context: Of the part that is being built.
        client: Client per row, from 0.
        clients: Number of clients.
        constant_length: Share of clients whose prompts all have the same length.
        tongues: Language of each client; English if not given.
        wide: Whether they ask for everything that campaigns ask for.
    """
    rng, writer = context.rng, context.world.writer
    mine = templates.private_templates(rng, clients, 0.1, tongues, wide=wide)
    symbols = np.array([writer.grammar.symbols[name] for name in _PAYLOADS])[rng.integers(0, len(_PAYLOADS), clients)]
    fixed = np.array([writer.grammar.symbols[name] for name in _FIXED])[rng.integers(0, len(_FIXED), clients)]
    if tongues is not None:
        own = np.array(
            [writer.grammar.symbols[templates.symbol_name(tongue, "article")] for tongue in tongues], np.int64
        )
        symbols = np.where(np.array(tongues) == "en", symbols, own)
    payload = np.where(rng.random(clients) < constant_length, fixed, symbols)
    columns = templates.fill_templates(mine, client, writer.grammar.expand_each(rng, payload[client]))
    if writer.corpus is None:
        return columns
    corpus = writer.corpus
    real = context.once("real templates", lambda: corpus.shuffled_templates(rng))
    mine_real, context.kept["real templates"] = real[:clients], real[clients:]
    return corpus.batch_jobs(rng, client, mine_real, columns)


def _tongues(context: Context, languages: pl.Series, native: float) -> list[str] | None:
    """The language of each client's instructions: its country's for a share ``native`` of clients, else English."""
    if not native:
        return None
    own = context.rng.random(len(languages)) < native
    return [LANGUAGES[spoken] if mine else "en" for spoken, mine in zip(languages, own, strict=True)]


def _instruct(
    context: Context, lines: pl.DataFrame, people: pl.DataFrame, share: float, native: float
) -> pl.DataFrame:  # fmt: skip
    """Give some people a standing instruction each: how to answer, or to show the thinking first."""
    rng, writer, accounts = context.rng, context.world.writer, people.height
    thinking = rng.random(accounts) < 0.3
    tongues = _tongues(context, people["language"], native) or ["en"] * accounts
    names = [
        templates.symbol_name(tongue, name)
        for tongue, name in zip(tongues, np.where(thinking, "injection", "habit"), strict=True)
    ]
    own = writer.grammar.expand_each(rng, np.array([writer.grammar.symbols[name] for name in names], np.int64))
    has = pl.Series(rng.random(accounts) < share)
    mine = lines["person"].to_numpy()
    return lines.with_columns(system_prompt=pl.when(has.gather(mine)).then(own.gather(mine)))


def _households(context: Context, people: pl.DataFrame, share: float) -> pl.DataFrame:
    """Put a share of consumers into the household of the one before: same address, for half also payer and device."""
    rng, own = context.rng, np.arange(people.height)
    joined = (rng.random(own.size) < share) & (own > 0)
    home = np.where(joined, own - 1, own)
    purse = np.where(joined & (rng.random(own.size) < 0.5), own - 1, own)
    place = ("country", "language", "offset", "home_net", "ip_a", "ip_b", "ip_c", "lease", "mobile_net")
    return people.with_columns(
        *(people[name].gather(home) for name in place),
        payment_id=pl.when(pl.col("payment_id").is_not_null()).then(people["payment_id"].gather(purse)),
        device_b=people["device_b"].gather(purse),
    )


def _teams(context: Context, people: pl.DataFrame) -> pl.DataFrame:
    """Group employees into small companies: one organisation, payer, mail domain, office and start each."""
    rng, count = context.rng, people.height
    teams = max(1, count // _TEAM)
    team = np.sort(rng.integers(0, teams, count))
    networks = load_networks()
    lead = np.searchsorted(team, np.arange(teams)).clip(0, count - 1)
    office = networks.pick(rng, "office", people["country"].gather(lead))
    joined = people["account_created_at"].gather(lead).gather(team).to_numpy()
    joined = joined + rng.exponential(20 * DAY, count).astype(np.int64)
    return people.with_columns(
        org_id=context.mint("org", teams).gather(team), payment_id=context.mint("pm", teams).gather(team),
        email_domain=domains(rng, teams).gather(team), office_ip=networks.draw(rng, office).gather(team),
        office_net=pl.Series(office[team]), country=people["country"].gather(lead).gather(team),
        language=people["language"].gather(lead).gather(team), offset=people["offset"].gather(lead).gather(team),
        account_created_at=pl.Series(np.minimum(joined, people["first"].to_numpy())),
    )  # fmt: skip
