/**
 * argon2id by `node:crypto`, on libuv's threads, a few at a time.
 */
import { argon2, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import type { Random } from '@minitorrent/rpc-core';
import type { TrackerLimits } from '../limits.ts';
import type { HashCost, Passwords } from '../password-hash.ts';
import { formatHash, HASH_BYTES, isWeaker, parseHash, SALT_BYTES } from '../password-hash.ts';
import { createWorkQueue } from '../work-queue.ts';

const argon2Async = promisify(argon2);

export type PasswordLimits = Pick<
  TrackerLimits,
  'argon2MemoryKib' | 'argon2Passes' | 'passwordsAtOnce' | 'passwordsQueued'
>;

export function createPasswords(limits: PasswordLimits, random: Random): Passwords {
  const cost = { memoryKib: limits.argon2MemoryKib, passes: limits.argon2Passes };
  const queue = createWorkQueue({
    atOnce: limits.passwordsAtOnce,
    queued: limits.passwordsQueued,
    busy: 'The tracker has too many passwords to check; try again in a moment',
  });
  /** What a user who does not exist is checked against: nobody knows a password for it. */
  const nobody = { ...cost, salt: random.bytes(SALT_BYTES), hash: random.bytes(HASH_BYTES) };
  return {
    hash: async (password, options) => {
      const salt = random.bytes(SALT_BYTES);
      const hash = await queue.run(() => derive(password, salt, cost), options);
      return formatHash({ ...cost, salt, hash });
    },
    verify: async (password, stored, options) => {
      const wanted = stored === undefined ? nobody : parseHash(stored);
      const hash = await queue.run(() => derive(password, wanted.salt, wanted, wanted.hash.length), options);
      return timingSafeEqual(hash, wanted.hash) && stored !== undefined;
    },
    isOutdated: (stored) => isWeaker(parseHash(stored), cost),
  };
}

function derive(
  password: string,
  salt: Uint8Array,
  { memoryKib, passes }: HashCost,
  tagLength = HASH_BYTES,
): Promise<Uint8Array> {
  const message = new TextEncoder().encode(password);
  return argon2Async('argon2id', {
    message,
    nonce: salt,
    parallelism: 1,
    tagLength,
    memory: memoryKib,
    passes,
  });
}
