/**
 * What a stranger sends who keeps to no rule: a tracker and a peer answer with a code or close with one, over a bare
 * socket, and go on serving the others.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { MESSAGE_LIMITS } from '@minitorrent/tracker/contract';
import { encode, varint } from '@minitorrent/wire-codec';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MembershipCard } from '../../src/admission.ts';
import { presentMembershipRequest } from '../../src/contract.ts';
import { createPeer, type Peer } from '../../src/index.ts';
import { PEER_MESSAGE_LIMITS } from '../../src/message-limits.ts';
import { Cluster, GROUP, PASSWORD } from '../support/cluster.ts';
import {
  fileRequest,
  groupRequest,
  loginRequest,
  makeFile,
  piecesRequest,
  stopRequest,
  uploadRequest,
  userRequest,
} from '../support/lax-messages.ts';
import { headerOf, Stranger } from '../support/stranger.ts';

const KIB = 1024;
const bytes = randomBytes(100);
const root = new Uint8Array(32).fill(7);
const descriptor = { name: 'a.bin', size: 1, pieceLength: 64 * KIB, root };

/** One tracker and its peers for all that is tried: each try is followed by a look whether it still serves. */
interface Scene {
  readonly cluster: Cluster;
  /** The admin of the group. */
  readonly alice: Peer;
  readonly bob: Peer;
  /** What the stranger can show to peers: the network proves nobody. */
  readonly card: MembershipCard;
}

type Target = 'tracker' | 'peer';

/** What ends the connection of somebody unknown. */
const fatal: readonly (readonly [string, string, Target, (stranger: Stranger) => void])[] = [
  ...(['tracker', 'peer'] as const).flatMap((target) => [
    ['bytes that are no frame', 'bad_frame', target, sends(Buffer.from('GET / HTTP/1.1\r\n\r\n'))] as const,
    ['a hello that opens otherwise', 'bad_frame', target, sends(Buffer.from('TM\x05hello\0\0\0\0'))] as const,
    ['a type with capitals', 'bad_frame', target, sends(Buffer.from('MT\x05Hello\0\0\0\0'))] as const,
    ['a type of no bytes', 'bad_frame', target, sends(Buffer.from('MT\0\0\0\0\0'))] as const,
    ['a type of 33 bytes', 'bad_frame', target, sends(Buffer.from(`MT!${'x'.repeat(33)}\0\0\0\0`))] as const,
    ['a hello of 4 GiB', 'bad_frame', target, sends(headerOf('hello', 0xffff_ffff))] as const,
    ['a call before the hello', 'unexpected_frame', target, callsFirst] as const,
    ['a payload of 4 GiB', 'bad_frame', target, greets(headerOf('login', 0xffff_ffff))] as const,
    ['an envelope that is none', 'bad_envelope', target, greets(headerOf('login', 2), 9, 1)] as const,
    ['an answer to no call', 'unknown_call', target, greets(headerOf('login', 2), 2, 1)] as const,
  ]),
  ['a message beyond 4 KiB before the login', 'bad_frame', 'tracker', greets(headerOf('login', 4 * KIB + 1))],
  ['an unknown message beyond 4 KiB', 'bad_frame', 'tracker', greets(headerOf('make_tea', 4 * KIB + 1))],
  [
    'a message beyond 7.25 KiB before a membership',
    'bad_frame',
    'peer',
    greets(headerOf('send_pieces', 7_425)),
  ],
  ['a membership beyond 7.25 KiB', 'bad_frame', 'peer', greets(headerOf('present_membership', 7_425))],
];

/** What ends the connection of a member to a peer. */
const fatalOfMember: readonly (readonly [string, Uint8Array])[] = [
  ['an unknown message beyond 64 KiB', headerOf('make_tea', 64 * KIB + 1)],
  ['a message longer than its own', headerOf('send_pieces', 64 * KIB + 33)],
  ['a membership longer than its own', headerOf('present_membership', 64 * KIB + 33)],
];

/** What is refused, by a tracker that knows the stranger as eve. */
const refusedByTracker: readonly (readonly [string, string, string, (stranger: Stranger) => void])[] = [
  ['an unknown message', 'make_tea', 'unimplemented', (eve) => eve.call('make_tea', new Uint8Array(9))],
  ['no body', 'create_group', 'bad_request', (eve) => eve.call('create_group', new Uint8Array(0))],
  [
    'bytes behind the body',
    'logout',
    'bad_request',
    (eve) => eve.call('logout', Uint8Array.of(0, 0, 0, 0, 1)),
  ],
  ['a user that is a path', 'create_user', 'bad_request', createsUser('../eve')],
  ['a user of 65 bytes', 'create_user', 'bad_request', createsUser('e'.repeat(65))],
  ['a password of 257 bytes', 'create_user', 'bad_request', createsUser('eva', 'x'.repeat(257))],
  ['a group that is a path', 'create_group', 'bad_request', createsGroup('../../etc')],
  ['a group with a backslash', 'create_group', 'bad_request', createsGroup('..\\films')],
  ['a group of a line and a half', 'create_group', 'bad_request', createsGroup('films\nor')],
  ['a file that is a path', 'upload_file', 'bad_request', uploads({ name: '../../.ssh/keys' })],
  ['a file that is a folder', 'upload_file', 'bad_request', uploads({ name: '..' })],
  ['a file of more bytes than there may be', 'upload_file', 'bad_request', uploads({ size: 2 ** 52 })],
  ['pieces of an odd length', 'upload_file', 'bad_request', uploads({ pieceLength: 64 * KIB + 1 })],
  [
    'a download of a path',
    'download_file',
    'bad_request',
    (eve) => eve.ask('download_file', fileRequest, { groupId: GROUP, name: '../a.bin' }),
  ],
  [
    'an end to a path',
    'stop_sharing',
    'bad_request',
    (eve) =>
      eve.ask('stop_sharing', stopRequest, {
        requestId: randomBytes(16),
        groupId: GROUP,
        name: '/etc/passwd',
      }),
  ],
  [
    'an announce of more files than there may be',
    'announce',
    'bad_request',
    // The port, and a count that nothing follows.
    (eve) =>
      eve.call('announce', extensible(0x0f, 0xa0, ...varintBytes(MESSAGE_LIMITS.filesPerAnnounce + 1))),
  ],
];

const refusedByPeer: readonly (readonly [string, string, string, (stranger: Stranger) => void])[] = [
  ['an unknown message', 'make_tea', 'unimplemented', (eve) => eve.call('make_tea', new Uint8Array(9))],
  ['a message for trackers', 'login', 'unimplemented', (eve) => eve.call('login', new Uint8Array(9))],
  [
    'no body',
    'send_pieces',
    'bad_request',
    (eve) => eve.call('send_pieces', new Uint8Array(0), { windowBytes: 1 }),
  ],
  ['a group that is a path', 'send_pieces', 'bad_request', wants({ groupId: '../films' })],
  [
    'more pieces than a message holds',
    'send_pieces',
    'bad_request',
    wants({ want: Array.from({ length: PEER_MESSAGE_LIMITS.piecesPerMessage + 1 }, () => 0) }),
  ],
  ['a file that is not shared', 'send_pieces', 'unknown_file', wants({})],
];

let scene: Scene;

beforeAll(async () => {
  const cluster = await Cluster.start();
  const alice = await cluster.admin('alice');
  await alice.uploadFile(GROUP, await cluster.file('shared.bin', bytes));
  scene = { cluster, alice, bob: await cluster.member('bob'), card: await cluster.card('mallory') };
  await (await cluster.peer('eve')).createUser('eve', PASSWORD);
});

afterAll(async () => scene.cluster[Symbol.asyncDispose]());

describe('a stranger', () => {
  it.each(fatal)('who sends %s is sent away with %s by a %s', async (_what, code, target, send) => {
    await using stranger = await Stranger.connect(addressOf(target));
    send(stranger);
    expect(await stranger.refusal()).toEqual({ type: 'goodbye', code, message: sentence });
    expect(await stranger.next()).toBeUndefined();
    await expectService();
  });

  it.each(refusedByTracker)(
    'who sends a tracker %s has %s answered with %s',
    async (_what, type, code, send) => {
      await using eve = await Stranger.connect(addressOf('tracker'));
      eve.greet();
      eve.ask('login', loginRequest, { userId: 'eve', password: PASSWORD, deviceId: randomBytes(32) });
      expect(await eve.next()).toBe('login');
      send(eve);
      expect(await eve.refusal()).toEqual({ type, code, message: sentence });
      // The connection lives on.
      createsGroup(GROUP)(eve);
      expect(await eve.refusal()).toEqual({ type: 'create_group', code: 'group_exists', message: sentence });
      await expectService();
    },
  );

  it.each(fatalOfMember)('who shows a membership and sends a peer %s is sent away', async (_what, header) => {
    await using eve = await member();
    eve.send(header);
    expect(await eve.refusal()).toEqual({ type: 'goodbye', code: 'bad_frame', message: sentence });
    expect(await eve.next()).toBeUndefined();
    await expectService();
  });

  it.each(refusedByPeer)('who sends a peer %s has %s answered with %s', async (_what, type, code, send) => {
    await using eve = await member();
    send(eve);
    expect(await eve.refusal()).toEqual({ type, code, message: sentence });
    // The connection lives on.
    wants({})(eve);
    expect(await eve.refusal()).toEqual({ type: 'send_pieces', code: 'unknown_file', message: sentence });
    await expectService();
  });

  it('who plays a tracker gets neither a path nor a file that nobody asked for made', async () => {
    await using cluster = await Cluster.start();
    const server = createServer({ noDelay: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const [socket, peer] = await Promise.all([accepted(server), peerOf(cluster, server)]);
    await using _peer = peer;
    await using tracker = new Stranger(socket);
    server.close();
    tracker.greet();
    for (const name of ['../../.ssh/keys', '/etc/passwd', '..', 'a\\b']) {
      const request = { groupId: GROUP, file: { ...descriptor, name }, sharedBy: 'alice', peers: [] };
      tracker.ask('make_file', makeFile, request);
      expect(await tracker.refusal()).toEqual({ type: 'make_file', code: 'bad_request', message: sentence });
    }
    const request = { groupId: GROUP, file: descriptor, sharedBy: 'alice', peers: [] };
    tracker.ask('make_file', makeFile, request);
    expect(await tracker.refusal()).toMatchObject({ code: 'unknown_download' });
  });
});

/** A stranger whom alice takes for a member. */
async function member(): Promise<Stranger> {
  const eve = await Stranger.connect(addressOf('peer'));
  eve.greet();
  eve.ask('present_membership', presentMembershipRequest, { groupId: GROUP, ...scene.card });
  expect(await eve.next()).toBe('present_membership');
  return eve;
}

function addressOf(target: Target): { readonly host: string; readonly port: number } {
  return target === 'tracker' ? scene.cluster.tracker.address : scene.alice.address;
}

/** A file goes from alice to bob: the tracker and her peer are in good health. */
async function expectService(): Promise<void> {
  const { bob } = scene;
  const download = await bob.downloadFile(GROUP, 'shared.bin', { overwrite: true });
  expect(bytes.equals(await readFile(await download.completed))).toBe(true);
  await bob.stopSharing(GROUP, 'shared.bin');
}

function sends(bytes: Uint8Array): (stranger: Stranger) => void {
  return (stranger) => stranger.send(bytes);
}

function greets(...parts: readonly [Uint8Array, ...number[]]): (stranger: Stranger) => void {
  const [header, ...payload] = parts;
  return (stranger) => {
    stranger.greet();
    stranger.send(header, Uint8Array.from(payload));
  };
}

function callsFirst(stranger: Stranger): void {
  stranger.call('logout', new Uint8Array(4));
}

function createsUser(userId: string, password = PASSWORD): (stranger: Stranger) => void {
  return (eve) => eve.ask('create_user', userRequest, { requestId: randomBytes(16), userId, password });
}

function createsGroup(groupId: string): (stranger: Stranger) => void {
  return (eve) => eve.ask('create_group', groupRequest, { requestId: randomBytes(16), groupId });
}

function uploads(changes: Partial<typeof descriptor>): (stranger: Stranger) => void {
  const file = { ...descriptor, ...changes };
  return (eve) => eve.ask('upload_file', uploadRequest, { requestId: randomBytes(16), groupId: GROUP, file });
}

function wants(changes: {
  readonly groupId?: string;
  readonly want?: number[];
}): (stranger: Stranger) => void {
  const request = { groupId: GROUP, root, want: [0], maxPieces: 1, begun: [], ...changes };
  return (eve) => eve.ask('send_pieces', piecesRequest, request, { windowBytes: 1 });
}

/** The body of an extensible struct with these bytes as its fields. */
function extensible(...fields: readonly number[]): Uint8Array {
  return Uint8Array.of(0, 0, 0, fields.length, ...fields);
}

function varintBytes(value: number): Uint8Array {
  return encode(varint, value);
}

const sentence = expect.stringMatching(/^\w+ .*\w/);

async function accepted(server: ReturnType<typeof createServer>): Promise<Socket> {
  // `connection` comes with the socket.
  const [socket] = (await once(server, 'connection')) as [Socket];
  return socket;
}

/** A peer whose tracker is `server`. */
function peerOf(cluster: Cluster, server: ReturnType<typeof createServer>): Promise<Peer> {
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new TypeError('The server does not listen');
  const folder = join(cluster.folder, 'led-astray');
  return createPeer({
    trackers: [{ host: '127.0.0.1', port: bound.port }],
    dataDir: join(folder, 'data'),
    downloadDir: join(folder, 'downloads'),
    network: cluster.network(),
  });
}
