"""Find sets of accounts in LLM request logs that look like one operator harvesting the model."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.2.0"

if TYPE_CHECKING:
    from distillscan.errors import DistillscanError, InputError, UsageError
    from distillscan.options import AnalyzeOptions, RunOptions
    from distillscan.pipeline import analyze
    from distillscan.progress import Progress
    from distillscan.report.finished import Report, load_report

#: Public name to the module that defines it; loaded on first use, so that ``--help`` need not import polars.
_HOMES = {
    "AnalyzeOptions": "options",
    "DistillscanError": "errors",
    "InputError": "errors",
    "Progress": "progress",
    "Report": "report.finished",
    "RunOptions": "options",
    "UsageError": "errors",
    "analyze": "pipeline",
    "load_report": "report.finished",
}

__all__ = ["AnalyzeOptions", "DistillscanError", "InputError", "Progress", "Report", "RunOptions", "UsageError"]
__all__ += ["__version__", "analyze", "load_report"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
