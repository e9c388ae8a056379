import type { Journal } from '../src/journal/journal.ts';
import { createMemoryJournal, type MemoryStorage } from '../src/journal/memory-journal.ts';
import { journalContract } from './journal-contract.ts';

journalContract('createMemoryJournal', async () => {
  const storage: MemoryStorage = { records: [], snapshot: undefined };
  let journal: Journal | undefined;
  return {
    open: async () => {
      await journal?.close();
      journal = createMemoryJournal(storage);
      return journal;
    },
    [Symbol.asyncDispose]: async () => journal?.close(),
  };
});
