/** Objects with a method that does something else, such as stores that fail or are slow. */

/** `target`, but with `instead` in the place of one of its methods. */
export function replaced<T extends object>(target: T, method: keyof T, instead: unknown): T {
  return new Proxy(target, {
    get(_, name) {
      if (name === method) return instead;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
