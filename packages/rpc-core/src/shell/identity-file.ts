/**
 * Where a device keeps its key: one file, for its owner's eyes only, made once and never changed.
 *
 * It holds the key and the certificate (PEM, both), and is exactly what would be written again for that key. So a file of
 * which a bit changed or half is missing is never taken for the key of another device: it is refused, and so is one that
 * others may read. Nothing here replaces or repairs a key, for a device without its key is another device.
 */
import { createPrivateKey, randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, link, mkdir, open, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { RpcError } from '../errors.ts';
import { createIdentity, type Identity, identityOf } from './identity.ts';
import { reasonOf } from './tcp-network.ts';
import { certificatePem } from './tls-settings.ts';

/** Where the key is. */
export interface IdentityFileOptions {
  /** Made where it is missing, then for its owner alone. The file in it is `identity.pem`. */
  readonly folder: string;
}

const FILE_NAME = 'identity.pem';
const PRIVATE_FILE = 0o600;
const PRIVATE_FOLDER = 0o700;
const ANYBODY_ELSE = 0o077;
/** A file of ours has about 500 bytes. */
const MAX_FILE_BYTES = 4096;

/**
 * The identity kept in `folder`; a new one, durable when this resolves, where there is none. Processes that do this at the
 * same time get the same one. Fails with `identity_exposed`, `identity_corrupt` and `identity_failed`.
 */
export async function loadOrCreateIdentity({ folder }: IdentityFileOptions): Promise<Identity> {
  const path = join(resolve(folder), FILE_NAME);
  try {
    const kept = await load(path);
    if (kept !== undefined) return kept;
    await create(path);
    // What is there now may be another process's.
    const made = await load(path);
    if (made === undefined) throw new Error('it vanished as soon as it was made');
    return made;
  } catch (cause) {
    if (cause instanceof RpcError || !(cause instanceof Error)) throw cause;
    throw new RpcError('identity_failed', `Cannot keep this device's key in ${path}: ${reasonOf(cause)}`, {
      cause,
    });
  }
}

async function load(path: string): Promise<Identity | undefined> {
  const handle = await openIfThere(path);
  if (handle === undefined) return undefined;
  try {
    await requirePrivate(handle, path);
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(MAX_FILE_BYTES), 0, MAX_FILE_BYTES, 0);
    return read(buffer.toString('latin1', 0, bytesRead), path);
  } finally {
    await handle.close();
  }
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, constants.O_RDONLY);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

async function requirePrivate(handle: FileHandle, path: string): Promise<void> {
  const { mode } = await handle.stat();
  // On Windows, modes say nothing; a folder of the user's profile is private to begin with.
  if (process.platform === 'win32' || (mode & ANYBODY_ELSE) === 0) return;
  const found = (mode & 0o777).toString(8).padStart(3, '0');
  throw new RpcError(
    'identity_exposed',
    `Cannot use this device's key in ${path}: its mode is ${found}, expected ${PRIVATE_FILE.toString(8)}; ` +
      'run chmod 600 on it, or remove it to become a new device if somebody may have read it',
  );
}

function read(text: string, path: string): Identity {
  const identity = readKey(text);
  if (identity !== undefined && fileText(identity) === text) return identity;
  throw new RpcError(
    'identity_corrupt',
    `Cannot use this device's key in ${path}: it is not what was written there; ` +
      'restore it from a copy, or remove it to become a new device',
  );
}

function readKey(text: string): Identity | undefined {
  try {
    const key = createPrivateKey(text);
    return key.asymmetricKeyType === 'ed25519' ? identityOf(key) : undefined;
  } catch {
    // No key can be read in it: not worth telling apart from a wrong one.
    return undefined;
  }
}

function fileText({ privateKey, certificate }: Identity): string {
  return `${privateKey.export({ format: 'pem', type: 'pkcs8' })}${certificatePem(certificate)}`;
}

/**
 * Writes a new key in full under another name and then takes the name, if it is still free. A file system that cannot link
 * cannot keep a file private either (FAT), so there is no other way round.
 */
async function create(path: string): Promise<void> {
  const folder = dirname(path);
  const firstMade = await mkdir(folder, { recursive: true, mode: PRIVATE_FOLDER });
  const temporary = `${path}.${randomUUID()}`;
  try {
    await using file = await open(temporary, 'wx', PRIVATE_FILE);
    await file.writeFile(fileText(createIdentity()));
    await file.sync();
    await linkIfFree(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
  await syncFolders(folder, firstMade === undefined ? folder : dirname(firstMade));
}

async function linkIfFree(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
  }
}

/** Makes the names in `folder` durable, and in those above it up to `top`. */
async function syncFolders(folder: string, top: string): Promise<void> {
  // Windows cannot open a folder; NTFS journals names by itself.
  if (process.platform === 'win32') return;
  await using handle = await open(folder, constants.O_RDONLY);
  await handle.sync();
  if (folder !== top) await syncFolders(dirname(folder), top);
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
