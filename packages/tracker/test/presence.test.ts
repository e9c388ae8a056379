import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deviceIdOf, deviceKey, userIdOf } from '../src/device-key.ts';
import { encodePeers, type Holding } from '../src/messages.ts';
import { Presence, type PresenceLimits } from '../src/presence.ts';
import { createTestRandom } from './helpers/random.ts';

const LIMITS: PresenceLimits = { devices: 3, filesPerDevice: 2, presenceTtlMs: 100, lostConnectionTtlMs: 30 };
const USERS = ['alice', 'bob', 'zoë'];
/** Milliseconds since the start of a clock: soon, and around where 31 and 32 bits of them end. */
const STARTS = [1_000, 2 ** 31 - 200, 2 ** 32 - 200];
const KEYS = USERS.flatMap((userId) =>
  [1, 2].map((id) => deviceKey(userId, new Uint8Array(32).fill(id * 200))),
);
const GROUPS = ['friends', 'family'];
const ROOTS = ['aa', 'bb', 'cc'];

type Step =
  | { kind: 'announce'; key: string; groupId: string; root: string; holding: Holding; port: number }
  | { kind: 'lose' | 'remove_device'; key: string }
  | { kind: 'remove_member'; groupId: string; userId: string }
  | { kind: 'remove_file'; groupId: string; root: string }
  | { kind: 'wait'; ms: number };

const key = fc.constantFrom(...KEYS);
const groupId = fc.constantFrom(...GROUPS);
const root = fc.constantFrom(...ROOTS);
const holding = fc.constantFrom<Holding>('complete', 'partial', 'gone');

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ kind: fc.constant('announce'), key, groupId, root, holding, port: fc.nat(9) }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('lose', 'remove_device'), key }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('remove_member'),
        groupId,
        userId: fc.constantFrom(...USERS),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove_file'), groupId, root }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('wait'), ms: fc.nat(60) }) },
  ),
  { maxLength: 80, size: 'max' },
);

describe('Presence', () => {
  it('answers as a model that looks at every device each time', async () => {
    await fc.assert(
      fc.property(steps, fc.constantFrom(...STARTS), (sequence, start) => {
        const presence = new Presence(LIMITS, createTestRandom());
        const model = new Map<string, ModelDevice>();
        let now = start;
        for (const step of sequence) {
          if (step.kind === 'wait') now += step.ms;
          presence.expire(now);
          for (const [one, device] of model) if (device.deadline <= now) model.delete(one);
          expect(take(presence, step, now)).toBe(takeInModel(model, step, now));
          expectSame(presence, model);
        }
        presence.expire(now + LIMITS.presenceTtlMs);
        expect(presence.size).toEqual({ devices: 0, swarms: 0, shares: 0 });
      }),
      { numRuns: 100 },
    );
  });

  it('draws lots when there are more peers than are wanted, never the one that asks', () => {
    const presence = new Presence({ ...LIMITS, devices: 500 }, createTestRandom());
    const keys = Array.from({ length: 500 }, (_, at) => deviceKey(`user-${at}`, new Uint8Array(32).fill(at)));
    for (const one of keys) {
      const address = { key: one, host: '10.0.0.1', port: 1 };
      presence.announce(address, [{ groupId: 'friends', root: 'aa', holding: 'complete' }], 0);
    }
    const except = keys[3] ?? '';
    const seen = new Set<string>();
    let state = 1;
    const integer = (most: number): number => {
      state = (state * 48_271) % 2_147_483_647;
      return state % most;
    };
    for (let round = 0; round < 100; round += 1) {
      const random = { ...createTestRandom(), integer };
      const peers = presence.peersOf({ groupId: 'friends', root: 'aa' }, { except, most: 60, random });
      expect(peers).toHaveLength(60);
      expect(new Set(peers.map((peer) => peer.userId)).size).toBe(60);
      for (const peer of peers) seen.add(peer.userId);
    }
    expect(seen.has('user-3')).toBe(false);
    expect(seen.size).toBe(499);
  });

  it('gives the same peers as they go over the wire, as many as fit', () => {
    const presence = new Presence({ ...LIMITS, devices: 100 }, createTestRandom());
    const name = { groupId: 'friends', root: 'aa' };
    for (let at = 0; at < 100; at += 1) {
      const key = deviceKey(USERS[at % 3] ?? '', new Uint8Array(32).fill(at));
      const holding = at % 2 === 0 ? 'complete' : 'partial';
      presence.announce({ key, host: `10.0.0.${at}`, port: 60_000 + at }, [{ ...name, holding }], 0);
    }
    const draw = (most: number) => ({ except: '', most, random: createTestRandom() });
    for (const most of [0, 1, 60, 98, 99, 100, 200]) {
      const peers = presence.peersOf(name, draw(most));
      const encoded = presence.encodedPeersOf(name, { ...draw(most), maxBytes: 60_000 });
      expect(encoded).toEqual(encodePeers(peers));
      expect(peers).toHaveLength(Math.min(most, 100));
      const half = encodePeers(peers.slice(0, Math.floor(most / 2)));
      const maxBytes = half.bytes.length + 50;
      expect(presence.encodedPeersOf(name, { ...draw(most), maxBytes })).toEqual(half);
    }
  });

  it('never writes again what it gave to be sent', () => {
    const presence = new Presence(LIMITS, createTestRandom());
    const [one = '', other = ''] = KEYS;
    const name = { groupId: 'friends', root: 'aa' };
    const list = (host: string) => {
      for (const key of [one, other])
        presence.announce({ key, host, port: 1 }, [{ ...name, holding: 'partial' }], 0);
      const draw = { except: other, most: 60, random: createTestRandom(), maxBytes: 60_000 };
      return presence.encodedPeersOf(name, draw);
    };
    const hosts = Array.from({ length: 3_000 }, (_, at) => `10.0.${at >> 8}.${at & 0xff}`);
    const lists = hosts.map(list);
    const expected = hosts.map((host) => {
      const deviceId = new Uint8Array(32).fill(200);
      return encodePeers([{ userId: 'alice', deviceId, host, port: 1, holding: 'partial' }]);
    });
    expect(lists).toEqual(expected);
  });

  it('tells where a device was last', () => {
    const presence = new Presence(LIMITS, createTestRandom());
    const [one] = KEYS;
    if (one === undefined) throw new Error('a key');
    presence.announce(
      { key: one, host: 'a', port: 1 },
      [{ groupId: 'g', root: 'aa', holding: 'partial' }],
      0,
    );
    presence.announce({ key: one, host: 'b', port: 2 }, [], 50);
    presence.expire(149);
    const draw = { except: '', most: 5, random: createTestRandom() };
    expect(presence.peersOf({ groupId: 'g', root: 'aa' }, draw)).toEqual([
      { userId: 'alice', deviceId: new Uint8Array(32).fill(200), host: 'b', port: 2, holding: 'partial' },
    ]);
  });
});

describe('deviceKey', () => {
  it('can be taken apart again', async () => {
    const deviceId = fc.uint8Array({ minLength: 32, maxLength: 32 });
    await fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), deviceId, (userId, id) => {
        const made = deviceKey(userId, id);
        expect([userIdOf(made), deviceIdOf(made)]).toEqual([userId, id]);
      }),
    );
  });
});

interface ModelDevice {
  deadline: number;
  lost: boolean;
  port: number;
  /** `groupId/root` to whether it is complete. */
  readonly files: Map<string, boolean>;
}

function take(presence: Presence, step: Step, now: number): string {
  try {
    if (step.kind === 'announce')
      presence.announce({ key: step.key, host: 'h', port: step.port }, [step], now);
    else if (step.kind === 'lose') presence.connectionLost(step.key, now);
    else if (step.kind === 'remove_device') presence.removeDevice(step.key);
    else if (step.kind === 'remove_member') presence.removeMember(step.groupId, step.userId);
    else if (step.kind === 'remove_file') presence.removeFile(step);
    return 'done';
  } catch (error) {
    return (error as { code: string }).code;
  }
}

function takeInModel(model: Map<string, ModelDevice>, step: Step, now: number): string {
  if (step.kind === 'announce') return announceInModel(model, step, now);
  if (step.kind === 'remove_device') model.delete(step.key);
  for (const [one, device] of model) {
    if (step.kind === 'lose' && step.key === one && !device.lost && device.deadline > now + 30) {
      device.lost = true;
      device.deadline = now + 30;
    }
    for (const file of [...device.files.keys()]) {
      const [group, root] = file.split('/');
      if (step.kind === 'remove_file' && step.groupId === group && step.root === root)
        device.files.delete(file);
      const concerned =
        step.kind === 'remove_member' && step.groupId === group && step.userId === userIdOf(one);
      if (concerned) device.files.delete(file);
    }
  }
  return 'done';
}

function announceInModel(
  model: Map<string, ModelDevice>,
  step: Extract<Step, { kind: 'announce' }>,
  now: number,
): string {
  if (!model.has(step.key) && model.size >= LIMITS.devices) return 'busy';
  const files = model.get(step.key)?.files ?? new Map<string, boolean>();
  model.set(step.key, { deadline: now + LIMITS.presenceTtlMs, lost: false, port: step.port, files });
  const file = `${step.groupId}/${step.root}`;
  if (step.holding === 'gone') files.delete(file);
  else if (!files.has(file) && files.size >= LIMITS.filesPerDevice) return 'limit_reached';
  else files.set(file, step.holding === 'complete');
  return 'done';
}

function expectSame(presence: Presence, model: Map<string, ModelDevice>): void {
  let shares = 0;
  const swarms = new Set<string>();
  for (const group of GROUPS) {
    for (const one of ROOTS) {
      const holders = [...model].filter(([, device]) => device.files.has(`${group}/${one}`));
      const wanted = holders.map(
        ([holder, device]) => `${holder} ${device.port} ${device.files.get(`${group}/${one}`)}`,
      );
      const name = { groupId: group, root: one };
      const peers = presence.peersOf(name, { except: '', most: 100, random: createTestRandom() });
      const found = peers.map(
        (peer) => `${deviceKey(peer.userId, peer.deviceId)} ${peer.port} ${peer.holding === 'complete'}`,
      );
      expect(found.sort()).toEqual(wanted.sort());
      const seeders = wanted.filter((holder) => holder.endsWith('true')).length;
      expect(presence.countOf(name)).toEqual({ seeders, leechers: wanted.length - seeders });
      shares += wanted.length;
      if (wanted.length > 0) swarms.add(`${group}/${one}`);
    }
  }
  expect(presence.size).toEqual({ devices: model.size, swarms: swarms.size, shares });
}
