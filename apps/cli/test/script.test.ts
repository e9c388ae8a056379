import { Readable } from 'node:stream';
import type { Peer } from '@minitorrent/peer';
import { describe, expect, it, vi } from 'vitest';
import { createLineSource } from '../src/shell/line-source.ts';
import { runScript } from '../src/shell/script.ts';
import { createFakeContext } from './support/fake-context.ts';
import { createFakeReporter } from './support/fake-reporter.ts';

async function runText(text: string, options: { scripted?: Partial<Peer>; keepGoing?: boolean } = {}) {
  const reporter = createFakeReporter();
  const context = createFakeContext(options.scripted);
  const source = createLineSource(Readable.from([text]), { signal: context.signal });
  const outcome = await runScript({ source, reporter, context, keepGoing: options.keepGoing === true });
  source.close();
  return { outcome, reports: reporter.reports };
}

const ok = async () => undefined;
const refused = () => Promise.reject(Object.assign(new Error('No'), { code: 'not_a_member' }));

describe('runScript', () => {
  it('runs commands one after the other, in order', async () => {
    const order: string[] = [];
    const scripted: Partial<Peer> = {
      async createGroup(groupId) {
        order.push(`${groupId} begins`);
        await Promise.resolve();
        order.push(`${groupId} ends`);
      },
    };
    const { outcome } = await runText('create_group a\n\n# two\r\ncreate_group b', { scripted });
    expect(outcome).toEqual({ ending: 'end', exitCode: 0 });
    expect(order).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
  });

  it('stops at the first failure and tells its line', async () => {
    const { outcome, reports } = await runText('logout\nleave_group a\nlogout\n', {
      scripted: { logout: ok, leaveGroup: refused },
    });
    expect(outcome).toEqual({ ending: 'failed', exitCode: 1 });
    expect(reports).toMatchObject([
      { type: 'result', command: 'logout' },
      { type: 'error', command: 'leave_group', line: 2, code: 'not_a_member' },
    ]);
  });

  it('goes on when told to, and answers the code of the first failure', async () => {
    const { outcome, reports } = await runText('bogus\nleave_group a\nlogout\n', {
      scripted: { logout: ok, leaveGroup: refused },
      keepGoing: true,
    });
    expect(outcome).toEqual({ ending: 'end', exitCode: 2 });
    expect(reports.map((report) => report.type)).toEqual(['error', 'error', 'result']);
  });

  it('ends at quit', async () => {
    const { outcome, reports } = await runText('quit\nlogout\n');
    expect(outcome).toEqual({ ending: 'quit', exitCode: 0 });
    expect(reports).toHaveLength(1);
  });

  it('takes a password that is not in the line from the line below, as it is', async () => {
    const login = vi.fn(ok);
    const { reports } = await runText('login alice\n two  "words \\q\nbogus\n', { scripted: { login } });
    expect(login).toHaveBeenCalledWith('alice', ' two  "words \\q', expect.anything());
    expect(reports.at(-1)).toMatchObject({ type: 'error', line: 3 });
  });

  it('fails when there is no line for the password', async () => {
    const { outcome, reports } = await runText('login alice');
    expect(outcome.exitCode).toBe(1);
    expect(reports).toMatchObject([{ code: 'no_password', advice: expect.any(String) }]);
  });
});

describe('createLineSource', () => {
  it('ends when it is told to, while somebody waits', async () => {
    const end = new AbortController();
    const source = createLineSource(new Readable({ read: () => undefined }), { signal: end.signal });
    const next = source.next();
    end.abort();
    expect(await next).toBeUndefined();
    expect(await createLineSource(Readable.from(['a']), { signal: end.signal }).next()).toBeUndefined();
  });

  it('reads any split of the input', async () => {
    const { signal } = new AbortController();
    const source = createLineSource(Readable.from(['a', 'b\r', '\nc', '\n\nd']), { signal });
    const lines: (string | undefined)[] = [];
    for (let line = await source.next(); line !== undefined; line = await source.next()) lines.push(line);
    expect(lines).toEqual(['ab', 'c', '', 'd']);
  });
});
