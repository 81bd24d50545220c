/**
 * Owns one MediaSource on one video element: appends in order, bounds its queue and its past.
 *
 * Invariants: at most `QUEUE_BYTES` wait for the buffer; at most `PAST_S` seconds of past are
 * kept; after `close` nothing calls back. A failure is told once, and the owner makes a new one.
 */

const QUEUE_BYTES = 12 << 20;
const PAST_S = 8;
const TRIM_S = 16;

export class MseSink {
  private readonly source = new MediaSource();
  private readonly url: string;
  private buffer: SourceBuffer | undefined;
  private queue: (Uint8Array | { mime: string })[] = [];
  private queued = 0;
  private closed = false;
  private room = false;

  constructor(
    private readonly video: HTMLVideoElement,
    private mime: string,
    private readonly failed: (reason: string) => void,
    private readonly grown: () => void,
  ) {
    this.url = URL.createObjectURL(this.source);
    this.source.addEventListener("sourceopen", () => this.open(), { once: true });
    video.src = this.url;
  }

  /** Adds an init segment or a fragment; never blocks. */
  append(data: Uint8Array): void {
    if (this.closed) return;
    this.queue.push(data);
    this.queued += data.byteLength;
    if (this.queued > QUEUE_BYTES) this.fail("the browser is too slow for this stream");
    else this.pump();
  }

  /** Goes over to another codec inside the same buffer, after what waits. */
  changeType(mime: string): void {
    if (mime === this.mime || this.closed) return;
    this.mime = mime;
    this.queue.push({ mime });
    this.pump();
  }

  /** The last buffered span, in seconds of media time. */
  edge(): { start: number; end: number } | undefined {
    const ranges = this.video.buffered;
    if (this.closed || ranges.length === 0) return undefined;
    const last = ranges.length - 1;
    return { start: ranges.start(last), end: ranges.end(last) };
  }

  /** Lets go of the video element's source. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.queue = [];
    URL.revokeObjectURL(this.url);
    // Browsers allow only so many players: without its source the element gives its decoder back.
    if (this.video.src === this.url) {
      this.video.removeAttribute("src");
      this.video.load();
    }
  }

  private open(): void {
    if (this.closed) return;
    try {
      const buffer = this.source.addSourceBuffer(this.mime);
      buffer.mode = "segments";
      buffer.addEventListener("updateend", () => this.updated());
      buffer.addEventListener("error", () => this.fail("the browser could not read the stream"));
      this.buffer = buffer;
      this.pump();
    } catch {
      this.fail(`the browser does not play ${this.mime}`);
    }
  }

  private updated(): void {
    if (this.closed) return;
    this.grown();
    this.trim();
    this.pump();
  }

  private pump(): void {
    const buffer = this.buffer;
    if (this.closed || !buffer || buffer.updating || this.source.readyState !== "open") return;
    let next = this.queue[0];
    try {
      while (next && !(next instanceof Uint8Array)) {
        buffer.changeType(next.mime);
        this.queue.shift();
        next = this.queue[0];
      }
      if (!next) return;
      buffer.appendBuffer(next as Uint8Array<ArrayBuffer>);
      this.queue.shift();
      this.queued -= next.byteLength;
      this.room = false;
    } catch (thrown) {
      const full = thrown instanceof DOMException && thrown.name === "QuotaExceededError";
      if (full && !this.room && this.drop(this.video.currentTime - 1)) this.room = true;
      else this.fail(full ? "the browser's video memory is full" : "the browser closed the stream");
    }
  }

  private trim(): void {
    const ranges = this.video.buffered;
    if (ranges.length > 0 && this.video.currentTime - ranges.start(0) > TRIM_S) {
      this.drop(this.video.currentTime - PAST_S);
    }
  }

  private drop(before: number): boolean {
    const buffer = this.buffer;
    if (!buffer || buffer.updating || before <= 0) return false;
    buffer.remove(0, before);
    return true;
  }

  private fail(reason: string): void {
    if (this.closed) return;
    this.close();
    this.failed(reason);
  }
}
