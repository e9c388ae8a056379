/**
 * Opens the store of a download while its piece layer is looked for: neither has to wait for the other, and where one fails
 * both end.
 */
import type { DownloadStore, PreparedDownload } from '@minitorrent/chunk-store';
import { findManifest, type ManifestQuest } from './find-manifest.ts';

export interface OpenStoreOptions {
  readonly quest: ManifestQuest;
  /** Opens what can be opened before the piece layer is here. */
  prepare(): Promise<PreparedDownload>;
  /** Closes it, where no store is opened. */
  letGo(prepared: PreparedDownload): Promise<void>;
}

/** Fails as `prepare` and opening do, and with the reason of the quest's signal; nothing is open then. */
export async function openStore({ quest, prepare, letGo }: OpenStoreOptions): Promise<DownloadStore> {
  const { signal } = quest;
  const failed = new AbortController();
  const preparing = prepare();
  preparing.catch((error: unknown) => failed.abort(error));
  try {
    const manifest = await findManifest({ ...quest, signal: AbortSignal.any([signal, failed.signal]) });
    const prepared = await preparing;
    return await prepared.open(manifest, { signal });
  } catch (error) {
    const prepared = await preparing.catch(() => undefined);
    if (prepared !== undefined) await letGo(prepared);
    throw error;
  }
}
