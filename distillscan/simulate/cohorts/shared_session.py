"""Colleagues and families who hand a conversation over to each other."""

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
import polars as pl

from distillscan.simulate.blocks import by_accounts
from distillscan.simulate.networks import load_networks
from distillscan.simulate.outcome import finish
from distillscan.simulate.people import ONLY_API, domains, make_accounts
from distillscan.simulate.traffic import add_account_columns, add_prompts, divide_rows, draw_visits
from distillscan.simulate.world import Context, Ints, Part, Size

_PLACE: Final = ("country", "language", "offset", "home_net", "ip_a", "ip_b", "ip_c", "lease", "mobile_net")


@dataclass(frozen=True, slots=True)
class SharedSession:
    """Small groups in which one begins a conversation and another goes on with it, under the same session."""

    #: People in a group.
    group: int = 4
    #: Share of groups that are families (one home, one payer); the others are teams of one organisation.
    families: float = 0.4
    #: Share of conversations that are handed over.
    handed_over: float = 0.3

    kind: ClassVar[str] = "shared_session"
    rate: ClassVar[float] = 0.6
    limits: ClassVar[tuple[int, int]] = (24, 50_000)

    @by_accounts
    def build(self, context: Context, size: Size) -> Part:
        """Make groups, and move the later turns of some conversations to another member."""
        rng, count = context.rng, size.accounts
        groups = -(-count // self.group)
        member = np.arange(count) // self.group
        home = (np.arange(groups) < round(groups * self.families))[member]
        people = pl.concat(
            [
                _family(context, make_accounts(context, int(home.sum()), "consumer", arrivals=0.0), member[home]),
                _team(context, make_accounts(context, int((~home).sum()), "employee", arrivals=0.0), member[~home]),
            ]
        ).with_columns(last=pl.lit(size.last, pl.Int64), turns=pl.lit(7.0))
        when = draw_visits(context, people, divide_rows(rng, people["volume"].to_numpy(), size.rows))
        heir = self._heirs(rng, when, count)
        return finish(
            context,
            people,
            add_prompts(context, add_account_columns(context, people, when.with_columns(person=pl.Series(heir)))),
        )

    def _heirs(self, rng: np.random.Generator, when: pl.DataFrame, count: int) -> Ints:
        """Who sends each request: from a random turn on it is another member of the group, if there is one."""
        person, session = when["person"].to_numpy(), when["session"].to_numpy()
        sessions = int(session.max(initial=-1)) + 1
        cut = np.where(rng.random(sessions) < self.handed_over, rng.integers(1, 5, sessions), 2**30)[session]
        step = rng.integers(1, max(2, self.group), sessions)[session]
        start = person // self.group * self.group
        members = np.minimum(self.group, count - start)
        other = start + (person - start + step) % members
        heirs: Ints = np.where(when["turn"].to_numpy() >= cut, other, person)
        return heirs


def _family(context: Context, people: pl.DataFrame, group: Ints) -> pl.DataFrame:
    """Give the members of each group one home and one payer; devices and mail domains stay their own."""
    if not people.height:
        return people
    first = np.searchsorted(group, group)
    return people.with_columns(
        *(people[name].gather(first) for name in _PLACE),
        payment_id=context.mint("pm", people.height).gather(first),
        plan=pl.lit("plus"),
    )


def _team(context: Context, people: pl.DataFrame, group: Ints) -> pl.DataFrame:
    """Give the members of each group one organisation and office, and an API client that sends whole conversations."""
    if not people.height:
        return people
    networks, first = load_networks(), np.searchsorted(group, group)
    offices = networks.pick(context.rng, "office", people["country"].gather(first))
    return people.with_columns(
        *(people[name].gather(first) for name in (*_PLACE, "client_api")),
        **ONLY_API,
        whole=pl.lit(value=True),
        org_id=context.mint("org", people.height).gather(first),
        payment_id=context.mint("pm", people.height).gather(first),
        email_domain=domains(context.rng, people.height).gather(first),
        office_ip=networks.draw(context.rng, offices).gather(first),
        office_net=pl.Series(offices[first]),
    )
