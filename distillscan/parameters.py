"""Every threshold and prior of the analysis, in one place, with its reason; all of them appear in the report.

A detector's own parameters are the dataclass named after it; ``--set detector.name=value`` changes one. What kinds of
token weigh stands in ``distillscan.population.kinds`` with all else that differs between them, and cannot be set.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from distillscan.errors import UsageError
from distillscan.population.kinds import KINDS

#: Groups of parameters beside those of detectors, which may not take these names.
GROUPS: Final = ("cluster", "score", "privacy")


def _p(default: Any, text: str) -> Any:
    """A parameter: its default and the reason for it."""
    return field(default=default, metadata={"help": text})


@dataclass(frozen=True, slots=True)
class ClusterParameters:
    """How accounts become candidate clusters."""

    min_accounts: int = _p(5, "smaller groups are households and small teams; the disclosed campaigns used hundreds")
    hub_share: float = _p(0.25, "an entity on more of all accounts than this links nobody when communities are sought")
    edge_bits: float = _p(3.0, "rarity (log2 of accounts per carrier) from which an entity links accounts")
    small_log: int = _p(64, "accounts of a log below which that is not asked: three bits would be too few carriers")
    kind_bits: float = _p(
        12.0, "bits at most for one kind on one account when communities are sought: 40 addresses are not 40 reasons"
    )
    resolution: float = _p(1.0, "Leiden resolution; 1 is plain modularity")
    coarser: float = _p(0.1, "factor of a second, coarser resolution: a pool may fall into parts below min_accounts")
    seed: int = _p(1, "of the Leiden algorithm, so that a run can be repeated")
    most_crossed: int = _p(24, "tokens of a kind, the commonest, that are crossed with those of others; few have more")
    crossed_bits: float = _p(
        20.0, "excess from which accounts that carry two tokens are a seed: some 2,000 pairs are looked at in vain"
    )
    crossed_times: float = _p(
        3.0, "times as many as by chance that these are at least: in large logs any habits meet a little more often"
    )
    lift: float = _p(6.0, "a token is characteristic of a cluster if carried this many times more often inside it")
    member_bits: float = _p(3.0, "log2 odds from which an account is a member: 8 to 1")
    rounds: int = _p(12, "most rounds of membership refinement; it settles in three to five")
    alike: float = _p(0.7, "cosine of two parts' token use from which they are one operator's")
    typical_part: float = _p(
        0.5, "coverage by a template, as a share of the typical member's, from which an account belongs to its users"
    )
    good_part: float = _p(0.3, "share of an account's use of a kind from which tokens count as its own habit")
    significant_bits: float = _p(
        10.0, "excess beyond the number of tokens looked at from which a token is not shared by chance (1 in 1,000)"
    )
    met_pairs: float = _p(3.0, "pairs of members that meet on conversations and the like: two may be a couple's")
    rare_chance: float = _p(
        0.01, "strangers one would meet on a token by chance, below which two members on it are telling at once"
    )
    widenings: int = _p(2, "times a candidate is widened to all carriers of a cause and refined again")
    free_share: float = _p(
        0.5, "share of a candidate that no stronger one has taken, from which it is an operator of its own"
    )
    opened_part: float = _p(
        0.9, "share of a candidate that lies in one already split, from which it would only be split the same way"
    )
    opened_whole: float = _p(0.67, "share of the one already split that it must have for that: a part may hold more")
    peelings: int = _p(2, "times traits are looked at again among the accounts that no cluster has yet")
    rejoined: float = _p(0.9, "share of two candidates' members that must hold together for them to be one")
    same_habits: int = _p(3, "kinds of traits that a candidate must have in common with the banned one it replaces")
    banned_part: float = _p(0.5, "share of a candidate's accounts that were turned away from which another replaces it")
    replaced_part: float = _p(0.8, "share of a candidate's accounts that start soon after such an end to replace it")
    replaced_hours: int = _p(24, "hours within which an account that replaces a banned one is there")
    max_candidates: int = _p(400, "candidates that are scored, strongest first; real logs give fewer")
    habit: float = _p(0.1, "share of a part that carries a kind from which it is the part's habit; 4 of 80 are not")
    weak_kinds: int = _p(2, "weak kinds of token that must be used alike where no strong one is: one is an accident")
    meetings: int = _p(3, "conversations and the like on which parts of one pool meet at least; one is an accident")
    meeting_share: float = _p(0.1, "share of what the smaller part has of them: parts of one pool meet all over")
    separate: float = _p(
        0.1, "cosine of addresses or cards up to which two users of one wording live apart: pools overlap by accident"
    )
    mostly: float = _p(0.5, "share of a part's accounts from which a pool, cards or relaying are its way of working")
    declared_share: float = _p(
        0.8, "share of a part under one organisation or type of account from which it openly belongs together"
    )
    declared_accounts: int = _p(5, "accounts of such a part at least: four with the same plan are nothing")
    span_tail: float = _p(0.1, "share of a part's accounts left out at either end of its time: stragglers and scouts")
    at_once: float = _p(
        0.5, "share of the shorter time from which parts are active at once; a pool that takes over is active after"
    )
    bridge: float = _p(
        0.25, "size against another's from which a part joins all it is like: smaller ones are leftovers of several"
    )
    scrap: int = _p(3, "accounts below which a part founds no group: thousands would be compared with each other")


@dataclass(frozen=True, slots=True)
class ScoreParameters:
    """How evidence becomes probabilities and severity."""

    prior_coordination: float = _p(
        -10.0, "bits; of the groups found in a log of strangers about one in a thousand is one hand"
    )
    prior_extraction: float = _p(-1.5, "bits; undeclared operators also resell, spam and farm free tiers")
    calibrated_from: float = _p(
        5.0, "bits of coordination from which clusters of known logs were right as often as their sum says"
    )
    calibration: float = _p(1.0, "bits taken off for each bit below: there they were right less often than it says")
    ceiling: float = _p(9.0, "bits, log2 odds that no sum exceeds (99.8 %): a log alone does not prove more")
    family_cap: float = _p(9.0, "bits one family can give: about one innocent group in 500 shows such a pattern")
    unspecific_cap: float = _p(
        2.0,
        "bits for harvesting of volume, round-the-clock use, concealment, one skeleton, one model: spam has all",
    )
    timing_cap: float = _p(4.0, "bits the timing family can give; release day and working hours move crowds")
    family_counts: float = _p(3.0, "bits from which a family counts towards the two that high severity needs")
    high_families: int = _p(2, "families that must count for high: a shared address or prompt alone never accuses")
    declared_bits: float = _p(-20.0, "bits of an openly declared common customer: the sharing is explained")
    declared_share: float = _p(0.8, "share of members under one organisation or domain from which it is declared")
    site_share: float = _p(0.6, "share of members on one network from which an event or site explains their sign-up")
    everybody: float = _p(
        0.5, "share of all accounts from which an organisation is the whole log's, and declares nothing"
    )
    company_share: float = _p(
        0.5, "share of a mail domain's users who are members from which it is their company's, not a provider's"
    )
    unpaid: float = _p(0.5, "part of declared_bits for a company's mail domain whose accounts no one card pays for")
    own_domains: int = _p(2, "mail domains at most with which one card's holder says openly who it is")
    server_bits: float = _p(
        2.0, "bits of anything personal in common from which one application's server does not explain the rest"
    )
    single_holder: float = _p(4.0, "bits up to which a common holder is taken for the voucher or card of that event")
    egress_share: float = _p(
        0.5, "share of the accounts on shared addresses who are members, below which these are a carrier's or a VPN's"
    )
    resting: float = _p(
        0.2, "share of busy members who never rest, below which they are people at work: some leave a job running"
    )
    usual_rhythm: float = _p(
        0.75, "times as strictly as others that quiet members keep to a part of the day, from which they are people"
    )
    adopters: float = _p(
        0.2, "share of comparable accounts that moved to a new model from which a client or the news explains the move"
    )
    naming_share: float = _p(
        0.2, "share of members on one token from which the cluster is named after it: they may come and go"
    )
    report_coordination: float = _p(0.5, "clusters below this coordination are not reported")
    high_coordination: float = _p(0.95, "coordination that high severity needs")
    high_extraction: float = _p(0.75, "extraction that high severity needs")
    critical_score: float = _p(0.97, "score that critical severity needs")
    medium_score: float = _p(0.5, "score that medium severity needs: likelier than not")
    critical_requests: int = _p(2_000, "requests that critical severity needs: below, there is time for a second look")


@dataclass(frozen=True, slots=True)
class TemplateUniformity:
    """Parameters of ``template_uniformity``."""

    min_accounts: int = _p(4, "a shingle on fewer accounts cannot name a shared template")
    min_prompts: int = _p(6, "distinct prompts a template must have: a text that is merely repeated is no skeleton")
    together: float = _p(
        0.35, "two shingles belong to one template if this share of the commoner one's prompts has both"
    )
    min_shingles: int = _p(2, "a template has at least this many kept shingles: one is a common phrase")
    match_share: float = _p(
        0.25, "share of its kept shingles (but two at least) that a prompt must have to be counted as using a template"
    )
    coverage: float = _p(
        0.03,
        "share of an account's sampled prompts from which it carries a template: one of a hundred wordings is enough",
    )
    min_system_tokens: int = _p(
        12, "words a system prompt has at least to be telling when several accounts use it unchanged"
    )
    cap: float = _p(8.0, "bits at most; applications with a fixed prompt are the innocent cause")
    automation_cap: float = _p(
        4.0, "bits for harvesting at most: an application covers all of its users' prompts as well"
    )
    automation_slope: float = _p(1.5, "automation_cap times this is what full coverage weighs before it saturates")
    automation_full: float = _p(6.0, "bits of a shared skeleton from which coverage weighs in full: few others have it")
    comparable: int = _p(30, "accounts with the same client needed to compare with them alone")
    main_client: float = _p(0.5, "share of members with one client from which they are compared with its users")


@dataclass(frozen=True, slots=True)
class AccountFanout:
    """Parameters of ``account_fanout``."""

    holder_cap: float = _p(8.0, "bits of several payments, devices or keys, each on several accounts")
    single_holder_cap: float = _p(4.0, "bits if a single one explains it: an agency or family does the same")
    single_share: float = _p(0.7, "share of the carriers from which one value counts as the single one")
    signup_cap: float = _p(5.0, "bits of sign-ups in bursts: events and courses make them too")
    domain_cap: float = _p(3.0, "bits of one e-mail domain that few others use")
    burst_hours: int = _p(6, "width of the window in which sign-ups are counted")
    burst_p: float = _p(1e-6, "Poisson tail below which a window of sign-ups is a burst")
    burst_min: int = _p(5, "accounts a burst has at least")
    burst_days: int = _p(14, "days on either side whose sign-ups say how many are usual: courses begin by the month")
    common_domain_share: float = _p(0.01, "a mail domain on more of all accounts than this is a mail provider")
    common_domain_accounts: float = _p(50.0, "accounts that this must be at least: in small logs a share is nothing")


@dataclass(frozen=True, slots=True)
class InfrastructureOverlap:
    """Parameters of ``infrastructure_overlap``."""

    pool_cap: float = _p(
        8.0, "bits of a pool: many addresses over several networks, each on several members, few others on them"
    )
    usual_most: float = _p(
        0.9, "share of others on shared addresses that is reckoned with at most: behind one carrier everybody is"
    )
    site_cap: float = _p(3.0, "bits if one network explains it: offices, campuses and carriers do")
    site_share: float = _p(0.6, "share of members on one network from which that network is the explanation")
    rotation_cap: float = _p(6.0, "bits of accounts whose requests come from ever new networks")
    rotation_share: float = _p(
        0.5, "distinct networks per request from which an account rotates; phones and offices stay far below"
    )
    rotation_sticky: float = _p(
        0.25, "the same if the networks belong to several operators: proxies lend an address for some requests"
    )
    rotation_networks: int = _p(5, "distinct networks below which an account does not rotate")
    rotation_operators: int = _p(
        4, "network operators (ASN) from which an account rotates; clouds and phones use one or two"
    )
    rotation_requests: int = _p(8, "requests below which rotation cannot be told from travel")
    concealment_cap: float = _p(1.5, "bits for harvesting: resellers and the careful rotate as well")
    stack_clients: int = _p(3, "client programs that one TLS fingerprint claims to be from which it hides behind them")
    stack_main: float = _p(0.6, "share of the commonest of these up to which none of them explains the fingerprint")
    stack_cap: float = _p(4.0, "bits of one network stack behind many programs: company proxies break TLS open as well")
    software_cap: float = _p(1.5, "bits of a rare client or TLS fingerprint: a small application has one too")


@dataclass(frozen=True, slots=True)
class ReleasePivot:
    """Parameters of ``release_pivot``."""

    cap: float = _p(4.0, "bits at most: early adopters and client defaults move too")
    extraction_cap: float = _p(1.5, "bits for harvesting: a new model is what harvesters want, and everybody else")
    judged_apart: float = _p(
        0.25, "share of members with enough requests from which only they are looked at; else all are, at one request"
    )
    extraction_part: float = _p(0.5, "bits for harvesting for each bit that those who were about weigh by themselves")
    moved_full: float = _p(0.5, "share of the members who were about, moved, from which this weighs in full")
    least_members: int = _p(3, "members who were about, below which nothing can be said of a cluster")
    comparable: int = _p(30, "accounts with the same client or earlier model needed to compare with them alone")
    window_hours: int = _p(24, "the disclosed pivot took less than a day")
    before_days: int = _p(7, "days before the release that say what an account did until then")
    min_before: int = _p(3, "requests before the release without which there is nothing to move")
    min_after: int = _p(3, "requests within the window without which nothing can be said")
    moved: float = _p(0.3, "share of the new model in the window from which an account has moved; half is disclosed")
    min_accounts: int = _p(
        20, "accounts that use a model within three days of its first request, for it to be a release"
    )
    settle_days: int = _p(3, "a model first seen this soon after the log begins is not new")


@dataclass(frozen=True, slots=True)
class OutputHarvest:
    """Parameters of ``output_harvest``."""

    enough: int = _p(24, "requests from which an account's habits can be told")
    sleepless: float = _p(
        0.12, "share of requests in the quietest eight hours from which an account never rests; people stay below 5 %"
    )
    sleepless_full: float = _p(
        0.5, "share of busy members without rest that weighs in full, half of it nothing: a pool mixes in customers"
    )
    busy_members: int = _p(5, "members with enough requests from which habits are judged one by one")
    loose_pairs: int = _p(
        15, "pairs of requests at most that one quiet account counts for when rhythm is judged loosely"
    )
    loose_enough: int = _p(60, "pairs of requests in all from which rhythm is judged loosely")
    loose_certain: float = _p(5.0, "times as many pairs from which that weighs in full")
    loose_usual: float = _p(
        0.05,
        "strictness (0 to 1) with which other accounts keep to a part of the day, above which rhythm can be judged",
    )
    flat_full: float = _p(0.5, "how much looser than others (0 to 1) members are to weigh in full; half of it nothing")
    asleep: float = _p(0.05, "share of requests in the quietest eight hours below which everybody is asleep")
    rhythm_cap: float = _p(2.0, "bits for or against: people sleep, machines and world-wide crowds do not")
    volume_cap: float = _p(2.0, "bits for volume: a model is not copied with a hundred answers")
    volume_floor: float = _p(
        -1.0, "bits against for lack of it: a campaign may just have begun, or be mostly elsewhere"
    )
    volume_slope: float = _p(0.5, "bits for every doubling: sixteen times volume_zero weighs in full")
    volume_zero: int = _p(200, "requests of a cluster at which volume says nothing")
    one_model: float = _p(0.9, "share of an account's requests to one model from which it keeps to it")
    model_cap: float = _p(2.0, "bits for traffic that goes to one model where comparable accounts use several")
    enough_answers: int = _p(5, "answers below which their usual length cannot be told")
    long_cap: float = _p(1.5, "bits for answers longer than those other accounts get: whole reasoning is long")
    long_full: float = _p(2.0, "log2 of how many times longer weighs in full")
    unrepeated: float = _p(0.97, "distinct prompts a request from which an account hardly ever repeats one")
    distinct_cap: float = _p(1.0, "bits for prompts that hardly ever repeat")
    least_members: int = _p(3, "members with enough requests below which one model or repeats say nothing of them all")
    readable: float = _p(
        0.5, "share of members with prompts in the log from which harvesting would show in what they ask for"
    )


@dataclass(frozen=True, slots=True)
class ConversationSharing:
    """Parameters of ``conversation_sharing``."""

    most_accounts: int = _p(
        24,
        "accounts on one beginning of a prompt above which it is an application's, not a conversation's; "
        "on one line of an answer above which it is quoted everywhere",
    )
    cap: float = _p(8.0, "bits of conversations that go on in other accounts: people have second accounts and teams")
    signature_cap: float = _p(9.0, "bits of signed reasoning that other accounts send back: one account was given it")
    replay_cap: float = _p(3.0, "bits for harvesting of signed reasoning sent from other accounts: a replay")
    circle: int = _p(5, "accounts joined by answers passed on from which they are no couple or small team")
    returned_cap: float = _p(8.0, "bits of answers that other accounts send in: colleagues pass answers on as well")
    cleaning_cap: float = _p(2.5, "bits for harvesting of answers sent in by others: grading and cleaning need it")
    usual_most: float = _p(0.9, "share of others who share any that is reckoned with at most: some logs share all")
    languages: int = _p(3, "languages in an account's sampled prompts from which several people speak")
    language_prompts: int = _p(2, "sampled prompts in a language from which an account uses it: one may be quoted")
    clients: int = _p(4, "client programs of one account from which several people use it; a person has two or three")
    enough: int = _p(8, "prompts or requests below which the number of languages or clients says nothing")
    voices_cap: float = _p(4.0, "bits of accounts that several people use: translators and products do so as well")
    relay_cap: float = _p(1.5, "bits for harvesting of conversations spread over accounts: that takes a relay")


@dataclass(frozen=True, slots=True)
class Synchrony:
    """Parameters of ``synchrony``."""

    enough_pairs: float = _p(
        3.0, "pairs of requests in one hour expected at random, below which scattered requests cannot be told"
    )
    scattered: float = _p(
        2.0, "observed over expected pairs up to which requests are dealt out; people's sessions give ten times as many"
    )
    scattered_hours: int = _p(48, "hours from first to last request below which they are one sitting or two")
    even_days: int = _p(5, "active days from which the evenness of an account's days can be told")
    even_requests: int = _p(15, "requests from which the evenness of an account's days can be told")
    even: float = _p(1.3, "variance over mean of requests a day up to which an account is dealt an even share")
    dealt_cap: float = _p(3.0, "bits of accounts that are dealt their requests: cron jobs and products are as well")
    surrogates: int = _p(16, "copies of a cluster with every account's days exchanged, to compare with")
    most_members: int = _p(400, "members, those with the smallest hashes, on whom working in step is tested")
    compared_requests: int = _p(3, "requests of an account from which it can show the pace of everybody")
    enough_step: int = _p(60, "hours in which members are active in all, below which working in step cannot be told")
    significant: float = _p(4.0, "standard deviations above the surrogates from which members work in step")
    step_cap: float = _p(3.0, "bits of working in step: courses, events and outages set the pace of strangers too")
    step_full: float = _p(0.6, "excess of common hours (log2) beyond that of others that weighs in full")


@dataclass(frozen=True, slots=True)
class Succession:
    """Parameters of ``succession``."""

    hours: int = _p(12, "a start this soon after a stop counts as a succession")
    enough: int = _p(5, "accounts that stopped below which nothing can be said")
    margin_hours: int = _p(48, "starts and stops this near to an end of the log may be the log's own")
    chance_floor: float = _p(0.02, "least share of stops that a start is taken to follow by chance")
    cap: float = _p(4.0, "bits of accounts that start when others stop")
    involved_full: float = _p(
        0.5, "ends or starts, whichever are fewer, for each member from which succession speaks for the whole cluster"
    )
    ban_cap: float = _p(4.0, "bits if those that stopped were turned away (401, 403) at the end")
    refused: float = _p(0.2, "share of refusals from which an account probes; users meet one in a hundred")
    refused_requests: int = _p(5, "requests below which the share of refusals says nothing")
    refused_members: int = _p(5, "refused members below which it may be a few broken clients, as any crowd has")
    probing_cap: float = _p(2.0, "bits for harvesting of accounts that probe: testers of safety do so as well")


@dataclass(frozen=True, slots=True)
class ExtractionIntent:
    """Parameters of ``extraction_intent``."""

    enough: int = _p(3, "requests below which what an account asks for cannot be told")
    least: int = _p(2, "requests with an intent that an account has at least to show it: once is curiosity")
    share: float = _p(
        0.2, "share of an account's sampled prompts from which it shows an intent; pools mix in customers' requests"
    )
    system_share: float = _p(0.5, "share of its requests from which an account shows the intent of a system prompt")
    comparable: int = _p(30, "accounts with the same client needed to compare with them alone")
    main_client: float = _p(0.5, "share of members with one client from which they are compared with its users")
    cap: float = _p(4.0, "bits for harvesting of all intents together: research and evaluation ask for the same")
    ordinary_cap: float = _p(
        2.5, "bits of grading, comparing or making up tasks: teachers and judges of models do so daily"
    )
    accord_cap: float = _p(
        2.9, "bits for one hand of asking for the same rare thing: too little to count as a family by itself"
    )
    narrow_prompts: int = _p(6, "distinct prompts below which an account does not keep to anything")
    narrow_share: float = _p(0.8, "share of sampled prompts from which an account keeps to one capability")
    narrow_cap: float = _p(1.5, "bits of keeping to one capability: most products do")


@dataclass(frozen=True, slots=True)
class PrivacyParameters:
    """What of prompts a report may show."""

    shared_by: int = _p(5, "accounts that must share a word of a prompt for a skeleton to show it; 2 at least")

    def __post_init__(self) -> None:
        if self.shared_by < 2:
            raise UsageError(
                f"--set privacy.shared_by={self.shared_by}: 2 is the least, or one customer's own words are shown"
            )


@dataclass(frozen=True, slots=True)
class Parameters:
    """All parameters of a run."""

    cluster: ClusterParameters = ClusterParameters()
    score: ScoreParameters = ScoreParameters()
    privacy: PrivacyParameters = PrivacyParameters()
    detectors: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for the report."""
        return {
            "cluster": asdict(self.cluster),
            "score": asdict(self.score),
            "privacy": asdict(self.privacy),
            "detectors": {name: asdict(p) for name, p in sorted(self.detectors.items())},
            "kinds": {name: kind.weights() for name, kind in KINDS.items()},
        }
