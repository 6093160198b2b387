"""What a snapshot is made of: the month, the version that made its lists, the tables as they are."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from santander.config.family_files import own_family
from santander.config.offer_rules import offer_rules
from santander.errors import InputError
from santander.lake.lake import Lake
from santander.ledger.offers import are_of_these_rules
from santander.ledger.own_families import refuse_unfit_families
from santander.ledger.step_ledger import StepLedger, fingerprint_of, stale_months
from santander.ledger.steps import SCORE
from santander.registry.versions import VersionId
from santander.schema.catalogue import CUSTOMERS, FEATURES_TABLE, OFFERS, RECOMMENDATIONS, SUPPRESSIONS
from santander.schema.months import Month, in_spans
from santander.schema.own_family import OwnFamily
from santander.schema.product_names import Language, called
from santander.schema.products import PRODUCTS
from santander.serving.snapshot.manifest import FORMAT
from santander.store.online_layout import layout_with
from santander.store.packing import Layout
from santander.suppression.objections import objections_print


@dataclass(frozen=True)
class Source:
    """What the snapshot of a month would be made of now."""

    month: Month
    version: VersionId
    families: Sequence[OwnFamily]
    layout: Layout
    has_offers: bool
    tables: Mapping[str, int]
    """The version of each table that is read."""
    made_of: str
    """A text that changes with all of it."""
    out_of_date: Sequence[str]
    """Tables whose rows of the month were made from something else than there is now."""

    @classmethod
    def look(cls, lake: Lake, month: Month) -> Self:
        """Find it by commits alone.

        Raises InputError where it cannot be said which version made the lists, and for families that are not as these need them.
        """
        ledger = StepLedger(lake)
        scored = ledger.last(SCORE, month)
        if scored is None or scored.result.model_version is None or scored.result.run_id is None:
            raise _not_scored(f"no model is known to have scored {month}", month)
        refuse_unfit_families(lake, scored.result.families, [month])
        version = VersionId(scored.result.model_version, scored.result.run_id)
        families = [own_family(name) for name in sorted(scored.result.families)]
        layout, has_offers = layout_with(scored.result.families), month in lake.months(OFFERS)
        read = [CUSTOMERS, FEATURES_TABLE, RECOMMENDATIONS, *([OFFERS] if has_offers else []), *(each.table for each in families)]
        made_of = fingerprint_of(
            format=FORMAT,
            features=[(feature.name, feature.type) for feature in layout.features],
            families={each.name: each.entity for each in families},
            model=lake.settings.mlflow.registered_model,
            version=(version.number, version.run_id),
            rows={table.name: lake.fingerprints(table).get(month) for table in read},
            objections=objections_print(lake),
            erased=_erased_print(lake),
            products=product_texts(),
        )
        tables = {table.name: found for table in read if (found := lake.version(table)) is not None}
        return cls(month, version, families, layout, has_offers, tables, made_of, _out_of_date(lake, ledger, month, has_offers))


def month_to_publish(lake: Lake, asked: Month | None) -> Month:
    """Return the month asked for, else the last that was scored; raises InputError for one without lists or features."""
    scored = lake.months(RECOMMENDATIONS)
    if not scored:
        raise InputError(
            "there are no recommendations yet", hint="'santander run' makes them, 'santander score' those of a month"
        )
    if asked is not None and asked not in scored:
        raise _not_scored(f"no recommendations for {asked} (those there are: {in_spans(scored)})", asked)
    month = asked or scored[-1]
    if month not in lake.months(FEATURES_TABLE):
        hint = f"run 'santander features --month {month}' first"
        raise InputError(f"no features for {month}: customers are published with theirs", month=month, hint=hint)
    return month


def product_texts() -> list[dict[str, str]]:
    """Return what is said of each product, by its bit."""
    return [
        {
            "name": product.name,
            "column": product.source,
            "name_en": called(product, Language.ENGLISH),
            "name_es": called(product, Language.SPANISH),
        }
        for product in PRODUCTS
    ]


def _not_scored(what: str, month: Month) -> InputError:
    return InputError(what, month=month, hint=f"run 'santander score --month {month}' first")


def _erased_print(lake: Lake) -> str:
    rows: list[dict[str, Any]] = lake.rows(SUPPRESSIONS)
    return hashlib.sha256("\n".join(sorted(row["digest"] for row in rows)).encode()).hexdigest() if rows else ""


def _out_of_date(lake: Lake, ledger: StepLedger, month: Month, has_offers: bool) -> list[str]:  # noqa: FBT001
    stale = stale_months(lake, ledger)
    found = [table.name for table in (FEATURES_TABLE, RECOMMENDATIONS) if month in stale[table.name]]
    if has_offers and not are_of_these_rules(ledger, month, offer_rules(lake.settings)):
        found.append(OFFERS.name)
    return found
