import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { historyEntry, openHistory } from '../src/shell/history.ts';
import { quoteWord } from '../src/shell/tokenize.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'minitorrent-history-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('openHistory', () => {
  it('keeps lines across sessions, newest first, in a private file', async () => {
    const path = join(folder, 'new', 'history');
    const history = await openHistory(path);
    expect(history.lines()).toEqual([]);
    await history.add('list_groups');
    await history.add('list_file films');
    await history.add('list_file films');
    await history.add('  ');
    expect((await openHistory(path)).lines()).toEqual(['list_file films', 'list_groups']);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('keeps what is no command for this session only', async () => {
    const path = join(folder, 'history');
    const history = await openHistory(path);
    await history.add('list_groups');
    await history.add('lgoin alice top-secret-word');
    await history.add('top-secret-word');
    expect(history.lines()).toHaveLength(3);
    expect(await readFile(path, 'utf8')).toBe('list_groups\n');
  });

  it('keeps the newest thousand lines', async () => {
    const path = join(folder, 'history');
    await writeFile(path, Array.from({ length: 1_200 }, (_, index) => `list_file g${index}\n`).join(''));
    const history = await openHistory(path);
    expect(history.lines()).toHaveLength(1_000);
    expect(history.lines()[0]).toBe('list_file g1199');
    expect((await readFile(path, 'utf8')).split('\n')).toHaveLength(1_001);
  });

  it('says so when the file cannot be read', async () => {
    await expect(openHistory(folder)).rejects.toMatchObject({ code: 'EISDIR' });
  });
});

describe('historyEntry', () => {
  it.each([
    ['login alice secret', 'login alice'],
    ['  create_user  "al ice"  secret q', 'create_user  "al ice"'],
    ['login alice', 'login alice'],
    ['login', 'login'],
    ['join_group films ABC-DEF', 'join_group films'],
    ['join_group films', 'join_group films'],
    ['revoke_invitation films ABC-DEF', 'revoke_invitation films'],
    ['change_password', 'change_password'],
    ['change_password old-secret new-secret', 'change_password'],
    ['device revoke ABC', 'device revoke ABC'],
    ['login alice "half open secret', 'login alice'],
    ['upload_file films "a b"', 'upload_file films "a b"'],
  ])('of %j is %j', (line, text) => {
    expect(historyEntry(line)).toEqual({ text, isLasting: true });
  });

  it('never has a password in it, however it is written', () => {
    const secret = fc.string({ minLength: 12 }).filter((text) => text.trim().length >= 12);
    const user = fc.stringMatching(/^[a-z]{1,8}$/);
    const name = fc.constantFrom('login', 'create_user', "'login'", 'lo"gin"');
    fc.assert(
      fc.property(name, user, secret, fc.boolean(), (command, userId, password, isQuoted) => {
        const line = `${command} ${userId} ${isQuoted ? quoteWord(password) : password} q`;
        expect(historyEntry(line)).toEqual({ text: `${command} ${userId}`, isLasting: true });
      }),
    );
  });
});
