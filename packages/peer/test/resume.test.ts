/** How a device comes back to its trackers without a password, and what becomes of the password. */
import { type Connection, RpcError } from '@minitorrent/rpc-core';
import { createMemoryNetwork } from '@minitorrent/rpc-core/memory';
import { createManualClock, type ManualClock } from '@minitorrent/rpc-core/testing';
import { describe, expect, it, vi } from 'vitest';
import { deviceNameOf } from '../src/device-name.ts';
import { KnownPassword, PASSWORD_KEPT_MS } from '../src/known-password.ts';
import type { TrackerLinks, TrackerLinksOptions } from '../src/shell/tracker-links.ts';
import { FakeTrackers, type TrackerHandlers } from './support/fake-trackers.ts';

const [own, pin] = [7, 8].map((byte) => new Uint8Array(32).fill(byte));
const login = { userId: 'alice', password: 'a long password', deviceId: new Uint8Array(32).fill(7) };
const letIn = { memberships: [], mayBeStale: false };

interface Knowing {
  knows: boolean;
  readonly connections: Connection[];
}

/** Lets alice's device in by its key if it knows it, and by the password otherwise; notes what it is asked. */
function tracker(name: string, heard: string[], knowing: Knowing): Partial<TrackerHandlers> {
  return {
    login: async ({ password }, { connection }) => {
      heard.push(`${name} login`);
      if (password !== login.password) throw new RpcError('wrong_password', 'That is not the password');
      knowing.connections.push(connection);
      knowing.knows = true;
      return letIn;
    },
    resume_session: async ({ userId }, { connection }) => {
      heard.push(`${name} resume ${userId}`);
      if (!knowing.knows) throw new RpcError('unknown_device', 'Log in with the password once');
      knowing.connections.push(connection);
      return letIn;
    },
  };
}

/** Two trackers on a network that proves who is there. */
function setUp(clock: ManualClock, heard: string[], shared = true) {
  const memory = createMemoryNetwork();
  const first: Knowing = { knows: false, connections: [] };
  const knowing = [first, shared ? first : { knows: false, connections: [] }];
  const trackers = new FakeTrackers(
    knowing.map((one, place) => tracker('ab'.charAt(place), heard, one)),
    { clock, network: memory.from('tracker', pin) },
  );
  const links = (options: Partial<TrackerLinksOptions> = {}): TrackerLinks =>
    trackers.links({
      network: memory.from('peer', own),
      trackers: trackers.addresses.map((address) => (pin === undefined ? address : { ...address, pin })),
      ...options,
    });
  return { trackers, links, knowing };
}

describe('TrackerLinks, where the network proves which device this is', () => {
  it('gives the password to one tracker once, and its key to the others, and to all of them afterwards', async () => {
    const [clock, heard] = [createManualClock(), [] as string[]];
    const { trackers, links, knowing } = setUp(clock, heard);
    for (const place of [0, 1]) await trackers.start(place);
    const linked = links();
    await clock.advanceAsync(0);
    await clock.runUntilSettled(linked.login(login));
    await clock.advanceAsync(0);
    expect(heard.splice(0)).toEqual(['a login', 'b resume alice']);
    for (const connection of knowing[0]?.connections ?? []) connection.abort();
    await clock.advanceAsync(1_000);
    expect(heard.toSorted()).toEqual(['a resume alice', 'b resume alice']);
    expect(linked.links.map((link) => link.isLive)).toEqual([true, true]);
    await clock.runUntilSettled(trackers[Symbol.asyncDispose]());
  });

  it('gives the password also to a tracker that does not know the device, if that comes soon', async () => {
    const [clock, heard] = [createManualClock(), [] as string[]];
    const { trackers, links } = setUp(clock, heard, false);
    await trackers.start(0);
    const linked = links();
    await clock.runUntilSettled(linked.login(login));
    await trackers.start(1);
    await clock.advanceAsync(30_000);
    expect(heard).toEqual(['a login', 'b resume alice', 'b login']);
    await clock.runUntilSettled(trackers[Symbol.asyncDispose]());
  });

  it('says once that the password is needed, where it is forgotten already', async () => {
    const [clock, heard] = [createManualClock(), [] as string[]];
    const { trackers, links, knowing } = setUp(clock, heard, false);
    await trackers.start(0);
    const onPasswordNeeded = vi.fn();
    const onRefused = vi.fn();
    const linked = links({ onPasswordNeeded, onRefused });
    await clock.runUntilSettled(linked.login(login));
    await clock.advanceAsync(PASSWORD_KEPT_MS);
    await trackers.start(1);
    await clock.advanceAsync(300_000);
    expect(onPasswordNeeded).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ userId: 'alice' }),
      expect.objectContaining({ code: 'unknown_device' }),
    );
    expect(heard.filter((what) => what === 'b login')).toEqual([]);
    expect(linked.links.map((link) => link.isLive)).toEqual([true, false]);
    // It may hear of the device from the other one.
    for (const one of knowing) one.knows = true;
    await clock.advanceAsync(60_000);
    expect(linked.links.map((link) => link.isLive)).toEqual([true, true]);
    expect(onRefused).not.toHaveBeenCalled();
    await clock.runUntilSettled(trackers[Symbol.asyncDispose]());
  });

  it('logs out everywhere when the device was revoked', async () => {
    const [clock, heard] = [createManualClock(), [] as string[]];
    const { trackers, links, knowing } = setUp(clock, heard);
    await trackers.start(0);
    const onRefused = vi.fn();
    const linked = links({ onRefused });
    await clock.runUntilSettled(linked.login(login));
    const revoked = new RpcError('device_revoked', 'This device was revoked');
    Object.defineProperty(knowing[0], 'knows', {
      get: () => {
        throw revoked;
      },
    });
    for (const connection of knowing[0]?.connections ?? []) connection.abort();
    await clock.advanceAsync(1_000);
    expect(onRefused).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ userId: 'alice' }),
      expect.objectContaining({ code: 'device_revoked' }),
    );
    expect(linked.credentials).toBeUndefined();
    await clock.runUntilSettled(trackers[Symbol.asyncDispose]());
  });
});

describe('KnownPassword', () => {
  it('is forgotten when all trackers have let the user in, and after a minute', () => {
    const clock = createManualClock();
    const known = new KnownPassword({ clock, trackers: 2, proves: true });
    known.keep('secret');
    const [one, two] = [{}, {}];
    known.letInAt(one);
    known.letInAt(one);
    expect(known.value).toBe('secret');
    known.letInAt(two);
    expect(known.value).toBeUndefined();
    known.changed('other');
    expect(known.value).toBeUndefined();
    known.keep('secret');
    known.changed('other');
    clock.advance(PASSWORD_KEPT_MS - 1);
    expect(known.value).toBe('other');
    clock.advance(1);
    expect(known.value).toBeUndefined();
  });

  it('is kept where the network proves nobody', () => {
    const clock = createManualClock();
    const known = new KnownPassword({ clock, trackers: 1, proves: false });
    known.keep('secret');
    known.letInAt({});
    clock.advance(10 * PASSWORD_KEPT_MS);
    expect(known.value).toBe('secret');
    known.forget();
    expect(known.value).toBeUndefined();
  });
});

describe('deviceNameOf', () => {
  it.each([
    ['kitchen', 'kitchen'],
    [' tab\there\u001b[2J ', 'tab?here?[2J'],
    ['\u202egnp.exe', '?gnp.exe'],
    ['x'.repeat(80), 'x'.repeat(64)],
    ['🐟'.repeat(20), '🐟'.repeat(16)],
    ['', ''],
  ])('makes %j fit into a list', (name, shown) => {
    expect(deviceNameOf(name)).toBe(shown);
  });
});
