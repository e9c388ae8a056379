/**
 * Passwords as they are stored: argon2id (RFC 9106) in the PHC string format, and what a password must be.
 *
 * `$argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>`, salt and hash in base64 without padding. The parameters stand in the
 * string, so that they can rise and older hashes still be checked. Nothing is hashed here; `shell/passwords.ts` does that.
 */
import { TrackerError } from './errors.ts';
import type { TrackerLimits } from './limits.ts';
import { MESSAGE_LIMITS } from './message-limits.ts';

/** What one hash costs. */
export interface HashCost {
  readonly memoryKib: number;
  readonly passes: number;
}

export interface PasswordHash extends HashCost {
  readonly salt: Uint8Array;
  readonly hash: Uint8Array;
}

/** Makes and checks hashes, some at a time; what an aborted caller waits for is not begun. */
export interface Passwords {
  /** Fails with `busy`. */
  hash(password: string, options?: { readonly signal?: AbortSignal }): Promise<string>;
  /** Whether `password` is the one of `stored`; without one the answer is no, after the same work. Fails with `busy`. */
  verify(
    password: string,
    stored: string | undefined,
    options?: { readonly signal?: AbortSignal },
  ): Promise<boolean>;
  /** Whether `stored` is weaker than what is made today. */
  isOutdated(stored: string): boolean;
}

export const SALT_BYTES = 16;
export const HASH_BYTES = 32;

const PHC = /^\$argon2id\$v=19\$m=(\d{1,8}),t=(\d{1,3}),p=1\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{43,86})$/;

export function formatHash({ memoryKib, passes, salt, hash }: PasswordHash): string {
  return `$argon2id$v=19$m=${memoryKib},t=${passes},p=1$${toBase64(salt)}$${toBase64(hash)}`;
}

/** Throws a TypeError for a string that is not one of ours. */
export function parseHash(stored: string): PasswordHash {
  const [, memoryKib, passes, salt, hash] = PHC.exec(stored) ?? [];
  if (salt === undefined || hash === undefined) throw new TypeError('Cannot read a stored password hash');
  return {
    memoryKib: Number(memoryKib),
    passes: Number(passes),
    salt: fromBase64(salt),
    hash: fromBase64(hash),
  };
}

/** Whether a hash that cost `made` is weaker than `wanted`. */
export function isWeaker(made: HashCost, wanted: HashCost): boolean {
  return made.memoryKib < wanted.memoryKib || made.passes < wanted.passes;
}

/** Nothing, or `weak_password`. There are no rules of composition: length is what counts. */
export function requireGoodPassword(
  password: string,
  limits: Pick<TrackerLimits, 'passwordCharacters'>,
): void {
  const characters = [...password].length;
  if (characters < limits.passwordCharacters) {
    throw new TrackerError(
      'weak_password',
      `The password has ${characters} characters; take at least ${limits.passwordCharacters}, such as four random words`,
    );
  }
  if (new TextEncoder().encode(password).length <= MESSAGE_LIMITS.passwordBytes) return;
  throw new TrackerError(
    'weak_password',
    `The password is longer than ${MESSAGE_LIMITS.passwordBytes} bytes`,
  );
}

function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replace(/=+$/, '');
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
