"""How many everyday sentences about attachments are understood, and how many allow a change that nobody asked for."""

from pathlib import Path

from orchestrator.generate.attachments.changes import may_change
from tests.bench.figures import Figure, share
from tests.generate.attachments.sentences import ALLOWED, REFUSED


async def measure(_: Path) -> list[Figure]:
    """Judge every sentence as the product does."""
    allowed = sum(may_change(*sentence) for sentence in ALLOWED)
    wrongly = sum(may_change(*sentence) for sentence in REFUSED)
    understood, all_of_them = allowed + len(REFUSED) - wrongly, len(ALLOWED) + len(REFUSED)
    return [
        share("attachment sentences understood", understood, all_of_them, least=0.95),
        Figure(name="changes of attachments without permission", unit="", ours=[wrongly], limit=0),
    ]
