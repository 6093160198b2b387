"""The search: begins trials until there are enough, several at a time where the engine allows, and notes what each reached."""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from santander.errors import SantanderError, is_out_of_space, telling_line
from santander.training.recipe import Recipe
from santander.tune.ground import Ground, Measured
from santander.tune.progress import Announce, Told
from santander.tune.pruning import Stopped, Watch
from santander.tune.runs import StudyRuns
from santander.tune.sampling import SamplerName, as_it_is, parameters_of, rest_of_grid, sampler_for, suggest
from santander.tune.space import Space
from santander.tune.study import AS_IS, FAILURE, RESULT, Study
from santander.tune.variant import Variant, variant_of

log = logging.getLogger(__name__)


class TooManyFailures(SantanderError):
    """Trial after trial failed: the fault is not in what one of them tried."""

    def __init__(self, failures: int, last: str) -> None:
        super().__init__(f"{failures} trials in a row failed, the last with: {last}")


@dataclass(frozen=True)
class SearchPlan:
    """How a study is searched."""

    sampler: SamplerName
    seed: int
    trials: int
    """Finished trials that the study shall have."""
    deadline: float
    """On the monotonic clock; no trial begins after it."""
    parallel: int
    warmup_rounds: int
    random_trials: int
    """Trials that TPE draws at random before it learns from them."""
    max_failures: int
    """Trials in a row that may fail before the search gives up."""


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
    """A search over one study."""

    study: Study
    space: Space
    recipes: dict[str, Recipe]
    ground: Ground
    runs: StudyRuns
    plan: SearchPlan
    announce: Announce
    _stop: threading.Event = field(default_factory=threading.Event)
    _under_way: dict[Future[Measured], _Begun] = field(default_factory=dict)
    _failures: int = 0

    def run(self) -> None:
        """Make the trials that are missing; raises TooManyFailures. When interrupted, what is under way is made again later."""
        for name, recipe in self.recipes.items():
            self.study.enqueue_as_is(name, parameters_of(as_it_is(name, recipe, self.space)))
        several = self.plan.parallel > 1
        executor: Executor = ThreadPoolExecutor(self.plan.parallel, "trial") if several else _InThisThread()
        try:
            with executor:
                self._fill_and_settle(executor)
        except BaseException:
            self._stop.set()
            executor.shutdown()
            self._bury_what_is_under_way()
            raise

    def _fill_and_settle(self, executor: Executor) -> None:
        try:
            while self._fill(executor):
                done, _ = wait(self._under_way, return_when=FIRST_COMPLETED)
                for future in done:
                    self._settle(self._under_way[future], future)
                    del self._under_way[future]
        except BaseException:
            self._stop.set()
            raise

    def _fill(self, executor: Executor) -> bool:
        """Begin as many trials as there is room for; whether any is under way."""
        while len(self._under_way) < self.plan.parallel and self._is_another_wanted():
            if self.plan.sampler == "grid" and not self._enqueue_grid_point():
                break
            begun = self._begin()
            self._under_way[executor.submit(self.ground.measure, begun.recipe, begun.watch)] = begun
        return bool(self._under_way)

    def _is_another_wanted(self) -> bool:
        wanted = self.study.finished + len(self._under_way) < self.plan.trials
        return wanted and time.monotonic() < self.plan.deadline

    def _enqueue_grid_point(self) -> bool:
        """Line up a point of the grid unless something is lined up; False when all were tried."""
        if self.study.trials(TrialState.WAITING):
            return True
        tried = [trial for trial in self.study.trials() if trial.state is not TrialState.FAIL or FAILURE in trial.user_attrs]
        rest = rest_of_grid(self.space, self.recipes, self.plan.seed, tried)
        if rest:
            self.study.optuna.enqueue_trial(rest[0])
        elif not self._under_way:
            log.info("the grid is searched: it has no point that was not tried")
        return bool(rest)

    def _begin(self) -> _Begun:
        study = self.study.optuna
        study.sampler = sampler_for(
            self.plan.sampler, self.plan.seed, self.study.begun, len(self.recipes), self.plan.random_trials
        )
        trial = study.ask()
        as_is = trial.user_attrs.get(AS_IS)
        if as_is:
            variant = as_it_is(as_is, self.recipes[as_is], self.space)
            suggest(trial, self.space, self.recipes, only=variant.values)
            recipe = self.recipes[as_is]
        else:
            variant = suggest(trial, self.space, self.recipes)
            base = self.recipes[variant.recipe]
            recipe = variant_of(variant_of(base, self.space.recipes[variant.recipe].fixed), variant.values)
        run_id = self.runs.begin(trial.number, variant, as_is=bool(as_is))
        # the recipe as it is ends in any case: the best is compared with it
        may_end_early = not as_is and recipe.model.loss_is_of_whole_model
        warmup = self.plan.warmup_rounds if may_end_early else None
        watch = Watch(trial, recipe.model_settings, warmup, self.announce.round_of(trial.number), self._stop)
        return _Begun(trial, variant, recipe, run_id, watch)

    def _settle(self, begun: _Begun, future: Future[Measured]) -> None:
        try:
            measured = future.result()
        except optuna.TrialPruned as pruned:
            self._failures = 0
            self._end(begun, "pruned", {}, str(pruned), lambda: self._tell(begun, state=TrialState.PRUNED))
        except Exception as error:
            if is_out_of_space(error) or isinstance(error, Stopped):
                raise
            self._fail(begun, str(error) if isinstance(error, SantanderError) else telling_line(error), error)
        else:
            self._failures = 0
            share = self.ground.share_of_ceiling(measured.map7)
            reached = {"map7": measured.map7, "share_of_ceiling": share, "rounds": measured.rounds, "seconds": measured.seconds}
            self.study.note(begun.trial.number, **{RESULT: {**reached, "found": dict(measured.found)}})
            self._end(begun, "complete", reached, "", lambda: self._tell(begun, value=measured.map7))

    def _fail(self, begun: _Begun, said: str, error: Exception) -> None:
        self._failures += 1
        self.study.note(begun.trial.number, **{FAILURE: said})
        self._end(begun, "failed", {}, said, lambda: self._tell(begun, state=TrialState.FAIL))
        if self._failures >= self.plan.max_failures:
            raise TooManyFailures(self._failures, said) from error

    def _tell(self, begun: _Begun, *, value: float | None = None, state: TrialState | None = None) -> None:
        self.study.optuna.tell(begun.trial, value, state=state)

    def _end(self, begun: _Begun, state: str, reached: dict[str, Any], why: str, tell: Callable[[], None]) -> None:
        """Tell the study last: a trial that it has for finished is noted everywhere else."""
        seconds = time.monotonic() - begun.started
        if "seconds" not in reached and state != "failed":
            self.study.note(begun.trial.number, **{RESULT: {"rounds": _rounds_of(begun), "seconds": seconds}})
        self.runs.end(begun.run_id, state, {"seconds": seconds, **reached}, begun.watch.losses, why)
        tell()
        rounds, share = reached.get("rounds"), reached.get("share_of_ceiling")
        told = Told(begun.trial.number, begun.variant, state, share, rounds, seconds, why)
        self.announce.trial(told, self.study.finished, self._share_of_best())

    def _share_of_best(self) -> tuple[FrozenTrial, float] | None:
        best = self.study.best
        return None if best is None else (best, float(best.user_attrs[RESULT]["share_of_ceiling"]))

    def _bury_what_is_under_way(self) -> None:
        """Mark the trials that were running when the search was broken off as dead: they are made again."""
        running = {trial.number for trial in self.study.trials(TrialState.RUNNING)}
        for number in sorted(running):
            self.study.bury(number)
        self.runs.kill_left_running()


class _InThisThread(Executor):
    """Runs what is submitted at once, so that an interrupt ends it."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001  (it is raised again where the result is asked for)
            future.set_exception(error)
        return future


def _rounds_of(begun: _Begun) -> int | None:
    return begun.watch.losses[-1][0] if begun.watch.losses else None
