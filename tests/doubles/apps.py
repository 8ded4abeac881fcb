"""Two small apps as a model would answer them: a total of the attached sales, in React and in Vue."""

from tests.doubles.repairer import block

CSV = b"product,sales\nWidget,12.50\nGadget,29.50\n"

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sales</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="bundle.css">
<script type="module" src="bundle.js"></script>
</head>
<body><main id="app"></main></body>
</html>
"""
_README = "# Sales\n\nShows the total of the attached sales.\n\nLicence: MIT, see `LICENSE`.\n"
_SUM = """export function total(csv: string): number {
  return csv.trim().split("\\n").slice(1).reduce((sum, line) => sum + Number(line.split(",")[1]), 0);
}
"""
_STYLE = "h1 { color: #113355; }\n"

REACT = {
    "index.html": _PAGE,
    "README.md": _README,
    "src/main.jsx": """import { createRoot } from "react-dom/client";
import App from "./App.jsx";
import "./style.css";

createRoot(document.getElementById("app")).render(<App />);
""",
    "src/App.jsx": """import { useEffect, useState } from "react";
import { total } from "./total";

export default function App() {
  const [sum, setSum] = useState(0);
  useEffect(() => {
    fetch("sales.csv").then((answer) => answer.text()).then((csv) => setSum(total(csv)));
  }, []);
  return <h1>Total: <span id="total">{sum.toFixed(2)}</span></h1>;
}
""",
    "src/total.ts": _SUM,
    "src/style.css": _STYLE,
}
VUE = {
    "index.html": _PAGE,
    "README.md": _README,
    "src/main.js": """import { createApp } from "vue";
import App from "./App.vue";
import "./style.css";

createApp(App).mount("#app");
""",
    "src/App.vue": """<script setup lang="ts">
import { onMounted, ref } from "vue";
import { total } from "./total";

const sum = ref<number>(0);
onMounted(async () => {
  sum.value = total(await (await fetch("sales.csv")).text());
});
</script>

<template>
  <h1>Total: <span id="total" class="sum">{{ sum.toFixed(2) }}</span></h1>
</template>

<style scoped>
.sum { font-weight: bold; }
</style>
""",
    "src/total.ts": _SUM,
    "src/style.css": _STYLE,
}
COMPONENT = {"react": "src/App.jsx", "vue": "src/App.vue"}


def app(framework: str) -> dict[str, bytes]:
    """Return the files of the app."""
    return {path: text.encode() for path, text in {"react": REACT, "vue": VUE}[framework].items()}


def whole(files: dict[str, str]) -> str:
    """Return a model's answer that writes these files."""
    return "\n".join(block(path, text) for path, text in files.items())


def edit(path: str, search: str, replace: str) -> str:
    """Return a model's answer that changes one place of a file."""
    return f'<edit path="{path}">\n<<<<<<< SEARCH\n{search}\n=======\n{replace}\n>>>>>>> REPLACE\n</edit>'


def answers(framework: str) -> tuple[str, ...]:
    """Return what a model answers in three rounds: an import that leads nowhere, its repair, and two revisions."""
    files = {"react": REACT, "vue": VUE}[framework]
    path = COMPONENT[framework]
    line = next(line for line in files[path].split("\n") if "Total: " in line)
    second = line.replace("Total: ", "All sales: ")
    third = second.replace("All sales: ", "{note}! All sales: " if framework == "react" else "{{ note }}! All sales: ")
    right, wrong = 'import { total } from "./total";', 'import { total } from "./totals";'
    note = 'import { note } from "./note";'
    last = (
        edit("src/style.css", "h1 { color: #113355; }", "h1 { color: #224466; }"),
        block("src/note.ts", 'export const note = "Thanks";'),
        edit(path, right, f"{note}\n{right}"),
        edit(path, second, third),
    )
    return (
        whole({**files, path: files[path].replace(right, wrong)}),
        edit(path, wrong, right),
        edit(path, line, second),
        "\n".join(last),
    )
