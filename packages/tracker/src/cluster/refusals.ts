/** Why a tracker takes no part in its cluster until somebody starts it in another way. */
import { TrackerError } from '../errors.ts';

/** What it has was not made in this cluster. */
export const foreignData: TrackerError = new TrackerError(
  'foreign_data',
  'The data folder of this tracker has users or groups of its own, which following another tracker would replace; ' +
    'start it with an empty folder to join the cluster, or begin a new cluster with this one',
);

/** Both have the journal up to the copy, and one name: the register and the others would take them for one tracker. */
export function storeCopied(where: string): TrackerError {
  return new TrackerError(
    'store_copied',
    `Another tracker, ${where}, runs on a copy of the data folder of this one, so neither decides anything: ` +
      'stop one of them and give it an empty folder, then start both again',
  );
}
