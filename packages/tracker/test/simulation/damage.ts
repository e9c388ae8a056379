/**
 * Entries that do not arrive as they were sent: bytes changed, or entries left out, moved or doubled, so that the chain of
 * hashes is broken. What the last one says is left alone: no hash in the message covers it, only those of the connection.
 */
import type { SyncAnswer, SyncRequest } from '../../src/messages.ts';
import type { Chance } from './chance.ts';

/** An entry ends with the hash of the one before. */
const PREVIOUS_HASH_BYTES = 32;

type Entries = SyncRequest['entries'];

/** Undefined where there is nothing to damage. */
export function damageRequest(message: SyncRequest, chance: Chance): SyncRequest | undefined {
  const entries = damage(message.entries, chance);
  return entries && { ...message, entries };
}

/** Undefined where there is nothing to damage. */
export function damageAnswer(message: SyncAnswer, chance: Chance): SyncAnswer | undefined {
  const entries = damage(message.entries, chance);
  return entries && { ...message, entries };
}

function damage(entries: Entries, chance: Chance): Entries | undefined {
  if (entries.length === 0) return undefined;
  const at = chance.between(0, entries.length - 1);
  const before = entries.slice(0, at);
  const after = entries.slice(at + 1);
  const [entry = new Uint8Array()] = entries.slice(at);
  switch (chance.pick(['flip', 'cut', 'drop', 'double', 'last'])) {
    case 'flip':
      return [...before, flipped(entry, { isLast: after.length === 0 }, chance), ...after];
    case 'cut':
      return [...before, entry.slice(0, chance.between(0, entry.length - 1)), ...after];
    case 'drop':
      return [...before, ...after];
    case 'double':
      return [...before, entry, entry, ...after];
    default:
      return [...after, entry, ...before];
  }
}

function flipped(bytes: Uint8Array, { isLast }: { readonly isLast: boolean }, chance: Chance): Uint8Array {
  const copy = bytes.slice();
  const at = chance.between(isLast ? copy.length - PREVIOUS_HASH_BYTES : 0, copy.length - 1);
  copy[at] = (copy[at] ?? 0) ^ (1 << chance.between(0, 7));
  return copy;
}
