import { describe, expect, test } from 'vitest';
import { startDriven } from '../transfer/driven.ts';

const place = { enter: [], host: '127.0.0.1' };
const startNode = (script: string) =>
  startDriven({ name: 'child', place, command: process.execPath, args: ['-e', script] });

describe('startDriven', () => {
  test('hears reports among other lines, in the order in which they are asked for', async () => {
    await using child = startNode(
      `console.log('words'); console.log('{"type":"a"}'); console.log('{"type":"b"}'); process.stdin.resume();`,
    );
    expect(await child.take(({ type }) => type === 'b')).toEqual({ type: 'b' });
    expect(await child.take(({ type }) => type === 'a')).toEqual({ type: 'a' });
  });

  test('sends lines, and knows what the process uses', async () => {
    await using child = startNode(
      `process.stdin.on('data', (text) => console.log(JSON.stringify({ heard: String(text).trim() })));`,
    );
    child.send('hello');
    expect(await child.take(() => true)).toEqual({ heard: 'hello' });
    expect((await child.usage()).peakMib).toBeGreaterThan(10);
  });

  test('tells whoever waits that the process ended, and its last words', async () => {
    await using child = startNode(`console.error('no disk'); process.exitCode = 3;`);
    await expect(child.take(() => true)).rejects.toThrow('child ended early (exit code 3): no disk');
  });

  test('counts errors among its last words, where they are reports as well', async () => {
    await using child = startNode(`console.log('{"type":"error","message":"no key"}');`);
    await expect(child.take(({ type }) => type === 'ready')).rejects.toThrow('"message":"no key"');
    expect(await child.take(({ type }) => type === 'error')).toMatchObject({ message: 'no key' });
  });

  test('tells of a program that is not there', async () => {
    await using child = startDriven({ name: 'it', place, command: 'no-such-program-here', args: [] });
    await expect(child.take(() => true)).rejects.toThrow(
      'it ended early (spawn no-such-program-here ENOENT)',
    );
  });

  test('is no failure when it is ended here', async () => {
    const child = startNode('process.stdin.resume();');
    await child.kill();
    await child[Symbol.asyncDispose]();
  });
});
