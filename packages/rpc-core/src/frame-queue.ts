/**
 * Parts of frames on their way to one vectored write.
 *
 * Consecutive small frames are views of one slab, side by side; such neighbours are joined into one view again, so that
 * sixty-four small answers go to the network as one part and without a copy.
 */

export interface FrameQueue {
  readonly byteLength: number;
  /** Bytes ever added. */
  readonly madeBytes: number;
  add(parts: readonly Uint8Array[]): void;
  /** Everything added since the last time, in order. */
  take(): Uint8Array[];
}

export function createFrameQueue(): FrameQueue {
  return new PartQueue();
}

/** A class, as all that each connection has one of: objects with accessors of their own do not share a shape. */
class PartQueue implements FrameQueue {
  #parts: Uint8Array[] = [];
  #byteLength = 0;
  #madeBytes = 0;

  get byteLength(): number {
    return this.#byteLength;
  }

  get madeBytes(): number {
    return this.#madeBytes;
  }

  add(parts: readonly Uint8Array[]): void {
    for (const part of parts) {
      this.#byteLength += part.length;
      this.#madeBytes += part.length;
      this.#parts.push(part);
    }
  }

  take(): Uint8Array[] {
    const taken = joinNeighbours(this.#parts);
    this.#parts = [];
    this.#byteLength = 0;
    return taken;
  }
}

function joinNeighbours(parts: Uint8Array[]): Uint8Array[] {
  const first = parts[0];
  if (first === undefined || parts.length === 1) return parts;
  const joined: Uint8Array[] = [];
  let run = { buffer: first.buffer, start: first.byteOffset, end: first.byteOffset };
  for (const part of parts) {
    if (part.buffer === run.buffer && part.byteOffset === run.end) {
      run.end += part.length;
      continue;
    }
    joined.push(new Uint8Array(run.buffer, run.start, run.end - run.start));
    run = { buffer: part.buffer, start: part.byteOffset, end: part.byteOffset + part.length };
  }
  joined.push(new Uint8Array(run.buffer, run.start, run.end - run.start));
  return joined;
}
