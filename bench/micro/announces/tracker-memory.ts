/**
 * Figure `tracker-memory`: what a process takes that knows 100,000 peers, and a million, of one file each and twenty to a
 * file. Everything that is resident counts, Node.js too, after a collection of garbage.
 */
import { startChild } from '../../harness/child.ts';
import type { BenchOptions, Contender, Figure, Prepared } from '../../harness/figure.ts';
import { findNpmPeers } from '../../harness/npm-peers.ts';

const PROCESS = new URL('presence-process.ts', import.meta.url);
const BITTORRENT_TRACKER = 'bittorrent-tracker';
const WANTED_MIB = 400;
/** The first is that of our program's first line. */
const FLAGS = ['--max-semi-space-size=1', '--expose-gc', '--max-old-space-size=8192'];
/** Ours and theirs are filled by calls of what keeps the peers, without a network. */
const LEFT_OUT = [
  'opentracker (a program that can be told of peers over the network alone, each from its own port)',
];

export const trackerMemory: Figure = {
  id: 'tracker-memory',
  title: 'Memory of a tracker that knows a million peers',
  unit: 'millionMib',
  better: 'less',
  rounds: { warmUp: 0, short: 1, long: 3 },
  targets: [{ against: WANTED_MIB, ratio: 1, text: `a million peers in <= ${WANTED_MIB} MiB` }],
  async prepare({ say }: BenchOptions): Promise<Prepared> {
    const contenders = [contender('tracker', '', 'ours')];
    const peers = await findNpmPeers([BITTORRENT_TRACKER], say);
    if ('found' in peers) {
      contenders.push(contender(BITTORRENT_TRACKER, peers.found[BITTORRENT_TRACKER].version, 'theirs'));
    }
    const missing = 'missing' in peers ? peers.missing : [];
    return { contenders, missing, leftOut: LEFT_OUT, close: async () => undefined };
  },
};

function contender(name: string, version: string, whose: 'ours' | 'theirs'): Contender {
  return {
    name,
    version,
    async run() {
      await using child = await startChild(PROCESS, [whose], FLAGS);
      const residentWith = async (peers: number): Promise<number> => {
        await child.ask<number>(peers);
        return (await child.usage()).residentMib;
      };
      return { hundredThousandMib: await residentWith(100_000), millionMib: await residentWith(1_000_000) };
    },
  };
}
