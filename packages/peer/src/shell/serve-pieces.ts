/**
 * What this peer answers to other peers: which pieces it has, the piece layer, and pieces.
 *
 * Who is served next, and with which piece, is the uplink's decision; here the bytes go from the store to the call.
 */
import {
  createPieceLayout,
  HASH_BYTES,
  LEAF_BYTES,
  type PieceLayout,
  StoreError,
} from '@minitorrent/chunk-store';
import { type Connection, type HandlerContext, RpcError, type Served, serve } from '@minitorrent/rpc-core';
import { toHex } from '@minitorrent/tracker/contract';
import type { Infer } from '@minitorrent/wire-codec';
import type { Admission } from '../admission.ts';
import { BufferPool } from '../buffer-pool.ts';
import { type PieceInfoItem, type PieceItem, peerContract, type sendPiecesRequest } from '../contract.ts';
import { PEER_MESSAGE_LIMITS as LIMITS } from '../message-limits.ts';
import { peerAtOtherEnd } from '../peer-place.ts';
import { SendBuffers } from '../send-buffers.ts';
import { readAhead } from './read-ahead.ts';
import type { SharedFile, SharedFiles } from './shared-files.ts';
import type { Uplink } from './uplink.ts';

interface FileOfGroup {
  readonly groupId: string;
  readonly root: Uint8Array;
}

export interface ServePiecesOptions {
  readonly files: SharedFiles;
  readonly uplink: Uplink;
  readonly admission: Admission;
}

/** Bytes of a file that are read at once. */
const READ_BYTES = LIMITS.blockBytes;
/** What three receivers have under way. */
const MOST_FREE_BUFFERS = 12;

/** The handlers of `peerContract` over these files and this uplink, for connections that are admitted. */
export function servePieces(options: ServePiecesOptions): Served {
  const buffersOf = createBuffersOf();
  return serve(peerContract, {
    present_membership: (claim, { connection, signal }) =>
      options.admission.present(connection, claim, signal),
    send_piece_info: (request, context) => pieceInfo(openFor(options, request, context)),
    send_piece_layer: async (request, context) =>
      pieceLayer(openFor(options, request, context).file, request),
    send_pieces: (request, context) => sendPieces(options, buffersOf, request, context),
  });
}

/** The buffers of each connection, from one pool. */
function createBuffersOf(): (connection: Connection) => SendBuffers {
  const pool = new BufferPool(READ_BYTES, MOST_FREE_BUFFERS);
  const byConnection = new WeakMap<Connection, SendBuffers>();
  return (connection) => {
    const buffers = byConnection.get(connection) ?? new SendBuffers(pool, () => connection.output);
    byConnection.set(connection, buffers);
    return buffers;
  };
}

/** A file for whoever calls. */
interface OpenFile {
  readonly file: SharedFile;
  /** Aborts when the call is over, and with a coded error when it must not go on. */
  readonly signal: AbortSignal;
  /** Throws that error. */
  requireGoingOn(): void;
}

/**
 * The file that a call names, if its caller may have it: all that is served passes here. Fails with `unknown_file`, and as
 * admission does.
 */
function openFor(
  { files, admission }: ServePiecesOptions,
  { groupId, root }: FileOfGroup,
  { connection, signal }: HandlerContext,
): OpenFile {
  const admitted = admission.require(connection, groupId);
  const file = files.find(groupId, root);
  const ends = [admitted, file.signal];
  return {
    file,
    signal: AbortSignal.any([signal, ...ends]),
    requireGoingOn: () => {
      for (const end of ends) end.throwIfAborted();
    },
  };
}

async function* pieceInfo({ file, signal, requireGoingOn }: OpenFile): AsyncGenerator<PieceInfoItem> {
  // Listening starts before the snapshot, so that no piece falls between the two.
  using listener = file.feed.listen();
  const { have } = file.store;
  yield { kind: 'all', pieces: have.count, bitfield: have.toBytes() };
  while (!signal.aborted) {
    const indices = await listener.take(LIMITS.piecesPerMessage, signal);
    if (indices.length > 0) yield { kind: 'have', indices };
  }
  requireGoingOn();
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

type PiecesRequest = Infer<typeof sendPiecesRequest>;

async function* sendPieces(
  options: ServePiecesOptions,
  buffersOf: (connection: Connection) => SendBuffers,
  request: PiecesRequest,
  context: HandlerContext,
): AsyncGenerator<PieceItem> {
  if (request.want.length === 0 || request.maxPieces === 0) {
    const { want, maxPieces } = request;
    throw new RpcError(
      'bad_request',
      `Cannot send ${maxPieces} of ${want.length} pieces, expected 1 or more`,
    );
  }
  const { file, signal } = openFor(options, request, context);
  const firstLeaves = firstLeavesOf(request, file.store.layout);
  using upload = options.uplink.open({
    line: context.connection,
    receiver: peerAtOtherEnd(context.connection.remote),
    root: toHex(request.root),
    want: request.want,
    maxPieces: request.maxPieces,
    have: file.store.have,
    // Read anew for each piece: a download may end while it serves.
    copiesOf: (index) => file.copiesOf?.(index) ?? 0,
    onStalled: () =>
      context.connection.abort(new RpcError('stalled', 'Cannot go on sending: nothing was read')),
  });
  const buffers = buffersOf(context.connection);
  for (;;) {
    const index = await upload.nextPiece(signal);
    if (index === undefined) return;
    const piece = { index, fromLeaf: firstLeaves.get(index) ?? 0, blockBytes: () => upload.blockBytes() };
    for await (const item of pieceItems(file, piece, buffers, signal)) {
      if (item.kind === 'block') await upload.mayGo(item.data.length, signal);
      signal.throwIfAborted();
      yield item;
      if (item.kind !== 'block') continue;
      file.uploadedBytes += item.data.length;
      upload.blockSent(item.data.length);
    }
    upload.pieceSent();
  }
}

/** From which leaf on each piece is wanted, where that is not the first. */
function firstLeavesOf({ begun }: PiecesRequest, layout: PieceLayout): ReadonlyMap<number, number> {
  for (const { index, fromLeaf } of begun) {
    if (index >= layout.pieceCount || fromLeaf < layout.leavesIn(index)) continue;
    throw new RpcError(
      'bad_request',
      `Cannot send piece ${index} from leaf ${fromLeaf} on: it has ${layout.leavesIn(index)} leaves`,
    );
  }
  return new Map(begun.map(({ index, fromLeaf }) => [index, fromLeaf]));
}

async function* pieceItems(
  file: SharedFile,
  {
    index,
    fromLeaf,
    blockBytes,
  }: { readonly index: number; readonly fromLeaf: number; readonly blockBytes: () => number },
  buffers: SendBuffers,
  signal: AbortSignal,
): AsyncGenerator<PieceItem> {
  try {
    yield { kind: 'piece', index, leafHashes: await file.store.readLeafHashes(index, { signal }) };
    const part = { file, index, from: fromLeaf * LEAF_BYTES, buffers, readBytes: READ_BYTES, signal };
    for await (const { offset, bytes } of readAhead(part)) {
      for (let at = 0; at < bytes.length; ) {
        // A limit may have changed within the piece.
        const data = bytes.subarray(at, at + blockBytes());
        yield { kind: 'block', offset: offset + at, data };
        at += data.length;
      }
    }
  } catch (error) {
    if (!isLost(error)) throw error;
    file.onLost?.();
    throw new RpcError('missing_piece', `Cannot send piece ${index}: it is lost here`);
  }
}

/** The store does not have the piece any more: the file changed under it, or the disk did. */
function isLost(error: unknown): boolean {
  return error instanceof StoreError && LOST.has(error.code);
}

const LOST: ReadonlySet<string> = new Set(['missing_piece', 'corrupt_piece', 'source_changed', 'not_found']);
