/**
 * Every size and bound of the package in one place, with its reason. They are part of what peers agree on: changing one
 * changes which files can be shared with whom.
 */

/** Bytes of a SHA-256 hash. */
export const HASH_BYTES: number = 32;

/** Bytes of a leaf of the Merkle tree, the unit of blame. Fixed by BEP 52. */
export const LEAF_BYTES: number = 16_384;

/** Smallest piece: below this the announcements of pieces outweigh the data. */
export const MIN_PIECE_LENGTH: number = 65_536;

/** Largest piece: what a reader keeps in memory for each piece in flight. */
export const MAX_PIECE_LENGTH: number = 4_194_304;

/** Most pieces of a file: the bitfield is then 32 KiB, the piece layer 8 MiB and the file 1 TiB. */
export const MAX_PIECE_COUNT: number = 262_144;

/** Pieces wanted of a file that has the bytes, so that a swarm can spread them: see `choosePieceLength`. */
export const WANTED_PIECE_COUNT: number = 400;

/** What every file system in use accepts as one name. */
export const MAX_FILE_NAME_BYTES: number = 255;

/** User and group ids are shown in lists and typed by hand. */
export const MAX_IDENTIFIER_BYTES: number = 64;
