import pytest

from receiver.settings import Settings, SettingsError

ENV = {"SHARED_SECRET": "s3cret", "DISPATCH_TOKEN": "t0ken", "PIPELINE_REPOSITORY": "octo/pagewright"}


def refused(env: dict[str, str]) -> str:
    with pytest.raises(SettingsError) as caught:
        Settings.from_env(env)
    return str(caught.value)


def test_what_is_not_set_has_its_default() -> None:
    assert Settings.from_env(ENV) == Settings("s3cret", "t0ken", "octo/pagewright", "octo")
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
    }
    assert Settings.from_env(env) == Settings(
        "s3cret",
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
    )


def test_one_error_names_all_that_is_missing_and_what_each_is_for() -> None:
    said = refused({"PORT": "x"})
    assert "SHARED_SECRET is missing (evaluators send it; whoever has it may start tasks)" in said
    assert "PIPELINE_REPOSITORY is missing (owner/name of the repository whose workflow does the work)" in said
    assert "DISPATCH_TOKEN is missing (a token with Contents: write on that repository alone)" in said
    assert said.endswith("PORT must be a whole number up to 65535. Set them where the README's table says.")


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
    ],
)
def test_a_value_that_cannot_work_is_named_and_not_repeated(name: str, value: str) -> None:
    said = refused(ENV | {name: value})
    assert said.startswith(f"Settings: {name} must ")
    assert ";" not in said.replace("; {owner}", "")


def test_no_error_and_no_representation_holds_a_secret() -> None:
    assert "s3cret" not in refused(ENV | {"DISPATCH_TOKEN": "a hidden token", "PORT": "x"})
    assert "hidden" not in refused(ENV | {"DISPATCH_TOKEN": "a hidden token"})
    assert not {"s3cret", "t0ken"} & set(repr(Settings.from_env(ENV)).split("'"))
