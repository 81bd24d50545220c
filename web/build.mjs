// Builds web/dist: index.html, hashed script and style sheet, and the icon.
//
// Usage: node build.mjs [--watch]. The theme is its own small blocking script,
// so that a page never flashes in the wrong colours and needs no inline script.
import { build, context } from "esbuild";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(fileURLToPath(import.meta.url));
const out = join(root, "dist");
const watch = process.argv.includes("--watch");

/** Writes index.html with the names that this build gave to its files. */
async function page(result) {
  const outputs = Object.entries(result.metafile.outputs);
  const main = outputs.find(([, o]) => o.entryPoint === "src/main.tsx");
  const theme = outputs.find(([, o]) => o.entryPoint === "src/theme-start.ts");
  if (!main || !theme) throw new Error("build.mjs: an entry point made no file");
  const html = await readFile(join(root, "src/index.html"), "utf8");
  await writeFile(
    join(out, "index.html"),
    html
      .replace("{{style}}", basename(main[1].cssBundle))
      .replace("{{theme}}", basename(theme[0]))
      .replace("{{script}}", basename(main[0])),
  );
  for (const [name, o] of outputs) {
    if (!name.endsWith(".map")) console.log(`${name}  ${(o.bytes / 1024).toFixed(1)} kB`);
  }
}

const options = {
  absWorkingDir: root,
  entryPoints: ["src/main.tsx", "src/theme-start.ts"],
  outdir: "dist/assets",
  entryNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  bundle: true,
  format: "iife",
  target: ["chrome100", "firefox115", "safari16"],
  jsx: "automatic",
  jsxImportSource: "preact",
  minify: !watch,
  sourcemap: watch ? "inline" : false,
  legalComments: "none",
  metafile: true,
  plugins: [{ name: "page", setup: (b) => b.onEnd((r) => (r.errors.length ? undefined : page(r))) }],
};

await rm(out, { recursive: true, force: true });
await mkdir(join(out, "assets"), { recursive: true });
await cp(join(root, "src/icon.svg"), join(out, "icon.svg"));
if (watch) await (await context(options)).watch();
else await build(options);
