"""Readers that are measured: requests, events, reports, records, sites, logs, templates."""

import io
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from orchestrator.core.differences import compare_reports, find_new_findings
from orchestrator.core.errors import UsageError
from orchestrator.core.order import Order, read_event
from orchestrator.core.paths import find_clash, path_problem
from orchestrator.core.record import Record, Round, read_record
from orchestrator.core.report import Build, CheckResult, Finding, Report
from orchestrator.core.site import Site, broken_rules
from orchestrator.core.task import InvalidTask, Request, Task, decode_data_uri, parse_request_id, parse_task
from orchestrator.evaluator.templates import TaskTemplate, fill_template
from orchestrator.jobs import annotations, handover, summary
from orchestrator.jobs.runner import Runner
from orchestrator.verify.checks import label_checks
from receiver.tasks.malformed import describe_malformed
from receiver.tasks.payload import build_payload
from receiver.tasks.suspects import find_suspect_fields
from tests.fuzz.families import split, texts
from tests.fuzz.growth import Family, Reader
from tests.fuzz.readers import JSONS, MB

BRIEF = 100_000
COUNT = 20_000

REQUEST = {"email": "a@b.c", "secret": "s", "task": "t", "round": 1, "nonce": "n", "evaluation_url": "https://a.b/"}


def _checked(number: int, text: str = "document.title") -> CheckResult:
    return CheckResult(round=1, text=f"{text} {number}", kind="js", state="failed", seen="x" * 200)


def _found(number: int) -> Finding:
    return Finding(kind="accessibility", text=f"Expected a label. Saw: <input id=a{number}> of {number} px", where="a")


def _report(size: int) -> Report:
    return Report(tuple(_checked(n) for n in range(size)), tuple(_found(n) for n in range(size)))


def _reports(size: int) -> Any:
    return _report(size), Report(
        tuple(_checked(n, "title") for n in range(size)), tuple(_found(-n) for n in range(size))
    )


def _compared(given: tuple[Report, Report]) -> object:
    before, after = given
    order = Order("a", "k", "t", {"brief": "b"}, None, by_hand=False)
    build = Build(id="a", checks=after.checks, findings=after.findings)
    annotations.limit_lines(annotations.describe_worst_first(after.checks, after.findings))
    (
        summary.render_build_summary(order, build),
        summary.render_publish_summary(order, build, UsageError("a", "b"), "https://a.b"),
    )
    label_checks([(1, _check_of(one)) for one in after.checks])
    return compare_reports(before, after), find_new_findings(before.findings, after.findings)


def _check_of(one: CheckResult) -> Any:
    return parse_task(Task, {"task": "t", "round": 1, "nonce": "n", "brief": "b", "checks": [one.text]}).checks[0]


def _finding_of(text: str) -> Any:
    found = Finding(kind="accessibility", text=text, where=text)
    return Report((), (found,)), Report((), (found, found))


def _said(text: str) -> object:
    runner = Runner(io.StringIO())
    for way in (runner.say, runner.warning, runner.mask):
        way(text)
    runner.begin_group(text)
    return summary.code_span(text)


def _handed_over(size: int) -> Path:
    folder = Path(tempfile.mkdtemp())
    site = Site({f"{n}.txt": b"a" for n in range(size)})
    handover.write_build_output(folder, Build(id="a", checks=_report(size).checks), site, {})
    return folder


def _record(size: int) -> bytes:
    return Record(
        task="k", rounds=tuple(Round(round=n + 1, brief="b", checks=("c",) * 3) for n in range(size))
    ).render_file()


def _recorded(data: bytes) -> object:
    record = read_record(data)
    if record is not None:
        record.with_round("r", "s", "m", Round(round=1, brief="b"))
    return record


def _site(size: int) -> dict[str, bytes]:
    return {f"folder-{n}/" * min(9, n) + f"{n}.txt": b"a" * 20 for n in range(size)}


def _ruled(files: Mapping[str, bytes]) -> object:
    site = Site(files)
    return (
        broken_rules(site, {}, ("secret-secret",) * 3),
        site.digest(),
        find_clash(files),
        [path_problem(path) for path in files],
    )


def _request(**more: Any) -> dict[str, Any]:
    return {**REQUEST, "brief": "b", **more}


def _requests(_: int) -> list[Family]:
    uri = "data:text/plain;base64,YQ=="
    return [
        Family(
            "attachments", lambda size: _request(attachments=[{"name": f"{n}.txt", "url": uri} for n in range(size)])
        ),
        Family(
            "attachments in folders",
            lambda size: _request(attachments=[{"name": f"{'a/' * 60}{n}.txt", "url": uri} for n in range(size)]),
        ),
        Family(
            "attachments of one name",
            lambda size: _request(attachments=[{"name": "a.txt", "url": uri} for n in range(size)]),
        ),
        Family(
            "attachments with bad names",
            lambda size: _request(attachments=[{"name": "../a", "url": uri} for n in range(size)]),
        ),
        Family("checks", lambda size: _request(checks=[f"js: {n}" for n in range(size)])),
        Family("checks that are objects", lambda size: _request(checks=[{"a": n} for n in range(size)])),
        Family("fields", lambda size: _request(**{f"f{n}": n for n in range(size)})),
        Family("a check in blanks", lambda size: _request(checks=[" " * size * 20])),
        Family(
            "one attachment",
            lambda size: _request(attachments=[{"name": "a.txt", "url": f"data:,{'%41' * size * 20}"}]),
        ),
        Family(
            "one attachment in base64",
            lambda size: _request(attachments=[{"name": "a.txt", "url": f"data:;base64,{'YWFh' * size * 20}"}]),
        ),
    ]


def _accepted(raw: dict[str, Any]) -> object:
    with suppress(InvalidTask):
        request = parse_task(Request, raw)
        return build_payload(request, "k", datetime.now(UTC)), find_suspect_fields(request)
    return None


def _uri(text: str) -> object:
    with suppress(ValueError):
        return decode_data_uri(f"data:{text}")
    return None


def _event(text: str) -> object:
    with suppress(UsageError):
        return read_event({"inputs": {"request": text, "checks": text}}, "1")
    return None


def _inputs(text: str) -> object:
    with suppress(UsageError):
        return read_event({"inputs": {"task": "t", "brief": "b", "checks": text, "email": text[:300]}}, "1")
    return None


def _suspected(text: str) -> object:
    request = parse_task(Request, _request(brief=text[:BRIEF]))
    return find_suspect_fields(request)


def _template(text: str) -> object:
    files = [{"name": "a.csv", "content": text}]
    given = {
        "id": "t",
        "brief": f"b {text}"[:BRIEF],
        "checks": [text],
        "attachments": files,
        "vars": {"n": {"count": "a.csv"}},
    }
    with suppress(UsageError):
        return fill_template(TaskTemplate.model_validate(given), "s")
    return None


TOLD = (
    Reader("reports", 5_000, _compared, lambda _: [Family("checks and findings", _reports)]),
    Reader(
        "findings",
        MB,
        _compared,
        lambda seed: split(("Saw: ", "<html", "<a", ":1:2", "9 px", ":1", "9"), seed, _finding_of),
    ),
    Reader("requests", COUNT, _accepted, _requests),
    Reader("requests: data URIs", MB, _uri, lambda seed: texts((",", ";base64,", "; base64", "%41", "; "), seed)),
    Reader("requests: keys", BRIEF, _suspected, lambda seed: texts(("a1", "-", "a", "1", "a" * 19 + " "), seed)),
    Reader(
        "requests that are none",
        MB,
        lambda text: describe_malformed(text.encode()),
        lambda seed: texts(("{'", ":", ": NaN", ", ]", "a="), seed),
    ),
    Reader("runs by hand", MB, _event, lambda seed: texts(("{", '"', "js: ", "- js:", "\n"), seed)),
    Reader("runs by hand: checks", MB, _inputs, lambda seed: texts(("js: ", "- js:", "- "), seed)),
    Reader(
        "commit messages",
        MB,
        parse_request_id,
        lambda seed: texts(
            ("Pagewright-Request: ", "\n\n", "\n \n", "\n ", "Pagewright-Request: 0123456789abcdef\n"), seed
        ),
    ),
    Reader("logs", MB, _said, lambda seed: texts((":", "::", "##[", "\n", "\r", "\u2028", "`", "|"), seed)),
    Reader("records", 5_000, _recorded, lambda _: [Family("rounds", _record)]),
    Reader("records: texts", MB, lambda text: _recorded(text.encode()), lambda seed: texts(JSONS, seed, drawn=10)),
    Reader("sites", COUNT, _ruled, lambda _: [Family("files", _site)]),
    Reader(
        "sites: texts",
        MB,
        lambda text: _ruled({"a.js": text.encode()}),
        lambda seed: texts(("ghp_", "-----BEGIN ", "-----BEGIN A PRIVATE KEY", "sk-", "AKIA"), seed),
    ),
    Reader(
        "paths",
        MB,
        lambda text: (path_problem(text), find_clash([text, text])),
        lambda seed: texts(("/", "a/", "..", "%2e"), seed),
    ),
    Reader("handover", 1_000, handover.load_build_output, lambda _: [Family("files", _handed_over)]),
    Reader("templates", MB, _template, lambda seed: texts(("${", "${a}", "}", "$", "a,b\n"), seed)),
)
