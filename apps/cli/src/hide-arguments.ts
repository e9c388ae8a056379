/**
 * Takes secrets that were written on the command line out of the list of processes, which everybody on the machine can
 * read: passwords of databases, and the id of a cluster. For a moment they were there; environment variables and data
 * folders are the better places.
 */
import type process from 'node:process';

const PASSWORD = /(postgres(?:ql)?:\/\/)[^/]*@|([?&]password=)[^&]*/gi;
const CLUSTER = '--cluster';
const MASK = '...';

/** Has the process shown with its arguments, but without what is secret in them. Without a secret nothing changes. */
export function hideArguments(own: Pick<typeof process, 'argv' | 'title'>): void {
  const words = own.argv.slice(2);
  const shown = words.map((word, index) => withoutSecret(word, words[index - 1]));
  if (shown.some((word, index) => word !== words[index])) own.title = ['minitorrent', ...shown].join(' ');
}

function withoutSecret(word: string, previous: string | undefined): string {
  if (previous === CLUSTER) return MASK;
  if (word.startsWith(`${CLUSTER}=`)) return `${CLUSTER}=${MASK}`;
  return word.replace(PASSWORD, (_, url?: string, parameter?: string) =>
    url === undefined ? `${parameter}${MASK}` : `${url}${MASK}@`,
  );
}
