"""The committer as a process of its own, which the supervisor starts: it moves the answers of all workers into a table."""

from santander.config.settings import Settings
from santander.serving.http.json_log import JsonLog
from santander.serving.log.committing import commit_until_told


def main() -> None:
    """Commit until told to end, or until the supervisor has ended."""
    lines = JsonLog("committer")
    lines.start(requests=False)  # no thread before signals are blocked: it would take them
    commit_until_told(Settings.load())


if __name__ == "__main__":
    main()
