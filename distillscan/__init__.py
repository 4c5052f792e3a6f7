"""Find sets of accounts in LLM request logs that look like one operator harvesting the model."""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["AnalyzeOptions", "Report", "__version__", "analyze"]

if TYPE_CHECKING:
    from distillscan.pipeline import AnalyzeOptions, Report, analyze


def __getattr__(name: str) -> Any:
    """Load the API on first use, so that ``distillscan --help`` need not import polars."""
    if name in __all__:
        from distillscan import pipeline as api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
