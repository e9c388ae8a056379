/**
 * The part of the library that tells what a user is in their groups: the key of each, this device's own proof and stamp, and
 * which devices were removed. With it a peer that starts while no tracker can be reached knows whom to serve.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { MembershipCard } from '../admission.ts';
import type { Revocation } from '../membership-guard.ts';

/** What is known of one group. */
export interface MembershipRecord {
  readonly groupId: string;
  /** The one that was seen first. */
  readonly groupKey: Uint8Array;
  /** What this device shows; undefined while nothing lets it in. */
  readonly card: MembershipCard | undefined;
}

export class MembershipRecords {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  all(userId: string): MembershipRecord[] {
    const rows = this.#database.prepare('SELECT * FROM membership WHERE user_id = ? ORDER BY group_id');
    return rows.all(userId).map(({ group_id, group_key, proof, stamp }) => ({
      groupId: String(group_id),
      groupKey: asBytes(group_key),
      card: proof === null ? undefined : { proof: asBytes(proof), stamp: asBytes(stamp) },
    }));
  }

  put(userId: string, { groupId, groupKey, card }: MembershipRecord): void {
    this.#database
      .prepare('INSERT OR REPLACE INTO membership VALUES (?, ?, ?, ?, ?)')
      .run(userId, groupId, groupKey, card?.proof ?? null, card?.stamp ?? null);
  }

  /** One revocation for each user on each device, of the last removal. */
  revocations(userId: string): Revocation[] {
    const rows = this.#database.prepare('SELECT * FROM revocation WHERE user_id = ?');
    return rows.all(userId).map(({ group_id, removed_id, device_id, member_epoch }) => ({
      groupId: String(group_id),
      memberEpoch: Number(member_epoch),
      userId: String(removed_id),
      deviceIds: [asBytes(device_id)],
    }));
  }

  /** All of them or, where that fails, none. */
  putRevocations(userId: string, revocations: readonly Revocation[]): void {
    const put = this.#database.prepare(`
      INSERT INTO revocation VALUES (?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET member_epoch = max(member_epoch, excluded.member_epoch)`);
    this.#database.exec('BEGIN');
    try {
      for (const { groupId, memberEpoch, userId: removed, deviceIds } of revocations)
        for (const deviceId of deviceIds) put.run(userId, groupId, removed, deviceId, memberEpoch);
      this.#database.exec('COMMIT');
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  /** The user is not in that group any more. */
  remove(userId: string, groupId: string): void {
    for (const table of ['membership', 'revocation'])
      this.#database.prepare(`DELETE FROM ${table} WHERE user_id = ? AND group_id = ?`).run(userId, groupId);
  }
}

function asBytes(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new TypeError(`Cannot read the library: a column holds ${typeof value}, expected bytes`);
}
