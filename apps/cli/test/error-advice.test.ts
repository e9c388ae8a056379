import { readdir, readFile } from 'node:fs/promises';
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

/** Messages of codes that have no advice in the table. */
const MESSAGES_ALONE = ['Cannot run a witness without its trackers'];

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

  it.each([
    ['tracker status wrong_cluster', '--cluster'],
    ['tracker promote wrong_cluster', '--cluster'],
    ['witness init wrong_cluster', '--cluster'],
    ['witness init bad_cluster_id', '--cluster'],
    ['witness init tracker_missing', '--from'],
    ['witness init not_found', '--restored'],
    ['witness register_exists', '--data'],
    ['tracker wrong_cluster', '--join'],
    ['tracker locked', '--data'],
    ['tracker listen_failed', '--listen'],
    ['tracker metrics_failed', '--metrics'],
    ['tracker foreign_data', '--data'],
    ['tracker no_other_tracker', '--witness'],
    ['tracker postgres_refused', '--journal'],
    ['tracker backup journal_failed', '--data'],
    ['tracker restore target_exists', '--data'],
    ['tracker restore locked', '--data'],
    ['tracker invite not_a_tracker', '--data'],
    ['tracker invite no_address', '--address'],
    ['cluster up process_ended', '--listen'],
    ['peer not_primary', '--tracker'],
    ['peer folder_failed', '--downloads'],
    ['peer data_folder_in_use', '--data'],
    ['download_file already_exists', '--overwrite'],
  ])('names the option that mends %s: %s', (what, option) => {
    const [, command, code = ''] = /^(.*) (\S+)$/.exec(what) ?? [];
    expect(adviceFor(code, command)).toContain(option);
  });

  it('is not in the message as well', async () => {
    const source = new URL('../src/', import.meta.url);
    const files = (await readdir(source, { recursive: true })).filter((file) => file.endsWith('.ts'));
    const texts = await Promise.all(files.map((file) => readFile(new URL(file, source), 'utf8')));
    const messages = texts.flatMap((text) => [...text.matchAll(/(['`])(Cannot (?:(?!\1).)*)\1/g)]);
    expect(messages.length).toBeGreaterThan(30);
    // What stands behind a semicolon is said to be the advice; that of this program is in its table, or it has none there.
    const twice = messages.map(([, , text = '']) => text).filter((text) => text.includes('; '));
    expect(twice.filter((text) => !MESSAGES_ALONE.some((start) => text.startsWith(start)))).toEqual([]);
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
