import { StoreError } from '../src/index.ts';

/** The code of the `StoreError` that the action fails with. Anything else thrown goes on. */
export function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return codeFrom(error);
  }
  return 'nothing thrown';
}

/** The same for a call that answers later. */
export async function codeOfCall(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    return codeFrom(error);
  }
  return 'nothing thrown';
}

function codeFrom(error: unknown): string {
  if (error instanceof StoreError) return error.code;
  throw error;
}
