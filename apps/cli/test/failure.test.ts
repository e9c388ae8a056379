import { RpcError } from '@minitorrent/rpc-core';
import { TrackerError } from '@minitorrent/tracker';
import { describe, expect, it } from 'vitest';
import { CliError } from '../src/cli-error.ts';
import { describeFailure, messageOf, systemReason } from '../src/failure.ts';

describe('describeFailure', () => {
  it('tells of another device in the place of a tracker, and not of one that cannot be reached', () => {
    const cause = new RpcError('wrong_identity', 'Cannot connect to t:7700: it is A, expected B');
    const error = Object.assign(new Error('Cannot reach a tracker at t:7700', { cause }), {
      code: 'tracker_unreachable',
    });
    expect(describeFailure(error)).toMatchObject({ code: 'wrong_identity', message: cause.message });
    const silent = Object.assign(new Error('Cannot reach a tracker at t:7700'), {
      code: 'tracker_unreachable',
    });
    expect(describeFailure(silent)).toMatchObject({ code: 'tracker_unreachable' });
  });

  it('says what to do once: in our words, else in those of the message', () => {
    const locked = new TrackerError('locked', 'The folder /d is in use by another tracker; stop that one');
    expect(describeFailure(locked)).toMatchObject({
      message: 'The folder /d is in use by another tracker',
      advice: expect.stringMatching(/--data/),
    });
    const limited = new RpcError('too_many_attempts', 'Too many failed logins; try again in 30 s', {
      remote: true,
    });
    expect(describeFailure(limited)).toMatchObject({
      message: 'Too many failed logins',
      advice: 'try again in 30 s',
    });
    const stopped = new TrackerError(
      'read_only',
      'No changes (disk; full); lists still work; repair the disk',
    );
    expect(describeFailure(stopped)).toMatchObject({
      message: 'No changes (disk; full); lists still work',
      advice: 'repair the disk',
    });
    expect(messageOf(stopped)).toBe(stopped.message);
  });

  it('leaves a message alone that has no advice, or no code', () => {
    expect(describeFailure(new TypeError('a; b'))).toMatchObject({
      code: null,
      message: 'a; b',
      advice: null,
    });
    expect(describeFailure('a; b')).toMatchObject({ code: null, message: 'a; b' });
    const error = new CliError('process_ended', 'bob ended early');
    expect(describeFailure(error)).toMatchObject({ message: 'bob ended early', advice: null });
  });

  it('advises the operator of a tracker otherwise than its users', () => {
    const error = new TrackerError('journal_failed', 'Cannot write');
    expect(describeFailure(error).advice).toMatch(/whoever runs the tracker/);
    expect(describeFailure(error, 'tracker').advice).toMatch(/check the disk/);
  });

  it('names every reason of a failure that has several', () => {
    const error = Object.assign(new AggregateError([new Error('a'), new Error('b')], ''), { code: 'X' });
    expect(describeFailure(error)).toMatchObject({ code: 'X', message: 'a, b', advice: null });
  });
});

describe('systemReason', () => {
  it('says what the system says, without action and address', () => {
    const error = Object.assign(new Error('listen EADDRINUSE: address already in use ::1:7780'), {
      errno: -98,
    });
    expect(systemReason(error)).toBe('address already in use');
    expect(systemReason(new Error('odd'))).toBe('odd');
    expect(systemReason('text')).toBe('text');
  });
});
