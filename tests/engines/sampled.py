"""The suite of engines on a push: both engines leave the same, and one of what is dearer."""

import pytest


def drawn_as(unit: str) -> pytest.MarkDecorator:
    """Return the marker of cases that are drawn together, or left to the night together."""
    return pytest.mark.sample(push=1, of="clusters and deployments", unit=unit)
