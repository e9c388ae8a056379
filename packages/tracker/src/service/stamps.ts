/**
 * Stamps that this tracker signs, each kept for a while: peers ask again at every connection that they make.
 *
 * What affects a stamp: it is made of a state that is acknowledged by whoever decides, so its epoch is never lower than that
 * of an earlier one, whichever tracker made that.
 */
import type { Clock } from '@minitorrent/rpc-core';
import type { Identity } from '@minitorrent/rpc-core/identity';
import { deviceKey } from '../device-key.ts';
import { toHex } from '../hex.ts';
import { STAMP_LIFE_MS, signStamp } from '../membership/stamp.ts';
import { wallTimeMs } from '../wall-time.ts';

/** Far less than a stamp is good for, and more than a peer takes between two connections. */
const KEPT_MS = 60_000;
/** Some 10 MB. */
const KEPT = 20_000;

export interface StampOrder {
  readonly groupKey: Uint8Array;
  readonly userId: string;
  readonly deviceId: Uint8Array;
  readonly memberEpoch: number;
}

interface KeptStamp {
  readonly memberEpoch: number;
  readonly madeAtMs: number;
  readonly bytes: Uint8Array;
}

export class Stamps {
  readonly #identity: Pick<Identity, 'publicKey' | 'sign'>;
  readonly #clock: Clock;
  /** By group, device and user, oldest first. */
  readonly #kept = new Map<string, KeptStamp>();

  constructor({ identity, clock }: { identity: Pick<Identity, 'publicKey' | 'sign'>; clock: Clock }) {
    this.#identity = identity;
    this.#clock = clock;
  }

  /** For a user on a device that is let into the group at that epoch. */
  give({ groupKey, userId, deviceId, ...order }: StampOrder): Uint8Array {
    const key = toHex(groupKey) + deviceKey(userId, deviceId);
    const nowMs = wallTimeMs(this.#clock);
    const kept = this.#kept.get(key);
    // A read that waited long may be overtaken by one that began later.
    const memberEpoch = Math.max(order.memberEpoch, kept?.memberEpoch ?? 0);
    const ageMs = nowMs - (kept?.madeAtMs ?? 0);
    if (kept?.memberEpoch === memberEpoch && ageMs >= 0 && ageMs < KEPT_MS) return kept.bytes;
    const notAfterMs = nowMs + STAMP_LIFE_MS;
    const bytes = signStamp(this.#identity, { groupKey, userId, deviceId, memberEpoch, notAfterMs }).slice();
    this.#kept.delete(key);
    this.#kept.set(key, { memberEpoch, madeAtMs: nowMs, bytes });
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > KEPT && oldest !== undefined) this.#kept.delete(oldest);
    return bytes;
  }
}
