"""How the load generator itself fares."""

import subprocess
import sys

_TELL = "from rallycross.load.health import peak_rss_mb; print(peak_rss_mb())"
_OWN = f"{_TELL}; held = b'x' * 300_000_000; del held; print(peak_rss_mb())"
_OF_A_CHILD = f"import subprocess, sys; held = b'x' * 300_000_000; subprocess.run([sys.executable, '-c', {_TELL!r}])"


def printed(program: str) -> list[float]:
    """Run a program and return the figures that it prints."""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return [float(line) for line in done.stdout.split()]


def test_the_peak_of_memory_is_the_programs_own() -> None:
    """What the program has held once is in its peak; what the one that started it holds is not."""
    before, after = printed(_OWN)
    assert 290 < after - before < 320
    [child] = printed(_OF_A_CHILD)
    assert abs(child - before) < 30
