"""What a model has made so far: its changes applied to the present site, attachments kept as they were sent. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from urllib.parse import unquote

from orchestrator.core.paths import fold_path, reserved_problem
from orchestrator.core.record import Record
from orchestrator.core.report import RefusedChange
from orchestrator.core.scaffold import Framework, is_bundled, is_configuration, is_ours
from orchestrator.core.site import Site
from orchestrator.core.task import Task
from orchestrator.generate.attachments.changes import reason_to_refuse
from orchestrator.generate.attachments.naming import with_names
from orchestrator.generate.reply.complaint import Complaint
from orchestrator.generate.reply.edits import apply_changes
from orchestrator.generate.reply.elements import without_comments
from orchestrator.generate.reply.fences import find_loaded_files
from orchestrator.generate.reply.reply import Change, File, Reply
from orchestrator.generate.tried import PastRepair

Broken = Callable[[Site], Sequence[str]]
"""Says which rules a site breaks, one sentence for each."""

_NOTHING = Complaint("", "answer", "The answer has no block with a file or an edit.")
_WORKFLOWS = ".github/workflows/"


@dataclass(frozen=True)
class Material:
    """What a model has to work with.

    - `attachments`: those of this round
    - `present`: the site as it is now, empty for a new one
    - `made`: the site to repair, None at first
    - `wrong`: what is wrong with `made`, line by line
    - `told`: what a model can be told about each attachment
    - `proofs`: the proofs so far, for checks in prose
    - `tried`: the earlier repairs of this task
    - `day`: the day of this round
    - `refused`: the changes of attachments that were refused so far
    """

    task: Task
    attachments: Mapping[str, bytes]
    present: Site
    record: Record | None
    allow_workflows: bool = False
    made: Site | None = None
    wrong: tuple[str, ...] = ()
    told: Mapping[str, str] = field(default_factory=dict)
    proofs: Mapping[str, str] = field(default_factory=dict)
    tried: tuple[PastRepair, ...] = ()
    day: date | None = None
    refused: tuple[RefusedChange, ...] = ()
    framework: Framework = "vanilla"

    @property
    def start(self) -> Site:
        """What a model begins with."""
        return self.present.with_changes(self.attachments) if self.made is None else self.made

    @property
    def is_new(self) -> bool:
        """Whether there is no page yet that could be changed."""
        return self.made is None and not self.present.files

    @cached_property  # asked for each time that a prompt is made to fit
    def protected_attachments(self) -> Mapping[str, bytes]:
        """The attachments of all rounds that this round's brief does not ask to change."""
        staying = self.find_protected({})
        return {name: data for name, data in self.attached.items() if name in staying}

    def find_protected(self, declared: Mapping[str, str]) -> Mapping[str, RefusedChange]:
        """Return the attachments that must stay, each with the reason for which a change of it is refused.

        `declared`: name -> the words of the brief that a model quotes.
        """
        names = self.attached.keys()
        brief = with_names(self.task.brief, names)
        reasons = {name: reason_to_refuse(name, brief, with_names(declared.get(name, ""), names)) for name in names}
        return {name: RefusedChange(name=name, reason=reason) for name, reason in reasons.items() if reason is not None}

    @property
    def attached(self) -> Mapping[str, bytes]:
        """The attachments of all rounds as they are now; this round's win."""
        rounds = self.record.rounds if self.record else ()
        names = [name for entry in rounds for name in entry.attachments or ()]
        earlier = {name: self.present.files[name] for name in names if name in self.present.files}
        return {**earlier, **self.attachments}


@dataclass(frozen=True)
class Draft:
    """A site in the making.

    - `flaws`: what the model still has to do
    - `done`: what was used of its last answer
    - `left`: those of `flaws` that come from unusable parts of answers, and that no later answer fixed
    - `is_usable`: with all its flaws, the site is better than none
    - `proofs`: label of a check in prose -> its proof
    - `refused`: attachment -> why a change of it was refused
    - `declared`: attachment -> the words of the brief that ask to change it
    - `is_cut_off`: an answer stayed cut off, so a part of the site is missing
    """

    files: Mapping[str, bytes]
    changed: frozenset[str] = frozenset()
    flaws: tuple[Complaint, ...] = ()
    done: tuple[str, ...] = ()
    left: tuple[Complaint, ...] = ()
    is_usable: bool = False
    proofs: Mapping[str, str] = field(default_factory=dict)
    refused: Mapping[str, RefusedChange] = field(default_factory=dict)
    declared: Mapping[str, str] = field(default_factory=dict)
    is_cut_off: bool = False

    @property
    def site(self) -> Site:
        """The files as a site."""
        return Site(self.files)


def initial_draft(given: Material) -> Draft:
    """Return the draft before any answer."""
    return Draft(given.start.files, proofs=given.proofs, refused={one.name: one for one in given.refused})


def apply_reply(draft: Draft, reply: Reply, given: Material) -> Draft:
    """Return `draft` with the changes of one answer.

    If the answer has none, the draft stays as it is, and that is a flaw.
    """
    ours = [change for change in reply.changes if _is_for_the_model(change.path, given)]
    draft = replace(draft, declared={**draft.declared, **reply.declared})
    staying = given.find_protected(draft.declared)
    changes, refused = _without_attachments(ours, given.attached, staying)
    applied = apply_changes(draft.files, changes)
    # Said once: a model that insists loses this change and nothing else.
    told = tuple(_refusal_complaint(one) for name, one in refused.items() if name not in draft.refused)
    flaws = (*reply.complaints, *told, *applied.complaints)
    touched = applied.changed - {flaw.path for flaw in flaws}
    # What was said of a file stands until a later answer has dealt with it; of an answer, until the next one.
    standing = (flaw for flaw in draft.left if flaw.path and flaw.path not in touched)
    left = tuple(dict.fromkeys((*flaws, *standing)))
    known = set(map(_refusal_complaint, draft.refused.values()))
    left = tuple(flaw for flaw in left if flaw not in known)
    insisted = {**draft.refused, **refused}
    still = {name: one for name, one in insisted.items() if name in staying}  # the rest was declared meanwhile
    draft = replace(draft, proofs={**draft.proofs, **reply.proofs}, refused=still)
    if not applied.changed and not applied.done:
        return replace(draft, flaws=left if flaws else (_NOTHING, *left), done=(), left=left)
    changed = draft.changed | applied.changed
    return replace(draft, files=applied.files, changed=changed, flaws=left, done=applied.done, left=left)


def judge_draft(draft: Draft, given: Material, broken: Broken) -> Draft:
    """Return `draft` with what is wrong with it as a site.

    A new site is usable even if a file is missing: it is better than the template's page. A revision is not usable if
    an edit is missing: its parts would not fit together.
    """
    problems = [_site_complaint(f"The site breaks a rule: {problem}.") for problem in broken(draft.site)]
    if not draft.files.get("index.html", b"").strip():
        problems = [_site_complaint("index.html is missing or empty.")]
    is_whole = given.is_new or set(draft.flaws) <= set(map(_refusal_complaint, draft.refused.values()))
    needs_readme = given.is_new or has_readme(given.start.files)
    readme = [_site_complaint("README.md is missing.")] if needs_readme and not has_readme(draft.files) else []
    is_changed = draft.flaws or problems or draft.files != given.start.files
    unchanged = [] if is_changed else [_site_complaint("The answer changed nothing.")]
    flaws = dict.fromkeys((*draft.flaws, *problems, *unchanged, *readme, *_find_missing_files(draft, given)))
    return replace(draft, flaws=tuple(flaws), is_usable=is_whole and not problems)


def _site_complaint(text: str) -> Complaint:
    return Complaint("", "site", text)


def _find_missing_files(draft: Draft, given: Material) -> list[Complaint]:
    """Return a complaint for each style or script of its own that the page loads and that is not there."""
    page = without_comments(draft.files.get("index.html", b"").decode(errors="replace"))
    loaded = {unquote(name).removeprefix("./") for names in find_loaded_files(page).values() for name in names}
    names = sorted(name for name in loaded - draft.files.keys() if not is_ours(name, given.framework))
    return [_site_complaint(f"index.html loads {name}, which does not exist.") for name in names if "${" not in name]


def has_readme(files: Iterable[str]) -> bool:
    """Whether one of the paths is the README, in upper or lower case."""
    return any(fold_path(path) == "readme.md" for path in files)


def _is_for_the_model(path: str, given: Material) -> bool:
    """Whether a model may name `path` at all.

    The licence, the record and the domain are ours or the owner's, so they are left out silently. So are the files of a
    build, if the build is ours.
    """
    if is_bundled(given.framework) and (is_ours(path, given.framework) or is_configuration(path)):
        return False
    is_workflow = given.allow_workflows and path.startswith(_WORKFLOWS)
    return is_workflow or reserved_problem(path) is None


def _without_attachments(
    changes: Sequence[Change], attached: Mapping[str, bytes], staying: Mapping[str, RefusedChange]
) -> tuple[list[Change], dict[str, RefusedChange]]:
    """Return the changes that leave attachments alone, and name -> refusal of each other one.

    A whole file that is the attachment again is no change: models repeat what they were shown.
    """
    fixed = {fold_path(name): name for name in staying}
    kept = [change for change in changes if fold_path(change.path) not in fixed]
    tried = {
        name
        for change in changes
        if (name := fixed.get(fold_path(change.path))) is not None and not _is_same(change, attached[name])
    }
    return kept, {name: staying[name] for name in sorted(tried)}


def _refusal_complaint(refused: RefusedChange) -> Complaint:
    """Return what a model is told about a refused change."""
    declaration = f'<change path="{refused.name}">the words of the brief that ask for it</change>'
    return Complaint(
        refused.name,
        "attachment",
        f"{refused.sentence}. If the brief does ask for it, declare the change: {declaration}.",
    )


def _is_same(change: Change, data: bytes) -> bool:
    """Whether `change` is a whole file that says what the attachment says, ends of lines aside."""
    if not isinstance(change, File):
        return False
    text = data.decode("utf-8-sig", errors="replace").replace("\r\n", "\n")
    return change.text.replace("\r\n", "\n").rstrip("\n") == text.rstrip("\n")
