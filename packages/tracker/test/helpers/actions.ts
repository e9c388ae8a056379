/** What users may try to do, as data: random sequences of it drive the state, the ledger and the model alike. */
import * as fc from 'fast-check';
import { createUser } from '../../src/commands/accounts.ts';
import type { Command } from '../../src/commands/command.ts';
import { bindDevice, revokeDevice } from '../../src/commands/devices.ts';
import { shareFile, stopSharing } from '../../src/commands/files.ts';
import { createGroup, leaveGroup } from '../../src/commands/groups.ts';
import { acceptJoin, refuseJoin, requestJoin } from '../../src/commands/joins.ts';
import type { TrackerLimits } from '../../src/limits.ts';
import { DEFAULT_LIMITS } from '../../src/limits.ts';
import { testFile } from './files.ts';

export type Action =
  | { readonly kind: 'create_user'; readonly userId: string }
  | { readonly kind: 'create_group' | 'request' | 'leave'; readonly groupId: string; readonly userId: string }
  | {
      readonly kind: 'accept' | 'refuse';
      readonly groupId: string;
      readonly userId: string;
      readonly by: string;
    }
  | { readonly kind: 'bind' | 'revoke'; readonly userId: string; readonly device: number }
  | { readonly kind: 'share' | 'stop'; readonly groupId: string; readonly name: string; readonly by: string };

/** Small, so that random actions meet limits as well as each other. */
export const SMALL_LIMITS: TrackerLimits = {
  ...DEFAULT_LIMITS,
  groupsPerUser: 2,
  waitingRequestsPerUser: 2,
  waitingRequestsPerGroup: 2,
  filesPerGroup: 2,
  devicesPerUser: 2,
};

const userId = fc.constantFrom('alice', 'bob', 'carol', 'dave');
const groupId = fc.constantFrom('friends', 'family', 'work');
const name = fc.constantFrom('a.bin', 'b.bin', 'c.bin');

const ofDevice = { userId, device: fc.constantFrom(1, 2, 3) };
const inGroup = { groupId, userId };
const byAdmin = { groupId, userId, by: userId };
const ofFile = { groupId, name, by: userId };
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('create_user'), userId }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('create_group'), ...inGroup }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('request'), ...inGroup }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('leave'), ...inGroup }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('accept'), ...byAdmin }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('refuse'), ...byAdmin }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('bind'), ...ofDevice }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('revoke'), ...ofDevice }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('share'), ...ofFile }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('stop'), ...ofFile }) },
);

/** Sequences that begin with the users, because nothing happens without them. */
export const actions: fc.Arbitrary<readonly Action[]> = fc
  .tuple(
    fc.subarray(['alice', 'bob', 'carol', 'dave'], { minLength: 2 }),
    fc.array(action, { maxLength: 80, size: 'max' }),
  )
  .map(([users, rest]) => [
    ...users.map((user) => ({ kind: 'create_user', userId: user }) as const),
    ...rest,
  ]);

/** The device of this number; two users may well have the same one. */
export function deviceOf(number: number): Uint8Array {
  return new Uint8Array(32).fill(number);
}

/** The password hash of every user of these actions. */
export function hashOf(userId: string): string {
  return `$hash$${userId}`;
}

/** The command that `action` is, at time `atMs`; none of the groups has proofs, so any device will do. */
export function commandOf(action: Action, atMs: number, limits: TrackerLimits = SMALL_LIMITS): Command {
  const when = { byDevice: deviceOf(1), atMs };
  switch (action.kind) {
    case 'create_user':
      return createUser({ userId: action.userId, passwordHash: hashOf(action.userId), atMs });
    case 'create_group':
      return createGroup({ groupId: action.groupId, userId: action.userId, ...when }, limits);
    case 'request':
      return requestJoin({ groupId: action.groupId, userId: action.userId, ...when }, limits);
    case 'leave':
      return leaveGroup({ groupId: action.groupId, userId: action.userId });
    case 'accept':
      return acceptJoin({ groupId: action.groupId, userId: action.userId, by: action.by, ...when }, limits);
    case 'refuse':
      return refuseJoin({ groupId: action.groupId, userId: action.userId, by: action.by, ...when });
    case 'bind':
      return bindDevice({ ...loginOf(action), atMs }, limits);
    case 'revoke':
      return revokeDevice({ userId: action.userId, deviceId: deviceOf(action.device) });
    case 'share':
      return shareFile({ groupId: action.groupId, file: testFile(action.name), by: action.by, atMs }, limits);
    case 'stop':
      return stopSharing({ groupId: action.groupId, name: action.name, by: action.by, ...when });
  }
}

/** What a first login on a device says of it. */
export function loginOf({ userId: user, device }: { readonly userId: string; readonly device: number }): {
  readonly userId: string;
  readonly deviceId: Uint8Array;
  readonly name: string;
  readonly passwordHash: string;
} {
  return { userId: user, deviceId: deviceOf(device), name: `device ${device}`, passwordHash: hashOf(user) };
}
