/**
 * The ways of scheduling a swarm that are compared: what peers do by default, and what others do, as options of the same
 * cores.
 */
import { SWARM_LIMITS, type SwarmLimits } from '../../src/swarm-limits.ts';
import type { SimulationOptions } from './simulation-model.ts';

export type PolicyName =
  | 'in-order'
  | 'random'
  | 'rarest-first'
  | 'deep'
  | 'no-endgame'
  | 'budget'
  | 'default'
  | 'sequential'
  | 'random-choice';

export interface Policy {
  readonly title: string;
  /** For a swarm of so many leechers. */
  options(leechers: number): PolicyOptions;
}

export type PolicyOptions = Partial<Pick<SimulationOptions, 'strategy' | 'limits' | 'uploadLimits'>>;

/** Every request is taken and waits: what most programs do. */
const QUEUES = { active: 1, receivers: 1_000 };

/** So many requests at each of the uploaders, each for one piece. */
function each(requests: number, uploaders: number): Partial<SwarmLimits> {
  const all = requests * uploaders;
  return {
    ...{ minOutstandingPieces: all, requestsInBudget: all, maxOutstandingPieces: 2_000 },
    ...{ outstandingPerPeer: requests, wantSetPieces: 1 },
  };
}

export const POLICIES: Readonly<Record<PolicyName, Policy>> = {
  'in-order': {
    title: 'in-order pull, 2 requests per uploader',
    options: (leechers) => ({ strategy: 'sequential', uploadLimits: QUEUES, limits: each(2, leechers) }),
  },
  random: {
    title: 'random peer, 2 requests per uploader (the seed)',
    options: (leechers) => ({ strategy: 'random', uploadLimits: QUEUES, limits: each(2, leechers) }),
  },
  'rarest-first': {
    title: 'rarest-first pull, 2 requests per uploader',
    options: (leechers) => ({ uploadLimits: QUEUES, limits: each(2, leechers) }),
  },
  deep: {
    title: 'rarest-first, 8 requests per uploader',
    options: (leechers) => ({ uploadLimits: QUEUES, limits: each(8, leechers) }),
  },
  'no-endgame': {
    title: 'rarest-first, 2 per uploader, no endgame',
    options: (leechers) => ({ uploadLimits: QUEUES, limits: { ...each(2, leechers), endgameSources: 1 } }),
  },
  budget: {
    title: 'pull, total budget of 4, least-loaded first',
    options: () => ({ limits: { wantSetPieces: 1 } }),
  },
  default: { title: 'the same, the uploader chooses late (default)', options: () => ({}) },
  sequential: { title: '--strategy sequential', options: () => ({ strategy: 'sequential' }) },
  'random-choice': { title: '--strategy random', options: () => ({ strategy: 'random' }) },
};

/** Mistakes that a check has to see: each takes one thing away from the default. */
export const PLANTED: Readonly<Record<'deep queues' | 'no endgame' | 'no late binding', PolicyOptions>> = {
  'deep queues': {
    uploadLimits: { ...QUEUES, active: 8 },
    limits: { minOutstandingPieces: 64, requestsInBudget: 64, outstandingPerPeer: 8, wantSetPieces: 8 },
  },
  'no endgame': { limits: { endgameSources: 1 } },
  'no late binding': { limits: { wantSetPieces: 1, outstandingPerPeer: SWARM_LIMITS.outstandingPerPeer } },
};
