/**
 * Reads the journal of the trackers as it grows, and compares it with what clients were told: one unbroken history, in which
 * every name is given away once.
 */
import type { Clock, Network, PinnedAddress } from '@minitorrent/rpc-core';
import { deviceKey } from '../../src/device-key.ts';
import { type Entry, genesis, openRecord, recordAfter } from '../../src/entry.ts';
import { describe } from '../../src/errors.ts';
import { toHex } from '../../src/hex.ts';
import type { JournalPosition } from '../../src/messages.ts';
import { codeOf, connectTo, PATIENCE_MS, type TrackerClient } from './failover-client.ts';
import { keyOf, type Promises, type Write } from './promises.ts';

interface Owner {
  /** Of the write that made it; hexadecimal. */
  readonly requestId: string;
  /** Of a group: who made it. */
  readonly owner: string | undefined;
}

export interface AuditOptions {
  readonly network: Network;
  readonly clock: Clock;
  readonly addresses: readonly PinnedAddress[];
  /** Of `network`. */
  readonly deviceId: Uint8Array;
  readonly clusterId: Uint8Array;
  readonly promises: Promises;
  readonly signal: AbortSignal;
}

export class Audit {
  readonly #options: AuditOptions;
  #position: JournalPosition = genesis;
  readonly #owners = new Map<string, Owner>();
  readonly #requests = new Set<string>();
  /** Users and the devices on which they logged in. */
  readonly #bound = new Set<string>();

  constructor(options: AuditOptions) {
    this.#options = options;
  }

  /** Entries that were read. */
  get entries(): number {
    return this.#position.index;
  }

  /** Those of them that bind a device: the first login of each user. */
  get binds(): number {
    return this.#bound.size;
  }

  /** Reads everything that is acknowledged; to be called when all trackers are together. */
  async catchUp(): Promise<void> {
    const ends = this.#options.addresses.map(async (address) => ({
      address,
      end: await this.#endOf(address),
    }));
    // Whoever knows of most has it all.
    const sorted = (await Promise.all(ends)).toSorted((one, other) => other.end - one.end);
    for (const { address, end } of sorted) if (await this.#readFrom(address, end)) return;
    this.#options.promises.violated('no tracker has the entries of the journal that were not looked at yet');
  }

  /** Whether the tracker at `address` ends where the audit does, with the same history. */
  async isAtEnd(address: PinnedAddress): Promise<boolean> {
    return this.#ask(address, async (tracker) => {
      const { head, entries } = await tracker.sync(this.#request(), { timeoutMs: PATIENCE_MS });
      return entries.length === 0 && toHex(head.hash) === toHex(this.#position.hash);
    });
  }

  /** What clients were told and the history does not say. */
  findLost(): readonly string[] {
    const { promises, deviceId } = this.#options;
    const lost: string[] = [];
    for (const userId of promises.loggedInUsers) {
      if (!this.#bound.has(deviceKey(userId, deviceId))) lost.push(`the device of ${userId} is not bound`);
    }
    for (const [key, write] of promises.owners) {
      const kept = this.#owners.get(key);
      if (kept?.requestId === write.requestId) continue;
      lost.push(
        `${key} of ${write.owner} ${kept === undefined ? 'is gone' : `belongs to ${kept.owner ?? 'another'}`}`,
      );
    }
    for (const write of promises.refused) this.#checkRefused(write);
    return lost;
  }

  /** Nobody is refused what is his, nor for the sake of nobody. */
  #checkRefused(write: Write): void {
    const { promises } = this.#options;
    const key = keyOf(write);
    if (this.#requests.has(write.requestId))
      promises.violated(`${key} was refused to ${write.owner}, who has it`);
    else if (!this.#owners.has(key))
      promises.violated(`${key} was refused to ${write.owner}, and nobody has it`);
  }

  /** The last entry that the tracker at `address` knows to be acknowledged. */
  #endOf(address: PinnedAddress): Promise<number> {
    const { clusterId } = this.#options;
    return this.#ask(address, async (tracker) => {
      const { committedIndex } = await tracker.tracker_status({ clusterId }, { timeoutMs: PATIENCE_MS });
      return committedIndex;
    });
  }

  /** False where that tracker does not have the entries: it dropped some of them, or knows less than another one. */
  #readFrom(address: PinnedAddress, end: number): Promise<boolean> {
    const { promises } = this.#options;
    return this.#ask(address, async (tracker) => {
      try {
        while (this.#position.index < end) await this.#readSome(tracker, end);
        return true;
      } catch (error) {
        if (codeOf(error) === 'compacted') return false;
        promises.violated(
          `the journal cannot be followed after entry ${this.#position.index}: ${describe(error)}`,
        );
        return true;
      }
    });
  }

  async #readSome(tracker: TrackerClient, upTo: number): Promise<void> {
    const { entries } = await tracker.sync(this.#request(), { timeoutMs: PATIENCE_MS });
    if (entries.length === 0) throw new Error(`it ends before entry ${upTo}`);
    for (const bytes of entries) {
      if (this.#position.index >= upTo) return;
      const record = recordAfter(this.#position, bytes.slice());
      this.#take(openRecord(record, this.#position));
      this.#position = record.position;
    }
  }

  #take({ requestId: id, events, index }: Entry): void {
    const requestId = toHex(id);
    if (this.#requests.has(requestId)) this.#options.promises.violated(`entry ${index} does a request again`);
    this.#requests.add(requestId);
    for (const event of events) {
      if (event.kind === 'user_created') {
        this.#own(keyOf({ kind: 'user', name: event.userId }), { requestId, owner: undefined });
      } else if (event.kind === 'group_created') {
        this.#own(keyOf({ kind: 'group', name: event.groupId }), { requestId, owner: event.userId });
      } else if (event.kind === 'device_bound') {
        this.#bind(event);
      }
    }
  }

  #bind({ userId, deviceId }: { readonly userId: string; readonly deviceId: Uint8Array }): void {
    const key = deviceKey(userId, deviceId);
    if (this.#bound.has(key)) this.#options.promises.duplicates.push(`a device of ${userId} was bound twice`);
    this.#bound.add(key);
  }

  #own(key: string, owner: Owner): void {
    if (this.#owners.has(key)) this.#options.promises.duplicates.push(`${key} was made twice`);
    this.#owners.set(key, owner);
  }

  #request(): Parameters<TrackerClient['sync']>[0] {
    return { position: this.#position, entries: [], member: undefined };
  }

  async #ask<R>(address: PinnedAddress, question: (tracker: TrackerClient) => Promise<R>): Promise<R> {
    const { connection, tracker } = await connectTo(address, this.#options, PATIENCE_MS);
    try {
      return await question(tracker);
    } finally {
      connection.abort();
    }
  }
}
