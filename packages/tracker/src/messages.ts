/**
 * The messages between peers and trackers as codecs: the bytes that `PROTOCOL.md` describes.
 *
 * Every message is an extensible struct, and so is whatever it lists, so that a later version can add a field at its end
 * and an older reader skips it. Names are checked here, at the border: a handler never sees one that the validator
 * refuses. Nothing here decides.
 */
export type { FileDescriptor } from '@minitorrent/chunk-store';
export * from './messages/accounts.ts';
export * from './messages/callbacks.ts';
export * from './messages/files.ts';
export * from './messages/groups.ts';
export * from './messages/invitations.ts';
export * from './messages/operators.ts';
export * from './messages/presence.ts';
export * from './messages/stamps.ts';
export * from './messages/trackers.ts';
export * from './messages/values.ts';
