"""A task: the request, its identity, and how it gets to the workflow. Pure, with few imports: the receiver uses it."""

import base64
import binascii
import hashlib
import hmac
import json
import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal, Self, TypeVar
from urllib.parse import unquote_to_bytes, urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from orchestrator.core.errors import UsageError
from orchestrator.core.paths import find_clash, path_problem
from orchestrator.core.scaffold import Asked

_SLICE = 65_536
MAX_URL = 2_000
MAX_CHECKS = 200
MAX_CHECK = 20_000
MAX_ATTACHMENTS = 100
MOST_FORMER_KEYS = 4
"""Two secrets may be valid at a time, and an e-mail has two spellings: as sent, and its normal form."""

TargetName = Literal["pages", "netlify", "vercel"]
"""Where a site goes live."""

TRAILER_ID = "Pagewright-Request"
TRAILER_ROUND = "Pagewright-Round"
UNFIT_AT_HOSTS = re.compile(r"[#?]")
"""What no name may hold at a host that takes files by their URLs, as Netlify does."""

_IS_JS = re.compile(r"\s*(?:-\s+)?(?:js|javascript)\s?:", re.IGNORECASE)
"""How an evaluator says that a check is JavaScript: `js:`, `JS:`, `javascript:`, `- js:` as in a list."""


def request_id(email: str, task: str, round_: int, nonce: str) -> str:
    """Return the 16 hex digits that name this request, the same for everyone who computes them."""
    return _sha16("\n".join((email, task, str(round_), nonce)))


def normal_email(email: str) -> str:
    """Return what two spellings of one e-mail have in common: trimmed, lower case."""
    return email.strip().lower()


def task_key(keyed_with: str | bytes, email: str, task: str) -> str:
    """Return the 16 hex digits that say which task this is without giving the e-mail away.

    They are public, so somebody who knows the e-mail and the task can try to guess what they are `keyed_with`.
    """
    key = keyed_with.encode() if isinstance(keyed_with, str) else keyed_with
    return hmac.new(key, f"{email}\n{task}".encode(), hashlib.sha256).hexdigest()[:16]


def manual_key(task: str) -> str:
    """Return the key of a task that was started by hand."""
    return _sha16(f"manual\n{task}")


def manual_id(task: str, round_: int, nonce: str) -> str:
    """Return the id of a request that was made by hand: no e-mail is needed there, so none is part of it."""
    return _sha16("\n".join(("manual", task, str(round_), nonce)))


def _sha16(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def slug(task: str) -> str:
    """Turn any text into a repository name: lower case, `[a-z0-9._-]`, 1 to 93 characters.

    All other characters are replaced here: GitHub would replace them in its own way (`Åström` becomes `-str-m`).
    """
    ascii_text = unicodedata.normalize("NFKD", task).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9._-]+", "-", ascii_text).lstrip("-.")[:93]
    # GitHub keeps the endings `.git` and `.wiki` for itself; what is cut off may bare another.
    return re.sub(r"(?:[-.]|\.git|\.wiki)+$", "", name) or "task"


def repository_names(task: str, *keys: str) -> tuple[str, ...]:
    """Return the name of the task's repository, then one more for each key, to use if that name is taken."""
    name = slug(task)
    return tuple(dict.fromkeys((name, *(f"{name}-{key[:6]}" for key in keys))))


def title_of(task: str, round_: int) -> str:
    """Return the title for the list of runs. It is public, so it holds only a slug."""
    return f"{slug(task)[:80]} round {round_}"


def _parse_round(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("must be a whole number, 1 or more")
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value):
        return int(value)
    return value


def _parse_framework(value: object) -> object:
    """Return `auto` for a field that a form left empty."""
    return "auto" if value is None or value == "" else value.lower() if isinstance(value, str) else value


def _parse_check(value: object) -> object:
    if isinstance(value, Check):
        return value
    if isinstance(value, str):
        named = _IS_JS.match(value)
        return _check_fields(value[named.end() :].strip(), js=True) if named else _check_fields(value)
    if isinstance(value, Mapping):
        if isinstance(value.get("js"), str):
            return _check_fields(value["js"], js=True)
        return _check_fields(json.dumps(value, ensure_ascii=False))
    raise ValueError("must be a string or an object")


def _check_fields(text: str, *, js: bool = False) -> dict[str, object]:
    if len(text) > MAX_CHECK:
        raise ValueError(f"must have at most {MAX_CHECK} characters")
    return {"text": text, "js": js}


def validate_web_url(value: str) -> str:
    """Return `value` if it is an http(s) URL with a host and without user info; raise ValueError otherwise."""
    if len(value) > MAX_URL or re.search(r"[\x00-\x20\x7f]", value):
        raise ValueError(f"must be a URL of at most {MAX_URL} characters without spaces")
    try:
        parts = urlsplit(value)
        port_is_valid = parts.port is None or parts.port > 0
    except ValueError:
        port_is_valid = False
    if not port_is_valid or parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        raise ValueError("must be an http or https URL with a host and without user name or password")
    return value


def _validate_name(value: str) -> str:
    if problem := path_problem(value):
        raise ValueError(problem)
    return value


def _validate_source(value: str) -> str:
    if not _is_data_uri(value):
        return validate_web_url(value)
    decode_data_uri(value)
    return value


def _is_data_uri(url: str) -> bool:
    return url[:5].lower() == "data:"


def _default_to_empty(value: object) -> object:
    return () if value is None else value


def _limit_items(most: int) -> BeforeValidator:
    """Refuse a list that is too long before any of its items is validated."""

    def check_length(value: object) -> object:
        if isinstance(value, list | tuple) and len(value) > most:
            raise ValueError(f"must have at most {most} items")
        return value

    return BeforeValidator(check_length)


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Check(_Record):
    """One thing that must hold. `js`: the evaluator says that `text` is JavaScript."""

    text: str
    js: bool = False

    def wire_form(self) -> str | dict[str, str]:
        """Return the check as it came."""
        return {"js": self.text} if self.js else self.text


class Attachment(_Record):
    """A file of the task: `url` is a data URI or an http(s) URL."""

    name: Annotated[str, AfterValidator(_validate_name)]
    url: Annotated[str, AfterValidator(_validate_source)]

    @property
    def is_remote(self) -> bool:
        """Whether the bytes lie elsewhere."""
        return not _is_data_uri(self.url)


def decode_data_uri(uri: str) -> bytes:
    """Decode a `data:` URI (RFC 2397), base64 or percent-encoded, any media type; raise ValueError if that fails.

    Forgiving where senders differ: upper-case scheme, parameters, missing padding, the URL-safe alphabet.
    """
    head, comma, data = uri.partition(",")
    if not comma:
        raise ValueError("is a data URI without a comma")
    raw = _unquote_bytes(data.encode())
    if not re.search(r"; *base64 *$", head, re.IGNORECASE):
        return raw
    packed = b"".join(raw.split()).translate(bytes.maketrans(b"-_", b"+/")).rstrip(b"=")
    try:
        return base64.b64decode(packed + b"=" * (-len(packed) % 4), validate=True)
    except binascii.Error:
        raise ValueError("is a data URI with invalid base64") from None


def _unquote_bytes(data: bytes) -> bytes:
    """Decode `%41` and the like, a slice at a time: `unquote_to_bytes` keeps an object for each of them."""
    decoded, at = bytearray(), 0
    while at < len(data):
        end = at + _SLICE
        if end < len(data) and (begun := data.rfind(b"%", end - 2, end)) >= 0:
            end = begun  # do not cut an escape in two
        decoded += unquote_to_bytes(data[at:end])
        at = end
    return bytes(decoded)


WebUrl = Annotated[str, AfterValidator(validate_web_url)]


class Task(_Record):
    """What was asked, as the orchestrator works on it. By hand, `email` and `evaluation_url` may be missing."""

    email: Annotated[str, StringConstraints(max_length=320)] = ""
    task: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    round: Annotated[int, BeforeValidator(_parse_round), Field(ge=1, le=999_999_999, strict=True)]
    nonce: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    brief: Annotated[str, StringConstraints(min_length=1, max_length=100_000)]
    checks: Annotated[
        tuple[Annotated[Check, BeforeValidator(_parse_check)], ...],
        BeforeValidator(_default_to_empty),
        _limit_items(MAX_CHECKS),
    ] = ()
    evaluation_url: WebUrl | None = None
    attachments: Annotated[
        tuple[Attachment, ...], BeforeValidator(_default_to_empty), _limit_items(MAX_ATTACHMENTS)
    ] = ()
    framework: Annotated[Asked, BeforeValidator(_parse_framework)] = "auto"
    received_at: datetime | None = None
    target: Annotated[TargetName, BeforeValidator(lambda value: "pages" if value is None else value)] = "pages"

    @model_validator(mode="after")
    def _check_unique_names(self) -> Self:
        names = [attachment.name for attachment in self.attachments]
        if (second := find_clash(names)) is not None:
            raise ValueError(f"attachments.{len(names) - 1 - names[::-1].index(second)}.name: is used twice")
        for number, name in enumerate(names):
            if self.target != "pages" and UNFIT_AT_HOSTS.search(name):
                raise ValueError(f"attachments.{number}.name: must not contain # or ? for this target")
        return self

    @property
    def id(self) -> str:
        """The request's id."""
        return request_id(self.email, self.task, self.round, self.nonce)


class Request(Task):
    """What an evaluator POSTs: everything that a task has, and who asks."""

    email: Annotated[str, StringConstraints(min_length=1, max_length=320)]
    evaluation_url: WebUrl
    wait_for_result: bool = False
    # When it was received, the receiver says: from outside this is one more unknown field.
    received_at: Annotated[None, BeforeValidator(lambda _: None)] = None


class InvalidTask(UsageError):
    """The request has invalid fields; `fields` names them, without the submitted values."""

    def __init__(self, fields: list[dict[str, str]]) -> None:
        named = "; ".join(f"{entry['field']}: {entry['problem']}" for entry in fields)
        super().__init__(f"The task has invalid fields: {named}.", "Correct these fields and send the task again.")
        self.fields = fields


T = TypeVar("T", bound=Task)


def parse_task(kind: type[T], raw: object) -> T:
    """Validate `raw` (parsed JSON) as `kind`; raise InvalidTask."""
    try:
        return kind.model_validate(raw)
    except ValidationError as error:
        # pydantic's own text of the error repeats the input, the secret included: only place and rule are taken.
        found = error.errors(include_input=False, include_url=False, include_context=False)
        raise InvalidTask([_invalid_field(entry["loc"], entry["msg"]) for entry in found[:20]]) from None


def _invalid_field(where: tuple[str | int, ...], message: str) -> dict[str, str]:
    problem = message.removeprefix("Value error, ").replace("valid tuple", "valid list")
    if not where and (named := re.match(r"([a-z_.0-9]+): (.*)", problem)):
        return {"field": named[1], "problem": named[2]}
    return {"field": ".".join(map(str, where)) or "request", "problem": problem}


def parse_request_id(message: str) -> str | None:
    """Return the request that a commit answers, as its last block of trailers says (git-interpret-trailers)."""
    blocks = re.split(r"\n\s*\n", message.replace("\r\n", "\n").strip())
    if len(blocks) == 1:  # a subject alone has no trailers
        return None
    found = re.findall(rf"^{TRAILER_ID}: ([0-9a-f]{{16}})$", blocks[-1], re.MULTILINE)
    return str(found[0]) if len(found) == 1 else None
