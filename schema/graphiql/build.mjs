// Bundles GraphiQL and its workers into dist/: no address outside our own origin, no code that is made at run time.
import { build } from "esbuild";

const common = {
  bundle: true,
  minify: true,
  outdir: "dist",
  target: "es2022",
  logLevel: "warning",
  legalComments: "none",
  define: { "process.env.NODE_ENV": '"production"' },
};

await build({
  ...common,
  entryPoints: { graphiql: "entry.jsx" },
  format: "esm",
  splitting: true,
  jsx: "automatic",
  loader: { ".ttf": "file", ".woff2": "file", ".svg": "dataurl" },
  assetNames: "[name]-[hash]",
  chunkNames: "chunk-[hash]",
});
await build({
  ...common,
  format: "iife",
  entryPoints: {
    "editor.worker": "monaco-editor/esm/vs/editor/editor.worker.js",
    "json.worker": "monaco-editor/esm/vs/language/json/json.worker.js",
    "graphql.worker": "monaco-graphql/esm/graphql.worker.js",
  },
});
