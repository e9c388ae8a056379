/**
 * Takes a password that was written on the command line out of the list of processes, which everybody on the machine can
 * read. For a moment it was there: environment variables are the better place.
 */
import type process from 'node:process';

export function hideArguments(own: Pick<typeof process, 'argv' | 'title'>): void {
  if (own.argv.some((word) => /postgres(?:ql)?:\/\/[^/]*@|[?&]password=/i.test(word)))
    own.title = 'minitorrent';
}
