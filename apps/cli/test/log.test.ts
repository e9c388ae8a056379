import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFloodGuard } from '../src/logging/flood-guard.ts';
import type { LogFormat, LogLevel } from '../src/logging/levels.ts';
import { createLog, type LogFields, type LogRecord } from '../src/logging/log.ts';
import { isTerminalText } from '../src/output/terminal-text.ts';
import { createFakeWorld } from './support/fake-world.ts';

function open(format: LogFormat, level: LogLevel = 'info') {
  const world = createFakeWorld();
  const log = createLog({ format, level, output: world.stderr, clock: world.clock });
  return { ...world, log, lines: () => world.err().split('\n').slice(0, -1) };
}

const record = (fields: LogFields = {}, changes: Partial<LogRecord> = {}): LogRecord => ({
  level: 'info',
  event: 'happened',
  fields,
  ...changes,
});

describe('createLog', () => {
  it('writes one line an event for people', () => {
    const { log, lines } = open('text');
    log(record({ userId: 'alice', host: '10.0.0.1', port: 7700, isNew: true, reason: null }));
    log(record({ message: 'disk full', empty: '', quoted: 'a"b', shift: 'a=b' }, { level: 'error' }));
    expect(lines()).toEqual([
      '2023-11-14T22:13:20.000Z info  happened userId=alice host=10.0.0.1 port=7700 isNew=true',
      '2023-11-14T22:13:20.000Z error happened message="disk full" empty="" quoted="a\\"b" shift="a=b"',
    ]);
  });

  it('writes one object an event for machines', () => {
    const { log, lines } = open('json');
    log(record({ userId: 'ali ce', port: 7700, reason: null }));
    expect(lines()).toEqual([
      '{"time":"2023-11-14T22:13:20.000Z","level":"info","event":"happened","userId":"ali ce","port":7700,"reason":null}',
    ]);
  });

  it('cannot be broken by what others call themselves', () => {
    const values = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }));
    fc.assert(
      fc.property(fc.constantFrom<LogFormat>('text', 'json'), values, (format, value) => {
        const { log, lines } = open(format);
        log(record({ name: value, other: 1 }));
        const [line = '', ...more] = lines();
        expect(more).toEqual([]);
        expect(isTerminalText(line)).toBe(true);
        if (format === 'json') expect(JSON.parse(line)).toMatchObject({ name: value, other: 1 });
        else expect(line).toMatch(/ other=1$/);
      }),
      { examples: [['text', 'two words \u202ebackwards']] },
    );
  });

  it('leaves out what is below its level', () => {
    const { log, lines } = open('text', 'warn');
    for (const level of ['debug', 'info', 'warn', 'error'] as const) log(record({}, { level }));
    expect(lines().map((line) => line.split(/ +/)[1])).toEqual(['warn', 'error']);
  });

  it('cuts a flood of one event short and counts it, and lets others through', () => {
    const { log, lines, clock } = open('text');
    for (let times = 0; times < 250; times += 1) log(record());
    log(record({}, { event: 'other' }));
    clock.advance(9_999);
    log(record());
    expect(lines()).toHaveLength(102);
    expect(lines().at(-2)).toBe('2023-11-14T22:13:20.000Z info  log_flooded of=happened leftOutForMs=10000');
    clock.advance(1);
    log(record({ a: 1 }));
    log(record({ a: 2 }));
    expect(lines().slice(102)).toEqual([
      '2023-11-14T22:13:30.000Z info  happened a=1 leftOutBefore=151',
      '2023-11-14T22:13:30.000Z info  happened a=2',
    ]);
  });

  it('goes on when nobody reads it any more', () => {
    const { log, stderr } = open('text');
    stderr.destroy(new Error('EPIPE'));
    log(record());
    expect(stderr.destroyed).toBe(true);
  });
});

describe('createFloodGuard', () => {
  it('never loses count: what is written and what is left out is all there was', () => {
    const steps = fc.array(fc.nat({ max: 400 }), { minLength: 1, maxLength: 800 });
    fc.assert(
      fc.property(steps, (pauses) => {
        const guard = createFloodGuard();
        let now = 0;
        let counted = 0;
        for (const pause of pauses) {
          now += pause;
          const verdict = guard.judge('happened', now);
          if (verdict.kind === 'write') counted += 1 + verdict.leftOut;
        }
        // The window after the last one tells what that one left out.
        const last = guard.judge('happened', now + 10_000);
        expect(last.kind === 'write' ? counted + last.leftOut : undefined).toBe(pauses.length);
      }),
    );
  });
});
