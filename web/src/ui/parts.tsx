/** Owns the small parts that every page is made of. */
import type { ComponentChildren } from "preact";
import { exact, moment } from "../text/time.ts";
import { stateWord } from "../text/words.ts";
import type { State } from "../types.ts";
import { Icon, type IconName } from "./icons.tsx";

/** A camera's state: a dot in its colour and the word. */
export function StateBadge({ state, title }: { state: State; title?: string | undefined }) {
  return (
    <span class={`badge ${state}`} title={title}>
      <span class="dot" />
      {stateWord(state)}
    </span>
  );
}

/** A moment in local form, exact on hover. */
export function Time({ us, text }: { us: number; text?: string }) {
  return (
    <time dateTime={new Date(us / 1000).toISOString()} title={exact(us)}>
      {text ?? moment(us)}
    </time>
  );
}

interface NoteProps {
  icon?: IconName;
  title: string;
  children?: ComponentChildren;
  kind?: "empty" | "bad" | "warn";
}

/** A place without content that says why and what to do. */
export function Note({ icon = "camera", title, children, kind = "empty" }: NoteProps) {
  return (
    <div class={`note ${kind}`} role={kind === "bad" ? "alert" : "status"}>
      <span class="note-icon">
        <Icon name={icon} size={26} />
      </span>
      <h1>{title}</h1>
      {children}
    </div>
  );
}

/** A thin bar over a page whose newest answer failed, while older content stays. */
export function Stale({ error, retry }: { error: string | undefined; retry: () => void }) {
  if (error === undefined) return null;
  return (
    <div class="stale" role="alert">
      <Icon name="warning" />
      <span>{error} What you see may be old.</span>
      <button type="button" class="button small" onClick={retry}>
        Try again
      </button>
    </div>
  );
}

/** Grey shapes where content will be. */
export function Skeleton({ count, kind }: { count: number; kind: "tile" | "row" | "card" }) {
  return (
    <>
      {Array.from({ length: count }, (_, at) => (
        <div key={at} class={`skeleton ${kind}`} aria-hidden="true" />
      ))}
    </>
  );
}

interface IconButtonProps {
  icon: IconName;
  label: string;
  onClick: () => void;
  pressed?: boolean;
  disabled?: boolean;
}

/** A button that shows only an icon and tells its name. */
export function IconButton({ icon, label, onClick, pressed, disabled = false }: IconButtonProps) {
  return (
    <button
      type="button"
      class="icon-button"
      aria-label={label}
      title={label}
      aria-pressed={pressed}
      disabled={disabled}
      onClick={onClick}
    >
      <Icon name={icon} />
    </button>
  );
}

interface ChoiceProps<T extends string> {
  label: string;
  value: T;
  options: readonly (readonly [T, string])[];
  onChange: (value: T) => void;
}

/** A row of exclusive choices. */
export function Choice<T extends string>({ label, value, options, onChange }: ChoiceProps<T>) {
  return (
    <div class="choice" role="group" aria-label={label}>
      {options.map(([key, word]) => (
        <button key={key} type="button" aria-pressed={key === value} onClick={() => onChange(key)}>
          {word}
        </button>
      ))}
    </div>
  );
}
