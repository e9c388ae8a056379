/**
 * What a real swarm of one seeder and eight leechers should come to, each behind an uplink of 100 Mbit/s, so that it can be
 * compared with one in network namespaces.
 *
 * What is modelled beside the scheduler: the headers of all layers on the shaped link, the acknowledgements that share it, the
 * start of the processes' connections, and sockets that take all they are given, so that an uploader has but its window to
 * know when its uplink is free. Not modelled: processor time, which has to be there.
 */
import { choosePieceLength } from '@minitorrent/chunk-store';
import type { SimulationOptions } from './simulation-model.ts';

const MIB = 1024 * 1024;

/** A packet of 1,514 bytes carries 1,448 of TCP; of each 16 KiB record of TLS 22 bytes are its own. */
const HEADERS = (1_514 / 1_448) * (1 + 22 / 16_384) - 1;
/** Each piece opens with 32 bytes for each 16 KiB of it. */
const LEAF_HASHES = 32 / 16_384;
/** One of 66 bytes for every two packets received, on the uplink of whoever receives as much as it sends. */
const ACKNOWLEDGEMENTS = 66 / (2 * 1_448);

/** 256 MiB in pieces as the product would cut them: what the bench sends (`bench/transfer/swarm.ts`). */
export function predictionOptions(sizeBytes: number = 256 * MIB): SimulationOptions {
  const pieceLength = choosePieceLength(sizeBytes);
  const uplink = 100_000_000 / 8 / 1_000;
  return {
    ...{ seed: 1, leechers: 8, pieces: Math.ceil(sizeBytes / pieceLength), pieceLength },
    ...{ seederUplink: uplink, leecherUplink: uplink, delayMs: 0.2, jitterMs: 0.3, sockets: 'windowed' },
    overhead: HEADERS + LEAF_HASHES + ACKNOWLEDGEMENTS,
  };
}
