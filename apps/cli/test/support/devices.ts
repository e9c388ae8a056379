/** Devices that are told apart by one number, and how they are written. */
import { formatDeviceId } from '@minitorrent/rpc-core/identity';
import type { WhoAnswers } from '../../src/places/who-answers.ts';

export function device(byte: number): Uint8Array {
  return new Uint8Array(32).fill(byte);
}

export function idOf(byte: number): string {
  return formatDeviceId(device(byte));
}

/** Every tracker is device 1. */
export const deviceOneAnswers: WhoAnswers = async () => device(1);
