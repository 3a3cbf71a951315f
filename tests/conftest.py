"""What holds for all tests."""

import signal

from hypothesis import HealthCheck, settings

# A suite that a script runs in the background ignores Ctrl-C, and so would every command that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

# A busy machine is no fault: neither of what is tested nor of how its examples are made.
settings.register_profile("rallycross", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("rallycross")
