"""Objections to marketing, recorded and withdrawn (``santander object``): offers of who objects go at once."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from santander.lake.lake import Lake
from santander.lake.person_rows import delete_rows, known_customers
from santander.schema.catalogue import OFFERS
from santander.suppression.objections import object_to_marketing, objectors, withdraw_objections
from santander.suppression.spellings import sorted_ids
from santander.suppression.suppression_list import suppression_list

if TYPE_CHECKING:
    from santander.config.settings import Settings


@dataclass(frozen=True, slots=True)
class Objecting:
    """The JSON object of ``object``: what was recorded; no id stands in it."""

    withdrawn: bool
    """Whether objections were withdrawn, and not made."""
    customers: int
    changed: int
    """How many objections were recorded, or withdrawn."""
    unchanged: int
    """How many customers objected before, or had no objection to withdraw."""
    erased: int
    """How many of them were erased, which keeps them out for good: nothing is recorded of these."""
    unknown: int
    """How many of the others have no row in ``customers``."""
    offers_removed: int


def record_objections(settings: "Settings", customer_ids: Collection[int], *, withdraw: bool) -> Objecting:
    """Record that these customers object, or no longer do, and delete the offers of who objects, of all months.

    Doing it again changes nothing. Raises InputError when the key of the list is missing, PersonsBusy while steps are at work.
    """
    lake = Lake(settings)
    with lake.forgetting_persons():
        erased = suppression_list(settings, lake).among(customer_ids)
        there = [each for each in customer_ids if each not in erased]
        standing = objectors(settings, lake, make_key=not withdraw)
        objecting = standing.among(there)
        changed = objecting if withdraw else set(there) - objecting
        digests = {standing.digest(each) for each in changed}
        ids = sorted_ids(there)
        removed = 0
        if withdraw and digests:
            withdraw_objections(lake, digests)
        elif digests:
            object_to_marketing(lake, digests)
        if not withdraw:
            removed = delete_rows(lake, OFFERS, ids)  # also of who objected before: a run that died may have left some
        unknown = len(there) - known_customers(lake, ids)
    return Objecting(withdraw, len(customer_ids), len(changed), len(there) - len(changed), len(erased), unknown, removed)
