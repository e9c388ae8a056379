/** A question to the register of a cluster, as the replication core takes the answer. */
import { describe } from '../errors.ts';
import type { ReadOutcome, Register, SwapOutcome } from '../register.ts';
import type { ClusterOptions } from './options.ts';

/** A register must not reject; one that does anyway has not answered. */
export async function askRegister<O extends ReadOutcome | SwapOutcome>(
  { register }: Pick<ClusterOptions, 'register'>,
  question: (register: Register) => Promise<O>,
): Promise<O | { readonly kind: 'unknown'; readonly why: string }> {
  if (register === undefined) return { kind: 'unknown', why: 'there is no register' };
  try {
    return await question(register);
  } catch (error) {
    return { kind: 'unknown', why: describe(error) };
  }
}
