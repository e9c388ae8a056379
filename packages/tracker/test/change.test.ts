/** Changes as data: their bytes, and that what is made of them decides as if the command had been made at once. */
import { decode, encode } from '@minitorrent/wire-codec';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Change, changeCodec } from '../src/commands/change.ts';
import type { Command } from '../src/commands/command.ts';
import { commandOf } from '../src/commands/command-of.ts';
import { bindDevice } from '../src/commands/devices.ts';
import { isTrackerError } from '../src/errors.ts';
import type { TrackerEvent } from '../src/events.ts';
import { signFile } from '../src/membership/file-signature.ts';
import type { TrackerState } from '../src/model.ts';
import { encodeSnapshot } from '../src/snapshot.ts';
import { apply, createState, type OwnedState } from '../src/state.ts';
import {
  type Action,
  actions,
  deviceOf,
  hashOf,
  loginOf,
  SMALL_LIMITS,
  commandOf as usualCommandOf,
} from './helpers/actions.ts';
import { codecContract, sample } from './helpers/codec-contract.ts';
import { createDriver, type Driver } from './helpers/drive.ts';
import { testFile } from './helpers/files.ts';
import { device, FOREVER, founded, granted } from './membership/people.ts';
import vectors from './vectors/changes.json' with { type: 'json' };

const groupId = 'friends';
const [by, userId] = ['alice', 'bob'];
const atMs = 1_764_000_000_000;
const hashWith = (cost: string): string =>
  `$argon2id$v=19$${cost}$AQEBAQEBAQEBAQEBAQEBAQ$AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI`;
const oldHash = hashWith('m=8,t=1,p=1');
const passwordHash = hashWith('m=19456,t=2,p=1');
const deviceId = deviceOf(0xd1);
/** That of who asks. */
const [byDevice, other] = [deviceOf(0xa1), deviceOf(0xd2)];
const file = testFile('film.mkv', 5_000_000_000);
const { name, root } = file;

/** One of each kind, in an order in which each finds what it needs; and the events that follow from it. */
const story: readonly (readonly [Change, ...(readonly TrackerEvent[])])[] = [
  [
    { kind: 'create_user', userId: by, passwordHash, atMs },
    { kind: 'user_created', userId: by, passwordHash, atMs },
  ],
  [
    { kind: 'bind_device', userId: by, deviceId: byDevice, name: 'laptop', passwordHash, atMs },
    { kind: 'device_bound', userId: by, deviceId: byDevice, name: 'laptop', atMs },
  ],
  [
    { kind: 'rehash_password', userId, oldHash, passwordHash },
    { kind: 'password_rehashed', userId, passwordHash },
  ],
  [
    { kind: 'bind_device', userId, deviceId, name: 'phone', passwordHash, atMs },
    { kind: 'device_bound', userId, deviceId, name: 'phone', atMs },
  ],
  [
    { kind: 'bind_device', userId, deviceId: other, name: 'tablet', passwordHash, atMs },
    { kind: 'device_bound', userId, deviceId: other, name: 'tablet', atMs },
  ],
  [
    { kind: 'change_password', userId, byDevice: deviceId, oldHash: passwordHash, passwordHash: oldHash },
    { kind: 'password_changed', userId, passwordHash: oldHash },
  ],
  [
    { kind: 'revoke_device', userId, byDevice: other, deviceId },
    { kind: 'device_revoked', userId, deviceId },
  ],
  [
    { kind: 'create_group', groupId, userId: by, byDevice, atMs },
    { kind: 'group_created', groupId, userId: by, atMs },
  ],
  [
    { kind: 'join_group', groupId, userId, byDevice: other, atMs },
    { kind: 'join_requested', groupId, userId, atMs },
  ],
  [
    { kind: 'leave_group', groupId, userId, byDevice: other },
    { kind: 'join_withdrawn', groupId, userId },
  ],
  [
    { kind: 'join_group', groupId, userId, byDevice: other, atMs },
    { kind: 'join_requested', groupId, userId, atMs },
  ],
  [
    { kind: 'reject_request', groupId, userId, by, byDevice, atMs },
    { kind: 'join_refused', groupId, userId, by },
  ],
  [
    { kind: 'join_group', groupId, userId, byDevice: other, atMs },
    { kind: 'join_requested', groupId, userId, atMs },
  ],
  [
    { kind: 'accept_request', groupId, userId, by, byDevice, atMs },
    { kind: 'join_accepted', groupId, userId, by, atMs },
  ],
  [
    { kind: 'upload_file', groupId, file, by, byDevice, atMs },
    { kind: 'file_shared', groupId, file, by, atMs },
  ],
  [
    { kind: 'stop_sharing', groupId, name, by, byDevice, atMs },
    { kind: 'sharing_stopped', groupId, name, root, by },
  ],
  [
    { kind: 'leave_group', groupId, userId, byDevice: other },
    { kind: 'member_left', groupId, userId },
  ],
  [
    { kind: 'leave_group', groupId, userId: by, byDevice },
    { kind: 'member_left', groupId, userId: by },
    { kind: 'group_deleted', groupId },
  ],
];

/** The first of each kind. */
const samples = Object.fromEntries(
  story.toReversed().map(([change]) => [`change ${change.kind}`, sample(changeCodec, change)]),
);

const proof = Uint8Array.of(1, 2, 3);
const signature = { publicKey: new Uint8Array(32).fill(0x9c), signature: new Uint8Array(65).fill(0x51) };
const inviteId = new Uint8Array(32).fill(0x17);
/** What devices with keys add. */
const signedSamples = {
  'change create_group with a proof': sample(changeCodec, {
    kind: 'create_group',
    groupId,
    userId: by,
    byDevice,
    atMs,
    proof,
  }),
  'change join_group with a proof': sample(changeCodec, {
    kind: 'join_group',
    groupId,
    userId,
    byDevice,
    atMs,
    proof,
  }),
  'change accept_request with proofs': sample(changeCodec, {
    kind: 'accept_request',
    groupId,
    userId,
    by,
    byDevice,
    atMs,
    proofs: [proof],
  }),
  'change upload_file with a signature': sample(changeCodec, {
    kind: 'upload_file',
    groupId,
    file,
    by,
    byDevice,
    atMs,
    signature,
  }),
  'change remove_member': sample(changeCodec, {
    kind: 'remove_member',
    groupId,
    userId,
    by,
    byDevice,
    atMs,
  }),
  'change set_role': sample(changeCodec, {
    kind: 'set_role',
    groupId,
    userId,
    role: 'admin',
    by,
    byDevice,
    atMs,
    proofs: [proof],
  }),
  'change create_invitation': sample(changeCodec, {
    kind: 'create_invitation',
    groupId,
    proof,
    maxUses: 10,
    by,
    byDevice,
    atMs,
  }),
  'change revoke_invitation': sample(changeCodec, {
    kind: 'revoke_invitation',
    groupId,
    inviteId,
    by,
    byDevice,
    atMs,
  }),
};

describe('changes', () => {
  codecContract({ ...samples, ...signedSamples }, vectors);
});

describe('commandOf', () => {
  it('makes of every change, forwarded, the command whose events follow, with nothing of the change in them', () => {
    const state = createState();
    apply(state, { kind: 'user_created', userId, passwordHash: oldHash, atMs });
    for (const [change, ...events] of story) {
      const decision = commandOf(forwarded(change), SMALL_LIMITS).decide(state);
      // Strict: a field that only the change has would not be journalled, and its `kind` would be another event.
      expect([change.kind, decision.events]).toStrictEqual([change.kind, events]);
      for (const event of decision.events) apply(state, event);
    }
  });

  it('makes of every change of a device with a key, forwarded, the command whose events follow', () => {
    const state = createState();
    const [phone, laptop, key] = [device(61), device(62), device(63)];
    for (const [user, one] of [
      [by, phone],
      [userId, laptop],
    ] as const) {
      apply(state, { kind: 'user_created', userId: user, passwordHash, atMs });
      apply(state, { kind: 'device_bound', userId: user, deviceId: one.deviceId, name: '', atMs });
    }
    const own = founded(phone, groupId, by);
    const ofBob = { userId, device: laptop };
    const first = granted(own, phone, { ...ofBob, memberEpoch: 3 });
    const second = granted(own, phone, { ...ofBob, role: 'admin', memberEpoch: 5 });
    const invite = granted(own, phone, { userId: by, device: key, role: 'invite', memberEpoch: 7 });
    const third = granted(invite, key, { ...ofBob, memberEpoch: 8 });
    const { deviceId: on } = laptop;
    const invitation = { inviteId: key.deviceId, proof: invite, maxUses: 1, by, atMs };
    const shared = signFile(laptop, { groupId, userId, file });
    const asked = { by, byDevice: phone.deviceId, atMs };
    const keyedStory: readonly (readonly [Change, ...(readonly TrackerEvent[])])[] = [
      [
        { kind: 'create_group', groupId, userId: by, byDevice: phone.deviceId, atMs, proof: own },
        { kind: 'group_created', groupId, userId: by, atMs },
        { kind: 'device_granted', groupId, userId: by, deviceId: phone.deviceId, proof: own },
      ],
      [
        { kind: 'join_group', groupId, userId, byDevice: on, atMs },
        { kind: 'join_requested', groupId, userId, atMs },
      ],
      [
        { kind: 'accept_request', groupId, userId, by, byDevice: phone.deviceId, atMs, proofs: [first] },
        { kind: 'join_accepted', groupId, userId, by, atMs },
        { kind: 'device_granted', groupId, userId, deviceId: on, proof: first },
      ],
      [
        {
          kind: 'set_role',
          groupId,
          userId,
          role: 'admin',
          by,
          byDevice: phone.deviceId,
          atMs,
          proofs: [second],
        },
        { kind: 'role_changed', groupId, userId, role: 'admin', by },
        { kind: 'device_granted', groupId, userId, deviceId: on, proof: second },
      ],
      [
        { kind: 'upload_file', groupId, file, by: userId, byDevice: on, atMs, signature: shared },
        { kind: 'file_shared', groupId, file, by: userId, atMs },
        { kind: 'file_signed', groupId, name, ...shared, sharer: second },
      ],
      [
        { kind: 'remove_member', groupId, userId, ...asked },
        { kind: 'member_removed', groupId, userId, by },
      ],
      [
        { kind: 'create_invitation', groupId, proof: invite, maxUses: 1, ...asked },
        { kind: 'invitation_created', groupId, ...invitation, expiresAtMs: FOREVER },
      ],
      [
        { kind: 'join_group', groupId, userId, byDevice: on, atMs, proof: third },
        { kind: 'join_requested', groupId, userId, atMs },
        { kind: 'invitation_used', groupId, inviteId: key.deviceId },
        { kind: 'join_accepted', groupId, userId, by, atMs },
        { kind: 'device_granted', groupId, userId, deviceId: on, proof: third },
      ],
      [
        { kind: 'create_invitation', groupId, proof: invite, maxUses: 1, ...asked },
        { kind: 'invitation_created', groupId, ...invitation, expiresAtMs: FOREVER },
      ],
      [
        { kind: 'revoke_invitation', groupId, inviteId: key.deviceId, ...asked },
        { kind: 'invitation_revoked', groupId, inviteId: key.deviceId },
      ],
    ];
    for (const [change, ...events] of keyedStory) {
      const decision = commandOf(forwarded(change), SMALL_LIMITS).decide(state);
      expect([change.kind, decision.events]).toStrictEqual([change.kind, events]);
      for (const event of decision.events) apply(state, event);
    }
  });

  it('decides of every change as the command that is made without one', async () => {
    await fc.assert(
      fc.property(actions, (sequence) => {
        const driver = createDriver();
        for (const [atMs, action] of sequence.entries()) {
          if (!hasUsersOf(driver.state, action)) continue;
          const usual = usualCommandOf(action, atMs);
          const command = commandOf(forwarded(changeOf(action, atMs)), SMALL_LIMITS);
          expect(command.fingerprint).toEqual(usual.fingerprint);
          expect([action, outcomeOf(command, driver.state)]).toStrictEqual([
            action,
            outcomeOf(usual, driver.state),
          ]);
          driver.run(usual);
          if (action.kind === 'create_user') bindAsker(driver, action.userId);
        }
      }),
    );
  });

  it('refuses whatever a device asks for that its user has revoked, or never used, wherever it asked', () => {
    const driver = createDriver();
    for (const user of [by, userId]) {
      driver.run(usualCommandOf({ kind: 'create_user', userId: user }, 1));
      bindAsker(driver, user);
    }
    const [lost, unknown] = [deviceOf(0xe1), deviceOf(0xe2)];
    driver.run(bindDevice({ ...loginOf({ userId: by, device: 0xe1 }), atMs: 2 }, SMALL_LIMITS));
    const forBob = { userId, byDevice };
    driver.run(commandOf({ kind: 'create_group', groupId, userId: by, byDevice, atMs: 3 }, SMALL_LIMITS));
    driver.run(commandOf({ kind: 'join_group', groupId, ...forBob, atMs: 3 }, SMALL_LIMITS));
    driver.run(commandOf({ kind: 'revoke_device', userId: by, byDevice, deviceId: lost }, SMALL_LIMITS));
    const before = encodeSnapshot(driver.state).bytes;
    for (const [on, code] of [
      [lost, 'device_revoked'],
      [unknown, 'unknown_device'],
    ] as const)
      for (const change of everythingBy(by, userId, on))
        expect([change.kind, driver.run(commandOf(forwarded(change), SMALL_LIMITS))]).toEqual([
          change.kind,
          code,
        ]);
    expect(encodeSnapshot(driver.state).bytes).toEqual(before);
  });
});

/** Each change of a session that there is, asked for by one user on that device. */
function everythingBy(user: string, whom: string, on: Uint8Array): readonly Change[] {
  const asked = { by: user, byDevice: on, atMs: 9 };
  const own = { userId: user, byDevice: on };
  return [
    { kind: 'change_password', ...own, oldHash: hashOf(user), passwordHash: 'mine' },
    { kind: 'revoke_device', ...own, deviceId: byDevice },
    { kind: 'create_group', groupId: 'mine', ...own, atMs: 9 },
    { kind: 'join_group', groupId, ...own, atMs: 9 },
    { kind: 'leave_group', groupId, ...own },
    { kind: 'accept_request', groupId, userId: whom, ...asked },
    { kind: 'reject_request', groupId, userId: whom, ...asked },
    { kind: 'remove_member', groupId, userId: whom, ...asked },
    { kind: 'set_role', groupId, userId: whom, role: 'admin', ...asked },
    { kind: 'create_invitation', groupId, proof, maxUses: 1, ...asked },
    { kind: 'revoke_invitation', groupId, inviteId, ...asked },
    { kind: 'upload_file', groupId, file, ...asked },
    { kind: 'stop_sharing', groupId, name, ...asked },
  ];
}

/** The device that asks for everything in `changeOf`. */
function bindAsker(driver: Driver, user: string): void {
  const login = { userId: user, deviceId: byDevice, name: '', passwordHash: hashOf(user), atMs: 1 };
  driver.run(bindDevice(login, { devicesPerUser: 64 }));
}

/** As it arrives at the tracker that decides it. */
function forwarded(change: Change): Change {
  return decode(changeCodec, encode(changeCodec, change).slice());
}

function changeOf(action: Action, atMs: number): Change {
  const when = { byDevice, atMs };
  switch (action.kind) {
    case 'create_user':
      return { ...action, passwordHash: `$hash$${action.userId}`, atMs };
    case 'create_group':
      return { ...action, kind: 'create_group', ...when };
    case 'request':
      return { ...action, kind: 'join_group', ...when };
    case 'leave':
      return { ...action, kind: 'leave_group', ...when };
    case 'accept':
      return { ...action, kind: 'accept_request', ...when };
    case 'refuse':
      return { ...action, kind: 'reject_request', ...when };
    case 'bind':
      return { ...loginOf(action), kind: 'bind_device', atMs };
    case 'revoke':
      return { kind: 'revoke_device', userId: action.userId, ...when, deviceId: deviceOf(action.device) };
    case 'share':
      return {
        kind: 'upload_file',
        groupId: action.groupId,
        file: testFile(action.name),
        by: action.by,
        ...when,
      };
    case 'stop':
      return { ...action, kind: 'stop_sharing', ...when };
  }
}

/** What `command` decides: events and a result, or the code and the words of its refusal. */
function outcomeOf(command: Command, state: TrackerState): unknown {
  try {
    return command.decide(state);
  } catch (error) {
    if (!isTrackerError(error)) throw error;
    return { code: error.code, message: error.message };
  }
}

/** A connection belongs to a user who exists. */
function hasUsersOf(state: OwnedState, action: Action): boolean {
  if (action.kind === 'create_user') return true;
  const involved = [...('userId' in action ? [action.userId] : []), ...('by' in action ? [action.by] : [])];
  return involved.every((user) => state.users.has(user));
}
