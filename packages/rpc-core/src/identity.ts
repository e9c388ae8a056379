/**
 * The sub-path `@minitorrent/rpc-core/identity`: device ids, keys and what is signed with them, without a network.
 */
export { DEVICE_ID_BYTES, deviceIdOf, formatDeviceId, isSameDevice, parseDeviceId } from './device-id.ts';
export { PUBLIC_KEY_BYTES } from './public-key.ts';
export { createIdentity, type Identity, verifySignature } from './shell/identity.ts';
export { signStatement, verifyStatement } from './shell/signed-statement.ts';
