/**
 * What really happens to a group, for tests: who was let in and removed, what trackers signed, and what forgers made up.
 *
 * Everything that could be shown to a peer is kept with what is true of it, so that a model can say who must be let in
 * without reading a signature.
 */
import { createIdentity, deviceIdOf, type Identity } from '@minitorrent/rpc-core/identity';
import {
  checkProof,
  extendProof,
  foundGroup,
  type Grant,
  type GrantRole,
  STAMP_LIFE_MS,
  signStamp,
} from '@minitorrent/tracker/contract';

export const GROUP = 'films';
/** No proof is longer. */
export const MAX_GRANTS = 16;
export const NEVER_MS: number = Number.MAX_SAFE_INTEGER;

/** A proof, and what was put into it. */
export interface KnownProof {
  readonly bytes: Uint8Array;
  readonly device: number;
  /** From the founder's: whose grant, and of which epoch. */
  readonly chain: readonly { readonly device: number; readonly epoch: number }[];
  /** Made by whoever might: no signature tells it from a proof that a tracker was told of. */
  readonly isHonest: boolean;
  readonly notAfterMs: number;
}

export interface KnownStamp {
  readonly bytes: Uint8Array;
  readonly device: number;
  readonly epoch: number;
  readonly notAfterMs: number;
  /** Signed by a tracker that peers have a pin of. */
  readonly isTrusted: boolean;
}

/** An identity that is the same in every run. */
export function device(place: number): Identity {
  return createIdentity({ seed: new Uint8Array(32).fill(place + 1) });
}

/** The key of the group whose founder's proof begins `proof`. */
export function groupKeyOf(proof: Uint8Array): Uint8Array {
  const checked = checkProof(proof);
  if (!checked.isSound) throw new TypeError(`Not a proof: ${checked.reason}`);
  return checked.groupKey;
}

/** A group as its trackers know it. Device 0 founded it; who was never let in is a stranger. */
export class MembershipWorld {
  readonly devices: readonly Identity[];
  readonly trackers: readonly Identity[] = [device(100), device(101)];
  readonly strangeTracker: Identity = device(102);
  readonly groupKey: Uint8Array;
  readonly proofs: KnownProof[] = [];
  readonly stamps: KnownStamp[] = [];
  /** By device: the proof that lets it in now. */
  readonly members = new Map<number, KnownProof & { readonly role: GrantRole }>();
  /** By device: the epoch of its last removal. */
  readonly revoked = new Map<number, number>();
  epoch = 0;
  nowMs = 1_800_000_000_000;

  constructor(devices: number) {
    this.devices = Array.from({ length: devices }, (_, place) => device(place));
    const bytes = foundGroup(this.identity(0), founding(0));
    this.groupKey = groupKeyOf(bytes);
    const chain = [{ device: 0, epoch: 0 }];
    this.#let(0, { bytes, device: 0, chain, isHonest: true, notAfterMs: NEVER_MS }, 'admin');
  }

  identity(place: number): Identity {
    const found = this.devices[place];
    if (found === undefined) throw new RangeError(`There is no device ${place}`);
    return found;
  }

  isAdmin(place: number): boolean {
    return this.members.get(place)?.role === 'admin';
  }

  /** An admin lets a device in, or gives it another role. */
  accept(by: number, place: number, role: GrantRole, notAfterMs: number = NEVER_MS): void {
    const issuer = this.members.get(by);
    if (issuer === undefined) throw new TypeError(`Device ${by} is no member`);
    if (this.members.has(place)) this.remove(place);
    // As many as are removed by the same change may have counted already.
    this.epoch += 1;
    const epoch = this.epoch;
    const bytes = extendProof(
      issuer.bytes,
      this.identity(by),
      this.grant(place, { role, epoch, notAfterMs }),
    );
    const chain = [...issuer.chain, { device: place, epoch }];
    this.#let(place, { bytes, device: place, chain, isHonest: true, notAfterMs }, role);
  }

  remove(place: number): void {
    this.epoch += 1;
    this.members.delete(place);
    this.revoked.set(place, this.epoch);
  }

  /** A tracker whose clock is ahead or behind gives a stamp to whoever has a grant. */
  stamp(place: number, { tracker = 0, skewMs = 0 } = {}): void {
    if (this.members.has(place)) this.sign(place, this.trackers[tracker] ?? this.strangeTracker, { skewMs });
  }

  /** A tracker, perhaps an altered one or a false one, states that this device is in, whether it is or not. */
  sign(place: number, by: Identity, { skewMs = 0 } = {}): void {
    const notAfterMs = this.nowMs + skewMs + STAMP_LIFE_MS;
    const { deviceId } = this.identity(place);
    const who = { userId: userOf(place), deviceId };
    const stamp = { groupKey: this.groupKey, ...who, memberEpoch: this.epoch, notAfterMs };
    this.stamps.push({
      ...{ bytes: signStamp(by, stamp), device: place, epoch: this.epoch, notAfterMs },
      isTrusted: this.trackers.includes(by),
    });
  }

  /** A proof that nobody has the right to make: without a founder's, by somebody without the role, or of another group. */
  forge(by: number, place: number): void {
    const epoch = this.epoch + 1;
    const grant = this.grant(place, { role: 'member', epoch, notAfterMs: NEVER_MS });
    const own = this.proofs.findLast(({ device, chain }) => device === by && chain.length < MAX_GRANTS);
    const base = own?.bytes ?? foundGroup(this.identity(by), founding(by));
    const bytes = extendProof(base, this.identity(by), grant);
    const chain = [...(own?.chain ?? []), { device: place, epoch }];
    const mayVouch = own?.isHonest === true && (roleIn(own.bytes) === 'admin' || by === place);
    this.proofs.push({ bytes, device: place, chain, isHonest: mayVouch, notAfterMs: NEVER_MS });
  }

  grant(
    place: number,
    { role, epoch, notAfterMs }: { role: GrantRole; epoch: number; notAfterMs: number },
  ): Grant {
    const { publicKey } = this.identity(place);
    const deviceId = deviceIdOf(publicKey);
    return { groupId: GROUP, userId: userOf(place), deviceId, role, memberEpoch: epoch, notAfterMs };
  }

  #let(place: number, proof: KnownProof, role: GrantRole): void {
    this.proofs.push(proof);
    this.members.set(place, { ...proof, role });
  }
}

/** What the device would found the group with. */
export function founding(place: number): Parameters<typeof foundGroup>[1] {
  return { groupId: GROUP, userId: userOf(place), nonce: new Uint8Array(16).fill(place) };
}

/** Each device has a user of its own. */
export function userOf(place: number): string {
  return `user-${place}`;
}

function roleIn(proof: Uint8Array): GrantRole | undefined {
  const checked = checkProof(proof);
  return checked.isSound ? checked.member.role : undefined;
}
