/** Owns the fields of forms: label, help and what is wrong, tied together for screen readers. */
import type { ComponentChildren, JSX } from "preact";
import { useId } from "preact/hooks";

interface TextProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  help?: ComponentChildren;
  problem?: string | undefined;
  type?: "text" | "password" | "number";
  placeholder?: string;
  disabled?: boolean;
  mono?: boolean;
  autoFocus?: boolean;
}

/** One line of text. */
export function TextField(props: TextProps): JSX.Element {
  const id = useId();
  const { label, value, onChange, help, problem, type = "text", placeholder, disabled = false, mono = false } = props;
  return (
    <div class={problem === undefined ? "field" : "field wrong"}>
      <label for={id}>{label}</label>
      <input
        id={id}
        class={mono ? "mono" : undefined}
        type={type as "text"}
        value={value}
        placeholder={placeholder}
        disabled={disabled}
        autoFocus={props.autoFocus ?? false}
        autoComplete={type === "password" ? "new-password" : "off"}
        autoCapitalize="off"
        spellcheck={false}
        aria-invalid={problem !== undefined}
        aria-describedby={`${id}-help`}
        onInput={(event) => onChange(event.currentTarget.value)}
      />
      <p class="help" id={`${id}-help`}>
        {problem ?? help}
      </p>
    </div>
  );
}

interface CheckProps {
  label: string;
  help?: string;
  value: boolean;
  onChange: (value: boolean) => void;
}

/** A yes or no. */
export function CheckField({ label, help, value, onChange }: CheckProps): JSX.Element {
  return (
    <label class="check">
      <input type="checkbox" checked={value} onChange={(event) => onChange(event.currentTarget.checked)} />
      <span>
        {label}
        {help !== undefined && <span class="quiet">{help}</span>}
      </span>
    </label>
  );
}
