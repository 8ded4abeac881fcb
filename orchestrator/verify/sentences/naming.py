"""Names of files in a sentence, and the places where they lie. Pure."""

from orchestrator.core.site import LICENCE
from orchestrator.verify.sentences.wording import NO_NAME, Reader, is_file_name

_MODALS = (
    "must",
    "should",
    "shall",
    "will",
    "has to",
    "have to",
    "needs to",
    "need to",
    "ought to",
    "does",
    "do",
    "did",
)
REPOSITORY = ("repo", "repository", "project", "root", "site", "commit")
_ENDS = ("of repo", "of repository", "of project", "folder", "directory", "level", "folder of repo",
         "folder of repository", "directory of repo", "directory of repository")  # fmt: skip
_SORTS = ("workflow", "text", "json", "markdown", "svg", "csv", "yaml", "html", "data", "config", "required", "output")
_PAGE = ("home page", "homepage", "main page", "landing page", "index page", "start page")


class Naming:
    """Takes the names of files."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader

    def take_files(self) -> tuple[list[str], bool] | None:
        """Take the names of files, and whether one of them is enough."""
        reader = self.reader
        reader.take_phrase("each of", "all of", "all", "each", "every")
        reader.take_phrase("following")
        reader.take_phrase("content of", "contents of", "text of", "attached", "attachment")
        start = reader.at
        reader.take_phrase(*(f"{sort} {noun}" for sort in _SORTS for noun in ("file", "files")))
        reader.take_phrase("file", "files", "document", "page", "script")
        reader.take_phrase("named", "called", ":", "(", "of", "with name", "with file name", "with filename", "at")
        is_called = reader.at > start
        found, is_either = reader.take_joined(lambda: self.take_file(is_called=is_called))
        reader.take_phrase(")")
        reader.take_phrase("file", "files", "folder", "directory")
        reader.take_phrase("each", "all", "itself", "themselves", "content", "contents", "'s content", "'s contents")
        return (found, is_either) if found else None

    def take_file(self, *, is_called: bool = False) -> str | None:
        """Take the name of one file; "the home page" is one too. `is_called`: the word for it was there before."""
        reader = self.reader
        noun = reader.take_phrase("file", "file named", "file called", "folder", "directory", "named", "called")
        reader.skip_articles()
        is_word = reader.peek().kind == "word" and reader.peek().low not in (*NO_NAME, *REPOSITORY)
        is_folder = noun in ("folder", "directory") or reader.peek(1).low in ("folder", "directory")
        is_word = is_word and (
            is_folder or noun in ("file named", "file called") or (is_called and reader.peek().text.isupper())
        )
        token = reader.take("file", "quoted", "word") if is_word else reader.take("file", "quoted")
        if token is not None:
            after = reader.take_phrase("folder", "directory")
            is_folder = is_folder or after is not None
            # A name without an extension is a file where it is called one.
            is_called = is_called or noun is not None or after is not None or reader.peek().low == "file"
            if token.kind == "file" or (is_called and is_file_name(f"{token.text}.x") and " " not in token.text):
                return f"{token.text.rstrip('/')}/" if is_folder else token.text
            return None
        if noun is None and reader.take_phrase(*_PAGE):
            return "index.html"
        if noun is None and (
            known := reader.take_phrase("readme", "license", "licence", "license file", "licence file")
        ):
            return "README.md" if known == "readme" else LICENCE
        return None

    def take_place(self) -> str | None:
        """Take "in the repository", "at the root of the repo"; a folder comes back as a prefix of names."""
        reader = self.reader
        start = reader.at
        if reader.take_phrase("at", "in", "into", "to", "within", "inside", "of", "under", "from") is None:
            return ""
        reader.take_phrase("github", "public", "git")
        if reader.take_phrase("root", "top", "top level", "top-level"):
            reader.take_phrase(*_ENDS)
            return ""
        if reader.take_phrase(*REPOSITORY):
            reader.take_phrase("root", "root folder", "root directory", "'s root")
            reader.take_phrase(*_ENDS)
            return ""
        has_noun = reader.take_phrase("folder", "directory")
        token = reader.take("file", "quoted", "word")
        after = reader.take_phrase("folder", "directory")
        if token and (token.text.endswith("/") or has_noun or after):
            return f"{token.text.strip('/')}/"
        reader.at = start
        return None if token else ""

    def take_auxiliary(self) -> bool:
        """Take "must", "should not", "does not"; return whether it denies."""
        self.reader.take_phrase(*_MODALS)
        is_not = self.reader.take_phrase("not", "never") is not None
        if not is_not:  # "not all" leaves open which
            self.reader.take_phrase("all", "each")
        return is_not
