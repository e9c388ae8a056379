/** The witness as an operator meets it: real sockets, a real folder. */
import { mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createConnection } from '@minitorrent/rpc-core';
import { createIdentity } from '@minitorrent/rpc-core/identity';
import { createTcpNetwork } from '@minitorrent/rpc-core/tcp';
import { createManualClock } from '@minitorrent/rpc-core/testing';
import { createTlsNetwork, loadOrCreateIdentity } from '@minitorrent/rpc-core/tls';
import { describe, expect, it } from 'vitest';
import { noConfig } from '../src/register.ts';
import { createWitness, initWitness, openWitnessRegister, witnessContract } from '../src/witness.ts';
import { createTestFolder } from './helpers/folder.ts';
import { createTestRandom } from './helpers/random.ts';
import { CLUSTER_ID, createWitnessScene, type WitnessScene } from './helpers/witness-scene.ts';
import { configOf, registerContract } from './register-contract.ts';

const network = createTcpNetwork();
const address = { host: '127.0.0.1', port: 0 };
const ONE = '01'.repeat(16);
const TWO = '02'.repeat(16);
const FILE = 'witness.register';

registerContract('a witness over TCP', async () => {
  const scene = await createWitnessScene({ network });
  return { open: async () => scene.open(), [Symbol.asyncDispose]: () => scene[Symbol.asyncDispose]() };
});

describe('initWitness', () => {
  it('makes a register for its owner alone, in a folder of its own', async () => {
    await using folder = await createTestFolder();
    const dataDir = join(folder.path, 'not', 'yet');
    const clusterId = await initWitness({ dataDir, random: createTestRandom() });
    expect(clusterId).toEqual(createTestRandom().bytes(16));
    expect((await stat(dataDir)).mode & 0o777).toBe(0o700);
    expect((await stat(join(dataDir, FILE))).mode & 0o777).toBe(0o600);
    await using witness = await createWitness({ network, address, dataDir });
    expect(witness.clusterId).toEqual(clusterId);
    expect(witness.config).toEqual(noConfig);
  });

  it('draws a new id for each cluster, or takes the one that it is given', async () => {
    await using folder = await createTestFolder();
    const ids = await Promise.all(
      ['a', 'b'].map((name) => initWitness({ dataDir: join(folder.path, name) })),
    );
    expect(ids[0]).not.toEqual(ids[1]);
    const dataDir = join(folder.path, 'c');
    expect(await initWitness({ dataDir, clusterId: CLUSTER_ID })).toEqual(CLUSTER_ID);
    const short = initWitness({ dataDir: join(folder.path, 'd'), clusterId: new Uint8Array(15) });
    await expect(short).rejects.toThrow(RangeError);
    expect(await readdir(folder.path)).not.toContain('d');
  });

  it('never makes a second one, whatever became of the first', async () => {
    await using scene = await createWitnessScene({ network });
    const dataDir = scene.folder.path;
    await scene.open().compareAndSwap(0, configOf(1, ONE));
    const again = () => initWitness({ dataDir, clusterId: CLUSTER_ID });
    await expect(again()).rejects.toMatchObject({ code: 'register_exists' });
    await scene.witness.close();
    await expect(again()).rejects.toMatchObject({ code: 'register_exists' });
    await scene.folder.write(FILE, '');
    await expect(again()).rejects.toMatchObject({ code: 'register_exists' });
  });

  it('takes the place of one that was lost, from where the trackers are', async () => {
    await using folder = await createTestFolder();
    const config = configOf(41, ONE);
    await initWitness({ dataDir: folder.path, clusterId: CLUSTER_ID, config });
    await using witness = await createWitness({ network, address, dataDir: folder.path });
    expect(witness.config).toEqual(config);
  });

  it('makes one of three that are asked for at the same time', async () => {
    await using folder = await createTestFolder();
    const outcomes = await Promise.allSettled([1, 2, 3].map(() => initWitness({ dataDir: folder.path })));
    const made = outcomes.filter((outcome) => outcome.status === 'fulfilled');
    expect(made.length).toBe(1);
    await using witness = await createWitness({ network, address, dataDir: folder.path });
    expect(witness.clusterId).toEqual(made[0]?.value);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason.code).toMatch(/^(?:register_exists|locked)$/);
    }
  });

  it('says where it cannot make one', async () => {
    for (const dataDir of ['/dev/null/witness', '/proc/witness/data']) {
      await expect(initWitness({ dataDir })).rejects.toMatchObject({
        code: 'register_failed',
        message: expect.stringContaining(dataDir),
      });
    }
  });
});

describe('createWitness', () => {
  it('speaks TLS as the device whose key lies in its folder, unless it is given a network', async () => {
    await using folder = await createTestFolder();
    const dataDir = folder.path;
    const clusterId = await initWitness({ dataDir });
    const { deviceId: pin } = await loadOrCreateIdentity({ folder: dataDir });
    const [member, other] = [createIdentity(), createIdentity()];
    await using witness = await createWitness({ address, dataDir, admit: [member.deviceId] });
    const outcomes = [member, other].map(async (identity) => {
      const tls = createTlsNetwork({ identity });
      await using register = openWitnessRegister({
        network: tls,
        address: { ...witness.address, pin },
        clusterId,
      });
      return register.read();
    });
    expect(await Promise.all(outcomes)).toEqual([
      { kind: 'current', config: noConfig },
      { kind: 'unknown', why: expect.stringContaining('does not admit') },
    ]);
  });

  it('admits everybody who knows the id of the cluster, where the network proves nothing', async () => {
    await using folder = await createTestFolder();
    const clusterId = await initWitness({ dataDir: folder.path });
    await using witness = await createWitness({ network, address, dataDir: folder.path, admit: [] });
    await using register = openWitnessRegister({ network, address: witness.address, clusterId });
    expect(await register.read()).toEqual({ kind: 'current', config: noConfig });
  });

  it('does not start without a register, says how to make one, and leaves no trace', async () => {
    await using folder = await createTestFolder();
    for (const dataDir of [folder.path, join(folder.path, 'missing')]) {
      await expect(createWitness({ network, address, dataDir })).rejects.toMatchObject({
        code: 'no_register',
        message: expect.stringContaining('minitorrent witness init'),
      });
    }
    expect(await readdir(folder.path)).toEqual([]);
  });

  it('does not start on a damaged register, says what to do, and lets go of the folder', async () => {
    await using folder = await createTestFolder();
    const dataDir = folder.path;
    await initWitness({ dataDir });
    const whole = await readFile(join(dataDir, FILE));
    const flipped = Uint8Array.from(whole, (byte, at) => (at === 9 ? byte ^ 1 : byte));
    for (const damaged of [new Uint8Array(), whole.subarray(0, 40), flipped]) {
      await writeFile(join(dataDir, FILE), damaged);
      await expect(createWitness({ network, address, dataDir })).rejects.toMatchObject({
        code: 'register_corrupt',
        message: expect.stringContaining('minitorrent witness init'),
      });
    }
    await writeFile(join(dataDir, FILE), whole);
    await using witness = await createWitness({ network, address, dataDir });
    expect(witness.config).toEqual(noConfig);
  });

  it('does not start where its register is no file, or a link to one', async () => {
    await using folder = await createTestFolder();
    await mkdir(join(folder.path, FILE));
    await expect(createWitness({ network, address, dataDir: folder.path })).rejects.toMatchObject({
      code: 'register_failed',
    });
    await expect(initWitness({ dataDir: folder.path })).rejects.toMatchObject({ code: 'register_failed' });
    // A swap would replace the link, and leave what it leads to as it was.
    await initWitness({ dataDir: join(folder.path, 'other') });
    await rm(join(folder.path, FILE), { recursive: true });
    await symlink(join(folder.path, 'other', FILE), join(folder.path, FILE));
    await expect(createWitness({ network, address, dataDir: folder.path })).rejects.toMatchObject({
      code: 'register_failed',
    });
  });

  it('tells what it swaps, and what it refuses', async () => {
    await using folder = await createTestFolder();
    const dataDir = folder.path;
    await initWitness({ dataDir, clusterId: CLUSTER_ID });
    const log: unknown[] = [];
    const onLog = (entry: unknown): void => void log.push(entry);
    const rpcLimits = { connections: 1 };
    await using witness = await createWitness({ network, address, dataDir, rpcLimits, onLog });
    const common = { network, address: witness.address, clusterId: CLUSTER_ID };
    await using register = openWitnessRegister(common);
    await register.compareAndSwap(0, configOf(1, ONE));
    await using refused = openWitnessRegister(common);
    expect(await refused.read()).toMatchObject({ kind: 'unknown' });
    expect(log).toContainEqual({ kind: 'swapped', config: configOf(1, ONE) });
    expect(log).toContainEqual(
      expect.objectContaining({ kind: 'connection_refused', reason: 'too_many_connections' }),
    );
  });

  it('is alone on its folder, until it is closed', async () => {
    await using scene = await createWitnessScene({ network });
    const dataDir = scene.folder.path;
    await expect(createWitness({ network, address, dataDir })).rejects.toMatchObject({
      code: 'locked',
      message: expect.stringContaining('in use by another witness'),
    });
    await scene.witness.close();
    await scene.restart();
  });

  it('lets go of its folder when it cannot listen', async () => {
    await using scene = await createWitnessScene({ network });
    await using folder = await createTestFolder();
    const dataDir = folder.path;
    await initWitness({ dataDir });
    const taken = scene.witness.address;
    await expect(createWitness({ network, address: taken, dataDir })).rejects.toMatchObject({
      code: 'listen_failed',
    });
    await using witness = await createWitness({ network, address, dataDir });
    expect(witness.address.port).toBeGreaterThan(0);
  });

  it('keeps its value through a restart, and what a crash left behind does not disturb it', async () => {
    await using scene = await createWitnessScene({ network });
    await using register = scene.open();
    for (let epoch = 1; epoch <= 3; epoch += 1) {
      expect(await register.compareAndSwap(epoch - 1, configOf(epoch, ONE))).toEqual({ kind: 'ok' });
      await scene.witness.close();
      await scene.folder.write(`${FILE}.new`, 'half of a register');
      await scene.restart();
      expect(scene.witness.config).toEqual(configOf(epoch, ONE));
    }
    const files = await readdir(scene.folder.path);
    expect(files.filter((name) => !name.startsWith('witness.lock'))).toEqual([FILE]);
    expect((await stat(join(scene.folder.path, FILE))).mode & 0o777).toBe(0o600);
  });

  it('does not say ok to what it cannot write, and goes on when it can', async () => {
    await using scene = await createWitnessScene({ network });
    const register = scene.open();
    expect(await register.compareAndSwap(0, configOf(1, ONE))).toEqual({ kind: 'ok' });
    const inTheWay = join(scene.folder.path, `${FILE}.new`);
    await mkdir(inTheWay);
    expect(await register.compareAndSwap(1, configOf(2, TWO))).toMatchObject({
      kind: 'unknown',
      why: expect.stringMatching(/^Cannot ask the witness at 127.0.0.1:\d+: Cannot write the register in /),
    });
    expect(await register.read()).toEqual({ kind: 'current', config: configOf(1, ONE) });
    await rm(inTheWay, { recursive: true });
    expect(await register.compareAndSwap(1, configOf(2, TWO))).toEqual({ kind: 'ok' });
  });

  it('lets the swap under way come to its end when it closes', async () => {
    await using scene = await createWitnessScene({ network });
    const register = scene.open();
    await register.read();
    const swapping = register.compareAndSwap(0, configOf(1, ONE));
    const closing = Promise.all([scene.witness.close(), scene.witness.close()]);
    const outcome = await swapping;
    await closing;
    await scene.restart();
    if (outcome.kind === 'ok') expect(scene.witness.config).toEqual(configOf(1, ONE));
    else expect(outcome.kind).toBe('unknown');
  });
});

describe('a witness', () => {
  it('answers no other cluster', async () => {
    await using scene = await createWitnessScene({ network });
    const stranger = scene.open({ clusterId: new Uint8Array(16) });
    const unknown = { kind: 'unknown', why: expect.stringContaining('belongs to another cluster') };
    expect(await stranger.read()).toMatchObject(unknown);
    expect(await stranger.compareAndSwap(0, configOf(1, ONE))).toMatchObject(unknown);
    expect(scene.witness.config).toEqual(noConfig);
    await expect(
      call(scene, ({ read_config }) => read_config({ clusterId: new Uint8Array(16) })),
    ).rejects.toMatchObject({ code: 'wrong_cluster', remote: true });
  });

  it('keeps nothing that no tracker proposes', async () => {
    await using scene = await createWitnessScene({ network });
    const proposals = [configOf(2, ONE), configOf(0, ONE), { epoch: 1, primary: ONE, inSync: [TWO] }];
    for (const config of proposals) {
      const swap = call(scene, ({ swap_config }) =>
        swap_config({ clusterId: CLUSTER_ID, expectedEpoch: 0, config }),
      );
      await expect(swap).rejects.toMatchObject({ code: 'bad_request', remote: true });
    }
    expect(scene.witness.config).toEqual(noConfig);
  });

  it('has room for all trackers behind one address, and for few strangers', async () => {
    await using scene = await createWitnessScene({ network });
    const trackers = Array.from({ length: 16 }, () => scene.open());
    for (const tracker of trackers) expect(await tracker.read()).toMatchObject({ kind: 'current' });
    const strangers = Array.from({ length: 12 }, () => scene.open({ clusterId: new Uint8Array(16) }));
    const answers = await Promise.all(strangers.map((stranger) => stranger.read()));
    const served = answers.filter((answer) => JSON.stringify(answer).includes('another cluster'));
    expect(served.length).toBeLessThanOrEqual(10);
    expect(served.length).toBeGreaterThan(0);
  });
});

/** Calls a witness as a foreign program may. */
async function call<T>(
  { witness }: WitnessScene,
  task: (calls: ReturnType<typeof clientOf>) => Promise<T>,
): Promise<T> {
  const channel = await network.connect(witness.address);
  const connection = createConnection({ channel, clock: createManualClock() });
  try {
    return await task(clientOf(connection));
  } finally {
    connection.abort();
  }
}

function clientOf(connection: ReturnType<typeof createConnection>) {
  return connection.client(witnessContract);
}
