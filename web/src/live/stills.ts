/** Owns JPEG pictures on a canvas: the newest wins, one is decoded at a time. */

export class Stills {
  private next: { data: Uint8Array; ptsUs: number } | undefined;
  private busy = false;
  private stopped = false;

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly shown: (ptsUs: number) => void,
  ) {}

  /** Shows a picture as soon as the one before is decoded; pictures in between are left out. */
  show(data: Uint8Array, ptsUs: number): void {
    this.next = { data, ptsUs };
    if (!this.busy) void this.run();
  }

  /** Ends it. */
  stop(): void {
    this.stopped = true;
    this.next = undefined;
  }

  private async run(): Promise<void> {
    this.busy = true;
    while (this.next && !this.stopped) {
      const { data, ptsUs } = this.next;
      this.next = undefined;
      try {
        const blob = new Blob([data as Uint8Array<ArrayBuffer>], { type: "image/jpeg" });
        const image = await createImageBitmap(blob);
        if (!this.stopped) this.paint(image, ptsUs);
        image.close();
      } catch {
        // A damaged picture is left out; the next one comes within a second.
      }
    }
    this.busy = false;
  }

  private paint(image: ImageBitmap, ptsUs: number): void {
    this.canvas.width = image.width;
    this.canvas.height = image.height;
    this.canvas.getContext("2d")?.drawImage(image, 0, 0);
    this.shown(ptsUs);
  }
}
