/** Owns the address bar: which page a path names, and moving between pages without a reload. */
import { useEffect, useState } from "preact/hooks";

export type Route =
  | { page: "wall" }
  | { page: "camera"; id: string }
  | { page: "edit"; id: string }
  | { page: "rules"; id: string }
  | { page: "normal"; id: string }
  | { page: "learning" }
  | { page: "new" }
  | { page: "events" }
  | { page: "system" }
  | { page: "missing"; path: string };

/** The page that a path names; a trailing slash is ignored. */
export function parse(path: string): Route {
  const parts = path.split("/").filter((part) => part !== "");
  const [first, second, third] = parts;
  if (parts.length === 0) return { page: "wall" };
  if (first === "events" && parts.length === 1) return { page: "events" };
  if (first === "learning" && parts.length === 1) return { page: "learning" };
  if (first === "system" && parts.length === 1) return { page: "system" };
  if (first === "cameras" && second === "new" && parts.length === 2) return { page: "new" };
  if (first === "camera" && second !== undefined) {
    const id = decode(second);
    if (parts.length === 2) return { page: "camera", id };
    if (parts.length === 3 && third === "edit") return { page: "edit", id };
    if (parts.length === 3 && third === "rules") return { page: "rules", id };
    if (parts.length === 3 && third === "normal") return { page: "normal", id };
  }
  return { page: "missing", path };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The path of a camera's page, at a moment of its recording when `atUs` is given. */
export function cameraPath(id: string, atUs?: number): string {
  const path = `/camera/${encodeURIComponent(id)}`;
  return atUs === undefined ? path : `${path}?at=${Math.round(atUs)}`;
}

/** The path of a camera's settings. */
export function editPath(id: string): string {
  return `/camera/${encodeURIComponent(id)}/edit`;
}

/** The path of a camera's zones and rules. */
export function rulesPath(id: string): string {
  return `/camera/${encodeURIComponent(id)}/rules`;
}

/** The path of what is normal on a camera. */
export function normalPath(id: string): string {
  return `/camera/${encodeURIComponent(id)}/normal`;
}

const MOVED = "flumen:moved";

/** Goes to a path; `replace` leaves no step in the history. */
export function go(path: string, replace = false): void {
  if (replace) history.replaceState(null, "", path);
  else history.pushState(null, "", path);
  dispatchEvent(new Event(MOVED));
  if (!replace) scrollTo(0, 0);
}

/** The present location, followed as it changes. */
export function useLocation(): { route: Route; query: URLSearchParams } {
  const read = () => ({ path: location.pathname, search: location.search });
  const [at, setAt] = useState(read);
  useEffect(() => {
    const moved = () => setAt(read());
    addEventListener(MOVED, moved);
    addEventListener("popstate", moved);
    document.addEventListener("click", follow);
    return () => {
      removeEventListener(MOVED, moved);
      removeEventListener("popstate", moved);
      document.removeEventListener("click", follow);
    };
  }, []);
  return { route: parse(at.path), query: new URLSearchParams(at.search) };
}

/** Follows plain clicks on links of this site; the browser keeps all others. */
function follow(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target instanceof Element ? event.target.closest("a") : null;
  if (!link || link.target !== "" || link.hasAttribute("download")) return;
  if (link.origin !== location.origin || link.pathname.startsWith("/api/")) return;
  event.preventDefault();
  go(link.pathname + link.search);
}
