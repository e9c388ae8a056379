/** @minitorrent/rpc-core: typed calls and streams, both ways, over any byte channel. */

// The network, time and randomness that everything runs on
export type {
  Address,
  Channel,
  ChannelEvents,
  ChannelInfo,
  ConnectOptions,
  Listener,
  Network,
  PinnedAddress,
} from './channel.ts';
export type { Clock } from './clock.ts';
// Connections
export type { CloseReason, Connection, OutputProgress } from './connection.ts';
export type { ConnectionOptions } from './connection-options.ts';
// Contracts
export {
  type Body,
  type CallOptions,
  type Client,
  type Contract,
  defineContract,
  type Method,
  type Methods,
  type StreamMethod,
  type StreamOptions,
  stream,
  type UnaryMethod,
  unary,
} from './contract.ts';
export { createConnection } from './create-connection.ts';
export { createServer, type RpcServer, type ServerOptions } from './create-server.ts';
// Errors and limits
export { RpcError, type RpcErrorCode } from './errors.ts';
// Serving
export {
  type HandlerContext,
  type Handlers,
  type IncomingCall,
  type Interceptor,
  type Served,
  serve,
} from './handlers.ts';
export { dataBodyBytes, defaultRpcLimits, type RpcLimits, syncBodyBytes } from './limits.ts';
export type { Log, LogEntry } from './log.ts';
export { whoToExpect } from './pinned-address.ts';
export type { Random } from './random.ts';
export { createReceiveBudget, type ReceiveBudget } from './receive-budget.ts';
// The machine's clock and randomness
export { createSystemClock } from './shell/system-clock.ts';
export { createSystemRandom } from './shell/system-random.ts';
export { sourceOf } from './source.ts';
