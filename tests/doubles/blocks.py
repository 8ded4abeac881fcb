"""What models answer with: whole files, and edits."""

README = '<file path="README.md">\n# T\n</file>\n'

PAGE = '<file path="index.html">\n<!doctype html>\n<html><title>T</title></html>\n</file>\n'


def edit(path: str, search: str, replace: str) -> str:
    return f'<edit path="{path}">\n<<<<<<< SEARCH\n{search}\n=======\n{replace}\n>>>>>>> REPLACE\n</edit>\n'
