/**
 * Messages as they travel, for the figures that encode them: what a peer with two files announces, what it hears, the
 * file that it is told to make, which pieces it asks for, and what comes of it.
 *
 * `forProtobuf` are the same values in the form that protobufjs takes: unions as the field that is set, names as numbers.
 */
import { peerContract } from '../../packages/peer/src/contract.ts';
import { trackerCallbacks, trackerContract } from '../../packages/tracker/src/contract.ts';
import type { Codec } from '../../packages/wire-codec/src/index.ts';

/** One message, as ours and as theirs take it. */
export interface BenchMessage {
  readonly name: string;
  readonly value: unknown;
  readonly codec: Codec<unknown>;
  /** The name of its type in messages.proto. */
  readonly type: string;
  readonly forProtobuf: object;
}

const root = new Uint8Array(32).map((_, at) => at * 7);
const groupId = 'holiday-videos';
const holdings = { complete: 1, partial: 2 } as const;
type Held = keyof typeof holdings;

function peerNumber(number: number) {
  const holding: Held = number % 2 === 0 ? 'complete' : 'partial';
  const deviceId = new Uint8Array(32).fill(number);
  return { userId: `user-${number}`, deviceId, host: `192.0.2.${number}`, port: 7_000 + number, holding };
}

function announcedFile(holding: Held) {
  return { groupId, root, holding };
}

const files = [announcedFile('partial'), announcedFile('complete')];
const peers = Array.from({ length: 20 }, (_, number) => peerNumber(number));
const file = { name: 'Summer at the lake.mkv', size: 5_000_000_000, pieceLength: 1_048_576, root };
const signature = { publicKey: new Uint8Array(32).fill(9), signature: new Uint8Array(65).fill(5) };
const sharer = new Uint8Array(200).fill(3);
const makeFile = { groupId, file, sharedBy: 'alice', peers: peers.slice(0, 5), signature, sharer };
const want = Array.from({ length: 16 }, (_, at) => at * 300);
const sendPieces = { groupId, root, want, maxPieces: 16, begun: [{ index: 300, fromLeaf: 3 }] };
const indices = [3, 130, 260, 4_500];
const data = new Uint8Array(16_384).fill(7);

/** protobufjs takes enumerations as numbers. */
function numbered<T extends { readonly holding: Held }>(list: readonly T[]): object[] {
  return list.map((each) => ({ ...each, holding: holdings[each.holding] }));
}

function message<T>(
  name: string,
  codec: Codec<T>,
  value: T,
  { type, forProtobuf }: { readonly type: string; readonly forProtobuf: object },
): BenchMessage {
  // The value above is of the type that the codec takes, and nothing else is ever given to it.
  return { name, codec: codec as Codec<unknown>, value, type, forProtobuf };
}

const { methods: tracker } = trackerContract;
const { methods: peer } = peerContract;

export const MESSAGES: readonly BenchMessage[] = [
  message(
    'announce',
    tracker.announce.request.codec,
    { port: 6_881, files },
    { type: 'Announce', forProtobuf: { port: 6_881, files: numbered(files) } },
  ),
  message(
    'announce_answer',
    tracker.announce.response.codec,
    { intervalMs: 180_000, swarms: [{ groupId, root, peers }] },
    {
      type: 'AnnounceAnswer',
      forProtobuf: { intervalMs: 180_000, swarms: [{ groupId, root, peers: numbered(peers) }] },
    },
  ),
  message('make_file', trackerCallbacks.methods.make_file.request.codec, makeFile, {
    type: 'MakeFile',
    forProtobuf: { ...makeFile, peers: numbered(makeFile.peers) },
  }),
  message('send_pieces', peer.send_pieces.request.codec, sendPieces, {
    type: 'SendPieces',
    forProtobuf: sendPieces,
  }),
  message(
    'have',
    peer.send_piece_info.item.codec,
    { kind: 'have', indices },
    { type: 'PieceInfo', forProtobuf: { have: { indices } } },
  ),
  message(
    'block',
    peer.send_pieces.item.codec,
    { kind: 'block', offset: 65_536, data },
    { type: 'PieceItem', forProtobuf: { block: { offset: 65_536, data } } },
  ),
];

/** The message of this codec, typed as the codec is. */
export function messageOf<T>(codec: Codec<T>): { readonly value: T; readonly forProtobuf: object } {
  const found = MESSAGES.find((each) => each.codec === codec);
  if (found === undefined) throw new TypeError('There is no message of this codec');
  // `message` took the value and the codec together, so that the types are those of one another.
  return { value: found.value as T, forProtobuf: found.forProtobuf };
}
