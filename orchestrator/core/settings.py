"""The settings in the environment. Read once, from a mapping, and frozen. Only this module reads `os.environ`."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from orchestrator.core.errors import UsageError
from orchestrator.core.values import SettingsReader

_PUBLIC_API = "https://api.github.com"
_DEADLINE_S = 600
_FULL_NAME = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")
_TOKEN = re.compile(r"[!-~]+")

Settings = TypeVar("Settings")


def load_environment(*, dotenv: bool = False) -> dict[str, str]:
    """Return the environment; with `dotenv` also `.env` of the working directory. The environment wins."""
    if not dotenv or not Path(".env").is_file():
        return dict(os.environ)
    from dotenv import dotenv_values  # noqa: PLC0415 - only people's own machines have a .env

    return {name: value for name, value in dotenv_values(".env").items() if value is not None} | dict(os.environ)


def quiet_litellm() -> None:
    """Set what litellm reads when it is imported. Otherwise it downloads a price list and loads a `.env`."""
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    os.environ.setdefault("LITELLM_MODE", "PRODUCTION")


def set_tiktoken_folder(folder: Path) -> None:
    """Have tiktoken read its tables from `folder` (else it downloads them). litellm sets this too at import."""
    os.environ["TIKTOKEN_CACHE_DIR"] = str(folder)


@dataclass(frozen=True)
class Actions:
    """What GitHub Actions tells every job about its run. `job_began`: Unix seconds, as its first step noted them."""

    repository: str
    owner: str
    attempt: int
    server_url: str
    api_url: str
    is_github_hosted: bool
    deadline_s: float
    allow_workflows: bool
    allow_private_urls: bool
    token: str = field(repr=False)
    job_began: float | None = None


def deadline_s(env: Mapping[str, str]) -> float:
    """Return how many seconds a task may take."""
    return SettingsReader(env).number("TASK_DEADLINE_S", _DEADLINE_S)


def cache_folder(env: Mapping[str, str]) -> Path:
    """Return where downloaded packages are kept between tasks: https://specifications.freedesktop.org/basedir-spec."""
    read = SettingsReader(env)
    base = read.path("XDG_CACHE_HOME")
    return (base if base and base.is_absolute() else Path(read.text("HOME", str(Path.home())), ".cache")) / "pagewright"


def _server_url(read: SettingsReader) -> str:
    return read.text("GITHUB_SERVER_URL", "https://github.com").rstrip("/")


def _api_url(read: SettingsReader) -> str:
    return read.text("GITHUB_API_URL", _PUBLIC_API).rstrip("/")


def _own_server_url(read: SettingsReader, api_url: str) -> str:
    """Return the server to an API: GitHub Enterprise has it at `/api/v3` of its own address, or at `api.` before it.

    https://docs.github.com/enterprise-server/rest, https://docs.github.com/enterprise-cloud@latest/rest
    """
    own = re.sub(r"^(https?://)api\.", r"\1", api_url.removesuffix("/api/v3"))
    return read.text("GITHUB_SERVER_URL", own).rstrip("/")


def _read_actions(read: SettingsReader) -> Actions:
    repository = read.text("GITHUB_REPOSITORY")
    owner = read.text("GITHUB_REPOSITORY_OWNER", repository.partition("/")[0])
    return Actions(
        repository=repository,
        owner=read.text("TARGET_OWNER", owner) or read.required_text("TARGET_OWNER", "the account that owns the sites"),
        attempt=int(read.number("GITHUB_RUN_ATTEMPT", 1)),
        server_url=_server_url(read),
        api_url=_api_url(read),
        is_github_hosted=read.text("RUNNER_ENVIRONMENT") == "github-hosted",
        deadline_s=read.number("TASK_DEADLINE_S", _DEADLINE_S),
        allow_workflows=read.flag("ALLOW_WORKFLOWS"),
        allow_private_urls=read.flag("ALLOW_PRIVATE_URLS"),
        token=read.text("GITHUB_TOKEN"),
        job_began=read.number("JOB_BEGAN_AT", 1) if read.text("JOB_BEGAN_AT") else None,
    )


@dataclass(frozen=True)
class Models:
    """Which models to ask, in order, and with what.

    - `keys`: every setting that ends in `_API_KEY`, so that another provider needs no other code; no published file may
      hold one of these values
    - `endpoints`: every setting that ends in `_API_BASE` or `_API_VERSION`
    - `servers`: every setting that ends in `_MODEL`, `_CONTEXT` or `_OUTPUT`: what the model behind an endpoint is
    """

    chain: tuple[str, ...]
    api_base: str
    max_cost_usd: float
    keys: Mapping[str, str] = field(repr=False)
    endpoints: Mapping[str, str] = field(default_factory=dict)
    servers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class BuildSettings:
    """Job `build`: model keys, a browser, and no write token."""

    actions: Actions
    models: Models
    browser: Path | None
    cdn_mirror: Path | None
    max_attempts: int
    cache: Path


@dataclass(frozen=True)
class Hosts:
    """Where sites go beside GitHub Pages; without its token a host is not configured.

    `vercel_site_url`: of a site, with `{alias}` for its domain. `vercel_public`: take away a login in front of it.
    """

    netlify_token: str = field(default="", repr=False)
    vercel_token: str = field(default="", repr=False)
    netlify_api_url: str = "https://api.netlify.com/api/v1"
    vercel_api_url: str = "https://api.vercel.com"
    vercel_site_url: str = "https://{alias}/"
    vercel_public: bool = False

    @property
    def tokens(self) -> tuple[str, ...]:
        """Every token that is set."""
        return tuple(filter(None, (self.netlify_token, self.vercel_token)))


@dataclass(frozen=True)
class PublishSettings:
    """Job `publish`: the write tokens, and nothing of a model. `was_built`: job `build` ended well."""

    actions: Actions
    target_token: str = field(repr=False)
    was_built: bool = False
    hosts: Hosts = Hosts()


@dataclass(frozen=True)
class EvaluatorSettings:
    """The evaluator: where repositories are read, and what opens pages. `names_a_server`: not left to the default."""

    server_url: str
    api_url: str
    names_a_server: bool
    token: str = field(repr=False)
    browser: Path | None = None
    cdn_mirror: Path | None = None


def evaluator_settings(env: Mapping[str, str]) -> EvaluatorSettings:
    """Read the evaluator's settings; raise UsageError that names everything wrong at once."""
    read = SettingsReader(env)
    api_url = _api_url(read)
    settings = EvaluatorSettings(
        server_url=_own_server_url(read, api_url),
        api_url=api_url,
        names_a_server=bool(read.text("GITHUB_API_URL") or read.text("GITHUB_SERVER_URL")),
        token=read.text("GITHUB_TOKEN"),
        browser=read.path("BROWSER"),
        cdn_mirror=read.folder("CDN_MIRROR"),
    )
    read.raise_problems()
    return settings


def build_settings(env: Mapping[str, str]) -> BuildSettings:
    """Read job `build`'s settings; raise UsageError that names everything wrong at once."""
    read = SettingsReader(env)
    settings = BuildSettings(
        actions=_read_actions(read),
        models=_read_models(read),
        browser=read.path("BROWSER"),
        cdn_mirror=read.folder("CDN_MIRROR"),
        max_attempts=int(read.number("MAX_ATTEMPTS", 4)),
        cache=cache_folder(env),
    )
    read.raise_problems()
    return settings


def model_settings(env: Mapping[str, str]) -> Models:
    """Read what says which models to ask; raise UsageError that names everything wrong at once."""
    read = SettingsReader(env)
    models = _read_models(read)
    read.raise_problems()
    return models


def _read_models(read: SettingsReader) -> Models:
    return Models(
        chain=tuple(name.strip() for name in read.text("LLM_MODELS").split(",") if name.strip()),
        api_base=read.text("LLM_API_BASE"),
        max_cost_usd=read.number("MAX_COST_USD", 1.0),
        keys=read.values_ending("_API_KEY"),
        endpoints={
            name: value
            for name, value in read.values_ending("_API_BASE", "_API_VERSION").items()
            if name != "LLM_API_BASE"
        },
        servers={
            name: value
            for name, value in read.values_ending("_MODEL", "_CONTEXT", "_OUTPUT").items()
            if not name.startswith("GITHUB_")  # Actions' own
        },
    )


def publish_settings(env: Mapping[str, str]) -> PublishSettings:
    """Read job `publish`'s settings; raise UsageError that names everything wrong at once."""
    read = SettingsReader(env)
    token = read.required_text("TARGET_TOKEN", "the token that creates the repository, commits, and enables Pages")
    # https://docs.github.com/actions/reference/workflows-and-actions/contexts#needs-context
    was_built = read.text("BUILD_RESULT") == "success"
    hosts = _read_hosts(read)
    settings = PublishSettings(actions=_read_actions(read), target_token=token, was_built=was_built, hosts=hosts)
    read.raise_problems()
    return settings


def host_settings(env: Mapping[str, str]) -> Hosts:
    """Read what says where sites go beside GitHub Pages; raise UsageError that names everything wrong at once."""
    read = SettingsReader(env)
    hosts = _read_hosts(read)
    read.raise_problems()
    return hosts


def _read_hosts(read: SettingsReader) -> Hosts:
    site_url = read.text("VERCEL_SITE_URL", Hosts.vercel_site_url)
    if not re.fullmatch(r"https?://[^{}\s]*\{alias\}[^{}\s]*/", site_url):
        read.problems.append("VERCEL_SITE_URL must be a URL with {alias} in it and a slash at its end")
    return Hosts(
        netlify_token=read.text("NETLIFY_TOKEN"),
        vercel_token=read.text("VERCEL_TOKEN"),
        netlify_api_url=read.text("NETLIFY_API_URL", Hosts.netlify_api_url).rstrip("/"),
        vercel_api_url=read.text("VERCEL_API_URL", Hosts.vercel_api_url).rstrip("/"),
        vercel_site_url=site_url,
        vercel_public=read.flag("VERCEL_PUBLIC"),
    )


@dataclass(frozen=True)
class JobConfig(Generic[Settings]):
    """All that a job is told. It is known even if the job's own settings are wrong, so that the job can report that.

    - `events_folder`: the folder for the events, None if nobody asked for them
    - `attempt`: how many times this run was started, this time included
    - `run_url`: the address of the run's log
    """

    events_folder: Path | None
    attempt: int
    run_url: str
    allow_private_urls: bool
    _settings: Settings | UsageError = field(repr=False)

    def settings(self) -> Settings:
        """Return the job's settings; raise UsageError that names everything wrong at once."""
        if isinstance(self._settings, UsageError):
            raise self._settings
        return self._settings


def build_config(env: Mapping[str, str]) -> JobConfig[BuildSettings]:
    """Read what job `build` is told."""
    return _job_config(env, build_settings)


def publish_config(env: Mapping[str, str]) -> JobConfig[PublishSettings]:
    """Read what job `publish` is told."""
    return _job_config(env, publish_settings)


def _job_config(env: Mapping[str, str], settings_of: Callable[[Mapping[str, str]], Settings]) -> JobConfig[Settings]:
    read = SettingsReader(env)
    settings: Settings | UsageError
    try:
        settings = settings_of(env)
    except UsageError as error:
        settings = error
    return JobConfig(
        events_folder=read.path("PAGEWRIGHT_EVENTS"),
        attempt=int(read.number("GITHUB_RUN_ATTEMPT", 1)),
        run_url=f"{_server_url(read)}/{read.text('GITHUB_REPOSITORY')}/actions/runs/{read.text('GITHUB_RUN_ID', '0')}",
        allow_private_urls=read.flag("ALLOW_PRIVATE_URLS"),
        _settings=settings,
    )


@dataclass(frozen=True)
class WatchSettings:
    """Which pipeline is watched, and how it is asked. `pipeline`: `owner/name`; `token`: it only reads."""

    pipeline: str
    api_url: str
    token: str = field(repr=False)


def watch_settings(env: Mapping[str, str], pipeline: str) -> WatchSettings:
    """Read what `watch --pipeline` needs; raise UsageError that names everything wrong at once."""
    read = SettingsReader(env)
    if not _FULL_NAME.fullmatch(pipeline):
        read.problems.append("--pipeline must have the form owner/name")
    token = read.required_text("GITHUB_TOKEN", "a token with Actions: read on the pipeline")
    if token and not _TOKEN.fullmatch(token):
        read.problems.append("GITHUB_TOKEN must be a token without spaces")
    read.raise_problems()
    return WatchSettings(pipeline, _api_url(read), token)


@dataclass(frozen=True)
class SetupSettings:
    """Where to set up a pipeline, and with what. `pipeline`: `owner/name`; `token`: used once, stored nowhere."""

    pipeline: str
    api_url: str
    server_url: str
    token: str = field(repr=False)


def setup_settings(env: Mapping[str, str]) -> SetupSettings:
    """Read what `setup` needs; raise UsageError that names everything wrong at once."""
    read = SettingsReader(env)
    pipeline = read.required_text("PIPELINE_REPOSITORY", "owner/name of the repository to set up")
    if pipeline and not _FULL_NAME.fullmatch(pipeline):
        read.problems.append("PIPELINE_REPOSITORY must have the form owner/name")
    token = read.required_text("SETUP_TOKEN", "the token that sets up that repository; it is not stored")
    if token and not _TOKEN.fullmatch(token):
        read.problems.append("SETUP_TOKEN must be a token without spaces")
    read.required_text("TARGET_TOKEN", "the write token of job publish, which is stored as a secret of its environment")
    read.raise_problems()
    api_url = _api_url(read)
    return SetupSettings(pipeline, api_url, _own_server_url(read, api_url), token)


def log_files(env: Mapping[str, str]) -> tuple[Path | None, Path | None]:
    """Return the files in which Actions takes a step's outputs and its summary."""
    read = SettingsReader(env)
    return read.path("GITHUB_OUTPUT"), read.path("GITHUB_STEP_SUMMARY")
