/** The three targets: who is attacked, by whom, and what is measured. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createConnection, createSystemClock, type Network } from '@minitorrent/rpc-core';
import { createIdentity, createTlsNetwork, type Identity } from '@minitorrent/rpc-core/tls';
import { encode } from '@minitorrent/wire-codec';
import { type ScenarioOptions, underAttack, WARM_UP, watchFor } from './assault.ts';
import type { Lane } from './attack.ts';
import { Child } from './child.ts';
import {
  type Corpus,
  makeCorpus,
  type Place,
  peerContract,
  trackerCallbacks,
  trackerContract,
  unknownContract,
} from './corpus.ts';
import { listenAsHostile } from './hostile.ts';
import { joinAsMember } from './member.ts';
import type { Started, Target } from './orders.ts';
import { judge, type ScenarioResult } from './report.ts';

const KNOWN_LANES = 4;
const STRANGER_LANES = 1;
/** Connections of a caller. */
const CALLERS = 8;
const PASSWORD = 'correct horse battery';
export async function fuzzTracker(options: ScenarioOptions): Promise<ScenarioResult> {
  const folder = await folderOf(options, 'tracker');
  await using tracker = new Child('the tracker', './target.ts', { role: 'tracker', folder });
  const { target } = await tracker.started();
  const attackers = Array.from({ length: KNOWN_LANES }, () => createIdentity());
  await signUp(target, attackers);
  const [first] = attackers;
  if (first === undefined) throw new RangeError('Cannot attack without an attacker');
  const contracts = [trackerContract, trackerCallbacks, unknownContract];
  const corpus = makeCorpus(contracts, placeOf(first, new Uint8Array(32).fill(3)), options.seed);
  const login = trackerContract.methods.login.request.codec;
  const lanes = attackers.map((identity, at): Lane => {
    const { userId, password, deviceId } = placeOf(identity, new Uint8Array(32), at);
    return {
      network: createTlsNetwork({ identity }),
      opening: async () => [{ name: 'login', body: encode(login, { userId, password, deviceId }).slice() }],
    };
  });
  return await underAttack(options, {
    name: 'tracker',
    victim: tracker,
    target,
    corpus,
    lanes: [...lanes, ...strangers()],
  });
}

export async function fuzzPeer(options: ScenarioOptions): Promise<ScenarioResult> {
  const folder = await folderOf(options, 'peer');
  await using tracker = new Child('the tracker', './target.ts', { role: 'tracker', folder });
  const trackerStarted = await tracker.started();
  await using peer = new Child('the peer', './target.ts', {
    role: 'peer',
    folder,
    tracker: trackerStarted.target,
  });
  const started: Started = await peer.started();
  const { target, root } = started;
  const identity = createIdentity();
  await using member = await joinAsMember(trackerStarted.target, identity);
  const corpus = makeCorpus([peerContract, unknownContract], placeOf(identity, root), options.seed);
  const network = createTlsNetwork({ identity });
  const opening = async (): ReturnType<Lane['opening']> => [
    { name: 'present_membership', body: await member.presentation() },
  ];
  const lanes = Array.from({ length: KNOWN_LANES }, (): Lane => ({ network, opening }));
  return await underAttack(options, {
    name: 'peer',
    victim: peer,
    target,
    corpus,
    lanes: [...lanes, ...strangers()],
  });
}

export async function fuzzCaller(options: ScenarioOptions): Promise<ScenarioResult> {
  const folder = await folderOf(options, 'caller');
  const place = placeOf(createIdentity(), new Uint8Array(32).fill(2));
  const corpus = makeCorpus([trackerContract, peerContract], place, options.seed);
  const requests = join(folder, 'requests.json');
  await writeFile(requests, JSON.stringify(requestsOf(corpus)));
  await using hostile = await listenAsHostile(corpus, options.seed);
  const startedAt = performance.now();
  const orders = {
    role: 'caller',
    folder,
    hostile: hostile.target,
    seed: options.seed,
    connections: CALLERS,
    requests,
  } as const;
  await using caller = new Child('the caller', './target.ts', orders);
  await caller.started();
  const crash = new AbortController();
  const crashed = watchFor(caller, crash);
  await Promise.race([hostile.hasSent(options.frames * WARM_UP), crashed]);
  caller.reset();
  const before = await caller.measure();
  caller.reset();
  await Promise.race([hostile.hasSent(options.frames * (1 + WARM_UP)), crashed]);
  const seconds = (performance.now() - startedAt) / 1_000;
  const findings =
    caller.crash === undefined
      ? []
      : [`${caller.crash}\nseed ${options.seed}, connection ${hostile.connections}`];
  const { frames, connections } = hostile;
  const after = await caller.measure().catch(() => before);
  crash.abort();
  // It calls on until it is ended, and each caller may have one connection that closes beside the next one.
  if (after.sockets > 2 * CALLERS)
    findings.push(`${after.sockets} connections of ${CALLERS} callers are open`);
  const last = { ...after, sockets: Math.min(after.sockets, before.sockets) };
  const facts = {
    name: 'caller',
    frames,
    handshakes: 0,
    connections,
    seconds,
    outcomes: new Map<string, number>(),
  };
  return judge({ ...facts, findings, before, after: last, honest: undefined });
}

/** By message, as text. */
function requestsOf({ messages }: Corpus): Record<string, string[]> {
  const texts = (bodies: readonly Uint8Array[]): string[] =>
    bodies.map((body) => Buffer.from(body).toString('hex'));
  return Object.fromEntries(messages.map(({ name, requests }) => [name, texts(requests)]));
}

function strangers(): Lane[] {
  return Array.from({ length: STRANGER_LANES }, () => ({ network: newDevice(), opening: async () => [] }));
}

function newDevice(): Network {
  return createTlsNetwork({ identity: createIdentity() });
}

function placeOf(identity: Identity, root: Uint8Array, at = 0): Place {
  const names = { userId: `mallory-${at}`, groupId: 'films', fileName: 'film.bin' };
  return { ...names, password: PASSWORD, deviceId: identity.deviceId, root };
}

/** The attackers are users, and each has a group of its own; the first one has the group that is spoken of. */
async function signUp(target: Target, attackers: readonly Identity[]): Promise<void> {
  for (const [at, identity] of attackers.entries()) {
    const channel = await createTlsNetwork({ identity }).connect(target.address, { expect: target.pin });
    await using connection = createConnection({ channel, clock: createSystemClock(), trusted: true });
    const client = connection.client(trackerContract);
    const { userId, password, deviceId } = placeOf(identity, new Uint8Array(32), at);
    await client.create_user({ requestId: requestId(at, 1), userId, password });
    await client.login({ userId, password, deviceId });
    await client.create_group({ requestId: requestId(at, 2), groupId: at === 0 ? 'films' : `films-${at}` });
  }
}

function requestId(at: number, what: number): Uint8Array {
  return new Uint8Array(16).fill(at + 1).fill(what, 8);
}

async function folderOf({ folder }: ScenarioOptions, name: string): Promise<string> {
  const own = join(folder, name);
  await mkdir(own);
  return own;
}
