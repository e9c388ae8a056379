/**
 * The demonstration with a loss: the tracker that decides is killed in the middle of downloads and of registrations.
 *
 * What it proves at the end: the downloads went on, everything that was acknowledged is there, and the tracker that died
 * has caught up.
 */
import type { Clock } from '@minitorrent/rpc-core';
import { RpcError } from '@minitorrent/rpc-core';
import { askTracker } from '../cluster/ask-tracker.ts';
import type { FailoverResult } from '../output/demo-reports.ts';
import type { DemoProcess } from './demo-process.ts';
import { type Registered, startRegistrations } from './registrations.ts';
import type { PairTracker, TrackerPair } from './tracker-pair.ts';
import type { TransferWatch } from './transfer-watch.ts';

/** Early enough for the takeover to happen while the downloads run. */
const KILL_AT = 0.1;
/** Registrations before the kill, and after it. */
const SOME = 3;
const LOOK_MS = 20;
/** Logins at a time: each costs the tracker a hash that is made to be slow. */
const AT_ONCE = 2;

export interface FailoverScenario {
  readonly registrar: DemoProcess;
  readonly pair: TrackerPair;
  readonly transfers: TransferWatch;
  readonly clock: Clock;
  tell(step: string): void;
}

/** Waits for the downloads to be under way, plays the loss, and answers what came of it. */
export async function playFailover(scenario: FailoverScenario): Promise<FailoverResult> {
  const { registrar, pair, transfers, clock, tell } = scenario;
  await transfers.reached(KILL_AT);
  const registrations = startRegistrations(registrar, clock);
  const until = async (count: number): Promise<void> => {
    while (registrations.all.length < count)
      await new Promise<void>((resolve) => clock.schedule(LOOK_MS, resolve));
  };
  await until(SOME);
  const dead = await pair.primary();
  transfers.reset();
  tell(`kill -9 for ${dead.name}, which decides, while guests register one after the other`);
  await pair.kill(dead);
  const successor = await pair.primary();
  await until(registrations.all.length + SOME);
  const { longestWaitMs } = registrations;
  tell(`${successor.name} took over; the longest wait of a guest was ${seconds(longestWaitMs)} s`);

  const startedMs = clock.now();
  await pair.start(dead);
  await pair.untilInSync();
  const backInSyncMs = clock.now() - startedMs;
  tell(`${dead.name} is back, and in sync after ${seconds(backInSyncMs)} s`);
  await registrations.stop();

  tell(`looking for the ${registrations.all.length} guests whose registration was acknowledged`);
  const lost = await countLost(registrations.all, await pair.primary(), clock);
  return {
    killed: dead.name,
    successor: successor.name,
    longestWaitSeconds: longestWaitMs / 1_000,
    longestTransferPauseSeconds: transfers.longestPauseMs / 1_000,
    backInSyncSeconds: backInSyncMs / 1_000,
    acknowledged: registrations.all.length,
    lost,
  };
}

/** Those who cannot log in any more. */
async function countLost(
  guests: readonly Registered[],
  { place }: PairTracker,
  clock: Clock,
): Promise<number> {
  const left = [...guests];
  let lost = 0;
  const logIn = async ({ userId, password }: Registered): Promise<void> => {
    try {
      await askTracker(place, clock, (tracker, { deviceId, signal }) =>
        tracker.login({ userId, password, deviceId }, { signal }),
      );
    } catch (error) {
      if (!(error instanceof RpcError && error.code === 'wrong_password')) throw error;
      lost += 1;
    }
  };
  const work = async (): Promise<void> => {
    for (let guest = left.pop(); guest !== undefined; guest = left.pop()) await logIn(guest);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return lost;
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(1);
}
