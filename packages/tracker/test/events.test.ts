import { describe, expect, it } from 'vitest';
import { entryCodec, fingerprintOf, openRecord, sealEntry } from '../src/entry.ts';
import { eventCodec, resultCodec, type TrackerEvent } from '../src/events.ts';
import { toHex } from '../src/hex.ts';
import { codecContract, type Sample, sample } from './helpers/codec-contract.ts';
import { testFile } from './helpers/files.ts';
import vectors from './vectors/journal.json' with { type: 'json' };

const groupId = 'friends';
const userId = 'bob';
const by = 'alice';
const atMs = 1_764_000_000_000;
const passwordHash =
  '$argon2id$v=19$m=19456,t=2,p=1$AQEBAQEBAQEBAQEBAQEBAQ$AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI';
const file = testFile('film.mkv', 5_000_000_000);
const { name, root } = file;
const deviceId = new Uint8Array(32).fill(0xd1);
const inviteId = new Uint8Array(32).fill(0x17);
const proof = Uint8Array.of(1, 2, 3);
const signature = new Uint8Array(65).fill(0x51);

const events: readonly TrackerEvent[] = [
  { kind: 'user_created', userId, passwordHash, atMs },
  { kind: 'password_rehashed', userId, passwordHash },
  { kind: 'group_created', groupId, userId, atMs },
  { kind: 'group_deleted', groupId },
  { kind: 'join_requested', groupId, userId, atMs },
  { kind: 'join_withdrawn', groupId, userId },
  { kind: 'join_accepted', groupId, userId, by, atMs },
  { kind: 'join_refused', groupId, userId, by },
  { kind: 'member_left', groupId, userId },
  { kind: 'file_shared', groupId, file, by, atMs },
  { kind: 'sharing_stopped', groupId, name, root, by },
  { kind: 'password_changed', userId, passwordHash },
  { kind: 'device_bound', userId, deviceId, name: 'phone', atMs },
  { kind: 'device_revoked', userId, deviceId },
  { kind: 'device_granted', groupId, userId, deviceId, proof },
  { kind: 'member_removed', groupId, userId, by },
  { kind: 'role_changed', groupId, userId, role: 'admin', by },
  {
    kind: 'invitation_created',
    groupId,
    inviteId,
    proof,
    maxUses: 10,
    expiresAtMs: atMs + 86_400_000,
    by,
    atMs,
  },
  { kind: 'invitation_used', groupId, inviteId },
  { kind: 'invitation_revoked', groupId, inviteId },
  { kind: 'file_signed', groupId, name, publicKey: deviceId, signature, sharer: proof },
  { kind: 'device_forgotten', userId, deviceId },
];

const entry = {
  version: 1,
  epoch: 1,
  index: 300,
  requestId: new Uint8Array(16).map((_, at) => at),
  fingerprint: fingerprintOf('leave_group', userId, groupId),
  result: { kind: 'done' },
  events: [
    { kind: 'member_left', groupId, userId },
    { kind: 'group_deleted', groupId },
  ],
  prevHash: new Uint8Array(32).fill(0xab),
} as const;

const samples: Readonly<Record<string, Sample>> = {
  ...Object.fromEntries(events.map((event) => [`event ${event.kind}`, sample(eventCodec, event)])),
  'result done': sample(resultCodec, { kind: 'done' }),
  'result requested': sample(resultCodec, { kind: 'requested' }),
  entry: sample(entryCodec, entry),
};

describe('events and entries', () => {
  codecContract(samples, vectors);

  it('have the hash that they always had', () => {
    const record = sealEntry(entry);
    expect(toHex(record.position.hash)).toBe(
      '65d1d39e17b46a9ccf0223c84871b92b117e6865e4460a6d7ae6095ddda81666',
    );
    expect(openRecord(record, { epoch: 1, index: 299, hash: entry.prevHash })).toEqual(entry);
  });
});
