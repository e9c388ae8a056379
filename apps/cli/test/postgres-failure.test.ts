import { TrackerError } from '@minitorrent/tracker';
import { DatabaseError } from 'pg';
import { describe, expect, it } from 'vitest';
import { explainPostgresFailure } from '../src/postgres-failure.ts';

describe('explainPostgresFailure', () => {
  const shown = 'postgresql://db/x';
  const failed = (message: string, cause?: unknown) => new TrackerError('journal_failed', message, { cause });

  it('tells a server that is away from one that refuses, and from one that is not fit', () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED 10.0.0.1:5432'), { errno: -111 });
    expect(explainPostgresFailure(failed('…', refused), shown)).toMatchObject({
      code: 'postgres_unreachable',
      message: 'Cannot reach PostgreSQL at postgresql://db/x: connection refused',
    });
    const rejected = new DatabaseError('password authentication failed for user "alice"', 0, 'error');
    expect(explainPostgresFailure(failed('…', rejected), shown)).toMatchObject({
      code: 'postgres_refused',
      message: 'PostgreSQL at postgresql://db/x refuses: password authentication failed for user "alice"',
    });
    expect(explainPostgresFailure(failed('It runs with fsync = off; turn it on'), shown)).toMatchObject({
      code: 'postgres_unfit',
      message: 'It runs with fsync = off; turn it on',
    });
  });

  it('explains what comes from PostgreSQL itself, too', () => {
    const rejected = new DatabaseError('permission denied', 0, 'error');
    expect(explainPostgresFailure(rejected, shown)).toMatchObject({ code: 'postgres_refused' });
    expect(explainPostgresFailure(new Error('ended'), shown)).toMatchObject({ code: 'postgres_unreachable' });
  });

  it('leaves other failures as they are', () => {
    for (const error of [new TrackerError('journal_corrupt', 'bad'), new TypeError('defect')]) {
      expect(explainPostgresFailure(error, shown)).toBe(error);
    }
  });
});
