"""What lies in a repository of the local GitHub: its commits' messages, and its files."""

from orchestrator.local.store import Store


def messages(store: Store, owner: str, name: str) -> list[str]:
    """Return the messages of every commit, newest first; none where there is no repository."""
    found = store.find(owner, name)
    head = store.head(found) if found else None
    listed = store.commits(found, head, limit=100) if found and head else ()
    return [commit.message for commit in listed]


def files(store: Store, owner: str, name: str) -> dict[str, bytes]:
    """Return what lies at the head, links included."""
    found = store.find(owner, name)
    head = store.head(found) if found else None
    entries = store.tree(found, head) if found and head else ()
    return {entry.path: store.blob(found, entry.sha) for entry in entries if found and entry.type == "blob"}
