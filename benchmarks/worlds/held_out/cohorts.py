"""The innocent cohorts of a held-out log: who they are, how many, what they do."""

from dataclasses import dataclass
from typing import Final, TypeAlias

Shares: TypeAlias = tuple[tuple[str, float], ...]

MAILS: Final = (
    ("gmail.com", 0.55), ("outlook.com", 0.1), ("hotmail.com", 0.06), ("icloud.com", 0.07), ("yahoo.com", 0.06),
    ("qq.com", 0.03), ("163.com", 0.02), ("proton.me", 0.03), ("gmx.de", 0.03), ("mail.ru", 0.03), ("naver.com", 0.02),
)  # fmt: skip
_WEB: Final = (("browser", 1.0),)
_CODE: Final = (("python", 5.0), ("node", 3.0), ("other", 2.0), ("go", 2.0), ("java", 0.8))
_AGENT: Final = (("agent", 1.0),)
_PYTHON: Final = (("python", 1.0),)
#: A program that only its maker runs.
_ONE: Final = (("one", 1.0),)
_APP: Final = (("app", 1.0),)
_KEY: Final = (("api", 1.0),)
_API: Final = (("api", 0.8), ("cloud_a", 0.12), ("cloud_b", 0.08))


@dataclass(frozen=True)
class Habit:
    """A cohort: its share of the innocent accounts and requests, and what its people do.

    ``group`` people belong together (1: nobody), by ``tie``: ``org`` shares organisation, payment, mail domain and
    site; ``site`` the network alone; ``family`` payment and household; ``owner`` the household, payments apart.
    """

    name: str
    accounts: float
    requests: float
    prompts: str
    network: str = "home"
    client: Shares = _WEB
    pathway: Shares = _APP
    rhythm: str = "day"
    burst: float = 4.0
    gap: float = 75.0
    tail: float = 1.3
    group: int = 1
    tie: str = ""
    models: str = "mixed"
    kind: str = "individual"
    plans: Shares = (("free", 0.6), ("pro", 0.35), ("max", 0.05))
    fixed: int = 0


_PAYG: Final = (("payg", 0.9), ("free", 0.1))
_ORG: Final = (("team", 1.0),)
_BIG: Final = (("enterprise", 1.0),)

# fmt: off
COHORTS: Final = (
    Habit("consumer_web", 0.330, 0.140, "chat", rhythm="evening"),
    Habit("consumer_phone", 0.120, 0.035, "chat", network="mobile", client=(("phone", 1.0),), rhythm="evening"),
    Habit("vpn_user", 0.030, 0.012, "chat", network="vpn", rhythm="evening"),
    Habit("private_relay", 0.030, 0.012, "chat", network="private_relay", rhythm="evening"),
    Habit("family", 0.030, 0.012, "chat", group=3, tie="family", rhythm="evening"),
    Habit("two_hats", 0.016, 0.010, "chat", group=2, tie="owner"),
    # The same agents behind a gateway of one's own, which makes the requests.
    Habit("gateway_agent", 0.012, 0.018, "agent", client=(("python", 3.0), ("go", 1.5), ("node", 1.0), ("other", 0.5)),
        pathway=_KEY, burst=9, gap=18, models="large", plans=(("payg", 1.0),)),
    # Developers who go on with their other login when one is used up.
    Habit("two_logins", 0.008, 0.012, "agent", client=_AGENT, pathway=_KEY, burst=9, gap=18, group=2, tie="owner",
        models="large", plans=(("pro", 1.0),)),
    # A company's own gateway, which spreads its requests over the organisation's workspaces.
    Habit("company_router", 0, 0.012, "saas", network="server", client=_ONE, pathway=_KEY, group=1000, tie="org",
        tail=0.2, kind="organization", plans=_BIG, fixed=12),
    # Unrelated people who sign up within hours because of an offer.
    Habit("promo_signup", 0.014, 0.006, "chat", plans=(("promo", 1.0),)),
    Habit("prompt_fan", 0.040, 0.016, "shared"),
    Habit("coworking", 0.010, 0.006, "chat", network="office", group=15, tie="site", rhythm="office"),
    Habit("campus", 0.030, 0.010, "chat", network="office", group=60, tie="site", kind="education"),
    Habit("class", 0.014, 0.008, "homework", network="office", group=28, tie="site", kind="education", burst=3),
    Habit("hackathon", 0.012, 0.012, "hack", network="office", group=45, tie="site", burst=8,
        client=(("python", 2.0), ("node", 1.0), ("agent", 1.0)), pathway=_KEY, plans=(("promo", 1.0),)),
    Habit("coding_agent", 0.110, 0.190, "agent", client=_AGENT, pathway=_API, burst=9, gap=18, models="large",
        plans=(("pro", 0.5), ("max", 0.3), ("payg", 0.2))),
    Habit("company", 0.050, 0.045, "assistant", network="office", group=140, tie="org", rhythm="office",
        kind="organization", plans=_BIG),
    Habit("company_agents", 0.015, 0.040, "agent", network="office", group=40, tie="org", client=_AGENT, pathway=_KEY,
        rhythm="office", burst=9, gap=18, models="large", kind="organization", plans=_BIG),
    Habit("call_centre", 0.010, 0.014, "desk", network="office", group=60, tie="org", rhythm="flat", burst=3,
        kind="organization", plans=_ORG),
    Habit("agency", 0.013, 0.010, "campaigns", network="office", group=40, tie="site", rhythm="office",
        kind="organization", plans=_PAYG, client=_PYTHON, pathway=_KEY),
    Habit("indie_api", 0.060, 0.080, "batch", network="server", client=_CODE, pathway=_API, rhythm="flat", burst=12,
        gap=6, tail=1.8, plans=_PAYG),
    Habit("nightly", 0.012, 0.014, "batch", network="server", client=_CODE, pathway=_API, rhythm="cron", burst=20,
        gap=4, plans=_PAYG),
    Habit("rag", 0.030, 0.040, "rag", network="server", client=(("python", 5.0), ("other", 1.0)), pathway=_API, burst=5,
        gap=30, tail=1.6, plans=_PAYG),
    Habit("serverless", 0.020, 0.025, "batch", network="platform", client=(("node", 1.0),), pathway=_KEY, burst=2,
        gap=30, tail=1.5, plans=_PAYG),
    Habit("byok_tool", 0.020, 0.020, "byok", network="platform", client=_ONE, pathway=_KEY, burst=4, plans=_PAYG),
    Habit("oss_pipeline", 0.006, 0.014, "pipeline", client=_PYTHON, pathway=_KEY, rhythm="evening", burst=40, gap=5,
        plans=_PAYG),
    Habit("eval_harness", 0.005, 0.020, "exam", network="server", client=_PYTHON, pathway=_KEY, rhythm="flat", burst=80,
        gap=2, models="newest", kind="research", plans=_PAYG),
    Habit("judge", 0.004, 0.020, "judge", network="server", client=_PYTHON, pathway=_API, rhythm="flat", burst=40,
        gap=3, models="large", plans=_PAYG),
    Habit("university_lab", 0.0015, 0.006, "pipeline", network="office", group=8, tie="org", client=_PYTHON,
        pathway=_KEY, burst=40, gap=5, kind="education", plans=_ORG),
    Habit("early_adopter", 0.020, 0.020, "chat", models="newest", burst=6),
    Habit("jailbreaker", 0.004, 0.004, "abuse", network="vpn", burst=5),
    Habit("saas", 0, 0.055, "saas", network="server", client=_CODE, pathway=_API, rhythm="day", burst=3, gap=40,
        kind="organization", plans=_BIG, fixed=9),
    Habit("giant", 0, 0.075, "saas", network="server", client=(("java", 1.0),), pathway=_KEY, rhythm="flat", burst=1,
        models="mini", kind="organization", plans=_BIG, fixed=1),
    Habit("ci_fleet", 0, 0.040, "ci", network="cloud", client=_AGENT, pathway=_KEY, rhythm="flat", burst=5, gap=12,
        models="large", kind="organization", plans=_BIG, fixed=8),
    Habit("reseller", 0, 0.017, "resold", network="platform", group=40, tie="org", client=_ONE, pathway=_KEY, burst=3,
        kind="reseller", plans=(("partner", 1.0),), fixed=40),
)
# fmt: on
