/**
 * Defects that others had, each by class and name: what was done to them is done here, and must come to nothing.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  access,
  mkdir,
  mkdtempDisposable,
  readdir,
  readFile,
  rm,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { createServer as createTlsServer } from 'node:tls';
import {
  buildManifest,
  createManifest,
  openDownload,
  openSource,
  requireFileName,
  verifyWholePiece,
} from '@minitorrent/chunk-store';
import { type Contract, RpcError } from '@minitorrent/rpc-core';
import { createIdentity, createTlsNetwork, type Identity } from '@minitorrent/rpc-core/tls';
import { trackerCallbacks, trackerContract } from '@minitorrent/tracker/contract';
import { createFrameDecoder, decode, encode, encodeFrame } from '@minitorrent/wire-codec';
import { describe, expect, it } from 'vitest';
import { peerContract } from '../src/contract.ts';
import { makeCorpus } from './fuzz/corpus.ts';
import { frame, KIND, payload, varint } from './fuzz/frames.ts';
import { Link } from './fuzz/link.ts';
import { Cluster, GROUP, PASSWORD } from './support/cluster.ts';
import { makeFile } from './support/lax-messages.ts';

const BYTES = new TextEncoder().encode('what was shared');
const PRECIOUS = 'precious';

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const failure: unknown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  return failure instanceof Error && 'code' in failure ? String(failure.code) : `no code: ${String(failure)}`;
}

/** A folder of a test, with what no download may touch beside it. */
async function withFolders(
  test: (folders: { outside: string; downloads: string; data: string }) => Promise<void>,
) {
  await using root = await mkdtempDisposable(join(tmpdir(), 'minitorrent-defects-'));
  const outside = join(root.path, PRECIOUS);
  const downloads = join(root.path, 'downloads');
  const data = join(root.path, 'kept');
  await mkdir(downloads);
  await mkdir(data);
  await writeFile(outside, PRECIOUS);
  await test({ outside, downloads, data });
  expect(await readFile(outside, 'utf8')).toBe(PRECIOUS);
}

describe('sender-controlled path', () => {
  it.each([
    ['libtorrent CVE-2009-1760', '../../../../.bashrc'],
    ['croc CVE-2023-43616', '.ssh/authorized_keys'],
    ['croc CVE-2023-43619', '..\\..\\startup.bat'],
    ['magic-wormhole CVE-2026-32116', '/etc/cron.d/evil'],
    ['magic-wormhole CVE-2026-42448', 'a/../../evil'],
    ['LocalSend CVE-2025-27142', '..//evil'],
  ])('%s: %s is refused in a message, and by the disk', async (_cve, name) => {
    const file = { name, size: BYTES.length, pieceLength: 65_536, root: new Uint8Array(32).fill(1) };
    const message = encode(makeFile, { groupId: GROUP, file, sharedBy: 'eve', peers: [] });
    expect(() => decode(trackerCallbacks.methods.make_file.request.codec, message)).toThrow(
      expect.objectContaining({ name: 'CodecError', code: 'refused' }),
    );
    expect(() => requireFileName(name)).toThrow(expect.objectContaining({ code: 'bad_name' }));
    await withFolders(async ({ downloads }) => {
      const manifest = { ...createManifest({ name: 'a', bytes: BYTES, pieceLength: 65_536 }), name };
      expect(await codeOf(openDownload({ manifest, folder: downloads }))).toBe('bad_name');
      expect(await readdir(downloads)).toEqual([]);
    });
  });
});

describe('symlink escape', () => {
  it('Syncthing CVE-2017-1000420: a link in the place of a download is neither followed nor replaced', () =>
    withFolders(async ({ outside, downloads, data }) => {
      const manifest = createManifest({ name: 'a', bytes: BYTES, pieceLength: 65_536 });
      await symlink(outside, join(downloads, 'a'));
      expect(await codeOf(openDownload({ manifest, folder: downloads, dataFolder: data }))).toBe(
        'already_exists',
      );
      await rm(join(downloads, 'a'));
      const store = await openDownload({ manifest, folder: downloads, dataFolder: data });
      await symlink(outside, join(downloads, 'a'));
      await store.writePiece(verifyWholePiece(manifest, 0, BYTES));
      expect(await codeOf(store.complete())).toBe('already_exists');
      await store.close();
    }));

  it('OnionShare CVE-2026-54706: a shared file that becomes a link to a secret is not served', () =>
    withFolders(async ({ outside, downloads }) => {
      const path = join(downloads, 'shared');
      await writeFile(path, BYTES);
      const { manifest, identity } = await buildManifest(path);
      await rm(path);
      await symlink(outside, path);
      expect(await codeOf(openSource({ path, manifest, identity }))).toBe('source_changed');
    }));
});

describe('delete outside the root on clean-up', () => {
  it('Warpinator CVE-2023-29380: what a link in the place of a working file names stays when a download is discarded', () =>
    withFolders(async ({ outside, downloads, data }) => {
      const manifest = createManifest({ name: 'a', bytes: BYTES, pieceLength: 65_536 });
      const store = await openDownload({ manifest, folder: downloads, dataFolder: data });
      for (const folder of [downloads, data]) {
        for (const name of await readdir(folder)) {
          await rm(join(folder, name));
          await symlink(outside, join(folder, name));
        }
      }
      await store.discard();
      await access(outside);
    }));
});

describe('uncapped or negative length', () => {
  it.each([
    ['Syncthing CVE-2021-21404', '00000000'],
    ['Net::BitTorrent CVE-2026-57080', 'ffffffff'],
    ['Net::BitTorrent CVE-2026-57080', '80000000'],
    ['Net::BitTorrent CVE-2026-57080', '7fffffff'],
  ])('%s: a payload of 0x%s costs no memory, and is refused or empty', (_cve, hex) => {
    const before = process.memoryUsage().arrayBuffers;
    const decoder = createFrameDecoder({ maxPayloadBytes: 65_536 });
    decoder.push(Buffer.from(`4d540470696e67${hex}`, 'hex'));
    if (hex === '00000000') expect(decoder.next()?.payload).toHaveLength(0);
    else expect(() => decoder.next()).toThrow(expect.objectContaining({ code: 'payload_too_large' }));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_048_576);
  });

  it('Net::BitTorrent CVE-2026-57080: a list that states 2^53-1 pieces is refused before anything is made for it', () => {
    const head = [...varint(GROUP.length), ...Buffer.from(GROUP), ...new Uint8Array(32)];
    const body = [...head, ...varint(Number.MAX_SAFE_INTEGER), 1];
    const length = Buffer.alloc(4);
    length.writeUInt32BE(body.length);
    expect(() =>
      decode(peerContract.methods.send_pieces.request.codec, Buffer.from([...length, ...body])),
    ).toThrow(expect.objectContaining({ code: 'too_many_items' }));
  });

  it('Syncthing CVE-2021-21404: a peer that is asked for blocks before and behind a file gives none, and lives', () =>
    withFolders(async ({ downloads }) => {
      const path = join(downloads, 'a');
      await writeFile(path, BYTES);
      const { manifest, identity } = await buildManifest(path);
      await using store = await openSource({ path, manifest, identity });
      for (const [offset, length] of [
        [-1, 1],
        [0, -1],
        [0, 2 ** 31],
        [BYTES.length, 1],
        [Number.NaN, 1],
        [2 ** 53, 1],
      ]) {
        await expect(store.readBlock(0, offset ?? 0, length ?? 0)).rejects.toThrow();
      }
      expect(await store.readBlock(0, 0, BYTES.length)).toEqual(BYTES);
    }));
});

describe('unbounded streams or connections', () => {
  it('go-libp2p GHSA-j7qp-mfxf-8xjw: a device that opens endless streams at a peer is thrown out, others are served', async () => {
    await using cluster = await Cluster.startSecure();
    const peer = await cluster.peer('ada');
    const network = createTlsNetwork({ identity: createIdentity() });
    const open = async (): Promise<Link> =>
      new Link(await network.connect(peer.address, { expect: peer.deviceId }));
    const [greedy, other] = [await open(), await open()];
    const request = { groupId: GROUP, root: new Uint8Array(32) };
    const body = encode(peerContract.methods.send_piece_info.request.codec, request);
    const storm = Array.from({ length: 10_000 }, (_, at) =>
      frame('send_piece_info', payload(KIND.request, at + 1, 1_000_000, body)),
    );
    greedy.send(Buffer.concat(storm));
    await greedy.closed;
    expect([...greedy.outcomes.keys()]).toContain('goodbye too_many_calls');
    expect(await other.ping()).toBe(true);
    other.destroy();
  });

  it('KDE Connect CVE-2020-26164: unfinished handshakes at a peer are few, and devices get in all the same', async () => {
    await using cluster = await Cluster.startSecure();
    const peer = await cluster.peer('ada');
    const sockets = await Promise.all(
      Array.from({ length: 100 }, async () => {
        const socket = connect({ ...peer.address }).on('error', () => {});
        await once(socket, 'connect');
        return socket.resume();
      }),
    );
    // Those that are too many are closed; those within the limit hold nothing but their place.
    await Promise.all(sockets.slice(32).map(isClosed));
    for (const socket of sockets.slice(0, 8)) socket.resetAndDestroy();
    const network = createTlsNetwork({ identity: createIdentity() });
    const link = new Link(await untilIn(() => network.connect(peer.address, { expect: peer.deviceId })));
    expect(await link.ping()).toBe(true);
    link.destroy();
    for (const socket of sockets) socket.resetAndDestroy();
  });
});

describe('localhost HTTP control, DNS rebinding', () => {
  it('Transmission CVE-2018-5702: no port of a peer or a tracker answers a byte to a web page', async () => {
    await using cluster = await Cluster.startSecure();
    const peer = await cluster.peer('ada');
    for (const address of [peer.address, cluster.tracker.address]) {
      for (const request of [
        'GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n',
        'POST /rpc HTTP/1.1\r\nHost: localhost\r\n\r\n{}',
      ]) {
        const socket = connect({ ...address });
        socket.on('error', () => {});
        socket.write(request);
        const answer = await text(socket).catch(() => '');
        expect(answer).not.toMatch(/HTTP|MT/);
      }
    }
  });
});

describe('default credentials', () => {
  it('qBittorrent CVE-2023-30801: a new tracker has no user, and none with a simple password can be made', async () => {
    await using cluster = await Cluster.startSecure();
    expect((await cluster.tracker.stats()).users).toBe(0);
    const identity: Identity = createIdentity();
    const client = (await cluster.client([], identity)).client(trackerContract);
    const { deviceId } = identity;
    for (const [userId, password] of [
      ['admin', 'adminadmin'],
      ['admin', ''],
      ['root', 'root'],
      ['minitorrent', 'minitorrent'],
    ]) {
      const account = { userId: userId ?? '', password: password ?? '' };
      expect(await codeOf(client.login({ ...account, deviceId }))).toMatch(
        /^(wrong_password|too_many_attempts)$/,
      );
      expect(await codeOf(client.create_user({ ...account, requestId: randomBytes(16) }))).toBe(
        'weak_password',
      );
    }
  });
});

describe('command injection', () => {
  it.each([
    ['qBittorrent CVE-2019-13640', '$(touch pwned); `touch pwned` & x.txt'],
    ['uTorrent CVE-2015-5474', '--help & calc.exe'],
  ])('%s: %s is a name like any other, and travels as one', async (_cve, name) => {
    await using cluster = await Cluster.start();
    const alice = await cluster.admin('alice');
    const bob = await cluster.member('bob');
    await alice.uploadFile(GROUP, await cluster.file(name, BYTES));
    const download = await bob.downloadFile(GROUP, name);
    const path = await download.completed;
    expect(basename(path)).toBe(name);
    expect(await readFile(path)).toEqual(Buffer.from(BYTES));
    for (const folder of [process.cwd(), cluster.folder])
      expect(await readdir(folder)).not.toContain('pwned');
  });
});

describe('uninitialised memory on the wire', () => {
  const STALE = 0xa5;

  /** As if all memory that is handed out unfilled had held something before. */
  async function withStaleMemory(test: () => Promise<void> | void): Promise<void> {
    const { allocUnsafe, allocUnsafeSlow } = Buffer;
    const poisoned = (alloc: typeof allocUnsafe) => (size: number) => alloc.call(Buffer, size).fill(STALE);
    Buffer.allocUnsafe = poisoned(allocUnsafe);
    Buffer.allocUnsafeSlow = poisoned(allocUnsafeSlow);
    try {
      await test();
    } finally {
      Object.assign(Buffer, { allocUnsafe, allocUnsafeSlow });
    }
  }

  const stale = Buffer.alloc(4, STALE);

  it('bittorrent-dht CVE-2016-10519: no frame of any message holds what lay in memory before', () =>
    withStaleMemory(() => {
      const place = {
        ...{ userId: 'ada', password: PASSWORD, groupId: GROUP, fileName: 'film.bin' },
        ...{ deviceId: new Uint8Array(32), root: new Uint8Array(32).fill(1) },
      };
      const contracts: readonly Contract[] = [trackerContract, trackerCallbacks, peerContract];
      const { bodies } = makeCorpus(contracts, place, 1);
      expect(bodies.length).toBeGreaterThan(500);
      for (const body of bodies) {
        const sent = Buffer.concat(encodeFrame('message', body));
        // What the values themselves hold is not at issue.
        expect(sent.includes(stale)).toBe(false);
        expect(sent.length).toBe(14 + body.length);
      }
    }));

  it('bittorrent-dht CVE-2016-10519: a file that is cut while it is served gives an error, and no memory', () =>
    withStaleMemory(() =>
      withFolders(async ({ downloads }) => {
        const path = join(downloads, 'a');
        await writeFile(path, new Uint8Array(200_000));
        const { manifest, identity } = await buildManifest(path);
        await using store = await openSource({ path, manifest, identity });
        expect(Buffer.from(await store.readBlock(0, 0, 65_536)).includes(stale)).toBe(false);
        await truncate(path, 1_000);
        expect(await codeOf(store.readBlock(0, 0, 65_536))).toMatch(/^(source_changed|corrupt_piece)$/);
      }),
    ));
});

describe('TLS check skipped', () => {
  it('qBittorrent CVE-2024-51774: a server with another key gets no byte, no certificate and no password', async () => {
    const other = createIdentity();
    const expected = createIdentity().deviceId;
    const received: unknown[] = [];
    const secured: unknown[] = [];
    const server = createTlsServer({
      key: other.privateKey.export({ format: 'pem', type: 'pkcs8' }),
      cert: `-----BEGIN CERTIFICATE-----\n${Buffer.from(other.certificate).toString('base64')}\n-----END CERTIFICATE-----\n`,
      ...{ requestCert: true, rejectUnauthorized: false, ALPNProtocols: ['minitorrent/1'] },
    });
    server.on('secureConnection', (socket) => {
      secured.push(socket.getPeerX509Certificate());
      socket.on('data', (bytes) => received.push(bytes)).on('error', () => {});
    });
    const failed = once(server, 'tlsClientError');
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    // A server that listens on TCP has this kind of address.
    const { port } = server.address() as { readonly port: number };
    const network = createTlsNetwork({ identity: createIdentity() });
    const connecting = network.connect({ host: '127.0.0.1', port }, { expect: expected });
    await expect(connecting).rejects.toThrow(RpcError);
    expect(await codeOf(connecting)).toBe('wrong_identity');
    await failed;
    expect([received, secured]).toEqual([[], []]);
    server.close();
  });
});

async function isClosed(socket: Socket): Promise<void> {
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
}

/** Tries until one who has left has been noticed. */
async function untilIn<T>(attempt: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
    }
  }
}
