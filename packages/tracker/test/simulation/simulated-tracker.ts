/** The machine of one tracker: its disk, its clock, its address, and the processes that run there one after the other. */
import type { Command } from '../../src/commands/command.ts';
import type { JournalRecord } from '../../src/entry.ts';
import { toHex } from '../../src/hex.ts';
import type { JournalPosition, SyncAnswer, SyncRequest } from '../../src/messages.ts';
import type { TrackerState } from '../../src/model.ts';
import { Replication } from '../../src/replication/replication.ts';
import type { Chance } from './chance.ts';
import { Disk } from './disk.ts';
import { LocalClock } from './local-clock.ts';
import { bothWays } from './network.ts';
import { isOfCore } from './options.ts';
import { REGISTER } from './simulated-register.ts';
import { TrackerProcess } from './tracker-process.ts';
import type { Machine, ReadAnswer, Reply, World, WriteAnswer } from './world.ts';
import { CLUSTER_ID } from './world.ts';

/** Of `createTracker`: how long it waits for another tracker to take over before it ends. */
const HAND_OVER_MS = 3_000;
/** A clock that jumps again before the last jump is forgotten is not monotonic in any useful sense. */
const MS_BETWEEN_JUMPS = 3_000;

export class SimulatedTracker implements Machine {
  readonly name: string;
  readonly #world: World;
  readonly #chance: Chance;
  readonly #clock: LocalClock;
  readonly #disk: Disk;
  #storeId: string;
  #process: TrackerProcess | undefined;
  /** Was asked to end. */
  #ending: TrackerProcess | undefined;
  #starts = 0;
  /** No process listens here, and callers are told so. */
  #isRefusing = false;
  #jumpedAt = Number.NEGATIVE_INFINITY;

  constructor(name: string, world: World, chance: Chance) {
    this.name = name;
    this.#world = world;
    this.#chance = chance;
    const { driftPerMille, diskMs, planted } = world.options;
    const { time, counts } = world;
    this.#clock = new LocalClock(time, 1 + (chance.between(0, 2 * driftPerMille) - driftPerMille) / 1_000);
    this.#disk = new Disk({ time, chance, counts, diskMs, skipsSync: planted === 'skip_fsync' });
    this.#storeId = toHex(chance.random.bytes(16));
  }

  get isUp(): boolean {
    return this.#process !== undefined;
  }

  /** Answers when it is asked. */
  get isAwake(): boolean {
    return this.#process !== undefined && !this.#process.isPaused;
  }

  /** Was asked to end, and has not yet. */
  get isEnding(): boolean {
    return this.#ending !== undefined && this.#ending === this.#process;
  }

  get storeId(): string {
    return this.#storeId;
  }

  get role(): string {
    return this.#process?.role ?? 'down';
  }

  get state(): TrackerState | undefined {
    return this.#process?.ledger.state;
  }

  get acknowledgedIndex(): number {
    return this.#process?.ledger.acknowledgedIndex ?? -1;
  }

  get head(): JournalPosition {
    return this.#disk.head;
  }

  /** Begins with a journal that is there already. */
  startWith(records: readonly JournalRecord[]): void {
    this.#disk.fillWith(records);
  }

  start(): void {
    if (this.isUp) return;
    this.#starts += 1;
    this.#isRefusing = false;
    this.#comeUpLate();
    this.#process = new TrackerProcess({
      name: `${this.name}#${this.#starts}`,
      machine: this.name,
      storeId: this.#storeId,
      world: this.#world,
      chance: this.#chance,
      clock: this.#clock,
      disk: this.#disk,
      replication: this.#createCore(),
      interrupt: () => this.#interrupt(),
    });
    this.#process.tell({ kind: 'tick' });
  }

  crash(): void {
    if (this.#process === undefined) return;
    this.#world.counts.crashes += 1;
    this.#end();
    this.#disk.crash();
    // The system of a killed process refuses its callers; a machine without power says nothing.
    this.#isRefusing = this.#chance.oneIn(2);
  }

  restart(): void {
    this.crash();
    this.start();
  }

  /** Asks it to end, as SIGTERM does: it hands over what it can first. */
  terminate(): void {
    const process = this.#process;
    if (process === undefined) return;
    this.#world.counts.endings += 1;
    this.#ending = process;
    process.tell({ kind: 'hand_over' });
    this.#closeWhenFree(process, this.#world.time.now + HAND_OVER_MS);
  }

  handOver(): void {
    this.#process?.tell({ kind: 'hand_over' });
  }

  promote(): void {
    this.#process?.tell({ kind: 'promote' });
  }

  /** Stops the process for a while, as SIGSTOP does, or the whole machine with its clock. */
  pause(forMs: number): void {
    const process = this.#process;
    if (process === undefined || process.isPaused) return;
    process.pause();
    if (this.#world.options.suspends) {
      this.#world.counts.suspends += 1;
      this.#clock.stop();
    } else this.#world.counts.pauses += 1;
    this.#world.time.after(forMs, () => this.resume(process));
  }

  resume(process: TrackerProcess | undefined = this.#process): void {
    if (process !== this.#process) return;
    this.#clock.go();
    process?.resume();
  }

  /** The clock shows a later time all at once. */
  jump(byMs: number): void {
    const { time, counts } = this.#world;
    if (time.now - this.#jumpedAt < MS_BETWEEN_JUMPS) return;
    this.#jumpedAt = time.now;
    counts.clockJumps += 1;
    this.#clock.jump(byMs);
  }

  fillDisk(): void {
    this.#world.counts.diskFailures += 1;
    this.#disk.fill();
  }

  makeRoom(): void {
    this.#disk.makeRoom();
  }

  /** The disk is lost, and with it who this tracker was. */
  wipe(): void {
    this.#end();
    this.#disk.wipe();
    this.#storeId = toHex(this.#chance.random.bytes(16));
  }

  compact(): void {
    this.#process?.compact();
  }

  write(command: Command, requestId: Uint8Array, reply: (reply: Reply<WriteAnswer>) => void): void {
    if (this.#isRefusing) reply({ kind: 'elsewhere' });
    else this.#process?.write(command, requestId, reply);
  }

  read(userId: string, reply: (reply: Reply<ReadAnswer>) => void): void {
    if (this.#isRefusing) reply({ kind: 'elsewhere' });
    else this.#process?.read(userId, reply);
  }

  receive(message: SyncRequest, answered: (message: SyncAnswer) => void): void {
    this.#process?.receive(message, answered);
  }

  checkRead(): void {
    this.#process?.checkRead();
  }

  checkReplay(): void {
    this.#process?.checkReplay();
  }

  #createCore(): Replication {
    const { options, trackers } = this.#world;
    const { planted, windowEntries, hasRegister } = options;
    return new Replication(
      {
        storeId: this.#storeId,
        clusterId: CLUSTER_ID,
        peers: [...trackers.keys()].filter((name) => name !== this.name),
        hasRegister,
        founds: this.name === 'tracker-0',
        window: { base: this.#disk.base, records: this.#disk.live.records },
        windowLimits: { entries: windowEntries, bytes: 1e9 },
        random: this.#chance.random,
        ...(isOfCore(planted) ? { planted: new Set([planted]) } : {}),
      },
      this.#clock.now(),
    );
  }

  #end(): void {
    this.#process?.end();
    this.#process = undefined;
    this.#clock.go();
  }

  #closeWhenFree(process: TrackerProcess, untilMs: number): void {
    const { time } = this.#world;
    time.after(20, () => {
      if (this.#process !== process) return;
      if (process.isPaused || (process.isNeeded && time.now < untilMs)) {
        this.#closeWhenFree(process, untilMs);
        return;
      }
      this.#end();
      this.#disk.close();
      this.#isRefusing = true;
    });
  }

  /** At times the register cannot be reached just after a start. */
  #comeUpLate(): void {
    const { network, counts, options } = this.#world;
    if (network.isHealed || !this.#chance.oneIn(options.startsPerCut)) return;
    counts.partitions += 1;
    network.cut(bothWays(this.name, REGISTER), { forMs: this.#chance.between(200, 4_000) });
  }

  #interrupt(): void {
    const { options, counts, time } = this.#world;
    if (this.#chance.oneIn(options.effectsPerCrash)) {
      counts.crashesAtAnEffect += 1;
      this.crash();
      time.after(this.#chance.between(20, 3_000), () => this.start());
    } else if (this.#chance.oneIn(options.effectsPerPause)) {
      counts.pausesAtAnEffect += 1;
      this.pause(pauseMs(this.#chance));
    }
  }
}

/** Mostly short; the long ones are longer than everything that waits for them. */
export function pauseMs(chance: Chance): number {
  return chance.oneIn(3) ? chance.between(1_000, 10_000) : chance.between(100, 1_500);
}
