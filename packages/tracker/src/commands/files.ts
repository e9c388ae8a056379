/** Commands about the files of a group. */
import type { FileDescriptor } from '@minitorrent/chunk-store';
import { deviceIdOf } from '@minitorrent/rpc-core/identity';
import { TrackerError } from '../errors.ts';
import type { TrackerEvent } from '../events.ts';
import { adminsOf, requireFile, requireGroup, requireMember } from '../guards.ts';
import { toHex } from '../hex.ts';
import type { TrackerLimits } from '../limits.ts';
import { type FileSignature, isSignedFile } from '../membership/file-signature.ts';
import type { Group } from '../model.ts';
import type { Command } from './command.ts';
import { createCommand, decided } from './command.ts';
import { type Asker, grantOf, requireAdminDevice } from './grants.ts';

interface Share {
  readonly groupId: string;
  readonly file: FileDescriptor;
  readonly by: string;
  readonly atMs: number;
  /** By a device of `by`. */
  readonly signature?: FileSignature | undefined;
}

/** `by` shares a file; `unknown_group`, `not_a_member`, `file_exists`, `limit_reached`, `bad_signature`. */
export function shareFile(share: Share, limits: Pick<TrackerLimits, 'filesPerGroup'>): Command {
  const { groupId, file, by, atMs, signature } = share;
  return createCommand(['upload_file', by, groupId, file.name, toHex(file.root)], (state) => {
    const group = requireGroup(state, groupId);
    requireMember(group, by);
    requireNewFile(group, file);
    if (group.files.size >= limits.filesPerGroup) {
      throw new TrackerError('limit_reached', `${groupId} has ${group.files.size} files, which is the most`);
    }
    const shared = { kind: 'file_shared', groupId, file, by, atMs } as const;
    return signature === undefined
      ? decided(shared)
      : decided(shared, signedBy(group, { ...share, signature }));
  });
}

function signedBy(group: Group, share: Share & { readonly signature: FileSignature }): TrackerEvent {
  const { groupId, file, by: userId, atMs, signature } = share;
  if (!isSignedFile({ groupId, userId, file }, signature))
    throw badSignature(`it is not that of ${userId} for ${file.name} in ${groupId}`);
  const grant = grantOf(group, { userId, deviceId: deviceIdOf(signature.publicKey) }, atMs);
  if (grant === undefined) throw badSignature(`the device that signed is not let into ${groupId}`);
  return { kind: 'file_signed', groupId, name: file.name, ...signature, sharer: grant.proof };
}

function badSignature(reason: string): TrackerError {
  return new TrackerError('bad_signature', `Cannot take this signature: ${reason}`);
}

interface Stop extends Asker {
  readonly groupId: string;
  readonly name: string;
  readonly atMs: number;
}

/**
 * The file leaves the group's list. Fails with `unknown_group`, `not_a_member`, `unknown_file`, `not_the_sharer`,
 * `not_admitted`.
 */
export function stopSharing(stop: Stop): Command {
  const { groupId, name, by, atMs } = stop;
  return createCommand(['stop_sharing', by, groupId, name], (state) => {
    const group = requireGroup(state, groupId);
    const { role } = requireMember(group, by);
    const { file, sharedBy } = requireFile(group, name);
    if (sharedBy !== by && role !== 'admin') {
      const able = [...new Set([sharedBy, ...adminsOf(group)])].join(', ');
      throw new TrackerError(
        'not_the_sharer',
        `${by} did not share ${name} in ${groupId}; these can end it: ${able}`,
      );
    }
    if (sharedBy !== by) requireAdminDevice(group, stop, atMs);
    return decided({ kind: 'sharing_stopped', groupId, name, root: file.root, by });
  });
}

function requireNewFile(group: Group, file: FileDescriptor): void {
  const existing = group.files.get(file.name);
  if (existing === undefined) return;
  const where = `${existing.sharedBy} shares ${file.name} in ${group.groupId} already`;
  if (toHex(existing.file.root) === toHex(file.root)) {
    throw new TrackerError('file_exists', `${where}, with the same content; download it to help to share it`);
  }
  throw new TrackerError('file_exists', `${where}, with other content; rename your file`);
}
