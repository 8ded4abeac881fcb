"""What lies in a repository of the local GitHub: its commits' messages, and its files."""

from orchestrator.local.store import Store


def messages(store: Store, owner: str, name: str) -> list[str]:
    """Return the messages of every commit, newest first; none where there is no repository."""
    found = store.find_repository(owner, name)
    head = store.resolve_head(found) if found else None
    listed = store.list_commits(found, head, limit=100) if found and head else ()
    return [commit.message for commit in listed]


def files(store: Store, owner: str, name: str) -> dict[str, bytes]:
    """Return what lies at the head, links included."""
    found = store.find_repository(owner, name)
    head = store.resolve_head(found) if found else None
    entries = store.list_tree(found, head) if found and head else ()
    return {entry.path: store.load_blob(found, entry.sha) for entry in entries if found and entry.type == "blob"}
