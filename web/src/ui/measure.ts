/** Owns the measuring of places on the page: sizes as they change, scrolling of the window. */
import type { RefObject } from "preact";
import { useEffect, useState } from "preact/hooks";

/** The width of an element, followed; 0 before it is on the page. */
export function useWidth(ref: RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = ref.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    setWidth(element.clientWidth);
    return () => observer.disconnect();
  });
  return width;
}

export interface View {
  top: number;
  height: number;
}

/** What part of the page is visible, followed. */
export function useView(): View {
  const read = (): View => ({ top: scrollY, height: innerHeight });
  const [view, setView] = useState(read);
  useEffect(() => {
    let waiting = 0;
    const changed = () => {
      cancelAnimationFrame(waiting);
      waiting = requestAnimationFrame(() => setView(read()));
    };
    addEventListener("scroll", changed, { passive: true });
    addEventListener("resize", changed);
    return () => {
      cancelAnimationFrame(waiting);
      removeEventListener("scroll", changed);
      removeEventListener("resize", changed);
    };
  }, []);
  return view;
}

/** Sets the page's title while a component lives. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = title === "" ? "Flumen" : `${title} · Flumen`;
  }, [title]);
}
