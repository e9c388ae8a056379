/** Those systems that are on this machine, and those that are not. */
import type { BenchOptions, Contender, Sample } from '../harness/figure.ts';
import type { Found, System } from './system.ts';

export interface FoundSystems {
  readonly systems: readonly System[];
  readonly missing: readonly string[];
}

export async function findAll(searches: readonly Promise<Found>[]): Promise<FoundSystems> {
  const found = await Promise.all(searches);
  return {
    systems: found.flatMap((each) => ('system' in each ? [each.system] : [])),
    missing: found.flatMap((each) => ('missing' in each ? [each.missing] : [])),
  };
}

/** The same of those that take part in the long form alone; in the short one `names` are left out, which is said. */
export async function findForLong(
  form: BenchOptions['form'],
  names: readonly string[],
  search: () => readonly Promise<Found>[],
): Promise<FoundSystems & { readonly leftOut: readonly string[] }> {
  if (form === 'long') return { ...(await findAll(search())), leftOut: [] };
  return {
    systems: [],
    missing: [],
    leftOut: names.map((name) => `${name} (takes part in the long form)`),
  };
}

export function contend(system: System, run: (system: System) => Promise<Sample>): Contender {
  return { name: system.name, version: system.version, run: () => run(system) };
}
