// Keeps fetched key sets as the catalog does, and hands each on to who decides elsewhere: at once, and to those that come later for as
// long as the catalog does not have it.

import type { KeySetStore, StoredKeySet } from '../../authorize/ports.ts';
import type { OpenCatalog } from '../../catalog/open-catalog.ts';

/** Hears of a set. */
export type OnKeySet = (keyManagerId: string, keySet: StoredKeySet) => void;

/** The store of a process that fetches for others. */
export class KeySetHandOn implements KeySetStore {
  readonly #catalog: Pick<OpenCatalog, 'keySets' | 'writer'>;
  readonly #unsaved = new Map<string, { readonly keyManagerId: string; readonly keySet: StoredKeySet }>();
  #tell: OnKeySet = () => undefined;

  constructor(catalog: Pick<OpenCatalog, 'keySets' | 'writer'>) {
    this.#catalog = catalog;
  }

  load(keyManagerId: string, url: string): StoredKeySet | undefined {
    return this.#catalog.keySets.load(keyManagerId, url);
  }

  save(keyManagerId: string, keySet: StoredKeySet): void {
    const name = JSON.stringify([keyManagerId, keySet.url]);
    const entry = { keyManagerId, keySet };
    this.#unsaved.set(name, entry);
    this.#tell(keyManagerId, keySet);
    void this.#catalog.writer.saveKeySet(keyManagerId, keySet).then((result) => {
      // Of a key manager that is gone nobody needs it; a file that cannot be written keeps it here.
      const isOver = result.kind === 'saved' || result.why === 'not_found';
      if (isOver && this.#unsaved.get(name) === entry) this.#unsaved.delete(name);
    });
  }

  /** Who is told of each set from now on. */
  onKeySet(tell: OnKeySet): void {
    this.#tell = tell;
  }

  /** Tells of those that are not in the catalog yet. */
  tellUnsaved(tell: OnKeySet): void {
    for (const { keyManagerId, keySet } of this.#unsaved.values()) tell(keyManagerId, keySet);
  }
}
