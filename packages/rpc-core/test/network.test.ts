import { describe, test } from 'vitest';
import { createMemoryNetwork } from '../src/memory.ts';
import { createTcpNetwork } from '../src/tcp.ts';
import type { NetworkSubject } from '../src/testing.ts';
import {
  createLeakCheck,
  createManualClock,
  createSeededNetwork,
  createSeededRandom,
  networkContract,
} from '../src/testing.ts';

const asItIs = <T>(promise: Promise<T>): Promise<T> => promise;

const subjects: Record<string, () => NetworkSubject> = {
  createMemoryNetwork: () => ({
    network: createMemoryNetwork(),
    address: { host: 'somewhere', port: 0 },
    until: asItIs,
  }),
  createTcpNetwork: () => ({
    network: createTcpNetwork(),
    address: { host: '127.0.0.1', port: 0 },
    until: asItIs,
  }),
  createSeededNetwork: () => seeded(undefined),
  'createSeededNetwork with shredded chunks': () => seeded(40_000),
};

function seeded(shredBytes: number | undefined): NetworkSubject {
  const clock = createManualClock();
  const network = createSeededNetwork({
    clock,
    random: createSeededRandom(7),
    conditions: { delayMs: 5, jitterMs: 20 },
    ...(shredBytes === undefined ? {} : { shredBytes }),
  });
  return {
    network: network.host('somewhere', { uplinkBytesPerSecond: 1e6, downlinkBytesPerSecond: 2e6 }),
    address: { host: 'somewhere', port: 0 },
    until: (promise) => clock.runUntilSettled(promise),
  };
}

for (const [name, createSubject] of Object.entries(subjects)) {
  describe(name, () => {
    for (const { title, run } of networkContract) {
      test(title, async () => {
        const subject = createSubject();
        const leaks = createLeakCheck();
        await run({ ...subject, network: leaks.network(subject.network) });
      });
    }
  });
}
