"""Publish a month: its lists, the features of its customers and the model that made the lists, as files to answer from."""

import datetime as dt
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from santander.features.incomes import INCOME_READ, MonthIncomes
from santander.lake.lake import Lake
from santander.lake.locks import ErasedMeanwhile
from santander.ledger.published import Published, known_published, name_published, serving_folder
from santander.models.kinds import load_recommender
from santander.registry.fit_files import folder_of_fit
from santander.schema.catalogue import CUSTOMERS, FEATURES_TABLE, OFFERS, RECOMMENDATIONS, SUPPRESSIONS
from santander.schema.months import Month
from santander.schema.own_family import Entity
from santander.schema.products import PRODUCT_NAMES
from santander.serving.snapshot.folders import LOCK, folder_of, months_in, remove_snapshot, staging_folder
from santander.serving.snapshot.lists import OFFER_COLUMNS, RECOMMENDATION_COLUMNS, USUAL_REASONS, GatheredLists, Ids
from santander.serving.snapshot.manifest import BrokenSnapshot, Manifest
from santander.serving.snapshot.month_rows import rows_of_month
from santander.serving.snapshot.packed import FamilyRows, packed_features
from santander.serving.snapshot.reading import check_files, read_manifest
from santander.serving.snapshot.source import Source, month_to_publish, product_texts
from santander.serving.snapshot.upkeep import beyond_those_kept
from santander.serving.snapshot.writing import Staging
from santander.storage.places import remove_tree
from santander.suppression.objections import objectors
from santander.suppression.suppression_list import suppression_list

if TYPE_CHECKING:
    from santander.config.settings import Settings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PublishPayload:
    """The JSON object of ``publish``."""

    month: Month
    model_version: int
    customers: int
    left_out: int
    """Customers of the month who object to marketing or were erased."""
    offers: bool
    """Whether the month has offers."""
    reasons: bool
    out_of_date: Sequence[str]
    """Tables whose rows of the month were made from something else than there is now."""
    up_to_date: bool
    """Whether the snapshot was there already as it would have been written."""
    folder: str
    size: int
    """Bytes of all files."""
    removed_months: Sequence[Month]
    """Months whose snapshots were removed, as more are not kept."""
    seconds: float


def publish(settings: "Settings", asked: Month | None) -> PublishPayload:
    """Write the snapshot of a month, the last scored one unless another is asked for, and let it be the one that is served.

    Nothing is written where it is there already. Raises InputError for a month without lists or features, and where the version
    that made the lists is gone.
    """
    started = time.monotonic()
    lake = Lake(settings)
    month = month_to_publish(lake, asked)
    with lake.carrying_persons(), lake.lock(LOCK):
        source = Source.look(lake, month)
        if source.out_of_date:
            behind = ", ".join(source.out_of_date)
            log.warning(
                "%s of %s: out of date, published as it is; 'santander run --month %s' makes it anew", behind, month, month
            )
        there = _intact(settings, month)
        manifest = there[0] if there and there[0].made_of == source.made_of else None
        if there and manifest is not None:
            snapshot, up_to_date = Published(month, there[1]), True
        else:
            staging = staging_folder(settings)
            try:
                manifest, digest = _write(lake, source, Staging(staging))
            finally:
                remove_tree(staging)
            snapshot, up_to_date = Published(month, digest), False
        if known_published(settings.data) != snapshot:
            name_published(settings.data, snapshot)
            up_to_date = False
        removed = _remove_oldest(settings, month)
    return PublishPayload(
        month=month,
        model_version=manifest.version,
        customers=manifest.customers,
        left_out=lake.rows_by_month(FEATURES_TABLE)[month] - manifest.customers,
        offers=manifest.has_offers,
        reasons=len(manifest.reasons) > 1,
        out_of_date=source.out_of_date,
        up_to_date=up_to_date,
        folder=str(folder_of(settings.data, month)),
        size=sum(file.size for file in manifest.files.values()),
        removed_months=removed,
        seconds=round(time.monotonic() - started, 1),
    )


def _intact(settings: "Settings", month: Month) -> tuple[Manifest, str] | None:
    """Return the snapshot of a month that is there with its digest; None for none, and with a warning for a broken one."""
    folder = folder_of(settings.data, month)
    if month not in months_in(serving_folder(settings.data)):
        return None
    try:
        manifest, digest = read_manifest(folder)
        check_files(folder, manifest, verify=True)
    except BrokenSnapshot as error:
        log.warning("%s: the snapshot is written anew", error.fault)
        return None
    return manifest, digest


def _write(lake: Lake, source: Source, staging: Staging) -> tuple[Manifest, str]:
    settings, month = lake.settings, source.month
    erased = lake.version(SUPPRESSIONS)
    fit = folder_of_fit(settings, source.version, month)
    ids = _customers(lake, month)
    log.info("publishing the lists of %s customers of %s, by version %s", f"{len(ids):,}", month, source.version.number)
    families = [FamilyRows.of(lake, family, month) for family in source.families]
    staging.array("ids", ids)
    staging.array("features", packed_features(lake, month, ids, source.layout, families))
    reasons, places = _write_lists(lake, source, ids, staging)
    staging.array("incomes", MonthIncomes.of(lambda: rows_of_month(lake, CUSTOMERS, month, INCOME_READ)).of_group)
    of_others = [family for family in families if family.family.entity is not Entity.CUSTOMER]
    staging.json("families", {family.family.name: family.by_key() for family in of_others})
    staging.json("products", product_texts())
    staging.tree("model", {name: fit / name for name in ("model", "chances") if (fit / name).is_dir()})
    prior = load_recommender(fit / "baseline").prior
    manifest = Manifest(
        month=month,
        as_of=month.snapshot,
        made_at=dt.datetime.now(dt.UTC),
        made_of=source.made_of,
        model=settings.mlflow.registered_model,
        version=source.version.number,
        run_id=source.version.run_id,
        tables=source.tables,
        customers=len(ids),
        has_offers=source.has_offers,
        features=tuple((feature.name, feature.type) for feature in source.layout.features),
        families=tuple(family.name for family in source.families),
        reasons=reasons,
        reasons_of_a_product=places,
        popularity=tuple(PRODUCT_NAMES[bit] for bit in np.lexsort((np.arange(len(prior)), -prior))),
        parts=staging.parts,
        files=staging.files,
    )
    if lake.version(SUPPRESSIONS) != erased:
        raise ErasedMeanwhile(LOCK)
    return manifest, staging.place(folder_of(settings.data, month), manifest)


def _write_lists(lake: Lake, source: Source, ids: Ids, staging: Staging) -> tuple[tuple[str, ...], int]:
    """Write the lists; return what the codes of their reasons stand for, and the places for reasons of a product."""
    month = source.month
    recommended = GatheredLists(ids).fill(rows_of_month(lake, RECOMMENDATIONS, month, RECOMMENDATION_COLUMNS))
    if source.has_offers:
        offered = GatheredLists(ids).fill(rows_of_month(lake, OFFERS, month, OFFER_COLUMNS))
        offered.take_known_of(recommended)
        recommended.take_known_of(offered)
        staging.array("offers", offered.packed())
    staging.array("recommendations", recommended.packed())
    return tuple(recommended.names), USUAL_REASONS if recommended.reasons is None else recommended.reasons.shape[2]


def _customers(lake: Lake, month: Month) -> Ids:
    """Return the numbers of the customers of the month in order, without those who object or were erased."""
    found = [rows["customer_id"].to_numpy() for rows in rows_of_month(lake, FEATURES_TABLE, month, ["customer_id"])]
    ids = np.sort(np.concatenate([np.empty(0, np.int64), *found]))
    for people in (objectors(lake.settings, lake), suppression_list(lake.settings, lake)):
        if people:
            ids = ids[~np.isin(ids, list(people.among(ids.tolist())))]
    return ids


def _remove_oldest(settings: "Settings", current: Month) -> list[Month]:
    gone = beyond_those_kept(settings, current)
    for month in gone:
        remove_snapshot(folder_of(settings.data, month))
    return gone
