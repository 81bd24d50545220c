// Writes src/gen/api.d.ts from openapi.json; with --check only says whether it is fresh.
//
// Takes the part of OpenAPI 3.1 that `flumen openapi` uses: objects, arrays, maps, enums, oneOf and
// references. A field that may be null is always left out instead by the server, so it becomes
// optional and never null here. Anything unknown stops with its place.
import { readFileSync, writeFileSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

const source = new URL("../openapi.json", import.meta.url);
const target = fileURLToPath(new URL("../src/gen/api.d.ts", import.meta.url));
const HEAD = "/** Owns the shapes of the API as the server describes them. Made by tools/types.mjs; do not edit. */\n";

function typeOf(schema, at) {
  if (schema.$ref) return schema.$ref.replace("#/components/schemas/", "");
  const choices = schema.oneOf ?? schema.anyOf;
  if (choices) return choices.filter((one) => one.type !== "null").map((one) => typeOf(one, at)).join(" | ");
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  const kinds = [schema.type].flat().filter((kind) => kind !== "null");
  if (kinds.length !== 1) throw new Error(`${at}: cannot read ${JSON.stringify(schema).slice(0, 200)}`);
  switch (kinds[0]) {
    case "integer":
    case "number":
      return "number";
    case "string":
      return "string";
    case "boolean":
      return "boolean";
    case "array": {
      const item = typeOf(schema.items, at);
      return item.includes("|") ? `(${item})[]` : `${item}[]`;
    }
    case "object":
      return objectOf(schema, at);
    default:
      throw new Error(`${at}: the type ${kinds[0]} is not known`);
  }
}

function objectOf(schema, at) {
  if (!schema.properties) return `Record<string, ${schema.additionalProperties ? typeOf(schema.additionalProperties, at) : "unknown"}>`;
  const lines = Object.entries(schema.properties).map(([name, field]) => {
    const words = field.description ?? field.oneOf?.find((one) => one.description)?.description;
    const doc = words ? `  /** ${words.replace(/\s+/g, " ").replace(/\*\//g, "* /")} */\n` : "";
    const optional = schema.required?.includes(name) ? "" : "?";
    return `${doc}  ${name}${optional}: ${typeOf(field, `${at}.${name}`)};\n`;
  });
  return `{\n${lines.join("")}}`;
}

function generate() {
  const { components } = JSON.parse(readFileSync(source, "utf8"));
  const parts = Object.entries(components.schemas).map(([name, schema]) => {
    const doc = schema.description ? `/** ${schema.description.replace(/\s+/g, " ")} */\n` : "";
    const body = typeOf(schema, name);
    return schema.properties ? `${doc}export interface ${name} ${body}\n` : `${doc}export type ${name} = ${body};\n`;
  });
  return `${HEAD}\n${parts.join("\n")}`;
}

const fresh = generate();
if (process.argv.includes("--check")) {
  let there = "";
  try {
    there = readFileSync(target, "utf8");
  } catch {
    // Not there at all: told below.
  }
  if (there !== fresh) {
    console.error("src/gen/api.d.ts is not what openapi.json describes. Run: npm run types");
    process.exit(1);
  }
} else {
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, fresh);
}
