import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SharedJournal } from '../src/journal/journal.ts';
import { openPostgresJournal } from '../src/postgres.ts';
import { describePostgres, type PostgresServer, startPostgres } from './helpers/postgres.ts';
import { chain, journalContract } from './journal-contract.ts';

describePostgres('PostgreSQL', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server?.[Symbol.asyncDispose]());

  journalContract('openPostgresJournal', async () => {
    const url = await server.createDatabase();
    let journal: SharedJournal | undefined;
    return {
      open: async () => {
        await journal?.close();
        journal = await openPostgresJournal({ url });
        return journal;
      },
      [Symbol.asyncDispose]: async () => {
        await journal?.close();
      },
    };
  });

  describe('openPostgresJournal', () => {
    it('refuses what does not follow what another tracker wrote, until it has its turn', async () => {
      const url = await server.createDatabase();
      await using one = await openPostgresJournal({ url });
      await using two = await openPostgresJournal({ url });
      const [first, second, third] = chain(3);
      if (first === undefined || second === undefined || third === undefined)
        throw new Error('three entries');
      await one.append([first]);
      const other = {
        position: { ...first.position, hash: new Uint8Array(32).fill(1) },
        bytes: new Uint8Array(9),
      };
      await expect(two.append([other])).rejects.toMatchObject({ code: 'diverged' });
      await expect(two.append([second])).rejects.toMatchObject({ code: 'diverged' });
      await two.takeTurn();
      expect(two.head).toEqual(first.position);
      await two.append([second]);
      await one.refresh();
      expect(one.head).toEqual(second.position);
      await expect(one.append([third])).rejects.toMatchObject({ code: 'diverged' });
      await one.takeTurn();
      await one.append([third]);
    });
  });
});
