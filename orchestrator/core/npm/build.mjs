// Makes bundle.js and bundle.css of the files in src/, the same bytes on every machine:
//
//   npm ci --ignore-scripts && npm run build
//
// With --stdin the sources come as JSON and the bundle goes back as JSON. Then no file of the site is read from a disk.
import { createHash } from "node:crypto";
import { lstatSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { posix } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const FOLDER = fileURLToPath(new URL(".", import.meta.url)).replace(/[\\/]$/, "");
const PACKAGES = Object.keys(JSON.parse(readFileSync(`${FOLDER}/package.json`, "utf8")).dependencies);
const ENTRIES = ["src/main.jsx", "src/main.tsx", "src/main.js", "src/main.ts"];
const ENDINGS = [".tsx", ".ts", ".jsx", ".js", ".mjs", ".vue", ".json", ".css"];
const LOADERS = {
  ".js": "jsx", ".mjs": "jsx", ".jsx": "jsx", ".ts": "ts", ".tsx": "tsx", ".json": "json", ".css": "css",
  ".txt": "text", ".md": "text", ".csv": "text",
  ".svg": "dataurl", ".png": "dataurl", ".jpg": "dataurl", ".jpeg": "dataurl", ".gif": "dataurl",
  ".webp": "dataurl", ".avif": "dataurl", ".woff": "dataurl", ".woff2": "dataurl",
};
const SPECIFIER = /^(@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*(\/[A-Za-z0-9._~-]+)*$/;
const INPUT = /^(site:src\/|style:src\/|node_modules\/)/;
const ADDRESS = /^((https?:)?\/\/|data:|#)/;

const NO_VARIABLES = 'An import names one file, without a variable in it: import("./one.js").';
const UNKNOWN = "A file that is not of the site could not be read. Import files of src/ by their names.";

const decoder = new TextDecoder();

/** What stands in the way of a build. `file`, `line` and `column` (from 1) may be missing. */
class Wrong extends Error {
  constructor(text, place = {}) {
    super(text);
    this.place = place;
  }
}

/** Return the path of a file in src/ that `specifier`, written in `importer`, means; throw Wrong. */
function found(files, specifier, importer) {
  const path = posix.join(posix.dirname(importer), specifier);
  if (!path.startsWith("src/")) {
    throw new Wrong(
      `\`${specifier}\` leads out of src/. Files beside index.html are not bundled: read them with fetch("name").`,
    );
  }
  const bare = path.replace(/\.(js|jsx|mjs)$/, "");
  const tried = [path, ...ENDINGS.map((one) => path + one), ...ENDINGS.map((one) => `${path}/index${one}`)];
  if (bare !== path) tried.push(`${bare}.ts`, `${bare}.tsx`);
  const there = tried.find((one) => files.has(one));
  if (there === undefined) throw new Wrong(`\`${specifier}\` was not found: there is no ${path}.`);
  return there;
}

/** Return what an import of a site's file means to esbuild; throw Wrong. */
async function resolved(build, files, asked, { path: specifier, importer, kind }) {
  if (kind === "url-token" || kind === "import-rule") {
    if (/^(https?:)?\/\//.test(specifier) || (kind === "url-token" && /^(data:|#)/.test(specifier))) {
      return { path: specifier, external: true };
    }
  }
  if (/^[a-z][a-z0-9+.-]+:/i.test(specifier) || specifier.startsWith("//")) {
    throw new Wrong(`\`${short(specifier)}\` is an address. Import files of src/ or one of: ${PACKAGES.join(", ")}.`);
  }
  if (/[?#]/.test(specifier)) {
    throw new Wrong(`\`${short(specifier)}\` has a \`?\` or \`#\`. Import the file without it.`);
  }
  if (specifier.startsWith("/")) {
    throw new Wrong(`\`${short(specifier)}\` begins with a slash. Write a relative path such as \`./App.jsx\`.`);
  }
  if (specifier.startsWith("@/") || specifier.startsWith("~")) {
    throw new Wrong(`\`${short(specifier)}\`: there is no alias. Write a relative path such as \`./App.jsx\`.`);
  }
  const isStyle = ["url-token", "import-rule", "composes-from"].includes(kind);
  if (isStyle || specifier.startsWith("./") || specifier.startsWith("../") || /^\.\.?$/.test(specifier)) {
    return { path: found(files, specifier, importer), namespace: "site" };
  }
  const answer = await packaged(build, specifier, kind);
  asked.add(answer.path);
  return answer;
}

/** Return where the locked packages hold what `specifier` names; throw Wrong where they may not be asked. */
async function packaged(build, specifier, kind) {
  const name = specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
  const isPlain = SPECIFIER.test(specifier) && !specifier.split("/").some((part) => /^\.+$/.test(part));
  if (!isPlain || !PACKAGES.includes(name)) {
    throw new Wrong(`The package \`${short(specifier)}\` is not there. There are: ${PACKAGES.join(", ")}.`);
  }
  const answer = await build.resolve(specifier, { kind, resolveDir: FOLDER, pluginData: { isOurs: true } });
  if (answer.errors.length || !slashed(answer.path).startsWith(`${slashed(FOLDER)}/node_modules/`)) {
    throw new Wrong(`The package \`${name}\` has no \`${short(specifier)}\`.`);
  }
  return answer;
}

const slashed = (path) => path.replaceAll("\\", "/");
const short = (text) => (text.length > 100 ? `${text.slice(0, 99)}…` : text);

/** Return the plugin that answers for every file of the site: from `files`, and from nowhere else.
 *
 * `asked`: gets the path of each module of a package that the site imports.
 */
function answering(files, components, asked) {
  const guarded = (act) => async (args) => {
    try {
      return await act(args);
    } catch (error) {
      if (!(error instanceof Wrong)) throw error;
      const { line, column } = error.place;
      const file = error.place.file ?? args.path;
      return { errors: [{ text: error.message, location: line ? { file, line, column: (column ?? 1) - 1 } : null }] };
    }
  };
  return {
    name: "site",
    setup(build) {
      build.onResolve({ filter: /^entry:/ }, ({ path, kind }) =>
        kind === "entry-point" ? { path: path.slice("entry:".length), namespace: "site" } : undefined);
      for (const namespace of ["site", "style"]) {
        build.onResolve({ filter: /.*/, namespace }, guarded((args) => {
          const styled = namespace === "site" && args.importer.endsWith(".vue") && /^style:\d+$/.exec(args.path);
          if (styled) return { path: `${args.importer}/${args.path.slice(6)}`, namespace: "style" };
          const importer = namespace === "style" ? posix.dirname(args.importer) : args.importer;
          return resolved(build, files, asked, { ...args, importer });
        }));
      }
      build.onLoad({ filter: /.*/, namespace: "site" }, guarded(async ({ path }) => {
        const contents = files.get(path);
        if (path.endsWith(".vue")) return components.script(path, decoder.decode(contents));
        const ending = posix.extname(path).toLowerCase();
        const loader = path.endsWith(".module.css") ? "local-css" : LOADERS[ending];
        if (!loader) throw new Wrong(`Files that end in \`${ending}\` cannot be imported.`, { file: path, line: 1 });
        return { contents, loader };
      }));
      build.onLoad({ filter: /.*/, namespace: "style" }, guarded(({ path }) => {
        return { contents: components.style(path), loader: "css" };
      }));
    },
  };
}

/** Vue's single-file components. `compiler`: of @vue/compiler-sfc; null where a site has none. */
class Components {
  constructor(compiler, files) {
    this.compiler = compiler;
    this.files = files;
    this.styles = new Map();
  }

  style(path) {
    return this.styles.get(path) ?? "";
  }

  script(path, source) {
    const { descriptor, errors } = this.compiler.parse(source, { filename: path, sourceMap: false });
    if (errors.length) throw this.wrong(errors[0], path);
    this.refuse(descriptor, path);
    const id = createHash("sha256").update(path).digest("hex").slice(0, 8);
    const isScoped = descriptor.styles.some((style) => style.scoped);
    const template = {
      id, scoped: isScoped, slotted: descriptor.slotted, transformAssetUrls: false, isProd: true, filename: path,
    };
    const { code, loader, bindings } = this.code(descriptor, path, { id: `data-v-${id}`, template });
    const parts = [code];
    if (descriptor.template && !descriptor.scriptSetup) {
      parts.push(this.render(descriptor, path, { ...template, bindings }), "__component.render = render;");
    }
    if (isScoped) parts.push(`__component.__scopeId = "data-v-${id}";`);
    descriptor.styles.forEach((style, number) => {
      this.styles.set(`${path}/${number}`, this.styled(style, path, `data-v-${id}`));
      parts.unshift(`import "style:${number}";`);
    });
    return { contents: [...parts, "export default __component;"].join("\n"), loader };
  }

  /** Refuse what would be read from elsewhere, or needs a compiler that is not there. */
  refuse(descriptor, path) {
    const { template, script, scriptSetup, styles, customBlocks } = descriptor;
    for (const block of [template, script, scriptSetup, ...styles, ...customBlocks]) {
      if (!block) continue;
      const place = { file: path, line: block.loc.start.line, column: block.loc.start.column };
      if (block.src !== undefined || block.attrs.src !== undefined) {
        throw new Wrong(`<${block.type} src> is not supported. Write its content into the component.`, place);
      }
      const known = { template: ["html"], style: ["css"], script: ["js", "ts", "jsx", "tsx"] }[block.type];
      if (known && block.lang && !known.includes(block.lang)) {
        throw new Wrong(`<${block.type} lang="${short(block.lang)}"> is not supported. Use ${known.join(" or ")}.`, place);
      }
      if (block.type === "style" && block.module) {
        throw new Wrong("<style module> is not supported. Use <style scoped>.", place);
      }
    }
  }

  code(descriptor, path, { id, template }) {
    const block = descriptor.scriptSetup ?? descriptor.script;
    if (!block) return { code: "const __component = {};", loader: "js", bindings: undefined };
    const fs = {
      fileExists: (name) => this.files.has(posix.normalize(name)),
      readFile: (name) => decoder.decode(this.files.get(posix.normalize(name)) ?? new Uint8Array()),
    };
    const isInline = Boolean(descriptor.scriptSetup);
    try {
      const script = this.compiler.compileScript(descriptor, {
        id, fs, isProd: true, sourceMap: false, inlineTemplate: isInline, genDefaultAs: "__component",
        templateOptions: { ...template, compilerOptions: { scopeId: template.scoped ? id : undefined } },
      });
      return { code: script.content, loader: block.lang ?? "js", bindings: script.bindings };
    } catch (error) {
      throw this.wrong(error, path);
    }
  }

  render(descriptor, path, { bindings, ...template }) {
    const { code, errors } = this.compiler.compileTemplate({
      ...template,
      source: descriptor.template.content,
      compilerOptions: { bindingMetadata: bindings, scopeId: template.scoped ? `data-v-${template.id}` : undefined },
    });
    if (errors.length) throw this.wrong(errors[0], path, descriptor.template.loc.start.line - 1);
    return code.replace("export function render", "function render");
  }

  styled(style, path, id) {
    const { code, errors } = this.compiler.compileStyle({
      source: style.content, filename: path, id, scoped: Boolean(style.scoped), isProd: true,
    });
    if (errors.length) throw this.wrong(errors[0], path, style.loc.start.line - 1);
    return code;
  }

  wrong(error, path, before = 0) {
    const text = (error.reason ?? error.message ?? String(error)).replace(/^\[@vue\/compiler-sfc\] /, "").split("\n")[0];
    const line = error.loc?.start?.line ?? error.line ?? /\((\d+):\d+\)/.exec(text)?.[1];
    const column = error.loc?.start?.column ?? error.column ?? 1;
    return new Wrong(text, { file: path, line: line ? Number(line) + before : 1, column });
  }
}

/** Return the licences of the packages of which `output` holds something: they oblige everyone who copies them. */
function licences(output) {
  const inputs = Object.entries(output.inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0);
  const folders = inputs.map(([path]) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1]);
  return [...new Set(folders.filter(Boolean))].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(`${FOLDER}/${folder}/package.json`, "utf8"));
    const named = readdirSync(`${FOLDER}/${folder}`).filter((one) => /^licen[cs]e(\.(md|txt))?$/i.test(one)).sort()[0];
    const text = named ? readFileSync(`${FOLDER}/${folder}/${named}`, "utf8").replaceAll("\r\n", "\n").trim() : "";
    return `/*! ${name} ${version}, ${license}\n\n${text.replaceAll("*/", "* /")}\n*/\n`;
  }).join("");
}

/** Whether a bundle holds the site's files, the packages that these import by name, and nothing else.
 *
 * Plugins are not asked about imports with a variable in them: esbuild looks for those on the disk by itself.
 */
function isClosed(inputs, asked) {
  const named = new Set([...asked].map((path) => posix.relative(slashed(FOLDER), slashed(path))));
  return Object.entries(inputs).every(([path, { imports }]) => {
    if (path.startsWith("node_modules/")) return true;
    const isOurs = ({ path: to, external }) =>
      external ? ADDRESS.test(to) : INPUT.test(to) && (!to.startsWith("node_modules/") || named.has(to));
    return INPUT.test(path) && imports.every(isOurs);
  });
}

/** Return {files} of the bundle, or {errors}. `files`: path -> bytes of everything in src/. */
async function bundled(files) {
  const entries = ENTRIES.filter((path) => files.has(path));
  if (entries.length !== 1) {
    const said = entries.length ? `There are ${entries.join(" and ")}. Keep one.` : `Write one of: ${ENTRIES.join(", ")}.`;
    return { errors: [{ text: `The app begins in one file. ${said}` }] };
  }
  const hasComponents = [...files.keys()].some((path) => path.endsWith(".vue"));
  const compiler = hasComponents ? await import("@vue/compiler-sfc") : null;
  const asked = new Set();
  let result;
  try {
    result = await esbuild.build({
      entryPoints: [`entry:${entries[0]}`],
      plugins: [answering(files, new Components(compiler, files), asked)],
      absWorkingDir: FOLDER,
      outfile: "bundle.js",
      bundle: true,
      write: false,
      metafile: true,
      format: "esm",
      platform: "browser",
      target: "es2022",
      charset: "utf8",
      jsx: "automatic",
      legalComments: "none",
      tsconfigRaw: "{}",
      logLevel: "silent",
      logLimit: 20,
      define: {
        "process.env.NODE_ENV": '"production"',
        __VUE_OPTIONS_API__: "true",
        __VUE_PROD_DEVTOOLS__: "false",
        __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: "false",
      },
    });
  } catch (failure) {
    if (!Array.isArray(failure.errors)) throw failure;
    return { errors: failure.errors.map((error) => placed(error, files)) };
  }
  if (!isClosed(result.metafile.inputs, asked)) return { errors: [{ text: NO_VARIABLES }] };
  const made = Object.fromEntries(result.outputFiles.map(({ path, text }) => [posix.basename(slashed(path)), text]));
  const script = Object.entries(result.metafile.outputs).find(([path]) => path.endsWith(".js"))[1];
  return { files: { "bundle.js": made["bundle.js"] + licences(script), "bundle.css": made["bundle.css"] ?? "" } };
}

/** Return an error of esbuild with its place in the site. What it says of anything else may hold a path or a content. */
function placed({ text, location, pluginName }, files) {
  const file = (location?.file ?? "").replace(/^(site|style):/, "").replace(/^(.*\.vue)\/\d+$/, "$1");
  const isOurs = pluginName === "site";
  if (!files.has(file) || (!isOurs && /^(No loader|Could not (read|resolve)|Cannot read)/.test(text))) {
    return { text: isOurs ? text : UNKNOWN };
  }
  const at = { text: text.replaceAll(FOLDER, ""), file };
  const { line, column, lineText } = location;
  if (!file.endsWith(".vue") || !lineText) return { ...at, line, column: column + 1 };
  // What was compiled has other lines than the component: the same line is looked for in there.
  const lines = decoder.decode(files.get(file)).split("\n");
  const same = lines.flatMap((one, number) => (one.trim() === lineText.trim() ? [number + 1] : []));
  return same.length === 1 ? { ...at, line: same[0], column: 1 } : at;
}

/** Return path -> bytes of all regular files below src/. */
function onDisk(folder = "src", files = new Map()) {
  for (const name of readdirSync(`${FOLDER}/${folder}`).sort()) {
    const path = `${folder}/${name}`;
    const entry = lstatSync(`${FOLDER}/${path}`);
    if (entry.isDirectory()) onDisk(path, files);
    else if (entry.isFile()) files.set(path, readFileSync(`${FOLDER}/${path}`));
  }
  return files;
}

if (process.argv.includes("--stdin")) {
  const asked = JSON.parse(readFileSync(0, "utf8"));
  const files = new Map(Object.entries(asked).map(([path, data]) => [path, Buffer.from(data, "base64")]));
  process.stdout.write(JSON.stringify(await bundled(files)));
} else {
  const { files, errors } = await bundled(onDisk());
  for (const { text, file, line, column } of errors ?? []) {
    console.error([file, line, column].filter(Boolean).join(":") + `${file ? ": " : ""}${text}`);
  }
  for (const [name, text] of Object.entries(files ?? {})) writeFileSync(`${FOLDER}/${name}`, text);
  process.exitCode = errors ? 1 : 0;
}
