/** What the simulator does not show: what callers see, strangers, and what an operator does. */
import { describe, expect, it } from 'vitest';
import { genesis, type JournalRecord, sealEntry } from '../src/entry.ts';
import type { SyncAnswer, SyncRequest } from '../src/messages.ts';
import { noConfig, RegisterCell } from '../src/register.ts';
import type { ReplicationEffect, ReplicationEvent } from '../src/replication/events.ts';
import type { ReplicationOptions } from '../src/replication/member.ts';
import { Replication } from '../src/replication/replication.ts';
import type { Timings } from '../src/replication/timings.ts';
import { createTestRandom } from './helpers/random.ts';
import { chain } from './journal-contract.ts';

const clusterId = new Uint8Array(16).fill(0xc1);

describe('a pair with a register', () => {
  it('may be founded by a tracker with entries of its own, which the other one gets', () => {
    const pair = createPair({ hasRegister: true, ownEntries: 3 });
    pair.run(3_000);
    expect([pair.roles(), pair.committed()]).toEqual([
      ['primary', 'backup'],
      [0, 3],
    ]);
    expect(pair.effects('a', 'fault')).toEqual([]);
    expect(pair.core('b').status(pair.nowMs).headIndex).toBe(3);
  });

  it('leads by itself only when it has looked who else is there', () => {
    const journal = chain(0);
    const core = new Replication(
      {
        ...{ storeId: '0a'.repeat(16), clusterId, peers: ['b'], hasRegister: true, founds: true },
        ...{ looksFirst: true, random: createTestRandom(), window: { base: genesis, records: journal } },
      },
      0,
    );
    const register = new RegisterCell();
    /** Carries out what concerns the register, until nothing does. */
    const run = (event: ReplicationEvent, nowMs: number): void => {
      const waiting = [event];
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        for (const effect of core.handle(next, nowMs)) {
          const { request = 0 } = 'request' in effect ? effect : {};
          if (effect.kind === 'read_register') {
            const outcome = { kind: 'current', config: register.config } as const;
            waiting.push({ kind: 'register_read', request, outcome });
          } else if (effect.kind === 'swap_register') {
            const outcome = register.compareAndSwap(effect.expectedEpoch, effect.config);
            waiting.push({ kind: 'register_swapped', request, outcome });
          }
        }
      }
    };
    for (let nowMs = 0; nowMs < 10_000; nowMs += 100) run({ kind: 'tick' }, nowMs);
    expect([core.role, register.config.epoch]).toEqual(['joining', 0]);
    run({ kind: 'looked' }, 10_000);
    expect([core.role, register.config.epoch]).toEqual(['primary', 1]);
  });

  it('hands over at once, without a time in which nobody leads', () => {
    const pair = createPair({ hasRegister: true });
    pair.run(3_000);
    expect(pair.roles()).toEqual(['primary', 'backup']);
    pair.tell('a', { kind: 'hand_over' });
    expect(pair.core('a').mayWrite).toBe(false);
    pair.run(300);
    expect(pair.roles()[1]).toBe('primary');
    expect(pair.core('a').status(pair.nowMs).lastTakeover?.reason).toBe('the primary handed over');
  });

  it('takes over when its patience is over, whenever it read the register last', () => {
    // Not a whole number of `registerMs` after `silenceMs`.
    const timings = { takeoverMs: 2_300, takeoverSpreadMs: 0 };
    const pair = createPair({ hasRegister: true, timings });
    pair.run(3_000);
    pair.isCut = true;
    pair.stop('a');
    pair.run(timings.takeoverMs);
    expect(pair.roles()[1]).toBe('primary');
    expect(pair.core('b').status(pair.nowMs)).toMatchObject({
      role: 'primary',
      lastTakeover: { reason: 'the primary is silent' },
      peers: [{ name: 'a', isInSync: false }],
    });
  });

  it.each(['a', 'b'] as const)('goes on without %s when its disk fails', (broken) => {
    const pair = createPair({ hasRegister: true });
    pair.run(3_000);
    const other = broken === 'a' ? 'b' : 'a';
    pair.tell(broken, { kind: 'disk_failed', reason: 'the disk is full' });
    pair.run(3_000);
    expect([pair.core(broken).role, pair.core(broken).mayWrite]).toEqual(['failed', false]);
    pair.write(other);
    pair.run(100);
    expect(pair.core(other).status(pair.nowMs)).toMatchObject({ role: 'primary', committedIndex: 1 });
    expect(pair.core(broken).status(pair.nowMs).reason).toBe('the disk is full');
  });

  it('says so when the register has lost what it kept, and goes on without it', () => {
    const pair = createPair({ hasRegister: true });
    pair.run(3_000);
    pair.register = new RegisterCell(noConfig);
    pair.isCut = true;
    pair.run(4_000);
    expect(pair.effects('b', 'fault').at(-1)).toMatchObject({
      message: expect.stringContaining('it lost what it kept'),
    });
    expect(pair.roles()[1]).not.toBe('primary');
  });
});

describe('replication', () => {
  it('tells strangers nothing, not even the cluster id that they would need', () => {
    const pair = createPair({ hasRegister: true });
    pair.run(3_000);
    const [push] = pair.effects('a', 'send');
    if (push?.kind !== 'send' || push.message.member === undefined) throw new Error('a push');
    const nothing = { head: genesis, entries: [], member: undefined };
    const { position, member } = push.message;
    const stranger = { ...member, clusterId: new Uint8Array(16) };
    const called = {
      kind: 'request',
      call: 900,
      message: { position, entries: [], member: stranger },
    } as const;
    const [fault, answer] = pair.handle('b', called);
    expect(fault).toMatchObject({ kind: 'fault', message: expect.stringContaining('another cluster') });
    expect(answer).toEqual({ kind: 'answer', call: 900, message: nothing });
    const anonymous = { position, entries: [], member: undefined };
    expect(pair.handle('b', { kind: 'request', call: 901, message: anonymous })[0]).toMatchObject({
      message: nothing,
    });
    pair.tell('b', { kind: 'disk_failed', reason: 'the disk is full' });
    expect(pair.handle('b', { ...called, call: 902 })).toEqual([
      { kind: 'answer', call: 902, message: nothing },
    ]);
  });

  it('refuses an entry that does not follow, and promises nothing for it', () => {
    const pair = createPair({ hasRegister: true });
    pair.run(3_000);
    const { config } = pair.core('a');
    const message: SyncRequest = {
      position: genesis,
      entries: chain(2)
        .slice(1)
        .map((record) => record.bytes),
      member: { kind: 'push', clusterId, storeId: new Uint8Array(16).fill(0xaa), config, committed: 0 },
    };
    const effects = pair.handle('b', { kind: 'request', call: 901, message });
    expect(effects).toContainEqual({ kind: 'fault', message: expect.stringContaining('was refused') });
    expect(effects.find((effect) => effect.kind === 'answer')).toMatchObject({
      message: { member: { outcome: 'catching_up' } },
    });
  });

  it('takes no write that it does not lead', () => {
    const pair = createPair({ hasRegister: true });
    pair.run(3_000);
    const [record] = chain(1);
    if (record === undefined) throw new Error('a record');
    expect(() => pair.handle('b', { kind: 'written', record })).toThrow(TypeError);
  });
});

type Name = 'a' | 'b';

/** Two cores in one thread: messages arrive at once unless the pair is cut, disks are as fast. */
class Pair {
  nowMs = 0;
  isCut = false;
  register: RegisterCell = new RegisterCell();
  readonly #nodes: Readonly<Record<Name, Node>>;

  constructor(more: PairOptions) {
    this.#nodes = { a: createNode('a', more), b: createNode('b', more) };
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

  effects<K extends ReplicationEffect['kind']>(name: Name, kind: K): readonly ReplicationEffect[] {
    return this.#nodes[name].all.filter((effect) => effect.kind === kind);
  }

  stop(name: Name): void {
    this.#nodes[name].isStopped = true;
  }

  /** In steps of 5 ms. */
  run(ms: number): void {
    const endMs = this.nowMs + ms;
    while (this.nowMs < endMs) {
      this.nowMs += 5;
      for (const name of ['a', 'b'] as const) this.tell(name, { kind: 'tick' });
    }
  }

  write(name: Name): void {
    const { records, core } = this.#nodes[name];
    const previous = records.at(-1)?.position ?? genesis;
    const record = sealEntry({
      version: 1,
      epoch: core.config.epoch,
      index: previous.index + 1,
      requestId: new Uint8Array(16).fill(previous.index),
      fingerprint: new Uint8Array(16),
      result: { kind: 'done' },
      events: [{ kind: 'user_created', userId: `user-${name}`, passwordHash: 'hash', atMs: this.nowMs }],
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
    const effects = this.core(name).handle(event, this.nowMs);
    this.#nodes[name].all.push(...effects);
    return effects;
  }

  #carryOut(name: Name, effect: ReplicationEffect): void {
    const node = this.#nodes[name];
    switch (effect.kind) {
      case 'send':
        if (!this.isCut) this.#send(name, effect.message, effect.request);
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
      case 'commit':
        node.committed = effect.index;
        break;
      case 'read_register': {
        const outcome = { kind: 'current', config: this.register.config } as const;
        this.tell(name, { kind: 'register_read', request: effect.request, outcome });
        break;
      }
      case 'swap_register': {
        const outcome = this.register.compareAndSwap(effect.expectedEpoch, effect.config);
        this.tell(name, { kind: 'register_swapped', request: effect.request, outcome });
        break;
      }
    }
  }

  #send(from: Name, message: SyncRequest, request: number): void {
    const to = from === 'a' ? 'b' : 'a';
    const node = this.#nodes[to];
    const call = node.nextCall++;
    node.answers.set(call, (answer) => {
      if (!this.isCut) this.tell(from, { kind: 'answer', request, message: answer });
    });
    this.tell(to, { kind: 'request', call, message });
  }
}

interface Node {
  readonly core: Replication;
  readonly records: JournalRecord[];
  readonly answers: Map<number, (message: SyncAnswer) => void>;
  readonly all: ReplicationEffect[];
  committed: number;
  nextCall: number;
  isStopped: boolean;
}

interface PairOptions {
  readonly hasRegister: boolean;
  /** Entries of epoch 1 in the journal of the founder. */
  readonly ownEntries?: number;
  readonly timings?: Partial<Timings>;
}

function createNode(name: Name, { hasRegister, ownEntries = 0, timings = {} }: PairOptions): Node {
  const records = name === 'a' ? chain(ownEntries) : [];
  const options: ReplicationOptions = {
    storeId: name.repeat(32),
    clusterId,
    peers: [name === 'a' ? 'b' : 'a'],
    hasRegister,
    founds: name === 'a',
    window: { base: genesis, records },
    random: createTestRandom(),
    timings,
  };
  const core = new Replication(options, 0);
  return {
    core,
    records: [...records],
    answers: new Map(),
    all: [],
    committed: 0,
    nextCall: 1,
    isStopped: false,
  };
}

function createPair(more: PairOptions): Pair {
  return new Pair(more);
}
