/** All figures, in the order in which they are measured and printed. */
import type { Figure } from './harness/figure.ts';
import { announces } from './micro/announces/announces.ts';
import { connections } from './micro/announces/connections.ts';
import { trackerMemory } from './micro/announces/tracker-memory.ts';
import { codec } from './micro/codec.ts';
import { firstByte } from './micro/first-byte.ts';
import { memory } from './micro/memory.ts';
import { rpc } from './micro/rpc.ts';
import { share } from './micro/share.ts';
import { startup } from './micro/startup.ts';
import { tls } from './micro/tls.ts';
import { simulator } from './simulator/simulator.ts';
import { fourSeeders } from './transfer/four-seeders.ts';
import { limits } from './transfer/limits.ts';
import { oneToOne } from './transfer/one-to-one.ts';
import { stalledReader } from './transfer/stalled-reader.ts';
import { halfDie, swarm } from './transfer/swarm.ts';

export const FIGURES: readonly Figure[] = [
  codec,
  rpc,
  tls,
  announces,
  trackerMemory,
  connections,
  share,
  startup,
  firstByte,
  memory,
  oneToOne,
  fourSeeders,
  stalledReader,
  limits,
  simulator,
  swarm,
  halfDie,
];
