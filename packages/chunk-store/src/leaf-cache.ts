/**
 * The leaf hashes of the pieces that were asked for or written last. What many peers want soon after each other is read from
 * disk, and checked against the piece layer, once.
 *
 * It holds only what was checked, which stays true whatever becomes of the file.
 */

/** Those of 128 MiB of a file. */
const MOST_BYTES = 262_144;

export class LeafCache {
  readonly #mostBytes: number;
  /** In the order of their last use. */
  readonly #byPiece = new Map<number, Uint8Array>();
  #bytes = 0;

  constructor(mostBytes: number = MOST_BYTES) {
    this.#mostBytes = mostBytes;
  }

  /** Not to be changed by whoever gets it. */
  get(index: number): Uint8Array | undefined {
    const leafHashes = this.#byPiece.get(index);
    if (leafHashes === undefined) return undefined;
    this.#byPiece.delete(index);
    this.#byPiece.set(index, leafHashes);
    return leafHashes;
  }

  /** Keeps `leafHashes` themselves, and forgets the oldest where there are too many. */
  set(index: number, leafHashes: Uint8Array): void {
    this.#forget(index);
    this.#byPiece.set(index, leafHashes);
    this.#bytes += leafHashes.length;
    for (const oldest of this.#byPiece.keys()) {
      if (this.#bytes <= this.#mostBytes) return;
      this.#forget(oldest);
    }
  }

  #forget(index: number): void {
    this.#bytes -= this.#byPiece.get(index)?.length ?? 0;
    this.#byPiece.delete(index);
  }
}
