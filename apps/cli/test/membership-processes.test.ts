/** Who is in a group and who is not, as people meet it: with processes of the program, killed and cut off from trackers. */
import { randomBytes } from 'node:crypto';
import { readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { peerContract } from '@minitorrent/peer';
import { createConnection, createSystemClock } from '@minitorrent/rpc-core';
import { parseDeviceId } from '@minitorrent/rpc-core/identity';
import { createIdentity, createTlsNetwork } from '@minitorrent/rpc-core/tls';
import { describe, expect, it } from 'vitest';
import { parseAddress } from '../src/address.ts';
import type { DownloadRow } from '../src/output/file-reports.ts';
import type { JsonLine } from '../src/output/reports.ts';
import {
  createProcessGroup,
  PASSWORD,
  type PeerProcess,
  type ProcessGroup,
} from './support/process-group.ts';

const BIG_BYTES = 400_000_000;
/** So that what is to happen in the middle of a download is not too late: BIG_BYTES take ten seconds and more. */
const SLOWLY = ['--limit-up', '40M'];
const GROUP = 'films';

describe('a group of processes', () => {
  it.each(['removed', 'revoked'] as const)(
    'cuts a device off at once that is %s in the middle of a download and hears of nothing',
    async (how) => {
      await using group = await createProcessGroup();
      const [alice, bob] = await Promise.all([group.welcome('alice', ...SLOWLY), group.welcome('bob')]);
      const other = await group.startPeer('bob-laptop');
      await other.run('login', ['bob'], [PASSWORD]);
      await alice.run('create_group', [GROUP]);
      await bob.run('join_group', [GROUP, await invited(alice)]);
      const big = join(group.folder, 'big.mkv');
      await writeFile(big, '');
      await truncate(big, BIG_BYTES);
      await alice.run('upload_file', [GROUP, big]);

      bob.type('download_file', [GROUP, 'big.mkv']);
      await bob.progress('big.mkv', ({ verifiedBytes }) => verifiedBytes > 0);
      bob.deafen();
      if (how === 'removed') await alice.run('remove_member', [GROUP, 'bob']);
      else await other.run('device_revoke', [bob.listening.deviceId]);
      let verifiedBytes = -1;
      for (let row = await nextProgress(bob, group); row.verifiedBytes > verifiedBytes; ) {
        ({ verifiedBytes } = row);
        row = await nextProgress(bob, group);
        expect(row.state).toBe('downloading');
      }
      expect(verifiedBytes).toBeLessThan(BIG_BYTES);
    },
  );

  it('tells whoever is removed in the middle of a download why it ends and what is left of it', async () => {
    await using group = await createProcessGroup();
    const [alice, bob] = await Promise.all([group.welcome('alice', ...SLOWLY), group.welcome('bob')]);
    await alice.run('create_group', [GROUP]);
    await bob.run('join_group', [GROUP, await invited(alice)]);
    const big = join(group.folder, 'big.mkv');
    await writeFile(big, '');
    await truncate(big, BIG_BYTES);
    await alice.run('upload_file', [GROUP, big]);
    const ended = bob.refused('download_file', [GROUP, 'big.mkv']);
    const { path } = await bob.progress('big.mkv', ({ verifiedBytes }) => verifiedBytes > 0);
    await alice.run('remove_member', [GROUP, 'bob']);
    expect(await ended).toMatchObject({
      code: 'removed_from_group',
      message: expect.stringContaining(`(what was fetched stays in ${path})`),
      advice: expect.stringContaining('join_group'),
    });
    expect((await stat(path ?? '')).size).toBeGreaterThan(0);
    expect(await bob.take((line) => isEvent(line, 'membership-changed'))).toMatchObject({
      standing: 'member',
    });
    expect(await bob.take((line) => isEvent(line, 'membership-changed'))).toMatchObject({
      ...{ standing: 'removed', was: 'member' },
    });
    bob.type('quit', []);
    await expect(bob.died).rejects.toThrow('exit code 1');
  });

  it('lets an invited one in while no admin is online, and serves them', async () => {
    await using group = await createProcessGroup();
    const [alice, bob, carol] = await Promise.all(
      ['alice', 'bob', 'carol'].map((name) => group.welcome(name)),
    );
    if (alice === undefined || bob === undefined || carol === undefined) throw new TypeError('Nobody came');
    await alice.run('create_group', [GROUP]);
    const code = await invited(alice, '--uses', '2', '--expires', '1h');
    await carol.run('join_group', [GROUP, code]);
    const content = await share(carol, group);
    await alice.kill();

    expect(await bob.run('join_group', [GROUP, code])).toMatchObject({ status: 'member' });
    expect(await bob.run('list_file', [GROUP])).toMatchObject({
      files: [
        { name: 'film.mkv', sharedBy: 'carol', isSigned: true, sharedByDevice: carol.listening.deviceId },
      ],
    });
    await download(bob, content);
    // It was for two.
    const dave = await group.welcome('dave');
    expect(await dave.refused('join_group', [GROUP, code])).toMatchObject({ code: 'unknown_invitation' });
    expect(await dave.refused('list_file', [GROUP])).toMatchObject({ code: 'not_a_member' });
  });

  it('lets a second device of a user in by the first one, and out again', async () => {
    await using group = await createProcessGroup();
    const [alice, bob] = await Promise.all([group.welcome('alice'), group.welcome('bob')]);
    await alice.run('create_group', [GROUP]);
    await bob.run('join_group', [GROUP, await invited(alice)]);
    const content = await share(alice, group);

    const laptop = await group.startPeer('bob-laptop');
    await laptop.run('login', ['bob'], [PASSWORD]);
    const { deviceId } = laptop.listening;
    await laptop.take((line) => isEvent(line, 'device-waiting'));
    const asked = await bob.take((line) => isEvent(line, 'join-request'));
    expect(asked).toMatchObject({ groupId: GROUP, userId: 'bob', deviceIds: [deviceId] });
    expect(await laptop.refused('download_file', [GROUP, 'film.mkv'])).toMatchObject({
      code: expect.stringMatching(/^(?:not_admitted|bad_signature)$/),
    });
    await bob.run('accept_request', [GROUP, 'bob']);
    await download(laptop, content);
    expect(await bob.run('device_list', [])).toMatchObject({
      devices: [
        { deviceId: bob.listening.deviceId, name: 'bob', isThis: true },
        { deviceId, name: 'bob-laptop', isThis: false, isRevoked: false },
      ],
    });

    await bob.run('device_revoke', [deviceId.slice(0, 15)]);
    const out = await laptop.take((line) => isEvent(line, 'login-needed'));
    expect(out).toMatchObject({ userId: 'bob', code: 'device_revoked' });
    expect(await laptop.refused('login', ['bob'], [PASSWORD])).toMatchObject({ code: 'device_revoked' });
    expect(await bob.run('list_members', [GROUP])).toMatchObject({
      members: [{ userId: 'alice' }, { userId: 'bob', deviceIds: [bob.listening.deviceId] }],
    });
    expect(await bob.run('list_file', [GROUP])).toMatchObject({ files: [{ name: 'film.mkv' }] });
  });

  it('ends when it is told to, after it shut out the device that it is', async () => {
    await using group = await createProcessGroup();
    await group.welcome('bob');
    const laptop = await group.startPeer('bob-laptop');
    await laptop.run('login', ['bob'], [PASSWORD]);
    await laptop.run('device_revoke', [laptop.listening.deviceId]);
    laptop.type('quit', []);
    await expect(laptop.died).rejects.toMatchObject({ code: 'process_ended' });
  });

  it('serves a member that it knows with all trackers dead, and no stranger', async () => {
    await using group = await createProcessGroup();
    const [alice, bob] = await Promise.all([group.welcome('alice', ...SLOWLY), group.welcome('bob')]);
    await alice.run('create_group', [GROUP]);
    await bob.run('join_group', [GROUP, await invited(alice)]);
    const content = await share(alice, group, BIG_BYTES / 4);
    bob.type('download_file', [GROUP, 'film.mkv']);
    const begun = await bob.progress('film.mkv', ({ verifiedBytes }) => verifiedBytes > 0);
    await Promise.all([group.killTracker(), bob.kill()]);
    expect(begun.state).toBe('downloading');

    const again = await group.startPeer('bob');
    await again.run('login', ['bob'], [PASSWORD]);
    await again.take((line) => isEvent(line, 'offline'));
    await again.take((line) => isEvent(line, 'download-completed'));
    expect((await readFile(join(again.downloads, 'film.mkv'))).equals(content)).toBe(true);
    expect(await again.progress('film.mkv', () => true)).toMatchObject({ peers: [{ userId: 'alice' }] });

    const root = await rootOfShare(alice);
    expect(await askAsStranger(alice, root)).toBe('not_admitted');
  });
});

/** The progress of the big download two seconds from now, if nothing came of it by then. */
async function nextProgress(peer: PeerProcess, group: ProcessGroup): Promise<DownloadRow> {
  const sinceMs = group.nowMs();
  return await peer.progress('big.mkv', (_, atMs) => atMs > sinceMs + 2_000);
}

async function invited(admin: PeerProcess, ...options: string[]): Promise<string> {
  admin.type(`invite ${GROUP} ${options.join(' ')}`, []);
  const made = await admin.take((line) => line.type === 'result' && line.command === 'invite');
  if (made.command !== 'invite') throw new TypeError('Expected an invitation');
  return made.code;
}

async function share(peer: PeerProcess, group: ProcessGroup, bytes = 1_000_000): Promise<Uint8Array> {
  const content = randomBytes(bytes);
  const path = join(group.folder, 'film.mkv');
  await writeFile(path, content);
  await peer.run('upload_file', [GROUP, path]);
  return content;
}

async function download(peer: PeerProcess, content: Uint8Array): Promise<void> {
  await peer.run('download_file', [GROUP, 'film.mkv']);
  expect((await readFile(join(peer.downloads, 'film.mkv'))).equals(content)).toBe(true);
}

async function rootOfShare(peer: PeerProcess): Promise<Uint8Array> {
  const shown = await peer.run('show_shares', []);
  if (shown.command !== 'show_shares') throw new TypeError('Expected shares');
  return Buffer.from(shown.shares[0]?.root ?? '', 'hex');
}

/** Asks a peer for what it has of a file, as a device that nobody let in; answers the code of the refusal. */
async function askAsStranger(peer: PeerProcess, root: Uint8Array): Promise<string> {
  const clock = createSystemClock();
  const network = createTlsNetwork({ identity: createIdentity(), clock });
  const address = parseAddress(peer.listening.address, { defaultPort: 0 });
  const channel = await network.connect(address, { expect: parseDeviceId(peer.listening.deviceId) });
  const connection = createConnection({ channel, clock });
  try {
    const asked = connection.client(peerContract).send_piece_info({ groupId: GROUP, root });
    for await (const _ of asked) return 'served';
    return 'ended';
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  } finally {
    await connection.close();
  }
}

function isEvent<E extends Extract<JsonLine, { readonly type: 'event' }>['event']>(
  line: JsonLine,
  event: E,
): line is Extract<JsonLine, { readonly event: E }> {
  return line.type === 'event' && line.event === event;
}
