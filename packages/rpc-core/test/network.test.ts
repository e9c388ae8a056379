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
import { createIdentity, createTlsNetwork } from '../src/tls.ts';

const identity = createIdentity();
const asItIs = <T>(promise: Promise<T>): Promise<T> => promise;

const subjects: Record<string, () => NetworkSubject> = {
  createMemoryNetwork: () => ({
    network: createMemoryNetwork(),
    address: { host: 'somewhere', port: 0 },
    until: asItIs,
  }),
  'createMemoryNetwork with identities': () => ({
    network: createMemoryNetwork().from('somewhere', identity.deviceId),
    address: { host: 'somewhere', port: 0 },
    identity: identity.deviceId,
    until: asItIs,
  }),
  createTcpNetwork: () => ({
    network: createTcpNetwork(),
    address: { host: '127.0.0.1', port: 0 },
    until: asItIs,
  }),
  createTlsNetwork: () => ({
    network: createTlsNetwork({ identity }),
    address: { host: '127.0.0.1', port: 0 },
    identity: identity.deviceId,
    until: asItIs,
  }),
  createSeededNetwork: () => seeded(undefined),
  'createSeededNetwork with identities': () => seeded(undefined, identity.deviceId),
  'createSeededNetwork with shredded chunks': () => seeded(40_000),
};

function seeded(shredBytes: number | undefined, deviceId?: Uint8Array): NetworkSubject {
  const clock = createManualClock();
  const network = createSeededNetwork({
    clock,
    random: createSeededRandom(7),
    conditions: { delayMs: 5, jitterMs: 20 },
    ...(shredBytes === undefined ? {} : { shredBytes }),
  });
  const conditions = { uplinkBytesPerSecond: 1e6, downlinkBytesPerSecond: 2e6 };
  const proved = deviceId === undefined ? {} : { identity: deviceId };
  return {
    network: network.host('somewhere', { ...conditions, ...proved }),
    address: { host: 'somewhere', port: 0 },
    ...proved,
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
