/** Owns the form of a camera as data: from a camera, to what is sent, and what is wrong in it. */
import { idProblem } from "../text/words.ts";
import type { Camera, CameraInput, Policy, ProbeInput, Source, SourceInput } from "../types.ts";

export interface SourceDraft {
  address: string;
  username: string;
  /** Empty keeps the stored one, if there is one. */
  password: string;
  hasPassword: boolean;
  transport: "tcp" | "udp";
  record: boolean;
  analyse: boolean;
  live: boolean;
  once: boolean;
}

export interface Draft {
  name: string;
  id: string;
  enabled: boolean;
  main: SourceDraft;
  sub: SourceDraft | undefined;
  policy: Policy;
  timeZone: string;
  version: number | undefined;
}

const EMPTY: SourceDraft = {
  address: "",
  username: "",
  password: "",
  hasPassword: false,
  transport: "tcp",
  record: true,
  analyse: true,
  live: true,
  once: false,
};

/** A draft of a camera that does not exist yet. */
export function newDraft(): Draft {
  return {
    name: "",
    id: "",
    enabled: true,
    main: { ...EMPTY },
    sub: undefined,
    policy: { priority: 0, sensitivity: 0, min_object_permille: 0, gate: "exact" },
    timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC",
    version: undefined,
  };
}

/** A draft of a second, smaller stream: for the wall only. */
export function newSub(): SourceDraft {
  return { ...EMPTY, record: false, analyse: false };
}

/** A draft that changes a camera. */
export function draftOf(camera: Camera): Draft {
  const main = camera.sources.find((source) => source.stream === "main");
  const sub = camera.sources.find((source) => source.stream === "sub");
  return {
    name: camera.name,
    id: camera.id,
    enabled: camera.enabled,
    main: main ? sourceDraft(main) : { ...EMPTY },
    sub: sub ? sourceDraft(sub) : undefined,
    policy: camera.policy,
    timeZone: camera.time_zone,
    version: camera.version,
  };
}

function sourceDraft(source: Source): SourceDraft {
  return {
    address: source.address,
    username: source.username ?? "",
    password: "",
    hasPassword: source.has_password,
    transport: source.transport,
    record: source.record,
    analyse: source.analyse,
    live: source.live,
    once: source.once,
  };
}

/** What is sent to the server. */
export function inputOf(draft: Draft): CameraInput {
  const sources = [sourceInput("main", draft.main)];
  if (draft.sub) sources.push(sourceInput("sub", draft.sub));
  return {
    id: draft.id,
    name: draft.name.trim() === "" ? draft.id : draft.name.trim(),
    enabled: draft.enabled,
    sources,
    policy: draft.policy,
    time_zone: draft.timeZone,
    ...(draft.version === undefined ? {} : { version: draft.version }),
  };
}

function sourceInput(stream: "main" | "sub", draft: SourceDraft): SourceInput {
  return {
    stream,
    address: draft.address.trim(),
    ...(draft.username === "" ? {} : { username: draft.username }),
    ...(draft.password === "" ? {} : { password: draft.password }),
    record: draft.record,
    analyse: draft.analyse,
    live: draft.live,
    transport: draft.transport,
    once: draft.once,
  };
}

/** What is asked of the server to try an address. */
export function probeOf(draft: SourceDraft): ProbeInput {
  return {
    address: draft.address.trim(),
    transport: draft.transport,
    ...(draft.username === "" ? {} : { username: draft.username }),
    ...(draft.password === "" ? {} : { password: draft.password }),
  };
}

/** The scheme of an address in small letters; empty when it has none. */
export function schemeOf(address: string): string {
  return /^\s*([a-z][a-z0-9+.-]*):/i.exec(address)?.[1]?.toLowerCase() ?? "";
}

/** Kinds of addresses, with a beginning to write on from and a word of help. */
export const SCHEMES = [
  { scheme: "rtsp", start: "rtsp://", help: "Most IP cameras: rtsp://192.168.1.20:554/stream1. The path is in the camera's manual." },
  { scheme: "rtsps", start: "rtsps://", help: "RTSP with encryption." },
  { scheme: "http", start: "http://", help: "MJPEG or MPEG-TS over the web: http://192.168.1.20/video.mjpg" },
  { scheme: "srt", start: "srt://", help: "Encoders and bridges over bad networks: srt://192.168.1.20:9000" },
  { scheme: "rtmp", start: "rtmp://", help: "Encoders: rtmp://192.168.1.20/live/name" },
  { scheme: "file", start: "file:", help: "A video file below a directory that the configuration names; it plays in a loop." },
  { scheme: "push", start: "push:", help: "Nothing is fetched: send video with “flumen push” from FFmpeg." },
  { scheme: "synthetic", start: "synthetic:", help: "A made scene for trying out: synthetic:street, yard, lobby or park." },
] as const;

/** What is wrong with an address, in words; nothing when it can be tried. */
export function addressProblem(address: string): string | undefined {
  const plain = address.trim();
  if (plain === "") return "Write the camera's address.";
  if (/\s/.test(plain)) return "An address holds no spaces; write %20 for one.";
  const scheme = schemeOf(plain);
  if (scheme === "") return `An address begins with its kind, most often rtsp://. Did you mean rtsp://${plain}?`;
  const known = SCHEMES.map((entry) => entry.scheme as string);
  if (![...known, "https", "rtmps"].includes(scheme)) return `Addresses of the kind “${scheme}:” are not taken. Use ${known.join(", ")}.`;
  return undefined;
}

/** Everything wrong with a draft, by field. */
export function problemsOf(draft: Draft, taken: readonly string[]): Record<string, string> {
  const problems: Record<string, string> = {};
  const id = idProblem(draft.id) ?? (taken.includes(draft.id) ? "Another camera has this id." : undefined);
  if (id !== undefined) problems["id"] = id;
  const main = addressProblem(draft.main.address);
  if (main !== undefined) problems["main"] = main;
  const sub = draft.sub ? addressProblem(draft.sub.address) : undefined;
  if (sub !== undefined) problems["sub"] = sub;
  if (!draft.main.record && !draft.main.analyse && !draft.main.live && !draft.sub) {
    problems["roles"] = "Choose at least one thing to do with this stream.";
  }
  return problems;
}
