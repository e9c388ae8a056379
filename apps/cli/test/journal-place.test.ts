import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parsePostgresUrl, readJournalPlace } from '../src/journal-place.ts';

const FROM_VARIABLE = 'postgres://variable/db';

describe('readJournalPlace', () => {
  it('takes the option, else the variable, else none', () => {
    const variables = { MINITORRENT_JOURNAL: FROM_VARIABLE };
    expect(readJournalPlace({ journal: 'postgres://option/db' }, variables)?.shown).toBe(
      'postgresql://option/db',
    );
    expect(readJournalPlace({}, variables)?.url).toBe(FROM_VARIABLE);
    expect(readJournalPlace({}, { MINITORRENT_JOURNAL: '' })).toBeUndefined();
    expect(readJournalPlace({}, {})).toBeUndefined();
  });
});

describe('parsePostgresUrl', () => {
  it.each([
    [
      'postgres://alice:secret@db.example:5433/trackers?sslmode=verify-full',
      'postgresql://db.example:5433/trackers',
    ],
    ['postgresql://db.example', 'postgresql://db.example'],
    ['postgresql:///trackers', 'postgresql://localhost/trackers'],
    ['postgresql://[::1]/trackers?password=secret', 'postgresql://[::1]/trackers'],
    [
      'postgresql://localhost/trackers?host=/run/postgresql&password=secret',
      'postgresql:///run/postgresql/trackers',
    ],
    ['postgresql:///trackers?host=%2Frun%2Fpostgresql', 'postgresql:///run/postgresql/trackers'],
  ])('shows %s as %s', (url, shown) => {
    expect(parsePostgresUrl(url)).toEqual({ url, shown });
  });

  it.each([
    '',
    'db.example/trackers',
    'mysql://alice:secret@db/x',
    'postgres://alice:secret@db:99999/x',
    'postgres',
  ])('refuses %j without repeating it', (text) => {
    const error = thrownBy(() => parsePostgresUrl(text));
    expect(error).toMatchObject({
      code: 'bad_postgres_url',
      message: 'Cannot read the address of PostgreSQL: expected postgres://host/database',
    });
    expect(inspect(error, { showHidden: true })).not.toContain('secret');
  });

  it('never shows a password, wherever it stands', () => {
    const password = fc.stringMatching(/^[a-z0-9]{12}$/);
    fc.assert(
      fc.property(password, fc.constantFrom('localhost', '127.0.0.1', ''), (secret, host) => {
        const user = host === '' ? '' : `alice:${secret}@`;
        const { shown } = parsePostgresUrl(
          `postgres://${user}${host}/db?password=${secret}&x=${secret}#${secret}`,
        );
        expect(shown).not.toContain(secret);
      }),
    );
  });
});

function thrownBy(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}
