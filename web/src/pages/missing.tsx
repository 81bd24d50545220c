/** Owns the page for an address that names nothing. */
import { Note } from "../ui/parts.tsx";

export function MissingPage({ path }: { path: string }) {
  return (
    <Note icon="none" title="There is no such page">
      <p>
        Nothing is at <code>{path}</code>. It may have been removed, or the address is mistyped.
      </p>
      <p>
        <a class="button primary" href="/">
          To the wall
        </a>
      </p>
    </Note>
  );
}
