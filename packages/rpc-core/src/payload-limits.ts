/**
 * Which payload is too large: decided as soon as a frame's type is known, before any of its payload is buffered.
 */
import type { Contract, Method } from './contract.ts';
import { reservedNames } from './contract.ts';
import type { RpcLimits } from './limits.ts';
import { envelopeBytes, smallPayloadBytes } from './limits.ts';

export interface PayloadLimits {
  /** Largest payload to accept for a frame of this type, now. */
  maxPayloadBytes(type: string): number;
  /** A client of `contract` was made: its responses and items may come. */
  expectAnswers(contract: Contract): void;
  /** The other side has proved who it is. */
  trust(): void;
}

/** Strangers get `limits.unauthenticatedPayloadBytes` at most, others what the contracts say. */
export function createPayloadLimits(
  limits: RpcLimits,
  methodsServed: ReadonlyMap<string, { readonly method: Method }>,
  options: { readonly trusted: boolean },
): PayloadLimits {
  const known = new Map<string, number>();
  let isTrusted = options.trusted;

  function allow(name: string, bodyBytes: number): void {
    known.set(name, Math.max(known.get(name) ?? smallPayloadBytes, bodyBytes + envelopeBytes));
  }

  for (const name of reservedNames) known.set(name, smallPayloadBytes);
  for (const [name, { method }] of methodsServed) allow(name, method.request.maxBytes);
  return {
    maxPayloadBytes(type) {
      const most = known.get(type) ?? limits.unknownPayloadBytes;
      return isTrusted ? most : Math.min(most, limits.unauthenticatedPayloadBytes);
    },
    expectAnswers(contract) {
      for (const [name, method] of Object.entries(contract.methods)) {
        allow(name, (method.kind === 'unary' ? method.response : method.item).maxBytes);
      }
    },
    trust() {
      isTrusted = true;
    },
  };
}
