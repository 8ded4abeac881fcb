"""What GitHub's refusals mean to a sender, and what is to be done about them. Pure."""

import re

import httpx

from orchestrator.core.retry import NO_ANSWER, Failure, Kind, classify_failure

LATER_S, LIMITED_S = 30.0, 60.0
"""When a sender may try again where GitHub does not say: after a failure, and after a rate limit."""

LONGEST_MESSAGE = 300

_MOVED = (301, 302, 307, 308)
_NAME = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")
_BLOCKED = ("secret detected", "secret scanning", "push protection", "rule violation")


def classify_answer(answer: httpx.Response | None) -> Failure:
    """Return what an answer, or none, means to the retry policy."""
    return (
        classify_failure(NO_ANSWER, {})
        if answer is None
        else classify_failure(answer.status_code, answer.headers, answer.text)
    )


def is_blocked(answer: httpx.Response | None) -> bool:
    """Whether push protection or a ruleset refused what was to be written: the same content is never taken.

    https://docs.github.com/code-security/secret-scanning/working-with-secret-scanning-and-push-protection/working-with-push-protection-from-the-rest-api
    """
    if answer is None or answer.status_code not in (403, 409, 422):
        return False
    words = answer.text.lower()
    return any(sign in words for sign in _BLOCKED)


def is_moved(answer: httpx.Response) -> bool:
    """Whether what was asked for has another name now: a read may follow it, a write does not.

    https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#follow-redirects
    """
    return answer.status_code in _MOVED


def describe_move(status: int, name: str = "") -> str:
    """Return what to say where the pipeline's repository was renamed, to `name` if that is known."""
    now = f"renamed to {name}" if _NAME.fullmatch(name) else "renamed or moved"
    said = f"GitHub answered {status}: PIPELINE_REPOSITORY was {now}."
    return f"{said} The receiver's owner must correct PIPELINE_REPOSITORY."


def describe_refusal(answer: httpx.Response | None) -> tuple[str, float, str]:
    """Return what to say of an answer, with its remedy, the seconds after which to ask again, and GitHub's sentence."""
    failed = classify_answer(answer)
    if failed.kind is Kind.LIMITED:
        said = "GitHub's rate limit is reached. Send the task again after the time in Retry-After."
        return said, LIMITED_S if failed.asked is None else failed.asked, ""
    if answer is None:
        return "GitHub does not answer. Send the task again.", LATER_S, ""
    return _describe_remedy(answer), LATER_S, parse_message(answer)


def _describe_remedy(answer: httpx.Response) -> str:
    status = answer.status_code
    if is_moved(answer):
        return describe_move(status)
    if status == 403 and not _is_missing_permission(said := parse_message(answer)):
        return "GitHub refuses DISPATCH_TOKEN or PIPELINE_REPOSITORY. The receiver's log tells its owner why."
    if status == 409 and (said := parse_message(answer)) and "empty" not in said.lower():
        return "GitHub answered 409: something else is being written to PIPELINE_REPOSITORY. Send the task again."
    if status == 422:
        return (
            "GitHub answered 422: it does not accept the call. The same task will fail again, so tell the "
            "receiver's owner."
        )
    return _REMEDIES.get(status, f"GitHub answered {status}. Send the task again.")


def _is_missing_permission(said: str) -> bool:
    """Whether a 403 is one for a missing permission; single sign-on, policies and archived repositories are others."""
    words = said.lower()
    return words in ("", "forbidden") or "not accessible by" in words or "admin rights" in words


def parse_message(answer: httpx.Response | None) -> str:
    """Return GitHub's own sentence, which is for the receiver's owner alone."""
    if answer is None:
        return ""
    try:
        said = answer.json()
    except ValueError:
        return ""
    return str(said.get("message") or "")[:LONGEST_MESSAGE] if isinstance(said, dict) else ""


_REMEDIES = {
    401: "GitHub does not accept DISPATCH_TOKEN. The receiver's owner must renew it.",
    403: "DISPATCH_TOKEN is not allowed to do this. It needs Contents: write on PIPELINE_REPOSITORY.",
    404: "GitHub does not show PIPELINE_REPOSITORY or its workflow to DISPATCH_TOKEN. Check the name and the token.",
    409: "PIPELINE_REPOSITORY is empty. Push the pipeline first.",
}
