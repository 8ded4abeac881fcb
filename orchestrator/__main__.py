"""`python -m orchestrator`: the same as `pagewright`."""

from orchestrator.cli import main

if __name__ == "__main__":
    main()
