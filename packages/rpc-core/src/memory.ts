/** The sub-path `@minitorrent/rpc-core/memory`: a network inside one process. */
export { createMemoryNetwork, type MemoryNetwork } from './memory-network.ts';
