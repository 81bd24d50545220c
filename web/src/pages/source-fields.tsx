/** Owns the fields of one stream of a camera: address, credentials, transport, roles. */
import { Choice } from "../ui/parts.tsx";
import { CheckField, TextField } from "../ui/field.tsx";
import { SCHEMES, schemeOf, type SourceDraft } from "./form-model.ts";

interface Props {
  draft: SourceDraft;
  problem: string | undefined;
  onChange: (draft: SourceDraft) => void;
  sub?: boolean;
}

const REMOTE = ["rtsp", "rtsps", "http", "https", "srt", "rtmp", "rtmps"];

export function SourceFields({ draft, problem, onChange, sub = false }: Props) {
  const change = (part: Partial<SourceDraft>) => onChange({ ...draft, ...part });
  const scheme = schemeOf(draft.address);
  const help = SCHEMES.find((entry) => entry.scheme === scheme)?.help ?? "Begin with a kind:";
  const remote = scheme === "" || REMOTE.includes(scheme);
  return (
    <>
      <TextField
        label={sub ? "Address of the smaller stream" : "Address"}
        value={draft.address}
        onChange={(address) => change({ address })}
        placeholder="rtsp://192.168.1.20:554/stream1"
        problem={problem}
        help={help}
        mono
      />
      {scheme === "" && (
        <div class="chips" role="group" aria-label="Kinds of addresses">
          {SCHEMES.map((entry) => (
            <button key={entry.scheme} type="button" class="chip" title={entry.help} onClick={() => change({ address: entry.start })}>
              {entry.start}
            </button>
          ))}
        </div>
      )}
      {remote && (
        <div class="pair">
          <TextField label="User name" value={draft.username} onChange={(username) => change({ username })} help="If the camera asks for one." />
          <TextField
            label="Password"
            type="password"
            value={draft.password}
            onChange={(password) => change({ password })}
            placeholder={draft.hasPassword ? "Stored; leave empty to keep it" : ""}
            help="Kept sealed on this machine and never shown again."
          />
        </div>
      )}
      {(scheme === "rtsp" || scheme === "rtsps") && (
        <div class="field">
          <span class="label">Transport</span>
          <Choice
            label="Transport"
            value={draft.transport}
            options={[["tcp", "TCP"], ["udp", "UDP"]] as const}
            onChange={(transport) => change({ transport })}
          />
          <p class="help">TCP loses nothing. Choose UDP only if the camera cannot do TCP.</p>
        </div>
      )}
      {scheme === "file" && (
        <CheckField label="Play once" help="Otherwise it begins again at its end." value={draft.once} onChange={(once) => change({ once })} />
      )}
      <fieldset class="roles">
        <legend>What to do with this stream</legend>
        <CheckField label="Record" value={draft.record} onChange={(record) => change({ record })} />
        <CheckField label="Analyse" value={draft.analyse} onChange={(analyse) => change({ analyse })} />
        <CheckField label="Show live" value={draft.live} onChange={(live) => change({ live })} />
      </fieldset>
    </>
  );
}
