/**
 * Which device each tracker is, as far as this data folder knows: from the invitation link that was stored, and from
 * trackers that were asked without one. The newest word on an address counts.
 *
 * A file that was damaged is refused and never taken for one that knows nothing: a tracker that is another device all of
 * a sudden would then be taken for one that is met for the first time.
 */
import { join } from 'node:path';
import type { Address } from '@minitorrent/rpc-core';
import { CliError } from '../cli-error.ts';
import { readFileIfThere, writePrivateFile } from '../private-file.ts';
import { formatPlace, isSameAddress, isSamePin, type PinnedPlace, parsePlace, requirePin } from './place.ts';

const FILE_NAME = 'trackers.json';

/** What is known. */
export interface KnownTrackers {
  /** Where the link leads that was stored last, in its order; empty before the first. */
  readonly invited: readonly PinnedPlace[];
  /** Which device has to answer at an address; undefined where that is not known. */
  pinOf(address: Address): Uint8Array | undefined;
  /** Keeps who answers at a place, whatever was known of it. */
  learn(place: PinnedPlace): Promise<void>;
  /** Keeps where a link leads, in place of the one before; answers the places that were another device until then. */
  invite(places: readonly PinnedPlace[]): Promise<PinnedPlace[]>;
}

/** As the file has it: places with pins. */
interface Content {
  readonly invited: readonly PinnedPlace[];
  readonly learned: readonly PinnedPlace[];
}

/** Reads what `folder` knows; nothing where there is no file. Fails with `known_trackers_corrupt`. */
export async function openKnownTrackers(folder: string): Promise<KnownTrackers> {
  const path = join(folder, FILE_NAME);
  let content = await read(path);
  const find = (address: Address): PinnedPlace | undefined =>
    [...content.learned, ...content.invited].find((place) => isSameAddress(place, address));
  const keep = async (next: Content): Promise<void> => {
    await writePrivateFile(path, write(next));
    content = next;
  };
  return {
    get invited() {
      return content.invited.map((place) => find(place) ?? place);
    },
    pinOf: (address) => find(address)?.pin,
    async learn(place) {
      const known = find(place);
      if (known !== undefined && isSamePin(known, place)) return;
      await keep({ ...content, learned: [...without(content.learned, [place]), place] });
    },
    async invite(places) {
      const changed = places.filter((place) => {
        const known = find(place);
        return known !== undefined && !isSamePin(known, place);
      });
      await keep({ invited: places, learned: without(content.learned, places) });
      return changed;
    },
  };
}

function without(places: readonly PinnedPlace[], others: readonly PinnedPlace[]): PinnedPlace[] {
  return places.filter((place) => !others.some((other) => isSameAddress(place, other)));
}

function write(content: Content): string {
  const { invited, learned } = content;
  return `${JSON.stringify({ invited: invited.map(formatPlace), learned: learned.map(formatPlace) }, null, 2)}\n`;
}

async function read(path: string): Promise<Content> {
  const text = await readFileIfThere(path);
  if (text === undefined) return { invited: [], learned: [] };
  try {
    const { invited, learned }: { invited: unknown; learned: unknown } = JSON.parse(text);
    return { invited: readPlaces(invited), learned: readPlaces(learned) };
  } catch (cause) {
    const message = `Cannot read in ${path} which devices the trackers are: it is not what was written there`;
    throw new CliError('known_trackers_corrupt', message, { cause });
  }
}

function readPlaces(list: unknown): PinnedPlace[] {
  if (!Array.isArray(list)) throw new TypeError('Expected a list');
  return list.map((text) => requirePin(parsePlace(String(text), { defaultPort: 0 }), 'tracker'));
}
