/** Owns the choice of colours: the system's, dark or light, kept in this browser. */

export type Theme = "system" | "dark" | "light";

const KEY = "flumen.theme";
const ORDER: readonly Theme[] = ["system", "dark", "light"];

/** The theme chosen in this browser; `system` when none is. */
export function theme(): Theme {
  const chosen = document.documentElement.dataset["theme"];
  return chosen === "dark" || chosen === "light" ? chosen : "system";
}

/** The theme after `from` in the order of the toggle. */
export function nextTheme(from: Theme): Theme {
  return ORDER[(ORDER.indexOf(from) + 1) % ORDER.length] ?? "system";
}

/** Applies a theme now and remembers it where the browser allows that. */
export function setTheme(to: Theme): void {
  if (to === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = to;
  try {
    if (to === "system") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, to);
  } catch {
    // Not remembered: the choice holds until the page is left.
  }
}
