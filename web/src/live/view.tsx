/** Owns the place of a live picture on the page: video, still picture and boxes on top of each other. */
import { useEffect, useRef } from "preact/hooks";
import { Player, type Report } from "./player.ts";

interface Props {
  camera: string;
  /** The camera's name, told to people who cannot see the picture. */
  name: string;
  stream: "auto" | "main";
  labels?: boolean;
  boxes?: boolean;
  onReport: (report: Report) => void;
}

/** A live picture that starts when it comes into view and ends when it leaves. */
export function LiveView({ camera, name, stream, labels = false, boxes = true, onReport }: Props) {
  const root = useRef<HTMLDivElement>(null);
  const video = useRef<HTMLVideoElement>(null);
  const picture = useRef<HTMLCanvasElement>(null);
  const overlay = useRef<HTMLCanvasElement>(null);
  const report = useRef(onReport);
  report.current = onReport;

  useEffect(() => {
    const parts = root.current && video.current && picture.current && overlay.current
      ? { video: video.current, picture: picture.current, overlay: overlay.current }
      : undefined;
    if (!parts || !root.current) return;
    const style = getComputedStyle(root.current);
    const look = { colour: style.getPropertyValue("--box").trim() || "#ffc233", labels };
    let player: Player | undefined;
    const watcher = new IntersectionObserver((entries) => {
      const visible = entries[entries.length - 1]?.isIntersecting ?? false;
      if (visible && !player) {
        player = new Player(camera, stream, parts, () => look, (told) => report.current(told));
      } else if (!visible && player) {
        player.stop();
        player = undefined;
      }
    }, { rootMargin: "80px" });
    watcher.observe(root.current);
    return () => {
      watcher.disconnect();
      player?.stop();
    };
  }, [camera, stream, labels]);

  return (
    <div class="screen" ref={root}>
      <canvas class="screen-picture" ref={picture} width={16} height={9} aria-hidden="true" />
      <video
        class="screen-video held"
        ref={video}
        data-camera={camera}
        aria-label={`Live picture of ${name}`}
        muted
        playsInline
        disablePictureInPicture
      />
      <canvas class={boxes ? "screen-boxes" : "screen-boxes off"} ref={overlay} aria-hidden="true" />
    </div>
  );
}
