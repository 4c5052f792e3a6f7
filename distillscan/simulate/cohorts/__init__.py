"""Innocent cohorts: accounts that look alike for a harmless reason; one module each."""

from typing import Final

from distillscan.simulate.builder import Builder
from distillscan.simulate.cohorts.agency import Agency
from distillscan.simulate.cohorts.campus import Campus
from distillscan.simulate.cohorts.carrier_nat import CarrierNat
from distillscan.simulate.cohorts.ci_fleet import CiFleet
from distillscan.simulate.cohorts.coding_client import CodingClient
from distillscan.simulate.cohorts.company_rollout import CompanyRollout
from distillscan.simulate.cohorts.cron_jobs import CronJobs
from distillscan.simulate.cohorts.early_adopters import EarlyAdopters
from distillscan.simulate.cohorts.eval_harness import EvalHarness
from distillscan.simulate.cohorts.hackathon import Hackathon
from distillscan.simulate.cohorts.harness_users import HarnessUsers
from distillscan.simulate.cohorts.homework import Homework
from distillscan.simulate.cohorts.mobile_churn import MobileChurn
from distillscan.simulate.cohorts.popular_app import PopularApp
from distillscan.simulate.cohorts.privacy_relay import PrivacyRelay
from distillscan.simulate.cohorts.production_giant import ProductionGiant
from distillscan.simulate.cohorts.prompt_library import PromptLibrary
from distillscan.simulate.cohorts.public_judge import PublicJudge
from distillscan.simulate.cohorts.public_prompt import PublicPrompt
from distillscan.simulate.cohorts.rate_limits import RateLimits
from distillscan.simulate.cohorts.reseller import Reseller
from distillscan.simulate.cohorts.second_account import SecondAccount
from distillscan.simulate.cohorts.shared_session import SharedSession
from distillscan.simulate.cohorts.translation_product import TranslationProduct
from distillscan.simulate.cohorts.travellers import Travellers
from distillscan.simulate.cohorts.viral_prompt import ViralPrompt
from distillscan.simulate.cohorts.vpn_users import VpnUsers

COHORTS: Final[tuple[type[Builder], ...]] = (
    Agency,
    Campus,
    CarrierNat,
    CiFleet,
    CodingClient,
    CompanyRollout,
    CronJobs,
    EarlyAdopters,
    EvalHarness,
    Hackathon,
    HarnessUsers,
    Homework,
    MobileChurn,
    PopularApp,
    PrivacyRelay,
    ProductionGiant,
    PromptLibrary,
    PublicJudge,
    PublicPrompt,
    RateLimits,
    Reseller,
    SecondAccount,
    SharedSession,
    TranslationProduct,
    Travellers,
    ViralPrompt,
    VpnUsers,
)
