// Serves dist/ as it is on disk before a running Flumen: node dev/proxy.mjs http://127.0.0.1:8080 [port].
// For work on the pages without building the binary, which holds them, each time.
import { readFile } from "node:fs/promises";
import { createServer, request as ask } from "node:http";
import { connect } from "node:net";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const target = new URL(process.argv[2] ?? "http://127.0.0.1:8080");
const port = Number(process.argv[3] ?? 4410);
const dist = fileURLToPath(new URL("../dist", import.meta.url));
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
/** Flumen answers only to its own name; what the browser called us is replaced. */
const named = (headers) => ({ ...headers, host: target.host, ...(headers.origin ? { origin: target.origin } : {}) });

const server = createServer((from, to) => {
  if (!from.url.startsWith("/api/")) return void file(from.url.split("?")[0], to);
  const onward = ask(new URL(from.url, target), { method: from.method, headers: named(from.headers) }, (answer) => {
    to.writeHead(answer.statusCode, answer.headers);
    answer.pipe(to);
  });
  onward.on("error", () => to.writeHead(502).end());
  to.on("close", () => onward.destroy());
  from.pipe(onward);
});

async function file(path, to) {
  const name = extname(path) === "" ? "/index.html" : normalize(path);
  const data = await readFile(join(dist, name)).catch(() => undefined);
  to.writeHead(data ? 200 : 404, { "content-type": TYPES[extname(name)] ?? "application/octet-stream" }).end(data);
}

server.on("upgrade", (from, socket, head) => {
  const onward = connect(Number(target.port), target.hostname, () => {
    const lines = Object.entries(named(from.headers)).map(([name, value]) => `${name}: ${value}\r\n`);
    onward.write(`GET ${from.url} HTTP/1.1\r\n${lines.join("")}\r\n`);
    onward.write(head);
    socket.pipe(onward).pipe(socket);
  });
  onward.on("error", () => socket.destroy());
  socket.on("error", () => onward.destroy());
});

server.listen(port, "127.0.0.1", () => console.log(`http://127.0.0.1:${port} before ${target.origin}`));
