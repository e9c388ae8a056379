import { RpcError } from '@minitorrent/rpc-core';
import { TrackerError } from '@minitorrent/tracker';
import { describe, expect, it } from 'vitest';
import { logFields } from '../src/logging/log-fields.ts';
import { trackerRecord } from '../src/logging/tracker-log.ts';

const remote = { host: '::1', port: 9 };

describe('trackerRecord', () => {
  it('has a level and flat fields for what a tracker reports', () => {
    expect(trackerRecord({ kind: 'logged_in', userId: 'alice', host: '::1' })).toEqual({
      level: 'info',
      event: 'logged_in',
      fields: { userId: 'alice', host: '::1' },
    });
    expect(trackerRecord({ kind: 'login_failed', userId: 'alice', host: '::1' }).level).toBe('warn');
    expect(trackerRecord({ kind: 'connection_refused', remote, reason: 'too_many_connections' })).toEqual({
      level: 'warn',
      event: 'connection_refused',
      fields: { remote: '[::1]:9', reason: 'too_many_connections' },
    });
    const error = new RpcError('connection_lost', 'It is gone');
    expect(trackerRecord({ kind: 'connection_failed', remote, error })).toEqual({
      level: 'info',
      event: 'connection_failed',
      fields: { remote: '[::1]:9', code: 'connection_lost', message: 'It is gone' },
    });
    const stopped = new TrackerError('journal_failed', 'The disk is full');
    expect(trackerRecord({ kind: 'stopped_writing', error: stopped })).toEqual({
      level: 'error',
      event: 'stopped_writing',
      fields: { code: 'journal_failed', message: 'The disk is full' },
    });
  });

  it('shows where a defect comes from', () => {
    const { level, fields } = trackerRecord({
      kind: 'handler_failed',
      method: 'login',
      error: new TypeError('x is undefined'),
    });
    expect(level).toBe('error');
    expect(fields).toMatchObject({ method: 'login', code: null, message: 'x is undefined' });
    expect(fields.stack).toContain('tracker-log.test.ts');
  });
});

describe('logFields', () => {
  it('makes one word or sentence of everything', () => {
    expect(
      logFields({
        text: 'a',
        none: undefined,
        nothing: null,
        bytes: new Uint8Array([1, 171]),
        list: [1, 2],
        big: 5n,
        error: 'thrown text',
      }),
    ).toEqual({
      text: 'a',
      none: null,
      nothing: null,
      bytes: '01ab',
      list: '[1,2]',
      big: '5',
      error: 'thrown text',
    });
  });
});
