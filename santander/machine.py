"""What this machine has."""

import os


def cores() -> int:
    """Cores that this process may use: in a container they can be fewer than the machine's."""
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1
