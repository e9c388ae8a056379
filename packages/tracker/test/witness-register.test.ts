/** The way to a witness: whatever the network does, a question ends in time, and the next one has a fresh start. */
import type { Address, Network } from '@minitorrent/rpc-core';
import { createMemoryNetwork } from '@minitorrent/rpc-core/memory';
import { createLeakCheck, createManualClock, type ManualClock } from '@minitorrent/rpc-core/testing';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Config, noConfig } from '../src/register.ts';
import { TIMINGS } from '../src/replication/timings.ts';
import { openWitnessRegister, type WitnessRegister } from '../src/witness.ts';
import { createFarWitness, type FarWitness } from './helpers/witness-far.ts';
import { createMutableNetwork } from './helpers/witness-mute.ts';
import { CLUSTER_ID, createWitnessScene } from './helpers/witness-scene.ts';
import { configOf, registerContract } from './register-contract.ts';

const ONE = '01'.repeat(16);
const place: Address = { host: 'witness', port: 7 };
const { registerMs } = TIMINGS;

registerContract('a witness in memory', async () => {
  const scene = await createWitnessScene();
  return { open: async () => scene.open(), [Symbol.asyncDispose]: () => scene[Symbol.asyncDispose]() };
});

describe('openWitnessRegister', () => {
  it('answers unknown while no witness is there, and asks one that comes', async () => {
    const network = createMemoryNetwork();
    await using scene = await createWitnessScene({ network });
    const register = scene.open();
    await scene.witness.close();
    const where = `Cannot ask the witness at ${scene.witness.address.host}:${scene.witness.address.port}: `;
    for (const answer of [await register.read(), await register.compareAndSwap(0, configOf(1, ONE))]) {
      expect(answer).toMatchObject({ kind: 'unknown', why: expect.stringContaining(where) });
    }
    await scene.restart();
    expect(await register.read()).toEqual({ kind: 'current', config: noConfig });
    expect(await register.compareAndSwap(0, configOf(1, ONE))).toEqual({ kind: 'ok' });
  });

  it('asks the witness that was started again, without being told', async () => {
    await using scene = await createWitnessScene();
    const register = scene.open();
    for (let epoch = 1; epoch <= 5; epoch += 1) {
      expect(await register.compareAndSwap(epoch - 1, configOf(epoch, ONE))).toEqual({ kind: 'ok' });
      await scene.witness.close();
      await scene.restart();
    }
  });

  it('answers unknown after it was closed', async () => {
    await using scene = await createWitnessScene();
    const register = scene.open();
    await register.read();
    await register.close();
    expect(await register.read()).toMatchObject({ kind: 'unknown' });
    expect(await register.compareAndSwap(0, configOf(1, ONE))).toMatchObject({ kind: 'unknown' });
    await register.close();
  });

  it('lets a question under way come to its end when it is closed', async () => {
    await using scene = await createWitnessScene();
    const register = scene.open();
    await register.read();
    const swapping = register.compareAndSwap(0, configOf(1, ONE));
    await register.close();
    expect(await swapping).toEqual({ kind: 'ok' });
  });

  it('refuses a cluster id that cannot be one', () => {
    const options = { network: createMemoryNetwork(), address: place, clock: createManualClock() };
    expect(() => openWitnessRegister({ ...options, clusterId: new Uint8Array(3) })).toThrow(RangeError);
  });
});

describe('a register whose witness falls silent', () => {
  it('gives up in time, and is not held up by what was lost', async () => {
    await using far = await createFarWitness();
    const { clock, network } = far;
    const register = far.open('tracker');
    expect(await clock.runUntilSettled(register.compareAndSwap(0, configOf(1, ONE)))).toEqual({ kind: 'ok' });
    network.silence('tracker', 'witness');
    for (let round = 0; round < 3; round += 1) {
      const askedAt = clock.now();
      expect(await clock.runUntilSettled(register.read())).toEqual({
        kind: 'unknown',
        why: expect.stringMatching(
          /^Cannot ask the witness at witness:7: no (?:answer|connection) for \d+ ms$/,
        ),
      });
      expect(clock.now() - askedAt).toBe(registerMs);
    }
    network.heal('tracker', 'witness');
    const askedAt = clock.now();
    const current = { kind: 'current', config: configOf(1, ONE) };
    expect(await clock.runUntilSettled(register.read())).toEqual(current);
    expect(clock.now() - askedAt).toBeLessThan(20);
  });

  it('asks over a new connection at once where the old one is of no use and the way is', async () => {
    const network = createMutableNetwork(createMemoryNetwork());
    const clock = createManualClock();
    await using scene = await createWitnessScene({ network, clock });
    const register = scene.open();
    await register.read();
    network.mute();
    const swapping = register.compareAndSwap(0, configOf(1, ONE));
    await clock.advanceAsync(registerMs);
    expect(await swapping).toMatchObject({ kind: 'unknown', why: expect.stringContaining('no answer') });
    expect(await register.read()).toMatchObject({ kind: 'current' });
    expect(network.accepted).toBe(2);
    await clock.advanceAsync(2 * registerMs);
  });

  it.each([60, 100, 150, 190])(
    'asks a witness that is %i ms away, after a question or two',
    async (delayMs) => {
      await using far = await createFarWitness({ delayMs });
      const register = far.open('tracker');
      const answers: string[] = [];
      for (let round = 0; round < 4; round += 1) {
        answers.push((await far.clock.runUntilSettled(register.read())).kind);
      }
      expect(answers.slice(2)).toEqual(['current', 'current']);
    },
  );

  it('gives up on a witness that is connected to and never greets', async () => {
    const network = createMemoryNetwork();
    const clock = createManualClock();
    const leaks = createLeakCheck();
    await network.listen(place, () => {});
    const register = openWitnessRegister({
      network: leaks.network(network),
      address: place,
      clusterId: CLUSTER_ID,
      clock: leaks.clock(clock),
    });
    const asked = [register.read(), register.compareAndSwap(0, configOf(1, ONE))];
    await clock.advanceAsync(registerMs);
    for (const answer of await Promise.all(asked)) expect(answer).toMatchObject({ kind: 'unknown' });
    await closeIn(clock, register, 2 * registerMs);
    leaks.assertNothingLeft();
  });

  it('gives up on a network that never answers, and drops a connection that comes too late', async () => {
    const clock = createManualClock();
    const leaks = createLeakCheck();
    const memory = createMemoryNetwork();
    await memory.listen(place, () => {});
    const gate = Promise.withResolvers<void>();
    const late: Network = {
      ...memory,
      connect: async (address) => {
        await gate.promise;
        return memory.connect(address);
      },
    };
    const register = openWitnessRegister({
      network: leaks.network(late),
      address: place,
      clusterId: CLUSTER_ID,
      clock: leaks.clock(clock),
    });
    const reading = register.read();
    await clock.advanceAsync(registerMs);
    expect(await reading).toMatchObject({ kind: 'unknown', why: expect.stringContaining('no answer') });
    await register.close();
    gate.resolve();
    await clock.advanceAsync(0);
    leaks.assertNothingLeft();
  });

  it('closes in time, and leaves nothing behind', async () => {
    await using far = await createFarWitness();
    const { clock, network, leaks } = far;
    const register = far.open('tracker');
    await clock.runUntilSettled(register.read());
    network.silence('tracker', 'witness');
    const reading = register.read();
    await closeIn(clock, register, 2 * registerMs);
    expect(await clock.runUntilSettled(reading)).toMatchObject({ kind: 'unknown' });
    leaks.assertNothingLeft();
  });

  it('does not gather connections and timers while the witness stays away', async () => {
    await using far = await createFarWitness();
    const { clock, network } = far;
    const register = far.open('tracker');
    await clock.runUntilSettled(register.read());
    network.silence('tracker', 'witness');
    const most = { channels: 0, tasks: 0 };
    for (let round = 0; round < 200; round += 1) {
      await clock.runUntilSettled(register.read());
      most.channels = Math.max(most.channels, network.openChannels);
      most.tasks = Math.max(most.tasks, clock.scheduledTasks);
    }
    expect(most.channels).toBeLessThanOrEqual(4);
    expect(most.tasks).toBeLessThan(30);
  });
});

describe('many registers of one witness', () => {
  it('agree on one config an epoch, whatever the network does', async () => {
    const event = fc.record({
      kind: fc.constantFrom('swap', 'swap', 'read', 'silence', 'cut', 'heal', 'heal', 'wait'),
      who: fc.nat({ max: 1 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 40 }), fc.nat(), async (events, seed) => {
        await using far = await createFarWitness({ seed, jitterMs: 60 });
        await playEvents(far, events);
      }),
      { numRuns: 60 },
    );
  });
});

interface Event {
  readonly kind: string;
  readonly who: number;
}

const HOSTS = ['one', 'two'];

/** Lets events happen, ten milliseconds apart; then heals everything and compares what was heard. */
async function playEvents(far: FarWitness, events: readonly Event[]): Promise<void> {
  const { clock, network, kept, leaks } = far;
  const registers = HOSTS.map((host) => far.open(host));
  const asked: Promise<void>[] = [];
  const heard: Config[] = [];
  let lots = 0;
  const swap = async (register: WitnessRegister): Promise<void> => {
    lots += 1;
    const { epoch } = kept.config;
    const config = configOf(epoch + 1, lots.toString(16).padStart(32, '0'));
    const outcome = await register.compareAndSwap(epoch, config);
    if (outcome.kind !== 'unknown') heard.push(outcome.kind === 'ok' ? config : outcome.config);
  };
  const read = async (register: WitnessRegister): Promise<void> => {
    const outcome = await register.read();
    if (outcome.kind === 'current') heard.push(outcome.config);
  };
  const timed = async (question: Promise<void>): Promise<void> => {
    const askedAt = clock.now();
    await question;
    expect(clock.now() - askedAt).toBeLessThanOrEqual(registerMs);
  };
  for (const { kind, who } of events) {
    const [host = 'one', register] = [HOSTS[who], registers[who]];
    if (register === undefined) continue;
    if (kind === 'swap') asked.push(timed(swap(register)));
    else if (kind === 'read') asked.push(timed(read(register)));
    else if (kind === 'silence') network.silence(host, 'witness');
    else if (kind === 'cut') network.cut(host, 'witness');
    else if (kind === 'heal') network.heal(host, 'witness');
    await clock.advanceAsync(kind === 'wait' ? 300 : 10);
  }
  await clock.runUntilSettled(Promise.all(asked));
  for (const host of HOSTS) network.heal(host, 'witness');
  await clock.advanceAsync(5_000);
  for (const register of registers) {
    expect(await clock.runUntilSettled(register.read())).toEqual({ kind: 'current', config: kept.config });
    await clock.runUntilSettled(register.close());
  }
  const byEpoch = new Map([[0, noConfig]]);
  for (const config of heard) {
    expect(byEpoch.get(config.epoch) ?? config).toEqual(config);
    byEpoch.set(config.epoch, config);
    expect(config.epoch).toBeLessThanOrEqual(kept.config.epoch);
  }
  leaks.assertNothingLeft();
}

/** Closes a register, for which it may take so long. */
async function closeIn(clock: ManualClock, register: WitnessRegister, ms: number): Promise<void> {
  const startedAt = clock.now();
  await clock.runUntilSettled(register.close());
  expect(clock.now() - startedAt).toBeLessThanOrEqual(ms);
}
