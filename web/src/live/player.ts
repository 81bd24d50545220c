/**
 * Owns one live picture: socket, video buffer, still pictures, boxes, reconnecting, live edge.
 *
 * Invariants: boxes drawn are those of the picture shown, or none; everything waiting is bounded;
 * after `stop` nothing runs. A hidden page holds no socket and comes back at the live edge.
 * Not here: drawing (overlay.ts), the buffer (mse.ts), the place on the page (view.tsx).
 */
import { openLive } from "../api.ts";
import { serverNowUs } from "../state/clock.ts";
import { BoxRing, Epochs, ptsOf } from "./boxes.ts";
import { Hold, steer } from "./edge.ts";
import { MseSink } from "./mse.ts";
import { draw, type Look } from "./overlay.ts";
import { fragmentStart, readBinary, readText, supports, type Binary, type Boxes, type Init, type Text } from "./protocol.ts";
import { tell } from "./shown.ts";
import { Stills } from "./stills.ts";

const BACKOFF_MS = [300, 600, 1200, 2000, 3000] as const;
const SILENT_MS = 12_000;
const STUCK_MS = 4_000;
const TICK_MS = 250;

/** What the page is told of a player, at most a few times a second. */
export interface Report {
  phase: "opening" | "playing" | "waiting";
  /** Why the picture is not moving video, or why there is none. */
  reason: string;
  /** What comes late and why, while something does. */
  late: string;
  /** The camera's own state, when the server said one. */
  state: string;
  fps: number;
  /** How far what is shown lies behind now by the server's clock, in microseconds. */
  latencyUs: number;
  motion: number;
  boxes: number;
}

export interface Parts {
  video: HTMLVideoElement;
  picture: HTMLCanvasElement;
  overlay: HTMLCanvasElement;
}

export class Player {
  private socket: WebSocket | undefined;
  private sink: MseSink | undefined;
  private init: Init | undefined;
  private readonly ring = new BoxRing();
  private readonly epochs = new Epochs();
  private readonly stills: Stills;
  private hold = new Hold();
  private attempt = 0;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private readonly timer: ReturnType<typeof setInterval>;
  private stopped = false;
  private heardMs = 0;
  private shownMs = 0;
  private startedMs = 0;
  private frames = 0;
  private countedMs = performance.now();
  private shown: { epoch: number; pts_us: number; boxes: Boxes | undefined } | undefined;
  private readonly report: Report = {
    phase: "opening",
    reason: "",
    late: "",
    state: "",
    fps: 0,
    latencyUs: 0,
    motion: 0,
    boxes: 0,
  };

  constructor(
    private readonly camera: string,
    private readonly stream: "auto" | "main",
    private readonly parts: Parts,
    private readonly look: () => Look,
    private readonly tellPage: (report: Report) => void,
  ) {
    this.stills = new Stills(parts.picture, (pts) => this.present(pts));
    this.timer = setInterval(() => this.tick(), TICK_MS);
    document.addEventListener("visibilitychange", this.seen);
    if (!document.hidden) this.connect();
  }

  /** Ends everything; the player is not used again. */
  stop(): void {
    this.stopped = true;
    clearInterval(this.timer);
    document.removeEventListener("visibilitychange", this.seen);
    this.leave();
    this.stills.stop();
  }

  private readonly seen = (): void => {
    if (document.hidden) this.leave();
    else if (!this.stopped && !this.socket) {
      this.attempt = 0;
      this.connect();
    }
  };

  private connect(): void {
    clearTimeout(this.retry);
    this.hold = new Hold();
    this.heardMs = performance.now();
    const socket = openLive(this.camera, this.stream);
    this.socket = socket;
    socket.onopen = () => socket.send(supports());
    socket.onmessage = (message: MessageEvent<unknown>) => {
      if (socket !== this.socket) return;
      this.heardMs = performance.now();
      if (typeof message.data === "string") this.onText(readText(message.data));
      else if (message.data instanceof ArrayBuffer) this.onBinary(message.data);
    };
    socket.onclose = () => {
      if (socket === this.socket) this.again("The live picture was interrupted.");
    };
  }

  /** Lets go of socket and buffer, keeping the last picture on the canvas. */
  private leave(): void {
    clearTimeout(this.retry);
    const socket = this.socket;
    this.socket = undefined;
    socket?.close();
    this.freeze();
    this.sink?.close();
    this.sink = undefined;
    this.ring.clear();
    this.epochs.clear();
    this.init = undefined;
    this.shown = undefined;
    draw(this.parts.overlay, undefined, this.look());
  }

  private again(reason: string): void {
    this.leave();
    if (this.stopped || document.hidden) return;
    const wait = BACKOFF_MS[Math.min(this.attempt, BACKOFF_MS.length - 1)] ?? 3000;
    this.attempt += 1;
    this.set({ phase: "waiting", reason, fps: 0, motion: 0, boxes: 0 });
    this.retry = setTimeout(() => this.connect(), wait * (0.75 + Math.random() / 2));
  }

  private onText(message: Text | undefined): void {
    if (!message) return;
    if (message.type === "init") this.begin(message);
    else if (message.type === "boxes") this.onBoxes(message);
    else if (message.type === "state") this.set({ state: message.state, reason: message.reason, late: message.late });
    else this.set({ reason: message.reason });
  }

  /** New parameter sets: the same media time goes on in the same buffer, all else in a new one. */
  private begin(init: Init): void {
    const before = this.init;
    this.init = init;
    this.epochs.begin(init.epoch);
    this.set({ reason: init.mode === "mse" ? "" : init.reason, state: "live" });
    if (init.mode !== "mse") {
      this.freeze();
      this.sink?.close();
      this.sink = undefined;
      this.parts.video.classList.add("held");
      return;
    }
    if (this.sink && before?.mode === "mse" && before.base_us === init.base_us) {
      this.sink.changeType(init.mime);
      return;
    }
    this.epochs.clear();
    this.epochs.begin(init.epoch);
    this.freeze();
    this.sink?.close();
    this.startedMs = performance.now();
    this.countedMs = this.startedMs;
    this.frames = 0;
    this.sink = new MseSink(
      this.parts.video,
      init.mime,
      (reason) => this.again(`The live picture stopped: ${reason}.`),
      () => this.drive(),
    );
    this.watchFrames(this.sink);
  }

  private onBinary(data: ArrayBuffer): void {
    const message = readBinary(data);
    if (!message) return;
    if (message.kind === "init") {
      this.sink?.append(message.data);
      return;
    }
    if (this.epochs.waits()) this.epochs.start(this.startOf(message));
    if (message.kind === "jpeg") this.stills.show(message.data, message.pts_us);
    else this.sink?.append(message.data);
  }

  private startOf(message: Binary): number {
    if (message.kind === "jpeg") return message.pts_us;
    return (fragmentStart(message.data) ?? 0) + (this.init?.base_us ?? 0);
  }

  private onBoxes(boxes: Boxes): void {
    const base = this.init?.base_us ?? 0;
    const edge = this.sink?.edge();
    if (edge && performance.now() - this.startedMs > 1500) this.hold.note(edge.end - (boxes.pts_us - base) / 1e6);
    this.ring.add(boxes);
    const shown = this.shown;
    if (shown && !shown.boxes && shown.epoch === boxes.epoch) this.match(shown);
  }

  /** Follows each presented picture of one buffer. */
  private watchFrames(sink: MseSink): void {
    const video = this.parts.video;
    const onFrame = (_now: number, frame: VideoFrameCallbackMetadata): void => {
      if (this.stopped || sink !== this.sink) return;
      video.requestVideoFrameCallback(onFrame);
      video.classList.remove("held");
      this.present(ptsOf(frame.mediaTime, this.init?.base_us ?? 0));
    };
    video.requestVideoFrameCallback(onFrame);
  }

  private present(ptsUs: number): void {
    this.frames += 1;
    this.shownMs = performance.now();
    this.attempt = 0;
    this.report.latencyUs = serverNowUs() - ptsUs;
    if (this.report.phase !== "playing") this.set({ phase: "playing" });
    this.shown = { epoch: this.epochs.of(ptsUs), pts_us: ptsUs, boxes: undefined };
    this.match(this.shown);
  }

  private match(shown: { epoch: number; pts_us: number; boxes: Boxes | undefined }): void {
    shown.boxes = this.ring.match(shown.epoch, shown.pts_us);
    draw(this.parts.overlay, shown.boxes, this.look());
    tell({ camera: this.camera, epoch: shown.epoch, pts_us: shown.pts_us, boxes: shown.boxes?.boxes ?? null });
    if (!shown.boxes) return;
    const changed = shown.boxes.boxes.length > 0 !== this.report.boxes > 0;
    this.report.motion = shown.boxes.motion_permyriad / 10_000;
    this.report.boxes = shown.boxes.boxes.length;
    if (changed) this.set({});
  }

  /** Keeps the play-head at the live edge. */
  private drive(): void {
    const video = this.parts.video;
    const edge = this.sink?.edge();
    if (!edge) return;
    if (video.paused) void video.play().catch(() => undefined);
    const frameS = this.report.fps > 1 ? 1 / this.report.fps : 0.05;
    const step = steer(video.currentTime, edge.start, edge.end, this.hold.seconds(frameS));
    if (step.seek !== undefined) video.currentTime = Math.max(edge.start, step.seek);
    if (video.playbackRate !== step.rate) video.playbackRate = step.rate;
  }

  private tick(): void {
    if (this.stopped || document.hidden) return;
    const now = performance.now();
    this.drive();
    const past = now - this.countedMs;
    if (past >= 1000) {
      const fps = (this.frames * 1000) / past;
      this.frames = 0;
      this.countedMs = now;
      this.set({ fps: this.report.fps === 0 ? fps : this.report.fps * 0.7 + fps * 0.3 });
    }
    if (!this.socket) return;
    const fed = now - this.heardMs < 2000 && this.init?.mode === "mse" && this.sink?.edge() !== undefined;
    const stuck = fed && now - Math.max(this.shownMs, this.startedMs) > STUCK_MS;
    if (stuck) this.again("The picture stood still; trying again.");
    else if (now - this.heardMs > SILENT_MS) this.again("Nothing came from the server; trying again.");
  }

  /** Keeps what the video shows on the canvas below it, so that a change of source does not flash. */
  private freeze(): void {
    const { video, picture } = this.parts;
    if (video.classList.contains("held") || video.readyState < 2 || video.videoWidth === 0) return;
    picture.width = video.videoWidth;
    picture.height = video.videoHeight;
    picture.getContext("2d")?.drawImage(video, 0, 0);
    video.classList.add("held");
  }

  private set(change: Partial<Report>): void {
    Object.assign(this.report, change);
    this.tellPage({ ...this.report });
  }
}
