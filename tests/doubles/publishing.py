"""Runs of job `publish` against a GitHub and an evaluator."""

import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestrator.core.order import Order
from orchestrator.core.settings import publish_config
from orchestrator.jobs.notify import Publication
from orchestrator.jobs.publish import publish
from orchestrator.jobs.runner import Runner
from tests.doubles.evaluator import Evaluator
from tests.doubles.hub import Hub
from tests.doubles.orders import env, hand_over, order, site


@dataclass
class Job:
    """Runs of job `publish`, with one folder for each hand-over and one log for all."""

    hub: Hub
    folder: Path
    told: Evaluator
    log: io.StringIO = field(default_factory=io.StringIO)
    settings: dict[str, str] = field(default_factory=dict)

    def order(self, round_: int = 1, nonce: str = "nonce-1", **fields: Any) -> Order:
        return order(round_, nonce, **{"evaluation_url": self.told.url, **fields})

    def built(self, given: Order, files: dict[str, bytes] | None = None, base: str | None = None) -> Path:
        return hand_over(self.folder / given.id, given, site(files), base)

    async def run(self, given: Order, folder: Path, **settings: str) -> Publication:
        runner = Runner(self.log, self.folder / "output", self.folder / "summary")
        self.settings = env(self.hub.host.url, **settings)
        return await publish(publish_config(self.settings), given, folder, runner, self.hub.time.clock())

    @property
    def seen(self) -> str:
        """The log as Actions shows it: everything that was masked by then is blacked out."""
        shown, masks = [], list[str]()
        for line in self.log.getvalue().splitlines():
            if line.startswith("::add-mask::"):
                value = line.removeprefix("::add-mask::")
                masks.append(value.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%"))
                continue
            for mask in masks:
                line = line.replace(mask, "***")  # noqa: PLW2901
            shown.append(line)
        return "\n".join(shown)


def polls(calls: list[str]) -> list[str]:
    return [call for call in calls if "/pages" in call]
