/**
 * A process that asks for signs of life, one after the other, while its target is under attack, and notes how long each
 * took. What the machine took from this process or from the target meanwhile is not held against the target.
 */
import { createIdentity, createTlsNetwork } from '@minitorrent/rpc-core/tls';
import { Link } from './link.ts';
import { LoopWatch, stolenMs } from './loop-watch.ts';
import type { HonestOrders, HonestReport, Order, Told } from './orders.ts';

const EVERY_MS = 10;

// The orders are made by `child.ts` alone.
const orders = JSON.parse(process.argv[2] ?? '', (_key, value: unknown) =>
  typeof value === 'string' && value.startsWith('0x')
    ? new Uint8Array(Buffer.from(value.slice(2), 'hex'))
    : value,
) as HonestOrders;
const { target, targetPid } = orders;
const network = createTlsNetwork({ identity: createIdentity() });
const watch = new LoopWatch();
const troubles: string[] = [];
let pings = 0;
let worstMs = 0;
let worstOwnMs = 0;
let isOver = false;

process.on('disconnect', () => process.exit());
process.on('message', (order: Order) => {
  if (order === 'reset') [pings, worstMs, worstOwnMs] = [0, 0, 0];
  if (order === 'end') isOver = true;
});

const link = new Link(await network.connect(target.address, { expect: target.pin }));
await link.ping();
process.send?.({ kind: 'started', target, root: new Uint8Array() } satisfies Told);
while (!isOver && (await pingOnce())) await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
if (!isOver) troubles.push('the connection of the honest client was ended');
link.destroy();
await link.closed;
const { waitedMs } = watch.report();
const report: HonestReport = { kind: 'honest', pings, worstMs, worstOwnMs, waitedMs, troubles };
process.send?.(report);

async function pingOnce(): Promise<boolean> {
  const stolen = stolenMs(targetPid) + stolenMs('self');
  const at = performance.now();
  const isAnswered = await link.ping();
  const tookMs = performance.now() - at;
  const takenMs = stolenMs(targetPid) + stolenMs('self') - stolen;
  pings += 1;
  worstMs = Math.max(worstMs, tookMs);
  worstOwnMs = Math.max(worstOwnMs, tookMs - takenMs);
  return isAnswered;
}
