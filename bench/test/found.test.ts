import { describe, expect, test } from 'vitest';
import { findAll, findForLong } from '../transfer/found.ts';
import type { Found, System } from '../transfer/system.ts';

const system: System = { name: 'here', version: '1', open: () => Promise.reject(new Error('Not asked to')) };
const search = (): readonly Promise<Found>[] => [
  Promise.resolve({ system }),
  Promise.resolve({ missing: 'gone (apt-get install gone)' }),
];

test('findAll tells those that are here from those that are not', async () => {
  expect(await findAll(search())).toEqual({ systems: [system], missing: ['gone (apt-get install gone)'] });
});

describe('findForLong', () => {
  test('looks for them in the long form', async () => {
    expect(await findForLong('long', ['here', 'gone'], search)).toEqual({
      ...(await findAll(search())),
      leftOut: [],
    });
  });

  test('names them in the short form, and does not look', async () => {
    const look = () => {
      throw new Error('It looked');
    };
    expect(await findForLong('short', ['here', 'gone'], look)).toEqual({
      systems: [],
      missing: [],
      leftOut: ['here (takes part in the long form)', 'gone (takes part in the long form)'],
    });
  });
});
