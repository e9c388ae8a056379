import { PassThrough } from 'node:stream';
import { describe, expect, it, vi } from 'vitest';
import type { DownloadRow } from '../src/output/file-reports.ts';
import { createHumanReporter } from '../src/output/human-reporter.ts';
import { createJsonReporter } from '../src/output/json-reporter.ts';
import type { ProgressSample } from '../src/output/reports.ts';
import { createLiveScreen, createPlainScreen, type Screen } from '../src/output/screen.ts';
import { createFakeWorld } from './support/fake-world.ts';
import { downloadRow } from './support/reports.ts';

const sampleOf = (changes: Partial<DownloadRow>): ProgressSample => ({
  activity: 'download',
  download: { ...downloadRow, ...changes },
});

describe('createJsonReporter', () => {
  it('writes one object a line, with every field, in order', () => {
    const world = createFakeWorld();
    const reporter = createJsonReporter(world.stdout);
    reporter.event({ event: 'tracker-connected', address: 'a:1', userId: null });
    reporter.result({ command: 'join_group', groupId: 'films', status: 'requested', deviceId: 'A-B-C' });
    reporter.failure(
      { code: null, message: 'odd', advice: null, usage: null },
      { command: 'login', line: 2 },
    );
    reporter.progress([{ activity: 'hash', groupId: 'films', path: '/a', hashedBytes: 1, totalBytes: 2 }]);
    expect(world.lines()).toEqual([
      '{"type":"event","event":"tracker-connected","address":"a:1","userId":null}',
      '{"type":"result","command":"join_group","groupId":"films","status":"requested","deviceId":"A-B-C"}',
      '{"type":"error","command":"login","line":2,"code":null,"message":"odd","advice":null,"usage":null}',
      '{"type":"progress","activity":"hash","groupId":"films","path":"/a","hashedBytes":1,"totalBytes":2}',
    ]);
  });

  it('has the fields of a download that JSON.md promises', () => {
    const world = createFakeWorld();
    createJsonReporter(world.stdout).progress([sampleOf({ secondsLeft: null })]);
    expect(world.lines()).toEqual([
      '{"type":"progress","activity":"download","download":{"groupId":"films","name":"holiday.mkv",' +
        '"path":"/home/bob/holiday.mkv","state":"downloading","totalBytes":100000000,"verifiedBytes":42000000,' +
        '"totalPieces":400,"verifiedPieces":168,"resumedPieces":0,"bytesPerSecond":12300000,"secondsLeft":null,' +
        '"waitingFor":null,"peers":[' +
        '{"userId":"alice","address":"10.0.0.1:4000","state":"connected","pieces":100,"bytesPerSecond":8000000},' +
        '{"userId":"carol","address":"10.0.0.2:4000","state":"connected","pieces":68,"bytesPerSecond":4300000},' +
        '{"userId":"dave","address":"10.0.0.3:4000","state":"connecting","pieces":0,"bytesPerSecond":0}]}}',
    ]);
  });

  it('is harmless on a terminal and loses nothing', () => {
    const world = createFakeWorld();
    const groupId = 'a\u009b2J\u202e\u2028';
    createJsonReporter(world.stdout).result({ command: 'create_group', groupId });
    expect(world.out()).not.toMatch(/[\p{Cf}\p{Zl}\u0080-\u009f]/u);
    expect(world.json()).toEqual([{ type: 'result', command: 'create_group', groupId }]);
  });
});

describe('createHumanReporter', () => {
  it('writes failures to standard error, all else to standard output', () => {
    const world = createFakeWorld();
    const reporter = createHumanReporter({ ...world, screen: createPlainScreen(world.stdout) });
    reporter.result({ command: 'logout' });
    reporter.event({ event: 'notice', message: 'hello' });
    reporter.failure(
      { code: 'x', message: 'odd', advice: 'wait', usage: null },
      { command: 'login', line: null },
    );
    expect(world.lines()).toEqual(['Logged out', 'hello']);
    expect(world.err()).toBe('error: login: odd (x)\n  next: wait\n');
  });

  it('writes a line of progress for every tenth and every change of state', () => {
    const world = createFakeWorld();
    const reporter = createHumanReporter({ ...world, screen: createPlainScreen(world.stdout) });
    for (const verifiedBytes of [0, 1, 9_999_999, 10_000_000, 55_000_000]) {
      reporter.progress([sampleOf({ verifiedBytes })]);
    }
    reporter.progress([sampleOf({ verifiedBytes: 55_000_000, waitingFor: 'no_peers' })]);
    reporter.progress([]);
    reporter.progress([sampleOf({ verifiedBytes: 55_000_000, waitingFor: 'no_peers' })]);
    expect(world.lines().map((line) => /: (\d+ %)/.exec(line)?.[1])).toEqual([
      '0 %',
      '10 %',
      '55 %',
      '55 %',
      '55 %',
    ]);
    expect(world.lines().at(-1)).toMatch(/no peer with this file is online$/);
  });

  it('draws bars on a terminal, at most half of it, and the failures between them', () => {
    const world = createFakeWorld({ tty: true });
    const screen: Screen = { isLive: true, columns: 60, rows: 5, print: vi.fn(), setLive: vi.fn() };
    const reporter = createHumanReporter({ ...world, screen });
    reporter.progress(['a', 'b', 'c'].map((name) => sampleOf({ name })));
    expect(screen.setLive).toHaveBeenCalledWith([
      expect.stringMatching(/^a {18}.*▕/),
      expect.stringMatching(/^b {18}.*▕/),
      'and 1 more',
    ]);
    reporter.failure({ code: 'x', message: 'odd', advice: null, usage: null }, { command: null, line: null });
    expect(screen.print).toHaveBeenCalledWith([expect.stringContaining('error: odd (x)')]);
    expect(world.err()).toBe('');
  });
});

describe('createLiveScreen', () => {
  it('prints above the live lines and takes them away at the end', async () => {
    const output = Object.assign(new PassThrough(), { isTTY: true, columns: 40, rows: 10 });
    let written = '';
    output.setEncoding('utf8').on('data', (text: string) => {
      written += text;
    });
    const screen = await createLiveScreen(output);
    expect([screen.columns, screen.rows, screen.isLive]).toEqual([40, 10, true]);
    screen.print(['before']);
    screen.setLive(['bar 1', 'bar 2']);
    screen.print(['between']);
    screen.setLive([]);
    screen.setLive([]);
    screen.print(['after']);
    expect(written.indexOf('between')).toBeGreaterThan(written.indexOf('bar 2'));
    expect(written.lastIndexOf('bar 2')).toBeGreaterThan(written.indexOf('between'));
    expect(written.endsWith('after\n')).toBe(true);
  });
});
