"""Site trees that try to run code while they are bundled, or to have a file from outside in the bundle.

`OUTSIDE` stands for the absolute path of a file that is none of the site's, `BESIDE` for its path from the bundler's
folder, `MARKER` for a file that running code would write.
"""

from typing import Literal

Came = Literal["built", "refused"]

_RUN = 'import { writeFileSync } from "fs"; writeFileSync("MARKER", "ran");'
_RUN_CJS = 'require("fs").writeFileSync("MARKER", "ran");'
_PLAIN = 'document.body.textContent = "plain";'
_VUE_MAIN = 'import { createApp } from "vue"; import App from "./App.vue"; createApp(App).mount("body");'


def _entry(code: str, **more: str) -> dict[str, str]:
    return {"src/main.jsx": code, **{name.replace("__", "."): text for name, text in more.items()}}


def _beside(name: str, text: str) -> dict[str, str]:
    return {"src/main.jsx": _PLAIN, name: text}


def _style(css: str) -> dict[str, str]:
    return {"src/main.jsx": 'import "./a.css";', "src/a.css": css}


def _component(text: str, **more: str) -> dict[str, str]:
    return {"src/main.js": _VUE_MAIN, "src/App.vue": text, **more}


TREES: dict[str, tuple[Came, dict[str, str]]] = {
    # Configuration that a build would run.
    "vite.config.js": ("built", _beside("vite.config.js", _RUN)),
    "vite.config.ts": ("built", _beside("vite.config.ts", _RUN)),
    "postcss.config.cjs": ("built", _beside("postcss.config.cjs", _RUN_CJS)),
    ".postcssrc.json": ("built", {**_beside(".postcssrc.json", '{"plugins": {"./p.cjs": {}}}'), "p.cjs": _RUN_CJS}),
    "postcss in package.json": ("built", _beside("package.json", '{"postcss": {"plugins": {"./p.cjs": {}}}}')),
    "scripts in package.json": ("built", _beside("package.json", '{"scripts": {"preinstall": "touch MARKER"}}')),
    ".npmrc": ("built", _beside(".npmrc", "script-shell=./evil\n")),
    "babel.config.js": ("built", _beside("babel.config.js", _RUN_CJS)),
    ".babelrc": ("built", _beside(".babelrc", '{"plugins": ["./p.cjs"]}')),
    "tailwind.config.js": ("built", _beside("tailwind.config.js", _RUN)),
    "build.mjs": ("built", _beside("build.mjs", _RUN)),
    "src/build.mjs": ("built", _beside("src/build.mjs", _RUN)),
    "browserslist extends": ("built", _beside("package.json", '{"browserslist": ["extends OUTSIDE"]}')),
    "tsconfig paths": (
        "refused",
        {
            "src/main.ts": 'import x from "#x"; x;',
            "tsconfig.json": '{"compilerOptions": {"paths": {"#x": ["OUTSIDE"]}}}',
        },
    ),
    "tsconfig extends": ("built", {"src/main.ts": _PLAIN, "src/tsconfig.json": '{"extends": "OUTSIDE"}'}),
    "imports in package.json": (
        "refused",
        {"src/main.jsx": 'import x from "#x"; x;', "src/package.json": '{"imports": {"#x": "OUTSIDE"}}'},
    ),
    "browser in package.json": ("built", _beside("src/package.json", '{"browser": {"react": "OUTSIDE"}}')),
    "another react": (
        "built",
        {
            "src/main.jsx": 'import React from "react"; document.title = React.version;',
            "node_modules/react/index.js": _RUN_CJS,
        },
    ),
    "another esbuild": ("built", _beside("node_modules/esbuild/lib/main.js", _RUN_CJS)),
    # Imports that lead elsewhere.
    "absolute": ("refused", _entry('import x from "OUTSIDE"; document.title = x;')),
    "relative": ("refused", _entry('import x from "../BESIDE"; document.title = x;')),
    "far up": ("refused", _entry('import x from "../../../../../../../../../../../..OUTSIDE"; document.title = x;')),
    "beside src": ("refused", _entry('import x from "../data.json"; document.title = x;', data__json='{"a": 1}')),
    "raw": ("refused", _entry('import x from "OUTSIDE?raw"; document.title = x;')),
    "relative raw": ("refused", _entry('import x from "../BESIDE?raw"; document.title = x;')),
    "url": ("refused", _entry('import x from "../BESIDE?url"; document.title = x;')),
    "inline": ("refused", _entry('import x from "../BESIDE?inline"; document.title = x;')),
    "worker": ("refused", _entry('import W from "../BESIDE?worker"; new W();')),
    "init": ("refused", _entry('import x from "../BESIDE?init"; x();')),
    "/@fs/": ("refused", _entry('import x from "/@fs/OUTSIDE"; document.title = x;')),
    "file://": ("refused", _entry('import x from "file://OUTSIDE"; document.title = x;')),
    "data: of code": ("refused", _entry('import "data:text/javascript,document.title=1";')),
    "a module of the network": ("refused", _entry('import x from "https://example.com/x.js"; x();')),
    "a module of some scheme": ("refused", _entry('import x from "node:fs"; x;')),
    "a name of our own": ("refused", _entry('import x from "site:../BESIDE"; x;')),
    "the entry once more": ("refused", _entry('import x from "entry:../BESIDE"; x;')),
    "a style that nobody has": ("refused", _entry('import "style:0";')),
    "require": ("refused", _entry('document.title = require("../BESIDE");')),
    "require of a builtin": ("refused", _entry('require("fs").writeFileSync("MARKER", "ran");')),
    "require of a child": ("refused", _entry('require("child_process").execSync("touch MARKER");')),
    "a builtin": ("refused", _entry(_RUN)),
    "JSON": ("refused", _entry('import x from "../package.json"; document.title = x.name;')),
    "import with a type": ("refused", _entry('import x from "../BESIDE" with { type: "text" }; document.title = x;')),
    "import as JSON": ("refused", _entry('import x from "OUTSIDE" with { type: "json" }; document.title = x;')),
    "dynamic": ("refused", _entry('import("OUTSIDE").then((x) => (document.title = x));')),
    "a folder by a template": ("refused", _entry("import(`../${location.hash}`).then((x) => (document.title = x));")),
    "a folder by a sum": (
        "refused",
        _entry('import("./" + location.hash + ".txt").then((x) => (document.title = x));'),
    ),
    "require of a folder": ("refused", _entry("document.title = require(`../${location.hash}.txt`);")),
    "texts of the packages": ("refused", _entry("import(`./node_modules/${location.hash}.txt`);")),
    "code of the packages": ("refused", _entry("import(`./node_modules/clsx/${location.hash}.mjs`);")),
    "texts above by a template": ("refused", _entry("import(`../${location.hash}.txt`);")),
    "names of the system by a template": ("refused", _entry("import(`../../../../../../etc/${location.hash}.conf`);")),
    "code of the system by a template": (
        "refused",
        _entry("import(`../../../../../../usr/lib/node_modules/npm/bin/${location.hash}.js`);"),
    ),
    "the scaffold by a template": ("refused", _entry("document.title = require(`./${location.hash}.json`);")),
    "anything by a variable": ("built", _entry("const at = location.hash; import(at);")),
    "require.resolve": ("refused", _entry('document.title = require.resolve("../BESIDE");')),
    "import.meta.resolve": ("built", _entry('document.title = import.meta.resolve("../BESIDE");')),
    "a glob": ("built", _entry('document.title = import.meta.glob("../*", { eager: true, as: "raw" });')),
    "an absolute glob": ("built", _entry('document.title = import.meta.glob("OUTSIDE", { eager: true });')),
    "a URL of the module": ("built", _entry('document.title = new URL("../BESIDE", import.meta.url);')),
    "a worker of the module": ("built", _entry('new Worker(new URL("../BESIDE", import.meta.url));')),
    "a source map": ("built", _entry(f"{_PLAIN}\n//# sourceMappingURL=OUTSIDE")),
    "JSX of another": ("refused", _entry("/** @jsxImportSource ../.. */\nexport default <p />;")),
    "JSX of a builtin": ("refused", _entry("/** @jsxImportSource fs */\nexport default <p />;")),
    "a reference": ("built", {"src/main.ts": f'/// <reference path="OUTSIDE" />\n{_PLAIN}'}),
    "export from": ("refused", _entry('export * from "OUTSIDE";')),
    # Packages.
    "a package that is not there": ("refused", _entry('import x from "left-pad"; x();')),
    "a package of a package": ("refused", _entry('import x from "scheduler"; x();')),
    "the bundler": ("refused", _entry('import x from "esbuild"; x.build();')),
    "out of a package": ("refused", _entry('import x from "react/../../BESIDE"; x();')),
    "out of a package, packed": ("refused", _entry('import x from "react/%2e%2e/%2e%2e/BESIDE"; x();')),
    "a file of a package": ("refused", _entry('import x from "react/package.json.bak"; x();')),
    "node_modules by path": ("refused", _entry('import x from "./node_modules/react/index.js"; x();')),
    "an alias": ("refused", _entry('import x from "@/../../BESIDE"; x();')),
    "a home": ("refused", _entry('import x from "~/../BESIDE"; x();')),
    "backslashes": ("refused", _entry(r'import x from "..\\BESIDE"; x();')),
    "an empty name": ("refused", _entry('import "";')),
    "a null byte": ("refused", _entry('import "./a\\0b";')),
    "dots of a name": ("refused", _entry('import "..";')),
    # Styles.
    "CSS import": ("refused", _style('@import "../BESIDE";')),
    "absolute CSS import": ("refused", _style('@import url("OUTSIDE");')),
    "CSS import of a file URL": ("refused", _style('@import url("file://OUTSIDE");')),
    "CSS url": ("refused", _style('p { background: url("../BESIDE"); }')),
    "absolute CSS url": ("refused", _style("p { background: url(OUTSIDE); }")),
    "CSS font": ("refused", _style('@font-face { font-family: a; src: url("../BESIDE"); }')),
    "composes from": (
        "refused",
        {
            "src/main.jsx": 'import c from "./a.module.css"; c;',
            "src/a.module.css": '.p { composes: b from "OUTSIDE"; }',
        },
    ),
    "value from": ("built", _style('@value a from "OUTSIDE"; p { color: a; }')),
    "a plugin of Tailwind": ("built", _style('@plugin "OUTSIDE";')),
    "a configuration of Tailwind": ("built", _style('@config "OUTSIDE";')),
    "a source of Tailwind": ("built", _style('@source "OUTSIDE";')),
    "Sass": ("refused", {"src/main.jsx": 'import "./a.scss";', "src/a.scss": '@use "OUTSIDE";'}),
    # Vue.
    "script src": ("refused", _component('<script src="OUTSIDE"></script><template><p /></template>')),
    "style src": ("refused", _component('<template><p /></template><style src="../BESIDE"></style>')),
    "template src": ("refused", _component('<template src="../BESIDE"></template>')),
    "an own block's src": ("refused", _component('<template><p /></template><docs src="OUTSIDE"></docs>')),
    "an image of a template": ("built", _component('<template><img src="../BESIDE" alt=""></template>')),
    "Pug": ("refused", _component('<template lang="pug">p= process.mainModule</template>')),
    "Sass in a component": ("refused", _component('<template><p /></template><style lang="scss">a { b: c }</style>')),
    "types from a file": (
        "refused",
        {
            "src/main.js": _VUE_MAIN,
            "src/App.vue": '<script setup lang="ts">import type { P } from "../BESIDE"; defineProps<P>();</script>',
        },
    ),
    "types from everywhere": (
        "refused",
        _component('<script setup lang="ts">import type { P } from "OUTSIDE"; defineProps<P>();</script>'),
    ),
    "import in a component": ("refused", _component('<script setup>import x from "../BESIDE"; x;</script>')),
    "import in its style": ("refused", _component('<template><p /></template><style>@import "../BESIDE";</style>')),
    "url in its style": ("refused", _component("<template><p /></template><style>p{background:url(OUTSIDE)}</style>")),
    "code in v-bind": (
        "built",
        _component("<template><p /></template><style>p { color: v-bind('require(`fs`)'); }</style>"),
    ),
    # What the environment holds.
    "process.env": ("built", _entry("document.title = process.env.SECRET_OF_OURS;")),
    "import.meta.env": ("built", _entry("document.title = import.meta.env.VITE_SECRET_OF_OURS;")),
    ".env": ("built", _entry("document.title = import.meta.env.VITE_A;", **{".env": "VITE_A=$SECRET_OF_OURS"})),
}
