import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type BenchOptions, NotMeasurable } from '../harness/figure.ts';
import { measureFigure, runRounds } from '../harness/measure.ts';
import { isSound, missedTargets } from '../harness/result.ts';
import { figureOf, runResult } from './samples.ts';

const PREPARE: BenchOptions = { form: 'short', folder: '', say: () => undefined };
const options = { form: 'short', rounds: 3, say: () => undefined } as const;

describe('runRounds', () => {
  test('lets the contenders take turns, and leaves out the rounds that warm up', async () => {
    const order: string[] = [];
    const contender = (name: string) => ({
      name,
      version: '1',
      run: async () => ({ n: order.push(name) }),
    });
    const [ours, theirs] = await runRounds(
      [contender('ours'), contender('theirs')],
      { warmUp: 1, measured: 2 },
      () => undefined,
    );
    expect(order).toEqual(['ours', 'theirs', 'ours', 'theirs', 'ours', 'theirs']);
    expect(ours?.samples).toEqual([{ n: 3 }, { n: 5 }]);
    expect(theirs?.samples).toEqual([{ n: 4 }, { n: 6 }]);
  });

  test('gives no number of a contender that failed once, and does not ask it again', async () => {
    let rounds = 0;
    const said: string[] = [];
    const broken = {
      name: 'broken',
      version: '1',
      async run() {
        rounds += 1;
        if (rounds === 2) throw new Error('Wrong bytes', { cause: new Error('at 7') });
        return { n: 1 };
      },
    };
    const [result] = await runRounds([broken], { warmUp: 0, measured: 5 }, (line) => said.push(line));
    expect(result).toEqual({
      name: 'broken',
      version: '1',
      samples: [],
      units: {},
      void: 'Wrong bytes (at 7)',
    });
    expect(rounds).toBe(2);
    expect(said).toEqual(['broken is void: Wrong bytes (at 7)']);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY])('takes %d for no number', async (n) => {
    const [result] = await runRounds(
      [{ name: 'odd', version: '1', run: async () => ({ n }) }],
      { warmUp: 0, measured: 1 },
      () => undefined,
    );
    expect(result?.void).toContain('as its n');
  });
});

describe('measureFigure', () => {
  const twice = {
    ours: async () => ({ mbPerSecond: 200, ms: 30 }),
    theirs: async () => ({ mbPerSecond: 100, ms: 10 }),
  };

  test('judges targets against others and against numbers, whichever is better', async () => {
    const target = (against: string | number, ratio: number, rest = {}) => ({
      against,
      ratio,
      text: '',
      ...rest,
    });
    const { targets } = await measureFigure(
      figureOf(twice, {
        targets: [
          target('theirs', 1.5),
          target('theirs', 2.5),
          target(100, 2),
          target(100, 2.01),
          target('theirs', 3, { unit: 'ms', better: 'less' }),
          target(30, 0.9, { unit: 'ms', better: 'less' }),
          target('nobody', 1),
        ],
      }),
      options,
    );
    expect(targets.map(({ met }) => met)).toEqual([true, false, true, false, true, false, undefined]);
    expect(targets.map(({ ratio }) => ratio)).toEqual([2, 2, 2, 2, 3, 1, undefined]);
  });

  test('a void contender meets no target, and ours void makes the run unsound', async () => {
    const fails = async () => {
      throw new Error('Wrong bytes');
    };
    const target = { against: 'theirs', ratio: 1, text: '' };
    const theirs = await measureFigure(figureOf({ ...twice, theirs: fails }, { targets: [target] }), options);
    expect(theirs.targets[0]?.met).toBeUndefined();
    expect(isSound(runResult(theirs))).toBe(true);
    const ours = await measureFigure(figureOf({ ...twice, ours: fails }, { targets: [target] }), options);
    expect(ours.targets[0]?.met).toBeUndefined();
    expect(isSound(runResult(ours))).toBe(false);
    expect(missedTargets(runResult(theirs, ours))).toEqual([]);
  });

  test('a figure that cannot be prepared has a problem, no numbers, and is unsound', async () => {
    const prepare = async () => {
      throw new Error('No space left');
    };
    const result = await measureFigure(figureOf({}, { prepare }), options);
    expect(result).toMatchObject({ problem: 'No space left', contenders: [] });
    expect(isSound(runResult(result))).toBe(false);
  });

  test('a figure that this machine cannot measure says why, misses no target, and leaves the run sound', async () => {
    const prepare = async () => {
      throw new NotMeasurable('No namespaces', { cause: new Error('unshare failed\n') });
    };
    const targets = [{ against: 1, ratio: 1, text: '' }];
    const result = await measureFigure(figureOf({}, { prepare, targets }), options);
    expect(result).toMatchObject({ notMeasurable: 'No namespaces (unshare failed)', contenders: [] });
    expect(result.problem).toBeUndefined();
    expect(isSound(runResult(result))).toBe(true);
    expect(missedTargets(runResult(result))).toEqual([]);
  });

  test('closes what was prepared and removes its folder, after a failure too', async () => {
    const seen: BenchOptions[] = [];
    const closes: string[] = [];
    const close = async () => {
      closes.push('closed');
    };
    const figure = figureOf(twice);
    await measureFigure(
      {
        ...figure,
        async prepare(benchOptions) {
          seen.push(benchOptions);
          expect(existsSync(benchOptions.folder)).toBe(true);
          return { ...(await figure.prepare(benchOptions)), close };
        },
      },
      options,
    );
    expect(closes).toEqual(['closed']);
    expect(seen.map(({ folder }) => existsSync(folder))).toEqual([false]);
  });

  test('hands on who does not take part', async () => {
    const leftOut = ['aria2 (takes part in the long form)'];
    const prepare = async () => ({ ...(await figureOf(twice).prepare(PREPARE)), leftOut });
    expect((await measureFigure(figureOf({}, { prepare }), options)).leftOut).toEqual(leftOut);
    expect((await measureFigure(figureOf(twice), options)).leftOut).toEqual([]);
  });

  test('runs as many rounds as the figure wants in this form', async () => {
    const rounds = { warmUp: 0, short: 2, long: 4 };
    for (const form of ['short', 'long'] as const) {
      const { contenders } = await measureFigure(figureOf(twice, { rounds }), { form, say: () => undefined });
      expect(contenders.map(({ samples }) => samples.length)).toEqual([rounds[form], rounds[form]]);
    }
  });
});
