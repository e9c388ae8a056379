import { mkdtempDisposable, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runIdentity, runTrackerInvite } from '../src/commands/identity.ts';
import { parseInvitationLink } from '../src/places/invitation-link.ts';
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

  it('takes an address of this machine where none was given, and says so', async () => {
    await using folder = await openFolder();
    const world = createFakeWorld();
    expect(await runTrackerInvite({ data: folder.path, json: true }, world)).toBe(0);
    const [notice, result] = world.json();
    expect(notice).toMatchObject({ event: 'notice', message: expect.stringContaining('--address') });
    expect(result).toMatchObject({
      command: 'tracker_invite',
      link: expect.stringMatching(/^minitorrent:\/\/[\d.]+:7700#/),
      trackers: [{ address: expect.stringMatching(/^[\d.]+:7700$/), deviceId: expect.any(String) }],
    });
  });

  it('draws the link on a terminal where there is room, and nowhere else', async () => {
    await using folder = await openFolder();
    const options = { data: folder.path, address: 'a' };
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
    const world = createFakeWorld();
    expect(await runTrackerInvite({ data: folder.path, address: 'a,A:7700' }, world)).toBe(2);
    expect(world.out()).toBe('');
    expect(world.err()).toContain('an address twice (bad_link)');
  });
});
