/**
 * What is known of a file before a byte of it is here: the descriptor, which a tracker vouches for, and the piece layer,
 * which any peer may send because it is checked against the root.
 *
 * A `Manifest` exists only checked: `verifyPieceLayer` and `createManifest` are the only ways to one.
 */
import { timingSafeEqual } from 'node:crypto';
import { StoreError } from './errors.ts';
import { requireFileName } from './file-name.ts';
import { HASH_BYTES } from './limits.ts';
import { hashLeaves, merkleRoot, paddingNode } from './merkle-tree.ts';
import { choosePieceLength, createPieceLayout, nextPowerOfTwo, type PieceLayout } from './piece-layout.ts';

/** One shared file, as trackers list it. */
export interface FileDescriptor {
  /** One path component that passes `checkFileName`. */
  readonly name: string;
  /** Bytes of the file. */
  readonly size: number;
  /** Bytes of a piece: a power of two from 64 KiB to 4 MiB. */
  readonly pieceLength: number;
  /** The pieces root of BEP 52, 32 bytes; 32 zero bytes for an empty file, which has none there. */
  readonly root: Uint8Array;
}

declare const verified: unique symbol;

/** A descriptor with the piece layer that belongs to its root. */
export interface Manifest extends FileDescriptor {
  /** The hash of each piece, 32 bytes each. In a file of one piece it is the root itself. Read only. */
  readonly pieceLayer: Uint8Array;
  readonly [verified]: true;
}

/** Joins descriptor and piece layer. Fails with `bad_length` or `hash_mismatch` unless the layer hashes to the root. */
export function verifyPieceLayer(descriptor: FileDescriptor, pieceLayer: Uint8Array): Manifest {
  const layout = checkDescriptor(descriptor);
  const wantedBytes = layout.pieceCount * HASH_BYTES;
  if (pieceLayer.length !== wantedBytes) {
    throw new StoreError(
      'bad_length',
      `Cannot use a piece layer of ${pieceLayer.length} bytes, expected ${wantedBytes}`,
    );
  }
  if (!timingSafeEqual(layerRoot(layout, pieceLayer), descriptor.root)) {
    throw new StoreError(
      'hash_mismatch',
      `Cannot use a piece layer that does not hash to the root of ${layout.pieceCount} pieces`,
    );
  }
  const { name, size, pieceLength, root } = descriptor;
  const manifest = { name, size, pieceLength, root: root.slice(), pieceLayer: pieceLayer.slice() };
  // The brand exists only in types; the layer was checked above.
  return Object.freeze(manifest) as unknown as Manifest;
}

/** Hashes bytes that are in memory. Files on disk have `buildManifest`. */
export function createManifest(file: {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly pieceLength?: number;
}): Manifest {
  const { name, bytes } = file;
  const pieceLength = file.pieceLength ?? choosePieceLength(bytes.length);
  const layout = createPieceLayout({ size: bytes.length, pieceLength });
  const pieceLayer = new Uint8Array(layout.pieceCount * HASH_BYTES);
  for (let index = 0; index < layout.pieceCount; index += 1) {
    const start = layout.pieceOffset(index);
    const leafHashes = hashLeaves(bytes.subarray(start, start + layout.pieceSize(index)));
    pieceLayer.set(merkleRoot(leafHashes, { width: layout.pieceTreeWidth }), index * HASH_BYTES);
  }
  return verifyPieceLayer(
    { name, size: bytes.length, pieceLength, root: layerRoot(layout, pieceLayer) },
    pieceLayer,
  );
}

/** The piece's entry in the piece layer: a view of 32 bytes. */
export function pieceHash(manifest: Manifest, index: number): Uint8Array {
  return manifest.pieceLayer.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES);
}

/** The root above a piece layer: 32 zero bytes for an empty file, the one entry for a file of one piece. */
export function layerRoot(layout: PieceLayout, pieceLayer: Uint8Array): Uint8Array {
  if (layout.pieceCount === 0) return new Uint8Array(HASH_BYTES);
  const padding = paddingNode(Math.log2(layout.pieceTreeWidth));
  return merkleRoot(pieceLayer, { width: nextPowerOfTwo(layout.pieceCount), padding });
}

/** The layout of a descriptor from outside. Fails with `bad_name`, `bad_layout` or `bad_length`. */
export function checkDescriptor(descriptor: FileDescriptor): PieceLayout {
  requireFileName(descriptor.name);
  if (descriptor.root.length !== HASH_BYTES) {
    throw new StoreError(
      'bad_length',
      `Cannot use a root of ${descriptor.root.length} bytes, expected ${HASH_BYTES}`,
    );
  }
  const layout = createPieceLayout(descriptor);
  if (isEmptyRoot(descriptor.root) !== (layout.pieceCount === 0)) {
    throw new StoreError(
      'bad_layout',
      `Cannot use this root for a file of ${descriptor.size} bytes: an empty file, and no other, has 32 zero bytes`,
    );
  }
  return layout;
}

function isEmptyRoot(root: Uint8Array): boolean {
  return root.every((byte) => byte === 0);
}
