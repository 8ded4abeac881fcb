import pytest

from receiver.settings import Settings, SettingsError
from tests.doubles.receiver import OLD_SECRET, SECRET, TASK_KEY
from tests.doubles.receiver import REQUIRED as ENV


def refused(env: dict[str, str]) -> str:
    with pytest.raises(SettingsError) as caught:
        Settings.from_env(env)
    return str(caught.value)


def test_what_is_not_set_has_its_default() -> None:
    assert Settings.from_env(ENV) == Settings(SECRET, "t0ken", "octo/pagewright", "octo")
    assert Settings.from_env(ENV | {"PORT": "", "ALLOWED_EMAILS": " "}) == Settings.from_env(ENV)
    settings = Settings.from_env(ENV)
    assert (settings.port, settings.max_body_bytes, settings.wait_s) == (7860, 25 * 1024 * 1024, 50)
    assert (settings.api_url, settings.pages_url) == ("https://api.github.com", "https://{owner}.github.io/{repo}/")
    assert settings.check_on_startup
    assert not settings.allowed_emails


def test_what_is_set_is_taken() -> None:
    env = ENV | {
        "ALLOWED_EMAILS": " Ann@Example.com,, bob@example.com,",
        "TARGET_OWNER": "pages-42",
        "PAGES_URL": "http://127.0.0.1:1/{owner}/{repo}/",
        "GITHUB_API_URL": "http://127.0.0.1:2/",
        "HOST": "::1",
        "PORT": "65535",
        "MAX_BODY_BYTES": "1000",
        "WAIT_S": "2.5",
        "CHECK_ON_STARTUP": "False",
        "SHARED_SECRET_OLD": f" {OLD_SECRET} ",
        "TASK_KEY": TASK_KEY.upper(),
        "MAX_TASKS_PER_DAY": "40",
    }
    assert Settings.from_env(env) == Settings(
        SECRET,
        "t0ken",
        "octo/pagewright",
        "pages-42",
        allowed_emails=frozenset({"ann@example.com", "bob@example.com"}),
        pages_url="http://127.0.0.1:1/{owner}/{repo}/",
        api_url="http://127.0.0.1:2",
        host="::1",
        port=65535,
        max_body_bytes=1000,
        wait_s=2.5,
        check_on_startup=False,
        shared_secret_old=OLD_SECRET,
        task_key=bytes.fromhex(TASK_KEY),
        max_tasks_per_day=40,
    )


def test_one_error_names_all_that_is_missing_and_what_each_is_for() -> None:
    said = refused({"PORT": "x"})
    assert "SHARED_SECRET is missing (evaluators send it; anyone who has it can start tasks)" in said
    assert "PIPELINE_REPOSITORY is missing (owner/name of the repository whose workflow does the work)" in said
    assert "DISPATCH_TOKEN is missing (a token with Contents: write on that repository alone)" in said
    assert said.endswith(
        "PORT must be a whole number up to 65535. Correct these settings. docs/settings.md explains each."
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("ALLOWED_EMAILS", value) for value in (",", " , ,")),
        *(("DISPATCH_TOKEN", value) for value in ("a b", "a\nb", "tökén")),
        *(
            ("PIPELINE_REPOSITORY", value)
            for value in ("pagewright", "octo/", "a/b/c", "octo/ü", "https://github.com/a/b")
        ),
        *(("TARGET_OWNER", value) for value in ("a/b", "a b")),
        *(
            ("PAGES_URL", value)
            for value in ("octo.github.io", "https://{user}.github.io/", "https://{owner", "ftp://a")
        ),
        *(("GITHUB_API_URL", value) for value in ("api.github.com", "http://a b")),
        *(("PORT", value) for value in ("-1", "65536", "99999999999999", "x", "1.5", "²")),
        *(("MAX_BODY_BYTES", value) for value in ("-1", "25MB", "1e6")),
        *(("WAIT_S", value) for value in ("-1", "inf", "nan", "50s")),
        *(("CHECK_ON_STARTUP", value) for value in ("no", "2")),
        *(("TASK_KEY", value) for value in ("a" * 63, "a" * 65, "x" * 64, "٣" * 64, "a" * 32 + "\n" + "b" * 32)),
        *(("MAX_TASKS_PER_DAY", value) for value in ("-1", "many", "1e3")),
    ],
)
def test_a_value_that_cannot_work_is_named_and_not_repeated(name: str, value: str) -> None:
    said = refused(ENV | {name: value})
    assert said.startswith(f"Settings: {name} must ")
    assert ";" not in said.replace("; {owner}", "")


def test_no_error_and_no_representation_holds_a_secret() -> None:
    held = ENV | {"SHARED_SECRET_OLD": OLD_SECRET, "TASK_KEY": TASK_KEY}
    settings = Settings.from_env(held)
    said = [
        refused(held | {"DISPATCH_TOKEN": "a hidden token", "PORT": "x"}),
        refused(held | {"TASK_KEY": TASK_KEY[:-1] + "x"}),
        repr(settings),
        *settings.warnings,
        *Settings.from_env(ENV | {"SHARED_SECRET_OLD": "year"}).warnings,
    ]
    for secret in (SECRET, OLD_SECRET, TASK_KEY[:-1], repr(bytes.fromhex(TASK_KEY))[2:8], "t0ken", "hidden", "'year'"):
        assert secret not in "\n".join(said)


# How good the secrets are


def test_a_secret_that_the_records_let_people_guess_is_refused_unless_they_are_made_with_a_key_of_their_own() -> None:
    assert "SHARED_SECRET must have at least 16 characters" in refused(ENV | {"SHARED_SECRET": "x" * 15})
    assert Settings.from_env(ENV | {"SHARED_SECRET": "x" * 16}).shared_secret == "x" * 16
    short = Settings.from_env(ENV | {"SHARED_SECRET": "x", "TASK_KEY": TASK_KEY})
    assert [said for said in short.warnings if "fewer than 16 characters" in said]


def test_who_changes_a_short_secret_may_have_both_for_a_while() -> None:
    settings = Settings.from_env(ENV | {"SHARED_SECRET_OLD": "short"})
    assert settings.secrets == (SECRET, "short")
    assert [said for said in settings.warnings if "fewer than 16 characters" in said]


def test_without_a_key_for_the_tasks_that_is_said_and_with_one_there_is_nothing_to_say() -> None:
    (said,) = Settings.from_env(ENV).warnings
    assert "TASK_KEY is not set" in said
    assert "`pagewright setup`" in said
    assert Settings.from_env(ENV | {"TASK_KEY": TASK_KEY}).warnings == ()
