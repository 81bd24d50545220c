/** Owns the page that adds, changes and removes a camera. */
import { useRef, useState } from "preact/hooks";
import * as api from "../api.ts";
import { cameraPath, go } from "../router.ts";
import { cameras as shared } from "../state/shared.ts";
import { usePolled } from "../state/store.ts";
import { suggestId } from "../text/words.ts";
import type { Camera } from "../types.ts";
import { Icon } from "../ui/icons.tsx";
import { useTitle } from "../ui/measure.ts";
import { Note, Skeleton } from "../ui/parts.tsx";
import { CheckField, TextField } from "../ui/field.tsx";
import { draftOf, inputOf, newDraft, newSub, problemsOf, type Draft } from "./form-model.ts";
import { Keeping } from "./keeping.tsx";
import { SourceFields } from "./source-fields.tsx";
import { TryPanel } from "./try-panel.tsx";

export function EditPage({ id }: { id?: string }) {
  const { value, error } = usePolled(shared);
  const camera = value?.find((candidate) => candidate.id === id);
  useTitle(id === undefined ? "Add camera" : `Settings of ${camera?.name ?? id}`);
  if (id === undefined) return <Form taken={(value ?? []).map((other) => other.id)} />;
  if (camera) return <Form camera={camera} taken={[]} />;
  if (value || error !== undefined) {
    return (
      <Note icon="none" kind={error === undefined ? "empty" : "bad"} title={error === undefined ? "There is no such camera" : "The camera cannot be shown"}>
        <p>{error ?? `No camera has the id “${id}”. It may have been removed.`}</p>
        <a class="button primary" href="/">
          To the wall
        </a>
      </Note>
    );
  }
  return <Skeleton count={5} kind="row" />;
}

function Form({ camera, taken }: { camera?: Camera; taken: readonly string[] }) {
  const [draft, setDraft] = useState<Draft>(() => (camera ? draftOf(camera) : newDraft()));
  const [own, setOwn] = useState(camera !== undefined);
  const [asked, setAsked] = useState(false);
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<string>();
  const change = (part: Partial<Draft>) => setDraft((now) => ({ ...now, ...part }));
  const problems = problemsOf(draft, taken);
  const seen = asked ? problems : {};

  const save = async () => {
    setAsked(true);
    if (Object.keys(problems).length > 0) return;
    setBusy(true);
    setFailed(undefined);
    try {
      const input = inputOf(draft);
      await (camera ? api.changeCamera(camera.id, input) : api.addCamera(input));
      shared.refresh();
      go(camera ? cameraPath(draft.id) : "/");
    } catch (thrown) {
      setFailed(api.messageOf(thrown));
      setBusy(false);
    }
  };
  return (
    <form
      class="form-page"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <div class="bar">
        <div class="crumbs">
          <a class="icon-button" href={camera ? cameraPath(camera.id) : "/"} aria-label="Back" title="Back">
            <Icon name="left" />
          </a>
          <h1 class="headline">{camera ? `Settings of ${camera.name}` : "Add camera"}</h1>
        </div>
      </div>
      <div class="form-main">
        <div class="panel form">
          <TextField
            label="Name"
            value={draft.name}
            onChange={(name) => change(own ? { name } : { name, id: name.trim() === "" ? "" : suggestId(name, taken) })}
            placeholder="Front door"
            help={camera || draft.id !== "" ? <Id draft={draft} fixed={camera !== undefined} /> : "As you call it. It can be changed later."}
            problem={draft.id === "" ? seen["id"] : undefined}
            autoFocus={!camera}
          />
          {!camera && draft.id !== "" && (
            <details class="more" open={seen["id"] !== undefined}>
              <summary>Choose the id</summary>
              <TextField
                label="Id"
                value={draft.id}
                onChange={(id) => (setOwn(true), change({ id: id.toLowerCase() }))}
                problem={draft.id === "" ? undefined : (problems["id"] ?? undefined)}
                help="Stands in addresses and file names, and stays for ever."
                mono
              />
            </details>
          )}
          <SourceFields draft={draft.main} problem={seen["main"]} onChange={(main) => change({ main })} />
          {seen["roles"] !== undefined && <p class="bad-words">{seen["roles"]}</p>}
          <details class="more" open={draft.sub !== undefined}>
            <summary>Second, smaller stream</summary>
            <CheckField
              label="This camera has one"
              help="It is shown on the wall, where small pictures are enough: easier on network and browser."
              value={draft.sub !== undefined}
              onChange={(has) => change({ sub: has ? newSub() : undefined })}
            />
            {draft.sub && <SourceFields sub draft={draft.sub} problem={seen["sub"]} onChange={(sub) => change({ sub })} />}
          </details>
          <Keeping draft={draft} onChange={change} />
          {failed !== undefined && (
            <p class="form-failed" role="alert">
              <Icon name="warning" />
              {failed}
            </p>
          )}
          <div class="form-foot">
            <button type="submit" class="button primary" disabled={busy}>
              {busy ? "Saving …" : camera ? "Save" : "Add camera"}
            </button>
            <a class="button" href={camera ? cameraPath(camera.id) : "/"}>
              Cancel
            </a>
            {camera && <Remove camera={camera} onFailed={setFailed} />}
          </div>
        </div>
        <TryPanel draft={draft.main} />
      </div>
    </form>
  );
}

function Id({ draft, fixed }: { draft: Draft; fixed: boolean }) {
  return (
    <>
      {fixed ? "Its id is " : "Its id will be "}
      <code>{draft.id}</code>
    </>
  );
}

function Remove({ camera, onFailed }: { camera: Camera; onFailed: (words: string) => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const remove = async () => {
    dialog.current?.close();
    try {
      await api.removeCamera(camera.id);
      shared.refresh();
      go("/");
    } catch (thrown) {
      onFailed(api.messageOf(thrown));
    }
  };
  return (
    <>
      <button type="button" class="button danger end" onClick={() => dialog.current?.showModal()}>
        Remove camera
      </button>
      <dialog class="ask" ref={dialog} aria-label="Remove this camera?">
        <h2>Remove {camera.name}?</h2>
        <p>It is no longer recorded or shown. What is already recorded stays until its age or size limit.</p>
        <div class="row">
          <button type="button" class="button" autoFocus onClick={() => dialog.current?.close()}>
            Keep it
          </button>
          <button type="button" class="button danger" onClick={() => void remove()}>
            Remove camera
          </button>
        </div>
      </dialog>
    </>
  );
}
