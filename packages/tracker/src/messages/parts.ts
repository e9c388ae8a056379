/** Fields that several messages have. */
import type { Codec } from '@minitorrent/wire-codec';
import { boolean, fixedBytes, list, text } from '@minitorrent/wire-codec';
import { MESSAGE_LIMITS as LIMITS } from '../message-limits.ts';
import { deviceIdCodec, proofCodec, requestIdCodec } from './values.ts';

/** A proof for each device of one user. */
export const proofs: Codec<readonly Uint8Array[]> = list(proofCodec, { maxItems: LIMITS.devicesPerUser });
export const deviceIds: Codec<readonly Uint8Array[]> = list(deviceIdCodec, {
  maxItems: LIMITS.devicesPerUser,
});
export const password: Codec<string> = text({ maxBytes: LIMITS.passwordBytes });
export const requestId: Codec<Uint8Array> = requestIdCodec;
/**
 * Of every answer that shows users, groups or files: true where the tracker is a backup, or a primary that has not heard
 * of its backup just now, or cannot reach the journal that it shares, so that something acknowledged may be missing.
 */
export const mayBeStale: Codec<boolean> = boolean;
/** Names the trackers that belong together. */
export const clusterId: Codec<Uint8Array> = fixedBytes(16);
export const storeId: Codec<Uint8Array> = fixedBytes(16);
