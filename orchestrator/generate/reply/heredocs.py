"""Files that an answer writes by commands of a shell: `cat > app.js <<'EOF'`. Pure."""

import re

from orchestrator.generate.reply.block import Block, Part, Unread

_BEGINS = re.compile(
    r"^[ \t]*(?:[^\n<]{0,200}&&[ \t]*)?(?:cat|tee)\b(?P<before>[^<\n]{0,300})"
    r"<<(?P<tabs>-?)[ \t]*(?P<quote>[\"']?)(?P<end>\w{1,40})(?P=quote)(?P<behind>[^\n]{0,300})$",
    re.MULTILINE,
)
_TARGET = re.compile(r"(?:^|[\s>])(?:>[ \t]*)?[\"']?(?P<path>[\w./@+-]{1,250})[\"']?[ \t]*(?:>[ \t]*/dev/null)?[ \t]*$")
_ESCAPED = re.compile(r"\\([$`\\])")


def written(text: str) -> tuple[list[Part], str]:
    """Return the files that commands of a shell write, in their order, and the text around them."""
    parts, around, end = list[Part](), list[str](), 0
    for begun in _BEGINS.finditer(text):
        target = _TARGET.search(begun["before"]) or _TARGET.search(begun["behind"])
        if target is None or begun.start() < end:
            continue
        indented = r"\t*" if begun["tabs"] else ""
        closing = re.compile(rf"^{indented}{begun['end']}[ \t]*$", re.MULTILINE)
        closed = closing.search(text, begun.end())
        body = text[begun.end() + 1 : len(text) if closed is None else closed.start()]
        # Without quotes around its end the shell reads `\$` as `$`.
        body = body if begun["quote"] else _ESCAPED.sub(r"\1", body)
        is_added = ">>" in begun["before"] + begun["behind"]
        why = "adds lines to the end. Send SEARCH/REPLACE edits instead"
        parts.append(Unread(target["path"], why) if is_added else Block(target["path"], body, is_cut=closed is None))
        around.append(text[end : begun.start()])
        end = len(text) if closed is None else closed.end()
    return parts, "\n".join([*around, text[end:]])
