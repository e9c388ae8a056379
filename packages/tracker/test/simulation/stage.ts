/** Sets up what one run needs: trackers on their machines, their clients, and all that lies between. */
import { createUser } from '../../src/commands/accounts.ts';
import type { JournalRecord } from '../../src/entry.ts';
import { LedgerCore } from '../../src/ledger-core.ts';
import { createState } from '../../src/state.ts';
import type { Chance } from './chance.ts';
import { noFaults } from './fault-counts.ts';
import { Invariants } from './invariants.ts';
import { LossyNetwork } from './network.ts';
import type { SimulationOptions } from './options.ts';
import { SimulatedClient } from './simulated-client.ts';
import { SimulatedRegister } from './simulated-register.ts';
import { SimulatedTracker } from './simulated-tracker.ts';
import { VirtualTime } from './virtual-time.ts';
import type { World } from './world.ts';

export interface Stage {
  readonly world: World;
  readonly trackers: readonly SimulatedTracker[];
  readonly clients: readonly SimulatedClient[];
}

export function createStage(options: SimulationOptions, chance: Chance): Stage {
  const time = new VirtualTime();
  const counts = noFaults();
  const network = new LossyNetwork({ time, chance: chance.fork(), options, counts });
  const register = new SimulatedRegister(network, counts);
  const invariants = new Invariants({ promisesReads: !options.suspends });
  const machines = new Map<string, SimulatedTracker>();
  const world: World = {
    ...{ time, network, register, options, invariants, counts },
    trackers: machines,
    wellSince: Number.POSITIVE_INFINITY,
  };
  for (let at = 0; at < options.trackers; at += 1) {
    const name = `tracker-${at}`;
    machines.set(name, new SimulatedTracker(name, world, chance.fork()));
  }
  const trackers = [...machines.values()];
  trackers[0]?.startWith(ownEntries(world, chance.fork()));
  const clients = Array.from(
    { length: options.clients },
    (_, at) => new SimulatedClient(`client-${at}`, world, chance.fork()),
  );
  return { world, trackers, clients };
}

/** What the founder wrote while it stood alone. */
function ownEntries({ options, invariants }: World, chance: Chance): readonly JournalRecord[] {
  const ledger = new LedgerCore(createState(), { pendingWrites: options.ownEntries });
  return Array.from({ length: options.ownEntries }, (_, at) => {
    const [userId, owner] = [`own-${at}`, `founder-${at}`];
    const command = createUser({ userId, passwordHash: owner, atMs: 1 });
    const { record } = ledger.decide(command, { requestId: chance.random.bytes(16), epoch: 1 });
    invariants.owns(userId, owner);
    return record ?? [];
  }).flat();
}
