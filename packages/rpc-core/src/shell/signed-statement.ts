/** Statements of devices: signed for one domain, and good in no other. */
import { STATEMENT_VERSION, statementText } from '../statement.ts';
import type { Identity } from './identity.ts';
import { verifySignature } from './identity.ts';

/**
 * The proof that `identity` states `statement` in `domain` (1-64 of `a-z`, `0-9`, `-`): a version byte and a signature, 65
 * bytes. Neither the statement nor who states it is in the proof.
 */
export function signStatement(
  identity: Pick<Identity, 'sign'>,
  domain: string,
  statement: Uint8Array,
): Uint8Array {
  return Uint8Array.of(STATEMENT_VERSION, ...identity.sign(statementText(domain, statement)));
}

/** Whether `proof` shows that the owner of `publicKey` stated `statement` in `domain`. */
export function verifyStatement(
  publicKey: Uint8Array,
  domain: string,
  statement: Uint8Array,
  proof: Uint8Array,
): boolean {
  const text = statementText(domain, statement);
  return proof[0] === STATEMENT_VERSION && verifySignature(publicKey, text, proof.subarray(1));
}
