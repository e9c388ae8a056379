/**
 * One run: real trackers under load, faults until enough processes were killed, and then everything that clients were told
 * has to be there, once.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSystemClock } from '@minitorrent/rpc-core';
import { createTlsNetwork } from '@minitorrent/rpc-core/tls';
import { describe } from '../../src/errors.ts';
import { Chance } from '../simulation/chance.ts';
import { Audit, type AuditOptions } from './audit.ts';
import { Bell } from './bell.ts';
import { carryOut } from './faults.ts';
import { findMissing } from './final-check.ts';
import { startLoad } from './load.ts';
import type { ChaosOptions } from './options.ts';
import { Outages } from './outages.ts';
import { drawFault } from './plan.ts';
import { Promises } from './promises.ts';
import type { ChaosResult, FaultRecord } from './result.ts';
import { isTogether, openScene, type Scene } from './scene.ts';
import { Timeline } from './timeline.ts';

/** After everything was repaired, everybody has to be in sync within this. */
const TOGETHER_MS = 120_000;

export interface RunParts {
  /** Ends the run at once. */
  readonly signal: AbortSignal;
  /** Told of everything that happens, as it happens. */
  readonly onEvent: (text: string) => void;
}

/** Leaves nothing behind but the data of a run that failed. */
export async function runChaos(options: ChaosOptions, parts: RunParts): Promise<ChaosResult> {
  const folder = await mkdtemp(join(tmpdir(), 'minitorrent-chaos-'));
  const run = new Run(options, { ...parts, folder });
  await run.run();
  const result = run.result();
  if (result.folder === undefined) await rm(folder, { recursive: true, force: true });
  return result;
}

class Run {
  readonly #options: ChaosOptions;
  readonly #folder: string;
  readonly #interrupted: AbortSignal;
  readonly #over = new AbortController();
  readonly #signal: AbortSignal;
  readonly #bell: Bell;
  readonly #promises = new Promises();
  readonly #outages: Outages;
  readonly #timeline: Timeline;
  readonly #faults: FaultRecord[] = [];
  readonly #lost: string[] = [];
  #kills = 0;
  #entries = 0;
  #binds = 0;
  #isComplete = false;

  constructor(options: ChaosOptions, { signal, onEvent, folder }: RunParts & { readonly folder: string }) {
    this.#options = options;
    this.#folder = folder;
    this.#interrupted = signal;
    this.#signal = AbortSignal.any([signal, this.#over.signal]);
    this.#bell = new Bell(this.#signal);
    this.#outages = new Outages(options.clients, this.#bell);
    this.#timeline = new Timeline(onEvent);
  }

  /** Never fails: what went wrong is in the result. */
  async run(): Promise<void> {
    try {
      await using scene = await this.#openScene();
      await this.#runOn(scene).catch((error: unknown) => {
        throw new Error(`${describe(error)} (${whatIsUp(scene)})`, { cause: error });
      });
      this.#isComplete = true;
    } catch (error) {
      if (this.#interrupted.aborted) this.#timeline.note(describe(error));
      else this.#violated(describe(error));
    } finally {
      // Clients of a run that failed still try.
      this.#over.abort();
    }
  }

  result(): ChaosResult {
    const { journal, seed, clients, cutBy } = this.#options;
    const { duplicates, violations, acknowledgedWrites, refusedWrites, reads, retries } = this.#promises;
    const isClean = [this.#lost, duplicates, violations].every((found) => found.length === 0);
    const isGood = this.#isComplete && isClean;
    return {
      ...{ journal, seed, clients, cutBy, isGood, acknowledgedWrites, refusedWrites, reads, retries },
      kills: this.#kills,
      entries: this.#entries,
      binds: this.#binds,
      seconds: Math.round(this.#timeline.nowMs / 1_000),
      faults: this.#faults,
      lost: this.#lost,
      ...{ duplicates, violations },
      folder: isClean ? undefined : this.#folder,
      schedule: this.#timeline.lines,
    };
  }

  #openScene(): Promise<Scene> {
    const { journal, cutBy, planted } = this.#options;
    return openScene({
      ...{ journal, cutBy, planted, folder: this.#folder, bell: this.#bell },
      onLine: ({ name }, line) => {
        if (line.kind === 'role')
          this.#timeline.note(`${name} is ${line.role} in epoch ${line.config.epoch}: ${line.reason}`);
        if (line.kind === 'fault') this.#timeline.note(`${name} reports: ${line.reason}`);
      },
      onCrash: (who, why) => this.#violated(`${who} ${why}`),
    });
  }

  async #runOn(scene: Scene): Promise<void> {
    const { clients } = this.#options;
    const { client: identity, addresses } = scene;
    const common = {
      ...{ network: createTlsNetwork({ identity }), clock: createSystemClock(), addresses },
      deviceId: identity.deviceId,
      ...{ clusterId: scene.clusterId, promises: this.#promises, signal: this.#signal },
    };
    const audit = new Audit(common);
    await this.#untilTogether(scene);
    const load = startLoad({ ...common, clients, outages: this.#outages });
    await this.#breakThings(scene, audit);
    await load.stop();
    await this.#check(audit, common);
  }

  async #breakThings(scene: Scene, audit: Audit): Promise<void> {
    const chance = new Chance(this.#options.seed);
    const parts = {
      ...{ scene, outages: this.#outages, signal: this.#signal },
      onKill: (name: string) => {
        this.#kills += 1;
        this.#timeline.note(`kill ${name}`);
      },
    };
    while (this.#kills < this.#options.kills && this.#promises.violations.length === 0) {
      const fault = drawFault(this.#options.journal, chance);
      this.#timeline.note(`fault ${this.#faults.length + 1}: ${JSON.stringify(fault)}`);
      const atMs = Math.round(this.#timeline.nowMs);
      const outage = await carryOut(fault, parts);
      await this.#untilTogether(scene);
      await audit.catchUp();
      this.#count(audit);
      const takeoverMs = takeoverAfter(this.#outages.faultAtMs, scene);
      this.#faults.push({ kind: fault.kind, atMs, ...outage, takeoverMs });
      this.#timeline.note(
        `${fault.kind}: first write after ${outage.firstMs} ms, every client after ${outage.everyMs} ms`,
      );
    }
  }

  async #check(audit: Audit, options: AuditOptions): Promise<void> {
    await audit.catchUp();
    this.#count(audit);
    this.#lost.push(...audit.findLost(), ...(await findMissing(audit, options)));
  }

  #count({ entries, binds }: Audit): void {
    this.#entries = entries;
    this.#binds = binds;
  }

  #untilTogether(scene: Scene): Promise<void> {
    return this.#bell.until(() => isTogether(scene), { what: 'all are in sync', mostMs: TOGETHER_MS });
  }

  #violated(what: string): void {
    this.#promises.violated(what);
    this.#timeline.note(`VIOLATION: ${what}`);
  }
}

/** When somebody became primary after a fault; undefined where nobody had to. */
function takeoverAfter(faultAtMs: number, { trackers }: Scene): number | undefined {
  const times = trackers.map(({ ledSinceMs }) => ledSinceMs - faultAtMs).filter((ms) => ms > 0);
  return times.length === 0 ? undefined : Math.round(Math.min(...times));
}

function whatIsUp({ trackers, third }: Scene): string {
  const states = trackers.map(({ name, role, config, child }) =>
    child.isUp ? `${name} ${role} in epoch ${config.epoch}` : `${name} not up`,
  );
  return [...states, `${third.name} ${third.isUp ? 'up' : 'not up'}`].join(', ');
}
