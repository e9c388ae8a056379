/** What a tracker that lies can do to the files of a group: leave them out, and nothing else. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createIdentity, type Identity } from '@minitorrent/rpc-core/identity';
import { extendProof, foundGroup, type makeFileRequest, signFile } from '@minitorrent/tracker/contract';
import type { Infer } from '@minitorrent/wire-codec';
import { describe, expect, it } from 'vitest';
import { decodeDescription, encodeDescription } from '../../src/file-description.ts';
import { SharedFileCheck } from '../../src/shared-file-check.ts';
import { keyOfFounding } from '../../src/vouching.ts';
import { GROUP, GroupScene } from '../support/group-scene.ts';

type MakeFile = Infer<typeof makeFileRequest>;

const other = { size: 70_000, pieceLength: 65_536, root: new Uint8Array(32).fill(6) };

/** A group of mallory's own, of the same name, and a file that is signed in it in the name of alice. */
function forge({ file }: MakeFile): Partial<MakeFile> {
  const mallory = createIdentity();
  const sharer = foundGroup(mallory, { groupId: GROUP, userId: 'alice', nonce: randomBytes(16) });
  const forged = { ...file, ...other };
  const signature = signFile(mallory, { groupId: GROUP, userId: 'alice', file: forged });
  return { file: forged, signature, sharer };
}

describe('a tracker that lies about a file', () => {
  it.each<[string, (truth: MakeFile) => Partial<MakeFile>]>([
    ['gives it other content', ({ file }) => ({ file: { ...file, ...other } })],
    ['gives it another sharer', () => ({ sharedBy: 'bob' })],
    ['leaves the signature out', () => ({ signature: undefined })],
    ['leaves out whose device it is', () => ({ sharer: undefined })],
    ['signs it by itself, as a member of a group of that name', forge],
  ])('is found out where it %s', async (_, lie) => {
    await using scene = await GroupScene.start();
    const alice = await scene.user('alice');
    await alice.createGroup(GROUP);
    await alice.uploadFile(GROUP, await scene.file('a.bin'));
    const bob = await scene.member('bob', alice);
    await scene.lie({ told: { make_file: (truth) => ({ ...truth, ...lie(truth) }) } });
    await expect(bob.downloadFile(GROUP, 'a.bin')).rejects.toMatchObject({
      code: 'bad_signature',
      message: expect.stringMatching(
        /^Cannot download a\.bin of films: .*; the tracker may have made it up, so ask \w+/,
      ),
    });
    expect(bob.downloads()).toEqual([]);
  });

  it('does not show a false file as signed', async () => {
    await using scene = await GroupScene.start();
    const alice = await scene.user('alice');
    await alice.createGroup(GROUP);
    await alice.uploadFile(GROUP, await scene.file('a.bin'));
    await alice.uploadFile(GROUP, await scene.file('b.bin'));
    await scene.lie({
      answers: {
        list_file: ({ files, ...page }) => ({
          ...page,
          files: files.map((one) => (one.file.name === 'a.bin' ? { ...one, sharedBy: 'bob' } : one)),
        }),
      },
    });
    expect((await alice.listFiles(GROUP)).items).toMatchObject([
      { file: { name: 'a.bin' }, isSigned: false, sharedByDevice: undefined },
      { file: { name: 'b.bin' }, isSigned: true, sharedByDevice: alice.deviceId },
    ]);
  });

  it('is believed again when it tells the truth', async () => {
    await using scene = await GroupScene.start();
    const alice = await scene.user('alice');
    await alice.createGroup(GROUP);
    const path = await scene.file('a.bin');
    await alice.uploadFile(GROUP, path);
    const bob = await scene.member('bob', alice);
    await scene.lie({ told: { make_file: (truth) => ({ ...truth, signature: undefined }) } });
    await expect(bob.downloadFile(GROUP, 'a.bin')).rejects.toMatchObject({ code: 'bad_signature' });
    await scene.lie({});
    const { completed } = await bob.downloadFile(GROUP, 'a.bin');
    expect((await readFile(await completed)).equals(await readFile(path))).toBe(true);
  });
});

describe('SharedFileCheck', () => {
  const founder = createIdentity();
  const founded = foundGroup(founder, { groupId: GROUP, userId: 'alice', nonce: randomBytes(16) });
  const groupKey = keyOfFounding(founded);
  const file = { name: 'a.bin', size: 1, pieceLength: 65_536, root: new Uint8Array(32).fill(1) };

  /** What bob's device shares, with the role that it was given. */
  function sharedByBob(role: 'member' | 'invite', bob: Identity = createIdentity()) {
    const grant = {
      groupId: GROUP,
      userId: 'bob',
      deviceId: bob.deviceId,
      role,
      memberEpoch: 1,
      notAfterMs: 1,
    };
    const signature = signFile(bob, { groupId: GROUP, userId: 'bob', file });
    return { file, sharedBy: 'bob', signature, sharer: extendProof(founded, founder, grant) };
  }

  it('takes what a member’s device signed, also when the membership has ended since', () => {
    const bob = createIdentity();
    const check = new SharedFileCheck(GROUP, groupKey);
    for (let times = 0; times < 2; times += 1)
      expect(check.check(sharedByBob('member', bob))).toEqual({ isSigned: true, deviceId: bob.deviceId });
  });

  it('refuses what the key of an invitation signed, and what cannot be compared with a key', () => {
    expect(new SharedFileCheck(GROUP, groupKey).check(sharedByBob('invite')).isSigned).toBe(false);
    expect(new SharedFileCheck(GROUP, undefined).check(sharedByBob('member')).isSigned).toBe(false);
    expect(new SharedFileCheck('music', groupKey).check(sharedByBob('member')).isSigned).toBe(false);
  });

  it('refuses the signature of one member with the proof of another', () => {
    const [one, two] = [sharedByBob('member'), sharedByBob('member')];
    const check = new SharedFileCheck(GROUP, groupKey);
    expect(check.check(two).isSigned).toBe(true);
    expect(check.check({ ...one, sharer: two.sharer }).isSigned).toBe(false);
  });

  it('can check again what was remembered', () => {
    const claim = { ...sharedByBob('member'), peers: [] };
    const remembered = decodeDescription(encodeDescription(GROUP, claim));
    if (remembered === undefined) throw new TypeError('It was not remembered');
    expect(new SharedFileCheck(GROUP, groupKey).check(remembered).isSigned).toBe(true);
    const tampered = { ...remembered, file: { ...remembered.file, size: 2 } };
    expect(new SharedFileCheck(GROUP, groupKey).check(tampered).isSigned).toBe(false);
  });
});
