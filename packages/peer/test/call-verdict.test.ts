import { RpcError } from '@minitorrent/rpc-core';
import { describe, expect, it } from 'vitest';
import { judgeFailure } from '../src/call-verdict.ts';

const remote = (code: string): RpcError => new RpcError(code, 'Cannot do that', { remote: true });
const here = (code: string): RpcError => new RpcError(code, 'Cannot do that');
const write = { isRead: false, isStale: false };

describe('judgeFailure', () => {
  it.each([
    ['a connection that broke', here('connection_lost'), 'again'],
    ['a connection that was closed before the call', here('closed'), 'again'],
    ['a tracker that does not decide', remote('not_primary'), 'again'],
    ['trackers of which none decides', remote('no_primary'), 'again'],
    ['a write of which nobody knows whether it was done', remote('unconfirmed'), 'again'],
    ['a tracker whose disk failed', remote('journal_failed'), 'elsewhere'],
    ['a tracker that takes no changes', remote('read_only'), 'elsewhere'],
    ['a tracker that closes', remote('closed'), 'elsewhere'],
    ['a tracker with data of another cluster', remote('foreign_data'), 'elsewhere'],
    ['a tracker of which there are two', remote('store_copied'), 'elsewhere'],
    ['a refusal', remote('group_exists'), 'final'],
    ['an answer that cannot be read', here('bad_response'), 'final'],
    ['what is no error of a call', new TypeError('oops'), 'final'],
  ])('of %s', (_what, error, verdict) => {
    expect(judgeFailure(error, write)).toBe(verdict);
  });

  it('lets another tracker answer what a backup refuses from what it knows, and no write', () => {
    const refusal = remote('unknown_file');
    expect(judgeFailure(refusal, { isRead: true, isStale: true })).toBe('elsewhere');
    expect(judgeFailure(refusal, { isRead: true, isStale: false })).toBe('final');
    expect(judgeFailure(refusal, { isRead: false, isStale: true })).toBe('final');
  });
});
