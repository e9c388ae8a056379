/**
 * Buffers of one size, used again and again: a fresh one for each piece costs more than hashing the piece.
 *
 * A buffer belongs to whoever took it until it is given back. What is not given back is lost to the pool, no more.
 */
export class BufferPool {
  readonly #bufferBytes: number;
  readonly #mostFree: number;
  readonly #allocate: (byteLength: number) => Uint8Array;
  readonly #free: Uint8Array[] = [];

  /**
   * Buffers of `bufferBytes`, of which at most `mostFree` are kept while nobody uses them; new ones are what `allocate`
   * gives.
   */
  constructor(
    bufferBytes: number,
    mostFree: number,
    allocate: (byteLength: number) => Uint8Array = (byteLength) => new Uint8Array(byteLength),
  ) {
    this.#bufferBytes = bufferBytes;
    this.#mostFree = mostFree;
    this.#allocate = allocate;
  }

  /** A buffer with whatever the last user left in it. */
  take(): Uint8Array {
    return this.#free.pop() ?? this.#allocate(this.#bufferBytes);
  }

  /** Gives back a buffer that was taken here and that nobody uses any more. */
  give(buffer: Uint8Array): void {
    if (buffer.length !== this.#bufferBytes)
      throw new RangeError(`Not a buffer of this pool: ${buffer.length} bytes`);
    if (this.#free.length < this.#mostFree) this.#free.push(buffer);
  }
}
