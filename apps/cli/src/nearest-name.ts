/** Finds what somebody probably meant who wrote a name that is none. */

/** The first of `names` that is nearly what was typed: its whole, or its first word. */
export function nearestName(typed: string, names: readonly string[]): string | undefined {
  return names.find((name) => isNearly(typed, name) || isNearly(typed, name.split(' ')[0] ?? ''));
}

/** Other case or separators, one half of the name, or two letters changed places, too many or too few. */
function isNearly(typed: string, name: string): boolean {
  const plain = (text: string) => text.toLowerCase().replace(/[^a-z]/g, '');
  const [a, b] = [plain(typed), plain(name)];
  if (a.length < 3) return false;
  return b.startsWith(a) || a.startsWith(b) || editDistance(a, b) <= 2;
}

/** Levenshtein's distance, row by row. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(replaced, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    previous = row;
  }
  return previous[b.length] ?? 0;
}
