import { decode, encode } from '@minitorrent/wire-codec';
import { describe, expect, it } from 'vitest';
import { trackerCallbacks, trackerContract } from '../src/contract.ts';
import { fromHex } from '../src/hex.ts';
import { configCodec, noConfig } from '../src/register.ts';
import { codecContract, type Sample, sample } from './helpers/codec-contract.ts';
import { testFile } from './helpers/files.ts';
import vectors from './vectors/messages.json' with { type: 'json' };

const { methods: served } = trackerContract;
const { methods: called } = trackerCallbacks;

const requestId = new Uint8Array(16).map((_, at) => at);
const deviceId = new Uint8Array(32).fill(0xd1);
const groupId = 'friends';
const userId = 'alice';
const file = testFile('film.mkv', 5_000_000_000);
const { root } = file;
const peer = { userId: 'bob', deviceId, host: '192.0.2.7', port: 7_000, holding: 'partial' } as const;
const device = { deviceId, name: 'phone', boundAtMs: 1_764_000_000_000 };
const inviteId = new Uint8Array(32).fill(0x17);
const proof = Uint8Array.of(1, 2, 3);
const signature = { publicKey: new Uint8Array(32).fill(0x9c), signature: new Uint8Array(65).fill(0x51) };
const expiresAtMs = 1_764_086_400_000;
const position = { epoch: 1, index: 300, hash: new Uint8Array(32).fill(0xab) };
const entries = [new Uint8Array([1, 2, 3])];
const config = { epoch: 7, primary: '01'.repeat(16), inSync: ['01'.repeat(16), '02'.repeat(16)] };
const about = {
  clusterId: new Uint8Array(16).fill(0xc1),
  storeId: new Uint8Array(16).fill(0x01),
  config,
  committed: 299,
};
const { clusterId, storeId } = about;
const other = {
  name: 'tracker-2:7700',
  storeId: new Uint8Array(16).fill(0x02),
  isInSync: true,
  lag: 3,
  heardMsAgo: 250,
};
const part = { position, offset: 0, totalBytes: 3, bytes: new Uint8Array([4, 5, 6]) };

const aloneStatus = {
  role: 'alone',
  reason: 'started',
  changedMsAgo: 300,
  storeId,
  config: noConfig,
  headIndex: 0,
  committedIndex: 0,
  register: 'none',
  others: [],
  lastTakeover: undefined,
  faults: [],
};

const samples: Readonly<Record<string, Sample>> = {
  'create_user request': sample(served.create_user.request.codec, {
    requestId,
    userId,
    password: 'correct horse',
  }),
  'create_user response': sample(served.create_user.response.codec, {}),
  'login request': sample(served.login.request.codec, { userId, password: 'correct horse', deviceId }),
  'login response': sample(served.login.response.codec, {
    memberships: [{ groupId, role: 'admin' }],
    mayBeStale: false,
  }),
  'login request with a name': sample(served.login.request.codec, {
    userId,
    password: 'correct horse',
    deviceId,
    deviceName: 'phone',
  }),
  'resume_session request': sample(served.resume_session.request.codec, { userId }),
  'logout request': sample(served.logout.request.codec, {}),
  'change_password request': sample(served.change_password.request.codec, {
    requestId,
    password: 'correct horse',
    newPassword: 'battery staple',
  }),
  'list_devices response': sample(served.list_devices.response.codec, {
    devices: [{ ...device, isOnline: true, isRevoked: false }],
    mayBeStale: false,
  }),
  'revoke_device request': sample(served.revoke_device.request.codec, { requestId, deviceId }),
  'create_group request with a proof': sample(served.create_group.request.codec, {
    requestId,
    groupId,
    proof,
  }),
  'join_group request with a proof': sample(served.join_group.request.codec, { requestId, groupId, proof }),
  'accept_request request with proofs': sample(served.accept_request.request.codec, {
    requestId,
    groupId,
    userId: 'bob',
    proofs: [proof],
  }),
  'member_proofs request': sample(served.member_proofs.request.codec, { groupId, userId }),
  'member_proofs response': sample(served.member_proofs.response.codec, {
    proofs: [proof],
    memberEpoch: 7,
    mayBeStale: false,
  }),
  'list_members request': sample(served.list_members.request.codec, { groupId, after: '' }),
  'list_members response': sample(served.list_members.response.codec, {
    members: [{ userId, role: 'admin', sinceMs: 1_764_000_000_000, deviceIds: [deviceId] }],
    next: '',
    memberEpoch: 7,
    mayBeStale: false,
  }),
  'remove_member request': sample(served.remove_member.request.codec, { requestId, groupId, userId: 'bob' }),
  'set_role request': sample(served.set_role.request.codec, {
    requestId,
    groupId,
    userId: 'bob',
    role: 'admin',
    proofs: [proof],
  }),
  'create_invitation request': sample(served.create_invitation.request.codec, {
    requestId,
    groupId,
    proof,
    maxUses: 10,
  }),
  'list_invitations request': sample(served.list_invitations.request.codec, { groupId }),
  'list_invitations response': sample(served.list_invitations.response.codec, {
    invitations: [
      { inviteId, invitedBy: userId, createdAtMs: 1_764_000_000_000, expiresAtMs, maxUses: 10, uses: 3 },
    ],
    mayBeStale: false,
  }),
  'find_invitation request': sample(served.find_invitation.request.codec, { groupId, inviteId }),
  'find_invitation response': sample(served.find_invitation.response.codec, { proof, memberEpoch: 7 }),
  'revoke_invitation request': sample(served.revoke_invitation.request.codec, {
    requestId,
    groupId,
    inviteId,
  }),
  'group_stamps request': sample(served.group_stamps.request.codec, { groups: [groupId, 'family'] }),
  'group_stamps response': sample(served.group_stamps.response.codec, {
    stamps: [
      {
        groupId,
        memberEpoch: 7,
        membership: { proof, stamp: Uint8Array.of(4, 5, 6) },
        revoked: [{ userId, deviceId, memberEpoch: 6 }],
      },
      { groupId: 'family', memberEpoch: 2, membership: undefined, revoked: [] },
    ],
  }),
  'upload_file request with a signature': sample(served.upload_file.request.codec, {
    requestId,
    groupId,
    file,
    signature,
  }),
  'create_group request': sample(served.create_group.request.codec, { requestId, groupId }),
  'join_group request': sample(served.join_group.request.codec, { requestId, groupId }),
  'join_group response': sample(served.join_group.response.codec, { status: 'requested' }),
  'leave_group request': sample(served.leave_group.request.codec, { requestId, groupId }),
  'list_groups request': sample(served.list_groups.request.codec, { after: 'family' }),
  'list_groups response': sample(served.list_groups.response.codec, {
    groups: [{ groupId, members: 2, files: 300, standing: 'requested' }],
    next: groupId,
    mayBeStale: true,
  }),
  'list_requests request': sample(served.list_requests.request.codec, {
    groupId: '',
    after: 'friends/alice',
  }),
  'list_requests response': sample(served.list_requests.response.codec, {
    requests: [
      { groupId, userId: 'bob', requestedAtMs: 1_764_000_000_000, deviceIds: [deviceId], memberEpoch: 7 },
    ],
    next: 'friends/bob',
    mayBeStale: true,
  }),
  'accept_request request': sample(served.accept_request.request.codec, {
    requestId,
    groupId,
    userId: 'bob',
  }),
  'reject_request request': sample(served.reject_request.request.codec, {
    requestId,
    groupId,
    userId: 'bob',
  }),
  'list_file request': sample(served.list_file.request.codec, { groupId, after: '' }),
  'list_file response': sample(served.list_file.response.codec, {
    files: [{ file, sharedBy: userId, sharedAtMs: 1_764_000_000_000, seeders: 1, leechers: 2 }],
    next: '',
    mayBeStale: false,
    sharers: [],
  }),
  'list_file response with a signed file': sample(served.list_file.response.codec, {
    files: [{ file, sharedBy: userId, sharedAtMs: 1_764_000_000_000, seeders: 1, leechers: 2, signature }],
    next: '',
    mayBeStale: false,
    sharers: [proof],
  }),
  'upload_file request': sample(served.upload_file.request.codec, { requestId, groupId, file }),
  'download_file request': sample(served.download_file.request.codec, { groupId, name: file.name }),
  'stop_sharing request': sample(served.stop_sharing.request.codec, { requestId, groupId, name: file.name }),
  'announce request': sample(served.announce.request.codec, {
    port: 7_001,
    files: [{ groupId, root, holding: 'complete' }],
  }),
  'announce response': sample(served.announce.response.codec, {
    intervalMs: 180_000,
    swarms: [{ groupId, root, peers: [peer] }],
  }),
  'sync request': sample(served.sync.request.codec, { position, entries: [] }),
  'sync response': sample(served.sync.response.codec, { head: position, entries }),
  'sync request of the primary': sample(served.sync.request.codec, {
    position,
    entries,
    member: { kind: 'push', ...about },
  }),
  'sync request for a snapshot': sample(served.sync.request.codec, {
    position,
    entries: [],
    member: { kind: 'pull', ...about, snapshot: { index: 300, offset: 524_288 } },
  }),
  'sync response with a snapshot': sample(served.sync.response.codec, {
    head: position,
    entries: [],
    member: { outcome: 'snapshot', ...about, snapshot: part },
  }),
  config: sample(configCodec, config),
  'forward request': sample(served.forward.request.codec, {
    clusterId,
    requestId,
    change: { kind: 'create_group', groupId, userId, byDevice: deviceId, atMs: 1_764_000_000_000 },
  }),
  'forward response': sample(served.forward.response.codec, { index: 300, result: { kind: 'done' } }),
  'forward response of a request to join': sample(served.forward.response.codec, {
    index: 300,
    result: { kind: 'requested' },
  }),
  'tracker_status request': sample(served.tracker_status.request.codec, { clusterId }),
  'tracker_status response': sample(served.tracker_status.response.codec, {
    role: 'primary',
    reason: 'the primary is silent',
    changedMsAgo: 90_000,
    storeId,
    config,
    headIndex: 303,
    committedIndex: 300,
    register: 'silent',
    others: [other],
    lastTakeover: { epoch: 6, msAgo: 90_000, reason: 'the primary is silent' },
    faults: [{ msAgo: 1_000, reason: 'The register cannot be used: it does not answer' }],
  }),
  'tracker_status response of a tracker alone': sample(served.tracker_status.response.codec, aloneStatus),
  'promote request': sample(served.promote.request.codec, { clusterId }),
  'make_file request': sample(called.make_file.request.codec, {
    groupId,
    file,
    sharedBy: userId,
    peers: [peer],
  }),
  'peer_authentication request': sample(called.peer_authentication.request.codec, {
    groupId,
    userId: 'bob',
    requestedAtMs: 1_764_000_000_000,
    deviceIds: [deviceId],
    memberEpoch: 7,
  }),
  'peer_authentication response': sample(called.peer_authentication.response.codec, {
    decision: 'undecided',
  }),
  'peer_authentication response with proofs': sample(called.peer_authentication.response.codec, {
    decision: 'accept',
    proofs: [proof],
  }),
  'devices_revoked request': sample(called.devices_revoked.request.codec, {
    groupId,
    memberEpoch: 7,
    userId,
    deviceIds: [deviceId],
  }),
  'make_file request of a signed file': sample(called.make_file.request.codec, {
    groupId,
    file,
    sharedBy: userId,
    peers: [peer],
    signature,
    sharer: proof,
  }),
  'membership_changed request': sample(called.membership_changed.request.codec, {
    groupId,
    standing: 'removed',
    index: 300,
  }),
};

describe('messages', () => {
  it('of sync are read as they were written before trackers spoke of themselves', () => {
    const old = `0000002401ac02${'ab'.repeat(32)}00`;
    expect(decode(served.sync.request.codec, fromHex(old))).toEqual({ position, entries: [] });
  });

  it('of status are read when a later tracker has a role and a state of its register that this one does not know', () => {
    const { codec } = served.tracker_status.response;
    const later = { ...aloneStatus, role: 'observer', register: 'crowded' };
    expect(decode(codec, encode(codec, later))).toEqual(later);
  });

  codecContract(samples, vectors);

  it('are the ones that the described system names, and those that practice adds', () => {
    expect(Object.keys(served).sort()).toEqual(
      [
        ...[
          'create_user',
          'login',
          'create_group',
          'join_group',
          'leave_group',
          'list_groups',
          'list_file',
          'logout',
        ],
        ...['upload_file', 'download_file', 'sync', 'announce', 'stop_sharing'],
        ...['list_requests', 'accept_request', 'reject_request'],
        ...['forward', 'tracker_status', 'promote'],
        ...['resume_session', 'change_password', 'list_devices', 'revoke_device'],
        ...['list_members', 'member_proofs', 'remove_member', 'set_role', 'group_stamps'],
        ...['create_invitation', 'list_invitations', 'find_invitation', 'revoke_invitation'],
      ].sort(),
    );
    expect(Object.keys(called).sort()).toEqual([
      'devices_revoked',
      'make_file',
      'membership_changed',
      'peer_authentication',
    ]);
  });
});
