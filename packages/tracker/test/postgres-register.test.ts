import { createManualClock } from '@minitorrent/rpc-core/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { initPostgresRegister, openPostgresRegister } from '../src/postgres.ts';
import { noConfig } from '../src/register.ts';
import { describePostgres, type PostgresServer, startPostgres } from './helpers/postgres.ts';
import { configOf, registerContract } from './register-contract.ts';

const ONE = '01'.repeat(16);
const TWO = '02'.repeat(16);
const RECENTLY = { registerMs: 5_000 };

describePostgres('openPostgresRegister', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server?.[Symbol.asyncDispose]());

  registerContract('openPostgresRegister', async () => {
    const url = await server.createDatabase();
    await initPostgresRegister({ url });
    const registers = new AsyncDisposableStack();
    return {
      open: async () => registers.use(openPostgresRegister({ url, limits: RECENTLY })),
      [Symbol.asyncDispose]: () => registers.disposeAsync(),
    };
  });

  it('serves only after it was made, which is once', async () => {
    const url = await server.createDatabase();
    await using register = openPostgresRegister({ url, limits: RECENTLY });
    expect(await register.read()).toMatchObject({ kind: 'unknown' });
    expect(await register.compareAndSwap(0, configOf(1, ONE))).toMatchObject({ kind: 'unknown' });
    await initPostgresRegister({ url });
    expect(await register.read()).toEqual({ kind: 'current', config: noConfig });
    await expect(initPostgresRegister({ url })).rejects.toMatchObject({ code: 'journal_failed' });
    await server.query(url, 'DELETE FROM minitorrent.register');
    expect(await register.read()).toMatchObject({
      kind: 'unknown',
      why: expect.stringContaining('is empty'),
    });
    expect(await register.compareAndSwap(0, configOf(1, ONE))).toMatchObject({ kind: 'unknown' });
  });

  it('answers unknown while PostgreSQL is away, and what it held when that is back', async () => {
    const url = await server.createDatabase();
    await initPostgresRegister({ url });
    await using register = openPostgresRegister({ url, limits: RECENTLY });
    expect(await register.compareAndSwap(0, configOf(1, ONE))).toEqual({ kind: 'ok' });
    await server.stop('SIGKILL');
    expect(await register.read()).toMatchObject({ kind: 'unknown' });
    expect(await register.compareAndSwap(1, configOf(2, TWO))).toMatchObject({ kind: 'unknown' });
    await server.start();
    expect(await register.read()).toEqual({ kind: 'current', config: configOf(1, ONE) });
  });

  it('gives up in time when PostgreSQL says nothing', async () => {
    const url = await server.createDatabase();
    await initPostgresRegister({ url });
    const clock = createManualClock();
    await using register = openPostgresRegister({ url, clock });
    expect(await register.read()).toMatchObject({ kind: 'current' });
    await using locked = await server.hold(url, 'LOCK minitorrent.register');
    const swapping = register.compareAndSwap(0, configOf(1, ONE));
    await locked.untilWaitedFor();
    await clock.advanceAsync(400);
    expect(await swapping).toMatchObject({ kind: 'unknown', why: expect.stringContaining('no answer') });
  });
});
