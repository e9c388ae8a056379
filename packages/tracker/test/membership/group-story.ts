/**
 * What users with keys may try to do with one group, as data: each step becomes a command as an honest device would make
 * it of the present state, or with one thing about it wrong.
 */
import type { Identity } from '@minitorrent/rpc-core/identity';
import * as fc from 'fast-check';
import { createUser } from '../../src/commands/accounts.ts';
import type { Change } from '../../src/commands/change.ts';
import type { Command } from '../../src/commands/command.ts';
import { commandOf } from '../../src/commands/command-of.ts';
import { deviceKey } from '../../src/device-key.ts';
import { toHex } from '../../src/hex.ts';
import { signFile } from '../../src/membership/file-signature.ts';
import type { Role } from '../../src/messages.ts';
import type { Group, TrackerState } from '../../src/model.ts';
import { SMALL_LIMITS } from '../helpers/actions.ts';
import type { Driver } from '../helpers/drive.ts';
import { testFile } from '../helpers/files.ts';
import { device, FOREVER, founded, granted } from './people.ts';

export const USERS = ['alice', 'bob', 'carol'] as const;
const DEVICES = 2;
export const groupId = 'friends';
const LIMITS = { ...SMALL_LIMITS, groupsPerUser: 5 };

const KINDS = [
  'found',
  'request',
  'accept',
  'refuse',
  'leave',
  'remove',
  'promote',
  'demote',
  'invite',
  'use',
  'disinvite',
  'share',
  'revoke',
] as const;

export interface Step {
  readonly kind: (typeof KINDS)[number];
  /** Who does it, on which device. */
  readonly by: number;
  readonly on: number;
  /** To whom. */
  readonly whom: number;
  /** Beside the epoch that would be right. */
  readonly off: number;
  /** Which file, and which invitation. */
  readonly key: number;
  /** How long what is granted lasts, in steps. */
  readonly life: number;
}

const off = fc.oneof(
  { weight: 6, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.constantFrom(-1, 1) },
);
const life = fc.oneof(
  { weight: 2, arbitrary: fc.constant(Math.floor(FOREVER / 2)) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 12 }) },
);
const any = { by: fc.nat(USERS.length - 1), on: fc.nat(DEVICES - 1), whom: fc.nat(USERS.length - 1) };
const others = fc.integer({ min: 1, max: USERS.length - 1 });
const founder = { by: fc.constant(0), on: fc.constant(0), whom: others };
const rest = { off, life, key: fc.nat(3) };
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ ...any, ...rest, kind: fc.constantFrom(...KINDS) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      ...{ ...any, by: others },
      ...rest,
      kind: fc.constantFrom('request', 'request', 'use', 'share', 'accept'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      ...founder,
      ...rest,
      kind: fc.constantFrom(
        'accept',
        'accept',
        'promote',
        'promote',
        'demote',
        'demote',
        'invite',
        'remove',
        'refuse',
      ),
    }),
  },
);

/** Begins with a group that has its founder, so that most of what follows is about somebody. */
export const stories: fc.Arbitrary<readonly Step[]> = fc
  .array(step, { maxLength: 60, size: 'max' })
  .map((steps) => [{ kind: 'found', by: 0, on: 0, whom: 0, off: 0, key: 0, life: 1 }, ...steps]);

/** The users, each logged in on all devices. */
export function begin(driver: Driver): void {
  for (const [at, userId] of USERS.entries()) {
    driver.run(createUser({ userId, passwordHash: '$', atMs: 1 }));
    for (let on = 0; on < DEVICES; on += 1) {
      const { deviceId } = deviceOf(at, on);
      driver.run(decide({ kind: 'bind_device', userId, deviceId, name: '', passwordHash: '$', atMs: 1 }));
    }
  }
}

export function commandFor(state: TrackerState, { kind, ...step }: Step, atMs: number): Command {
  const by = nameOf(step.by);
  const userId = nameOf(step.whom);
  const own = deviceOf(step.by, step.on);
  const byDevice = own.deviceId;
  const asked = { by, byDevice, atMs };
  const group = state.groups.get(groupId);
  const sign = new Signer(group, { by, own }, { off: step.off, notAfterMs: atMs + step.life });
  const key = device(200 + step.key);
  switch (kind) {
    case 'found':
      return decide({
        kind: 'create_group',
        groupId,
        userId: by,
        byDevice,
        atMs,
        proof: sign.founding(atMs),
      });
    case 'request':
      return decide({ kind: 'join_group', groupId, userId: by, byDevice, atMs });
    case 'accept': {
      const role = group?.members.get(userId)?.role ?? 'member';
      const proofs = sign.forDevices(step.whom, role, (key) => group?.grants.has(key) !== true);
      return decide({ kind: 'accept_request', groupId, userId, ...asked, proofs });
    }
    case 'refuse':
      return decide({ kind: 'reject_request', groupId, userId, ...asked });
    case 'leave':
      return decide({ kind: 'leave_group', groupId, userId: by, byDevice });
    case 'remove':
      return decide({ kind: 'remove_member', groupId, userId, ...asked });
    case 'promote':
    case 'demote': {
      const role = kind === 'promote' ? 'admin' : 'member';
      const proofs = sign.forDevices(step.whom, role, (key) => group?.grants.has(key) === true);
      return decide({ kind: 'set_role', groupId, userId, role, ...asked, proofs });
    }
    case 'invite': {
      const proof = sign.one({ userId: by, device: key, role: 'invite', notAfterMs: atMs + 20 });
      return decide({ kind: 'create_invitation', groupId, proof, maxUses: 2, ...asked });
    }
    case 'use': {
      const invitation = group?.invitations.get(toHex(key.deviceId));
      const proof = sign.from(invitation?.proof, key, { userId: by, device: own });
      return decide({ kind: 'join_group', groupId, userId: by, byDevice, atMs, proof });
    }
    case 'disinvite':
      return decide({ kind: 'revoke_invitation', groupId, inviteId: key.deviceId, ...asked });
    case 'share': {
      const file = testFile(`${step.key}.bin`);
      const signature = signFile(own, { groupId, userId: by, file });
      return decide({ kind: 'upload_file', groupId, file, ...asked, signature });
    }
    case 'revoke':
      return decide({
        kind: 'revoke_device',
        userId: by,
        byDevice,
        deviceId: deviceOf(step.whom, step.key % DEVICES).deviceId,
      });
  }
}

/** An honest device, or one that is off by an epoch. */
class Signer {
  readonly #group: Group | undefined;
  readonly #by: string;
  readonly #own: Identity;
  readonly #grant: { readonly memberEpoch: number; readonly notAfterMs: number };

  constructor(
    group: Group | undefined,
    { by, own }: { readonly by: string; readonly own: Identity },
    { off, notAfterMs }: { readonly off: number; readonly notAfterMs: number },
  ) {
    this.#group = group;
    this.#by = by;
    this.#own = own;
    this.#grant = { memberEpoch: Math.max(0, (group?.memberEpoch ?? 0) + 1 + off), notAfterMs };
  }

  founding(nonce: number): Uint8Array {
    return founded(this.#own, groupId, this.#by, nonce & 0xff);
  }

  one(to: Parameters<typeof granted>[2]): Uint8Array {
    const own = this.#group?.grants.get(deviceKey(this.#by, this.#own.deviceId));
    return this.from(own?.proof, this.#own, to);
  }

  /** Whoever is not in signs as if they had founded the group. */
  from(proof: Uint8Array | undefined, issuer: Identity, to: Parameters<typeof granted>[2]): Uint8Array {
    return granted(proof ?? founded(issuer), issuer, {
      ...this.#grant,
      ...to,
    });
  }

  forDevices(user: number, role: Role, isWanted: (key: string) => boolean): readonly Uint8Array[] {
    return Array.from({ length: DEVICES }, (_, on) => deviceOf(user, on))
      .filter(({ deviceId }) => isWanted(deviceKey(nameOf(user), deviceId)))
      .map((to) => this.one({ userId: nameOf(user), device: to, role }));
  }
}

function decide(change: Change): Command {
  return commandOf(change, LIMITS);
}

export function nameOf(user: number): string {
  return USERS[user % USERS.length] ?? 'alice';
}

/** The last one is the same for all users, who take turns at it. */
export function deviceOf(user: number, on: number): Identity {
  return device(on === DEVICES - 1 ? 199 : 100 + 10 * user + on);
}
