/**
 * Many connections at once that send one batch of mutants after the other, and come again when they are thrown out. Every
 * mutant that does not end the connection must be answered, and what comes back must be well-formed.
 */
import type { Address, Network } from '@minitorrent/rpc-core';
import { type Batch, makeBatch } from './batch.ts';
import { Chance } from './chance.ts';
import type { Corpus } from './corpus.ts';
import { frame, KIND, payload } from './frames.ts';
import { Link } from './link.ts';

/** How somebody attacks. */
export interface Lane {
  readonly network: Network;
  /** The calls that make a stranger somebody who is known; none for strangers. */
  readonly opening: () => Promise<readonly { readonly name: string; readonly body: Uint8Array }[]>;
}

export interface AttackOptions {
  readonly target: { readonly address: Address; readonly pin: Uint8Array };
  readonly corpus: Corpus;
  readonly lanes: readonly Lane[];
  readonly seed: number;
  /** The number of the first batch. */
  readonly from: number;
  readonly frames: number;
  /** Set when the run is over for another reason. */
  readonly signal: AbortSignal;
}

/** What came of it. */
export interface AttackResult {
  /** Those that were taken: all of a batch that was answered, and of one that ended the connection those before its end. */
  frames: number;
  batches: number;
  connections: number;
  readonly outcomes: Map<string, number>;
  readonly findings: string[];
  /** The last batches on whose connections nothing more came: whoever ended, ended by one of them. */
  readonly last: string[];
}

/** Longer than any answer may take on a machine that is far too busy: whoever says nothing by then hangs. */
const ANSWER_MS = 20_000;
/** What a receiver gets to close a connection on which the rules were broken, before the attacker does. */
const REACTION_MS = 100;
const KEPT_BATCHES = 6;
const REPORTED_FRAMES = 60;

export async function attack(options: AttackOptions): Promise<AttackResult> {
  const result: AttackResult = {
    frames: 0,
    batches: 0,
    connections: 0,
    outcomes: new Map(),
    findings: [],
    last: [],
  };
  let number = options.from;
  const isOver = (): boolean =>
    result.frames >= options.frames || result.findings.length > 0 || options.signal.aborted;
  const attackOn = async (lane: Lane): Promise<void> => {
    while (!isOver()) {
      const link = await open(options, lane, result);
      // One connection now and then, so that a receiver sees the beginning and the end of many.
      while (link !== undefined && !isOver() && !link.isClosed) {
        await attackOnce(options, link, result, number++);
      }
      if (link === undefined) continue;
      link.destroy();
      await link.closed;
      for (const [outcome, count] of link.outcomes) {
        result.outcomes.set(outcome, (result.outcomes.get(outcome) ?? 0) + count);
      }
    }
  };
  await Promise.all(options.lanes.map(attackOn));
  return result;
}

/** Each connection has ids of its own; those of the opening are the first. */
const nextIds = new WeakMap<Link, number>();

async function open(options: AttackOptions, lane: Lane, result: AttackResult): Promise<Link | undefined> {
  const { address, pin } = options.target;
  const channel = await lane.network.connect(address, { expect: pin }).catch(() => undefined);
  if (channel === undefined) {
    // A target that is gone shows in its own process; one that is full lets us in later.
    await new Promise((resolve) => setTimeout(resolve, 20));
    return undefined;
  }
  const link = new Link(channel);
  result.connections += 1;
  const opening = await lane.opening();
  for (const [at, { name, body }] of opening.entries()) {
    link.expect([{ name, id: at + 1 }]);
    link.send(frame(name, payload(KIND.request, at + 1, 0, body)));
    while (link.unanswered.length > 0 && (await link.ping()));
  }
  nextIds.set(link, opening.length + 1);
  return link;
}

async function attackOnce(
  options: AttackOptions,
  link: Link,
  result: AttackResult,
  number: number,
): Promise<void> {
  const firstId = nextIds.get(link) ?? 1;
  const batch = makeBatch(options.corpus, options.seed, number, firstId);
  nextIds.set(link, firstId + batch.calls.length);
  link.expect(batch.calls);
  sendShredded(link, batch, new Chance(options.seed ^ 0x5a5a, number));
  const patienceMs = batch.mayEnd ? REACTION_MS : ANSWER_MS;
  const isAnswered = await inTime(patienceMs, async () => (await link.ping()) && (await link.settle()));
  result.batches += 1;
  if (isAnswered === false) {
    result.last.push(describe('had no answer', batch, number, link));
    if (result.last.length > KEPT_BATCHES) result.last.shift();
  }
  // It may wait for the rest of a frame, or take what comes next for that.
  if (batch.mayEnd) link.destroy();
  else if (isAnswered === undefined) result.findings.push(describe('is not answered', batch, number, link));
  if (link.malformed !== undefined) {
    result.findings.push(
      describe(`is answered by what is no frame (${link.malformed})`, batch, number, link),
    );
  }
  if (isAnswered === false && !batch.mayEnd) {
    const why = [...link.outcomes.keys()].filter((outcome) => outcome.startsWith('goodbye')).join();
    if (!EXPECTED_ENDS.has(why))
      result.findings.push(describe(`ends the connection (${why || link.failure})`, batch, number, link));
  }
  result.frames += isAnswered === true ? batch.frames.length : batch.frames.length / 2;
  if (link.outcomes.has('internal')) {
    result.findings.push(describe('makes a handler fail (internal)', batch, number, link));
  }
}

/** Good reasons to end a connection that keeps the rules of frames: it may send too large a request, or log in elsewhere. */
const EXPECTED_ENDS: ReadonlySet<string> = new Set([
  'goodbye bad_frame',
  'goodbye replaced',
  'goodbye output_overflow',
  'goodbye device_revoked',
  'goodbye credit_exceeded',
  // A peer has no use for somebody who shows what proves nothing.
  'goodbye bad_proof',
  'goodbye not_admitted',
]);

/** In one write, or in several of any size. */
function sendShredded(link: Link, batch: Batch, chance: Chance): void {
  const bytes = Buffer.concat(batch.frames);
  let from = 0;
  for (let cuts = chance.pick([0, 0, 1, 5, 20]); cuts > 0 && from < bytes.length; cuts -= 1) {
    const end = from + 1 + chance.below(Math.min(bytes.length - from, 3_000));
    link.send(bytes.subarray(from, end));
    from = end;
  }
  if (from < bytes.length) link.send(bytes.subarray(from));
}

/** Undefined where it takes too long. */
async function inTime(patienceMs: number, task: () => Promise<boolean>): Promise<boolean | undefined> {
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => late.resolve(undefined), patienceMs);
  try {
    return await Promise.race([task(), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function describe(what: string, batch: Batch, number: number, link: Link): string {
  const unanswered = link.unanswered.map(({ name, id }) => `${name} ${id}`).join(', ');
  const frames = batch.frames
    .slice(-REPORTED_FRAMES)
    .map((bytes) => Buffer.from(bytes).toString('hex').slice(0, 2_000));
  return `batch ${number} ${what}; without answer: ${unanswered || 'none'}\n  ${frames.join('\n  ')}`;
}
