/** The sub-path `@minitorrent/tracker/witness`: the config register as a process of its own, and the way to ask it. */
export type { Config, ReadOutcome, Register, StoreId, SwapOutcome } from './register.ts';
export { createWitness, type Witness, type WitnessOptions } from './shell/create-witness.ts';
export { type InitWitnessOptions, initWitness } from './shell/init-witness.ts';
export { openWitnessRegister, type WitnessRegisterOptions } from './shell/witness-register.ts';
export {
  type ReadConfigAnswer,
  type ReadConfigRequest,
  type SwapConfigAnswer,
  type SwapConfigRequest,
  type WitnessMethods,
  witnessContract,
} from './witness/contract.ts';
export { WITNESS_LIMITS } from './witness/limits.ts';
export type { WitnessRegister } from './witness/remote-register.ts';
export type { WitnessLogEntry } from './witness/serve-register.ts';
