/** What every `Register` must do, whatever keeps it. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Config, noConfig, type Register, RegisterCell } from '../src/register.ts';

/** One place where a register is kept, new: nobody is primary. */
export interface RegisterPlace extends AsyncDisposable {
  /** One more way to the register; the place closes it. */
  open(): Promise<Register>;
}

const ONE = '01'.repeat(16);
const TWO = '02'.repeat(16);
const first = configOf(1, ONE);

export function registerContract(name: string, createPlace: () => Promise<RegisterPlace>): void {
  describe(`${name} as a Register`, () => {
    it('begins with nobody, and changes for whoever knows its epoch', async () => {
      await using place = await createPlace();
      const register = await place.open();
      expect(await register.read()).toEqual({ kind: 'current', config: noConfig });
      expect(await register.compareAndSwap(0, first)).toEqual({ kind: 'ok' });
      expect(await register.read()).toEqual({ kind: 'current', config: first });
      expect(await (await place.open()).read()).toEqual({ kind: 'current', config: first });
    });

    it('answers what it has to a swap that comes late or twice, and changes nothing', async () => {
      await using place = await createPlace();
      const register = await place.open();
      await register.compareAndSwap(0, first);
      for (const late of [first, configOf(1, TWO)]) {
        expect(await register.compareAndSwap(0, late)).toEqual({ kind: 'current', config: first });
      }
      expect(await register.compareAndSwap(7, configOf(8, TWO))).toEqual({ kind: 'current', config: first });
      expect(await register.read()).toEqual({ kind: 'current', config: first });
    });

    it('takes no epoch but the next', async () => {
      await using place = await createPlace();
      const register = await place.open();
      for (const epoch of [0, 2]) {
        await expect(register.compareAndSwap(0, configOf(epoch, ONE))).rejects.toThrow(RangeError);
      }
      expect(await register.read()).toEqual({ kind: 'current', config: noConfig });
    });

    it('keeps as many trackers as may be in sync, in their order', async () => {
      await using place = await createPlace();
      const register = await place.open();
      const inSync = Array.from({ length: 16 }, (_, at) => `${(15 - at).toString(16)}f`.repeat(16));
      const config = { epoch: 1, primary: `3f`.repeat(16), inSync };
      expect(await register.compareAndSwap(0, config)).toEqual({ kind: 'ok' });
      expect(await register.read()).toEqual({ kind: 'current', config });
    });

    it('lets one of many swap, and tells the others what there is', async () => {
      await using place = await createPlace();
      const [one, two] = [await place.open(), await place.open()];
      for (let epoch = 1; epoch <= 20; epoch += 1) {
        const outcomes = await Promise.all([
          one.compareAndSwap(epoch - 1, configOf(epoch, ONE)),
          two.compareAndSwap(epoch - 1, configOf(epoch, TWO)),
        ]);
        expect(outcomes.map(({ kind }) => kind).sort()).toEqual(['current', 'ok']);
        const config = configOf(epoch, outcomes[0].kind === 'ok' ? ONE : TWO);
        expect(outcomes).toContainEqual({ kind: 'current', config });
        expect(await one.read()).toEqual({ kind: 'current', config });
      }
    });

    it('does what the rule says, question by question', async () => {
      await using place = await createPlace();
      const ways = [await place.open(), await place.open()];
      const model = new RegisterCell();
      for (const { way, behind, primary } of fc.sample(question, { numRuns: 60, seed: 1 })) {
        const register = ways[way] ?? (await place.open());
        const expected = Math.max(0, model.config.epoch - behind);
        const config = configOf(expected + 1, primary);
        expect(await register.compareAndSwap(expected, config)).toEqual(
          model.compareAndSwap(expected, config),
        );
        expect(await register.read()).toEqual({ kind: 'current', config: model.config });
      }
      expect(model.config.epoch).toBeGreaterThan(10);
    });
  });
}

/** A config in which `primary` is alone. */
export function configOf(epoch: number, primary: string): Config {
  return { epoch, primary, inSync: [primary] };
}

const question = fc.record({
  way: fc.nat({ max: 1 }),
  behind: fc.constantFrom(0, 0, 1, 2, -1),
  primary: fc.constantFrom(ONE, TWO),
});
