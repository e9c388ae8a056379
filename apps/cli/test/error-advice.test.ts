import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { adviceFor } from '../src/error-advice.ts';
import { SHELL_COMMANDS } from '../src/shell/command-table.ts';

/** Their messages say it best, or there is nothing to do: what the user ended, or what ended with the program. */
const WITHOUT_ADVICE = [
  'cancelled',
  'closed',
  'not_allowed',
  'read_only',
  'target_exists',
  'too_many_attempts',
  'wrong_cluster',
];

const SOURCES = ['packages/tracker', 'packages/peer', 'packages/rpc-core', 'packages/chunk-store'];
/** Reported in the words of whoever runs into them; the rest of the store's codes never reach a user. */
const STORE_CODES = ['bad_name', 'corrupt_piece', 'disk_full', 'locked', 'not_found', 'source_changed'];

/** The codes of a package, from its source: types are gone when a test runs. */
async function codesOf(folder: string): Promise<string[]> {
  const source = await readFile(new URL(`../../../${folder}/src/errors.ts`, import.meta.url), 'utf8');
  const unions = source.matchAll(/^export type \w+ErrorCode =(.*?);\n/gms);
  return Array.from(unions, ([, union = '']) =>
    Array.from(union.matchAll(/'([a-z_]+)'/g), ([, code = '']) => code),
  ).flat();
}

describe('adviceFor', () => {
  it.each(SOURCES.slice(0, 3))('says what to do next for every code of %s', async (folder) => {
    const codes = await codesOf(folder);
    expect(codes.length).toBeGreaterThan(15);
    const silent = codes.filter((code) => adviceFor(code) === null);
    expect(silent.filter((code) => !WITHOUT_ADVICE.includes(code))).toEqual([]);
  });

  it('and for those codes of stores that reach a user', async () => {
    const codes = await codesOf('packages/chunk-store');
    expect(codes).toEqual(expect.arrayContaining(STORE_CODES));
    for (const code of STORE_CODES) expect([code, adviceFor(code)]).toEqual([code, expect.any(String)]);
  });

  it('names only commands that there are', () => {
    const names = new Set(SHELL_COMMANDS.map(({ name }) => name));
    const everything = [...codesNamedInAdvice()];
    expect(everything.length).toBeGreaterThan(15);
    for (const name of everything) expect(names).toContain(name);
  });

  it('says nothing to what it does not know, whatever it is called', () => {
    for (const code of ['brand_new', 'toString', '__proto__', '']) expect(adviceFor(code)).toBeNull();
  });
});

/** Words of the advice that look like commands of the shell. */
function* codesNamedInAdvice(): Iterable<string> {
  const all = ['not_a_member', 'not_admitted', 'wrong_group_key', 'last_admin', 'unknown_group', 'bad_id'];
  const more = ['unknown_device', 'already_here', 'unknown_request', 'unconfirmed', 'group_exists'];
  for (const code of [...all, ...more]) {
    for (const [word] of (adviceFor(code) ?? '').matchAll(/[a-z]+_[a-z]+|device (?:list|revoke)/g))
      yield word;
  }
}
