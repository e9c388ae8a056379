/**
 * Figure `simulator`: the schedule of our swarms alone, without sockets, disks and processor time: the real cores behind
 * modelled uplinks on a virtual clock, as multiples of the bound that nobody beats.
 */
import type { PolicyName } from '../../packages/peer/test/simulation/policies.ts';
import type { Scenario } from '../../packages/peer/test/simulation/scenarios.ts';
import type { Contender, Figure, Prepared } from '../harness/figure.ts';
import { simulateApart } from './simulation-process.ts';

const EQUAL: Scenario = { peers: 30, pieces: 400 };
const UNEQUAL: Scenario = { ...EQUAL, uplinks: 'unequal' };
const LARGE: Scenario = { peers: 100, pieces: 800 };
const MOST = { equal: 1.05, unequal: 1.1, largeSeconds: 20 };

export const simulator: Figure = {
  id: 'simulator',
  title: 'simulated swarm of 30 leechers and 400 pieces, equal uplinks, as a multiple of the bound',
  unit: 'equal',
  better: 'less',
  // Of the same seed each round comes to the same.
  rounds: { warmUp: 0, short: 1, long: 1 },
  targets: [
    { against: MOST.equal, ratio: 1, text: `equal uplinks: <= ${MOST.equal}x the bound` },
    { against: MOST.unequal, ratio: 1, unit: 'unequal', text: `unequal: <= ${MOST.unequal}x the bound` },
    {
      against: MOST.largeSeconds,
      ratio: 1,
      unit: 'largeSeconds',
      text: `${LARGE.peers} leechers, ${LARGE.pieces} pieces: simulated in <= ${MOST.largeSeconds} s`,
    },
  ],
  async prepare(): Promise<Prepared> {
    return {
      contenders: [
        contender('minitorrent', 'default'),
        contender('random, 2 requests an uploader', 'random'),
      ],
      missing: [],
      close: async () => undefined,
    };
  },
};

/** The large swarm is simulated with our own policy alone: it is about the time that the simulator takes. */
function contender(name: string, policy: PolicyName): Contender {
  return {
    name,
    version: '',
    async run() {
      const run = (scenario: Scenario) => simulateApart({ kind: 'scenario', scenario, policy });
      const sample = { equal: (await run(EQUAL)).timesBound, unequal: (await run(UNEQUAL)).timesBound };
      if (policy !== 'default') return sample;
      const large = await run(LARGE);
      return { ...sample, large: large.timesBound, largeSeconds: large.seconds };
    },
  };
}
