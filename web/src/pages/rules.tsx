/** Owns the page where a person draws zones and writes rules of a camera. */
import { useState } from "preact/hooks";
import * as api from "../api.ts";
import { LiveView } from "../live/view.tsx";
import { cameraPath } from "../router.ts";
import { cameras as shared } from "../state/shared.ts";
import { usePolled } from "../state/store.ts";
import type { Camera, Corner, Rule, Zone, ZoneShape } from "../types.ts";
import { Icon } from "../ui/icons.tsx";
import { useTitle } from "../ui/measure.ts";
import { Note, Skeleton } from "../ui/parts.tsx";
import { RuleRow } from "./rule-row.tsx";
import { draftOf, newRule, newZone, ruleProblem, withoutZone, type RulesDraft } from "./rules-model.ts";
import { ZoneEditor } from "./zone-editor.tsx";

export function RulesPage({ id }: { id: string }) {
  const { value, error } = usePolled(shared);
  const camera = value?.find((candidate) => candidate.id === id);
  useTitle(`Rules of ${camera?.name ?? id}`);
  if (camera) return <Editor camera={camera} />;
  if (!value && error === undefined) return <Skeleton count={5} kind="row" />;
  return (
    <Note icon="none" kind={error === undefined ? "empty" : "bad"} title={error === undefined ? "There is no such camera" : "The camera cannot be shown"}>
      <p>{error ?? `No camera has the id “${id}”. It may have been removed.`}</p>
      <a class="button primary" href="/">
        To the wall
      </a>
    </Note>
  );
}

function Editor({ camera }: { camera: Camera }) {
  const [draft, setDraft] = useState<RulesDraft>(() => draftOf(camera));
  const [selected, setSelected] = useState<string>();
  const [drawing, setDrawing] = useState<ZoneShape>();
  const [told, setTold] = useState<{ words: string; bad: boolean }>();
  const [busy, setBusy] = useState(false);
  const change = (next: RulesDraft) => (setDraft(next), setTold(undefined));
  const zoneOf = (zone: Zone) => change({ ...draft, zones: draft.zones.map((one) => (one.id === zone.id ? zone : one)) });
  const drawn = (shape: ZoneShape, corners: Corner[]) => {
    const zone = newZone(shape, corners, draft.zones);
    const rule = newRule(shape === "line" ? "cross" : "enter", zone, draft.rules);
    change({ ...draft, zones: [...draft.zones, zone], rules: [...draft.rules, rule] });
    setDrawing(undefined);
    setSelected(zone.id);
  };
  const bad = draft.rules.some((rule) => ruleProblem(rule, draft.zones) !== undefined);
  const save = async () => {
    setBusy(true);
    try {
      const saved = await api.saveRules(camera.id, { ...draft, zones: draft.zones.map(named) });
      setDraft(draftOf(saved));
      setTold({ words: "Saved. It counts from the next second on.", bad: false });
      shared.refresh();
    } catch (thrown) {
      setTold({ words: api.messageOf(thrown), bad: true });
    }
    setBusy(false);
  };
  return (
    <div class="rules-page" inert={busy}>
      <div class="bar">
        <div class="crumbs">
          <a class="icon-button" href={cameraPath(camera.id)} aria-label="Back to the camera" title="Back to the camera">
            <Icon name="left" />
          </a>
          <h1 class="headline">Rules of {camera.name}</h1>
        </div>
        <div class="bar-end" role="toolbar" aria-label="Draw">
          <Tool shape="line" word="Draw line" drawing={drawing} onChoose={setDrawing} />
          <Tool shape="area" word="Draw area" drawing={drawing} onChoose={setDrawing} />
        </div>
      </div>
      <div class="rules-main">
        <section class="panel zone-panel" aria-label="Picture">
          <ZoneEditor
            zones={draft.zones}
            selected={selected}
            drawing={drawing}
            aspect={(camera.width ?? 16) / (camera.height ?? 9)}
            onSelect={setSelected}
            onMove={(id, corners) => change({ ...draft, zones: draft.zones.map((one) => (one.id === id ? { ...one, corners } : one)) })}
            onDrawn={drawn}
            onCancel={() => setDrawing(undefined)}
          >
            <Ground camera={camera} />
          </ZoneEditor>
          <p class="help">{HELP[drawing ?? "none"]}</p>
        </section>
        <div class="rules-side">
          <section class="panel rules-panel" aria-label="Zones">
            <h2>Zones</h2>
            {draft.zones.length === 0 && <p class="quiet">None yet. A zone is a line or an area that a rule is about.</p>}
            <ul class="zone-list">
              {draft.zones.map((zone) => (
                <ZoneRow
                  key={zone.id}
                  zone={zone}
                  on={zone.id === selected}
                  onSelect={() => setSelected(zone.id)}
                  onChange={zoneOf}
                  onRemove={() => change(withoutZone(draft, zone.id))}
                />
              ))}
            </ul>
          </section>
          <section class="panel rules-panel" aria-label="Rules">
            <h2>Rules</h2>
            {draft.rules.length === 0 && <p class="quiet">No rules: everything that moves becomes an event, and so does tampering.</p>}
            <ul class="rule-list">
              {draft.rules.map((rule, n) => (
                <RuleRow
                  key={rule.id}
                  rule={rule}
                  zones={draft.zones}
                  onChange={(next: Rule) => change({ ...draft, rules: draft.rules.map((one, m) => (m === n ? next : one)) })}
                  onRemove={() => change({ ...draft, rules: draft.rules.filter((_, m) => m !== n) })}
                />
              ))}
            </ul>
            <button type="button" class="button" onClick={() => change({ ...draft, rules: [...draft.rules, newRule("motion", undefined, draft.rules)] })}>
              <Icon name="plus" size={16} />
              Add a rule
            </button>
          </section>
          <div class="rules-save">
            <button type="button" class="button primary" disabled={busy || bad} onClick={() => void save()}>
              {busy ? "Saving …" : "Save"}
            </button>
            {told && (
              <span class={told.bad ? "bad-words" : "quiet"} role={told.bad ? "alert" : "status"}>
                {told.words}
              </span>
            )}
          </div>
        </div>
      </div>
    </div>
  );
}

const HELP = {
  none: "Draw a line that is crossed or an area that is entered. Choose one to move its corners.",
  line: "Drag from one end to the other, or click both ends. Side A is on the left as you draw.",
  area: "Drag a rectangle, or click corner after corner and the first one again. Escape cancels.",
} as const;

function Tool({ shape, word, drawing, onChoose }: {
  shape: ZoneShape;
  word: string;
  drawing: ZoneShape | undefined;
  onChoose: (shape: ZoneShape | undefined) => void;
}) {
  const on = drawing === shape;
  return (
    <button type="button" class={on ? "button primary" : "button"} aria-pressed={on} onClick={() => onChoose(on ? undefined : shape)}>
      <Icon name={shape} size={16} />
      {word}
    </button>
  );
}

function Ground({ camera }: { camera: Camera }) {
  return (
    <>
      <img class="zone-still" src={api.snapshotUrl(camera.id)} alt="" draggable={false} />
      {camera.state === "live" && <LiveView camera={camera.id} name={camera.name} stream="main" boxes onReport={() => undefined} />}
    </>
  );
}

function ZoneRow({ zone, on, onSelect, onChange, onRemove }: {
  zone: Zone;
  on: boolean;
  onSelect: () => void;
  onChange: (zone: Zone) => void;
  onRemove: () => void;
}) {
  return (
    <li class={on ? "zone-row on" : "zone-row"}>
      <Icon name={zone.shape} size={16} />
      <input aria-label={`Name of the ${zone.shape}`} value={zone.name} maxLength={100} onFocus={onSelect} onInput={(event) => onChange({ ...zone, name: event.currentTarget.value })} />
      <button type="button" class="icon-button" aria-label={`Remove ${zone.name} and its rules`} title="Remove it and its rules" onClick={onRemove}>
        <Icon name="close" />
      </button>
    </li>
  );
}

function named(zone: Zone): Zone {
  return zone.name.trim() === "" ? { ...zone, name: zone.id } : zone;
}
