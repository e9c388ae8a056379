import { randomBytes } from 'node:crypto';
import { createManifest, createMemoryStore, LEAF_BYTES, verifyWholePiece } from '@minitorrent/chunk-store';
import {
  createConnection,
  createServer,
  createSystemClock,
  createSystemRandom,
  RpcError,
} from '@minitorrent/rpc-core';
import { createMemoryNetwork } from '@minitorrent/rpc-core/memory';
import { describe, expect, it, vi } from 'vitest';
import { peerContract } from '../src/contract.ts';
import { peerOfDevice } from '../src/peer-place.ts';
import { servePieces } from '../src/shell/serve-pieces.ts';
import { SharedFiles } from '../src/shell/shared-files.ts';
import { Uplink } from '../src/shell/uplink.ts';
import { admitAnybody } from './support/admit-anybody.ts';
import { GROUP, GroupScene } from './support/group-scene.ts';

const bytes = randomBytes(1_000_000);
const manifest = createManifest({ name: 'a.bin', bytes });
const groupId = 'films';
const address = { host: 'server', port: 1 };

async function fullStore() {
  const store = createMemoryStore({ manifest });
  const { pieceLength } = manifest;
  for (let index = 0; index < store.layout.pieceCount; index++) {
    const piece = bytes.subarray(index * pieceLength, (index + 1) * pieceLength);
    await store.writePiece(verifyWholePiece(manifest, index, piece));
  }
  return store;
}

describe('servePieces', () => {
  it('goes on serving those that it serves when a file is served from another store', async () => {
    const [network, clock] = [createMemoryNetwork(), createSystemClock()];
    const files = new SharedFiles();
    const uplink = new Uplink({ clock, random: createSystemRandom() });
    const serve = [servePieces({ files, uplink, admission: admitAnybody })];
    await using server = await createServer({ network, clock, address, serve, trusted: true });
    await using connection = createConnection({
      channel: await network.connect(server.address),
      clock,
      trusted: true,
    });
    const client = connection.client(peerContract);
    const first = await fullStore();
    files.put(groupId, first);
    const news = client.send_piece_info({ groupId, root: manifest.root })[Symbol.asyncIterator]();
    await news.next();

    const indices = [...first.have.indices()];
    const request = { groupId, root: manifest.root, want: indices, maxPieces: indices.length, begun: [] };
    const received: number[] = [];
    // So small that the server never runs ahead by more than an item.
    for await (const item of client.send_pieces(request, { windowBytes: 1 })) {
      if (item.kind === 'piece') received.push(item.index);
      if (received.length !== 3 || item.kind === 'piece') continue;
      files.put(groupId, await fullStore());
      await first.close();
    }
    expect(received.toSorted((a, b) => a - b)).toEqual(indices);
    const next = news.next();
    files.remove(groupId, manifest.root);
    await expect(next).rejects.toMatchObject({ code: 'unknown_file' });
    uplink.close();
  });

  it('goes on in the middle of a piece when a file is served from another store', async () => {
    const [network, clock] = [createMemoryNetwork(), createSystemClock()];
    const files = new SharedFiles();
    const uplink = new Uplink({ clock, random: createSystemRandom() });
    const serve = [servePieces({ files, uplink, admission: admitAnybody })];
    await using server = await createServer({ network, clock, address, serve, trusted: true });
    const channel = await network.connect(server.address);
    await using connection = createConnection({ channel, clock, trusted: true });
    // More than is read ahead.
    const long = randomBytes(2 * 1024 * 1024);
    const piece = createManifest({ name: 'b.bin', bytes: long, pieceLength: long.length });
    const first = createMemoryStore({ manifest: piece, bytes: long });
    files.put(groupId, first);
    const request = { groupId, root: piece.root, want: [0], maxPieces: 1, begun: [] };
    const received: Buffer[] = [];
    for await (const item of connection.client(peerContract).send_pieces(request, { windowBytes: 1 })) {
      if (item.kind === 'block') received.push(Buffer.from(item.data));
      if (received.length !== 1) continue;
      files.put(groupId, createMemoryStore({ manifest: piece, bytes: long }));
      await first.close();
    }
    expect(Buffer.concat(received).equals(long)).toBe(true);
    uplink.close();
  });

  it('sends of a piece that is begun what its receiver lacks, and of any other all', async () => {
    const [network, clock] = [createMemoryNetwork(), createSystemClock()];
    const files = new SharedFiles();
    const uplink = new Uplink({ clock, random: createSystemRandom() });
    const serve = [servePieces({ files, uplink, admission: admitAnybody })];
    await using server = await createServer({ network, clock, address, serve, trusted: true });
    files.put(groupId, await fullStore());
    const channel = await network.connect(server.address);
    await using connection = createConnection({ channel, clock, trusted: true });
    const client = connection.client(peerContract);
    const last = Math.ceil(bytes.length / manifest.pieceLength) - 1;
    const blocksOf = async (index: number, ...begun: { index: number; fromLeaf: number }[]) => {
      const blocks: { offset: number; data: Buffer }[] = [];
      const request = { groupId, root: manifest.root, want: [index], maxPieces: 1, begun };
      for await (const item of client.send_pieces(request))
        if (item.kind === 'block') blocks.push({ offset: item.offset, data: Buffer.from(item.data) });
      // How they are cut is the window's decision.
      const from = blocks[0]?.offset ?? 0;
      for (const [at, { offset }] of blocks.entries())
        expect(offset).toBe(from + Buffer.concat(blocks.slice(0, at).map(({ data }) => data)).length);
      return [[from, Buffer.concat(blocks.map(({ data }) => data))]];
    };
    const dataOf = (index: number, fromLeaf: number): Buffer =>
      bytes
        .subarray(index * manifest.pieceLength, (index + 1) * manifest.pieceLength)
        .subarray(fromLeaf * LEAF_BYTES);
    const all = [[0, dataOf(1, 0)]];
    expect(await blocksOf(1)).toEqual(all);
    expect(await blocksOf(1, { index: 1, fromLeaf: 0 }, { index: 2, fromLeaf: 1 })).toEqual(all);
    const rest = { index: 1, fromLeaf: 3 };
    expect(await blocksOf(1, { index: 1, fromLeaf: 1 }, rest)).toEqual([[3 * LEAF_BYTES, dataOf(1, 3)]]);
    expect(await blocksOf(last, { index: last, fromLeaf: 1 })).toEqual([[LEAF_BYTES, dataOf(last, 1)]]);
    expect(await blocksOf(1, { index: last + 1, fromLeaf: 99 })).toEqual(all);
    for (const fromLeaf of [4, 2 ** 40])
      await expect(blocksOf(1, { index: 1, fromLeaf })).rejects.toMatchObject({ code: 'bad_request' });
    uplink.close();
  });

  it('sends first what the swarm has least of, as far as the download that runs knows', async () => {
    const [network, clock] = [createMemoryNetwork(), createSystemClock()];
    const files = new SharedFiles();
    const uplink = new Uplink({ clock, random: createSystemRandom() });
    const serve = [servePieces({ files, uplink, admission: admitAnybody })];
    await using server = await createServer({ network, clock, address, serve, trusted: true });
    const channel = await network.connect(server.address);
    await using connection = createConnection({ channel, clock, trusted: true });
    const store = await fullStore();
    const want = [...store.have.indices()];
    const copies = new Map(want.map((index) => [index, index === 4 || index === 9 ? 1 : 3]));
    files.put(groupId, store, { copiesOf: (index) => copies.get(index) ?? 0 });
    const request = { groupId, root: manifest.root, want, maxPieces: want.length, begun: [] };
    const sent: number[] = [];
    // So small that the server never runs ahead by more than an item.
    for await (const item of connection.client(peerContract).send_pieces(request, { windowBytes: 1 })) {
      if (item.kind !== 'piece') continue;
      sent.push(item.index);
      if (sent.length === 3) copies.set(12, 2);
    }
    expect(sent.slice(0, 2).toSorted((a, b) => a - b)).toEqual([4, 9]);
    expect(sent.slice(3, 5)).toContain(12);
    uplink.close();
  });

  it('knows of a file what its download knows, until that is complete', async () => {
    const put = vi.spyOn(SharedFiles.prototype, 'put');
    await using scene = await GroupScene.start();
    const alice = await scene.user('alice', { joinPolicy: async () => 'accept' });
    await alice.createGroup(GROUP);
    await alice.uploadFile(GROUP, await scene.file('a.bin', bytes));
    const limits = { downBytesPerSecond: 16 * 1024 };
    const bob = await scene.user('bob', { limits });
    await bob.joinGroup(GROUP);
    const download = await bob.downloadFile(GROUP, 'a.bin');
    await vi.waitFor(() => expect(put.mock.results).toHaveLength(2));
    const [seeded, fetched] = put.mock.results.map(({ value }) => value);
    await vi.waitFor(() => expect(fetched.copiesOf(0)).toBe(1));
    expect(seeded.copiesOf).toBeUndefined();
    bob.limitTransfers({});
    await download.completed;
    expect(fetched.copiesOf).toBeUndefined();
    put.mockRestore();
  });

  it('serves nothing of a group over a connection that is not admitted to it', async () => {
    const [network, clock] = [createMemoryNetwork(), createSystemClock()];
    const files = new SharedFiles();
    const uplink = new Uplink({ clock, random: createSystemRandom() });
    const require = vi.fn(() => {
      throw new RpcError('not_a_member', 'Cannot serve anything of films');
    });
    const serve = [servePieces({ files, uplink, admission: { ...admitAnybody, require } })];
    await using server = await createServer({ network, clock, address, serve, trusted: true });
    files.put(groupId, await fullStore());
    const channel = await network.connect(server.address);
    await using connection = createConnection({ channel, clock, trusted: true });
    const client = connection.client(peerContract);
    const file = { groupId, root: manifest.root };
    const calls = [
      client.send_piece_info(file)[Symbol.asyncIterator]().next(),
      client.send_piece_layer({ ...file, first: 0, count: 1 }),
      client
        .send_pieces({ ...file, want: [0], maxPieces: 1, begun: [] })
        [Symbol.asyncIterator]()
        .next(),
    ];
    for (const call of calls) await expect(call).rejects.toMatchObject({ code: 'not_a_member' });
    expect(require).toHaveBeenCalledTimes(3);
    expect(require).toHaveBeenCalledWith(expect.anything(), groupId);
    uplink.close();
  });

  it('ends what runs when the connection is admitted no more', async () => {
    const [network, clock] = [createMemoryNetwork(), createSystemClock()];
    const files = new SharedFiles();
    const uplink = new Uplink({ clock, random: createSystemRandom() });
    const ending = new AbortController();
    const admission = { ...admitAnybody, require: () => ending.signal };
    const serve = [servePieces({ files, uplink, admission })];
    await using server = await createServer({ network, clock, address, serve, trusted: true });
    const store = await fullStore();
    files.put(groupId, store);
    const channel = await network.connect(server.address);
    await using connection = createConnection({ channel, clock, trusted: true });
    const client = connection.client(peerContract);
    const file = { groupId, root: manifest.root };
    const news = client.send_piece_info(file)[Symbol.asyncIterator]();
    const want = [...store.have.indices()];
    const pieces = client.send_pieces(
      { ...file, want, maxPieces: want.length, begun: [] },
      { windowBytes: 1 },
    );
    const items = pieces[Symbol.asyncIterator]();
    await Promise.all([news.next(), items.next()]);
    ending.abort(new RpcError('not_admitted', 'Cannot go on with films: the stamp has ended'));
    await expect(news.next()).rejects.toMatchObject({ code: 'not_admitted', remote: true });
    let blocks = 0;
    const rest = async (): Promise<void> => {
      while (!(await items.next()).done) blocks += 1;
    };
    await expect(rest()).rejects.toMatchObject({ code: 'not_admitted', remote: true });
    // What was on its way already, and no more.
    expect(blocks).toBeLessThanOrEqual(2);
    uplink.close();
  });

  it('takes a device for one receiver, whatever it connects from', async () => {
    const [network, clock] = [createMemoryNetwork(), createSystemClock()];
    const files = new SharedFiles();
    const uplink = new Uplink({ clock, random: createSystemRandom() });
    const open = vi.spyOn(uplink, 'open');
    const serve = [servePieces({ files, uplink, admission: admitAnybody })];
    await using server = await createServer({ network, clock, address, serve, trusted: true });
    files.put(groupId, await fullStore());
    const devices = [1, 1, 2].map((byte) => new Uint8Array(32).fill(byte));
    for (const [place, device] of devices.entries()) {
      const channel = await network.from(`host-${place}`, device).connect(server.address);
      await using connection = createConnection({ channel, clock, trusted: true });
      const request = { groupId, root: manifest.root, want: [0], maxPieces: 1, begun: [] };
      for await (const _item of connection.client(peerContract).send_pieces(request));
    }
    const receivers = open.mock.calls.map(([{ receiver }]) => receiver);
    expect(receivers).toEqual(devices.map(peerOfDevice));
    uplink.close();
  });
});
