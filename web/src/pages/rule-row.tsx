/** Owns one rule as a row of the list: what, where, how long, and whether it is told. */
import type { Direction, Heading, Rule, RuleKind, Zone } from "../types.ts";
import { Icon } from "../ui/icons.tsx";
import { CheckField } from "../ui/field.tsx";
import { fit, HEADINGS, KINDS, ruleProblem, wordsOf, zonesFor } from "./rules-model.ts";

interface Props {
  rule: Rule;
  zones: readonly Zone[];
  onChange: (rule: Rule) => void;
  onRemove: () => void;
}

export function RuleRow({ rule, zones, onChange, onRemove }: Props) {
  const words = wordsOf(rule.kind);
  const places = zonesFor(rule.kind, zones);
  const zone = places.find((one) => one.id === rule.zone);
  const problem = ruleProblem(rule, zones);
  const change = (part: Partial<Rule>) => onChange(fit({ ...rule, ...part }, zones));
  return (
    <li class={rule.enabled ? "rule" : "rule off"}>
      <div class="rule-line">
        <label class="rule-field wide">
          <span>Tell me when</span>
          <select value={rule.kind} onChange={(event) => change({ kind: event.currentTarget.value as RuleKind })}>
            {KINDS.map((one) => (
              <option key={one.kind} value={one.kind}>
                {one.when}
              </option>
            ))}
          </select>
        </label>
        {words.place !== "none" && (
          <label class="rule-field">
            <span>Where</span>
            <select value={zone?.id ?? ""} onChange={(event) => change({ zone: event.currentTarget.value })}>
              {words.whole ? <option value="">the whole picture</option> : !zone && <option value="">choose …</option>}
              {places.map((one) => (
                <option key={one.id} value={one.id}>
                  {one.name}
                </option>
              ))}
            </select>
          </label>
        )}
        {zone?.shape === "line" && (
          <label class="rule-field">
            <span>{rule.kind === "wrong-way" ? "Allowed" : "Which way"}</span>
            <select value={rule.direction} onChange={(event) => change({ direction: event.currentTarget.value as Direction })}>
              {rule.kind !== "wrong-way" && <option value="both">either way</option>}
              <option value="a_to_b">A to B</option>
              <option value="b_to_a">B to A</option>
            </select>
          </label>
        )}
        {rule.kind === "wrong-way" && zone?.shape === "area" && (
          <label class="rule-field">
            <span>Allowed</span>
            <select value={rule.heading ?? "right"} onChange={(event) => change({ heading: event.currentTarget.value as Heading })}>
              {HEADINGS.map(([key, word]) => (
                <option key={key} value={key}>
                  {word}
                </option>
              ))}
            </select>
          </label>
        )}
        {words.count && <Amount word={words.count.word} unit="things" value={rule.count} usual={words.count.usual} onChange={(count) => change({ count })} />}
        {words.seconds && <Amount word={words.seconds.word} unit="s" value={rule.seconds} usual={words.seconds.usual} onChange={(seconds) => change({ seconds })} />}
      </div>
      <div class="rule-foot">
        <CheckField label="On" value={rule.enabled} onChange={(enabled) => change({ enabled })} />
        <CheckField label="Send to webhooks" value={rule.notify} onChange={(notify) => change({ notify })} />
        <button type="button" class="icon-button" aria-label="Remove this rule" title="Remove this rule" onClick={onRemove}>
          <Icon name="close" />
        </button>
      </div>
      {problem !== undefined && <p class="bad-words">{problem}</p>}
    </li>
  );
}

function Amount({ word, unit, value, usual, onChange }: {
  word: string;
  unit: string;
  value: number | undefined;
  usual: number;
  onChange: (value: number | undefined) => void;
}) {
  return (
    <label class="rule-field narrow">
      <span>
        {word} ({unit})
      </span>
      <input
        type="number"
        min={1}
        placeholder={`${usual}`}
        value={value ?? ""}
        onInput={(event) => {
          const text = event.currentTarget.value;
          onChange(text === "" ? undefined : Math.round(Number(text)));
        }}
      />
    </label>
  );
}
