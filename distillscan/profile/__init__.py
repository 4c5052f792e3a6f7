"""The profile: a compact, mergeable, private summary of a log, on which everything after the first pass works."""

from distillscan.profile.build import build_profile, merge, profile_batch
from distillscan.profile.loops import prepare_loops
from distillscan.profile.tables import Profile, empty_profile

__all__ = ["Profile", "build_profile", "empty_profile", "merge", "prepare_loops", "profile_batch"]
