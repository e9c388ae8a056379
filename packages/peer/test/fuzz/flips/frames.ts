/**
 * Bits of frames without TLS. Frames carry no checksum: what is promised is that no flip goes unseen, because a value has one
 * form on the wire. It is refused, or read as something else than was sent; and pieces are checked against their hashes.
 */
import { createManifest, createPieceAssembler, hashLeaves, StoreError } from '@minitorrent/chunk-store';
import type { Contract } from '@minitorrent/rpc-core';
import {
  type Codec,
  CodecError,
  createFrameDecoder,
  decode,
  encode,
  FrameError,
} from '@minitorrent/wire-codec';
import { Chance } from '../chance.ts';
import { makeCorpus, type Place } from '../corpus.ts';
import { frame, KIND, payload, readVarint } from '../frames.ts';
import { drawFlip, type FlipResult, flipped, judgeFlips, type Verdict } from './flip.ts';

interface Sent {
  readonly name: string;
  readonly codec: Codec<unknown>;
  readonly isRequest: boolean;
  readonly bytes: Uint8Array;
}

/** Flips in whole frames of every message. */
export function flipFrames(
  contracts: readonly Contract[],
  place: Place,
  run: { seed: number; flips: number },
): Promise<FlipResult> {
  const sent = framesOf(contracts, place, run.seed);
  return judgeFlips('frames, all messages', run.flips, (number) => {
    const chance = new Chance(run.seed, number);
    const one = chance.pick(sent);
    const { bit } = drawFlip(chance, [one.bytes.length]);
    return [
      verdictOn(one, flipped(one.bytes, bit)),
      `bit ${bit} of ${one.name} ${Buffer.from(one.bytes).toString('hex')}`,
    ];
  });
}

function framesOf(contracts: readonly Contract[], place: Place, seed: number): Sent[] {
  return contracts.flatMap((contract) =>
    makeCorpus([contract], place, seed).messages.flatMap(({ name, isStream, requests, answers }) => {
      const method = contract.methods[name];
      if (method === undefined) return [];
      const answer = method.kind === 'stream' ? method.item.codec : method.response.codec;
      const kind = isStream ? KIND.item : KIND.response;
      return [
        ...requests.map((body) => ({
          name,
          codec: method.request.codec,
          isRequest: true,
          bytes: frame(name, payload(KIND.request, 300, 7, body)),
        })),
        ...answers.map((body) => ({
          name,
          codec: answer,
          isRequest: false,
          bytes: frame(name, payload(kind, 300, undefined, body)),
        })),
      ];
    }),
  );
}

/** Whether a reader sees that something else came than was sent. */
function verdictOn(sent: Sent, bytes: Uint8Array): Verdict {
  const before = reading(sent, sent.bytes);
  const after = reading(sent, bytes);
  return after !== undefined && after === before ? 'missed' : 'detected';
}

/** What a reader understands, as text; undefined where it refuses. */
function reading({ codec, isRequest }: Sent, bytes: Uint8Array): string | undefined {
  try {
    const decoder = createFrameDecoder({ maxPayloadBytes: 2 ** 20 });
    decoder.push(bytes);
    const got = decoder.next();
    decoder.end();
    if (got === undefined) return undefined;
    const id = readVarint(got.payload, 1);
    const window = isRequest ? readVarint(got.payload, id?.end ?? 0) : id;
    if (id === undefined || window === undefined) return undefined;
    const value = decode(codec, got.payload.subarray(window.end));
    const again = Buffer.from(encode(codec, value)).toString('hex');
    return [got.type, got.payload[0], id.value, window.value, again].join(' ');
  } catch (error) {
    if (error instanceof CodecError || error instanceof FrameError) return undefined;
    throw error;
  }
}

/** Flips in the leaf hashes and the data of a piece on its way. */
export function flipPieces(run: { seed: number; flips: number }): Promise<FlipResult> {
  const data = new Chance(run.seed).bytes(65_536 + 20_000);
  const manifest = createManifest({ name: 'a', bytes: data, pieceLength: 65_536 });
  const piece = data.subarray(65_536);
  const hashes = hashLeaves(piece);
  return judgeFlips('pieces on their way', run.flips, (number) => {
    const { place, bit } = drawFlip(new Chance(run.seed, number), [hashes.length, piece.length]);
    const assembler = createPieceAssembler(manifest, 1);
    try {
      assembler.setLeafHashes(place === 0 ? flipped(hashes, bit) : hashes);
      assembler.addBlock(0, place === 1 ? flipped(piece, bit) : piece);
      assembler.finish();
      return ['missed', `bit ${bit} of ${place === 0 ? 'the leaf hashes' : 'the data'}`];
    } catch (error) {
      if (error instanceof StoreError) return ['detected', ''];
      throw error;
    }
  });
}
