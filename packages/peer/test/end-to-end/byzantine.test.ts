/** Swarms of which a quarter are members gone bad: the others get the file, lose little by them, and leave them. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createManifest, LEAF_BYTES, type PieceAssembler } from '@minitorrent/chunk-store';

import { lastGrantOf, STAMP_LIFE_MS, signStamp } from '@minitorrent/tracker/contract';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Download, Peer } from '../../src/index.ts';
import { SWARM_LIMITS } from '../../src/swarm-limits.ts';
import {
  badMember,
  Deeds,
  endlessNews,
  lyingBitfield,
  moreThanThePiece,
  oneLeafForEver,
  outdated,
  type Plot,
  replaying,
  silent,
  wrongAtTheEnd,
  wrongBytes,
} from '../support/bad-members.ts';
import { card, GROUP, type Hand, MembersScene } from '../support/members-scene.ts';
import { groupKeyOf } from '../support/membership-world.ts';

/** Every piece that was begun: what of it was right, and what became of it. */
const begun = vi.hoisted(() => ({
  pieces: [] as { readonly assembler: PieceAssembler; wrongLeaves: number; isWhole: boolean }[],
}));

vi.mock('@minitorrent/chunk-store', async (importOriginal) => {
  const store = await importOriginal<typeof import('@minitorrent/chunk-store')>();
  const createPieceAssembler: typeof store.createPieceAssembler = (...options) => {
    const assembler = store.createPieceAssembler(...options);
    const piece = { assembler, wrongLeaves: 0, isWhole: false };
    begun.pieces.push(piece);
    const { addBlock, finish } = assembler;
    assembler.addBlock = (offset, block) => {
      try {
        return addBlock.call(assembler, offset, block);
      } catch (error) {
        piece.wrongLeaves += 1;
        throw error;
      }
    };
    assembler.finish = () => {
      piece.isWhole = true;
      return finish.call(assembler);
    };
    return assembler;
  };
  return { ...store, createPieceAssembler };
});

afterEach(() => {
  begun.pieces = [];
});

const bytes = randomBytes(2_000_000);
const manifest = createManifest({ name: 'a.bin', bytes });
const leavesOfPiece = manifest.pieceLength / LEAF_BYTES;
/** What a stream may send before anything of it was taken. */
const WINDOW_BYTES = 1024 * 1024;
/** The requests of a swarm that is getting nothing. */
const REQUESTS = SWARM_LIMITS.requestsInBudget;

/** What was looked at and had to be fetched again: wrong leaves, and right ones of pieces that nobody went on with. */
function leavesLost(): number {
  return sum(
    begun.pieces.map(
      ({ assembler, wrongLeaves, isWhole }) =>
        wrongLeaves + (isWhole ? 0 : assembler.progress.verifiedLeaves),
    ),
  );
}

/** Blocks that were refused when they were looked at. */
function wrongBlocks(): number {
  return sum(begun.pieces.map(({ wrongLeaves }) => wrongLeaves));
}

interface Outcome {
  readonly deeds: readonly Deeds[];
  /** By each honest peer: whom it banned. */
  readonly banned: readonly (readonly string[])[];
  readonly problems: readonly (readonly string[])[];
}

/**
 * Everybody but one seeder and the bad members downloads the file. At first only these are there, so that each of the others
 * meets each of them; then the seeder comes. Fails unless the file arrives everywhere.
 */
async function downloadAmong(peers: number, plots: readonly Plot[]): Promise<Outcome> {
  await using scene = await MembersScene.start();
  const alice = await scene.founder('alice');
  const before = await scene.peer(alice);
  await before.uploadFile(GROUP, await scene.file('a.bin', bytes));
  await before.close();
  const leechers = peers - plots.length - 1;
  const deeds = plots.map(() => new Deeds(leechers));
  for (const [place, plot] of plots.entries()) {
    const liar = await scene.member(`liar-${place}`, alice);
    const own = { card: await card(liar), stolen: await card(alice), stale: await staleCard(scene, liar) };
    const means = { manifest, bytes, ...own, deeds: deeds[place] ?? new Deeds(0) };
    await scene.holder(liar, manifest.root, badMember(plot, means));
  }
  const banned: string[][] = [];
  const downloads: Download[] = [];
  for (let place = 0; place < leechers; place += 1) {
    const peer = await scene.peer(await scene.member(`honest-${place}`, alice));
    banned.push(bansOf(peer));
    downloads.push(await peer.downloadFile(GROUP, 'a.bin'));
  }
  await Promise.all(deeds.map(({ allMet }) => allMet));
  await scene.peer(alice);
  for (const { completed } of downloads) expect(bytes.equals(await readFile(await completed))).toBe(true);
  const problems = downloads.map((download) =>
    download.progress().peers.flatMap(({ userId, problem }) => (problem ? [`${userId}: ${problem}`] : [])),
  );
  return { deeds, banned, problems };
}

function bansOf(peer: Peer): string[] {
  const banned: string[] = [];
  peer.on('peer-banned', ({ userId }) => banned.push(userId));
  return banned;
}

/** What a tracker gave the device a while ago. */
async function staleCard(scene: MembersScene, hand: Hand) {
  const { proof } = await card(hand);
  const stamp = signStamp(scene.trackerIdentity, {
    ...{ groupKey: groupKeyOf(proof), userId: lastGrantOf(proof)?.userId ?? '' },
    ...{ deviceId: hand.identity.deviceId, memberEpoch: 1_000 },
    notAfterMs: Date.now() - STAMP_LIFE_MS / 10,
  });
  return { proof, stamp };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

describe('a swarm of eight, of whom two', () => {
  it.each([
    ['wrong bytes', wrongBytes],
    ['right leaves before a wrong one', wrongAtTheEnd],
  ])('send %s completes, bans both, and loses one leaf to each', async (_, plot) => {
    const { deeds, banned } = await downloadAmong(8, [plot, plot]);
    for (const names of banned) expect(names.toSorted()).toEqual(['liar-0', 'liar-1']);
    expect(deeds.map(({ connections }) => connections.size)).toEqual([5, 5]);
    expect(wrongBlocks()).toBe(10);
    expect(leavesLost()).toBe(10);
  });

  it.each([
    ['a leaf for ever', oneLeafForEver],
    ['more than the piece', moreThanThePiece],
  ])('send %s completes, bans both, and loses nothing', async (_, plot) => {
    const { deeds, banned } = await downloadAmong(8, [plot, plot]);
    for (const names of banned) expect(names.toSorted()).toEqual(['liar-0', 'liar-1']);
    expect(leavesLost()).toBe(0);
    for (const { connections, calls, sent, begun, ended } of deeds) {
      expect(connections.size).toBe(5);
      expect(calls).toBeLessThanOrEqual(5 * REQUESTS);
      expect(ended).toBe(begun);
      expect(sent).toBeLessThanOrEqual(calls * (WINDOW_BYTES / LEAF_BYTES + leavesOfPiece));
    }
  });

  it('tell of pieces without end completes, bans both, and takes no more than a window of it', async () => {
    const { deeds, banned } = await downloadAmong(8, [endlessNews, endlessNews]);
    for (const names of banned) expect(names.toSorted()).toEqual(['liar-0', 'liar-1']);
    expect(leavesLost()).toBe(0);
    for (const { sent, begun, ended, connections } of deeds) {
      expect(connections.size).toBe(5);
      expect(ended).toBe(begun);
      expect(sent).toBeLessThanOrEqual((5 * WINDOW_BYTES) / 64);
    }
  });

  it('announce what they do not have completes, asks them no more than it has asked before they answer, and loses nothing', async () => {
    const { deeds, banned } = await downloadAmong(8, [lyingBitfield, lyingBitfield]);
    expect(leavesLost()).toBe(0);
    for (const { calls } of deeds) expect(calls).toBeLessThanOrEqual(5 * REQUESTS);
    for (const name of banned.flat()) expect(name).toMatch(/^liar/);
  });

  it('take calls and say nothing completes, asks them little, and loses nothing', async () => {
    const { deeds, banned } = await downloadAmong(8, [silent, silent]);
    expect(leavesLost()).toBe(0);
    expect(banned.flat()).toEqual([]);
    for (const { calls, begun, ended } of deeds) {
      expect(ended).toBe(begun);
      expect(calls).toBeLessThanOrEqual(5 * REQUESTS);
    }
  });

  it.each([
    ['show the card of another member', replaying, 'the proof is of another device'],
    ['show a stamp that has ended', outdated, 'the stamp ended'],
  ])('%s completes, and says nothing of the file to them', async (_, plot, reason) => {
    const { deeds, problems } = await downloadAmong(8, [plot, plot]);
    for (const { calls } of deeds) expect(calls).toBe(0);
    for (const each of problems)
      for (const name of ['liar-0', 'liar-1'])
        expect(each).toContainEqual(expect.stringMatching(new RegExp(`^${name}: .*${reason}`)));
  });
});

describe('a swarm of twelve', () => {
  it('of whom three do harm in different ways completes, and bans nobody else', async () => {
    const { deeds, banned } = await downloadAmong(12, [wrongBytes, endlessNews, replaying]);
    for (const names of banned) expect(names.toSorted()).toEqual(['liar-0', 'liar-1']);
    expect(deeds.map(({ victims }) => victims.size)).toEqual([8, 8, 8]);
    expect(leavesLost()).toBe(8);
    expect(deeds[2]?.calls).toBe(0);
  });
});
