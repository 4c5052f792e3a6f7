"""Pools, offices, rotation and fingerprints, on accounts few enough to count by hand."""

import pytest

from distillscan.detect.detectors import infrastructure_overlap
from distillscan.detect.detectors.infrastructure_overlap import InfrastructureOverlapParameters
from distillscan.population.accounts import Population
from distillscan.population.graph import SIGNALS
from distillscan.population.stats import group_bits
from distillscan.profile.text.hashes import hash_text
from tests.support.populations import population_of
from tests.support.weighing import Rows, assess, carried, each, others, ties, tuned

# What the figures below are worked out for; the defaults may be tuned.
OVERLAP = InfrastructureOverlapParameters(
    site_share=0.6,
    stack_clients=3,
    stack_main=0.6,
    stack_cap=4.0,
    software_cap=1.5,
)


def rotates(population: Population) -> list[bool]:
    """Whether each account rotates."""
    return [bool(shows) for shows in infrastructure_overlap.rotating(population)[0]]


class TestRotating:
    @pytest.mark.parametrize(
        ("requests", "networks", "expected"),
        [(8, 5, True), (8, 4, False), (10, 5, True), (11, 5, False), (7, 7, False), (60, 48, True)],
    )
    def test_ever_new_networks_are_half_of_the_requests_and_five_at_least(
        self, requests: int, networks: int, expected: bool
    ) -> None:
        rows = [{"account_id": "m", "ip": f"10.{k % networks}.0.{k}"} for k in range(requests)]
        assert rotates(population_of(rows)) == [expected]

    def test_new_addresses_of_one_carrier_are_no_rotation(self) -> None:
        rows = [{"account_id": "m", "ip": f"10.0.0.{k}"} for k in range(20)]
        assert rotates(population_of(rows)) == [False]

    @pytest.mark.parametrize(("operators", "expected"), [(4, True), (3, False), (1, False), (0, True)])
    def test_machines_of_one_cloud_or_two_do_not_rotate(self, operators: int, expected: bool) -> None:
        # Where the log does not name the operators of the networks (0), the networks are all there is to see.
        rows = [
            {"account_id": "m", "ip": f"10.{k}.0.1", "asn": f"AS{64_500 + k % operators}" if operators else None}
            for k in range(12)
        ]
        assert rotates(population_of(rows)) == [expected]

    @pytest.mark.parametrize(
        ("requests", "networks", "operators", "expected"),
        [(20, 5, 4, True), (21, 5, 4, False), (20, 5, 3, False), (12, 4, 4, False)],
    )
    def test_proxies_of_several_operators_may_lend_an_address_for_some_requests(
        self, requests: int, networks: int, operators: int, expected: bool
    ) -> None:
        rows = [
            {"account_id": "m", "ip": f"10.{k % networks}.0.1", "asn": f"AS{k % networks % operators}"}
            for k in range(requests)
        ]
        assert rotates(population_of(rows)) == [expected]

    def test_requests_without_an_address_do_not_count(self) -> None:
        rows = [{"account_id": "m", "ip": f"10.{k % 5}.0.1" if k < 10 else None} for k in range(40)]
        population = population_of(rows)
        assert infrastructure_overlap.with_address(population).tolist() == [10]
        assert rotates(population) == [True]
        few = population_of(rows[3:])
        assert infrastructure_overlap.rotating(few)[1].tolist() == [False]

    def test_where_the_networks_are_a_sample_all_requests_are_taken_to_have_one(self) -> None:
        rows = [{"account_id": "m", "ip": f"10.{k}.0.1" if k < 200 else None} for k in range(250)]
        assert infrastructure_overlap.with_address(population_of(rows)).tolist() == [250]

    def test_it_is_a_trait_of_those_who_ask_often_enough(self) -> None:
        rows: Rows = []
        for name, networks, requests in (("turns", 8, 8), ("stays", 1, 9), ("rare", 7, 7)):
            rows += [{"account_id": name, "ip": f"10.{k % networks}.0.1"} for k in range(requests)]
        rows += [{"account_id": "unseen"}] * 9
        population = population_of(rows)
        signals = infrastructure_overlap.InfrastructureOverlapDetector().signals(population, OVERLAP)
        assert carried(population, signals, "rotation", 1.0) == {1: {"turns"}}
        assert carried(population, signals, "rotation", 0.0) == {1: {"stays"}}

    def test_without_addresses_nobody_rotates(self) -> None:
        assert rotates(population_of(each(9))) == [False] * 9


class TestInfrastructureOverlap:
    detector = tuned(infrastructure_overlap.InfrastructureOverlapDetector(), OVERLAP)

    def effort(self, rows: Rows) -> float:
        """What is said of their harvesting, of at most 1."""
        found = [f for f in assess(rows, self.detector) if f.axis == "extraction"]
        assert all(f.bits == pytest.approx(OVERLAP.concealment_cap * f.details["effort"]) for f in found)
        assert all(not f.specific for f in found)
        return float(sum(f.details["effort"] for f in found))

    def test_a_pool_takes_effort_and_an_office_does_not(self) -> None:
        assert self.effort([*self.pool]) == pytest.approx(ties([*self.pool], self.detector)[0].bits / OVERLAP.pool_cap)
        office = each(10, ip=lambda k: "192.0.1.1" if k < 6 else "192.0.2.1")
        assert self.effort([*office, *self.pool[10:]]) == 0

    def test_so_does_rotation_and_the_greater_of_both_counts(self) -> None:
        turning = [{"account_id": f"m{k}", "ip": f"{20 + k}.{j}.0.1"} for k in range(10) for j in range(12)]
        settled = [{"account_id": f"x{k}", "ip": f"60.{k}.0.{j}"} for k in range(60) for j in range(9)]
        (rotation,) = ties(turning + settled, self.detector)
        assert self.effort(turning + settled) == pytest.approx(rotation.bits / 6.0)
        # Two proxies that all have in common, and four networks of their own where they mostly are.
        places = [("192.0.1.1", 1), ("192.0.2.1", 1), *((f"{20 + k}.{{}}.0.1", 2) for k in range(4))]
        both = [{"account_id": f"m{k}", "ip": ip.format(k)} for k in range(10) for ip, n in places for _ in range(n)]
        pool, rotation = ties(both + settled, self.detector)
        efforts = {pool.bits / OVERLAP.pool_cap, rotation.bits / 6.0}
        assert len(efforts) == 2
        assert self.effort(both + settled) == pytest.approx(max(efforts))

    def test_shared_addresses_networks_and_fingerprints_are_tokens(self) -> None:
        rows = each(
            4,
            ip=lambda k: f"10.0.{k // 2}.{k % 2}" if k else "10.0.0.1",
            tls_fingerprint=lambda k: "t" if k < 3 else "u",
            user_agent=lambda k: f"agent/{k}",
        )
        rows += [{"account_id": "m3", "ip": f"11.{k}.0.1"} for k in range(7)]
        population = population_of(rows)
        signals = self.detector.signals(population, OVERLAP)
        assert signals.schema == SIGNALS
        assert carried(population, signals, "ip") == {hash_text("10.0.0.1"): {"m0", "m1"}}
        assert carried(population, signals, "ip_prefix") == {
            hash_text("10.0.0.0/24"): {"m0", "m1"},
            hash_text("10.0.1.0/24"): {"m2", "m3"},
        }
        assert carried(population, signals, "tls") == {hash_text("t"): {"m0", "m1", "m2"}}
        assert carried(population, signals, "rotation") == {1: {"m3"}}
        assert set(signals["kind"]) == {"ip", "ip_prefix", "tls", "rotation"}
        assert set(signals["strength"]) == {1.0}

    #: Ten members on two proxies in two networks, strangers at home.
    pool = (*each(10, ip=lambda k: f"192.0.{k % 2}.1"), *others(190, ip=lambda k: f"10.0.{k}.1"))

    def test_a_pool_that_nobody_else_uses(self) -> None:
        (found,) = ties([*self.pool], self.detector)
        assert found.summary == (
            "10 of 10 members meet on shared addresses (2 addresses in 2 networks); 100 % of the accounts on these are "
            "members, and 0.26 % of other accounts share an address with anyone"
        )
        assert (found.family, found.axis) == ("network", "coordination")
        assert found.bits == pytest.approx(group_bits(10, 10, 10, 0.5 / 191, OVERLAP.pool_cap))
        assert found.details == {
            "members_sharing": 10,
            "members_with_address": 10,
            "addresses": 2,
            "networks": 2,
            "largest_network_share": 0.5,
            "accounts_on_them": 10,
            "sharing_outside": 0.5 / 191,
        }

    def test_strangers_on_it_take_their_share_even_if_it_is_little_of_what_they_use(self) -> None:
        passing = [
            {"account_id": "x0", "ip": "192.0.0.1"},
            *({"account_id": "x0", "ip": f"11.0.{k}.1"} for k in range(9)),
        ]
        (found,) = ties([*self.pool, *passing], self.detector)
        assert found.details["accounts_on_them"] == 11
        assert found.bits == pytest.approx(group_bits(10, 10, 10, 1.5 / 191, OVERLAP.pool_cap) * 10 / 11)

    @pytest.mark.parametrize(("at_home", "one_site"), [(6, True), (5, False)])
    def test_one_network_for_most_is_an_office(self, at_home: int, one_site: bool) -> None:
        rows = each(10, ip=lambda k: "192.0.1.1" if k < at_home else "192.0.2.1")
        (found,) = ties([*rows, *self.pool[10:]], self.detector)
        cap = OVERLAP.site_cap if one_site else OVERLAP.pool_cap
        assert found.bits == pytest.approx(group_bits(10, 10, 10, 0.5 / 191, cap))
        assert ("one network serves 60 % of them" in found.summary) == one_site

    def test_networks_stand_in_where_no_address_is_shared(self) -> None:
        rows = each(10, ip=lambda k: f"192.0.{k % 2}.{k}")
        (found,) = ties([*rows, *self.pool[10:]], self.detector)
        assert (found.details["addresses"], found.details["networks"]) == (0, 2)
        assert "(2 networks in 2 networks)" in found.summary
        assert found.bits == pytest.approx(group_bits(10, 10, 10, 0.5 / 191, OVERLAP.pool_cap))

    def test_one_address_is_said_in_the_singular(self) -> None:
        rows = each(10, ip="192.0.1.1") + each(10, ip=lambda k: f"11.0.{k}.1") * 2
        (found,) = ties([*rows, *self.pool[10:]], self.detector)
        assert found.details["largest_network_share"] == 0.1
        assert "(1 address in 1 network)" in found.summary

    def test_rotation_is_counted_among_those_who_ask_often_enough(self) -> None:
        rows = [{"account_id": f"m{k}", "ip": f"{20 + k}.{j}.0.1"} for k in range(5) for j in range(8 if k < 4 else 3)]
        rows += [{"account_id": f"x{k}", "ip": f"{60 + k}.0.0.{j}"} for k in range(30) for j in range(9)]
        rows += [{"account_id": f"x{k}", "ip": f"{200}.{k}.{j}.1"} for k in range(3) for j in range(9)]
        (found,) = ties(rows, self.detector)
        outside = 3.5 / 31
        assert found.summary == "4 of 4 members use a new network for most requests; 11 % of other accounts do"
        assert found.bits == pytest.approx(group_bits(4, 4, 5, outside, 6.0))
        assert found.details == {
            "members_rotating": 4,
            "members_with_enough_requests": 4,
            "rate_outside": outside,
        }

    def stacked(self, programs: int, main: int) -> set[str]:
        """Accounts on fingerprints that pass for several programs: ten accounts, ``main`` of which say the first."""
        rows = each(
            10, tls_fingerprint="t", user_agent=lambda k: f"{'abcdefgh'[0 if k < main else 1 + k % (programs - 1)]}/{k}"
        )
        rows += [{"account_id": "mute", "tls_fingerprint": "t"}, {"account_id": "x", "tls_fingerprint": "u"}]
        population = population_of(rows)
        signals = self.detector.signals(population, OVERLAP)
        found = carried(population, signals, "stack")
        assert set(found) <= {hash_text("t")}
        return found.get(hash_text("t"), set())

    def test_one_stack_that_passes_for_many_programs_is_a_token(self) -> None:
        # Who does not say what program it uses does not lie about it.
        everyone = {f"m{k}" for k in range(10)}
        assert self.stacked(3, 6) == everyone
        # One of them explains it, or there are two only; versions do not count.
        assert self.stacked(3, 7) == set()
        assert self.stacked(2, 5) == set()

    def test_it_weighs_more_than_a_rare_program(self) -> None:
        rows = each(10, tls_fingerprint="t", user_agent=lambda k: f"{'abcd'[k % 4]}/1")
        rows += others(200, tls_fingerprint=lambda k: f"own{k % 4}", user_agent=lambda k: f"{'abcd'[k % 4]}/1")
        (found,) = ties(rows, self.detector)
        assert found.bits == pytest.approx(group_bits(10, 10, 10, 0.5 / 201, OVERLAP.stack_cap))
        assert found.summary == (
            "10 of 10 members use one network stack (TLS fingerprint) under the names of many client programs "
            "that 0.25 % of other accounts use"
        )
        assert found.details["kind"] == "stack"

    def test_agent_and_fingerprint_are_one_program_and_the_stronger_speaks(self) -> None:
        rows = each(10, user_agent="rare/1", tls_fingerprint=lambda k: "t" if k < 6 else f"t{k}")
        rows += others(200, user_agent=lambda k: f"a{k % 4}", tls_fingerprint=lambda k: f"f{k % 4}")
        (found,) = ties(rows, self.detector)
        assert found.summary == "10 of 10 members use user agents that 0.25 % of other accounts use"
        assert found.bits == pytest.approx(group_bits(10, 10, 10, 0.5 / 201, OVERLAP.software_cap))
        assert found.details == {
            "kind": "user_agent",
            "members": 10,
            "members_stating": 10,
            "values": 1,
            "rate_outside": 0.5 / 201,
        }
        (weaker,) = ties([{**row, "user_agent": None} for row in rows], self.detector)
        assert weaker.summary == "6 of 10 members use TLS fingerprints that 0.25 % of other accounts use"
        assert weaker.bits == pytest.approx(group_bits(6, 10, 10, 0.5 / 201, OVERLAP.software_cap))
