/**
 * The beginning of an id, for people to compare: two groups of it are 65 bits, and nobody can make a key whose id begins as
 * another one does with that many. A tracker that would put in a device of its own is found out by that.
 */

const GROUPS = 2;

/** `MFRGGZD-FMZTWQ2` of `MFRGGZD-FMZTWQ2-...`. */
export function shortId(id: string): string {
  return id.split('-').slice(0, GROUPS).join('-');
}

/** For people to compare: a tracker could put in another one. */
export function devicesNamed(ids: readonly string[]): string {
  if (ids.length === 0) return 'no device that can be told';
  return `the device${ids.length === 1 ? '' : 's'} ${shortIds(ids)}`;
}

/** Several of them, as in a sentence or a cell. */
export function shortIds(ids: readonly string[]): string {
  return ids.map(shortId).join(', ');
}
