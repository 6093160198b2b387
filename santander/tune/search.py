"""The search: begins trials until there are enough, several at a time where the engine allows, and notes what each reached."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

import optuna
from optuna.trial import TrialState

from santander.config.sections import TuningSettings
from santander.errors import SantanderError, is_out_of_space, telling_line
from santander.training.recipe import Recipe
from santander.tune.progress import Announce
from santander.tune.pruning import Stopped, Watch
from santander.tune.runs import StudyRuns
from santander.tune.sampling import as_it_is, parameters_of, rest_of_grid, sampler_for, suggest
from santander.tune.space import Space
from santander.tune.study import AS_IS, FAILURE, RESULT, Study
from santander.tune.trial_data import Measured, TrialData
from santander.tune.variant import Variant, variant_of

log = logging.getLogger(__name__)


class TooManyFailures(SantanderError):
    """Trial after trial failed: the fault is not in what one of them tried."""

    def __init__(self, failures: int, last: str) -> None:
        super().__init__(f"{failures} trials in a row failed, the last with: {last}")


@dataclass
class _Begun:
    """A trial under way."""

    trial: optuna.Trial
    variant: Variant
    recipe: Recipe
    run_id: str
    watch: Watch
    started: float = field(default_factory=time.monotonic)


@dataclass
class Search:
    """A search over one study, by the settings in ``rule``."""

    study: Study
    space: Space
    recipes: dict[str, Recipe]
    data: TrialData
    runs: StudyRuns
    rule: TuningSettings
    trials: int
    """Finished trials that the study shall have."""
    deadline: float
    """On the monotonic clock; no trial begins after it."""
    parallel: int
    announce: Announce
    _stop: threading.Event = field(default_factory=threading.Event)
    _under_way: dict[Future[Measured], _Begun] = field(default_factory=dict)
    _failures: int = 0

    def run(self) -> None:
        """Make the trials that are missing; raises TooManyFailures. When interrupted, what is under way is made again later."""
        for name, recipe in self.recipes.items():
            self.study.enqueue_as_is(name, parameters_of(as_it_is(name, recipe, self.space)))
        try:
            with ThreadPoolExecutor(self.parallel, "trial") if self.parallel > 1 else _InThisThread() as executor:
                self._fill_and_settle(executor)
        except BaseException:
            self.study.bury_the_dead()
            self.runs.kill_left_running()
            raise

    def _fill_and_settle(self, executor: Executor) -> None:
        try:
            while self._fill(executor):
                done, _ = wait(self._under_way, return_when=FIRST_COMPLETED)
                for future in done:
                    self._settle(self._under_way[future], future)
                    del self._under_way[future]
        except BaseException:
            self._stop.set()  # before the executor waits for its threads
            raise

    def _fill(self, executor: Executor) -> bool:
        """Begin as many trials as there is room for; whether any is under way."""
        while len(self._under_way) < self.parallel and self._is_another_wanted():
            if self.rule.sampler == "grid" and not self._enqueue_grid_point():
                break
            begun = self._begin()
            self._under_way[executor.submit(self.data.measure, begun.recipe, begun.watch)] = begun
        return bool(self._under_way)

    def _is_another_wanted(self) -> bool:
        return self.study.finished + len(self._under_way) < self.trials and time.monotonic() < self.deadline

    def _enqueue_grid_point(self) -> bool:
        """Line up a point of the grid unless something is lined up; False when all were tried."""
        if self.study.trials(TrialState.WAITING):
            return True
        tried = [trial for trial in self.study.trials() if trial.state is not TrialState.FAIL or FAILURE in trial.user_attrs]
        rest = rest_of_grid(self.space, self.recipes, self.rule.seed, tried)
        if rest:
            self.study.optuna.enqueue_trial(rest[0])
        elif not self._under_way:
            log.info("the grid is searched: it has no point that was not tried")
        return bool(rest)

    def _begin(self) -> _Begun:
        study = self.study.optuna
        study.sampler = sampler_for(self.rule, self.study.begun, len(self.recipes))
        trial = study.ask()
        as_is = trial.user_attrs.get(AS_IS)
        if as_is:
            recipe = self.recipes[as_is]
            variant = as_it_is(as_is, recipe, self.space)
            suggest(trial, self.space, self.recipes, only=variant.values)
        else:
            variant = suggest(trial, self.space, self.recipes)
            fixed = self.space.recipes[variant.recipe].fixed
            recipe = variant_of(variant_of(self.recipes[variant.recipe], fixed), variant.values)
        run_id = self.runs.begin(trial.number, variant, as_is=bool(as_is))
        # the recipe as it is ends in any case: the best is compared with it
        warmup = self.rule.warmup_rounds if not as_is and recipe.model.loss_is_of_whole_model else None
        watch = Watch(trial, recipe.model_settings, warmup, self.announce.round_of(trial.number), self._stop)
        return _Begun(trial, variant, recipe, run_id, watch)

    def _settle(self, begun: _Begun, future: Future[Measured]) -> None:
        try:
            measured = future.result()
        except optuna.TrialPruned as pruned:
            self._failures = 0
            self._end(begun, TrialState.PRUNED, {"rounds": begun.watch.losses[-1][0]}, str(pruned))
        except Exception as error:
            if is_out_of_space(error) or isinstance(error, Stopped):
                raise
            why = str(error) if isinstance(error, SantanderError) else telling_line(error)
            self._failures += 1
            self.study.note(begun.trial.number, **{FAILURE: why})
            self._end(begun, TrialState.FAIL, {}, why)
            if self._failures >= self.rule.max_failures:
                raise TooManyFailures(self._failures, why) from error
        else:
            self._failures = 0
            share = self.data.share_of_ceiling(measured.map7)
            reached = {"map7": measured.map7, "share_of_ceiling": share, "rounds": measured.rounds, "seconds": measured.seconds}
            self._end(begun, TrialState.COMPLETE, reached, found=measured.found)

    def _end(
        self, begun: _Begun, state: TrialState, reached: dict[str, Any], why: str = "", found: Mapping[str, Any] | None = None
    ) -> None:
        """Tell the study last: a trial that it has for finished is noted everywhere else."""
        number, name = begun.trial.number, "failed" if state is TrialState.FAIL else state.name.lower()
        reached = {"seconds": time.monotonic() - begun.started, **reached}
        if state is not TrialState.FAIL:
            self.study.note(number, **{RESULT: {**reached, "found": dict(found or {})}})
        self.runs.end(begun.run_id, name, reached, begun.watch.losses, why)
        self.study.optuna.tell(begun.trial, reached.get("map7"), state=state)
        self.announce.ended(number, self.study.finished, self._line(begun, name, reached, why))

    def _line(self, begun: _Begun, state: str, reached: dict[str, Any], why: str) -> str:
        """The trial that ended, how many there are, and the best of them."""
        share, rounds, best = reached.get("share_of_ceiling"), reached.get("rounds"), self.study.best
        ended = f"{state} {why}".strip() if share is None else f"{share:.4f} of the ceiling"
        made = f", {rounds} rounds" if share is not None and rounds is not None else ""
        so_far = (
            "" if best is None else f"; best so far: trial {best.number} with {best.user_attrs[RESULT]['share_of_ceiling']:.4f}"
        )
        title = f"{self.study.finished} of {self.trials}: trial {begun.trial.number} ({begun.variant.recipe})"
        return f"{title}: {ended}{made}, {reached['seconds']:.1f} s{so_far}"


class _InThisThread(Executor):
    """Runs what is submitted at once, so that an interrupt ends it."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001  (it is raised again where the result is asked for)
            future.set_exception(error)
        return future
