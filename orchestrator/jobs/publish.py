"""Job `publish`: Site -> commit -> live page -> evaluator told. Talks to no model and runs nothing generated."""

import json
import time
from collections.abc import Mapping
from pathlib import Path

from orchestrator.core.deadline import Clock
from orchestrator.core.errors import PagewrightError
from orchestrator.core.events import CommittedEvent, LiveEvent, NoteEvent, ToldEvent, group
from orchestrator.core.report import Build
from orchestrator.core.settings import Hosts, PublishSettings, allows_private_urls, publish_settings, run_url
from orchestrator.core.site import Site
from orchestrator.core.task import Order, Task
from orchestrator.github.client import Client
from orchestrator.github.repository import keep_homepage
from orchestrator.jobs import handover, summary
from orchestrator.jobs.commit import Committed, Wanted, committed, committed_again
from orchestrator.jobs.intake import taken_up
from orchestrator.jobs.notify import Publication, notify, result_body
from orchestrator.jobs.runner import Runner, harmless, loggable
from orchestrator.jobs.telling import Teller, teller
from orchestrator.targets.choosing import check_configured, opened_target
from orchestrator.targets.live import Awaited, wait_until_live
from orchestrator.targets.target import DeploymentLost, Release, Target

TELLING_S = 10.0
"""Seconds that are always kept for telling the evaluator."""

MORE_DEPLOYMENTS = 2
"""How many may follow the first where the host loses one."""


async def publish(env: Mapping[str, str], order: Order, folder: Path, runner: Runner, clock: Clock) -> Publication:
    """Publish the site in `folder`, and tell the evaluator the result or the error.

    Raises PagewrightError, after the evaluator was told.
    """
    tells = teller(env, order, runner, "publish")
    asker = order.identity()
    for personal in (asker.email, asker.nonce, asker.evaluation_url):
        # The result is printed as JSON, where a quote or a backslash makes the same value look different.
        tells.mask(harmless(json.dumps(personal or "", ensure_ascii=False)[1:-1]))
    outcome: Publication | PagewrightError = PagewrightError("The pipeline failed.", "Its log in Actions says why.")
    build: Build | None = None
    try:
        build, site = handover.read(folder)
        outcome = await _published(publish_settings(env), order, (build, site), tells, clock)
    except PagewrightError as error:
        outcome = error
    finally:
        # Also on the way out with a defect of ours: a silent evaluator is the worst outcome.
        try:
            await _tell(env, asker, outcome, tells, clock)
        finally:
            runner.add_summary(summary.published(order, build, outcome, run_url(env)))
    if isinstance(outcome, PagewrightError):
        tells.fail(outcome, "publish")
        raise outcome
    return outcome


async def _published(
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
    intake = await taken_up(actions, order, clock)
    check_configured(intake.task.target, hosts)
    client = Client(actions.api_url, settings.target_token, intake.deadline.earlier(TELLING_S))
    wanted = Wanted(
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
    with group(tells.emit, "Commit"):
        made = await committed(client, actions.owner, wanted)
        full_name = made.repository.full_name
        repo_url = f"{actions.server_url}/{full_name}"
        tells.emit(CommittedEvent(repo_url=repo_url, sha=made.sha, files=len(made.expected)))
    url = await _put_live(client, made, wanted, (hosts, tells))
    return Publication(repo_url, made.sha, url)


async def _put_live(client: Client, made: Committed, wanted: Wanted, means: tuple[Hosts, Teller]) -> str:
    """Bring what was committed live at the task's target; return its URL."""
    hosts, tells = means
    name = wanted.task.target

    async def again() -> Release:
        nonlocal made
        made = await committed_again(client, made)
        return _release(made, wanted)

    async with opened_target(name, _release(made, wanted), hosts, client, again) as target:
        with group(tells.emit, f"Wait until {target.title} serves it"):
            began = time.monotonic()
            url = await _until_live(target, client, tells)
            tells.emit(LiveEvent(pages_url=url, seconds=round(time.monotonic() - began, 3)))
        if said := await target.finish():
            tells.emit(NoteEvent(text=said))
    # Nobody has to be told where GitHub Pages serves a repository, unless it was served elsewhere before.
    if name != "pages" or made.repository.target != "pages":
        await keep_homepage(client, made.repository.full_name, url)
    return url


def _release(made: Committed, wanted: Wanted) -> Release:
    order, repository = wanted.order, made.repository
    return Release(
        full_name=repository.full_name,
        head=made.head,
        keys=order.keys,
        request=order.id,
        round=wanted.task.round,
        expected=made.expected,
        is_new=made.is_new,
        is_replay=made.is_replay,
    )


async def _until_live(target: Target, client: Client, tells: Teller) -> str:
    """Deploy unless that was done already; wait, and deploy again where the host lost it; return the site's URL."""
    url = await target.place()
    deployment = await target.deployed() or await target.deploy()
    for more in range(MORE_DEPLOYMENTS + 1):
        awaited = Awaited(url, deployment.sha, deployment.expected, target.title)
        try:
            return await wait_until_live(awaited, deployment.following, client.deadline, tells.emit)
        except DeploymentLost as lost:
            if more == MORE_DEPLOYMENTS:
                raise
            deployment = await target.deploy()
            tells.emit(NoteEvent(text=f"{lost.cause} Trying again with {deployment.name}"))
    raise AssertionError  # the last turn returns or raises


async def _tell(
    env: Mapping[str, str], asker: Task, outcome: Publication | PagewrightError, tells: Teller, clock: Clock
) -> None:
    runner = tells.runner
    result = outcome if isinstance(outcome, Publication) else outcome.told
    shown = asker.model_copy(update={"email": loggable(asker.email), "nonce": loggable(asker.nonce)})
    runner.say(result_body(shown, result).decode())
    if isinstance(outcome, Publication):
        for name in ("repo_url", "commit_sha", "pages_url"):
            runner.set_output(name, getattr(outcome, name))
    if asker.evaluation_url is None:
        tells.emit(NoteEvent(text="The task has no evaluation_url, so no evaluator is notified."))
        return
    with group(tells.emit, "Tell the evaluator"):
        body = result_body(asker, result)
        tries, status = await notify(asker.evaluation_url, body, clock, allow_private=allows_private_urls(env))
        tells.emit(ToldEvent(status=status, tries=tries))
