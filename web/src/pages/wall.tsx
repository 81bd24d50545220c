/** Owns the wall: every camera live, as large as the window allows. */
import { useRef, useState } from "preact/hooks";
import { cameraPath } from "../router.ts";
import { cameras as shared } from "../state/shared.ts";
import { usePolled } from "../state/store.ts";
import { percent, plural } from "../text/format.ts";
import type { Camera } from "../types.ts";
import { Icon } from "../ui/icons.tsx";
import { useTitle, useView, useWidth, type View } from "../ui/measure.ts";
import { Choice, IconButton, Note, Skeleton, Stale } from "../ui/parts.tsx";
import { Tile } from "./tile.tsx";
import { GAP, layout, visibleRows, type Layout } from "./wall-layout.ts";

type Show = "all" | "live" | "trouble";

/** Height of everything above the first tile, and of the ground below the last. */
const ABOVE = 124;
const BELOW = 20;
const PHONE = 720;
/** Height of the row of cameras that are turned off, and how many are named there. */
const OFF_ROW = 44;
const MOST_OFF = 12;
/** The bar is as wide as the tiles, but never narrower than this. */
const BAR_NEEDS = 640;

export function WallPage() {
  useTitle("");
  const { value, error } = usePolled(shared);
  const [show, setShow] = useState<Show>("all");
  const [search, setSearch] = useState("");
  const [boxes, setBoxes] = useState(true);
  const ground = useRef<HTMLDivElement>(null);
  const width = useWidth(ground);
  const view = useView();

  if (!value && error !== undefined) {
    return (
      <Note kind="bad" icon="warning" title="The cameras cannot be shown">
        <p>{error}</p>
        <button type="button" class="button primary" onClick={() => shared.refresh()}>
          Try again
        </button>
      </Note>
    );
  }
  if (value && value.length === 0) return <NoCameras />;
  const on = value?.filter((camera) => camera.state !== "disabled");
  const off = value?.filter((camera) => camera.state === "disabled") ?? [];
  const chosen = (on ?? []).filter((camera) => fits(camera, show, search));
  const count = value ? chosen.length : 4;
  const below = (width < PHONE ? 72 : BELOW) + (off.length > 0 ? OFF_ROW : 0);
  const plan = layout({ width, height: view.height - ABOVE - below }, count);
  const gridWidth = plan.columns * (plan.tileWidth + GAP) - GAP;
  const narrow = count > 0 && gridWidth > BAR_NEEDS ? `${gridWidth}px` : undefined;
  return (
    <div ref={ground}>
      <div class="wall-page" style={{ width: narrow }}>
        <Stale error={error} retry={() => shared.refresh()} />
        <div class="bar">
          <Headline list={value} />
          <div class="bar-end">
            {value && value.length > 8 && (
              <label class="search">
                <Icon name="search" size={16} />
                <input
                  type="search"
                  placeholder="Find a camera"
                  aria-label="Find a camera"
                  value={search}
                  onInput={(event) => setSearch(event.currentTarget.value)}
                />
              </label>
            )}
            {on?.some((camera) => camera.state !== "live") && (
              <Choice<Show>
                label="Which cameras"
                value={show}
                options={[["all", "All"], ["live", "Live"], ["trouble", "Not live"]]}
                onChange={setShow}
              />
            )}
            <IconButton
              icon="boxes"
              label={boxes ? "Hide boxes" : "Show boxes"}
              pressed={boxes}
              onClick={() => setBoxes(!boxes)}
            />
          </div>
        </div>
        {value && chosen.length === 0 ? (
          <NoTile allOff={on?.length === 0} onShowAll={() => (setSearch(""), setShow("all"))} />
        ) : (
          width > 0 && <Grid list={value ? chosen : undefined} boxes={boxes} plan={plan} view={view} />
        )}
        {off.length > 0 && <TurnedOff list={off.filter((camera) => fits(camera, "all", search))} />}
      </div>
    </div>
  );
}

function fits(camera: Camera, show: Show, search: string): boolean {
  if (show === "live" && camera.state !== "live") return false;
  if (show === "trouble" && camera.state === "live") return false;
  const wanted = search.trim().toLowerCase();
  return wanted === "" || camera.name.toLowerCase().includes(wanted) || camera.id.includes(wanted);
}

/** What stands where there is no tile. */
function NoTile({ allOff, onShowAll }: { allOff: boolean; onShowAll: () => void }) {
  if (allOff) {
    return (
      <Note icon="none" title="All cameras are turned off">
        <p>Turn one on in its settings.</p>
      </Note>
    );
  }
  return (
    <Note icon="search" title="No camera fits">
      <p>Change the search or show all cameras.</p>
      <button type="button" class="button" onClick={onShowAll}>
        Show all
      </button>
    </Note>
  );
}

/** Cameras without pictures need no tile: their names lead to them. */
function TurnedOff({ list }: { list: Camera[] }) {
  if (list.length === 0) return null;
  return (
    <p class="turned-off quiet">
      Turned off:
      {list.slice(0, MOST_OFF).map((camera) => (
        <a key={camera.id} class="tag" href={cameraPath(camera.id)}>
          {camera.name}
        </a>
      ))}
      {list.length > MOST_OFF && `and ${list.length - MOST_OFF} more`}
    </p>
  );
}

function Headline({ list }: { list: Camera[] | undefined }) {
  if (!list) return <h1 class="headline quiet">Cameras</h1>;
  const active = list.filter((camera) => camera.state !== "disabled");
  const live = active.filter((camera) => camera.state === "live").length;
  const missing = active.length - live;
  const covered = active.flatMap((camera) => camera.coverage_24h ?? []);
  const mean = covered.reduce((sum, share) => sum + share, 0) / Math.max(1, covered.length);
  return (
    <div class="headline-block">
      <h1 class="headline">
        {plural(active.length, "camera")}
        <span class={missing > 0 ? "aside warn" : "aside"}>
          {missing > 0 ? `${missing} not live` : live > 1 ? "all live" : "live"}
        </span>
      </h1>
      {covered.length > 0 && (
        <p class="subline" title="Mean of the cameras that are turned on; the time before a camera's first recording does not count">
          {percent(mean)} of the last 24 h recorded
        </p>
      )}
    </div>
  );
}

interface GridProps {
  list: Camera[] | undefined;
  boxes: boolean;
  plan: Layout;
  view: View;
}

/** The tiles in view; those far above and below are left out, so that thousands of cameras fit. */
function Grid({ list, boxes, plan, view }: GridProps) {
  const step = plan.tileHeight + GAP;
  const { first, last } = visibleRows(plan, view.top - ABOVE, view.height);
  const shown = list?.slice(first * plan.columns, (last + 1) * plan.columns);
  return (
    <div style={{ height: `${plan.rows * step - GAP}px` }}>
      <div
        class="wall"
        style={{
          gridTemplateColumns: `repeat(${plan.columns}, ${plan.tileWidth}px)`,
          transform: first > 0 ? `translateY(${first * step}px)` : undefined,
        }}
      >
        {shown ? (
          shown.map((camera) => <Tile key={camera.id} camera={camera} boxes={boxes} />)
        ) : (
          <Skeleton count={plan.columns * plan.rows} kind="tile" />
        )}
      </div>
    </div>
  );
}

function NoCameras() {
  return (
    <Note icon="camera" title="No cameras yet">
      <p>Add the first one: its RTSP address is usually in the camera's manual or its own web page.</p>
      <p>
        <a class="button primary" href="/cameras/new">
          <Icon name="plus" />
          Add camera
        </a>
      </p>
      <p class="quiet">
        No camera at hand? The address <code>synthetic:street</code> makes a street with people and cars.
      </p>
    </Note>
  );
}
