import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { RunResult } from '../harness/result.ts';
import { runFigures } from '../harness/run-figures.ts';
import { saveResult } from '../harness/save-result.ts';
import { figureOf, runResult } from './samples.ts';

describe('runFigures', () => {
  test('saves and prints each figure before the next one is measured', async () => {
    const happened: string[] = [];
    const figure = (id: string) =>
      figureOf({ ours: async () => ({ mbPerSecond: happened.push(`measures ${id}`) }) }, { id });
    const result = await runFigures([figure('one'), figure('two')], {
      form: 'short',
      rounds: 1,
      say: () => undefined,
      print: (text) => happened.push(`prints ${text.split(':')[0]}`),
      save: async ({ figures }) => {
        happened.push(`saves ${figures.map(({ id }) => id)}`);
      },
    });
    // The first line is that of the machine, and the first round of each figure warms up.
    expect(happened.slice(1)).toEqual([
      ...['measures one', 'measures one', 'prints one', 'saves one'],
      ...['measures two', 'measures two', 'prints two', 'saves one,two'],
    ]);
    expect(result.figures.map(({ id }) => id)).toEqual(['one', 'two']);
  });
});

describe('saveResult', () => {
  test('replaces what is there, and leaves nothing else', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'minitorrent-save-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const path = join(folder, 'results.json');
    await saveResult(path, { ...runResult(), form: 'long' });
    await saveResult(path, runResult());
    const read: RunResult = JSON.parse(await readFile(path, 'utf8'));
    expect(read).toEqual(runResult());
    expect(await readdir(folder)).toEqual(['results.json']);
  });
});
