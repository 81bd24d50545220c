/** Owns the zones of a camera as they are shown over its live picture. */
import type { Camera } from "../types.ts";

/** Lines and areas with their names; nothing where there are none. */
export function ZoneOverlay({ camera }: { camera: Camera }) {
  const { zones, width = 16, height = 9 } = camera;
  if (zones.length === 0) return null;
  const place = (corner: { x: number; y: number }) => ({ x: (corner.x * width) / 1000, y: (corner.y * height) / 1000 });
  const size = height / 28;
  return (
    <svg class="zone-overlay" viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
      {zones.map((zone) => {
        const corners = zone.corners.map(place);
        const points = corners.map((corner) => `${corner.x},${corner.y}`).join(" ");
        const top = corners.reduce((best, one) => (one.y < best.y ? one : best), corners[0] ?? { x: 0, y: 0 });
        return (
          <g key={zone.id}>
            {zone.shape === "line" ? <polyline class="zone-shape" points={points} /> : <polygon class="zone-shape area" points={points} />}
            <text x={Math.min(top.x + size / 3, width * 0.88)} y={Math.max(size * 1.2, top.y - size / 3)} font-size={size}>
              {zone.name}
            </text>
          </g>
        );
      })}
    </svg>
  );
}
