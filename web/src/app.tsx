/** Owns the frame around every page: name, ways to the pages, health, theme. */
import { useEffect, useState } from "preact/hooks";
import { CameraPage } from "./pages/camera.tsx";
import { EditPage } from "./pages/edit.tsx";
import { EventsPage } from "./pages/events.tsx";
import { LearningPage } from "./pages/learning.tsx";
import { MissingPage } from "./pages/missing.tsx";
import { NormalPage } from "./pages/normal.tsx";
import { RulesPage } from "./pages/rules.tsx";
import { SystemPage } from "./pages/system.tsx";
import { WallPage } from "./pages/wall.tsx";
import { useLocation, type Route } from "./router.ts";
import { system } from "./state/shared.ts";
import { usePolled } from "./state/store.ts";
import { plural } from "./text/format.ts";
import { nextTheme, setTheme, theme, type Theme } from "./theme.ts";
import { Icon, Sign, type IconName } from "./ui/icons.tsx";
import { IconButton } from "./ui/parts.tsx";

/** The whole page. */
export function App() {
  const { route, query } = useLocation();
  return (
    <>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <header class="top">
        <a class="brand" href="/" aria-label="Flumen, to the wall">
          <Sign />
          <span>Flumen</span>
        </a>
        <Ways route={route} />
        <div class="top-end">
          <Health />
          <ThemeToggle />
          <a class="button primary add" href="/cameras/new">
            <Icon name="plus" />
            Add camera
          </a>
        </div>
      </header>
      <main id="main" tabIndex={-1} class={`page-${route.page}`}>
        <Page route={route} query={query} />
      </main>
    </>
  );
}

function Page({ route, query }: { route: Route; query: URLSearchParams }) {
  switch (route.page) {
    case "wall":
      return <WallPage />;
    case "camera":
      return <CameraPage key={route.id} id={route.id} query={query} />;
    case "edit":
      return <EditPage key={route.id} id={route.id} />;
    case "rules":
      return <RulesPage key={route.id} id={route.id} />;
    case "normal":
      return <NormalPage key={route.id} id={route.id} />;
    case "learning":
      return <LearningPage />;
    case "new":
      return <EditPage key="" />;
    case "events":
      return <EventsPage query={query} />;
    case "system":
      return <SystemPage />;
    case "missing":
      return <MissingPage path={route.path} />;
  }
}

const WAYS: readonly { path: string; word: string; icon: IconName; pages: readonly Route["page"][] }[] = [
  { path: "/", word: "Wall", icon: "wall", pages: ["wall", "camera", "edit", "rules", "normal"] },
  { path: "/events", word: "Events", icon: "events", pages: ["events"] },
  { path: "/learning", word: "Learning", icon: "learning", pages: ["learning"] },
  { path: "/system", word: "System", icon: "system", pages: ["system"] },
];

function Ways({ route }: { route: Route }) {
  return (
    <nav class="ways" aria-label="Pages">
      {WAYS.map((way) => (
        <a key={way.path} href={way.path} aria-current={way.pages.includes(route.page) ? "page" : undefined}>
          <Icon name={way.icon} />
          <span>{way.word}</span>
        </a>
      ))}
      <a class="only-phone" href="/cameras/new" aria-current={route.page === "new" ? "page" : undefined}>
        <Icon name="plus" />
        <span>Add</span>
      </a>
    </nav>
  );
}

function Health() {
  const { value, error } = usePolled(system);
  if (error !== undefined) {
    return (
      <a class="health bad" href="/system" title={error}>
        <span class="dot" />
        No connection
      </a>
    );
  }
  if (!value) return null;
  const problems = value.problems.length;
  return (
    <a class={problems === 0 ? "health" : "health warn"} href="/system">
      <span class="dot" />
      {problems === 0 ? "All well" : plural(problems, "problem")}
    </a>
  );
}

const THEME_ICON: Record<Theme, IconName> = { system: "auto", dark: "moon", light: "sun" };
const THEME_WORD: Record<Theme, string> = { system: "like the system", dark: "dark", light: "light" };

function ThemeToggle() {
  const [now, setNow] = useState(theme);
  useEffect(() => setTheme(now), [now]);
  const next = nextTheme(now);
  const label = `Colours: ${THEME_WORD[now]}. Change to ${THEME_WORD[next]}`;
  return <IconButton icon={THEME_ICON[now]} label={label} onClick={() => setNow(next)} />;
}
