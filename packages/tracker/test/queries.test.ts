import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MESSAGE_LIMITS } from '../src/message-limits.ts';
import type { TrackerState } from '../src/model.ts';
import { requestPage } from '../src/queries.ts';
import { apply, createState, type OwnedState } from '../src/state.ts';

const MOST = MESSAGE_LIMITS.requestsPerPage;
const names = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, at) => `${prefix}-${String(at).padStart(3, '0')}`);

describe('requestPage', () => {
  it('gives every request once, by group and user, whatever the sizes of the groups', async () => {
    const sizes = fc.array(fc.nat({ max: 2 * MOST }), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.property(sizes, (each) => {
        const waiting = each.map((size, at) => [`group-${at}`, names('user', size)] as const);
        const state = stateWith(waiting.toReversed());
        const expected = waiting.flatMap(([groupId, users]) => users.map((user) => `${groupId}/${user}`));
        expect(listed(state, '')).toEqual(expected);
        expect(listed(state, 'group-0')).toEqual(expected.filter((name) => name.startsWith('group-0/')));
      }),
      { numRuns: 20 },
    );
  });

  it('goes on behind a request that was decided since, and ends with a full page when none follows', () => {
    const users = names('user', MOST + 1);
    const state = stateWith([['films', users]]);
    const { next } = requestPage(state, { ...asked, after: '' });
    expect(next).toBe(`films/${users[MOST - 1]}`);
    const by = 'alice';
    apply(state, { kind: 'join_refused', groupId: 'films', userId: users[MOST - 1] ?? '', by });
    const second = requestPage(state, { ...asked, after: next });
    expect(second).toMatchObject({ items: [{ groupId: 'films', userId: users[MOST] }], next: '' });
    const full = requestPage(state, { ...asked, after: '' });
    expect([full.items.length, full.next]).toEqual([MOST, '']);
  });
});

const asked = { groupId: '', userId: 'alice', nowMs: 1, maxBytes: Number.POSITIVE_INFINITY };

/** A state in which alice is the admin of these groups, and these users ask to join them. */
function stateWith(groups: readonly (readonly [string, readonly string[]])[]): OwnedState {
  const state = createState();
  const users = new Set(['alice', ...groups.flatMap(([, waiting]) => waiting)]);
  for (const userId of users) apply(state, { kind: 'user_created', userId, passwordHash: '', atMs: 1 });
  for (const [groupId, waiting] of groups) {
    apply(state, { kind: 'group_created', groupId, userId: 'alice', atMs: 1 });
    for (const userId of waiting.toReversed())
      apply(state, { kind: 'join_requested', groupId, userId, atMs: 1 });
  }
  return state;
}

/** All pages, as `group/user`. */
function listed(state: TrackerState, groupId: string): string[] {
  const found: string[] = [];
  for (let after = ''; ; ) {
    const { items, next } = requestPage(state, { ...asked, groupId, after });
    expect(items.length).toBeLessThanOrEqual(MOST);
    found.push(...items.map((item) => `${item.groupId}/${item.userId}`));
    if (next === '') return found;
    after = next;
  }
}
