"""`pagewright evaluate --models`: the same tasks with each model, each with a local GitHub of its own."""

import asyncio
import contextlib
import json
import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Protocol

import httpx
from rich.console import Console

from orchestrator.compare import corpus, scoring
from orchestrator.compare.repairing import repair_sites
from orchestrator.core.errors import UsageError
from orchestrator.core.report import Build
from orchestrator.core.settings import evaluator_settings, model_settings
from orchestrator.core.task import slug
from orchestrator.evaluator.course import Endpoint, Tools, carry_out, plan_digest, plan_rounds
from orchestrator.evaluator.evaluate import LEDGER, check_csv, read_templates, write_csv
from orchestrator.evaluator.inbox import Inbox
from orchestrator.evaluator.ledger import Ledger
from orchestrator.evaluator.records import RoundBuild, SiteRepair
from orchestrator.evaluator.templates import TaskTemplate
from orchestrator.generate.generation import Kit
from orchestrator.generate.models import presets

EMAIL = "visitor@example.com"


@dataclass(frozen=True)
class CompareOptions:
    """What the command line says.

    - `repeat`: how many times each task is sent, each time with another seed
    - `corpus`: the folder of the sites to repair
    """

    files: Sequence[Path]
    models: Sequence[str]
    repeat: int
    data: Path
    csv: Path | None
    as_json: bool
    corpus: Path = corpus.FOLDER


class TrialPipeline(Protocol):
    """A pipeline of its own for one model, with the inbox where its results arrive."""

    @property
    def receiver(self) -> str:
        """Its URL, without a slash at the end."""

    @property
    def secret(self) -> str:
        """The secret that the receiver accepts."""

    @property
    def results(self) -> Inbox:
        """Where its results arrive."""

    def make_tools(self, env: Mapping[str, str], http: httpx.AsyncClient, say: Callable[[str], None]) -> Tools:
        """Return what an evaluation of it works with."""

    def load_build(self, request: str) -> Build | None:
        """Return what the build of a request, given by its id, handed over."""


Stages = Callable[[Path, Mapping[str, str]], AbstractAsyncContextManager[TrialPipeline]]
"""Starts a pipeline that keeps its data in a folder, with an environment; it stops when the block ends."""


@dataclass(frozen=True)
class _Bench:
    """What is needed to try a model."""

    options: CompareOptions
    env: Mapping[str, str]
    stages: Stages
    templates: Sequence[TaskTemplate]
    cases: Sequence[corpus.Case]
    ledger: Ledger
    console: Console

    def say(self, text: str) -> None:
        self.console.print(text, highlight=False, markup=False, soft_wrap=True)


def run_comparison(options: CompareOptions, env: Mapping[str, str], stages: Stages) -> int:
    """Try every model and print its results, beside the kept results of earlier models. Raises UsageError."""
    logging.getLogger("httpx").setLevel(logging.WARNING)
    templates = read_templates(options.files)
    check_csv(options.csv)
    if options.repeat < 1:
        raise UsageError("--repeat must be 1 or more.", "Leave it out to send each task once.")
    cases = corpus.load_defect_cases(options.corpus)
    kits = {model: _load_kit(model, env) for model in options.models}
    with contextlib.closing(Ledger(options.data / LEDGER)) as ledger:
        bench = _Bench(options, env, stages, templates, cases, ledger, Console(stderr=True))
        for model, kit in kits.items():
            asyncio.run(_try_model(bench, model, kit))
        scores = [scoring.score_trial(trial) for trial in ledger.load_trials(_plan(templates))]
    write_csv(options.csv, scoring.COLUMNS, map(scoring.score_row, scores))
    if options.as_json:
        sys.stdout.write(json.dumps(scoring.comparison_details(scores), ensure_ascii=False) + "\n")
    else:
        scoring.print_scores(Console(), scores)
    return 0


def _load_kit(model: str, env: Mapping[str, str]) -> Kit:
    """Return what one model is asked with; raise UsageError if it cannot be: before anything is paid for."""
    kit = Kit.load(model_settings({**env, "LLM_MODELS": model}))
    for known in presets.resolve_chain(kit.models, kit.presets, presets.import_litellm()):
        if known.problem:
            raise UsageError(f"{known.name}: {known.problem}.", "Leave this model out, or set what it needs.")
    return kit


def _plan(templates: Sequence[TaskTemplate]) -> str:
    return f"models {plan_digest([], templates)}"


async def _try_model(bench: _Bench, model: str, kit: Kit) -> None:
    """Build every task with one model, then have it repair every site of the corpus."""
    started = datetime.now(UTC)
    data = bench.options.data / "models" / f"{started:%Y%m%d-%H%M%S}-{slug(model)}"
    async with bench.stages(data, {**bench.env, "LLM_MODELS": model}) as stage:
        endpoint = Endpoint(EMAIL, stage.receiver, stage.secret)
        entries = [
            entry
            for turn in range(1, bench.options.repeat + 1)
            for template in bench.templates
            for entry in plan_rounds(endpoint, template, f"m{turn}")
        ]
        number = bench.ledger.begin_evaluation(_plan(bench.templates), entries, started.timestamp(), model)
        bench.say(f"{model}: {len(entries)} rounds, kept in {bench.options.data / LEDGER}")
        stage.results.takes = lambda result: bench.ledger.take_result(result, datetime.now(UTC).timestamp())
        async with httpx.AsyncClient(timeout=60, trust_env=False) as http:
            ended = await carry_out(bench.ledger, number, [endpoint], stage.make_tools(bench.env, http, bench.say))
        for entry in ended:
            if (how := _summarize_build(stage.load_build(entry.task.id))) is not None:
                bench.ledger.record_build(entry.task.nonce, how)
    bench.say(f"{model}: {len(bench.cases)} sites to repair")
    browser = evaluator_settings(bench.env).browser
    await repair_sites(bench.cases, kit, browser, partial(_note_repair, bench, number))


def _note_repair(bench: _Bench, number: int, repair: SiteRepair) -> None:
    bench.ledger.record_site_repair(number, repair)
    bench.say(f"{repair.case}: {'repaired' if repair.is_repaired else 'not repaired'}")


def _summarize_build(build: Build | None) -> RoundBuild | None:
    if build is None:
        return None
    return RoundBuild(
        built_by=build.built_by,
        is_fallback=build.fallback,
        repairs=max(0, sum(attempt.verified for attempt in build.attempts) - 1),
        tokens_in=sum(attempt.tokens_in for attempt in build.attempts),
        tokens_out=sum(attempt.tokens_out for attempt in build.attempts),
        cost_usd=build.cost_usd,
    )
