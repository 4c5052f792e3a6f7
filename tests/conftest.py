"""How all tests run: few examples, no deadline, and nothing of the environment that changes what is printed."""

import os

from hypothesis import HealthCheck, settings

settings.register_profile("quick", max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("quick")

# pytest-xdist sets a width for its workers, and people set colours for their terminals.
for name in ("COLUMNS", "NO_COLOR", "FORCE_COLOR"):
    os.environ.pop(name, None)

#: Fixtures that several packages of tests use.
pytest_plugins = ["tests.support.command_line"]
