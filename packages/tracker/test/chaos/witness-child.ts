/** A witness to be killed. */
import { createTcpNetwork } from '@minitorrent/rpc-core/tcp';
import { createWitness } from '../../src/witness.ts';
import { takeOrders, tellRunner, type WitnessOrders } from './orders.ts';

const { listenAt, dataDir } = takeOrders<WitnessOrders>();
const witness = await createWitness({ network: createTcpNetwork(), address: listenAt, dataDir });
tellRunner({ kind: 'started', address: witness.address, storeId: '' });
