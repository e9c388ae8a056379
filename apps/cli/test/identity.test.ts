import { mkdtempDisposable, readdir, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Address } from '@minitorrent/rpc-core';
import { describe, expect, it } from 'vitest';
import { runIdentity, runTrackerInvite } from '../src/commands/identity.ts';
import { parseInvitationLink } from '../src/places/invitation-link.ts';
import type { PinnedPlace } from '../src/places/place.ts';
import { keepTrackerPlaces } from '../src/places/tracker-places.ts';
import { device, idOf } from './support/devices.ts';
import { createFakeWorld } from './support/fake-world.ts';

const openFolder = () => mkdtempDisposable(join(tmpdir(), 'minitorrent-identity-'));

describe('minitorrent tracker identity, witness identity', () => {
  it.each(['tracker', 'witness'] as const)('tell the same id of a %s each time', async (role) => {
    await using folder = await openFolder();
    const world = createFakeWorld();
    for (const _ of [1, 2]) expect(await runIdentity(role, { data: folder.path }, world)).toBe(0);
    expect(world.out()).toMatch(/^([A-Z2-7-]{63})\n\1\n$/);
    const key = await stat(join(folder.path, role, 'identity.pem'));
    expect(key.mode & 0o777).toBe(0o600);
    const machine = createFakeWorld();
    expect(await runIdentity(role, { data: folder.path, json: true }, machine)).toBe(0);
    const [deviceId] = world.lines();
    expect(machine.json()).toEqual([
      { type: 'result', command: `${role}_identity`, deviceId, dataFolder: join(folder.path, role) },
    ]);
  });
});

describe('minitorrent tracker invite', () => {
  it('gives its own id to addresses without one', async () => {
    await using folder = await openFolder();
    const data = folder.path;
    const world = createFakeWorld();
    await runIdentity('tracker', { data }, world);
    const address = `one.example,[::1]:1,two.example:7700#${idOf(2)}`;
    expect(await runTrackerInvite({ data, address }, world)).toBe(0);
    const [own, link = '', ...more] = world.lines();
    expect(more).toEqual([]);
    expect(link).toBe(`minitorrent://one.example:7700,[::1]:1,two.example:7700#${own},${own},${idOf(2)}`);
    expect(parseInvitationLink(link)[2]).toEqual({ host: 'two.example', port: 7700, pin: device(2) });
  });

  /** A folder with the key of a tracker that listened there. */
  async function trackerIn(data: string, listen: Address, others: readonly PinnedPlace[] = []) {
    const world = createFakeWorld();
    await runIdentity('tracker', { data }, world);
    await keepTrackerPlaces(join(data, 'tracker'), { listen, others });
    const [own = ''] = world.lines();
    return own;
  }

  it('leads to where the tracker listens, and to the others of its cluster', async () => {
    await using folder = await openFolder();
    const other = { host: 'two.example', port: 7701, pin: device(2) };
    const own = await trackerIn(folder.path, { host: '10.1.2.3', port: 7800 }, [other]);
    const world = createFakeWorld();
    expect(await runTrackerInvite({ data: folder.path, json: true }, world)).toBe(0);
    const [notice, result] = world.json();
    expect(notice).toMatchObject({ event: 'notice', message: expect.stringContaining('--address') });
    expect(result).toEqual({
      ...{ type: 'result', command: 'tracker_invite' },
      link: `minitorrent://10.1.2.3:7800,two.example:7701#${own},${idOf(2)}`,
      trackers: [
        { address: '10.1.2.3:7800', deviceId: own },
        { address: 'two.example:7701', deviceId: idOf(2) },
      ],
    });
    // The port alone is taken from there where an address is named.
    const named = createFakeWorld();
    await runTrackerInvite({ data: folder.path, address: 'one.example' }, named);
    expect(named.lines()).toEqual([`minitorrent://one.example:7800#${own}`]);
  });

  it.each(['0.0.0.0', '::'])(
    'takes an address of this machine where the tracker listens on %s',
    async (host) => {
      await using folder = await openFolder();
      await trackerIn(folder.path, { host, port: 7800 });
      const world = createFakeWorld();
      expect(await runTrackerInvite({ data: folder.path }, world)).toBe(0);
      const [, link = ''] = world.lines();
      const [place] = parseInvitationLink(link);
      expect(place).toMatchObject({ port: 7800 });
      expect(place?.host).not.toBe(host);
    },
  );

  it('says so where only this machine reaches the tracker', async () => {
    await using folder = await openFolder();
    await trackerIn(folder.path, { host: '127.0.0.1', port: 7800 });
    const world = createFakeWorld();
    await runTrackerInvite({ data: folder.path }, world);
    expect(world.lines()).toEqual([
      'Only peers on this machine reach the tracker at 127.0.0.1:7800; for others start it with --listen 0.0.0.0:7800',
      expect.stringMatching(/^minitorrent:\/\/127\.0\.0\.1:7800#/),
    ]);
  });

  it('refuses a folder that is no tracker’s, and makes nothing there', async () => {
    await using folder = await openFolder();
    for (const address of [undefined, 'one.example']) {
      const world = createFakeWorld();
      const options = { data: folder.path, ...(address === undefined ? {} : { address }) };
      expect(await runTrackerInvite(options, world)).toBe(1);
      expect(world.err()).toContain('there is no key of one (not_a_tracker)\n  next: ');
      expect(world.out()).toBe('');
    }
    expect(await readdir(folder.path)).toEqual([]);
  });

  it('does not guess where a tracker will listen that has not run yet', async () => {
    await using folder = await openFolder();
    await runIdentity('tracker', { data: folder.path }, createFakeWorld());
    const world = createFakeWorld();
    expect(await runTrackerInvite({ data: folder.path, json: true }, world)).toBe(1);
    expect(world.json()).toMatchObject([
      { type: 'error', code: 'no_address', advice: expect.stringContaining('--address') },
    ]);
  });

  it('says so where what was kept is damaged', async () => {
    await using folder = await openFolder();
    await trackerIn(folder.path, { host: 'a', port: 1 });
    for (const text of ['{', '{"listen":"a:1"}', '{"listen":"a:b","others":[]}']) {
      await writeFile(join(folder.path, 'tracker', 'places.json'), text);
      const world = createFakeWorld();
      expect(await runTrackerInvite({ data: folder.path }, world)).toBe(1);
      expect(world.err()).toContain('(no_address)');
    }
  });

  it('draws the link on a terminal where there is room, and nowhere else', async () => {
    await using folder = await openFolder();
    const options = { data: folder.path, address: 'a' };
    await runIdentity('tracker', options, createFakeWorld());
    const draws = async (terminal: { rows?: number; json?: boolean; tty?: boolean }) => {
      const world = createFakeWorld({ tty: terminal.tty ?? true });
      if (terminal.rows !== undefined) Object.assign(world.stdout, { rows: terminal.rows });
      await runTrackerInvite({ ...options, json: terminal.json ?? false }, world);
      return world.out().includes('▀');
    };
    expect(await draws({ rows: 40 })).toBe(true);
    expect(await draws({ rows: 10 })).toBe(false);
    expect(await draws({ rows: 40, json: true })).toBe(false);
    expect(await draws({ tty: false })).toBe(false);
  });

  it('hands out no link that nobody can read', async () => {
    await using folder = await openFolder();
    await runIdentity('tracker', { data: folder.path }, createFakeWorld());
    const world = createFakeWorld();
    expect(await runTrackerInvite({ data: folder.path, address: 'a,A:7700' }, world)).toBe(2);
    expect(world.out()).toBe('');
    expect(world.err()).toContain('an address twice (bad_link)');
  });
});
