/** Which device a service is, so that others can be told before it runs for the first time. */
import { formatDeviceId } from '@minitorrent/rpc-core/identity';
import { makePrivateFolder } from '../folders.ts';

/** The id of the service whose data is in `folder`, for people; its key is made where there is none. */
export async function makeDeviceId(folder: string): Promise<string> {
  const { loadOrCreateIdentity } = await import('@minitorrent/rpc-core/tls');
  await makePrivateFolder(folder);
  return formatDeviceId((await loadOrCreateIdentity({ folder })).deviceId);
}
