/** Carries faults out on the processes of a run, and repairs everything that they broke. */

import { Broken, type FaultParts } from './broken.ts';
import { type Cable, cablesAt } from './cables.ts';
import type { Outage } from './outages.ts';
import type { Fault, FaultKind } from './plan.ts';
import { CLIENTS } from './scene.ts';
import { carryOutStorm } from './storm.ts';
import type { TrackerSeat } from './tracker-seat.ts';

type CarryOut = (broken: Broken) => Promise<void>;

/** Does all of `fault` and its repair; answers what it cost the clients. */
export async function carryOut(fault: Fault, parts: FaultParts): Promise<Outage> {
  const broken = new Broken(fault, parts);
  await broken.sleep(fault.pauseMs);
  await FAULTS[fault.kind](broken);
  return parts.outages.every();
}

const FAULTS: Readonly<Record<FaultKind, CarryOut>> = {
  kill_primary: (broken) => killUntilReplaced(broken, broken.primary),
  kill_backup: (broken) => killUntilReplaced(broken, broken.backup),
  kill_tracker: (broken) => killUntilReplaced(broken, broken.trackerAt(broken.fault.which)),
  kill_primary_briefly: async (broken) => {
    broken.begins();
    await broken.kill(broken.primary.child);
    await broken.sleep(broken.fault.downMs);
    await broken.primary.start();
  },
  kill_primary_behind_backup: async (broken) => {
    broken.backup.child.stop();
    await broken.sleep(broken.fault.lengthMs % 900);
    broken.begins();
    await broken.kill(broken.primary.child);
    broken.backup.child.goOn();
    await broken.sleep(2 * broken.fault.downMs);
    await broken.primary.start();
  },
  kill_one_after_the_other: async (broken) => {
    await broken.kill(broken.backup.child);
    // Not before: what both have of the writes is of no use here.
    broken.begins();
    await broken.untilWritten();
    await broken.sleep(broken.fault.downMs);
    await broken.kill(broken.primary.child);
    await broken.backup.start();
    // Long enough for one that may not take over and does so all the same.
    await broken.untilLeads(broken.backup, { mostMs: 8_000 });
    broken.begins();
    await broken.primary.start();
  },
  kill_all: async (broken) => {
    const { trackers } = broken.scene;
    broken.begins();
    await broken.kill(...trackers.map(({ child }) => child));
    await broken.sleep(broken.fault.downMs);
    const first = broken.trackerAt(broken.fault.which);
    await first.start();
    await Promise.all(trackers.map((tracker) => tracker.start()));
  },
  kill_witness: killThird,
  kill_database: killThird,
  stop_primary: (broken) => stopAwhile(broken, broken.primary),
  stop_backup: (broken) => stopAwhile(broken, broken.backup),
  stop_tracker: (broken) => stopAwhile(broken, broken.trackerAt(broken.fault.which)),
  cut_primary: (broken) => cutAwhile(broken, cablesAt(broken.primary.name, broken.scene.places)),
  cut_backup: (broken) => cutAwhile(broken, cablesAt(broken.backup.name, broken.scene.places)),
  cut_tracker: (broken) =>
    cutAwhile(broken, cablesAt(broken.trackerAt(broken.fault.which).name, broken.scene.places)),
  cut_primary_inside: (broken) => {
    const inside = broken.scene.places.filter((place) => place !== CLIENTS);
    // Long enough for another one to take over, while clients still ask this one.
    return cutAwhile(broken, cablesAt(broken.primary.name, inside), { moreMs: 2_500 });
  },
  cut_from_database: (broken) => {
    const { scene, fault } = broken;
    return cutAwhile(broken, cablesAt(broken.trackerAt(fault.which).name, [scene.third.name]));
  },
  cut_trackers: (broken) => cutAwhile(broken, cablesAt(broken.primary.name, [broken.backup.name])),
  end_primary: (broken) => endAwhile(broken, broken.primary),
  end_backup: (broken) => endAwhile(broken, broken.backup),
  end_tracker: (broken) => endAwhile(broken, broken.trackerAt(broken.fault.which)),
  storm: carryOutStorm,
};

/**
 * The disk may be lost, because by then writes are acknowledged without it: nobody counts on it any more, and another one
 * has everything.
 */
async function killUntilReplaced(broken: Broken, tracker: TrackerSeat): Promise<void> {
  broken.begins();
  await broken.kill(tracker.child);
  await broken.untilWritten();
  await broken.sleep(broken.fault.downMs);
  if (broken.fault.wipes) await tracker.wipe();
  await tracker.start();
}

async function killThird(broken: Broken): Promise<void> {
  const { third } = broken.scene;
  broken.begins();
  await broken.kill(third);
  await broken.sleep(broken.fault.downMs);
  await third.start();
}

async function stopAwhile(broken: Broken, { child }: TrackerSeat): Promise<void> {
  broken.begins();
  child.stop();
  await broken.sleep(broken.fault.lengthMs);
  child.goOn();
}

async function cutAwhile(
  broken: Broken,
  cables: readonly Cable[],
  { moreMs = 0 }: { readonly moreMs?: number } = {},
): Promise<void> {
  broken.begins();
  await broken.scene.cut(cables);
  await broken.sleep(broken.fault.lengthMs + moreMs);
  await broken.scene.heal();
}

async function endAwhile(broken: Broken, tracker: TrackerSeat): Promise<void> {
  broken.begins();
  await tracker.child.end();
  await broken.sleep(broken.fault.downMs);
  await tracker.start();
}
