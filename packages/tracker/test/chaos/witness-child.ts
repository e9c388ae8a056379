/** A witness to be killed. */

import { fromHex } from '../../src/hex.ts';
import { createWitness } from '../../src/witness.ts';
import { identityFrom } from './keys.ts';
import { takeOrders, tellRunner, type WitnessOrders } from './orders.ts';

const { listenAt, dataDir, seed, admit } = takeOrders<WitnessOrders>();
const witness = await createWitness({
  ...{ address: listenAt, dataDir, identity: identityFrom(seed) },
  admit: admit.map(fromHex),
});
tellRunner({ kind: 'started', address: witness.address, storeId: '' });
