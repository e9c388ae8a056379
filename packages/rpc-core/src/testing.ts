/** The sub-path `@minitorrent/rpc-core/testing`: time, randomness and a network that tests and simulations control. */
export { createManualClock } from './shell/create-manual-clock.ts';
export { drainMicrotasks } from './shell/drain-microtasks.ts';
export { createLeakCheck, type LeakCheck } from './testing/leak-check.ts';
export type { ManualClock } from './testing/manual-clock.ts';
export { type NetworkCase, networkContract } from './testing/network-contract.ts';
export type { NetworkSubject } from './testing/network-ears.ts';
export type { LinkConditions } from './testing/seeded-link.ts';
export {
  createSeededNetwork,
  type HostConditions,
  type NetworkEvent,
  type SeededNetwork,
  type SeededNetworkOptions,
} from './testing/seeded-network.ts';
export { createSeededRandom, type SeededRandom } from './testing/seeded-random.ts';
