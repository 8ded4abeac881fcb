"""What was learnt about the models during one task: how to ask each, and how large its context is."""

from dataclasses import dataclass, field, replace

from orchestrator.generate.models.counting import MARGIN
from orchestrator.generate.models.presets import Model
from orchestrator.generate.models.refusals import Form

_SAFETY = 1.05
_MOST_MARGIN = 5.0
"""What says that it needs more than this does not speak of the prompt alone."""


@dataclass
class Learnt:
    """What is known of one model beside its preset.

    - `context`: tokens
    - `id`: litellm's id, if the server's model has another one
    - `output`: tokens of an answer, if thinking used up those of the preset
    - `was_heard`: the server was asked
    - `margin`: how many times as many tokens the model needs as are counted here
    """

    form: Form = field(default_factory=Form)
    context: int | None = None
    output: int | None = None
    id: str = ""
    was_heard: bool = False
    margin: float = MARGIN

    def adjust_model(self, model: Model) -> Model:
        """Return `model` as its server showed it to be."""
        context = self.context or model.context
        params = {**model.params, "model": self.id} if self.id else {**model.params}
        if "num_ctx" in params:
            params["num_ctx"] = context
        return replace(
            model, params=params, context=context, output=min(self.output or model.output, context), margin=self.margin
        )

    def learn_margin(self, tokens: int, counted: int) -> bool:
        """Take note of how many tokens a prompt is that is `counted` here; return whether that is news."""
        needed = _SAFETY * tokens / max(1, counted)
        if not self.margin < needed <= _MOST_MARGIN:
            return False
        self.margin = needed
        return True

    def learn_context(self, context: int, model: Model) -> bool:
        """Take note of how much the model reads at once; return whether that is less than was believed."""
        if context >= self.adjust_model(model).context:
            return False
        self.context = context
        return True


@dataclass
class Knowledge:
    """What was learnt of all models. `given_up`: the endpoints whose servers may still work on a call nobody awaits."""

    models: dict[str, Learnt] = field(default_factory=dict)
    given_up: set[str] = field(default_factory=set)

    def learnt_about(self, model: Model) -> Learnt:
        """Return what is known of `model`."""
        return self.models.setdefault(model.name, Learnt())
