/**
 * What is really signed when a device states something: that it is a statement, its version and domain, and then the
 * statement itself.
 *
 * A device's key also signs in TLS and in its certificate. Those texts begin with other bytes, and the domain's length
 * stands before it, so no signature made for one purpose or domain is good for another.
 */
import { joinParts } from './join-parts.ts';

/** Ed25519 over the text below; another algorithm or text takes another number. */
export const STATEMENT_VERSION = 1;

const utf8 = new TextEncoder();
const OPENING: Uint8Array = utf8.encode('minitorrent-statement');

/** The bytes to sign. Throws RangeError for a domain that is not 1-64 characters of `a-z`, `0-9` and `-`. */
export function statementText(domain: string, statement: Uint8Array): Uint8Array {
  if (!/^[a-z0-9-]{1,64}$/.test(domain))
    throw new RangeError(`Cannot sign in domain ${JSON.stringify(domain)}: wanted 1-64 of a-z, 0-9 and -`);
  const head = Uint8Array.of(STATEMENT_VERSION, domain.length);
  return joinParts([OPENING, head, utf8.encode(domain), statement]);
}
