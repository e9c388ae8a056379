/** What stays true of a group whatever its members try. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deviceKey } from '../../src/device-key.ts';
import { FrozenState } from '../../src/frozen-state.ts';
import { toHex } from '../../src/hex.ts';
import { createMemoryJournal } from '../../src/journal/memory-journal.ts';
import { isSignedFile } from '../../src/membership/file-signature.ts';
import { type CheckedProof, checkProof, isRevoked } from '../../src/membership/proof.ts';
import type { Group, TrackerState } from '../../src/model.ts';
import { replayJournal } from '../../src/replay.ts';
import { decodeSnapshot, encodeSnapshot } from '../../src/snapshot.ts';
import { createDriver, type Driver } from '../helpers/drive.ts';
import { begin, commandFor, deviceOf, groupId, nameOf, type Step, stories } from './group-story.ts';

const groupOf = (state: TrackerState): Group | undefined => state.groups.get(groupId);

describe('a group of devices with proofs', () => {
  it('has a sound proof of the right user, role and group for every device that is in, and no other is good', async () => {
    await fc.assert(
      fc.property(stories, (story) => {
        const seen = new Map<string, Map<string, CheckedProof>>();
        tell(story, (state) => {
          const group = groupOf(state);
          if (group?.groupKey === undefined) return;
          checkGrants(state, group);
          const ofGroup = seen.get(toHex(group.groupKey)) ?? new Map();
          seen.set(toHex(group.groupKey), ofGroup);
          for (const { proof } of group.grants.values()) ofGroup.set(toHex(proof), sound(proof));
          checkOldProofs(group, ofGroup);
        });
      }),
      { numRuns: 60 },
    );
  });

  it('counts its epoch up, and never down, and every removal is later than what it voids', async () => {
    await fc.assert(
      fc.property(stories, (story) => {
        let last: Group | undefined;
        let epoch = 0;
        tell(story, (state) => {
          const group = groupOf(state);
          if (group !== last) epoch = 0;
          last = group;
          if (group === undefined) return;
          expect(group.memberEpoch).toBeGreaterThanOrEqual(epoch);
          epoch = group.memberEpoch;
          for (const revoked of group.revoked.values()) expect(revoked).toBeLessThanOrEqual(epoch);
          for (const { invitedBy } of group.invitations.values())
            expect(group.members.get(invitedBy)?.role).toBe('admin');
        });
      }),
      { numRuns: 60 },
    );
  });

  it('is changed for others by no device without a live grant of an admin, whatever it tries', async () => {
    await fc.assert(
      fc.property(stories, (story) => {
        const driver = createDriver();
        begin(driver);
        for (const [at, step] of story.entries()) {
          const before = pictureOf(driver.state, step);
          const mayAct = before !== undefined && hasAdminGrant(driver.state, step, at + 2);
          const answer = driver.run(commandFor(driver.state, step, at + 2));
          if (before === undefined || mayAct) continue;
          const after = pictureOf(driver.state, step) ?? { ...before, invitations: [] };
          expect([step, answer, after.others]).toEqual([step, answer, before.others]);
          // Nobody becomes an admin by themselves.
          if (after.role === 'admin') expect([step, before.role]).toEqual([step, 'admin']);
          // Of other people's invitations none comes, and goes only by being used.
          const known = before.invitations;
          expect(known).toEqual(expect.arrayContaining([...after.invitations]));
          if (step.kind !== 'use') expect(after.invitations.length).toBe(known.length);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('is the same after a replay, and from any snapshot', async () => {
    await fc.assert(
      fc.asyncProperty(stories, fc.nat(), async (story, where) => {
        const driver = tell(story);
        const journal = createMemoryJournal({ records: [...driver.records], snapshot: undefined });
        expect(await replayJournal(journal)).toEqual(driver.state);
        const middle = await replayJournal(journal, where % (driver.records.length + 1));
        expect(decodeSnapshot(encodeSnapshot(middle))).toEqual(middle);
        await journal.writeSnapshot(encodeSnapshot(middle));
        expect(await replayJournal(journal)).toEqual(driver.state);
      }),
      { numRuns: 40 },
    );
  });

  it('is frozen as it was, whatever changes meanwhile', async () => {
    await fc.assert(
      fc.property(stories, fc.nat(60), (story, at) => {
        const driver = tell(story.slice(0, at));
        const copy = decodeSnapshot(encodeSnapshot(driver.state));
        using frozen = new FrozenState(driver.state);
        play(driver, story.slice(at));
        const groups = [...frozen.groups()];
        using again = new FrozenState(copy);
        expect(groups).toEqual([...again.groups()]);
      }),
      { numRuns: 60 },
    );
  });

  it('meets every answer that there is', () => {
    const answers = new Set<string>();
    for (const story of fc.sample(stories, { numRuns: 250, seed: 3 })) {
      const driver = createDriver();
      begin(driver);
      for (const [at, step] of story.entries())
        answers.add(`${step.kind} ${driver.run(commandFor(driver.state, step, at + 2))}`);
    }
    expect([...answers].sort()).toMatchInlineSnapshot(`
      [
        "accept bad_proof",
        "accept device_revoked",
        "accept done",
        "accept group_changed",
        "accept not_a_member",
        "accept not_admitted",
        "accept not_an_admin",
        "accept unknown_group",
        "accept unknown_request",
        "demote device_revoked",
        "demote done",
        "demote group_changed",
        "demote last_admin",
        "demote not_a_member",
        "demote not_admitted",
        "demote not_an_admin",
        "demote unknown_group",
        "disinvite device_revoked",
        "disinvite done",
        "disinvite not_a_member",
        "disinvite not_admitted",
        "disinvite not_an_admin",
        "disinvite unknown_group",
        "disinvite unknown_invitation",
        "found device_revoked",
        "found done",
        "found group_exists",
        "invite bad_proof",
        "invite device_revoked",
        "invite done",
        "invite group_changed",
        "invite not_a_member",
        "invite not_admitted",
        "invite not_an_admin",
        "invite unknown_group",
        "leave device_revoked",
        "leave done",
        "leave last_admin",
        "leave not_a_member",
        "leave unknown_group",
        "promote device_revoked",
        "promote done",
        "promote group_changed",
        "promote not_a_member",
        "promote not_admitted",
        "promote not_an_admin",
        "promote unknown_group",
        "refuse device_revoked",
        "refuse done",
        "refuse not_a_member",
        "refuse not_admitted",
        "refuse not_an_admin",
        "refuse unknown_group",
        "refuse unknown_request",
        "remove device_revoked",
        "remove done",
        "remove last_admin",
        "remove not_a_member",
        "remove not_admitted",
        "remove not_an_admin",
        "remove unknown_group",
        "request already_member",
        "request device_revoked",
        "request limit_reached",
        "request requested",
        "request unknown_group",
        "revoke device_revoked",
        "revoke done",
        "revoke unknown_device",
        "share bad_signature",
        "share device_revoked",
        "share done",
        "share file_exists",
        "share limit_reached",
        "share not_a_member",
        "share unknown_group",
        "use already_member",
        "use bad_proof",
        "use device_revoked",
        "use done",
        "use group_changed",
        "use invitation_expired",
        "use unknown_group",
      ]
    `);
  });
});

/** The state after the whole story; `look` sees it after every step. */
function tell(story: readonly Step[], look: (state: TrackerState) => void = () => undefined): Driver {
  const driver = createDriver();
  begin(driver);
  play(driver, story, look);
  return driver;
}

function play(driver: Driver, story: readonly Step[], look: (state: TrackerState) => void = () => undefined) {
  for (const [at, step] of story.entries()) {
    driver.run(commandFor(driver.state, step, at + 2));
    look(driver.state);
  }
}

/** What a group is to everybody but who asks; undefined without a group, or where nobody else is in it. */
function pictureOf(state: TrackerState, { by }: Step) {
  const group = groupOf(state);
  if (group?.groupKey === undefined) return undefined;
  const own = nameOf(by);
  const notOwn = ({ userId }: { readonly userId: string }): boolean => userId !== own;
  return {
    role: group.members.get(own)?.role,
    others: {
      members: [...group.members.values()].filter(notOwn),
      grants: [...group.grants.values()].filter(notOwn),
      requests: [...group.joinRequests.values()].filter(notOwn),
      files: [...group.files.values()].filter(({ sharedBy }) => sharedBy !== own),
    },
    invitations: [...group.invitations.values()]
      .filter(({ invitedBy }) => invitedBy !== own)
      .map(({ inviteId }) => toHex(inviteId)),
  };
}

/** Once more, from the proof itself: it is of this user on this device, of an admin, and neither expired nor void. */
function hasAdminGrant(state: TrackerState, { by, on }: Step, atMs: number): boolean {
  const group = groupOf(state);
  const [userId, { deviceId }] = [nameOf(by), deviceOf(by, on)];
  const grant = group?.grants.get(deviceKey(userId, deviceId));
  if (group === undefined || grant === undefined) return false;
  const checked = sound(grant.proof);
  const { member } = checked;
  expect(member).toMatchObject({ userId, deviceId });
  return member.role === 'admin' && member.notAfterMs > atMs && !isRevokedIn(group, checked);
}

const checkedBefore = new Map<string, CheckedProof>();

function sound(proof: Uint8Array): CheckedProof {
  const key = toHex(proof);
  const checked = checkedBefore.get(key) ?? checkProof(proof);
  if (!checked.isSound) throw new Error(checked.reason);
  checkedBefore.set(key, checked);
  return checked;
}

function checkGrants(state: TrackerState, group: Group): void {
  for (const { userId, deviceId, proof } of group.grants.values()) {
    const checked = sound(proof);
    expect(checked.groupKey).toEqual(group.groupKey);
    expect(checked.member).toMatchObject({ groupId: group.groupId, userId, deviceId });
    expect(checked.member.role).toBe(group.members.get(userId)?.role);
    expect(state.users.get(userId)?.devices.get(toHex(deviceId))?.isRevoked).toBe(false);
    expect(isRevokedIn(group, checked)).toBe(false);
  }
  for (const { file, sharedBy, signature, sharer } of group.files.values()) {
    if (signature === undefined || sharer === undefined) throw new Error('not signed');
    expect(isSignedFile({ groupId: group.groupId, userId: sharedBy, file }, signature)).toBe(true);
    expect(sound(sharer).member.userId).toBe(sharedBy);
  }
}

/** What was ever granted is void as soon as its device is out, or is something else. */
function checkOldProofs(group: Group, proofs: ReadonlyMap<string, CheckedProof>): void {
  for (const checked of proofs.values()) {
    const { deviceId, userId, role } = checked.member;
    const isIn = group.grants.has(deviceKey(userId, deviceId));
    const isStillSo = isIn && group.members.get(userId)?.role === role;
    if (!isStillSo) expect(isRevokedIn(group, checked)).toBe(true);
  }
}

function isRevokedIn(group: Group, proof: CheckedProof): boolean {
  return isRevoked(proof, ({ userId, deviceId }) => group.revoked.get(deviceKey(userId, deviceId)));
}
