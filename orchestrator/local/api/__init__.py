"""GitHub's API over loopback, the subset that the product calls."""

from orchestrator.local.api.app import create_api_app

__all__ = ["create_api_app"]
