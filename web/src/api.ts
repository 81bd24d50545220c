/**
 * Owns every word exchanged with the server: the only file that fetches or opens a WebSocket.
 *
 * Failures are `ApiError`s whose message is for people. Here nothing is cached or retried;
 * `state/` polls and `live/` reconnects.
 */
import type {
  ActiveInput,
  Camera,
  CameraEvent,
  CameraInput,
  CameraRules,
  EventList,
  EventQuery,
  Forecast,
  InsightKind,
  InsightList,
  ModelComparison,
  ModelList,
  Normal,
  Probe,
  ProbeInput,
  Segment,
  System,
  Timeline,
  Trial,
  VerdictInput,
} from "./types.ts";

const ROOT = "/api/v1";
const TIMEOUT_MS = 15_000;
const PROBE_TIMEOUT_MS = 40_000;

/** A request that failed, told in words; `status` is 0 when the server was not reached. */
export class ApiError extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly kind: "unreachable" | "timeout" | "missing" | "refused" | "server",
  ) {
    super(message);
    this.name = "ApiError";
  }
}

/** The error that an answer with `status` and `body` (problem+json, or anything) stands for. */
export function errorOf(status: number, body: unknown): ApiError {
  const told = problemText(body);
  if (status === 404) return new ApiError(told ?? "That is not here any more.", status, "missing");
  if (status >= 500) {
    const plain = `The server had a fault (HTTP ${status}). Its log says more.`;
    return new ApiError(told ?? plain, status, "server");
  }
  return new ApiError(told ?? `The server refused this (HTTP ${status}).`, status, "refused");
}

function problemText(body: unknown): string | undefined {
  if (typeof body !== "object" || body === null) return undefined;
  const { detail, title } = body as { detail?: unknown; title?: unknown };
  if (typeof detail === "string" && detail !== "") return detail;
  return typeof title === "string" && title !== "" ? title : undefined;
}

/** The words for anything thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

interface Ask {
  method?: "GET" | "POST" | "PUT" | "DELETE";
  body?: unknown;
  signal?: AbortSignal | undefined;
  timeoutMs?: number;
}

async function ask<T>(path: string, options: Ask = {}): Promise<T> {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort("timeout"), options.timeoutMs ?? TIMEOUT_MS);
  const leave = () => stop.abort("left");
  if (options.signal?.aborted) leave();
  options.signal?.addEventListener("abort", leave, { once: true });
  try {
    const answer = await fetch(ROOT + path, {
      method: options.method ?? "GET",
      headers: options.body === undefined ? {} : { "content-type": "application/json" },
      body: options.body === undefined ? null : JSON.stringify(options.body),
      signal: stop.signal,
    });
    const text = await answer.text();
    const body = parseJson(text);
    if (!answer.ok) throw errorOf(answer.status, body);
    return body as T;
  } catch (thrown) {
    if (thrown instanceof ApiError) throw thrown;
    if (stop.signal.reason === "timeout") {
      throw new ApiError("The server did not answer in time. Is the machine overloaded?", 0, "timeout");
    }
    throw new ApiError("The server cannot be reached. Is flumen running?", 0, "unreachable");
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", leave);
  }
}

function parseJson(text: string): unknown {
  if (text === "") return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function query(values: Record<string, string | number | undefined>): string {
  const pairs = new URLSearchParams();
  for (const [key, value] of Object.entries(values)) {
    if (value !== undefined && value !== "") {
      pairs.set(key, String(typeof value === "number" ? Math.round(value) : value));
    }
  }
  const text = pairs.toString();
  return text === "" ? "" : `?${text}`;
}

const of = (camera: string) => `/cameras/${encodeURIComponent(camera)}`;

/** All cameras with their states. */
export async function cameras(signal?: AbortSignal): Promise<Camera[]> {
  return (await ask<{ cameras: Camera[] }>("/cameras", { signal })).cameras;
}

/** One camera. */
export function camera(id: string, signal?: AbortSignal): Promise<Camera> {
  return ask<Camera>(of(id), { signal });
}

/** Adds a camera. */
export function addCamera(input: CameraInput): Promise<unknown> {
  return ask("/cameras", { method: "POST", body: input });
}

/** Changes a camera. */
export function changeCamera(id: string, input: CameraInput): Promise<unknown> {
  return ask(of(id), { method: "PUT", body: input });
}

/** Changes zones and rules of a camera, and nothing else of it. */
export function saveRules(id: string, rules: CameraRules): Promise<Camera> {
  return ask<Camera>(`${of(id)}/rules`, { method: "PUT", body: rules });
}

/** Removes a camera; its recording stays until its age limit. */
export function removeCamera(id: string): Promise<unknown> {
  return ask(of(id), { method: "DELETE" });
}

/** Tries an address and brings one picture or a plain reason. */
export function probe(input: ProbeInput, signal?: AbortSignal): Promise<Probe> {
  return ask<Probe>("/probe", { method: "POST", body: input, signal, timeoutMs: PROBE_TIMEOUT_MS });
}

/** A page of events, newest first. */
export function events(filter: EventQuery, signal?: AbortSignal): Promise<EventList> {
  return ask<EventList>(`/events${query({ ...filter })}`, { signal });
}

/** What is recorded of a camera in a span. */
export function timeline(id: string, fromUs: number, toUs: number, signal?: AbortSignal): Promise<Timeline> {
  return ask<Timeline>(`${of(id)}/timeline${query({ from_us: fromUs, to_us: toUs })}`, { signal });
}

/** How the machine and each stage is. */
export function system(signal?: AbortSignal): Promise<System> {
  return ask<System>("/system", { signal });
}

/** What is normal on a camera. */
export function normal(id: string, signal?: AbortSignal): Promise<Normal> {
  return ask<Normal>(`${of(id)}/normal`, { signal });
}

/** What is expected to come on a camera. */
export function forecast(id: string, signal?: AbortSignal): Promise<Forecast> {
  return ask<Forecast>(`${of(id)}/forecast`, { signal });
}

/** What learning found, newest first. */
export function insights(
  filter: { camera?: string; kind?: InsightKind; before_us?: number; limit?: number },
  signal?: AbortSignal,
): Promise<InsightList> {
  return ask<InsightList>(`/insights${query({ ...filter })}`, { signal });
}

const verdictOn = (camera: string, id: string) => `${of(camera)}/verdicts/${id}`;

/** Says what an anomaly is. */
export function say(camera: string, id: string, verdict: VerdictInput): Promise<unknown> {
  return ask(verdictOn(camera, id), { method: "PUT", body: verdict });
}

/** Takes back what was said of an anomaly. */
export function takeBack(camera: string, id: string): Promise<unknown> {
  return ask(verdictOn(camera, id), { method: "DELETE" });
}

/** Learned models: those that score a camera, or without one those of groups. */
export function models(camera: string, signal?: AbortSignal): Promise<ModelList> {
  return ask<ModelList>(`/models${query({ camera })}`, { signal });
}

const modelOf = (scope: string, kind: string) => `/models/${encodeURIComponent(scope)}/${kind}`;

/** Says which version of a model counts. */
export function choose(scope: string, kind: string, word: ActiveInput): Promise<unknown> {
  return ask(`${modelOf(scope, kind)}/active`, { method: "PUT", body: word });
}

/** How the version beside the one that counts does. */
export function trial(scope: string, kind: string, signal?: AbortSignal): Promise<Trial> {
  return ask<Trial>(`${modelOf(scope, kind)}/trial`, { signal });
}

/** Two versions of a model side by side. */
export function compare(scope: string, kind: string, a: number, b: number): Promise<ModelComparison> {
  return ask<ModelComparison>(`${modelOf(scope, kind)}/compare${query({ a, b })}`);
}

/** The address of a camera's newest key picture. */
export function snapshotUrl(id: string): string {
  return `${ROOT}${of(id)}/snapshot.jpg`;
}

/** The address of a span of recorded video; as a file to keep when `download`. */
export function videoUrl(id: string, fromUs: number, toUs: number, download = false): string {
  const span = { from_us: fromUs, to_us: toUs, download: download ? 1 : undefined };
  return `${ROOT}${of(id)}/video.mp4${query(span)}`;
}

/**
 * When the video of a span really begins and ends: at the key frame at or before the moment asked
 * for, and where the picture's codec or size changes. What was asked for when the server does not say.
 */
export async function videoSpan(id: string, fromUs: number, toUs: number, signal: AbortSignal): Promise<Segment> {
  const asked = { start_us: fromUs, end_us: toUs };
  try {
    const answer = await fetch(videoUrl(id, fromUs, toUs), { method: "HEAD", signal });
    if (!answer.ok) return asked;
    const told = (name: string, other: number) => {
      const us = Number(answer.headers.get(name));
      return Number.isFinite(us) && us > 0 ? us : other;
    };
    return { start_us: told("x-flumen-start-us", fromUs), end_us: told("x-flumen-end-us", toUs) };
  } catch {
    return asked;
  }
}

/** Why a span does not play: it is not recorded (yet), or it is there and this browser cannot play it. */
export async function whyUnplayable(id: string, fromUs: number, toUs: number): Promise<"missing" | "codec"> {
  try {
    const answer = await fetch(videoUrl(id, fromUs, toUs), { method: "HEAD" });
    return answer.ok ? "codec" : "missing";
  } catch {
    return "missing";
  }
}

/** The address of an event's picture. */
export function pictureUrl(event: CameraEvent): string | undefined {
  return event.picture === undefined || event.picture === "" ? undefined : event.picture;
}

function socket(path: string): WebSocket {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  return new WebSocket(`${scheme}//${location.host}${ROOT}${path}`);
}

/** Opens a camera's live stream; `auto` lets the server take the sub-stream for small pictures. */
export function openLive(id: string, stream: "auto" | "main"): WebSocket {
  const opened = socket(`${of(id)}/live${query({ stream })}`);
  opened.binaryType = "arraybuffer";
  return opened;
}

/** Opens the stream of new events: one JSON event a message. */
export function openEvents(): WebSocket {
  return socket("/events/live");
}
