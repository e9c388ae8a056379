import { describe, expect, test } from 'vitest';
import { describeError, isMeantForCaller } from '../src/errors.ts';
import { RpcError } from '../src/index.ts';

describe('RpcError', () => {
  test('carries code, cause and where it comes from', () => {
    const cause = new Error('deeper');
    const error = new RpcError('internal', 'Cannot do it', { cause, remote: true });
    expect(error).toMatchObject({ name: 'RpcError', code: 'internal', remote: true, cause });
    expect(new RpcError('busy', 'Later').remote).toBe(false);
  });
});

describe('isMeantForCaller', () => {
  test('an error that the handler made travels', () => {
    expect(isMeantForCaller(new RpcError('group_exists', 'There is one'))).toBe(true);
    expect(isMeantForCaller(new RpcError('deadline_exceeded', 'Too slow'))).toBe(true);
  });

  test.each([
    ['what another connection answered', new RpcError('busy', 'Later', { remote: true })],
    ['the loss of another connection', new RpcError('connection_lost', 'Gone')],
    ['a code that cannot travel', new RpcError('Not A Code', 'x')],
    ['anything else', new TypeError('undefined is not a function')],
    ['no error at all', 'text'],
  ])('%s stays at home', (_what, error) => expect(isMeantForCaller(error)).toBe(false));
});

describe('describeError', () => {
  test('takes whatever was thrown', () => {
    expect(describeError(new Error('message'))).toBe('message');
    expect(describeError('text')).toBe('text');
  });
});
