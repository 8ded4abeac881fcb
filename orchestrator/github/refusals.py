"""Why GitHub refused a call, as the words of its answer say, and what to do about it. Pure.

The status alone says little: 403 can mean a missing permission, single sign-on, a token that lives too long, an
archived repository, a policy or a rate limit.
https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api
"""

import re
from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True)
class _Meaning:
    """`said`: for people who must not read of the owner's token; `remedy`: for the owner."""

    said: str
    remedy: str


class Reason(Enum):
    """Why GitHub refused a call."""

    SAML = _Meaning(
        "the organization requires single sign-on",
        "Authorize TARGET_TOKEN for the organization's single sign-on: Settings → Developer settings → the token.",
    )
    LIFETIME = _Meaning(
        "the organization limits how long access may last",
        "Create a TARGET_TOKEN that expires sooner: the organization limits the lifetime of tokens.",
    )
    TOKEN_KIND = _Meaning(
        "the organization forbids this kind of access",
        "Create a fine-grained TARGET_TOKEN whose resource owner is the organization, and have it approved there.",
    )
    ADDRESS = _Meaning(
        "the organization does not allow this IP address",
        "Add the runner's address to the organization's IP allow list, or set RUNNER to a runner that is on it.",
    )
    ARCHIVED = _Meaning("the repository is archived", "Unarchive the repository, or send the task under another name.")
    LIMITED = _Meaning(
        "the rate limit is reached", "Wait until the limit resets (at most an hour), then re-run the failed job."
    )
    ACCOUNT = _Meaning(
        "something is wrong with the account", "Sign in to GitHub as the owner: GitHub shows what is wrong."
    )
    BILLING = _Meaning(
        "the plan or budget of the account does not allow it", "Check Settings → Billing and plans of the owner."
    )
    POLICY = _Meaning(
        "a policy of the owner forbids it", "Change the policy in the settings of the organization or enterprise."
    )
    EXISTS = _Meaning(
        "the name already exists",
        "TARGET_TOKEN may not see that repository: give the token access to all repositories, or rename that one.",
    )
    PERMISSION = _Meaning(
        "the pipeline is not allowed to do this",
        "TARGET_TOKEN lacks a permission. It needs Administration, Contents and Pages: write.",
    )
    TOKEN = _Meaning(
        "the pipeline is not signed in",
        "The token is wrong or expired. Create a new one and store it as TARGET_TOKEN.",
    )
    UNSEEN = _Meaning(
        "it was not found",
        "The token cannot see it. Check TARGET_OWNER and which repositories the token covers.",
    )
    UNKNOWN = _Meaning("the log of the run says why", "Read GitHub's message.")

    @property
    def public_wording(self) -> str:
        """The reason as half a sentence. It says nothing about a token."""
        return self.value.said

    @property
    def remedy(self) -> str:
        """What the owner of the token does about it."""
        return self.value.remedy

    @property
    def is_lasting(self) -> bool:
        """Whether the same call fails again, even after a while."""
        return self not in (Reason.EXISTS, Reason.UNSEEN, Reason.UNKNOWN)


_WORDS: tuple[tuple[Reason, str], ...] = (
    (Reason.LIMITED, "rate limit|abuse detection"),
    (Reason.SAML, "saml|single sign-on|sso"),
    (Reason.LIFETIME, "lifetime"),
    (Reason.TOKEN_KIND, r"personal access token \(classic\)|fine-grained personal access tokens"),
    (Reason.ADDRESS, "ip allow list"),
    (Reason.ARCHIVED, "archived|read-only"),
    (Reason.ACCOUNT, "suspended|flagged|spam|spammy|verify|verified|two-factor|terms of service|account was locked"),
    (Reason.BILLING, "billing|payment|your plan|current plan|spending limit|upgrade|quota"),
    (Reason.EXISTS, "already exists"),
    (Reason.POLICY, "policy|policies|can't be|cannot be|forbids?|forbidden by|not allowed|disabled|prohibited"),
    (Reason.PERMISSION, "not accessible by|admin rights|admin access|permissions?|write access|push access"),
)
"""Words of GitHub's sentences, the surest first: a text that speaks of a lifetime speaks of tokens too."""

_SIGNS = tuple((reason, re.compile(rf"\b(?:{words})(?!\w)")) for reason, words in _WORDS)
_STATUS = {401: Reason.TOKEN, 404: Reason.UNSEEN, 429: Reason.LIMITED}
_NOTHING_SAID = ("", "forbidden", "no reason given")


def refusal_reason(status: int, detail: str) -> Reason:
    """Return why GitHub refused with `status` and the sentence `detail`."""
    if status in _STATUS:
        return _STATUS[status]
    words = detail.lower().replace("\u2019", "'")
    found = next((reason for reason, signs in _SIGNS if signs.search(words)), Reason.UNKNOWN)
    # A 403 that says nothing of its own is what a missing permission looks like.
    return Reason.PERMISSION if status == 403 and words in _NOTHING_SAID else found
