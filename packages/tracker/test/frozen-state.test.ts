import { decode, encode } from '@minitorrent/wire-codec';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createUser } from '../src/commands/accounts.ts';
import { FrozenState } from '../src/frozen-state.ts';
import { decodeSnapshot, encodeSnapshot, encodeSnapshotInSlices } from '../src/snapshot.ts';
import { stateCodec } from '../src/snapshot-codec.ts';
import { encodeSlices } from '../src/snapshot-slices.ts';
import { type Action, actions, commandOf } from './helpers/actions.ts';
import { createDriver, type Driver } from './helpers/drive.ts';

describe('FrozenState', () => {
  it('shows nothing of what comes later, however it is read', async () => {
    await fc.assert(
      fc.property(actions, fc.nat(), fc.array(fc.nat(3)), (sequence, where, pauses) => {
        const driver = createDriver();
        const play = playerOf(driver, sequence);
        play(where % (sequence.length + 1));
        const expected = encodeSnapshot(driver.state);
        using frozen = new FrozenState(driver.state);
        const slices: Uint8Array[] = [];
        // The smallest slices: a change may come after every single item.
        for (const slice of encodeSlices(frozen, 1)) {
          slices.push(slice);
          play(pauses.shift() ?? 1);
        }
        play(sequence.length);
        const body = expected.bytes.subarray(0, -32);
        expect([frozen.position, Buffer.concat(slices).equals(body)]).toEqual([expected.position, true]);
        expect(encode(stateCodec, decode(stateCodec, body))).toEqual(body);
      }),
      { numRuns: 500 },
    );
  });

  it('can be gone through once', () => {
    const driver = createDriver();
    playerOf(driver, SOME)(SOME.length);
    using frozen = new FrozenState(driver.state);
    expect([...frozen.groups()]).toHaveLength(1);
    expect(() => [...frozen.groups()]).toThrow(TypeError);
  });
});

describe('encodeSnapshotInSlices', () => {
  it('encodes what the last question showed, with pauses, and lets go of every state', async () => {
    const [first, second] = [createDriver(), createDriver()];
    const passwordHash = 'hash'.repeat(50);
    for (let at = 0; at < 20_000; at += 1) {
      const userId = `user-${at}`;
      second.state.users.set(userId, { userId, passwordHash, createdAtMs: at, devices: new Map() });
    }
    let pauses = 0;
    const snapshot = await encodeSnapshotInSlices(
      async (freeze) => {
        freeze(first.state);
        return freeze(second.state);
      },
      {
        pause: async () => {
          pauses += 1;
          second.run(createUser({ userId: `late-${pauses}`, passwordHash: 'hash', atMs: 1 }));
        },
      },
    );
    expect([...decodeSnapshot(snapshot).users.keys()].at(-1)).toBe('user-19999');
    // In between, and when all is put together.
    expect(pauses).toBeGreaterThan(snapshot.bytes.length / (32 * 1024));
    expect([first, second].map(({ state }) => state.beforeChange.size)).toEqual([0, 0]);
  });

  it('stops when it is told to, and when there is nothing to read', async () => {
    const { state } = createDriver();
    const options = { pause: async () => {}, signal: AbortSignal.abort() };
    await expect(encodeSnapshotInSlices(async (freeze) => freeze(state), options)).rejects.toThrow('aborted');
    const failing = encodeSnapshotInSlices(async (freeze) => {
      freeze(state);
      throw new Error('closed');
    }, options);
    await expect(failing).rejects.toThrow('closed');
    expect(state.beforeChange.size).toBe(0);
  });
});

const SOME: readonly Action[] = [
  { kind: 'create_user', userId: 'alice' },
  { kind: 'create_group', groupId: 'friends', userId: 'alice' },
];

/** Carries out the next few actions at each call, those that make no sense left out. */
function playerOf(driver: Driver, sequence: readonly Action[]): (count: number) => void {
  let next = 0;
  return (count) => {
    for (const end = Math.min(sequence.length, next + count); next < end; next += 1) {
      const action = sequence[next];
      if (action === undefined) return;
      const users = [action].flatMap((one) => [
        ...('userId' in one ? [one.userId] : []),
        ...('by' in one ? [one.by] : []),
      ]);
      if (action.kind !== 'create_user' && !users.every((user) => driver.state.users.has(user))) continue;
      driver.run(commandOf(action, next));
    }
  };
}
