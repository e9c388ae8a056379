/**
 * How a register is made, read and replaced in its folder: the order of the steps, and nothing of what it means.
 */
import { describe, TrackerError } from '../errors.ts';
import { decodeRegister, encodeRegister, type RegisterContent } from './register-file.ts';
import type { WitnessFiles } from './witness-files.ts';

export const REGISTER_FILE = 'witness.register';
/** Where the next register is written until it is complete; what a crash leaves of it is never read. */
export const TEMPORARY_FILE = 'witness.register.new';

/** What the file holds; undefined where there is none. Fails with `register_failed`. */
export function readRegisterFile(files: WitnessFiles): Promise<Uint8Array | undefined> {
  return attempt('read', files, () => files.read(REGISTER_FILE));
}

/** Fails with `no_register`, `register_corrupt`, `register_too_new`, `register_failed`. */
export async function readRegister(files: WitnessFiles): Promise<RegisterContent> {
  return decodeRegister(await readRegisterFile(files), files.place);
}

/**
 * Replaces the register as a whole. When this resolves, `content` is durable; when it fails with `register_failed`, or
 * the machine does, the file holds the old content or this one.
 */
export function writeRegister(files: WitnessFiles, content: RegisterContent): Promise<void> {
  return attempt('write', files, async () => {
    await files.remove(TEMPORARY_FILE);
    await writeNewFile(files, encodeRegister(content));
    await files.rename(TEMPORARY_FILE, REGISTER_FILE);
    await files.syncFolder();
  });
}

/** Fails with `register_exists` where there is a register already, whole or not. */
export async function requireNoRegister(files: WitnessFiles): Promise<void> {
  if ((await readRegisterFile(files)) === undefined) return;
  const message = `There is a register in ${files.place} already; a cluster has one and keeps it. Move it away first if it is of no use any more`;
  throw new TrackerError('register_exists', message);
}

async function writeNewFile(files: WitnessFiles, bytes: Uint8Array): Promise<void> {
  const file = await files.create(TEMPORARY_FILE);
  try {
    await file.write(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function attempt<T>(action: string, { place }: WitnessFiles, task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (cause) {
    const message = `Cannot ${action} the register in ${place}: ${describe(cause)}`;
    throw new TrackerError('register_failed', message, { cause });
  }
}
