/**
 * Figure `connections`: what a tracker's memory grows by for 1,000 connections that are logged in and say nothing more,
 * each of a device of its own, over TLS.
 */
import type { Address } from '../../../packages/rpc-core/src/index.ts';
import { startChild } from '../../harness/child.ts';
import type { BenchOptions, Figure, Prepared } from '../../harness/figure.ts';

const TRACKER = new URL('tracker-process.ts', import.meta.url);
const CONNECTIONS = new URL('connections-process.ts', import.meta.url);
const COUNT = { short: 1_000, long: 10_000 };

export const connections: Figure = {
  id: 'connections',
  title: 'Memory of a tracker for 1,000 idle connections over TLS',
  unit: 'mibPer1000',
  better: 'less',
  rounds: { warmUp: 0, short: 1, long: 3 },
  targets: [],
  async prepare({ form }: BenchOptions): Promise<Prepared> {
    const count = COUNT[form];
    const run = async () => {
      await using tracker = await startChild<Address>(TRACKER, ['ours'], ['--expose-gc']);
      const { host, port } = tracker.ready;
      await using clients = await startChild(CONNECTIONS, [host, String(port)]);
      // The first ones load and compile what all of them use.
      await clients.ask(100);
      await tracker.ask('collect garbage');
      const before = (await tracker.usage()).residentMib;
      await clients.ask(100 + count);
      await tracker.ask('collect garbage');
      const after = (await tracker.usage()).residentMib;
      return { mibPer1000: ((after - before) / count) * 1_000 };
    };
    return {
      contenders: [{ name: 'tracker', version: '', run }],
      missing: [],
      close: async () => undefined,
    };
  },
};
