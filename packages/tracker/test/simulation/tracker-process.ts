/**
 * One process of a tracker: the real replication core, ledger core and state on a virtual disk, network and clock.
 *
 * It is a shell as the real one is: it carries out effects and decides nothing. Between any two effects it may end, or be
 * paused; a paused one goes on later with what it had decided before, and takes what came meanwhile after that.
 */
import type { Command } from '../../src/commands/command.ts';
import type { SyncAnswer, SyncRequest } from '../../src/messages.ts';
import type { ReplicationEffect, ReplicationEvent } from '../../src/replication/events.ts';
import type { Replication } from '../../src/replication/replication.ts';
import type { Chance } from './chance.ts';
import type { Disk } from './disk.ts';
import type { LocalClock } from './local-clock.ts';
import { Mailbox } from './mailbox.ts';
import { SimulatedLedger } from './simulated-ledger.ts';
import { Wire } from './wire.ts';
import type { ReadAnswer, Reply, World, WriteAnswer } from './world.ts';

export interface ProcessParts {
  /** Told apart from every other process. */
  readonly name: string;
  /** The machine that it runs on. */
  readonly machine: string;
  readonly storeId: string;
  readonly world: World;
  readonly chance: Chance;
  readonly clock: LocalClock;
  readonly disk: Disk;
  readonly replication: Replication;
  /** Called before each effect, while there are faults: the process may end or pause there. */
  readonly interrupt: () => void;
}

interface Decided {
  readonly effect: ReplicationEffect;
  /** The epoch that this tracker led when it was decided. */
  readonly leads: number | undefined;
}

export class TrackerProcess {
  readonly name: string;
  readonly #parts: ProcessParts;
  readonly #ledger: SimulatedLedger;
  readonly #wire: Wire;
  readonly #calls = new Map<number, (message: SyncAnswer) => void>();
  #nextCall = 1;
  #wakeAtMs = Number.POSITIVE_INFINITY;
  /** Decided and not yet carried out. */
  readonly #effects: Decided[] = [];
  readonly #mailbox = new Mailbox();

  constructor(parts: ProcessParts) {
    const { name, machine, disk, world, chance } = parts;
    this.name = name;
    this.#parts = parts;
    this.#ledger = new SimulatedLedger(name, disk, world.invariants);
    this.#wire = new Wire(machine, world, chance);
  }

  get role(): string {
    return this.#parts.replication.role;
  }

  get ledger(): SimulatedLedger {
    return this.#ledger;
  }

  /** Others wait for this one, and could go on without it. */
  get isNeeded(): boolean {
    const { config, role } = this.#parts.replication;
    if (role === 'backup') return this.#parts.world.options.hasRegister;
    return role === 'primary' && config.inSync.length > 1;
  }

  get isPaused(): boolean {
    return this.#mailbox.isPaused;
  }

  tell(event: ReplicationEvent): void {
    this.#mailbox.do(() => {
      this.#effects.push(...this.#decide(event));
      this.#carryOutAll();
    });
  }

  /** Nothing happens here any more, whatever was begun. */
  end(): void {
    this.#mailbox.end();
  }

  pause(): void {
    this.#mailbox.pause();
  }

  resume(): void {
    const tick = (): void => this.tell({ kind: 'tick' });
    // What comes first, a timer or a message, is not the same everywhere.
    const timers = this.#parts.chance.oneIn(2) ? [tick] : [];
    this.#mailbox.resume([() => this.#carryOutAll(), ...timers]);
  }

  /** A client's write; `reply` may be called much later, or never. */
  write(command: Command, requestId: Uint8Array, reply: (reply: Reply<WriteAnswer>) => void): void {
    this.#mailbox.do(() => {
      const { epoch } = this.#ledger;
      if (epoch === undefined || !this.#parts.replication.mayWrite) {
        reply({ kind: 'elsewhere' });
        return;
      }
      const record = this.#ledger.write(command, { requestId, epoch }, (answer) =>
        reply(answer === undefined ? { kind: 'elsewhere' } : { kind: 'result', answer }),
      );
      if (record !== undefined) this.tell({ kind: 'written', record });
    });
  }

  /** An authoritative read: what the state says when it is asked, told when that is acknowledged, if it still may be. */
  read(userId: string, reply: (reply: Reply<ReadAnswer>) => void): void {
    this.#mailbox.do(() => {
      const { state, epoch } = this.#ledger;
      const answer = { owner: state.users.get(userId)?.passwordHash, by: this.name };
      const tell = (isTrue: boolean): void =>
        reply(isTrue ? { kind: 'result', answer } : { kind: 'elsewhere' });
      if (this.#parts.world.options.planted === 'read_without_asking') tell(epoch !== undefined);
      else if (!this.#mayRead) tell(false);
      else {
        this.#ledger.when(state.position.index, {
          tell: () => tell(this.#mayRead),
          giveUp: () => tell(false),
        });
      }
    });
  }

  receive(message: SyncRequest, answered: (message: SyncAnswer) => void): void {
    this.#mailbox.do(() => {
      const call = this.#nextCall++;
      this.#calls.set(call, answered);
      this.tell({ kind: 'request', call, message });
    });
  }

  /** Keeps a snapshot of what is acknowledged and drops the entries before it. */
  compact(): void {
    this.#mailbox.do(() => {
      const { disk, world } = this.#parts;
      const { acknowledgedIndex } = this.#ledger;
      if (acknowledgedIndex <= disk.base.index) return;
      // Anybody else may have to cut what it has, and the observer has to see every entry.
      if (this.role !== 'primary' && this.role !== 'backup') return;
      if (acknowledgedIndex > world.invariants.committed) return;
      world.counts.compactions += 1;
      const snapshot = this.#ledger.takeSnapshot();
      disk.write({ kind: 'compact', snapshot }, { done: () => undefined, failed: () => this.#diskFailed() });
    });
  }

  /** R6, whenever somebody looks; a paused process answers nobody. */
  checkRead(): void {
    if (this.isPaused || !this.#mayRead) return;
    this.#parts.world.invariants.reads(this.name, this.#ledger.acknowledgedIndex);
  }

  /** Unless something is still to be carried out. */
  checkReplay(): void {
    if (!this.isPaused) this.#ledger.checkReplay();
  }

  get #mayRead(): boolean {
    const { replication, clock } = this.#parts;
    return this.#ledger.epoch !== undefined && replication.mayRead(clock.now());
  }

  #decide(event: ReplicationEvent): readonly Decided[] {
    const { replication, clock, world, disk } = this.#parts;
    const led = this.#leads;
    const effects = replication.handle(event, clock.now());
    if (effects.some(({ kind }) => kind === 'role')) {
      world.invariants.goesOn(replication.config);
      if (led === undefined && replication.role === 'primary')
        world.invariants.leads(this.name, (index) => disk.positionAt(index));
    }
    const leads = this.#leads ?? led;
    return effects.map((effect) => ({ effect, leads }));
  }

  /** The epoch that the core leads: before the ledger does, and in safe mode, too. */
  get #leads(): number | undefined {
    const { replication, storeId } = this.#parts;
    const { role, config } = replication;
    if (role !== 'primary' && role !== 'safe') return undefined;
    return config.primary === storeId ? config.epoch : undefined;
  }

  #carryOutAll(): void {
    const { world, interrupt } = this.#parts;
    while (this.#effects.length > 0) {
      if (!world.network.isHealed) interrupt();
      if (!this.#mailbox.isOpen) return;
      const decided = this.#effects.shift();
      if (decided !== undefined) this.#carryOut(decided);
    }
  }

  #carryOut({ effect, leads }: Decided): void {
    const { world, disk, machine } = this.#parts;
    switch (effect.kind) {
      case 'send':
        this.#wire.send(effect, (message) => this.tell({ kind: 'answer', request: effect.request, message }));
        break;
      case 'answer':
        this.#calls.get(effect.call)?.(this.#wire.answer(effect.message));
        this.#calls.delete(effect.call);
        break;
      case 'append': {
        const index = effect.records.at(-1)?.position.index ?? 0;
        disk.write(effect, this.#outcome({ kind: 'appended', index }));
        break;
      }
      case 'truncate':
        disk.write(effect, this.#outcome({ kind: 'truncated' }));
        this.#ledger.cut(effect.after);
        break;
      case 'install':
        disk.write(effect, this.#outcome({ kind: 'installed' }));
        this.#ledger.install(effect.snapshot);
        break;
      case 'take_snapshot': {
        const snapshot = this.#ledger.takeSnapshot();
        world.time.after(2, () => this.tell({ kind: 'snapshot_taken', snapshot }));
        break;
      }
      case 'commit':
        this.#ledger.commit(effect.index, leads);
        break;
      case 'read_register': {
        const { request } = effect;
        world.register.read(machine, (outcome) => this.tell({ kind: 'register_read', request, outcome }));
        break;
      }
      case 'swap_register': {
        const { request } = effect;
        world.register.swap(machine, effect, (outcome) =>
          this.tell({ kind: 'register_swapped', request, outcome }),
        );
        this.#wire.cutOff();
        break;
      }
      case 'role':
        if (effect.role === 'primary') this.#ledger.lead(effect.epoch);
        else this.#ledger.follow();
        break;
      case 'wake_at':
        this.#wakeAt(effect.atMs);
        break;
      case 'fault':
        world.counts.told += 1;
        world.invariants.isTold(this.name, effect.message);
        break;
    }
  }

  #outcome(event: ReplicationEvent): { done: () => void; failed: () => void } {
    return { done: () => this.tell(event), failed: () => this.#diskFailed() };
  }

  #diskFailed(): void {
    this.tell({ kind: 'disk_failed', reason: 'the disk is full' });
  }

  #wakeAt(atMs: number): void {
    if (this.#wakeAtMs === atMs) return;
    this.#wakeAtMs = atMs;
    const { world, clock } = this.#parts;
    world.time.after(clock.until(atMs) + 0.001, () => {
      if (this.#wakeAtMs !== atMs) return;
      this.#wakeAtMs = Number.POSITIVE_INFINITY;
      this.tell({ kind: 'tick' });
    });
  }
}
