/** Files as verified pieces. */

// Pieces
export { Bitfield } from './bitfield.ts';
// Errors and limits
export { StoreError, type StoreErrorCode, type StoreErrorContext } from './errors.ts';
// What a file is
export { checkFileName, checkIdentifier, type NameProblem, requireFileName } from './file-name.ts';
export {
  HASH_BYTES,
  LEAF_BYTES,
  MAX_FILE_NAME_BYTES,
  MAX_IDENTIFIER_BYTES,
  MAX_PIECE_COUNT,
  MAX_PIECE_LENGTH,
  MIN_PIECE_LENGTH,
} from './limits.ts';
export {
  checkDescriptor,
  createManifest,
  type FileDescriptor,
  type Manifest,
  verifyPieceLayer,
} from './manifest.ts';
// Stores
export { createMemoryStore, type MemoryStoreOptions } from './memory-store.ts';
// Hashes and proofs
export { createMerkleProof, type MerkleClaim, verifyMerkleProof } from './merkle-proof.ts';
export { hashLeaf, hashLeaves, merkleRoot, paddingNode, type TreeShape } from './merkle-tree.ts';
export {
  type AssemblerOptions,
  type AssemblyProgress,
  createPieceAssembler,
  type PieceAssembler,
  VerifiedPiece,
  verifyWholePiece,
} from './piece-assembler.ts';
export { choosePieceLength, createPieceLayout, type PieceLayout } from './piece-layout.ts';
export type { ChunkStore, StoreCallOptions } from './store.ts';
