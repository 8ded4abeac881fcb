"""Which models can be asked, and what is known about each: from `prompts/models.yaml`, and else from litellm's list."""

import logging
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from orchestrator.core.errors import UsageError
from orchestrator.core.settings import Models, quiet_litellm
from orchestrator.generate.models.counting import MARGIN

_PACKAGE, _CLONE = Path(__file__).parents[2], Path(__file__).parents[3]
"""The prompts and the presets, which can be edited without touching code."""

CONTEXT = 32_000
"""The context, in tokens, that is assumed if nobody states it: what most servers at home allow."""

OUTPUT = 8_000
"""Tokens of an answer, if nobody states a limit: a page of about 800 lines."""

MOST_OUTPUT = 32_000
"""The most tokens of an answer that are requested if a preset does not say: providers count requested tokens against an
account's limit for each minute, whether they are written or not.
"""

SILENCE_S = 30.0
"""Seconds without a piece of an answer after which another model is asked, if a preset does not say."""

THINKING_S = 120.0
"""The same until the first piece, for models that think before it, and for servers at home, which may have to load the
model and take long to read a prompt."""

NO_KEY = "none"
"""Sent if there is no key. Otherwise litellm would send a key that it finds in the environment."""

_NEEDING_A_KEY = frozenset(
    {"openai", "anthropic", "openrouter", "gemini", "azure", "mistral", "groq", "deepseek", "xai", "together_ai"}
)
_OLLAMA = ("ollama", "ollama_chat")
# Their marks for what to cache: https://docs.litellm.ai/docs/completion/prompt_caching
_CACHING = re.compile(r"(openrouter/)?anthropic/|bedrock/.*\banthropic\.|vertex_ai/claude")


class _PresetEntry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Price(_PresetEntry):
    """Dollars for a million tokens. `cached`: of a prompt that the provider has read before; None: as `input`."""

    input: Annotated[float, Field(ge=0)]
    output: Annotated[float, Field(ge=0)]
    cached: Annotated[float, Field(ge=0)] | None = None

    @property
    def is_free(self) -> bool:
        """Whether the model costs nothing, as at home."""
        return self.input == self.output == 0


class Preset(_PresetEntry):
    """One entry of `models.yaml`, as its head explains; None: litellm knows it, or nobody."""

    model: Annotated[str, StringConstraints(min_length=1)]
    key: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9_]+_API_KEY$")] | None = None
    api_base: str | None = None
    api_base_from: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9_]+_API_BASE$")] | None = None
    api_version_from: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9_]+_API_VERSION$")] | None = None
    context: Annotated[int, Field(gt=0)] | None = None
    output: Annotated[int, Field(gt=0)] | None = None
    price: Price | None = None
    vision: bool | None = None
    edits: bool = True
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    stream: bool = True
    silence_s: Annotated[float, Field(gt=0)] | None = None


@dataclass(frozen=True)
class Model:
    """One model of the chain, ready to be asked.

    - `name`: as LLM_MODELS has it
    - `params`: litellm's parameters, the key among them
    - `context`: tokens of prompt and answer together
    - `output`: tokens of an answer
    - `price`: None if it is unknown
    - `caches`: the provider wants marks for what to cache
    - `problem`: why the model cannot be asked, else empty
    - `is_home`: its server has an address of its own and gets no key
    - `context_is_guessed`: neither the preset nor a server says how large the context is
    - `margin`: how many times as many tokens it may need as are counted here
    - `streams`: its answers come in pieces
    - `silence_s`: seconds that may pass until the first piece, if another model can be asked instead
    - `thinks`: it thinks before it answers
    """

    name: str
    params: Mapping[str, Any] = field(repr=False)
    context: int
    output: int
    price: Price | None
    sees_images: bool
    edits: bool
    caches: bool
    problem: str = ""
    is_home: bool = False
    context_is_guessed: bool = False
    margin: float = MARGIN
    streams: bool = True
    silence_s: float = SILENCE_S
    thinks: bool = False


def prompts_folder() -> Path:
    """Return where the prompts lie: in the package where a wheel was installed, beside it in a clone."""
    inside = _PACKAGE / "prompts"
    return inside if inside.is_dir() else _CLONE / "prompts"


def load_presets(folder: Path | None = None) -> dict[str, Preset]:
    """Read `models.yaml`; raise UsageError that names the entries and keys that are wrong."""
    try:
        listed = yaml.safe_load(((folder or prompts_folder()) / "models.yaml").read_text(encoding="utf-8"))
        return TypeAdapter(dict[str, Preset]).validate_python(listed or {})
    except ValidationError as error:
        wrong = error.errors(include_input=False, include_url=False)[:5]
        problems = [f"{'.'.join(map(str, each['loc'])) or 'the file'}: {each['msg']}" for each in wrong]
    except (OSError, ValueError, yaml.YAMLError) as error:
        problems = [f"it could not be read ({type(error).__name__})"]
    raise UsageError(
        f"prompts/models.yaml: {'; '.join(problems)}.",
        "Correct these entries. The top of the file explains the fields.",
    )


def import_litellm() -> Any:
    """Import litellm with everything switched off that prints, phones home or reads a `.env`. It takes seconds."""
    quiet_litellm()
    import litellm  # noqa: PLC0415

    litellm.suppress_debug_info = True
    litellm.drop_params = True
    # It ends an answer in which a hundred pieces are the same, as those of tables can be.
    litellm.REPEATED_STREAMING_CHUNK_LIMIT = sys.maxsize  # type: ignore[attr-defined]
    litellm.disable_aiohttp_transport = True  # it leaves its sessions open, which causes warnings later
    for name in ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    return litellm


def resolve_chain(models: Models, presets: Mapping[str, Preset], litellm: Any) -> list[Model]:
    """Return the models to ask, in order. `litellm`: what it knows fills in what a preset leaves open."""
    return [_resolve_model(name, presets.get(name), models, litellm) for name in models.chain]


def _resolve_model(name: str, preset: Preset | None, models: Models, litellm: Any) -> Model:
    given = preset or Preset(model=name)
    entry, problem = _with_variables(given, _variable_prefix(name, preset, models), models.servers)
    if preset is None:  # its name stands in LLM_MODELS
        entry = entry.model_copy(update={"model": name})
    params, why = _params_by_id(name, models) if preset is None else _params_by_preset(entry, models)
    known = _find_litellm_facts(litellm, entry.model)
    told = entry.context or known.get("max_input_tokens")
    context = int(told or CONTEXT)
    provider = entry.model.partition("/")[0]
    if provider in _OLLAMA:
        # Ollama reads 4,096 tokens unless told otherwise, and drops the rest of the prompt without a word.
        params["num_ctx"] = context
    is_own = "api_base" in params or provider in _OLLAMA
    is_home = is_own and params.get("api_key", NO_KEY) == NO_KEY
    thinks = bool(known.get("supports_reasoning"))
    return Model(
        name=name,
        params=params,
        context=context,
        # Some are listed with an answer as long as their context, which would leave no room for a prompt.
        output=entry.output or min(int(known.get("max_output_tokens") or OUTPUT), MOST_OUTPUT, context // 2),
        price=entry.price or _litellm_price(known),
        sees_images=bool(known.get("supports_vision")) if entry.vision is None else entry.vision,
        edits=entry.edits,
        caches=_CACHING.match(entry.model) is not None,
        problem=problem or why,
        is_home=is_home,
        context_is_guessed=is_own and not told,
        streams=entry.stream,
        silence_s=entry.silence_s or (THINKING_S if thinks or is_home else SILENCE_S),
        thinks=thinks,
    )


def _variable_prefix(name: str, preset: Preset | None, models: Models) -> str:
    """Return what the names of a model's variables begin with: those of its endpoint."""
    if preset is None:
        return "LLM" if models.api_base else name.partition("/")[0].upper()
    return (preset.api_base_from or "").removesuffix("_API_BASE")


def _with_variables(preset: Preset, prefix: str, servers: Mapping[str, str]) -> tuple[Preset, str]:
    """Return `preset` with the name, context and output limit that variables give, and what is wrong with those."""
    given: dict[str, Any] = {}
    if prefix and (name := servers.get(f"{prefix}_MODEL")):
        provider = preset.model.partition("/")[0]
        given["model"] = f"{provider}/{name.removeprefix(f'{provider}/')}"
    for key in ("context", "output"):
        if not prefix or not (said := servers.get(variable := f"{prefix}_{key.upper()}")):
            continue
        if not re.fullmatch(r"[1-9]\d{0,8}", said, re.ASCII):
            return preset, f"{variable} must be a whole number of tokens above 0"
        given[key] = int(said)
    return preset.model_copy(update=given), ""


def _params_by_id(name: str, models: Models) -> tuple[dict[str, Any], str]:
    """Return litellm's parameters for an id of its own, and why it cannot be asked, or an empty text."""
    params = {"model": name}
    if "/" not in name:
        return params, "is neither a preset in prompts/models.yaml nor a litellm id such as openai/gpt-4.1"
    if models.api_base:
        return params | {"api_base": models.api_base, "api_key": models.keys.get("LLM_API_KEY", NO_KEY)}, ""
    provider = name.partition("/")[0]
    own = f"{provider.upper()}_API_KEY"
    if base := models.endpoints.get(f"{provider.upper()}_API_BASE"):
        params["api_base"] = base
    # One provider's key is never sent to another.
    is_alone = len({other.partition("/")[0] for other in models.chain if "/" in other}) == 1
    if key := models.keys.get(own) or (models.keys.get("LLM_API_KEY") if is_alone else None):
        params["api_key"] = key
    elif provider in _NEEDING_A_KEY:
        return (
            params,
            f"no key: set {own}{' or LLM_API_KEY' if is_alone else ' (LLM_API_KEY can only serve one provider)'}",
        )
    return params, ""


def _params_by_preset(preset: Preset, models: Models) -> tuple[dict[str, Any], str]:
    """Return litellm's parameters for a preset, and why it cannot be asked, or an empty text."""
    base = models.endpoints.get(preset.api_base_from or "") or preset.api_base
    # A server at home gets nobody's key.
    key = models.keys.get(preset.key) if preset.key else NO_KEY if base else None
    given = {
        "model": preset.model,
        "api_key": key,
        "api_base": base,
        "api_version": models.endpoints.get(preset.api_version_from or ""),
        "temperature": preset.temperature,
    }
    problem = ""
    if preset.key and not key:
        problem = f"{preset.key} is not set"
    elif preset.api_base_from and not base:
        problem = f"{preset.api_base_from} is not set"
    return {name: value for name, value in given.items() if value is not None}, problem


def _find_litellm_facts(litellm: Any, model: str) -> Mapping[str, int | float]:
    """Return the numbers and flags in litellm's list for `model`, nothing if it is not in it.

    Only the list is read: `get_model_info` would ask a server at home over the network.
    """
    provider, _, rest = model.partition("/")
    listed = litellm.model_cost.get(model)
    if listed is None:
        other = litellm.model_cost.get(rest) or {}
        listed = other if str(other.get("litellm_provider", "")).startswith(provider) else {}
    return {name: value for name, value in listed.items() if isinstance(value, int | float)}


def _litellm_price(known: Mapping[str, int | float]) -> Price | None:
    """Return the price that litellm lists. It takes what it does not know for free; only a preset may say so."""
    asking, answering = known.get("input_cost_per_token"), known.get("output_cost_per_token")
    if not asking or not answering:
        return None
    cached = known.get("cache_read_input_token_cost", asking)
    return Price(
        input=_dollars_per_million(asking), output=_dollars_per_million(answering), cached=_dollars_per_million(cached)
    )


def _dollars_per_million(for_one: float) -> float:
    return round(for_one * 1_000_000, 6)
