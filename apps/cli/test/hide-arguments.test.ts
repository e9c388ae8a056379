import { describe, expect, it } from 'vitest';
import { hideArguments } from '../src/hide-arguments.ts';

function titleOf(...words: string[]): string {
  const own = { argv: ['node', 'main.js', ...words], title: 'as it was' };
  hideArguments(own);
  return own.title;
}

describe('hideArguments', () => {
  it.each([
    [['tracker', '--journal', 'postgres://alice:secret@db/x'], 'tracker --journal postgres://...@db/x'],
    [['tracker', '--journal=postgresql://alice:se@cret@db/x'], 'tracker --journal=postgresql://...@db/x'],
    [
      ['tracker', '--witness', 'postgres:///x?a=b&password=secret&c=d'],
      'tracker --witness postgres:///x?a=b&password=...&c=d',
    ],
    [['tracker', '--cluster', 'secret', '--json'], 'tracker --cluster ... --json'],
    [['tracker', 'status', '--cluster=secret'], 'tracker status --cluster=...'],
    [['postgres://alice:secret@db'], 'postgres://...@db'],
  ])('of %j shows %s', (words, shown) => {
    expect(titleOf(...words)).toBe(`minitorrent ${shown}`);
  });

  it('leaves a process alone that has no secret', () => {
    expect(titleOf('tracker', '--listen', '0.0.0.0:7700', '--witness', 'postgres://db/x')).toBe('as it was');
    expect(titleOf()).toBe('as it was');
  });
});
