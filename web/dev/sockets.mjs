// Owns a minimal WebSocket server side for the fake server: handshake, text and binary out, text in.
// Spec: RFC 6455. Not here: fragmentation, extensions, messages over 64 kB from the client.
import { createHash } from "node:crypto";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** Answers an upgrade; gives {send(textOrBytes), onText, onClose, close()}. */
export function accept(request, socket) {
  const key = createHash("sha1").update(request.headers["sec-websocket-key"] + GUID).digest("base64");
  socket.write(
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      `Sec-WebSocket-Accept: ${key}\r\n\r\n`,
  );
  const peer = { onText: () => {}, onClose: () => {}, send, close: () => socket.destroy() };
  let kept = Buffer.alloc(0);
  socket.on("data", (chunk) => {
    kept = Buffer.concat([kept, chunk]);
    for (let frame = next(kept); frame; frame = next(kept)) {
      kept = kept.subarray(frame.size);
      if (frame.code === 8) socket.end();
      else if (frame.code === 1) peer.onText(frame.data.toString("utf8"));
    }
  });
  socket.on("close", () => peer.onClose());
  socket.on("error", () => socket.destroy());
  return peer;

  function send(message) {
    if (socket.destroyed) return;
    const text = typeof message === "string";
    const data = text ? Buffer.from(message) : message;
    const long = data.length > 65535 ? 8 : data.length > 125 ? 2 : 0;
    const head = Buffer.alloc(2 + long);
    head[0] = 0x80 | (text ? 1 : 2);
    head[1] = long === 8 ? 127 : long === 2 ? 126 : data.length;
    if (long === 2) head.writeUInt16BE(data.length, 2);
    if (long === 8) head.writeBigUInt64BE(BigInt(data.length), 2);
    socket.write(Buffer.concat([head, data]));
  }
}

/** The first whole frame from a client, unmasked; nothing while it is not all there. */
function next(bytes) {
  if (bytes.length < 6) return undefined;
  const short = bytes[1] & 127;
  const at = short === 126 ? 4 : 2;
  const length = short === 126 ? bytes.readUInt16BE(2) : short;
  const size = at + 4 + length;
  if (short === 127 || bytes.length < size) return undefined;
  const mask = bytes.subarray(at, at + 4);
  const data = Buffer.from(bytes.subarray(at + 4, size)).map((byte, n) => byte ^ mask[n % 4]);
  return { code: bytes[0] & 15, data, size };
}
