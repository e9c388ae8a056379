/**
 * Bits of what a download keeps on disk between two sessions: the data, the leaf hashes beside it, the resume record.
 *
 * A flip is missed when a piece that is not what was shared passes for one that is: to whoever asks for it, by its leaf hashes
 * and its data, or here, when what is on disk is hashed again. After a flip in the record or the hashes nothing may be lost.
 */
import {
  createManifest,
  createPieceAssembler,
  createPieceLayout,
  type DownloadStore,
  openDownload,
  StoreError,
  verifyWholePiece,
} from '@minitorrent/chunk-store';
import { Chance } from '../chance.ts';
import { drawFlip, type FlipResult, judgeFlips, type Verdict } from './flip.ts';
import { MemoryDisk } from './memory-disk.ts';

const PIECE = 65_536;
const SIZE = 2 * PIECE + 20_000;
/** The last one is still missing, so that the file is a partial one. */
const KEPT = [0, 1];

export async function flipStore(run: { seed: number; flips: number }): Promise<FlipResult> {
  const bytes = new Chance(run.seed).bytes(SIZE);
  const manifest = createManifest({ name: 'a.bin', bytes, pieceLength: PIECE });
  const open = (fs: MemoryDisk, rehash: 'when_needed' | 'always'): Promise<DownloadStore> =>
    openDownload({ manifest, folder: '/files', dataFolder: '/data', fs, rehash, workers: 0, now: () => 0 });
  const disk = new MemoryDisk();
  const store = await open(disk, 'when_needed');
  for (const index of KEPT) {
    const piece = bytes.slice(index * PIECE, (index + 1) * PIECE);
    await store.writePiece(verifyWholePiece(manifest, index, piece));
  }
  await store.close();
  const paths = [...disk.contents.keys()].filter((path) => /\.(part|resume|leaves)$/.test(path));
  const layout = createPieceLayout(manifest);

  async function judge(number: number): Promise<readonly [Verdict, string]> {
    const rotten = disk.copy();
    const { contents } = rotten;
    const lengths = paths.map((path) => contents.get(path)?.length ?? 0);
    const { place, bit } = drawFlip(new Chance(run.seed, number), lengths);
    const path = paths[place] ?? '';
    const file = contents.get(path);
    if (file !== undefined) file[bit >> 3] = (file[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    const [first, second] = [rotten.copy(), rotten.copy()];
    const asked = await piecesGiven(await open(first, 'when_needed'));
    const hashed = await open(second, 'always');
    const rehashed = hashed.have.count;
    await hashed.close();
    const isData = path.endsWith('.part');
    const inKept = isData && bit >> 3 < KEPT.length * PIECE;
    const wanted = inKept ? KEPT.length - 1 : KEPT.length;
    const verdict =
      asked === wanted && rehashed === wanted ? (isData && !inKept ? 'harmless' : 'detected') : 'missed';
    return [
      verdict,
      `bit ${bit} of ${path}: ${asked} pieces passed, ${rehashed} were found, expected ${wanted}`,
    ];
  }

  /** Pieces that whoever asks for them would take. */
  async function piecesGiven(from: DownloadStore): Promise<number> {
    let given = 0;
    for (const index of [...from.have.indices()]) {
      const assembler = createPieceAssembler(manifest, index);
      try {
        assembler.setLeafHashes(await from.readLeafHashes(index));
        assembler.addBlock(0, await from.readBlock(index, 0, layout.pieceSize(index)));
        assembler.finish();
        given += 1;
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
      }
    }
    await from.close();
    return given;
  }

  return await judgeFlips('chunk store: data, leaf hashes, resume record', run.flips, judge);
}
