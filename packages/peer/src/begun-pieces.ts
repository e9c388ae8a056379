/**
 * The pieces of a download of which some leaves are here: what came right from one peer stays when that peer goes, lies or
 * is too slow, and the next one is asked for the rest. Where two send the same piece, both add to it.
 *
 * Everything that affects it: the leaves that came, who works on which piece, what the store has, and the bound. Of `most`
 * pieces something is kept; of more, those that nobody sends and that no call asks for are forgotten, the least first. What
 * is named to other peers is never forgotten before their calls end, so no piece can be left with a gap in front.
 */
import {
  createPieceAssembler,
  type HashedBlock,
  type Manifest,
  type PieceAssembler,
  type VerifiedPiece,
} from '@minitorrent/chunk-store';
import type { PiecesOf } from './swarm-events.ts';

export interface BegunPiecesOptions {
  readonly manifest: Manifest;
  /** What is in the store: nothing is kept of it. */
  readonly have: PiecesOf;
  /** Nobody uses the memory of a block any more that `addBlock` was given. */
  release(bytes: Uint8Array): void;
  /** Pieces of which something is kept, those included that are being sent. */
  readonly most: number;
}

/** The leaves before `fromLeaf` are here. */
export interface BegunPiece {
  readonly index: number;
  readonly fromLeaf: number;
}

/** What a call names of the pieces that are begun; they are kept until it is released, once. */
export interface NamedPieces {
  readonly pieces: readonly BegunPiece[];
  release(): void;
}

/** A piece that one peer is sending. */
export interface OpenPiece {
  readonly index: number;
  /**
   * Checks whole leaves that start `offset` bytes into the piece, and keeps those that are new; the block's memory is not the
   * caller's any more. Answers the piece where these were the last that it lacked. Fails as `PieceAssembler.addBlock`.
   */
  addBlock(offset: number, block: Uint8Array | HashedBlock): VerifiedPiece | undefined;
  /** The piece that `addBlock` answered is stored, or cannot be: its bytes are not used any more. */
  settled(): void;
  /** The peer sends nothing more of it. Called once. */
  close(): void;
}

interface Entry {
  readonly index: number;
  readonly assembler: PieceAssembler;
  /** What the assembler keeps. */
  readonly blocks: Uint8Array[];
  /** Peers that send it. */
  senders: number;
  /** Calls that name it. */
  calls: number;
}

export class BegunPieces {
  readonly #options: BegunPiecesOptions;
  readonly #entries = new Map<number, Entry>();

  constructor(options: BegunPiecesOptions) {
    this.#options = options;
  }

  /** Pieces of which something is kept. */
  get size(): number {
    return this.#entries.size;
  }

  /** Those of the pieces that are begun, with what is missing of each. */
  name(indices: readonly number[]): NamedPieces {
    const named: Entry[] = [];
    let room = this.#options.most - this.#namedCount;
    for (const index of indices) {
      const entry = this.#entries.get(index);
      if (entry === undefined || entry.assembler.progress.verifiedLeaves === 0) continue;
      const isNew = entry.calls === 0;
      // More than may be kept are not promised to be.
      if (isNew && room <= 0) continue;
      if (isNew) room -= 1;
      entry.calls += 1;
      named.push(entry);
    }
    return {
      pieces: named.map(({ index, assembler }) => ({ index, fromLeaf: fromLeafOf(assembler) })),
      release: () => {
        for (const entry of named) entry.calls -= 1;
        this.#trim();
      },
    };
  }

  /** A peer begins to send the piece, with these leaf hashes. Fails as `PieceAssembler.setLeafHashes`. */
  open(index: number, leafHashes: Uint8Array): OpenPiece {
    const entry = this.#entries.get(index) ?? this.#newEntry(index);
    entry.assembler.setLeafHashes(leafHashes);
    this.#entries.set(index, entry);
    entry.senders += 1;
    this.#trim();
    return {
      index,
      addBlock: (offset, block) => this.#addBlock(entry, offset, block),
      settled: () => this.#forget(entry),
      close: () => {
        entry.senders -= 1;
        this.#trim();
      },
    };
  }

  get #namedCount(): number {
    let named = 0;
    for (const { calls } of this.#entries.values()) if (calls > 0) named += 1;
    return named;
  }

  #newEntry(index: number): Entry {
    const assembler = createPieceAssembler(this.#options.manifest, index);
    return { index, assembler, blocks: [], senders: 0, calls: 0 };
  }

  #addBlock(
    { assembler, blocks }: Entry,
    offset: number,
    block: Uint8Array | HashedBlock,
  ): VerifiedPiece | undefined {
    const bytes = block instanceof Uint8Array ? block : block.bytes;
    const wasComplete = assembler.progress.isComplete;
    let isKept = false;
    try {
      const added = assembler.addBlock(offset, block);
      isKept = added.isKept;
      return added.isComplete && !wasComplete ? assembler.finish() : undefined;
    } finally {
      if (isKept) blocks.push(bytes);
      else this.#options.release(bytes);
    }
  }

  /** Forgets what is good for nothing, and what is too much. */
  #trim(): void {
    const idle = [...this.#entries.values()].filter(({ senders, calls }) => senders + calls === 0);
    idle.sort((a, b) => a.assembler.progress.verifiedLeaves - b.assembler.progress.verifiedLeaves);
    for (const entry of idle) {
      const isVain = entry.assembler.progress.verifiedLeaves === 0 || this.#options.have.has(entry.index);
      if (isVain || this.#entries.size > this.#options.most) this.#forget(entry);
    }
  }

  /** A complete piece keeps nothing more, so that its blocks may be used for another while somebody still sends it. */
  #forget(entry: Entry): void {
    if (this.#entries.get(entry.index) === entry) this.#entries.delete(entry.index);
    for (const bytes of entry.blocks.splice(0)) this.#options.release(bytes);
  }
}

/** Where every leaf is here and the piece is still being stored, the last one is asked for: one too many, and no lie. */
function fromLeafOf({ firstMissingLeaf, progress }: PieceAssembler): number {
  return firstMissingLeaf ?? progress.leafCount - 1;
}
