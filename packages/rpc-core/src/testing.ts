/** The sub-path `@minitorrent/rpc-core/testing`: time, randomness and a network that tests and simulations control. */
export { createManualClock, type ManualClock, settle } from './testing/manual-clock.ts';
