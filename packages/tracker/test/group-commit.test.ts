import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GroupCommit } from '../src/journal/group-commit.ts';

interface Commit {
  readonly batch: readonly number[];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

describe('GroupCommit', () => {
  it('commits everything once, in order, one batch at a time, and answers as its batch ends', async () => {
    const steps = fc.array(fc.constantFrom('add', 'succeed', 'fail', 'wait'), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(steps, async (sequence) => {
        const { group, commits } = createGroup();
        const outcomes: Promise<string>[] = [];
        const expected: string[] = [];
        let settled = 0;
        const settle = (isKept: boolean): void => {
          const commit = commits[settled];
          if (commit === undefined) return;
          settled += 1;
          for (const item of commit.batch) expected[item] = isKept ? 'kept' : `lost with ${commit.batch[0]}`;
          if (isKept) commit.resolve();
          else commit.reject(new Error(`lost with ${commit.batch[0]}`));
        };
        for (const step of [
          ...sequence,
          ...Array(sequence.length + 1)
            .fill(['succeed', 'wait'])
            .flat(),
        ]) {
          if (step === 'add') outcomes.push(outcomeOf(group.add(outcomes.length)));
          else if (step === 'wait') await turn();
          else settle(step === 'succeed');
          expect(commits.length - settled).toBeLessThanOrEqual(1);
        }
        expect(await Promise.all(outcomes)).toEqual(expected);
        expect(commits.flatMap(({ batch }) => batch)).toEqual(outcomes.map((_, at) => at));
        expect(group.isIdle).toBe(true);
      }),
    );
  });

  it('puts what is given in one turn into one batch, and what comes meanwhile into the next', async () => {
    const { group, commits } = createGroup();
    const first = [group.add(1), group.add(2)];
    await turn();
    const second = [group.add(3), group.add(4)];
    await turn();
    expect(commits.map(({ batch }) => batch)).toEqual([[1, 2]]);
    commits[0]?.resolve();
    await Promise.all(first);
    await turn();
    expect(commits.map(({ batch }) => batch)).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(group.isIdle).toBe(false);
    const idle = group.idle();
    commits[1]?.resolve();
    await Promise.all([...second, idle]);
    expect(group.isIdle).toBe(true);
  });
});

function createGroup(): { readonly group: GroupCommit<number>; readonly commits: readonly Commit[] } {
  const commits: Commit[] = [];
  const group = new GroupCommit<number>((batch) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    commits.push({ batch, resolve, reject });
    return promise;
  });
  return { group, commits };
}

function outcomeOf(added: Promise<void>): Promise<string> {
  return added.then(
    () => 'kept',
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
}

/** Longer than any chain of promises here. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
