/** Counts how many there are of each name, and forgets names of which there are none. */
export interface Counter {
  count(name: string): number;
  add(name: string): void;
  remove(name: string): void;
}

export function createCounter(): Counter {
  const counts = new Map<string, number>();
  const count = (name: string): number => counts.get(name) ?? 0;
  return {
    count,
    add: (name) => counts.set(name, count(name) + 1),
    remove: (name) => (count(name) > 1 ? counts.set(name, count(name) - 1) : counts.delete(name)),
  };
}
