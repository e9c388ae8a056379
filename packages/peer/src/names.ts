/** Names of users and groups as this peer's user gives them: one that no tracker would take is refused before it is sent. */
import { checkIdentifier } from '@minitorrent/chunk-store';
import { PeerError } from './errors.ts';

/** Answers `id`, or fails with `bad_name`. */
export function requireIdentifier(what: 'user' | 'group', id: string): string {
  const problem = checkIdentifier(id);
  if (problem === undefined) return id;
  // JSON keeps the control characters of a hostile name out of the message.
  const shown = JSON.stringify(id.slice(0, 80));
  throw new PeerError(
    'bad_name',
    `Cannot use ${shown} as the name of a ${what}: ${problem.replaceAll('_', ' ')}`,
  );
}
