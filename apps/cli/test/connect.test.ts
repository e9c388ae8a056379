import { mkdtempDisposable, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runConnect } from '../src/commands/connect.ts';
import { formatInvitationLink } from '../src/places/invitation-link.ts';
import { openKnownTrackers } from '../src/places/known-trackers.ts';
import { device, idOf } from './support/devices.ts';
import { createFakeWorld } from './support/fake-world.ts';

const linkTo = (byte: number) => formatInvitationLink([{ host: 'a', port: 1, pin: device(byte) }]);

describe('minitorrent connect', () => {
  it('stores where a link leads, for the peer with that data folder, and tells what is different now', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'minitorrent-connect-'));
    const world = createFakeWorld({ variables: { MINITORRENT_DATA: folder.path } });
    for (const byte of [2, 2, 3]) expect(await runConnect(linkTo(byte), { json: true }, world)).toBe(0);
    const dataFolder = join(folder.path, 'peer');
    const result = { type: 'result', command: 'connect', dataFolder };
    const trackers = [{ address: 'a:1', deviceId: idOf(2) }];
    expect(world.json()).toEqual([
      { ...result, trackers, changed: [] },
      { ...result, trackers, changed: [] },
      { ...result, trackers: [{ address: 'a:1', deviceId: idOf(3) }], changed: ['a:1'] },
    ]);
    expect((await openKnownTrackers(dataFolder)).invited).toEqual([{ host: 'a', port: 1, pin: device(3) }]);
    expect((await stat(join(dataFolder, 'trackers.json'))).mode & 0o777).toBe(0o600);
  });

  it('says what is wrong with a link, and leaves the one before', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'minitorrent-connect-'));
    const world = createFakeWorld();
    expect(await runConnect(linkTo(2), { data: folder.path }, world)).toBe(0);
    expect(await runConnect(linkTo(2).slice(0, -1), { data: folder.path }, world)).toBe(2);
    expect(world.err()).toMatch(/^error: connect: .*expected 56 \(bad_link\)\n {2}next: copy the whole link/);
    const { invited } = await openKnownTrackers(join(folder.path, 'peer'));
    expect(invited).toHaveLength(1);
  });
});
