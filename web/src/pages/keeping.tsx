/** Owns the fields for how a camera is watched and kept. */
import { CheckField, TextField } from "../ui/field.tsx";
import type { Gate } from "../types.ts";
import type { Draft } from "./form-model.ts";

const GB = 1e9;

export function Keeping({ draft, onChange }: { draft: Draft; onChange: (part: Partial<Draft>) => void }) {
  const { policy } = draft;
  const sensitivity = policy.sensitivity || 50;
  const limit = (value: string, unit: number): number | undefined => {
    const read = Number(value);
    return value.trim() === "" || !Number.isFinite(read) || read <= 0 ? undefined : Math.round(read * unit);
  };
  return (
    <details class="more">
      <summary>Watching and keeping</summary>
      <CheckField label="Turned on" value={draft.enabled} onChange={(enabled) => onChange({ enabled })} />
      <div class="field">
        <label for="sensitivity">Sensitivity</label>
        <div class="slide">
          <input
            id="sensitivity"
            type="range"
            min={1}
            max={100}
            value={sensitivity}
            onInput={(event) => onChange({ policy: { ...policy, sensitivity: Number(event.currentTarget.value) } })}
          />
          <output for="sensitivity">{sensitivity}</output>
        </div>
        <p class="help">Lower it when rain or insects raise alarms; raise it when something was missed.</p>
      </div>
      <div class="field">
        <label for="gate">Work while nothing happens</label>
        <select
          id="gate"
          value={policy.gate ?? "exact"}
          onChange={(event) => onChange({ policy: { ...policy, gate: event.currentTarget.value as Gate } })}
        >
          <option value="exact">Look at every picture</option>
          <option value="balanced">Look at key pictures and packet sizes</option>
          <option value="thrifty">Look at key pictures only</option>
        </select>
        <p class="help">
          The last two carry several times as many cameras: between two key pictures that show nothing, no picture is
          looked at. Events come later by up to the time between two key pictures; visits shorter than that can be missed.
        </p>
      </div>
      <div class="pair">
        <TextField
          label="Keep for days"
          type="number"
          value={policy.keep_days === undefined ? "" : String(policy.keep_days)}
          placeholder="as the site"
          onChange={(value) => onChange({ policy: { ...policy, keep_days: limit(value, 1) } })}
          help="Older recordings are deleted."
        />
        <TextField
          label="Keep at most, GB"
          type="number"
          value={policy.keep_bytes === undefined ? "" : String(policy.keep_bytes / GB)}
          placeholder="as the site"
          onChange={(value) => onChange({ policy: { ...policy, keep_bytes: limit(value, GB) } })}
          help="The oldest go first."
        />
      </div>
    </details>
  );
}
