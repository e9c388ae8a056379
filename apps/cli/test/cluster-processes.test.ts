/** Pairs of trackers as an operator runs them: processes of the program, killed, wiped, promoted and restarted. */
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DemoProcess } from '../src/demo/demo-process.ts';
import type { JsonLine } from '../src/output/reports.ts';
import { createProcessPair, PASSWORD, type ProcessPair } from './support/process-pair.ts';

describe('a pair without a witness', () => {
  it('waits in safe mode, serves what it has, and goes on when a person promotes one', async () => {
    await using pair = await createProcessPair({ hasWitness: false });
    await Promise.all([pair.start(0), pair.start(1)]);
    await pair.untilRoles('safe', 'safe');
    await pair.promote(0);
    await pair.untilRoles('primary', 'backup');
    const alice = await pair.startPeer('alice');
    await register(alice);
    await alice.run('create_group', ['films']);
    // From now on the trackers know this device of hers, too.
    const late = await pair.startPeer('late');
    await late.run('login', ['alice'], [PASSWORD]);
    await late.run('logout', []);

    await pair.kill(0);
    await pair.untilRoles('down', 'safe');
    expect(await failureOf(late, 'create_user', ['late'], [PASSWORD])).toMatchObject({ code: 'no_primary' });
    const stranger = await pair.startPeer('stranger');
    expect(await failureOf(stranger, 'login', ['alice'], [PASSWORD])).toMatchObject({ code: 'no_primary' });
    await late.run('login', ['alice'], [PASSWORD]);
    expect(await late.run('list_groups', [])).toMatchObject({
      groups: [{ groupId: 'films' }],
      mayBeStale: true,
    });

    await pair.promote(1);
    await pair.untilRoles('down', 'primary');
    await late.run('create_group', ['after']);
    await pair.start(0);
    await pair.untilRoles('backup', 'primary');
    const [back, led] = await Promise.all([pair.status(0), pair.status(1)]);
    expect(back?.acknowledgedIndex).toBe(led?.headIndex);
    expect(await late.run('list_groups', [])).toMatchObject({
      groups: [{ groupId: 'after' }, { groupId: 'films' }],
      mayBeStale: false,
    });
  });
});

describe('a pair that lost everything but a backup', () => {
  it('goes on from the backup, and the empty tracker follows the restored one', async () => {
    await using pair = await startedPair();
    const alice = await pair.startPeer('alice');
    await register(alice);
    await alice.run('create_group', ['films']);
    const leader = (await pair.status(0))?.role === 'primary' ? 0 : 1;
    await pair.kill(1 - leader);
    // Another epoch, so that the journal is not one of a tracker that stood alone.
    await alice.run('create_group', ['later']);
    const copy = join(pair.folder, 'copy.sqlite');
    await pair.program('tracker', 'backup', copy, '--data', pair.dataOf(`tracker-${leader}`));
    await Promise.all([pair.kill(leader), pair.killWitness()]);
    await Promise.all([pair.wipe(0), pair.wipe(1), pair.wipeWitness()]);
    await pair.program('tracker', 'restore', copy, '--data', pair.dataOf('tracker-0'));
    await pair.initWitness('--restored', pair.dataOf('tracker-0'));
    await pair.startWitness();
    await pair.start(1);
    await pair.start(0);
    await pair.untilRoles('primary', 'backup');
    const again = await pair.startPeer('again');
    await again.run('login', ['alice'], [PASSWORD]);
    expect(await again.run('list_groups', [])).toMatchObject({
      groups: [{ groupId: 'films' }, { groupId: 'later' }],
    });
  });
});

describe('a pair with a witness', () => {
  it('takes back a tracker whose disk was lost, and it can take over then', async () => {
    await using pair = await startedPair();
    const leader = (await pair.status(0))?.role === 'primary' ? 0 : 1;
    const alice = await pair.startPeer('alice');
    await register(alice);
    await alice.run('create_group', ['films']);
    await pair.kill(1 - leader);
    await pair.wipe(1 - leader);
    await pair.start(1 - leader);
    await untilInSync(pair);
    await pair.kill(leader);
    await alice.run('create_group', ['after']);
    expect((await pair.status(1 - leader))?.role).toBe('primary');
    expect(await alice.run('list_groups', [])).toMatchObject({
      groups: [{ groupId: 'after' }, { groupId: 'films' }],
    });
  });

  it('is restarted one by one, and nobody who writes sees an error', async () => {
    await using pair = await startedPair();
    const alice = await pair.startPeer('alice');
    await register(alice);
    let isDone = false;
    const names: string[] = [];
    const writing = (async () => {
      while (!isDone) {
        const name = `guest-${names.length}`;
        await runWithoutError(alice, 'create_user', [name], [PASSWORD]);
        names.push(name);
      }
    })();
    writing.catch(() => undefined);
    for (const at of [0, 1]) {
      await pair.end(at);
      await pair.start(at);
      await untilInSync(pair);
    }
    isDone = true;
    await writing;
    expect(names.length).toBeGreaterThan(10);
    // Everybody whose registration was answered is there, once, and so is the device of alice.
    expect((await pair.status(0))?.acknowledgedIndex).toBe(names.length + 2);
  });

  it('loses both trackers and the witness in the middle of a transfer, which completes', async () => {
    await using pair = await startedPair();
    const source = join(pair.folder, 'film.bin');
    const content = randomBytes(100_000_000);
    await writeFile(source, content);
    const [alice, bob] = await Promise.all([
      // Five seconds of it: it is not over before it was noticed.
      pair.startPeer('alice', '--limit-up', '20M'),
      pair.startPeer('bob'),
    ]);
    await Promise.all([register(alice), register(bob)]);
    await alice.run('create_group', ['films']);
    await bob.run('join_group', ['films']);
    await alice.run('accept_request', ['films', 'bob']);
    await alice.run('upload_file', ['films', source]);
    const downloading = bob.run('download_file', ['films', 'film.bin']);
    await expect.poll(() => progressOf(pair, 'bob'), { interval: 10 }).toBeGreaterThan(0);
    await Promise.all([pair.kill(0), pair.kill(1), pair.killWitness()]);
    expect(progressOf(pair, 'bob')).toBeLessThan(content.length);
    expect(await downloading).toMatchObject({ status: 'completed' });
    expect((await readFile(join(pair.folder, 'bob-downloads', 'film.bin'))).equals(content)).toBe(true);
  });
});

async function startedPair(): Promise<ProcessPair> {
  const pair = await createProcessPair({ hasWitness: true });
  await Promise.all([pair.start(0), pair.start(1)]);
  await untilInSync(pair);
  return pair;
}

/** Waits until both tell that the two stores that run now, not ones that a lost disk had, are in sync. */
async function untilInSync(pair: ProcessPair): Promise<void> {
  const areInSync = async () => {
    const statuses = await Promise.all([pair.status(0), pair.status(1)]);
    const stores = statuses.map((one) => one?.storeId);
    return statuses.every((one) => stores.every((id) => typeof id === 'string' && one?.inSync.includes(id)));
  };
  await expect.poll(areInSync).toBe(true);
}

async function register(peer: DemoProcess): Promise<void> {
  await peer.run('create_user', [peer.name], [PASSWORD]);
  await peer.run('login', [peer.name], [PASSWORD]);
}

/** The error that `command` ends with. */
async function failureOf(
  peer: DemoProcess,
  command: string,
  args: readonly string[],
  answers: readonly string[],
): Promise<JsonLine> {
  peer.type(command, args, answers);
  return peer.take((line): line is Extract<JsonLine, { type: 'error' }> => line.type === 'error');
}

/** Fails as soon as the peer reports an error. */
async function runWithoutError(
  peer: DemoProcess,
  command: string,
  args: readonly string[],
  answers: readonly string[],
): Promise<void> {
  const isOver = (line: JsonLine): line is Extract<JsonLine, { type: 'error' | 'result' }> =>
    line.type === 'error' || line.type === 'result';
  peer.type(command, args, answers);
  const line = await peer.take(isOver);
  if (line.type === 'error') throw new Error(`${command}: ${line.message}`);
}

/** Verified bytes of the download under way. */
function progressOf(pair: ProcessPair, name: string): number {
  const samples = pair.reports.flatMap((one) =>
    one.name === name && one.line.type === 'progress' && one.line.activity === 'download'
      ? [one.line.download.verifiedBytes]
      : [],
  );
  return samples.at(-1) ?? 0;
}
