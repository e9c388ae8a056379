/** What the store in a data folder is, without running a tracker on it. */
import { toHex } from '../hex.ts';
import type { StoreId } from '../register.ts';
import { openDataFolder } from './data-folder.ts';
import { openSqliteJournal } from './sqlite-journal.ts';

export interface StoreHead {
  /** 32 hexadecimal digits. */
  readonly storeId: StoreId;
  /** Of the last entry; 0 where there is none. */
  readonly epoch: number;
  readonly index: number;
}

/** Locks the folder meanwhile. Fails with `locked`, `journal_corrupt`, `journal_failed`. */
export async function readStore({ dataDir }: { readonly dataDir: string }): Promise<StoreHead> {
  const folder = await openDataFolder(dataDir);
  // A folder that was not there is not made by looking for it.
  await using opened = new AsyncDisposableStack();
  let isEmpty = true;
  opened.defer(() => (isEmpty ? folder.discard() : folder.unlock()));
  const journal = opened.use(await openSqliteJournal(folder.journalFile));
  const { epoch, index } = journal.head;
  isEmpty = index === 0;
  return { storeId: toHex(journal.storeId), epoch, index };
}
