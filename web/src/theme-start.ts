/** Sets the chosen theme before the first paint; the choice itself is changed in theme.ts. */
try {
  const chosen = localStorage.getItem("flumen.theme");
  if (chosen === "dark" || chosen === "light") document.documentElement.dataset["theme"] = chosen;
} catch {
  // A browser that forbids storage follows the system's colours.
}

export {};
