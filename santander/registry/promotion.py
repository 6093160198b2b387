"""From a candidate to a registered version that meets the champion, as both will be loaded for scoring.

Fails closed: any error but "no champion yet" leaves the champion where it is. A lock is held from reading who is champion until
the alias has moved. A decision is written down as meant before, as done after that: where a process dies in between, the next
``promote`` decides anew.
"""

import contextlib
import logging
from dataclasses import replace

from santander.config.settings import Settings
from santander.engine.memory.budget import OverBudget
from santander.errors import InputError, SantanderError
from santander.evaluation.judgement import Judgement, MonthToJudge, judge
from santander.lake.lake import Lake
from santander.models.popularity import PopularitySettings
from santander.registry.champion import Standing, sound_champion, standing
from santander.registry.contest import Lists, RowsOf, UnsoundModel, compare, hindrance, lists_of
from santander.registry.decisions import (
    DECISION,
    PROMOTED,
    VERDICT,
    WAITING,
    Action,
    Promotion,
    failing_closed,
    in_one_line,
    refuse_outdated_table,
)
from santander.registry.gate import Verdict
from santander.registry.orders import carry_out, holder_of, load_by_number, set_alias, tag
from santander.registry.refit import CannotRefit, Refits, refit_is_due
from santander.registry.registration import register
from santander.registry.versions import CHALLENGER, NoChampion, RegisteredVersion, champion_number
from santander.schema.months import Month
from santander.training.candidate import Candidate, Fit
from santander.training.labelled import labelled_months
from santander.training.recipe import Recipe
from santander.training.train import TrainReport


def baseline_candidate(candidate: Candidate) -> Candidate:
    """The baseline of a candidate: popularity, fitted on the same months."""
    recipe = Recipe(
        name="popularity",
        kind="popularity",
        months=candidate.recipe.months,
        fits=candidate.recipe.fits,
        settings=PopularitySettings().model_dump(),
    )
    fits = {
        name: Fit(name, fit.baseline, fit.baseline, fit.weights, chances=fit.baseline_chances)
        for name, fit in candidate.fits.items()
    }
    return Candidate(recipe, candidate.target, fits)


def judged_as_baseline(first: Candidate, judgement: Judgement | None) -> Judgement | None:
    """Return the baseline's judgement; None where its candidate was not judged."""
    if judgement is None:
        return None
    fit = first.fit_to_judge(judgement.judged.month)
    return None if fit is None else judge(fit.model, fit.baseline, judgement.judged, judgement.evaluation.oracle, fit.chances)


log = logging.getLogger(__name__)


def register_candidate(settings: Settings, lake: Lake, report: TrainReport, *, promote: bool | None = None) -> Promotion:
    """Register a candidate as challenger and let it meet the champion; the first time its baseline is made champion before.

    With ``promote`` False (None: the setting ``gate.automatic``) it waits, and nothing is decided.
    """
    candidate, judgement = report.candidate, report.judgement
    with failing_closed():
        with lake.lock(DECISION):
            if standing(settings) == Standing(None):
                first = baseline_candidate(candidate)
                judged = judged_as_baseline(first, judgement)
                number = register(settings, lake, first, judged, report.example, report.versions)
                reason = "the baseline is the first champion, so that there is always a model"
                verdict = Verdict(True, reason, month=None if judged is None else judged.judged.month)
                decision = carry_out(settings, lake, Promotion(Action.FIRST, number, verdict, None))
                if candidate.recipe.kind == first.recipe.kind:
                    return decision
        number = register(settings, lake, candidate, judgement, report.example, report.versions)
        set_alias(settings, CHALLENGER, number)
        if promote is None:
            promote = settings.gate.automatic
        if not promote:
            return _let_wait(settings, number)
        if judgement is not None:
            _refit_beforehand(settings, lake, number, judgement.judged.month)
        with lake.lock(DECISION):
            challenger = load_by_number(settings, number, f"version {number}")
            rows = None if judgement is None else judgement.judged
            return carry_out(settings, lake, _by_the_gate(settings, lake, challenger, holder_of(settings), rows, judgement))


def promote_version(
    settings: Settings,
    lake: Lake,
    rows_of: RowsOf,
    number: int,
    *,
    month: Month | None = None,
    override: str | None = None,
) -> Promotion:
    """Let a registered version meet the champion on its gate month or on ``month``, and take its place if the gate lets it.

    ``override`` is a person's reason: then it takes the place whatever the comparison says, if it loads and scores everybody.
    Raises InputError when ``month`` is among the months of either, or not known; Undecided for whatever else is in the way.
    """
    if override is None:
        with failing_closed():
            _refit_beforehand(settings, lake, number, month)
    with failing_closed(), lake.lock(DECISION):
        if (holder := champion_number(settings)) == number:
            sound_champion(settings)
            return already_champion(number)
        if holder is None and override is None:
            message = standing(settings).message or str(NoChampion(settings.mlflow.registered_model))
            raise SantanderError(message, hint="or name one by 'santander promote --version N --override --reason TEXT'")
        challenger = load_by_number(settings, number, f"version {number}")
        if override is not None:
            decision = _by_a_person(settings, rows_of, challenger, holder, month, override)
        else:
            champion = holder_of(settings)
            if month is not None and (reason := hindrance(challenger, month) or hindrance(champion, month)) is not None:
                raise InputError(reason, month=month, hint="choose a later month with --month, or leave it out")
            gate = month or challenger.candidate.gate
            rows = None if hindrance(challenger, gate) else rows_of(gate)
            decision = _by_the_gate(settings, lake, challenger, champion, rows)
        return carry_out(settings, lake, decision)


def _refit_beforehand(settings: Settings, lake: Lake, number: int, month: Month | None) -> None:
    """Fit the champion's recipe anew where the contest will need it: it takes long, so before the lock, and is kept for it."""
    if champion_number(settings) in (None, number):
        return
    refuse_outdated_table(lake)
    challenger, champion = load_by_number(settings, number, f"version {number}"), holder_of(settings)
    gate = month or challenger.candidate.gate
    if not refit_is_due(challenger, champion, gate) or gate not in labelled_months(lake):
        return  # on a month whose additions are not known nothing is judged, and the gate says so
    with contextlib.suppress(CannotRefit):  # the gate meets it again, and says so
        Refits(settings, lake).against(challenger, champion, gate)


def already_champion(number: int) -> Promotion:
    """Return the outcome for a version that is champion already; nothing is decided and nothing written."""
    verdict = Verdict(True, f"version {number} is the champion already (nothing was decided)")
    return Promotion(Action.GATE, number, verdict, number)


def _by_the_gate(
    settings: Settings,
    lake: Lake,
    challenger: RegisteredVersion,
    holder: RegisteredVersion,
    rows: MonthToJudge | None,
    judgement: Judgement | None = None,
) -> Promotion:
    """Return the gate's verdict on a challenger; an unsound one is refused on record before the error goes on."""
    number, before = challenger.number, holder.number
    if rows is None:
        month = challenger.candidate.gate
        reason = hindrance(challenger, month) or f"version {number} is not judged: nothing is known of {month}"
        return Promotion(Action.GATE, number, Verdict(False, reason, month=month), before)
    try:
        lists = lists_of(challenger, rows, judgement)
    except UnsoundModel as unsound:
        carry_out(settings, lake, Promotion(Action.GATE, number, Verdict(False, str(unsound), month=rows.month), before))
        raise
    try:
        refit = Refits(settings, lake).against(challenger, holder, rows.month)
    except CannotRefit as cannot:
        return Promotion(Action.GATE, number, Verdict(False, str(cannot), month=rows.month), before)
    return Promotion(Action.GATE, number, compare(settings.gate, challenger, holder, rows, lists, refit), before)


def _by_a_person(
    settings: Settings,
    rows_of: RowsOf,
    challenger: RegisteredVersion,
    before: int | None,
    month: Month | None,
    reason: str,
) -> Promotion:
    """Promote for a person's reason, with the figures of the comparison where they can be had."""
    try:
        rows = rows_of(month or challenger.candidate.gate)
    except OverBudget:
        raise
    except InputError:
        if month is not None:
            raise
        rows = rows_of(None)  # the comparison is lost, and any month shows whether the version scores everybody
    lists = lists_of(challenger, rows)
    verdict = Verdict(True, f"override: {reason}")
    if before is None:
        return Promotion(Action.OVERRIDE, challenger.number, verdict, before)
    found = _comparison_if_any(settings, challenger, rows, lists)
    verdict = replace(found, promoted=True, reason=f"override: {reason} ({found.reason})")
    return Promotion(Action.OVERRIDE, challenger.number, verdict, before)


def _comparison_if_any(settings: Settings, challenger: RegisteredVersion, rows: MonthToJudge, lists: Lists) -> Verdict:
    """Return the gate's verdict in words; where it would fit the champion anew, how the two compare as they are."""
    try:
        holder = holder_of(settings)
        found = compare(settings.gate, challenger, holder, rows, lists)
        if refit_is_due(challenger, holder, rows.month):
            message = f"the gate would have fitted the champion's recipe anew up to {rows.month - 1}; as it is: {found.reason}"
        else:
            message = "the gate would have promoted it" if found.promoted else f"the gate said: {found.reason}"
        return replace(found, reason=message)
    except Exception as error:  # noqa: BLE001  (a champion that is broken in any way is what an override is for; it is named)
        log.warning("not compared with the champion: %s", in_one_line(error))
        return Verdict(False, f"the gate said: not compared: {in_one_line(error)}")


def _let_wait(settings: Settings, number: int) -> Promotion:
    """Leave a challenger to a later ``promote``. Its tags say so; the table has decisions only."""
    reason = f"version {number} waits and has met no champion: 'santander promote --version {number}' lets it"
    verdict = Verdict(False, reason)
    tag(settings, number, {PROMOTED: WAITING, VERDICT: verdict.reason})
    log.info("%s", verdict.reason)
    return Promotion(Action.GATE, number, verdict, champion_number(settings))
