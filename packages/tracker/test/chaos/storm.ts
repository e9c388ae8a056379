/** Several faults one upon the other, with a repair in between at times and one in the end. */
import type { Broken } from './broken.ts';
import { cablesAt } from './cables.ts';

import type { StormStep } from './plan.ts';

export async function carryOutStorm(broken: Broken): Promise<void> {
  const endings: Promise<void>[] = [];
  for (const step of broken.fault.steps) {
    await broken.sleep(step.afterMs);
    await carryOutStep(step, broken, endings);
  }
  broken.begins();
  await repair(broken, endings);
}

async function carryOutStep(step: StormStep, broken: Broken, endings: Promise<void>[]): Promise<void> {
  const { scene } = broken;
  const tracker = broken.trackerAt(step.which);
  switch (step.kind) {
    case 'kill':
      if (tracker.child.isRunning) await broken.kill(tracker.child);
      break;
    case 'kill_third':
      if (scene.third.isUp) await broken.kill(scene.third);
      break;
    case 'stop':
      tracker.child.stop();
      break;
    case 'cut':
      await scene.cut(cablesAt(tracker.name, scene.places));
      break;
    case 'cut_pair':
      await scene.cut(cablesAt(tracker.name, [broken.trackerAt(step.which + 1).name]));
      break;
    case 'end': {
      const ending = tracker.child.end();
      // The repair waits for it and hears of a failure.
      ending.catch(() => undefined);
      endings.push(ending);
      break;
    }
    case 'repair':
      await repair(broken, endings);
      break;
  }
}

async function repair({ scene }: Broken, endings: Promise<void>[]): Promise<void> {
  for (const { child } of scene.trackers) child.goOn();
  await scene.heal();
  await Promise.all([...endings.splice(0), scene.third.start()]);
  await Promise.all(scene.trackers.map((tracker) => tracker.start()));
}
