/**
 * Lets a user in without a tracker who logged in with one on this device before, by the password they had then.
 *
 * The library keeps a salted scrypt hash (RFC 7914) with the cost that OWASP asks for, and never the password. It only
 * opens what lies on this device for that user: whether trackers let the user in is still theirs to say.
 */
import { scrypt, timingSafeEqual } from 'node:crypto';
import type { Random } from '@minitorrent/rpc-core';
import type { Library } from './library.ts';

/** 16 MiB and a fifth of a second. The cost stands beside each hash, so that it can rise. */
const COST: ScryptCost = { logN: 14, r: 8, p: 5 };
const SALT_BYTES = 16;
const HASH_BYTES = 32;

interface ScryptCost {
  readonly logN: number;
  readonly r: number;
  readonly p: number;
}

export class OfflineLogins {
  readonly #library: Library;
  readonly #random: Pick<Random, 'bytes'>;

  constructor(library: Library, random: Pick<Random, 'bytes'>) {
    this.#library = library;
    this.#random = random;
  }

  /** Whether the user logged in on this device before. */
  has(userId: string): boolean {
    return this.#library.passwordHash(userId) !== undefined;
  }

  /** The user logged in with this password. */
  async remember(userId: string, password: string): Promise<void> {
    const salt = this.#random.bytes(SALT_BYTES);
    const hash = await hashPassword(password, salt, COST);
    const { logN, r, p } = COST;
    this.#library.putPasswordHash(
      userId,
      `$scrypt$ln=${logN},r=${r},p=${p}$${toBase64(salt)}$${toBase64(hash)}`,
    );
  }

  /** Whether it is the password with which the user logged in last; false for a user who never did. */
  async verify(userId: string, password: string): Promise<boolean> {
    const stored = parseHash(this.#library.passwordHash(userId) ?? '');
    if (stored === undefined) return false;
    return timingSafeEqual(stored.hash, await hashPassword(password, stored.salt, stored.cost));
  }

  /** A tracker does not take that password any more. */
  forget(userId: string): void {
    this.#library.removePasswordHash(userId);
  }
}

const STORED =
  /^\$scrypt\$ln=(1[0-9]|20),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/=]{16,88})\$([A-Za-z0-9+/=]{44})$/;

function parseHash(
  stored: string,
): { readonly cost: ScryptCost; readonly salt: Uint8Array; readonly hash: Uint8Array } | undefined {
  const [, logN, r, p, salt, hash] = STORED.exec(stored) ?? [];
  if (salt === undefined || hash === undefined) return undefined;
  return {
    cost: { logN: Number(logN), r: Number(r), p: Number(p) },
    salt: Buffer.from(salt, 'base64'),
    hash: Buffer.from(hash, 'base64'),
  };
}

function hashPassword(password: string, salt: Uint8Array, { logN, r, p }: ScryptCost): Promise<Uint8Array> {
  const N = 2 ** logN;
  // What scrypt needs, by its definition, and some room; Node.js refuses more than 32 MiB unless told.
  const maxmem = 128 * r * (N + p) + 1024 * 1024;
  return new Promise((resolve, reject) => {
    scrypt(password, salt, HASH_BYTES, { N, r, p, maxmem }, (error, hash) => {
      if (error === null) resolve(hash);
      else reject(error);
    });
  });
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
