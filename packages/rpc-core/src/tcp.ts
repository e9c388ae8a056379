/** The sub-path `@minitorrent/rpc-core/tcp`: TCP as a network. */
export { createTcpNetwork } from './shell/tcp-network.ts';
