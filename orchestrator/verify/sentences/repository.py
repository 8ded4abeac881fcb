"""The files that a check may ask about, and how a name in a sentence leads to one. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.core.site import LICENCE

_KNOWN = {"readme": "README.md", "readme.md": "README.md", "license": LICENCE, "licence": LICENCE}


@dataclass(frozen=True)
class Evidence:
    """What a claim shows. `holds`: None if the files alone do not tell; `seen`: what was there."""

    holds: bool | None
    seen: str


@dataclass(frozen=True)
class CheckedFiles:
    """What a check may ask about. `files`: path -> bytes; `attachments`: those of all rounds, as they were sent."""

    files: Mapping[str, bytes]
    attachments: Mapping[str, bytes]

    def find_file(self, name: str) -> bytes | None:
        """Return the file that a check names, in upper or lower case if no other has that name."""
        path = self.find_path(name)
        return None if path is None else self.files[path]

    def find_path(self, name: str) -> str | None:
        """Return the path that `name` means: `./a.js` is `a.js`, `license` is `LICENSE`, `readme` is `README.md`."""
        return _find_named(name, self.files)

    def find_attachment(self, name: str) -> bytes | None:
        """Return the attachment that a check names, by the same rules as a file."""
        path = _find_named(name, self.attachments)
        if path is None:  # evaluators put a number of the task before the name: `7f3a-id.txt`
            longer = [
                sent
                for sent in self.attachments
                if sent.endswith((f"-{normalize_path(name)}", f"_{normalize_path(name)}"))
            ]
            path = longer[0] if len(longer) == 1 else None
        return None if path is None else self.attachments[path]

    def describe_missing(self, name: str) -> str:
        """Return that there is no file `name`, and which file has that name in another folder or case."""
        bare = normalize_path(name)
        last = bare.rpartition("/")[2].lower()
        alike = sorted(path for path in self.files if path.rpartition("/")[2].lower() == last)
        return f"there is no `{bare}`" + (f"; there is `{alike[0]}`" if alike else "")


def normalize_path(name: str) -> str:
    """Return a name as paths are written: relative to the root."""
    while name.startswith(("./", "/")):
        name = name[2:] if name.startswith("./") else name[1:]
    return name


def _find_named(name: str, files: Mapping[str, bytes]) -> str | None:
    bare = normalize_path(name)
    named = _KNOWN.get(bare.lower(), bare)
    for path in (bare, named):
        if path in files:
            return path
    # Only of these two does nobody care how they are written: a page that fetches one cares.
    also = [path for path in files if path.lower() == named.lower()]
    return also[0] if also and named in _KNOWN.values() else None
