"""What holds for all tests."""

import signal

# A suite that a script runs in the background ignores Ctrl-C, and so would every command that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)
