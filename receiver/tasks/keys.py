"""Who may ask, and which task it is: secrets and keys. Pure."""

import hmac

from orchestrator.core.task import normal_email, task_key
from receiver.settings import Settings


def is_secret(given: str, settings: Settings) -> bool:
    """Whether `given` is a valid secret. Every one is compared, so the time does not say which one fits."""
    # Over bytes: compare_digest raises for text that is not ASCII.
    same = [hmac.compare_digest(given.encode(), known.encode()) for known in settings.secrets]
    return any(same)


def derive_task_keys(settings: Settings, email: str, task: str) -> tuple[str, ...]:
    """Return the key of a task, and after it those that its repository may have from before: at most four.

    Without a TASK_KEY there is one key, made with SHARED_SECRET and the e-mail as it was sent.
    """
    if settings.task_key is None:
        return (task_key(settings.shared_secret, email, task),)
    normal = normal_email(email)
    former = [task_key(secret, spelled, task) for secret in settings.secrets for spelled in (email, normal)]
    return tuple(dict.fromkeys([task_key(settings.task_key, normal, task), *former]))
