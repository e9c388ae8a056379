import { createIdentity } from '@minitorrent/rpc-core/identity';
import { extendProof, foundGroup, STAMP_LIFE_MS, signStamp } from '@minitorrent/tracker/contract';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type GuardVerdict, type Member, MembershipGuard } from '../src/membership-guard.ts';
import {
  founding,
  GROUP,
  type KnownProof,
  type KnownStamp,
  MAX_GRANTS,
  MembershipWorld,
  NEVER_MS,
  userOf,
} from './support/membership-world.ts';

const DEVICES = 5;
const GRACE_MS = 2 * STAMP_LIFE_MS;

describe('MembershipGuard', () => {
  it('lets in a member with a fresh stamp, until the stamp ends', () => {
    const { world, guard } = scene();
    world.accept(0, 1, 'member');
    world.stamp(1);
    expect(present(guard, world, 1)).toMatchObject({
      kind: 'member',
      member: { userId: 'user-1' },
      untilMs: world.nowMs + STAMP_LIFE_MS,
    });
    world.nowMs += STAMP_LIFE_MS + 1;
    expect(present(guard, world, 1)).toMatchObject({ kind: 'refused', code: 'not_admitted' });
  });

  it('lets nobody into a group whose key it does not have', () => {
    const { world } = scene();
    world.stamp(0);
    expect(present(new MembershipGuard(options(world)), world, 0)).toMatchObject({ code: 'not_admitted' });
  });

  it('keeps the first key of a group', () => {
    const { world, guard } = scene();
    expect(guard.pin(GROUP, world.groupKey)).toBe(true);
    expect(guard.pin(GROUP, new Uint8Array(32))).toBe(false);
    expect(guard.groupKey(GROUP)).toEqual(world.groupKey);
  });

  it('lets in nobody whom a tracker invents, by whatever proof it makes', () => {
    const { world, guard } = scene();
    const [tracker] = world.trackers;
    if (tracker === undefined) throw new TypeError('no tracker');
    world.sign(4, tracker);
    const stamp = last(world.stamps).bytes;
    const { deviceId } = world.identity(4);
    const grant = world.grant(4, { role: 'member', epoch: 0, notAfterMs: NEVER_MS });
    const own = foundGroup(world.identity(4), founding(4));
    const trackers = extendProof(foundGroup(tracker, founding(3)), tracker, grant);
    const onMembers = extendProof(last(world.proofs).bytes, tracker, grant);
    const check = (proof: Uint8Array) =>
      guard.check({ groupId: GROUP, proof, stamp, deviceId }, strict(world));
    for (const proof of [own, trackers, new Uint8Array(0)])
      expect(check(proof)).toMatchObject({ kind: 'refused', code: 'not_admitted' });
    expect(check(onMembers)).toMatchObject({ kind: 'refused', code: 'bad_proof' });
  });

  it('tells nobody without a proof of the group whether it is in it', () => {
    const { world, guard } = scene();
    world.sign(4, world.strangeTracker);
    const stamp = last(world.stamps).bytes;
    const { deviceId } = world.identity(4);
    const proofs = [foundGroup(world.identity(4), founding(4)), new Uint8Array(0), new Uint8Array(100)];
    const verdicts = [GROUP, 'other'].flatMap((groupId) =>
      proofs.map((proof) => guard.check({ groupId, proof, stamp, deviceId }, strict(world))),
    );
    expect(new Set(verdicts.map((verdict) => JSON.stringify(verdict))).size).toBe(1);
  });

  it('takes no proof that is shown by another device, and no key of an invitation for a member', () => {
    const { world, guard } = scene();
    world.accept(0, 1, 'invite');
    world.stamp(1);
    expect(present(guard, world, 1)).toMatchObject({ code: 'bad_proof' });
    world.accept(0, 2, 'member');
    world.stamp(2);
    const { deviceId } = world.identity(3);
    expect(guard.check({ ...claim(world), deviceId }, strict(world))).toMatchObject({ code: 'wrong_device' });
    expect(guard.check({ ...claim(world), deviceId: undefined }, strict(world))).toMatchObject({
      kind: 'member',
    });
  });

  it('takes what a removed device dated back for what it granted before, where a tracker stamps it', () => {
    const { world, guard } = scene();
    world.accept(0, 1, 'admin');
    const before = last(world.proofs).bytes;
    const epoch = world.epoch;
    for (let change = 0; change < 3; change += 1) world.accept(0, 2, 'member');
    world.remove(1);
    const { deviceId } = world.identity(1);
    guard.revoke({ groupId: GROUP, memberEpoch: world.epoch, userId: 'user-1', deviceIds: [deviceId] });
    const forged = (at: number) =>
      extendProof(
        before,
        world.identity(1),
        world.grant(3, { role: 'member', epoch: at, notAfterMs: NEVER_MS }),
      );
    for (const tracker of world.trackers) world.sign(3, tracker);
    const stamp = last(world.stamps).bytes;
    const check = (proof: Uint8Array) =>
      guard.check({ groupId: GROUP, proof, stamp, deviceId: world.identity(3).deviceId }, strict(world));
    // SECURITY.md says so: no proof tells when it was signed. No tracker that keeps to the rules stamps it.
    expect(check(forged(epoch))).toMatchObject({ kind: 'member' });
    world.epoch += 1;
    for (const tracker of world.trackers) world.sign(3, tracker);
    expect(check(forged(world.epoch))).toMatchObject({ kind: 'refused', code: 'device_revoked' });
  });

  it('tells whom a removal hits: the device, and whom it let in afterwards', () => {
    const { world, guard } = scene();
    world.accept(0, 1, 'admin');
    world.accept(1, 2, 'member');
    const before = [1, 2].map((place) => admitted(guard, world, place));
    world.remove(1);
    const { deviceId } = world.identity(1);
    const revocation = { groupId: GROUP, memberEpoch: world.epoch, userId: 'user-1', deviceIds: [deviceId] };
    world.forge(1, 3);
    world.epoch += 1;
    for (const tracker of world.trackers) world.sign(3, tracker);
    const after = admitted(guard, world, 3);
    const hits = guard.revoke(revocation);
    expect([...before, after].map((member) => hits(member))).toEqual([true, false, true]);
  });

  it('tells two users of one device apart: by their stamps, and by their removals', () => {
    const { world, guard } = scene();
    const { deviceId } = world.identity(1);
    const [tracker = createIdentity()] = world.trackers;
    const grant = { ...world.grant(1, { role: 'member', epoch: 2, notAfterMs: NEVER_MS }), deviceId };
    const claimOf = (userId: string, stampOf = userId) => {
      const proof = extendProof(last(world.proofs).bytes, world.identity(0), { ...grant, userId });
      const who = { userId: stampOf, deviceId };
      const times = { memberEpoch: 5, notAfterMs: world.nowMs + STAMP_LIFE_MS };
      const stamp = signStamp(tracker, { groupKey: world.groupKey, ...who, ...times }).slice();
      return { groupId: GROUP, proof, stamp, deviceId };
    };
    const kindOf = (claim: ReturnType<typeof claimOf>) => guard.check(claim, strict(world)).kind;
    expect([claimOf('bob'), claimOf('carol'), claimOf('bob')].map(kindOf)).toEqual(Array(3).fill('member'));
    // That one of them is in is no word for the other.
    expect(kindOf(claimOf('bob', 'carol'))).toBe('refused');
    guard.revoke({ groupId: GROUP, memberEpoch: 4, userId: 'bob', deviceIds: [deviceId] });
    expect([claimOf('bob'), claimOf('carol')].map(kindOf)).toEqual(['refused', 'member']);
  });

  it('goes on while no tracker can be reached, for the grace and no longer', () => {
    const { world, guard } = scene();
    world.stamp(0);
    const lonely = () => ({ nowMs: world.nowMs, hasTracker: false });
    world.nowMs += STAMP_LIFE_MS + GRACE_MS;
    expect(present(guard, world, 0, lonely())).toMatchObject({ kind: 'member' });
    expect(present(guard, world, 0)).toMatchObject({ kind: 'refused' });
    world.nowMs += 1;
    expect(present(guard, world, 0, lonely())).toMatchObject({ kind: 'refused', code: 'not_admitted' });
  });

  it('believes no stamp of an unknown tracker, of another device or from the future', () => {
    const { world, guard } = scene();
    world.sign(0, world.strangeTracker);
    expect(present(guard, world, 0)).toMatchObject({ reason: expect.stringContaining('does not know') });
    world.stamp(0, { skewMs: STAMP_LIFE_MS + 1 });
    expect(present(guard, world, 0)).toMatchObject({ reason: expect.stringContaining('future') });
    world.accept(0, 1, 'member');
    world.stamp(1);
    const proof = world.proofs[0]?.bytes ?? new Uint8Array(0);
    const stolen = { groupId: GROUP, proof, stamp: last(world.stamps).bytes, deviceId: undefined };
    expect(guard.check(stolen, strict(world))).toMatchObject({ reason: expect.stringContaining('another') });
  });

  it('takes any tracker where the network proves none', () => {
    const { world } = scene();
    const guard = new MembershipGuard({ trackerIds: undefined, graceMs: 0 });
    guard.pin(GROUP, world.groupKey);
    world.sign(0, world.strangeTracker);
    expect(present(guard, world, 0)).toMatchObject({ kind: 'member' });
  });

  it('refuses a stamp of the right key for another group', () => {
    const { world, guard } = scene();
    const [tracker = createIdentity()] = world.trackers;
    const { deviceId } = world.identity(0);
    const who = { userId: 'user-0', deviceId };
    const stamp = { ...who, groupKey: new Uint8Array(32), memberEpoch: 0, notAfterMs: world.nowMs + 1 };
    const proof = last(world.proofs).bytes;
    const shown = { groupId: GROUP, proof, stamp: signStamp(tracker, stamp), deviceId };
    expect(guard.check(shown, strict(world))).toMatchObject({ code: 'not_admitted' });
  });

  it('refuses a proof for a group of another name, though its key is pinned for both', () => {
    const { world, guard } = scene();
    world.stamp(0);
    guard.pin('books', world.groupKey);
    const shown = { ...claim(world), groupId: 'books', deviceId: undefined };
    expect(guard.check(shown, strict(world))).toMatchObject({ code: 'bad_proof' });
  });

  it('forgets the key of a group, and all of them', () => {
    const { world, guard } = scene();
    guard.forget(GROUP);
    expect(guard.groupKey(GROUP)).toBeUndefined();
    guard.pin(GROUP, world.groupKey);
    guard.clear();
    expect(guard.groupKey(GROUP)).toBeUndefined();
    expect(() => new MembershipGuard({ trackerIds: [], graceMs: -1 })).toThrow(RangeError);
  });

  it('lets in whom a plain model lets in and nobody else, whatever happens in whatever order', () => {
    const commands = fc.commands(
      [
        action('accept', (place) => new Accept(place, 'member')),
        action('accept', (place) => new Accept(place, 'admin')),
        action('remove', (place) => new Remove(place, 'heard')),
        action('remove', (place) => new Remove(place, 'not heard')),
        action('stamp', (place) => new FetchStamp(place, 0)),
        action('failover', (place) => new FetchStamp(place, 1)),
        action('forge', (place) => new Forge(place)),
        fc.constant(new Restart()),
        fc.constant(new TrackersChange()),
        fc.tuple(place, fc.nat({ max: 60 })).map(([by, minutes]) => new Pass(by, minutes * 60_000)),
        fc.tuple(place, fc.nat(), fc.nat()).map((pick) => new Show(...pick)),
        fc.tuple(place, fc.nat(), fc.nat()).map((pick) => new Show(...pick)),
        place.map((by) => new ShowLatest(by)),
        place.map((by) => new ShowLatest(by)),
        fc.constant(new ShowAll()),
      ],
      { maxCommands: 50, size: 'max' },
    );
    let [members, refusals] = [0, 0];
    fc.assert(
      fc.property(commands, (run) => {
        const world = new MembershipWorld(DEVICES);
        const model: Model = {
          ...{ world, heard: new Map(), shown: new Map(), hasTracker: true },
          counted: (isMember) => {
            if (isMember) members += 1;
            else refusals += 1;
          },
        };
        const real = { guard: new MembershipGuard(options(world)) };
        real.guard.pin(GROUP, world.groupKey);
        fc.modelRun(() => ({ model, real }), run);
      }),
      { numRuns: 80 },
    );
    // Or the rest would prove nothing.
    expect(Math.min(members, refusals)).toBeGreaterThan(100);
  });
});

const place = fc.nat({ max: DEVICES - 1 });

function action(_name: string, make: (place: number) => Step): fc.Arbitrary<Step> {
  return place.map(make);
}

/** All that decides, as plain data. The device of the last place is a stranger for ever. */
interface Model {
  readonly world: MembershipWorld;
  /** By device: what this peer was told of its removals. */
  readonly heard: Map<number, number>;
  /** By device: the newest stamp that was accepted from it since the start. */
  readonly shown: Map<number, KnownStamp>;
  hasTracker: boolean;
  counted(isMember: boolean): void;
}

interface Real {
  guard: MembershipGuard;
}

type Step = fc.Command<Model, Real>;

abstract class Always implements Step {
  check(_model: Readonly<Model>): boolean {
    return true;
  }
  abstract run(model: Model, real: Real): void;
  toString(): string {
    return `${this.constructor.name} ${JSON.stringify(this)}`;
  }
}

class Accept extends Always {
  readonly place: number;
  readonly role: 'member' | 'admin';
  constructor(place: number, role: 'member' | 'admin') {
    super();
    this.place = place;
    this.role = role;
  }
  override check({ world }: Model): boolean {
    return this.place !== DEVICES - 1 && adminOf(world, this.place) !== undefined;
  }
  run({ world }: Model): void {
    world.accept(adminOf(world, this.place) ?? 0, this.place, this.role);
  }
}

class Remove extends Always {
  readonly place: number;
  readonly how: 'heard' | 'not heard';
  constructor(place: number, how: 'heard' | 'not heard') {
    super();
    this.place = place;
    this.how = how;
  }
  override check({ world }: Model): boolean {
    return world.members.has(this.place);
  }
  run({ world, heard }: Model, { guard }: Real): void {
    world.remove(this.place);
    if (this.how === 'not heard') return;
    heard.set(this.place, world.epoch);
    tell(guard, world, this.place, world.epoch);
  }
}

class FetchStamp extends Always {
  readonly place: number;
  readonly tracker: number;
  constructor(place: number, tracker: number) {
    super();
    this.place = place;
    this.tracker = tracker;
  }
  run({ world }: Model): void {
    world.stamp(this.place, { tracker: this.tracker, skewMs: this.tracker * -90_000 });
  }
}

/** Whoever it is makes a proof for the stranger and for themselves, and an altered tracker and a false one sign stamps. */
class Forge extends Always {
  readonly place: number;
  constructor(place: number) {
    super();
    this.place = place;
  }
  run({ world }: Model): void {
    const [tracker = world.strangeTracker] = world.trackers;
    for (const to of [this.place, DEVICES - 1]) {
      world.forge(this.place, to);
      world.sign(to, tracker);
      world.sign(to, world.strangeTracker);
    }
  }
}

/** What it was told is in the library; what it was shown is not. */
class Restart extends Always {
  run({ world, heard, shown }: Model, real: Real): void {
    shown.clear();
    real.guard = new MembershipGuard(options(world));
    real.guard.pin(GROUP, world.groupKey);
    for (const [device, epoch] of heard) tell(real.guard, world, device, epoch);
  }
}

class TrackersChange extends Always {
  run(model: Model): void {
    model.hasTracker = !model.hasTracker;
  }
}

/** Time passes, and one device fetches a stamp at the end of it. */
class Pass extends Always {
  readonly place: number;
  readonly ms: number;
  constructor(place: number, ms: number) {
    super();
    this.place = place;
    this.ms = ms;
  }
  run({ world }: Model): void {
    world.nowMs += this.ms;
    world.stamp(this.place);
  }
}

/** A device shows any proof with any stamp that there ever was. */
class Show extends Always {
  readonly place: number;
  readonly proof: number;
  readonly stamp: number;
  constructor(place: number, proof: number, stamp: number) {
    super();
    this.place = place;
    this.proof = proof;
    this.stamp = stamp;
  }
  run(model: Model, { guard }: Real): void {
    const { proofs, stamps } = model.world;
    const proof = proofs[this.proof % proofs.length];
    const stamp = stamps[this.stamp % Math.max(1, stamps.length)];
    if (proof !== undefined && stamp !== undefined) show(model, guard, { place: this.place, proof, stamp });
  }
}

/** A device shows the last proof and the last stamp that there are for it. */
class ShowLatest extends Always {
  readonly place: number;
  constructor(place: number) {
    super();
    this.place = place;
  }
  run(model: Model, { guard }: Real): void {
    const { world } = model;
    world.stamp(this.place);
    const proof =
      world.members.get(this.place) ?? world.proofs.findLast((known) => known.device === this.place);
    const stamp = world.stamps.findLast((known) => known.device === this.place && known.isTrusted);
    if (proof !== undefined && stamp !== undefined) show(model, guard, { place: this.place, proof, stamp });
  }
}

/** Every device shows all that there is for it, the oldest last. */
class ShowAll extends Always {
  run(model: Model, { guard }: Real): void {
    const { proofs, stamps } = model.world;
    for (const stamp of stamps.slice(-12).reverse()) {
      for (const proof of proofs.slice(-6)) show(model, guard, { place: proof.device, proof, stamp });
    }
  }
}

function show(
  model: Model,
  guard: MembershipGuard,
  what: { readonly place: number; readonly proof: KnownProof; readonly stamp: KnownStamp },
): void {
  const { world, hasTracker } = model;
  const { place, proof, stamp } = what;
  const { deviceId } = world.identity(place);
  const shown = { groupId: GROUP, proof: proof.bytes, stamp: stamp.bytes, deviceId };
  const verdict = guard.check(shown, { nowMs: world.nowMs, hasTracker });
  const isMember = verdict.kind === 'member';
  expect({ isMember, ...(isMember ? {} : { verdict }) }).toMatchObject({ isMember: mayEnter(model, what) });
  if (isMember) model.shown.set(place, stamp);
  model.counted(isMember);
}

/** Who must be let in, told from what everything really is. */
function mayEnter(
  { world: { nowMs }, heard, shown, hasTracker }: Model,
  { place, proof, stamp }: { place: number; proof: KnownProof; stamp: KnownStamp },
): boolean {
  const granted = proof.chain.at(-1)?.epoch ?? Number.POSITIVE_INFINITY;
  const before = shown.get(place);
  const isReplayed =
    before !== undefined &&
    (stamp.epoch < before.epoch || (stamp.epoch === before.epoch && stamp.notAfterMs < before.notAfterMs));
  const isStampGood = stamp.isTrusted && stamp.device === place && stamp.epoch >= granted && !isReplayed;
  const endsMs = stamp.notAfterMs + (hasTracker ? 0 : GRACE_MS);
  const isProofGood = proof.isHonest && proof.device === place;
  return isProofGood && isStampGood && nowMs <= Math.min(endsMs, proof.notAfterMs) && !isVoid(proof, heard);
}

function isVoid({ chain }: KnownProof, removed: ReadonlyMap<number, number>): boolean {
  return chain.some(({ device, epoch }, at) => {
    const removedAt = removed.get(device) ?? 0;
    const next = chain[at + 1];
    return epoch < removedAt && (next === undefined || next.epoch > removedAt);
  });
}

function adminOf(world: MembershipWorld, other: number): number | undefined {
  const admins = [...world.members].filter(
    ([place, { role, chain }]) => place !== other && role === 'admin' && chain.length < MAX_GRANTS,
  );
  return admins[0]?.[0];
}

function tell(guard: MembershipGuard, world: MembershipWorld, place: number, memberEpoch: number): void {
  const { deviceId } = world.identity(place);
  guard.revoke({ groupId: GROUP, memberEpoch, userId: userOf(place), deviceIds: [deviceId] });
}

function options(world: MembershipWorld) {
  return { trackerIds: world.trackers.map(({ deviceId }) => deviceId), graceMs: GRACE_MS };
}

function scene(): { world: MembershipWorld; guard: MembershipGuard } {
  const world = new MembershipWorld(DEVICES);
  const guard = new MembershipGuard(options(world));
  guard.pin(GROUP, world.groupKey);
  return { world, guard };
}

function strict({ nowMs }: MembershipWorld): { nowMs: number; hasTracker: boolean } {
  return { nowMs, hasTracker: true };
}

function claim(world: MembershipWorld): { groupId: string; proof: Uint8Array; stamp: Uint8Array } {
  return { groupId: GROUP, proof: last(world.proofs).bytes, stamp: last(world.stamps).bytes };
}

/** What the device was given last, shown by it. */
function present(
  guard: MembershipGuard,
  world: MembershipWorld,
  place: number,
  when = strict(world),
): GuardVerdict {
  const { deviceId } = world.identity(place);
  const proof = last(world.proofs.filter((known) => known.device === place)).bytes;
  const stamp = last(world.stamps.filter((known) => known.device === place)).bytes;
  return guard.check({ groupId: GROUP, proof, stamp, deviceId }, when);
}

function admitted(guard: MembershipGuard, world: MembershipWorld, place: number): Member {
  world.stamp(place);
  const verdict = present(guard, world, place);
  if (verdict.kind === 'refused') throw new Error(verdict.reason);
  return verdict.member;
}

function last<T>(items: readonly T[]): T {
  const found = items.at(-1);
  if (found === undefined) throw new RangeError('There is none');
  return found;
}
