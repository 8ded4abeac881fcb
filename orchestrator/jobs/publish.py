"""Job `publish`: Site -> commit -> live page -> evaluator told. Talks to no model and runs nothing generated."""

import json
import time
from pathlib import Path

from orchestrator.core.deadline import Clock
from orchestrator.core.errors import PagewrightError
from orchestrator.core.events import CommittedEvent, LiveEvent, NoteEvent, ToldEvent, emit_group
from orchestrator.core.order import Order
from orchestrator.core.report import Build
from orchestrator.core.settings import Hosts, JobConfig, PublishSettings
from orchestrator.core.site import Site
from orchestrator.core.task import Task
from orchestrator.github.client import Client
from orchestrator.github.repository import keep_homepage
from orchestrator.jobs import handover, summary
from orchestrator.jobs.commit import CommitOrder, Committed, ensure_commit, republish_record
from orchestrator.jobs.intake import take_up_task
from orchestrator.jobs.notify import Publication, notify, result_body
from orchestrator.jobs.runner import Runner, escape_commands, redact_short_value
from orchestrator.jobs.telling import Teller, create_teller
from orchestrator.targets.choosing import check_configured, open_target
from orchestrator.targets.live import ExpectedSite, wait_until_live
from orchestrator.targets.target import DeploymentLost, PublishTarget, Release

TELLING_S = 10.0
"""Seconds that are always kept for telling the evaluator."""

MORE_DEPLOYMENTS = 2
"""How many may follow the first where the host loses one."""


async def publish(
    config: JobConfig[PublishSettings], order: Order, folder: Path, runner: Runner, clock: Clock
) -> Publication:
    """Publish the site in `folder`, and tell the evaluator the result or the error.

    Raises PagewrightError, after the evaluator was told.
    """
    tells = create_teller(config, order, runner, "publish")
    asker = order.identity()
    for personal in (asker.email, asker.nonce, asker.evaluation_url):
        # The result is printed as JSON, where a quote or a backslash makes the same value look different.
        tells.mask(escape_commands(json.dumps(personal or "", ensure_ascii=False)[1:-1]))
    outcome: Publication | PagewrightError = PagewrightError("The pipeline failed.", "Its log in Actions says why.")
    build: Build | None = None
    try:
        build, site = handover.load_build_output(folder)
        outcome = await _publish_site(config.settings(), order, (build, site), tells, clock)
    except PagewrightError as error:
        outcome = error
    finally:
        # Also on the way out with a defect of ours: a silent evaluator is the worst outcome.
        try:
            await _tell_evaluator(config, asker, outcome, tells, clock)
        finally:
            runner.add_summary(summary.render_publish_summary(order, build, outcome, config.run_url))
    if isinstance(outcome, PagewrightError):
        tells.fail(outcome, "publish")
        raise outcome
    return outcome


async def _publish_site(
    settings: PublishSettings,
    order: Order,
    built: tuple[Build | None, Site | None],
    tells: Teller,
    clock: Clock,
) -> Publication:
    actions = settings.actions
    hosts = settings.hosts
    tells.hide(settings.target_token, actions.token, *hosts.tokens)
    build, site = built
    intake = await take_up_task(actions, order, clock)
    check_configured(intake.task.target, hosts)
    client = Client(actions.api_url, settings.target_token, intake.deadline.earlier_by(TELLING_S))
    wanted = CommitOrder(
        order=order,
        task=intake.task,
        build=build,
        site=site,
        year=intake.day.year,
        secrets=(settings.target_token, actions.token, *hosts.tokens),
        reserved=intake.reserved,
        allow_workflows=actions.allow_workflows,
        was_built=settings.was_built,
    )
    with emit_group(tells.emit, "Commit"):
        made = await ensure_commit(client, actions.owner, wanted)
        full_name = made.repository.full_name
        repo_url = f"{actions.server_url}/{full_name}"
        tells.emit(CommittedEvent(repo_url=repo_url, sha=made.sha, files=len(made.expected)))
    url = await _put_live(client, made, wanted, (hosts, tells))
    return Publication(repo_url, made.sha, url)


async def _put_live(client: Client, made: Committed, wanted: CommitOrder, means: tuple[Hosts, Teller]) -> str:
    """Bring what was committed live at the task's target; return its URL."""
    hosts, tells = means
    name = wanted.task.target

    async def make_another_commit() -> Release:
        nonlocal made
        made = await republish_record(client, made)
        return _release_of(made, wanted)

    async with open_target(name, _release_of(made, wanted), hosts, client, make_another_commit) as target:
        with emit_group(tells.emit, f"Wait until {target.title} serves it"):
            began = time.monotonic()
            url = await _deploy_until_live(target, client, tells)
            tells.emit(LiveEvent(pages_url=url, seconds=round(time.monotonic() - began, 3)))
        if said := await target.finish():
            tells.emit(NoteEvent(text=said))
    # Nobody has to be told where GitHub Pages serves a repository, unless it was served elsewhere before.
    if name != "pages" or made.repository.target != "pages":
        await keep_homepage(client, made.repository.full_name, url)
    return url


def _release_of(made: Committed, wanted: CommitOrder) -> Release:
    order, repository = wanted.order, made.repository
    request, round_ = order.id, wanted.task.round
    # What an earlier run put at the head may answer a later request than this one.
    if made.is_replay and repository.record and repository.record.request and repository.record.rounds:
        request, round_ = repository.record.request, repository.record.rounds[-1].round
    return Release(
        full_name=repository.full_name,
        head=made.head,
        keys=order.keys,
        request=request,
        round=round_,
        expected=made.expected,
        is_new=made.is_new,
        is_replay=made.is_replay,
    )


async def _deploy_until_live(target: PublishTarget, client: Client, tells: Teller) -> str:
    """Deploy unless that was done already; wait, and deploy again where the host lost it; return the site's URL."""
    url = await target.ensure_place()
    deployment = await target.find_deployment() or await target.deploy()
    for more in range(MORE_DEPLOYMENTS + 1):
        expected = ExpectedSite(url, deployment.sha, deployment.expected, target.title)
        try:
            return await wait_until_live(expected, deployment.progress, client.deadline, tells.emit)
        except DeploymentLost as lost:
            if more == MORE_DEPLOYMENTS:
                raise
            deployment = await target.deploy()
            tells.emit(NoteEvent(text=f"{lost.cause} Trying again with {deployment.name}"))
    raise AssertionError  # the last turn returns or raises


async def _tell_evaluator(
    config: JobConfig[PublishSettings], asker: Task, outcome: Publication | PagewrightError, tells: Teller, clock: Clock
) -> None:
    runner = tells.runner
    result = outcome if isinstance(outcome, Publication) else outcome.told
    shown = asker.model_copy(
        update={"email": redact_short_value(asker.email), "nonce": redact_short_value(asker.nonce)}
    )
    runner.say(result_body(shown, result).decode())
    if isinstance(outcome, Publication):
        for name in ("repo_url", "commit_sha", "pages_url"):
            runner.set_output(name, getattr(outcome, name))
    if asker.evaluation_url is None:
        tells.emit(NoteEvent(text="The task has no evaluation_url, so no evaluator is notified."))
        return
    with emit_group(tells.emit, "Tell the evaluator"):
        body = result_body(asker, result)
        tries, status = await notify(asker.evaluation_url, body, clock, allow_private=config.allow_private_urls)
        tells.emit(ToldEvent(status=status, tries=tries))
