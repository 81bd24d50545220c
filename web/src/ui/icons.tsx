/** Owns the icons: one 20-unit grid, one stroke, the colour of the text around. */

const PATHS = {
  wall: "M3.500 4.500h5.500v4.500H3.500zM11 4.500h5.500v4.500H11zM3.500 11h5.500v4.500H3.500zM11 11h5.500v4.500H11z",
  events: "M3 5.500h14M3 10h14M3 14.500h8.500M14.500 13l3 2-3 2z",
  learning: "M3 15.500h14M4.500 15v-4M8.200 15V7.500M11.800 15V9.500M15.500 15V4.500",
  system: "M2.500 10.500h3l2-5.500 4 10.500 2.200-5h3.800",
  plus: "M10 4v12M4 10h12",
  sun: "M10 6.800a3.200 3.200 0 1 1 0 6.400 3.200 3.200 0 0 1 0-6.400zM10 2v1.800M10 16.200V18M2 10h1.800M16.200 10H18M4.400 4.400l1.200 1.200M14.400 14.400l1.200 1.200M4.400 15.600l1.200-1.200M14.400 5.600l1.200-1.200",
  moon: "M16 11.800A6.500 6.500 0 0 1 8.200 4a6.500 6.500 0 1 0 7.800 7.800z",
  auto: "M10 3.500a6.500 6.500 0 1 1 0 13 6.500 6.500 0 0 1 0-13zM10 3.500v13M12.500 4.200v11.600M15 6v8",
  play: "M6.500 4.500v11l9-5.500z",
  pause: "M7 4.800v10.400M13 4.800v10.400",
  download: "M10 3.500v9M6.200 9l3.800 3.800L13.800 9M4 16.500h12",
  left: "M12 4.500 6.500 10l5.500 5.500",
  right: "M8 4.500 13.500 10 8 15.500",
  edit: "M4 16l.8-3.200L13 4.600l2.400 2.400-8.200 8.200zM11.500 6.100l2.400 2.400",
  search: "M9 3.800a5.200 5.200 0 1 1 0 10.400A5.200 5.200 0 0 1 9 3.800zM12.800 12.800 16.500 16.500",
  warning: "M10 3.500 17.500 16h-15zM10 8v4M10 13.800v.2",
  check: "M4 10.500l4 4 8-9",
  full: "M4 7.500V4h3.500M12.500 4H16v3.500M16 12.500V16h-3.500M7.500 16H4v-3.500",
  boxes: "M4 4.500h7.500v6.500H4zM9 8.500h7v7H9z",
  close: "M5 5l10 10M15 5 5 15",
  camera: "M3 6.500h10v7H3zM13 9l4-2v6l-4-2z",
  line: "M4 16 16 4M2.800 14.800h2.400v2.400H2.800zM14.800 2.800h2.400v2.400h-2.400z",
  area: "M4 6l7-2 5 6-4 6-7-2z",
  rules: "M3.500 5.500h8M14.500 5.500h2M3.500 14.500h2M8.500 14.500h8M13 3.500v4M7 12.500v4",
  none: "M3.500 3.500l13 13M6.500 6.500H13V9l4-2v6M3 6.500v7h10",
} as const;

export type IconName = keyof typeof PATHS;

/** An icon beside words that already say it; hidden from screen readers. */
export function Icon({ name, size = 18 }: { name: IconName; size?: number }) {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 20 20" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}

/** The sign of Flumen: two waves. */
export function Sign() {
  return (
    <svg class="sign" width="26" height="26" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="8" />
      <path d="M6 12c3.400-3.400 6.600-3.400 10 0s6.600 3.400 10 0M6 20c3.400-3.400 6.600-3.400 10 0s6.600 3.400 10 0" />
    </svg>
  );
}
