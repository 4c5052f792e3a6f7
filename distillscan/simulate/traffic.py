"""Requests of ordinary accounts: their times, addresses, programs, models and prompts."""

from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from distillscan.simulate.clients import CHANNELS, load_clients
from distillscan.simulate.clock import DAY, HOUR, MINUTE, draw_times, pauses
from distillscan.simulate.ids import concatenate, null_unless
from distillscan.simulate.networks import load_networks
from distillscan.simulate.replies import add_responses
from distillscan.simulate.world import Context, Ints

_WEB, _APP, _API, _CLOUD = range(len(CHANNELS))
_OFFICE_HOURS: Final = (9, 18)
_WEEKEND: Final = 5
_EPOCH_WEEKDAY: Final = 3
#: Share of requests whose TLS handshake was not recorded.
_NO_TLS: Final = 0.05
_API_SESSION: Final = 0.3
#: Turns after which programs start a conversation anew.
_LONGEST_HISTORY: Final = 12
_USES_NEW_MODEL: Final = 0.85
#: Columns of accounts that the log shows unchanged.
_CARRIED: Final = ("account_id", "org_id", "payment_id", "email_domain", "account_created_at", "account_type", "plan")


def divide_rows(rng: np.random.Generator, weights: npt.NDArray[np.float64], rows: int, cap: float = 1.0) -> Ints:
    """Divide ``rows`` over accounts by weight: one each as long as there are enough, none above the share ``cap``."""
    count = weights.size
    if rows <= count:
        return (np.arange(count) < rows).astype(np.int64)
    shares = weights / weights.sum()
    for _ in range(8):
        shares = np.minimum(shares, max(cap, 1.5 / count))
        shares = shares / shares.sum()
    return 1 + rng.multinomial(rows - count, shares)


def draw_visits(context: Context, people: pl.DataFrame, counts: Ints, pause_seconds: float = 75) -> pl.DataFrame:
    """Draw when each request happens: ``person`` and ``session`` (positions), ``turn`` (from 0), ``time`` (µs, UTC).

    Args:
        context: Of the part that is being built.
        people: Its accounts.
        counts: Requests per account.
        pause_seconds: Median pause between the turns of a conversation.
    """
    rng, rows = context.rng, int(counts.sum())
    person = np.repeat(np.arange(people.height), counts)
    opens = rng.random(rows) < 1 / people["turns"].to_numpy()[person]
    opens[(np.cumsum(counts) - counts)[counts > 0]] = True
    start = np.flatnonzero(opens)
    session = np.cumsum(opens) - 1
    first, last, offset, rhythms = (people[name].to_numpy() for name in ("first", "last", "offset", "rhythm"))
    who = person[start]
    begins = draw_times(rng, rhythms[who], offset[who], first[who], last[who])
    gaps = np.where(opens, 0, pauses(rng, rows, pause_seconds))
    passed = np.cumsum(gaps)
    time = begins[session] + passed - passed[start][session]
    late = np.maximum(np.maximum.reduceat(time, start) - last[who], 0) if rows else np.zeros(0, np.int64)
    time = np.maximum(time - late[session], first[person])
    turn = np.arange(rows) - start[session]
    return pl.DataFrame({"person": person, "session": session, "turn": turn, "time": time})


def add_account_columns(context: Context, people: pl.DataFrame, when: pl.DataFrame) -> pl.DataFrame:
    """Add to each visit what the log shows of an ordinary account; cohorts then replace some of it."""
    rng = context.rng
    person, session = when["person"].to_numpy(), when["session"].to_numpy()
    sessions = int(session.max(initial=-1)) + 1
    mine = people[person]
    other = rng.random(sessions) < people["channel_share"].to_numpy()[_first(person, session, sessions)]
    channel = np.where(other[session], mine["channel_b"].to_numpy(), mine["channel"].to_numpy())
    lines = when.with_columns(
        *(mine[name] for name in _CARRIED), mine["language"], mine["interest"], mine["interest_b"], mine["whole"],
        pathway=pl.Series(CHANNELS).gather(channel),
        session_id=_sessions(context, sessions, session, channel),
        model=_model(context, mine, when["time"].to_numpy(), session, sessions),
        api_key_id=null_unless(mine["api_key_id"], (channel == _API) | (channel == _CLOUD)),
        device_id=null_unless(_either(rng, mine, sessions, session), channel <= _APP),
    )  # fmt: skip
    lines = lines.with_columns(**_program(context, mine, when["time"].to_numpy(), channel))
    return lines.with_columns(**_place(context, mine, when["time"].to_numpy(), session, sessions, channel))


def _first(person: Ints, session: Ints, sessions: int) -> Ints:
    owner = np.zeros(sessions, np.int64)
    owner[session] = person
    return owner


def _sessions(context: Context, sessions: int, session: Ints, channel: Ints) -> pl.Series:
    """Session ids: always in web and app, only where the program sends one in the API."""
    named = (channel <= _APP) | (context.rng.random(sessions) < _API_SESSION)[session]
    return null_unless(context.mint("sess", sessions).gather(session), named)


def _either(rng: np.random.Generator, mine: pl.DataFrame, sessions: int, session: Ints) -> pl.Series:
    second = (rng.random(sessions) < 0.3)[session]
    return pl.select(pl.when(pl.Series(second)).then(mine["device_b"]).otherwise(mine["device_a"])).to_series()


def _model(context: Context, mine: pl.DataFrame, time: Ints, session: Ints, sessions: int) -> pl.Series:
    """The usual model, and the new one in most conversations after the account has turned to it."""
    turned = (time >= mine["adopts"].to_numpy()) & (context.rng.random(sessions) < _USES_NEW_MODEL)[session]
    released = pl.lit(context.world.lineup.released)
    return pl.select(pl.when(pl.Series(turned)).then(released).otherwise(mine["model"])).to_series()


def _program(context: Context, mine: pl.DataFrame, time: Ints, channel: Ints) -> dict[str, pl.Series]:
    """User agent and TLS fingerprint of the program in use, one version newer after the account's upgrade."""
    clients = load_clients()
    table = np.stack([mine[f"client_{name}"].to_numpy() for name in CHANNELS])
    chosen = table[channel, np.arange(channel.size)]
    chosen = np.where(time >= mine["upgrades"].to_numpy(), clients.newer[chosen], chosen)
    seen = (channel != _CLOUD) & (context.rng.random(channel.size) >= _NO_TLS)
    return {
        "user_agent": clients.agent.gather(chosen),
        "tls_fingerprint": null_unless(clients.tls.gather(chosen), seen),
    }


def _place(
    context: Context, mine: pl.DataFrame, time: Ints, session: Ints, sessions: int, channel: Ints
) -> dict[str, pl.Series]:
    """Address, network and country: office in office hours, else on the move for some conversations, else home."""
    rng, networks = context.rng, load_networks()
    local = time + mine["offset"].to_numpy() * MINUTE
    hour = local % DAY // HOUR
    weekday = (local // DAY + _EPOCH_WEEKDAY) % 7
    office = mine["office_ip"].is_not_null().to_numpy() & (weekday < _WEEKEND)
    office &= (hour >= _OFFICE_HOURS[0]) & (hour < _OFFICE_HOURS[1])
    moving = ~office & (rng.random(sessions)[session] < mine["mobile_share"].to_numpy())
    exits, slots = context.world.exits("mobile")
    on_the_move = mine["mobile_net"].to_numpy() * slots + rng.integers(0, slots, sessions)[session]
    lease = time // mine["lease"].to_numpy() % 3
    home = (
        pl.when(pl.Series(lease == 0)).then(mine["ip_a"])
        .when(pl.Series(lease == 1)).then(mine["ip_b"])
        .otherwise(mine["ip_c"])
    )  # fmt: skip
    is_office, is_moving = pl.Series(office), pl.Series(moving)
    ip = pl.select(
        pl.when(is_office).then(mine["office_ip"]).when(is_moving).then(exits.gather(on_the_move)).otherwise(home)
    ).to_series()
    network = np.where(office, mine["office_net"].to_numpy(), mine["home_net"].to_numpy())
    network = np.where(moving, mine["mobile_net"].to_numpy(), network)
    seen = channel != _CLOUD
    return {
        "ip": null_unless(ip, seen),
        "asn": null_unless(networks.asn.gather(network), seen),
        "country": null_unless(networks.country.gather(network), seen),
    }


def move_conversations(context: Context, when: pl.DataFrame, rows: npt.NDArray[np.bool_], time: Ints) -> pl.DataFrame:
    """Move each conversation whose first turn is marked, so that it begins at that row's ``time``."""
    session = when["session"].to_numpy()
    shift = np.zeros(int(session.max(initial=-1)) + 1, np.int64)
    shift[session[rows]] = (time - when["time"].to_numpy())[rows]
    return when.with_columns(time=(pl.col("time") + pl.Series(shift[session])).clip(upper_bound=context.world.last))


def set_addresses(lines: pl.DataFrame, networks: Ints, addresses: pl.Series) -> pl.DataFrame:
    """Set the address and network of each request; those through a third-party cloud show none."""
    known = load_networks()
    place = {"ip": addresses, "asn": known.asn.gather(networks), "country": known.country.gather(networks)}
    seen = pl.col("pathway") != "cloud"
    return lines.with_columns(pl.when(seen).then(column).otherwise(name).alias(name) for name, column in place.items())


def route_through(
    context: Context, lines: pl.DataFrame, hosts: Ints, *, by: Literal["request", "session"], v6_share: float = 0.0
) -> pl.DataFrame:
    """Set the addresses of all requests to a few shared ones.

    Args:
        context: Of the part that is being built.
        lines: Its requests.
        hosts: The network of each shared address, the same in all blocks.
        by: Whether each request or each conversation leaves through an address of its own.
        v6_share: Share of the addresses that are IPv6, where the network has it.
    """
    addresses = context.once("exits", lambda: load_networks().draw(context.rng, hosts, v6_share))
    count = lines.height if by == "request" else int(lines["session"].to_numpy().max(initial=-1)) + 1
    used = context.rng.integers(0, hosts.size, count)
    used = used if by == "request" else used[lines["session"].to_numpy()]
    return set_addresses(lines, hosts[used], addresses.gather(used))


def add_prompts(context: Context, lines: pl.DataFrame) -> pl.DataFrame:
    """Add the prompts of ordinary people: one interest a conversation; some programs send its history each time."""
    session, rng = lines["session"].to_numpy(), context.rng
    sessions = int(session.max(initial=-1)) + 1
    second = (rng.random(sessions) < 0.3)[session]
    interest = np.where(second, lines["interest_b"].to_numpy(), lines["interest"].to_numpy())
    prompt = context.world.writer.ordinary(rng, lines["language"].to_numpy(), interest, lines["turn"].to_numpy())
    program = lines["pathway"].is_in(["api", "cloud"]).to_numpy()
    return prepend_history(
        add_responses(context, lines.with_columns(prompt=prompt)), lines["whole"].to_numpy() & program
    )


def make_traffic(
    context: Context, people: pl.DataFrame, rows: int, largest: float = 1.0, pause_seconds: float = 75
) -> pl.DataFrame:
    """Return the requests of ordinary accounts: visits by volume, what the log shows of them, and prompts.

    Args:
        context: Of the part that is being built.
        people: Its accounts; each gets requests by its ``volume``.
        rows: Number of requests.
        largest: No account gets more than this share of them.
        pause_seconds: Median pause between the turns of a conversation.
    """
    counts = divide_rows(context.rng, people["volume"].to_numpy(), rows, largest)
    return add_prompts(
        context, add_account_columns(context, people, draw_visits(context, people, counts, pause_seconds))
    )


def prepend_history(lines: pl.DataFrame, where: npt.NDArray[np.bool_]) -> pl.DataFrame:
    """Put the conversation so far, oldest turn first, before the prompts of the marked rows, as whole requests have it.

    Rows of a conversation must follow each other in order of turn. A long one begins anew after a dozen turns. Where
    answers are known (``response``) they stand between the turns.
    """
    turn = lines["turn"].to_numpy()
    text = lines["prompt"]
    said = concatenate(["\n\n", lines["response"], "\n\n"]) if "response" in lines.columns else None
    for number in range(1, int(turn.max(initial=0)) + 1):
        rows = np.flatnonzero(where & (turn == number)) if number % _LONGEST_HISTORY else np.zeros(0, np.int64)
        between = "\n\n" if said is None else said.gather(rows - 1)
        grown = concatenate([text.gather(rows - 1), between, text.gather(rows)])
        text = text.scatter(rows, grown) if rows.size else text
    return lines.with_columns(text.alias("prompt"))
