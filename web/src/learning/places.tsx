/** Owns the picture of a camera with what usually moves where, which way, and on which paths. */
import { useState } from "preact/hooks";
import { snapshotUrl } from "../api.ts";
import type { Camera, Normal } from "../types.ts";
import { arrow, CELLS, pathPoints, strength } from "./geometry.ts";

type Layer = "cells" | "ways" | "paths";
const LAYERS: readonly { layer: Layer; word: string }[] = [
  { layer: "cells", word: "Places" },
  { layer: "ways", word: "Ways" },
  { layer: "paths", word: "Paths" },
];

export function Places({ camera, normal }: { camera: Camera; normal: Normal }) {
  const [layer, setLayer] = useState<Layer>("cells");
  const [blank, setBlank] = useState(false);
  const { width = 16, height = 9 } = camera;
  const size = { width: 1000, height: (1000 * height) / width };
  const empty = layer === "paths" ? normal.paths.length === 0 : layer === "ways" && normal.ways.length === 0;
  return (
    <figure class="places">
      <div class="choice" role="group" aria-label="What is drawn">
        {LAYERS.map((one) => (
          <button key={one.layer} type="button" aria-pressed={layer === one.layer} onClick={() => setLayer(one.layer)}>
            {one.word}
          </button>
        ))}
      </div>
      <div class="places-picture" style={{ aspectRatio: `${width} / ${height}` }}>
        {!blank && <img src={snapshotUrl(camera.id)} alt="" onError={() => setBlank(true)} />}
        <svg viewBox={`0 0 ${size.width} ${size.height}`} role="img" aria-label={wordsOf(layer, normal)}>
          {layer === "cells" && <Cells shares={normal.cells} {...size} />}
          {layer === "ways" && <Ways normal={normal} {...size} />}
          {layer === "paths" && <Paths normal={normal} {...size} />}
        </svg>
      </div>
      <figcaption class="quiet">{empty ? "Nothing is learned of these yet." : wordsOf(layer, normal)}</figcaption>
    </figure>
  );
}

function wordsOf(layer: Layer, normal: Normal): string {
  if (layer === "ways") return "Arrows: which way things usually go, the thicker the more often.";
  if (layer === "paths") {
    const first = normal.paths[0];
    return first === undefined
      ? "Usual paths through the picture."
      : `Usual paths through the picture; the most usual one is taken by ${Math.round(first.support * 100)} % of the visits.`;
  }
  const most = Math.max(0, ...normal.cells);
  return `The stronger the colour, the more of the minutes with movement have it there; up to ${Math.round(most * 100)} %.`;
}

interface Size {
  width: number;
  height: number;
}

function Cells({ shares, width, height }: { shares: readonly number[] } & Size) {
  const most = Math.max(0, ...shares);
  const step = { x: width / CELLS.columns, y: height / CELLS.rows };
  return (
    <>
      {shares.map((share, at) => (
        <rect
          key={at}
          class="place-cell"
          x={(at % CELLS.columns) * step.x}
          y={Math.floor(at / CELLS.columns) * step.y}
          width={step.x}
          height={step.y}
          fill-opacity={0.75 * strength(share, most)}
        />
      ))}
    </>
  );
}

function Ways({ normal, width, height }: { normal: Normal } & Size) {
  const most = Math.max(0, ...normal.ways.map((way) => way.share));
  return (
    <>
      <Tip />
      {normal.ways.map((way) => {
        const { from, to } = arrow(way);
        return (
          <line
            key={`${way.place} ${way.heading}`}
            class="place-way"
            x1={from.x * width}
            y1={from.y * height}
            x2={to.x * width}
            y2={to.y * height}
            stroke-width={3 + 9 * strength(way.share, most)}
            marker-end="url(#tip)"
          />
        );
      })}
    </>
  );
}

function Paths({ normal, width, height }: { normal: Normal } & Size) {
  const most = Math.max(0, ...normal.paths.map((path) => path.support));
  return (
    <>
      <Tip />
      {normal.paths.map((path, at) => (
        <polyline
          key={path.places.join("-")}
          class="place-way"
          points={pathPoints(path, at)
            .map((point) => `${point.x * width},${point.y * height}`)
            .join(" ")}
          stroke-width={3 + 7 * strength(path.support, most)}
          marker-end="url(#tip)"
        />
      ))}
    </>
  );
}

function Tip() {
  return (
    <defs>
      <marker id="tip" viewBox="0 0 10 10" refX="6" refY="5" markerWidth="3.2" markerHeight="3.2" orient="auto-start-reverse">
        <path class="place-tip" d="M0 0 10 5 0 10z" />
      </marker>
    </defs>
  );
}
