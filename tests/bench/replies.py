"""What an answer costs: the tokens of a revision by edits beside the whole page, and reading a large answer."""

from pathlib import Path

from orchestrator.core.task import decode_data_uri
from orchestrator.evaluator.templates import fill_template, read_template
from orchestrator.generate.fallback import Ask, fallback_site
from orchestrator.generate.models.presets import import_litellm
from orchestrator.generate.reply.edits import apply_changes
from orchestrator.generate.reply.reply import File, parse_reply
from orchestrator.local.demo import SAMPLE
from tests.bench.figures import Figure, share
from tests.bench.processes import Failed, Program, seconds
from tests.corpus.answers import ANSWERS, FILES

MEGABYTE = 1_000_000

# Three small changes, as a brief of a second round asks for them: (what stands there once, what shall stand there).
CHANGES = (
    ("<title>", "<title>Café: "),
    ("</main>", '  <p id="status" role="status">Up to date.</p>\n</main>'),
    ("--pad: 1.1rem;", "--pad: 1.2rem;"),
)


async def measure(folder: Path) -> list[Figure]:
    """Count the tokens of a revision, and measure the parser in a process of its own."""
    edits, whole = _revision()
    answer = folder / "answer.txt"
    answer.write_text(_large(whole), encoding="utf-8")
    await seconds(Program((str(Path(__file__).with_name("reading.py")), str(answer)), folder))
    took, grown = (float(word) for word in (folder / "log").read_text(encoding="utf-8").split())
    return [
        share("answers in foreign forms read whole", _read_whole(), len(ANSWERS)),
        Figure(
            name="revision, tokens of edits to the page's",
            unit="",
            ours=[_tokens(edits)],
            baseline=[_tokens(whole)],
            limit=0.15,
            by_ratio=True,
        ),
        Figure(name="answer of 1 MB, parsed", unit="s", ours=[took], limit=0.5),
        Figure(name="its memory, times its size", unit="", ours=[grown], limit=10),
    ]


def _read_whole() -> int:
    """Return how many answers in the forms of other tools give the same three files, without a complaint."""
    replies = [parse_reply(answer) for answer in ANSWERS.values()]
    wanted = {path: text.rstrip() for path, text in FILES.items()}
    return sum(
        not reply.complaints
        and {one.path: one.text.rstrip() for one in reply.changes if isinstance(one, File)} == wanted
        for reply in replies
    )


def _revision() -> tuple[str, str]:
    """Return two answers that make the same page: by edits, and whole. Raises Failed if they do not."""
    asked = fill_template(read_template(SAMPLE), "x")[0]
    csv = decode_data_uri(asked.attachments[0]["url"])
    page = fallback_site("Café sales", [Ask(1, asked.brief)], {"sales.csv": csv})["index.html"]
    before = page.decode()
    after, pairs = before, []
    for old, new in CHANGES:
        if after.count(old) != 1:
            raise Failed(f"{old!r} does not stand once in the page")
        line = next(line for line in after.splitlines() if old in line)
        pairs.append(f"<<<<<<< SEARCH\n{line}\n=======\n{line.replace(old, new)}\n>>>>>>> REPLACE\n")
        after = after.replace(old, new)
    edits = f'<edit path="index.html">\n{"".join(pairs)}</edit>\n'
    whole = f'<file path="index.html">\n{after}</file>\n'
    for answer in (edits, whole):
        made = apply_changes({"index.html": page}, parse_reply(answer).changes).files["index.html"]
        if made.decode().rstrip() != after.rstrip():
            raise Failed("an answer does not make the page")
    return edits, whole


def _tokens(text: str) -> int:
    """Count with tiktoken; litellm brings an encoding along, which tiktoken alone would fetch from the network."""
    return len(import_litellm().encoding.encode(text))


def _large(block: str) -> str:
    """Return an answer of a megabyte: many pages, each under a name of its own."""
    pages = range(MEGABYTE // len(block.encode()) + 1)
    return "".join(block.replace('"index.html"', f'"page-{number}.html"', 1) for number in pages)
