"""The same three files in the wrappers, tool calls and commands that models send besides the form that is asked for."""

import base64
import json
from collections.abc import Callable, Mapping

FILES: Mapping[str, str] = {
    "index.html": (
        '<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8"><title>Shop</title></head>\n'
        '<body>\n<h1 id="h">Shop</h1>\n<code>a</code>\n<svg viewBox="0 0 1 1"><path d="M0 0"></path></svg>\n'
        '<script src="src/app.js"></script>\n</body>\n</html>\n'
    ),
    "src/app.js": (
        "const all = [1, 2];\nconst note = '</file> and </content>';\nif (all[0] < all[1] && note) {\n"
        "  document.title += ` ${[...all].length}`;\n}\n"
    ),
    "README.md": "# Shop\n\nShows a shop.\n\n```sh\npython3 -m http.server\n```\n",
}


def _each(form: Callable[[str, str], str], *, around: str = "%s", between: str = "\n") -> str:
    return around.replace("%s", between.join(form(path, text) for path, text in FILES.items()))


def _tag(name: str, attribute: str = "path", more: str = "") -> str:
    return _each(lambda path, text: f'<{name}{more} {attribute}="{path}">\n{text}</{name}>')


def _glued(name: str, attribute: str = "path") -> str:
    return _each(lambda path, text: f'<{name} {attribute}="{path}">{text}</{name}>', between="")


def _calls(shape: Callable[[dict[str, str]], object], *, key: str = "path", content: str = "content") -> list[object]:
    return [shape({key: path, content: text}) for path, text in FILES.items()]


def _patch(indent: str = "") -> str:
    def added(path: str, text: str) -> str:
        return f"*** Add File: {path}\n" + "".join(f"+{line}\n" for line in text.split("\n")[:-1])

    return f"*** Begin Patch\n{_each(added, between='')}*** End Patch\n".replace("\n", f"\n{indent}")


def _invoke(tool: str = "write_file", key: str = "path", content: str = "content", prefix: str = "") -> str:
    return _each(
        lambda path, text: (
            f'<{prefix}invoke name="{tool}">\n<{prefix}parameter name="{key}">{path}</{prefix}parameter>\n'
            f'<{prefix}parameter name="{content}">{text}</{prefix}parameter>\n</{prefix}invoke>'
        ),
        around=f"I write the files.\n\n<{prefix}function_calls>\n%s\n</{prefix}function_calls>",
    )


def _children(outer: str, path_tag: str, content_tag: str) -> str:
    return _each(
        lambda path, text: (
            f"<{outer}>\n<{path_tag}>{path}</{path_tag}>\n<{content_tag}>\n{text}</{content_tag}>\n</{outer}>"
        )
    )


def _fences(label: Callable[[str, str], str], fence: str = "````") -> str:
    return _each(lambda path, text: label(path, f"{text}{fence}"))


_LANGUAGES = {"index.html": "html", "src/app.js": "js", "README.md": "markdown"}

ANSWERS: Mapping[str, str] = {
    "dyad-write": _tag("dyad-write"),
    "lov-write": _tag("lov-write", "file_path"),
    "any-write with a description": _tag("acme-write", more=' description="the shop"'),
    "boltAction": '<boltArtifact id="shop" title="Shop">\n'
    + _tag("boltAction", "filePath", ' type="file"')
    + "\n</boltArtifact>\nDone.",
    "boltAction glued": '<boltArtifact id="s" title="Shop">' + _glued("boltAction", "filePath") + "</boltArtifact>",
    "write_to_file": _children("write_to_file", "path", "content"),
    "create_file": _children("create_file", "file_path", "contents"),
    "file with children": _children("file", "name", "content"),
    "document with a source": _children("document", "filename", "content"),
    "blocks glued on one line": _glued("file"),
    "blocks glued in files": f"<files>{_glued('file')}</files>",
    "glued with CDATA": _each(
        lambda path, text: f'<file path="{path}"><![CDATA[{text}]]></file>', around="<files>%s</files>", between=""
    ),
    "CDATA in content": _each(
        lambda path, text: f"<file>\n<path>{path}</path>\n<content><![CDATA[\n{text}]]></content>\n</file>"
    ),
    "typographic quotes": _each(lambda path, text: f"<file path=\u201c{path}\u201d>\n{text}</file>"),
    "single quotes and a foreign tag": _each(lambda path, text: f"<code-file filename='{path}'>\n{text}</code-file>"),
    "an attribute on a line of its own": _each(lambda path, text: f'<file\n  path="{path}"\n>\n{text}</file>'),
    "antArtifact-like": _tag("artifactFile", "path", ' type="text/plain"'),
    "invoke": _invoke(),
    "invoke with file_text": _invoke("str_replace_based_edit_tool", content="file_text"),
    "invoke in a namespace": _invoke("Write", "file_path", prefix="x:"),
    "function=": _each(
        lambda path, text: (
            f"<tool_call>\n<function=write_file>\n<parameter=path>\n{path}\n</parameter>\n"
            f"<parameter=content>\n{text}</parameter>\n</function>\n</tool_call>"
        )
    ),
    "function= without tool_call": _each(
        lambda path, text: (
            f"<function=create>\n<parameter=file_path>{path}</parameter>\n"
            f"<parameter=content>\n{text}</parameter>\n</function>"
        )
    ),
    "arg_key and arg_value": _each(
        lambda path, text: (
            f"<tool_call>write_file\n<arg_key>path</arg_key>\n<arg_value>{path}</arg_value>\n"
            f"<arg_key>content</arg_key>\n<arg_value>{text}</arg_value>\n</tool_call>"
        )
    ),
    "tool_call with JSON": "\n".join(
        f"<tool_call>\n{json.dumps(call)}\n</tool_call>"
        for call in _calls(lambda given: {"name": "write_file", "arguments": given})
    ),
    "tool_call with JSON on one line": "".join(
        f"<tool_call>{json.dumps(call)}</tool_call>"
        for call in _calls(lambda given: {"name": "w", "parameters": given})
    ),
    "tool_call with a list": "<tool_call>\n"
    + json.dumps(_calls(lambda given: {"name": "write_file", "arguments": given}))
    + "\n</tool_call>",
    "tools_call with arguments as text": "<tool_calls>"
    + json.dumps(_calls(lambda given: {"type": "function", "function": {"name": "w", "arguments": json.dumps(given)}}))
    + "</tool_calls>",
    "JSON list of calls": json.dumps(_calls(lambda given: {"name": "write_file", "arguments": given})),
    "JSON lines of calls": "\n".join(
        json.dumps(call) for call in _calls(lambda given: {"tool": "write", "input": given}, key="file_path")
    ),
    "JSON tool_calls": json.dumps(
        {
            "role": "assistant",
            "tool_calls": _calls(lambda given: {"function": {"name": "w", "arguments": json.dumps(given)}}),
        }
    ),
    "JSON in a fence each": "\n\n".join(
        f"```json\n{json.dumps(call, indent=2)}\n```"
        for call in _calls(lambda given: {"action": "create_file", "action_input": given}, key="filename")
    ),
    "[TOOL_CALLS]": "[TOOL_CALLS]" + json.dumps(_calls(lambda given: {"name": "write_file", "arguments": given})),
    "<|python_tag|>": "<|python_tag|>"
    + "; ".join(json.dumps(call) for call in _calls(lambda given: {"name": "write_file", "parameters": given})),
    "JSON files with file_path": json.dumps({"files": _calls(lambda given: given, key="file_path", content="code")}),
    "a patch": _patch(),
    "a patch in a fence": f"I add the files.\n\n````diff\n{_patch()}````\n",
    "a patch by a command": f"````bash\napply_patch <<'PATCH'\n{_patch()}PATCH\n````\n",
    "a patch in JSON": json.dumps({"name": "apply_patch", "arguments": {"input": _patch()}}),
    "a patch in a command list": json.dumps({"cmd": ["apply_patch", _patch()]}),
    "cat into files": _each(
        lambda path, text: f"cat > {path} <<'EOF'\n{text}EOF\n", around="````bash\nmkdir -p src\n%s````\n"
    ),
    "cat with the target behind": _each(lambda path, text: f'cat <<"END" > {path}\n{text}END\n'),
    "tee": _each(lambda path, text: f"tee {path} <<'EOF' > /dev/null\n{text}EOF\n"),
    "path behind a language": _fences(lambda path, text: f"````{_LANGUAGES[path]} {path}\n{text}"),
    "path behind a colon": _fences(lambda path, text: f"````{_LANGUAGES[path]}:{path}\n{text}"),
    "bold name above": _fences(lambda path, text: f"**{path}**\n\n````{_LANGUAGES[path]}\n{text}"),
    "bold name above bare fences": _fences(lambda path, text: f"**`{path}`**\n\n````\n{text}"),
    "DeepSeek's marks": "<\uff5ctool\u2581calls\u2581begin\uff5c>"
    + "\n".join(
        "<\uff5ctool\u2581call\u2581begin\uff5c>function<\uff5ctool\u2581sep\uff5c>write_file\n```json\n"
        f"{json.dumps(call)}\n```<\uff5ctool\u2581call\u2581end\uff5c>"
        for call in _calls(lambda given: given)
    )
    + "<\uff5ctool\u2581calls\u2581end\uff5c>",
    "Kimi's marks": "I write.\n<|tool_calls_section_begin|>"
    + "".join(
        f"<|tool_call_begin|>functions.write:0<|tool_call_argument_begin|>{json.dumps(call)}<|tool_call_end|>"
        for call in _calls(lambda given: given)
    )
    + "<|tool_calls_section_end|>",
    "Mistral's marks": "".join(
        f"[TOOL_CALLS]write_file[ARGS]{json.dumps(call)}" for call in _calls(lambda given: given)
    ),
    "gpt-oss's marks": "".join(
        f"<|channel|>commentary to=functions.write <|constrain|>json<|message|>{json.dumps(call)}<|call|>"
        for call in _calls(lambda given: given)
    ),
    "an answer of Gemini's API": json.dumps(
        {
            "candidates": [
                {"content": {"parts": _calls(lambda given: {"functionCall": {"name": "write_file", "args": given}})}}
            ]
        }
    ),
    "an answer of OpenAI's API": json.dumps(
        {
            "choices": [
                {
                    "message": {
                        "tool_calls": _calls(lambda given: {"function": {"name": "w", "arguments": json.dumps(given)}})
                    }
                }
            ]
        }
    ),
    "keys in capitals": "\n".join(
        f"<tool_call>\n{json.dumps(call)}\n</tool_call>"
        for call in _calls(
            lambda given: {"name": "write_to_file", "arguments": given}, key="TargetFile", content="CodeContent"
        )
    ),
    "arguments that say nothing of the file": _each(
        lambda path, text: (
            f"<write_to_file>\n<path>{path}</path>\n<content>\n{text}</content>\n<line_count>9</line_count>\n"
            "<task_progress>\n- [x] all\n</task_progress>\n</write_to_file>"
        )
    ),
    "names of other arguments": _each(
        lambda path, text: (
            f"<document>\n<file_name>{path}</file_name>\n<document_contents>\n{text}</document_contents>\n</document>"
        )
    ),
    "a tree of folders": json.dumps(
        {
            "index.html": {"file": {"contents": FILES["index.html"]}},
            "src": {"directory": {"app.js": {"file": {"contents": FILES["src/app.js"]}}}},
            "README.md": {"file": {"contents": FILES["README.md"]}},
        }
    ),
    "a folder beside files": json.dumps(
        {
            "files": {
                "index.html": FILES["index.html"],
                "src": {"app.js": FILES["src/app.js"]},
                "README.md": FILES["README.md"],
            }
        }
    ),
    "lists of lines": json.dumps([{"path": path, "content": text.split("\n")} for path, text in FILES.items()]),
    "base64": json.dumps(
        [
            {"path": path, "content": base64.b64encode(text.encode()).decode(), "encoding": "base64"}
            for path, text in FILES.items()
        ]
    ),
    "JSON behind prose with brackets": "I {think} of [this].\n\n```json\n"
    + json.dumps({"files": _calls(lambda given: given)})
    + "\n```\nDone.",
    "fences indented in a list": _each(
        lambda path, text: (
            f"1. `{path}`\n\n"
            + "".join(f"   {line}\n".replace("   \n", "\n") for line in f"````\n{text}````".split("\n"))
        )
    ),
    "path in a comment": _fences(lambda path, text: f"````{_LANGUAGES[path]}\n<!-- filepath: {path} -->\n{text}"),
    "path in a comment above": _fences(lambda path, text: f"<!-- FILE: {path} -->\n````{_LANGUAGES[path]}\n{text}"),
    "thoughts in other brackets": "\u25c1think\u25b7a plan\u25c1/think\u25b7" + _tag("file"),
    "thoughts in the middle": 'Well.\n<think>\nI write `<file path="x.html">` first.\n</think>\n' + _tag("file"),
}
"""Name of a form -> an answer that holds `FILES` in it."""
