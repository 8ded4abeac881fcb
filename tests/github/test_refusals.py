"""What GitHub's sentences mean, as they are found in its answers."""

import pytest

from orchestrator.github.client import GitHubRefused
from orchestrator.github.refusals import Reason, refusal_reason

SAYINGS = {
    Reason.SAML: (
        (
            "Resource protected by organization SAML enforcement. You must grant your Personal Access token access to "
            "this organization."
        ),
        "This organization has enabled or enforced SAML SSO.",
    ),
    Reason.LIFETIME: (
        (
            "The 'acme' organization forbids access via a fine-grained personal access tokens if the token's lifetime "
            "is greater than 366 days. Please adjust your token's lifetime at the following URL: https://github.com/x"
        ),
    ),
    Reason.TOKEN_KIND: (
        (
            "`acme` forbids access via a personal access token (classic). Please use a GitHub App, OAuth App, or a "
            "personal access token with fine-grained permissions."
        ),
        "`acme` forbids access via a fine-grained personal access tokens. Please use a GitHub App.",
    ),
    Reason.ADDRESS: (
        (
            "Although you appear to have the correct authorization credentials, the `acme` organization has an IP "
            "allow list enabled, and 192.0.2.1 is not permitted to access this resource."
        ),
    ),
    Reason.ARCHIVED: ("Repository was archived so is read-only.",),
    Reason.LIMITED: (
        "API rate limit exceeded for user ID 1.",
        "You have exceeded a secondary rate limit and have been temporarily blocked from content creation.",
        "You have triggered an abuse detection mechanism.",
    ),
    Reason.ACCOUNT: (
        "Sorry. Your account was suspended.",
        "At least one email address must be verified to do that.",
        "Your account was flagged.",
    ),
    Reason.BILLING: (
        "Your current plan does not support GitHub Pages for this repository.",
        "Upgrade to GitHub Pro or make this repository public to enable this feature.",
    ),
    Reason.POLICY: (
        "Repository creation failed. Visibility can't be public.",
        "Repository creation failed. Visibility can\u2019t be public.",
        "Enterprise policy prevents public repositories.",
        "Members of this organization are not allowed to create public repositories.",
        "Pages sites are disabled by an enterprise owner.",
    ),
    Reason.EXISTS: ("Repository creation failed. name already exists on this account",),
    Reason.PERMISSION: (
        "Resource not accessible by personal access token",
        "Resource not accessible by integration",
        "Must have admin rights to Repository.",
        "Forbidden",
        "",
    ),
    Reason.UNKNOWN: (
        "An associated lesson unlocks tomorrow.",
        "The main branch must exist before GitHub Pages can be built.",
        "Expected branch to point to a but it did not.",
    ),
}


@pytest.mark.parametrize(("reason", "said"), [(reason, said) for reason, all_ in SAYINGS.items() for said in all_])
def test_the_words_of_a_refusal_decide_what_it_means(reason: Reason, said: str) -> None:
    assert refusal_reason(403, said) is reason
    if said not in ("", "Forbidden"):
        assert refusal_reason(422, said) is reason


@pytest.mark.parametrize(("status", "reason"), [(401, Reason.TOKEN), (404, Reason.UNSEEN), (429, Reason.LIMITED)])
def test_some_statuses_say_it_all(status: int, reason: Reason) -> None:
    assert refusal_reason(status, "Visibility can't be public.") is reason


@pytest.mark.parametrize("reason", Reason)
def test_each_reason_has_a_remedy_for_the_owner_and_a_text_without_a_token_for_everybody_else(reason: Reason) -> None:
    assert reason.remedy.endswith(".")
    assert "token" not in reason.public_wording.lower()


def test_what_an_evaluator_is_told_holds_nothing_of_the_token_not_even_in_githubs_words() -> None:
    (said, _) = SAYINGS[Reason.SAML]
    refused = GitHubRefused(403, said)
    assert refused.told == "GitHub answered 403: the organization requires single sign-on."
    assert "SAML enforcement" in str(refused)
    assert "single sign-on" in refused.remedy
    assert "lacks a permission" not in str(refused)
