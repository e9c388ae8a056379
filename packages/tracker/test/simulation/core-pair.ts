/** Two cores in one thread: messages arrive at once unless the pair is cut, disks are as fast, and time goes in small steps. */
import { genesis, type JournalRecord, sealEntry } from '../../src/entry.ts';
import type { SyncAnswer, SyncRequest } from '../../src/messages.ts';
import { RegisterCell } from '../../src/register.ts';
import type { ReplicationEffect, ReplicationEvent } from '../../src/replication/events.ts';
import type { ReplicationOptions } from '../../src/replication/member.ts';
import { Replication } from '../../src/replication/replication.ts';
import type { Timings } from '../../src/replication/timings.ts';
import { createTestRandom } from '../helpers/random.ts';
import { chain } from '../journal-contract.ts';

export type Name = 'a' | 'b';

export interface PairOptions {
  readonly hasRegister: boolean;
  /** Entries of epoch 1 in the journal of `a`, which founds the cluster. */
  readonly ownEntries?: number;
  readonly timings?: Partial<Timings>;
}

interface Node {
  core: Replication;
  readonly records: JournalRecord[];
  readonly answers: Map<number, (message: SyncAnswer) => void>;
  readonly all: ReplicationEffect[];
  committed: number;
  nextCall: number;
  isStopped: boolean;
  /** Its clock shows so much more. */
  aheadMs: number;
}

const CLUSTER_ID = new Uint8Array(16).fill(0xc1);
const STEP_MS = 5;

export class CorePair {
  nowMs = 0;
  isCut = false;
  register: RegisterCell = new RegisterCell();
  /** Who does not reach the register. */
  readonly unreachable: Set<Name> = new Set<Name>();
  /** Who reaches the register, and hears no answer. */
  deaf: Name | undefined;
  /** What becomes of a request on its way; undefined: it is lost. */
  onTheWay: (message: SyncRequest) => SyncRequest | undefined = (message) => message;
  readonly #options: PairOptions;
  readonly #nodes: Readonly<Record<Name, Node>>;

  constructor(options: PairOptions) {
    this.#options = options;
    const own = chain(options.ownEntries ?? 0);
    this.#nodes = { a: this.#createNode('a', own), b: this.#createNode('b', []) };
  }

  core(name: Name): Replication {
    return this.#nodes[name].core;
  }

  roles(): readonly string[] {
    return [this.core('a').role, this.core('b').role];
  }

  committed(): readonly number[] {
    return [this.#nodes.a.committed, this.#nodes.b.committed];
  }

  /** The users whose entries are in the journal of that tracker. */
  users(name: Name): readonly string[] {
    return this.#nodes[name].records.map(
      ({ bytes }) => USER.exec(Buffer.from(bytes).toString('latin1'))?.[0] ?? '-',
    );
  }

  mayRead(name: Name): boolean {
    return this.core(name).mayRead(this.#now(name));
  }

  effects<K extends ReplicationEffect['kind']>(
    name: Name,
    kind: K,
  ): readonly Extract<ReplicationEffect, { kind: K }>[] {
    return this.#nodes[name].all.filter(
      (effect): effect is Extract<ReplicationEffect, { kind: K }> => effect.kind === kind,
    );
  }

  /** It does nothing until `resume`. */
  stop(name: Name): void {
    this.#nodes[name].isStopped = true;
  }

  resume(name: Name): void {
    this.#nodes[name].isStopped = false;
  }

  /** A new process on the same journal. */
  restart(name: Name): void {
    const node = this.#nodes[name];
    node.core = this.#createCore(name, node.records);
    node.answers.clear();
    node.isStopped = false;
  }

  /** Its clock shows a later time all at once. */
  jump(name: Name, byMs: number): void {
    this.#nodes[name].aheadMs += byMs;
  }

  run(ms: number, eachStep: () => void = () => undefined): void {
    const endMs = this.nowMs + ms;
    while (this.nowMs < endMs) {
      this.nowMs += STEP_MS;
      for (const name of ['a', 'b'] as const) this.tell(name, { kind: 'tick' });
      eachStep();
    }
  }

  write(name: Name, userId: string): void {
    const { records, core } = this.#nodes[name];
    const previous = records.at(-1)?.position ?? genesis;
    const record = sealEntry({
      version: 1,
      epoch: core.config.epoch,
      index: previous.index + 1,
      requestId: new Uint8Array(16).fill(previous.index),
      fingerprint: new Uint8Array(16),
      result: { kind: 'done' },
      events: [{ kind: 'user_created', userId, passwordHash: 'hash', atMs: this.nowMs }],
      prevHash: previous.hash,
    });
    this.tell(name, { kind: 'written', record });
  }

  /** Tells an event and carries out all that follows. */
  tell(name: Name, event: ReplicationEvent): void {
    if (this.#nodes[name].isStopped) return;
    for (const effect of this.handle(name, event)) this.#carryOut(name, effect);
  }

  /** Tells an event and carries out nothing. */
  handle(name: Name, event: ReplicationEvent): readonly ReplicationEffect[] {
    const effects = this.core(name).handle(event, this.#now(name));
    this.#nodes[name].all.push(...effects);
    return effects;
  }

  #now(name: Name): number {
    return this.nowMs + this.#nodes[name].aheadMs;
  }

  #carryOut(name: Name, effect: ReplicationEffect): void {
    const node = this.#nodes[name];
    switch (effect.kind) {
      case 'send':
        this.#send(name, effect);
        break;
      case 'answer':
        node.answers.get(effect.call)?.(effect.message);
        break;
      case 'append':
        node.records.push(...effect.records);
        this.tell(name, { kind: 'appended', index: node.records.length });
        break;
      case 'truncate':
        node.records.length = effect.after;
        this.tell(name, { kind: 'truncated' });
        break;
      case 'take_snapshot': {
        const position = node.records[node.committed - 1]?.position ?? genesis;
        this.tell(name, { kind: 'snapshot_taken', snapshot: { position, bytes: new Uint8Array(9) } });
        break;
      }
      case 'install': {
        const { records } = this.#nodes[name === 'a' ? 'b' : 'a'];
        node.records.splice(0, Number.POSITIVE_INFINITY, ...records.slice(0, effect.snapshot.position.index));
        node.committed = effect.snapshot.position.index;
        this.tell(name, { kind: 'installed' });
        break;
      }
      case 'commit':
        node.committed = effect.index;
        break;
      case 'read_register': {
        const { request } = effect;
        const outcome = { kind: 'current', config: this.register.config } as const;
        if (this.#hears(name)) this.tell(name, { kind: 'register_read', request, outcome });
        break;
      }
      case 'swap_register': {
        const { request, expectedEpoch, config } = effect;
        if (this.unreachable.has(name)) break;
        const outcome = this.register.compareAndSwap(expectedEpoch, config);
        if (this.#hears(name)) this.tell(name, { kind: 'register_swapped', request, outcome });
        break;
      }
    }
  }

  #hears(name: Name): boolean {
    return !this.unreachable.has(name) && this.deaf !== name;
  }

  #send(from: Name, { message, request }: Extract<ReplicationEffect, { kind: 'send' }>): void {
    const to = from === 'a' ? 'b' : 'a';
    const node = this.#nodes[to];
    const sent = this.onTheWay(message);
    if (this.isCut || sent === undefined) return;
    const call = node.nextCall++;
    node.answers.set(call, (answer) => {
      if (!this.isCut) this.tell(from, { kind: 'answer', request, message: answer });
    });
    this.tell(to, { kind: 'request', call, message: sent });
  }

  #createNode(name: Name, records: readonly JournalRecord[]): Node {
    return {
      core: this.#createCore(name, records),
      records: [...records],
      answers: new Map(),
      all: [],
      committed: 0,
      nextCall: 1,
      isStopped: false,
      aheadMs: 0,
    };
  }

  #createCore(name: Name, records: readonly JournalRecord[]): Replication {
    const options: ReplicationOptions = {
      storeId: name.repeat(32),
      clusterId: CLUSTER_ID,
      peers: [name === 'a' ? 'b' : 'a'],
      hasRegister: this.#options.hasRegister,
      founds: name === 'a',
      window: { base: genesis, records: [...records] },
      random: createTestRandom(),
      timings: this.#options.timings ?? {},
    };
    return new Replication(options, this.nowMs);
  }
}

const USER = /user-[a-z0-9]+/;
