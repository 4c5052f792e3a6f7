"""What a third party's detector may import, promised to be stable: see docs/adding-a-detector.md.

Register a class through the entry-point group ``distillscan.detectors``; test it with ``distillscan.testing``.
"""

from distillscan.detect.base import Candidate, Comparison, Detector, Finding, percent, plural, present
from distillscan.detect.claims import (
    Claim,
    DailyRhythmFacts,
    NoRestFacts,
    OwnDomainFacts,
    PivotFacts,
    SharedHolderFacts,
    SharedPoolFacts,
)
from distillscan.detect.tokens import shared_entities, trait_tokens
from distillscan.population.accounts import CREATED, PROMPTS, Floats, Hashes, Ints, Mask, Population, Release, memoized
from distillscan.population.graph import SIGNALS, SignalGraph
from distillscan.population.kinds import (
    CONVERSATION,
    DEALING,
    EGRESS,
    HOLDER,
    INTENT,
    PIVOT,
    REGISTRATION,
    RETURNED,
    ROTATION,
    SIGNATURE,
    SOFTWARE,
    STACK,
    VOICES,
    WORDING,
    Cause,
    Kind,
)
from distillscan.population.stats import (
    bernoulli_kl,
    group_bits,
    poisson_llr,
    probability,
    saturate,
    share_bits,
    smoothed_rate,
)
from distillscan.result import Axis, Family
from distillscan.settings import threshold

# What a detector is made of, and what it works on.
__all__ = ["Axis", "Candidate", "Comparison", "Detector", "Family", "Finding", "Population", "Release", "SignalGraph"]
__all__ += ["percent", "plural", "present", "shared_entities", "threshold", "trait_tokens"]
# Tokens: their frame, their kinds, the built-in kinds.
__all__ += ["SIGNALS", "Cause", "Kind"]
__all__ += ["CONVERSATION", "DEALING", "EGRESS", "HOLDER", "INTENT", "PIVOT", "REGISTRATION", "RETURNED", "ROTATION"]
__all__ += ["SIGNATURE", "SOFTWARE", "STACK", "VOICES", "WORDING"]
# Claims that innocent explanations are tested against, and the facts they need.
__all__ += ["Claim", "DailyRhythmFacts", "NoRestFacts", "OwnDomainFacts", "PivotFacts"]
__all__ += ["SharedHolderFacts", "SharedPoolFacts"]
# Columns, arrays and statistics.
__all__ += ["CREATED", "PROMPTS", "Floats", "Hashes", "Ints", "Mask", "memoized"]
__all__ += ["bernoulli_kl", "group_bits", "poisson_llr", "probability", "saturate", "share_bits", "smoothed_rate"]
