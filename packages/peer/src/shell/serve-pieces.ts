/**
 * What this peer answers to other peers: which pieces it has, the piece layer, and pieces.
 *
 * Who is served next, and with which piece, is the uplink's decision; here the bytes go from the store to the call.
 */
import { createPieceLayout, HASH_BYTES, StoreError } from '@minitorrent/chunk-store';
import { type Connection, type HandlerContext, RpcError, type Served, serve } from '@minitorrent/rpc-core';
import { toHex } from '@minitorrent/tracker/contract';
import { type PieceInfoItem, type PieceItem, peerContract } from '../contract.ts';
import { PEER_MESSAGE_LIMITS as LIMITS } from '../message-limits.ts';
import { peerAtOtherEnd } from '../peer-place.ts';
import type { SharedFile, SharedFiles } from './shared-files.ts';
import type { Uplink } from './uplink.ts';

interface FileOfGroup {
  readonly groupId: string;
  readonly root: Uint8Array;
}

/** The handlers of `peerContract` over these files and this uplink. */
export function servePieces(files: SharedFiles, uplink: Uplink): Served {
  return serve(peerContract, {
    send_piece_info: (request, { connection, signal }) =>
      pieceInfo(fileFor(connection, files, request), signal),
    send_piece_layer: async (request, { connection }) =>
      pieceLayer(fileFor(connection, files, request), request),
    send_pieces: (request, context) => sendPieces(files, uplink, request, context),
  });
}

/**
 * The file, for whoever is at the other end of `connection`: all that is served passes here. Fails with `unknown_file`.
 * Whether they may have files of that group is not asked yet: whoever knows the root may.
 */
function fileFor(_connection: Connection, files: SharedFiles, { groupId, root }: FileOfGroup): SharedFile {
  return files.find(groupId, root);
}

async function* pieceInfo(file: SharedFile, callSignal: AbortSignal): AsyncGenerator<PieceInfoItem> {
  const signal = AbortSignal.any([callSignal, file.signal]);
  // Listening starts before the snapshot, so that no piece falls between the two.
  using listener = file.feed.listen();
  const { have } = file.store;
  yield { kind: 'all', pieces: have.count, bitfield: have.toBytes() };
  while (!signal.aborted) {
    const indices = await listener.take(LIMITS.piecesPerMessage, signal);
    if (indices.length > 0) yield { kind: 'have', indices };
  }
  file.signal.throwIfAborted();
}

function pieceLayer(
  { store: { manifest } }: SharedFile,
  request: { readonly first: number; readonly count: number },
): { hashes: Uint8Array } {
  const { pieceCount } = createPieceLayout(manifest);
  const end = request.first + request.count;
  if (end > pieceCount || request.count * HASH_BYTES > LIMITS.layerBytes) {
    throw new RpcError('bad_request', `Cannot send hashes ${request.first} to ${end} of ${pieceCount}`);
  }
  return { hashes: manifest.pieceLayer.subarray(request.first * HASH_BYTES, end * HASH_BYTES) };
}

async function* sendPieces(
  files: SharedFiles,
  uplink: Uplink,
  request: FileOfGroup & { readonly want: readonly number[]; readonly maxPieces: number },
  context: HandlerContext,
): AsyncGenerator<PieceItem> {
  if (request.want.length === 0 || request.maxPieces === 0) {
    const { want, maxPieces } = request;
    throw new RpcError(
      'bad_request',
      `Cannot send ${maxPieces} of ${want.length} pieces, expected 1 or more`,
    );
  }
  const file = fileFor(context.connection, files, request);
  const signal = AbortSignal.any([context.signal, file.signal]);
  using upload = uplink.open({
    receiver: peerAtOtherEnd(context.connection.remote),
    root: toHex(request.root),
    want: request.want,
    maxPieces: request.maxPieces,
    have: file.store.have,
    onStalled: () =>
      context.connection.abort(new RpcError('stalled', 'Cannot go on sending: nothing was read')),
  });
  for (;;) {
    const index = await upload.nextPiece(signal);
    if (index === undefined) return;
    for await (const item of pieceItems(file, index, signal)) {
      yield item;
      if (item.kind !== 'block') continue;
      file.uploadedBytes += item.data.length;
      upload.blockSent(item.data.length);
    }
    upload.pieceSent();
  }
}

async function* pieceItems(file: SharedFile, index: number, signal: AbortSignal): AsyncGenerator<PieceItem> {
  try {
    yield { kind: 'piece', index, leafHashes: await file.store.readLeafHashes(index, { signal }) };
    const size = file.store.layout.pieceSize(index);
    for (let offset = 0; offset < size; offset += LIMITS.blockBytes) {
      const length = Math.min(LIMITS.blockBytes, size - offset);
      yield { kind: 'block', offset, data: await file.store.readBlock(index, offset, length, { signal }) };
    }
  } catch (error) {
    if (!isLost(error)) throw error;
    file.onLost();
    throw new RpcError('missing_piece', `Cannot send piece ${index}: it is lost here`);
  }
}

/** The store does not have the piece any more: the file changed under it, or the disk did. */
function isLost(error: unknown): boolean {
  return error instanceof StoreError && LOST.has(error.code);
}

const LOST: ReadonlySet<string> = new Set(['missing_piece', 'corrupt_piece', 'source_changed', 'not_found']);
