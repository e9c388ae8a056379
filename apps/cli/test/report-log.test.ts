import { describe, expect, it } from 'vitest';
import type { LogRecord } from '../src/logging/log.ts';
import { logReports } from '../src/logging/report-log.ts';
import { type LogOptions, openScriptLog, openServiceLog } from '../src/logging/service-log.ts';
import type { Reporter } from '../src/output/reports.ts';
import { createFakeReporter } from './support/fake-reporter.ts';
import { createFakeWorld, type FakeWorld } from './support/fake-world.ts';

const failure = { code: 'locked', message: 'In use', advice: 'end it', usage: null };

describe('logReports', () => {
  it('logs events and failures, and still reports them', () => {
    const records: LogRecord[] = [];
    const fake = createFakeReporter();
    const reporter = logReports(fake, (record) => records.push(record), { log: true, reporter: true });
    reporter.event({ event: 'tracker-lost', address: 'a:1', reason: 'gone', code: null, advice: null });
    reporter.event({ event: 'tracker-connected', address: 'a:1', userId: null });
    reporter.event({ event: 'share-changed', groupId: 'g', name: 'n', path: '/p', state: 'changed' });
    reporter.event({ event: 'share-changed', groupId: 'g', name: 'n', path: '/p', state: 'serving' });
    reporter.event({ event: 'download-failed', groupId: 'g', name: 'n', failure });
    reporter.failure(failure, { command: 'login', line: 3 });
    reporter.failure(failure, { command: 'peer', line: null });
    expect(fake.reports).toHaveLength(7);
    const fields = { code: 'locked', message: 'In use', advice: 'end it' };
    expect(records).toEqual([
      {
        level: 'warn',
        event: 'tracker_lost',
        fields: { address: 'a:1', reason: 'gone', code: null, advice: null },
      },
      { level: 'info', event: 'tracker_connected', fields: { address: 'a:1', userId: null } },
      {
        level: 'warn',
        event: 'share_changed',
        fields: { groupId: 'g', name: 'n', path: '/p', state: 'changed' },
      },
      {
        level: 'info',
        event: 'share_changed',
        fields: { groupId: 'g', name: 'n', path: '/p', state: 'serving' },
      },
      { level: 'error', event: 'download_failed', fields: { groupId: 'g', name: 'n', ...fields } },
      { level: 'error', event: 'command_failed', fields: { command: 'login', line: 3, ...fields } },
      { level: 'error', event: 'command_failed', fields: { command: 'peer', ...fields } },
    ]);
  });
});

const OPTIONS: readonly LogOptions[] = [
  {},
  { json: true },
  { log: 'text' },
  { json: true, log: 'text' },
  { log: 'json' },
  { json: true, log: 'json' },
  { logLevel: 'error' },
];

/** What of an event and a failure is logged, and whether the reporter hears of the failure. */
function outcome(options: LogOptions, open: (world: FakeWorld, reporter: Reporter) => Reporter): string {
  const world = createFakeWorld();
  const fake = createFakeReporter();
  const reporter = open(world, fake);
  reporter.event({ event: 'tracker-lost', address: 'a:1', reason: 'gone', code: null, advice: null });
  reporter.failure(failure, { command: 'tracker', line: null });
  const logged = world.err().match(/happened|tracker_lost|command_failed/g) ?? [];
  const kinds = fake.reports.map((report) => report.type);
  return `${JSON.stringify(options)} logs ${logged.join(' ') || 'nothing'}, reports ${kinds.join(' ')}`;
}

describe('openServiceLog', () => {
  it('says everything once to people, and everything in one stream to machines', () => {
    const told = OPTIONS.map((options) =>
      outcome(options, (world, plain) => {
        const { log, reporter } = openServiceLog(options, world, plain);
        log({ level: 'info', event: 'happened', fields: {} });
        return reporter;
      }),
    );
    expect(told).toEqual([
      '{} logs happened, reports event error',
      '{"json":true} logs nothing, reports event error',
      '{"log":"text"} logs happened, reports event error',
      '{"json":true,"log":"text"} logs happened, reports event error',
      '{"log":"json"} logs happened tracker_lost command_failed, reports event',
      '{"json":true,"log":"json"} logs happened tracker_lost command_failed, reports event error',
      '{"logLevel":"error"} logs nothing, reports event error',
    ]);
  });
});

describe('openScriptLog', () => {
  it('logs nothing unless asked to, and then the events too', () => {
    const told = OPTIONS.map((options) =>
      outcome(options, (world, plain) => openScriptLog(options, world, plain)),
    );
    expect(told).toEqual([
      '{} logs nothing, reports event error',
      '{"json":true} logs nothing, reports event error',
      '{"log":"text"} logs tracker_lost, reports event error',
      '{"json":true,"log":"text"} logs tracker_lost, reports event error',
      '{"log":"json"} logs tracker_lost command_failed, reports event',
      '{"json":true,"log":"json"} logs tracker_lost command_failed, reports event error',
      '{"logLevel":"error"} logs nothing, reports event error',
    ]);
  });
});
