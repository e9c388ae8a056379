/** Files as verified pieces: a table of contents. */

// Names, descriptors, manifests

export { fileDescriptorCodec, fileNameCodec, identifierCodec } from './file-descriptor-codec.ts';
export { checkFileName, checkIdentifier, type NameProblem, requireFileName } from './file-name.ts';
export { createManifest, type FileDescriptor, type Manifest, verifyPieceLayer } from './manifest.ts';
export { type BuildManifestOptions, type BuiltManifest, buildManifest } from './shell/manifest-builder.ts';

// Pieces

export { Bitfield } from './bitfield.ts';
export {
  createPieceAssembler,
  type PieceAssembler,
  type VerifiedPiece,
  verifyWholePiece,
} from './piece-assembler.ts';
export { choosePieceLength, createPieceLayout, type PieceLayout } from './piece-layout.ts';

// Hashes and proofs

export type { HashedBlock } from './hashed-block.ts';
export { createMerkleProof, type MerkleClaim, verifyMerkleProof } from './merkle-proof.ts';
export { hashLeaf, hashLeaves, merkleRoot, paddingNode, type TreeShape } from './merkle-tree.ts';
export { type BlockHasher, createBlockHasher } from './shell/block-hasher.ts';

// Stores

export type { FileIdentity } from './file-identity.ts';
export type { FlushPolicy } from './flush-policy.ts';
export { createMemoryStore, type MemoryStoreOptions } from './memory-store.ts';
export type { DownloadStore } from './shell/download-store.ts';
export type { FileHandle, FileInfo, FileSystem, OpenMode } from './shell/file-system.ts';
export { createNodeFileSystem } from './shell/node-file-system.ts';
export {
  type DownloadOptions,
  type OpenOptions,
  openDownload,
  type PreparedDownload,
  type PrepareOptions,
  prepareDownload,
} from './shell/open-download.ts';
export { openSource, type SourceOptions } from './shell/source-store.ts';
export type { ChunkStore, ReadBlockOptions, StoreCallOptions } from './store.ts';

// Errors and limits

export { StoreError, type StoreErrorCode, type StoreErrorContext } from './errors.ts';
export {
  HASH_BYTES,
  LEAF_BYTES,
  MAX_FILE_NAME_BYTES,
  MAX_IDENTIFIER_BYTES,
  MAX_PIECE_COUNT,
  MAX_PIECE_LENGTH,
  MIN_PIECE_LENGTH,
} from './limits.ts';
